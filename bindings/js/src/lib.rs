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

/// Checks that bytes begin as an artifact of this gatelaw does, whoever wrote them.
///
/// # Errors
/// A [`Failure`] with a code `artifact:…` for bytes that don't.
#[wasm_bindgen(js_name = loadUnsigned)]
pub fn load_unsigned(bytes: &[u8]) -> Result<(), Failure> {
    artifact::check_magic(bytes).map_err(Failure::from)
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
