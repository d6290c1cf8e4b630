//! The wrapper around every call that does work: a panic becomes an error, so the request it was for is not allowed.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use crate::error::Fault;

/// Calls, and makes of what goes wrong its exception; of a panic, a `GatelawError` with the code `panic`.
///
/// Left alone, pyo3 would raise its `PanicException`: that is no `Exception`, passes `except Exception`, and ends a server's
/// worker.
pub(crate) fn guarded<T>(py: Python<'_>, call: impl FnOnce() -> Result<T, Fault>) -> PyResult<T> {
    caught(call).and_then(|answer| answer).map_err(|fault| fault.raised(py))
}

/// Calls, and catches a panic.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, Fault> {
    // Unwind safe: sessions that were in use are dropped, and nothing else is changed by a call.
    let called = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(feature = "forced-panic")]
        forced::panic_if_asked();
        call()
    }));
    called.map_err(|panic| Fault::panic(said(panic.as_ref())))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Adds `_panic_in_next_call` to a module built for tests, and nothing to any other.
#[cfg_attr(
    not(feature = "forced-panic"),
    expect(clippy::unnecessary_wraps, reason = "the other one can fail")
)]
pub(crate) fn add_what_tests_need(module: &Bound<'_, PyModule>) -> PyResult<()> {
    #[cfg(feature = "forced-panic")]
    module.setattr("_panic_in_next_call", wrap_pyfunction!(forced::panic_in_next_call, module)?)?;
    let _ = module;
    Ok(())
}

#[cfg(feature = "forced-panic")]
mod forced {
    use std::sync::atomic::{AtomicU32, Ordering};

    use pyo3::prelude::*;

    /// How many guarded calls are left until one panics; 0 for none.
    static LEFT: AtomicU32 = AtomicU32::new(0);

    /// Makes the next call that is guarded panic, or one after it: tests see then what a defect would do.
    #[pyfunction]
    #[pyo3(signature = (skip=0))]
    pub(crate) fn panic_in_next_call(skip: u32) {
        LEFT.store(skip.saturating_add(1), Ordering::SeqCst);
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    pub(super) fn panic_if_asked() {
        let one_less = |left: u32| left.checked_sub(1);
        if LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) == Ok(1) {
            panic!("forced by a test");
        }
    }
}
