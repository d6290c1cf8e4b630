//! Runs the real program: what it writes, where, and its exit code.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod artifacts;
mod bad_files;
mod bad_requests;
mod errors;
mod fetch;
mod folder;
mod init;
mod output;
mod sessions;
mod tokens;
