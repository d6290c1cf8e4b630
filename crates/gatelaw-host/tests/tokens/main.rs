//! Tokens: signed here, bent in every way, judged by the verifier and the gate.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "tests"
)]

mod allocations;
mod attacks;
mod bound;
mod checks;
mod clocks;
mod counters;
mod document;
mod faults;
mod gate;
mod key_sets;
mod providers;
mod secrets;
mod signer;
mod wycheproof;
