//! The workload on which gatelaw is measured, and what it is measured beside.
//!
//! [`Workload`] makes rules, callers and requests from a seed. [`plain`] says what is expected of each request, by reading all
//! rules one after the other; [`hand`] is what a person would write for this one policy if speed were all that counts.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod clock;
pub mod hand;
pub mod plain;
pub mod policy;
pub mod requests;
pub mod workload;

pub use workload::Workload;
