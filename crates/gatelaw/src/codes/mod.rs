//! The codes of all diagnostics, one file for each stage that gives them.

pub mod files;
pub mod grammar;
pub mod issuers;
pub mod tests;
pub mod tokens;
