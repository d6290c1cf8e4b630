//! Random policies that check, and requests that meet them.
//!
//! The same seed gives the same policy and the same requests on every machine, so a seed is a bug report.

mod build;
mod conditions;
mod policy;
mod principals;
mod readable;
mod rng;
mod rules;
mod scene;
mod services;
mod tests;
mod words;

pub mod coverage;
pub mod print;
pub mod requests;

pub use policy::{Generated, Size, generate};
pub use rng::Rng;
