//! The module of WebAssembly that compiles: the exports of the library, and nothing else.

pub use gatelaw_js::compiler;
