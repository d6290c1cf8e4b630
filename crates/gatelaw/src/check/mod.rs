//! From the tree as written to the checked policy: every error and warning of the language.
#![expect(dead_code, reason = "the checker of rules, which calls this, comes next")]

mod issuers;
mod tests;
mod url;
