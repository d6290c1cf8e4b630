//! What goes wrong, on its way to `GatelawError`.

use gatelaw::artifact::LoadError;
use gatelaw_host::{LineError, LineErrorCode};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// Says what went wrong in a call: what Python raises for it is made at the border.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A thing can't be done, or an argument has a value that it can't have.
    Value {
        /// The code of the `GatelawError`.
        code: String,
        /// The argument, and the place in it; empty for none.
        at: String,
        message: String,
    },
    /// An argument, or a part of it, has a wrong type.
    Type { at: String, message: String },
    /// Python raised it while an argument was read.
    Raised(PyErr),
}

impl Fault {
    /// Says that a thing can't be done.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self::Value { code: code.into(), at: String::new(), message: message.into() }
    }

    /// Says that an argument has a value that it can't have.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new("argument", message)
    }

    /// Says that an argument has a wrong type.
    pub(crate) fn wrong_type(message: impl Into<String>) -> Self {
        Self::Type { at: String::new(), message: message.into() }
    }

    /// Says that an argument has a wrong type: what belongs there, and what stood there.
    pub(crate) fn kind(wanted: &str, found: &Bound<'_, PyAny>) -> Self {
        let found = found.get_type().name().map_or_else(|_| "something else".into(), |name| name.to_string());
        Self::wrong_type(format!("{wanted} is needed, not `{found}`"))
    }

    /// Says that gatelaw itself has a defect, and that nothing was decided.
    pub(crate) fn panic(said: &str) -> Self {
        Self::new(
            "panic",
            format!("gatelaw has a defect: {said}; nothing was decided, so nothing is allowed"),
        )
    }

    /// Puts the name of what holds an argument before its own.
    pub(crate) fn within(self, outer: &str) -> Self {
        match self {
            Self::Value { code, at, message } => Self::Value { code, at: format!("{outer}{at}"), message },
            Self::Type { at, message } => Self::Type { at: format!("{outer}{at}"), message },
            Self::Raised(_) => self,
        }
    }

    /// Says which request of several is at fault.
    pub(crate) fn of_request(self, number: usize) -> Self {
        let named = |message| format!("{message} (requests[{number}])");
        match self {
            Self::Value { code, at, message } => Self::Value { code, at, message: named(message) },
            Self::Type { at, message } => Self::Type { at, message: named(message) },
            Self::Raised(_) => self,
        }
    }

    /// Makes the exception: `TypeError` for a wrong type, else `GatelawError`.
    pub(crate) fn raised(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Value { code, at, message } => raise(py, &code, &placed(&at, &message), None, None),
            Self::Type { at, message } => PyTypeError::new_err(placed(&at, &message)),
            Self::Raised(error) => error,
        }
    }
}

fn placed(at: &str, message: &str) -> String {
    if at.is_empty() { message.to_owned() } else { format!("`{at}`: {message}") }
}

impl From<LineError> for Fault {
    fn from(LineError { code, at, message }: LineError) -> Self {
        match code {
            LineErrorCode::WrongType => Self::Type { at, message },
            _ => Self::Value { code: format!("request:{}", code.name()), at, message },
        }
    }
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// A place in a policy: file, line and column, both from 1.
pub(crate) type Span = (String, usize, usize);

/// Makes a `GatelawError`.
pub(crate) fn raise(
    py: Python<'_>,
    code: &str,
    text: &str,
    span: Option<Span>,
    diagnostics: Option<Bound<'_, PyAny>>,
) -> PyErr {
    let made = py
        .import("gatelaw._values")
        .and_then(|values| values.getattr("GatelawError"))
        .and_then(|class| class.call1((text, code, span, diagnostics)));
    made.map_or_else(|error| error, PyErr::from_value)
}
