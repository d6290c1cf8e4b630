//! The conformance corpus: small policies, requests, and what each request must be answered with.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod answers;
pub mod attack;
pub mod authzen;
pub mod corpus;
pub mod expect;
pub mod features;
pub mod generate;
pub mod mutants;
pub mod stream;
