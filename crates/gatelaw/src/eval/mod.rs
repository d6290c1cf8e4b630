//! Evaluates plans: from the bytes of a request to a decision, without allocating, panicking or recursing.

mod actions;
mod classify;
mod explain;
mod notes;
mod outcome;
mod prepared;
mod routes;
mod session;
mod tables;
pub(crate) mod texts;
mod view;

pub use explain::{Asked, Explanation, RuleExplained};
pub(crate) use notes::{AlternativeNote, KeptNotes, Line, NoteDrafts, NoteExpr, Notes, RuleNote};
pub use outcome::Outcome;
pub use prepared::Prepared;
pub use session::{Begun, Session};
