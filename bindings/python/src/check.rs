//! The texts of a policy, and what the compiler says of them.

use std::path::{Path, PathBuf};

use gatelaw::diagnostic::{Diagnostic, Renderer, Severity};
use gatelaw_host::Checked;
use gatelaw_host::files;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyTuple};

use crate::argument::{self, Entry};
use crate::call::guarded;
use crate::error::{Fault, raise};

/// Checks a policy: a path, or texts by name. Answers all errors and warnings; none of them is raised.
#[pyfunction]
#[pyo3(signature = (policy, /))]
pub(crate) fn check<'py>(py: Python<'py>, policy: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    guarded(py, || {
        let checked = read(py, policy)?;
        Ok(diagnostics(py, &checked)?)
    })
}

/// Reads, parses and checks what a caller gave as a policy.
pub(crate) fn read(py: Python<'_>, policy: &Bound<'_, PyAny>) -> Result<Checked, Fault> {
    let given = Given::of(policy)?;
    Ok(py.detach(|| Checked::of(given.files())))
}

/// What a caller gave as a policy.
enum Given {
    Path(PathBuf),
    Texts(Vec<(String, Vec<u8>)>),
}

impl Given {
    fn of(policy: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        if let Some(texts) = argument::entries(policy)? {
            return texts.iter().map(text).collect::<Result<_, _>>().map(Self::Texts);
        }
        let path: PathBuf = match argument::is_text(policy) {
            true => {
                policy.extract().map_err(|_| Fault::argument("no file has such a name").within("policy"))?
            }
            false if policy.hasattr("__fspath__")? => policy.extract()?,
            false => {
                return Err(Fault::kind("a path, or a mapping of names to texts,", policy).within("policy"));
            }
        };
        if is_policy_text(&path) {
            let message =
                "this is the text of a policy, and no path: give texts by name, as `{\"policy.gate\": text}`";
            return Err(Fault::argument(message).within("policy"));
        }
        Ok(Self::Path(path))
    }

    fn files(self) -> files::PolicyFiles {
        match self {
            Self::Path(path) => files::read(&[path]),
            Self::Texts(texts) => files::from_memory(texts),
        }
    }
}

/// Says whether a caller gave a text in place of its path.
fn is_policy_text(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['\n', '{'])) && !path.exists()
}

fn text((name, text): &Entry<'_>) -> Result<(String, Vec<u8>), Fault> {
    let name = argument::text(name).map_err(|fault| fault.within("policy (a name in it)"))?;
    let text = argument::bytes(text).map_err(|fault| fault.within(&format!("policy[{name:?}]")))?;
    Ok((name.to_owned(), text.to_vec()))
}

/// Makes the exception for a policy that does not compile: code and place are those of its first error.
pub(crate) fn not_compiled(py: Python<'_>, checked: &Checked) -> PyErr {
    let renderer = renderer(checked);
    let errors = |diagnostic: &&Diagnostic| diagnostic.code.severity == Severity::Error;
    let Some(first) = checked.diagnostics.iter().find(errors) else {
        return Fault::panic("a policy without an error did not compile").raised(py);
    };
    let report = renderer.report(first);
    let texts: Vec<String> = checked.diagnostics.iter().map(|one| renderer.text(one)).collect();
    let span = report.place.map(|place| (place.file, place.line, place.column));
    let all = diagnostics(py, checked).and_then(|all| PyTuple::new(py, all));
    match all {
        Ok(all) => raise(py, &report.code, texts.join("\n").trim_end(), span, Some(all.into_any())),
        Err(error) => error,
    }
}

/// Makes a `Diagnostic` of each error and warning.
pub(crate) fn diagnostics<'py>(py: Python<'py>, checked: &Checked) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let class = py.import("gatelaw._values")?.getattr("Diagnostic")?;
    let renderer = renderer(checked);
    let made = |one: &Diagnostic| class.call((), Some(&members(py, &renderer, one)?));
    checked.diagnostics.iter().map(made).collect()
}

fn members<'py>(py: Python<'py>, renderer: &Renderer<'_>, one: &Diagnostic) -> PyResult<Bound<'py, PyDict>> {
    let report = renderer.report(one);
    let members = [
        ("code", report.code),
        ("severity", report.severity.to_owned()),
        ("message", report.message),
        ("page", report.page),
        ("text", renderer.text(one)),
    ];
    let members = members.into_py_dict(py)?;
    members.set_item("help", PyTuple::new(py, report.help)?)?;
    if let Some(place) = report.place {
        members.set_item("file", place.file)?;
        let numbers = [
            ("line", place.line),
            ("column", place.column),
            ("end_line", place.end_line),
            ("end_column", place.end_column),
        ];
        numbers.iter().try_for_each(|(name, number)| members.set_item(name, number))?;
    }
    Ok(members)
}

fn renderer(checked: &Checked) -> Renderer<'_> {
    Renderer::new(&checked.files.sources).folder(&checked.files.folder)
}
