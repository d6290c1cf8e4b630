//! One law for every gate: the gatelaw core.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod address;
pub mod artifact;
pub mod ast;
pub mod base64url;
mod check;
pub mod codes;
pub mod decision;
pub mod diagnostic;
#[allow(dead_code, reason = "wip")]
mod diagram;
pub mod identity;
pub mod json;
pub mod limits;
#[allow(dead_code, unused_imports, reason = "wip")]
mod lower;
pub mod needs;
pub mod parse;
pub mod pattern;
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
