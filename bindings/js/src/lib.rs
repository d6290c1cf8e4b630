//! gatelaw for JavaScript, as WebAssembly: turns arguments into slices, calls the core, turns the error.
//!
//! The JavaScript in `js/` stands around what is exported here: it throws each [`Failure`] as a `GatelawError`.

use gatelaw::artifact::{self, LoadError};
use wasm_bindgen::prelude::wasm_bindgen;

/// Names the version of gatelaw, the same for every package of one release.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    gatelaw::version().to_owned()
}

/// Holds a compiled policy that was loaded and checked.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Plan(gatelaw::Plan);

#[wasm_bindgen]
impl Plan {
    /// Returns the digest of what decides: `sha256:` and 64 hex digits.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn digest(&self) -> String {
        self.0.digest().to_owned()
    }
}

/// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
///
/// # Errors
/// A [`Failure`] with a code `artifact:…` for bytes that are no artifact of this gatelaw.
#[wasm_bindgen(js_name = loadUnsigned)]
pub fn load_unsigned(bytes: &[u8]) -> Result<Plan, Failure> {
    artifact::load_unsigned(bytes).map(Plan).map_err(Failure::from)
}

/// Carries an error over the border of WebAssembly, which has no exceptions of its own.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Failure {
    code: &'static str,
    message: String,
}

#[wasm_bindgen]
impl Failure {
    /// Names the kind of this error: stable, for programs to compare.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn code(&self) -> String {
        self.code.to_owned()
    }

    /// Tells a person what went wrong and what to do.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn message(&self) -> String {
        self.message.clone()
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}
