//! One law for every gate: the gatelaw core.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod address;
pub mod artifact;
pub mod ast;
pub mod base64url;
pub mod check;
pub mod codes;
pub mod decision;
pub mod diagnostic;
#[allow(dead_code, reason = "wip")]
mod diagram;
mod eval;
pub mod identity;
pub mod json;
pub mod limits;
#[allow(dead_code, unused_imports, reason = "wip")]
mod lower;
pub mod needs;
pub mod parse;
pub mod pattern;
#[allow(dead_code, unused_imports, reason = "wip")]
mod plan;
pub mod policy;
pub mod profiles;
pub mod reference;
pub mod request;
pub mod source;
mod suggest;
pub mod testing;
pub mod time;

/// Names the version of gatelaw, the same for every package of one release.
#[must_use]
pub const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
