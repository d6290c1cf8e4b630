//! One law for every gate: the gatelaw core.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod limits;
pub mod needs;

/// Names the version of gatelaw, the same for every package of one release.
#[must_use]
pub const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
