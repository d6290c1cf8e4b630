//! Arguments of plain types, each with an error that names it.

use gatelaw_host::HeaderLines;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyMapping, PyString};

use crate::error::Fault;

pub(crate) fn is_text(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyString>()
}

/// Reads a `str`.
pub(crate) fn text(value: &Bound<'_, PyAny>, at: &str) -> Result<String, Fault> {
    let text = value.cast::<PyString>().map_err(|_| Fault::kind(at, "a `str`", value))?;
    utf8(text, at, "")
}

/// Reads a `str` as its UTF-8, or `bytes` as they are.
pub(crate) fn bytes(value: &Bound<'_, PyAny>, at: &str) -> Result<Vec<u8>, Fault> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let text = value.cast::<PyString>().map_err(|_| Fault::kind(at, "a `str` or `bytes`", value))?;
    Ok(utf8(text, at, ": give `bytes` where bytes are meant")?.into_bytes())
}

fn utf8(text: &Bound<'_, PyString>, at: &str, instead: &str) -> Result<String, Fault> {
    let lone = || format!("the text has a lone surrogate, which is no character{instead}");
    text.to_cow().map(|text| text.into_owned()).map_err(|_| Fault::argument(at, lone()))
}

/// Reads a `bool`; nothing else counts as one.
pub(crate) fn truth(value: &Bound<'_, PyAny>, at: &str) -> Result<bool, Fault> {
    let truth = value.cast::<PyBool>().map_err(|_| Fault::kind(at, "a `bool`", value))?;
    Ok(truth.is_true())
}

/// Reads whole Unix seconds.
pub(crate) fn seconds(value: &Bound<'_, PyAny>, at: &str) -> Result<i64, Fault> {
    let wrong = || Fault::kind(at, "an `int` of whole Unix seconds, such as `int(time.time())`,", value);
    // A `bool` is an `int` to Python, and no time.
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return Err(wrong());
    }
    value.extract().map_err(|_| Fault::argument(at, "no such time: it doesn't fit into 64 bits"))
}

/// Reads header lines: a mapping, or pairs of name and value.
pub(crate) fn headers(value: &Bound<'_, PyAny>, at: &str) -> Result<HeaderLines, Fault> {
    if let Ok(mapping) = value.cast::<PyMapping>() {
        return mapping.items()?.iter().map(|item| named_line(&item, at)).collect();
    }
    let wanted = "a mapping of names to values, or an iterable of pairs,";
    if is_text(value) || value.is_instance_of::<PyBytes>() {
        return Err(Fault::kind(at, wanted, value));
    }
    let lines = value.try_iter().map_err(|_| Fault::kind(at, wanted, value))?;
    lines.enumerate().map(|(number, line)| pair(&line?, &format!("{at}[{number}]"))).collect()
}

/// Reads one line of a mapping; a mistake is named by the header's name.
fn named_line(item: &Bound<'_, PyAny>, at: &str) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
    let shown = name.repr().map_or_else(|_| "…".into(), |shown| shown.to_string());
    Ok((bytes(&name, &format!("a name in {at}"))?, bytes(&value, &format!("{at}[{shown}]"))?))
}

fn pair(line: &Bound<'_, PyAny>, at: &str) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let wrong = || Fault::kind(at, "a pair `(name, value)`", line);
    // A text of two characters is a sequence of two, and no pair.
    if is_text(line) || line.is_instance_of::<PyBytes>() {
        return Err(wrong());
    }
    let mut parts = line.try_iter().map_err(|_| wrong())?;
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(value), None) => {
            Ok((bytes(&name?, &format!("{at}[0]"))?, bytes(&value?, &format!("{at}[1]"))?))
        }
        _ => Err(Fault::wrong_type(at, "a pair `(name, value)` is needed")),
    }
}
