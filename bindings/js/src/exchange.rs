//! What crosses the border: the bytes that a call reads, and the bytes that it answers.

use std::cell::RefCell;

use gatelaw::limits::ARTIFACT_BYTES_MAX;
use wasm_bindgen::prelude::wasm_bindgen;

/// Bytes of the input that are kept from one call to the next: more than that were for an artifact, or for a giant.
const KEPT_BYTES_MAX: usize = 256 * 1024;

/// Holds the bytes of one call.
#[derive(Debug, Default)]
pub struct Exchange {
    /// What the call reads.
    pub input: Vec<u8>,
    /// What it answers.
    pub output: Vec<u8>,
}

impl Exchange {
    /// Makes room for what the next call reads, filled with zeros; `None` where no call reads as much.
    pub fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        if length > ARTIFACT_BYTES_MAX {
            return None;
        }
        self.input.clear();
        self.input.shrink_to(KEPT_BYTES_MAX);
        self.input.resize(length, 0);
        Some(&mut self.input)
    }
}

thread_local! {
    static EXCHANGE: RefCell<Exchange> = RefCell::default();
}

/// Calls with the bytes of this instance. WebAssembly calls one export at a time; were it not so, the answer is `busy`.
pub(crate) fn with<T>(busy: T, call: impl FnOnce(&mut Exchange) -> T) -> T {
    EXCHANGE.with(|exchange| match exchange.try_borrow_mut() {
        Ok(mut exchange) => call(&mut exchange),
        Err(_) => busy,
    })
}

/// Makes room for what the next call reads, in bytes, and says where; 0 where no call reads as much.
#[wasm_bindgen]
#[must_use]
pub fn input(length: u32) -> *mut u8 {
    let room = |exchange: &mut Exchange| {
        let length = usize::try_from(length).ok()?;
        exchange.room(length).map(<[u8]>::as_mut_ptr)
    };
    with(None, room).unwrap_or(std::ptr::null_mut())
}

/// Says where the answer to the last call stands.
#[wasm_bindgen]
#[must_use]
pub fn output() -> *const u8 {
    with(std::ptr::null(), |exchange| exchange.output.as_ptr())
}

/// Says how many bytes the answer to the last call has.
#[wasm_bindgen]
#[must_use]
pub fn output_length() -> u32 {
    with(0, |exchange| u32::try_from(exchange.output.len()).unwrap_or(0))
}

/// Answers the version of gatelaw, the same for every package of one release.
#[wasm_bindgen]
#[must_use]
pub fn version() -> u32 {
    let answer = |exchange: &mut Exchange| {
        exchange.output = gatelaw::version().into();
        1
    };
    with(0, answer)
}
