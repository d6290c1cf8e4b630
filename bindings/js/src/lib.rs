//! gatelaw for JavaScript, as WebAssembly: an instance of a module asks nothing of its host.
//!
//! There are three modules: one decides and holds one policy, one compiles, one explains tokens. They import nothing, so their
//! exports take and return numbers alone. A call goes:
//!
//! 1. `input(length)` makes room in the memory of the module, and says where: JavaScript writes there.
//! 2. `load()`, `decide()`, `compile()` and the others read it, and say with 1 that all went well, with 0 that something is
//!    wrong.
//! 3. `output()` and `output_length()` say where the answer stands: JavaScript copies it. What is asked with each request says so
//!    itself, in place of 1.
//!
//! What is written and read is documented where it is read and written: [`frame`], [`answer`], [`compiler`] and [`tokens`]. The JavaScript
//! in `js/` stands around it. A new instance is as good as the last one, so one that traps is thrown away.

pub mod answer;
#[cfg(any(feature = "evaluator", feature = "tokens"))]
mod call;
#[cfg(feature = "compiler")]
pub mod compiler;
#[cfg(feature = "evaluator")]
pub mod evaluator;
pub mod exchange;
#[cfg(any(feature = "evaluator", feature = "tokens"))]
pub mod fault;
#[cfg(feature = "evaluator")]
pub mod frame;
#[cfg(feature = "evaluator")]
pub mod kept;
#[cfg(any(feature = "evaluator", feature = "tokens"))]
mod signature;
#[cfg(feature = "tokens")]
pub mod tokens;
// Each module uses a part of it.
#[cfg_attr(not(all(feature = "evaluator", feature = "compiler", feature = "tokens")), allow(dead_code))]
mod words;
