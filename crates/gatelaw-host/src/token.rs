//! A token as it was received: read strictly, then judged with the caller's clock. Nothing here fetches or verifies.

mod code;
mod explain;
mod judge;
mod reader;

pub use code::TokenCode;
pub use explain::{AttributeExplained, CallerExplained, CheckExplained, CheckOutcome, TokenExplained};
pub(crate) use judge::{Circumstances, Judged, issuer_of, judge, takes_from};
pub(crate) use reader::is_key_id;
pub use reader::{Header, Jws};
