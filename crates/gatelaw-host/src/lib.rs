//! What every gatelaw host needs, and none may write again.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod files;
