//! Runs the real program: what it writes, where, and its exit code.
#![allow(clippy::unwrap_used, clippy::string_slice, reason = "tests")]

mod folder;
mod init;
mod sessions;
