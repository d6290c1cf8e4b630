//! gatelaw for JavaScript, as WebAssembly: an instance of a module asks nothing of its host.
//!
//! There are two modules: one decides and holds one policy, one compiles. They import nothing, so their exports take and
//! return numbers alone. A call goes:
//!
//! 1. `input(length)` makes room in the memory of the module, and says where: JavaScript writes there.
//! 2. `load()`, `decide()`, `compile()` and the others read it, and say with 1 that all went well, with 0 that something is
//!    wrong.
//! 3. `output()` and `output_length()` say where the answer stands: JavaScript copies it.
//!
//! What is written and read is documented where it is read and written: [`frame`], [`answer`] and [`compiler`]. The JavaScript
//! in `js/` stands around it. A new instance is as good as the last one, so one that traps is thrown away.

pub mod answer;
#[cfg(feature = "compiler")]
pub mod compiler;
#[cfg(feature = "evaluator")]
pub mod evaluator;
pub mod exchange;
#[cfg(feature = "evaluator")]
pub mod fault;
#[cfg(feature = "evaluator")]
pub mod frame;
#[cfg(feature = "evaluator")]
pub mod kept;
mod words;
