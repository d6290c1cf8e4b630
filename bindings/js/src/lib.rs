//! gatelaw for JavaScript, as WebAssembly: an instance of this module holds one policy, and asks nothing of its host.
//!
//! The module imports nothing, so its exports take and return numbers alone. A call goes:
//!
//! 1. `input(length)` makes room in the memory of the module, and says where: JavaScript writes there.
//! 2. `load()`, `decide()` and the others read it, and say with 1 that all went well, with 0 that something is wrong.
//! 3. `output()` and `output_length()` say where the answer stands: JavaScript copies it.
//!
//! What is written and read is documented where it is read and written: [`frame`] and [`answer`]. The JavaScript in `js/`
//! stands around it. A new instance is as good as the last one, so one that traps is thrown away.

pub mod answer;
pub mod border;
pub mod fault;
pub mod frame;

use std::cell::RefCell;

use border::Border;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static BORDER: RefCell<Border> = RefCell::default();
}

/// Calls what stands behind the exports. WebAssembly calls one export at a time; were it not so, the answer is `busy`.
fn with<T>(busy: T, call: impl FnOnce(&mut Border) -> T) -> T {
    BORDER.with(|border| border.try_borrow_mut().map_or(busy, |mut border| call(&mut border)))
}

/// Makes room for what the next call reads, in bytes, and says where; 0 where no call reads as much.
#[wasm_bindgen]
#[must_use]
pub fn input(length: u32) -> *mut u8 {
    let room = |border: &mut Border| {
        let length = usize::try_from(length).ok()?;
        border.input(length).map(<[u8]>::as_mut_ptr)
    };
    with(None, room).unwrap_or(std::ptr::null_mut())
}

/// Says where the answer to the last call stands.
#[wasm_bindgen]
#[must_use]
pub fn output() -> *const u8 {
    with(std::ptr::null(), |border| border.output().as_ptr())
}

/// Says how many bytes the answer to the last call has.
#[wasm_bindgen]
#[must_use]
pub fn output_length() -> u32 {
    with(0, |border| u32::try_from(border.output().len()).unwrap_or(0))
}

/// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
#[wasm_bindgen]
#[must_use]
pub fn load() -> u32 {
    with(false, Border::load).into()
}

/// Decides a request.
#[wasm_bindgen]
#[must_use]
pub fn decide() -> u32 {
    with(false, Border::decide).into()
}

/// Decides a request, and says what a gate does about it.
#[wasm_bindgen]
#[must_use]
pub fn handle() -> u32 {
    with(false, Border::handle).into()
}

/// Decides a request that is a line of JSON.
#[wasm_bindgen]
#[must_use]
pub fn decide_line() -> u32 {
    with(false, Border::decide_line).into()
}

/// Explains the decision of a request that is a line of JSON.
#[wasm_bindgen]
#[must_use]
pub fn explain_line() -> u32 {
    with(false, Border::explain_line).into()
}

/// Says what a gate answers that can't decide.
#[wasm_bindgen]
#[must_use]
pub fn unavailable() -> u32 {
    with(false, Border::unavailable).into()
}

/// Answers the version of gatelaw.
#[wasm_bindgen]
#[must_use]
pub fn version() -> u32 {
    with(false, Border::version).into()
}
