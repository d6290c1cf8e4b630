//! The module of WebAssembly that explains tokens: the exports of the library, and nothing else.

pub use gatelaw_js::tokens;
