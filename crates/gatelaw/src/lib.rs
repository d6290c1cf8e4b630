//! One law for every gate: the gatelaw core.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod address;
mod analysis;
pub mod artifact;
pub mod ast;
pub mod base64url;
mod bits;
pub mod check;
pub mod codes;
mod compile;
pub mod decision;
pub mod diagnostic;
mod diagram;
mod eval;
pub mod format;
pub mod identity;
pub mod json;
pub mod limits;
mod lower;
pub mod needs;
pub mod parse;
pub mod pattern;
mod plan;
pub mod policy;
pub mod profiles;
pub mod reference;
pub mod request;
pub mod sort;
pub mod source;
mod suggest;
pub mod testing;
pub mod time;
pub mod url;

pub use ast::Effect;
pub use compile::{Compiled, compile};
pub use decision::Decision;
pub use eval::{Asked, Begun, Explanation, Outcome, Prepared, RuleExplained, Session};
pub use identity::{Caller, Identity};
pub use plan::{Cost, Dearest, Plan, RuleSummary, Stats};
pub use request::RawRequest;
pub use source::Sources;

/// Names the version of gatelaw, the same for every package of one release.
#[must_use]
pub const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
