//! The module of WebAssembly that decides: the exports of the library, and nothing else.

pub use gatelaw_js::evaluator;
