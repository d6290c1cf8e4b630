//! The codes of all diagnostics, one file for each stage that gives them.

pub mod files;
pub mod grammar;
pub mod issuers;
pub mod lists;
pub mod names;
pub mod principals;
pub mod routes;
pub mod rules;
pub mod tests;
pub mod tokens;
pub mod types;
pub mod warnings;

use crate::diagnostic::Code;

/// Lists every code, by number.
#[must_use]
pub fn all() -> Vec<Code> {
    let files = [
        files::ALL,
        grammar::ALL,
        issuers::ALL,
        lists::ALL,
        names::ALL,
        principals::ALL,
        routes::ALL,
        rules::ALL,
        tests::ALL,
        tokens::ALL,
        types::ALL,
        warnings::ALL,
    ];
    let mut codes = files.concat();
    codes.sort();
    codes
}
