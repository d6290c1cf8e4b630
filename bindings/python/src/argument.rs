//! Arguments of plain types. A mistake says what belongs there; whoever reads an argument puts its name before, since names are
//! made for mistakes alone: reading right ones costs no text.

use gatelaw_host::HeaderLines;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::error::Fault;

pub(crate) fn is_text(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyString>()
}

/// Reads a `str`.
pub(crate) fn text(value: &Bound<'_, PyAny>) -> Result<String, Fault> {
    let text = value.cast::<PyString>().map_err(|_| Fault::kind("a `str`", value))?;
    utf8(text, "")
}

/// Reads a `str` as its UTF-8, or `bytes` as they are.
pub(crate) fn bytes(value: &Bound<'_, PyAny>) -> Result<Vec<u8>, Fault> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let text = value.cast::<PyString>().map_err(|_| Fault::kind("a `str` or `bytes`", value))?;
    Ok(utf8(text, ": give `bytes` where bytes are meant")?.into_bytes())
}

fn utf8(text: &Bound<'_, PyString>, instead: &str) -> Result<String, Fault> {
    let lone = || format!("the text has a lone surrogate, which is no character{instead}");
    text.to_cow().map(|text| text.into_owned()).map_err(|_| Fault::argument(lone()))
}

/// Reads a `bool`; nothing else counts as one.
pub(crate) fn truth(value: &Bound<'_, PyAny>) -> Result<bool, Fault> {
    let truth = value.cast::<PyBool>().map_err(|_| Fault::kind("a `bool`", value))?;
    Ok(truth.is_true())
}

/// Reads whole Unix seconds.
pub(crate) fn seconds(value: &Bound<'_, PyAny>) -> Result<i64, Fault> {
    // A `bool` is an `int` to Python, and no time.
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return Err(Fault::kind("an `int` of whole Unix seconds, such as `int(time.time())`,", value));
    }
    value.extract().map_err(|_| Fault::argument("no such time: it doesn't fit into 64 bits"))
}

/// One entry of a mapping: name and value.
pub(crate) type Entry<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Lists the entries of a mapping, as they are now; `None` where the value is none.
pub(crate) fn entries<'py>(value: &Bound<'py, PyAny>) -> Result<Option<Vec<Entry<'py>>>, Fault> {
    let Ok(mapping) = value.cast::<PyMapping>() else { return Ok(None) };
    let entry = |item: Bound<'py, PyAny>| item.extract::<Entry<'py>>().map_err(Fault::from);
    mapping.items()?.iter().map(entry).collect::<Result<_, _>>().map(Some)
}

/// Reads header lines: a mapping, or pairs of name and value.
pub(crate) fn headers(value: &Bound<'_, PyAny>) -> Result<HeaderLines, Fault> {
    if let Some(entries) = entries(value)? {
        return entries.iter().map(named_line).collect();
    }
    let wanted = || Fault::kind("a mapping of names to values, or an iterable of pairs,", value);
    if is_text(value) || value.is_instance_of::<PyBytes>() {
        return Err(wanted());
    }
    let line = |(number, line): (usize, PyResult<Bound<'_, PyAny>>)| {
        pair(&line?).map_err(|fault| fault.within(&format!("[{number}]")))
    };
    value.try_iter().map_err(|_| wanted())?.enumerate().map(line).collect()
}

/// Reads one line of a mapping; a mistake is named by the header's name.
fn named_line((name, value): &Entry<'_>) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let shown = || name.repr().map_or_else(|_| "…".into(), |shown| shown.to_string());
    let of_name = |fault: Fault| fault.within(" (a name in it)");
    Ok((
        bytes(name).map_err(of_name)?,
        bytes(value).map_err(|fault| fault.within(&format!("[{}]", shown())))?,
    ))
}

fn pair(line: &Bound<'_, PyAny>) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let wrong = || Fault::kind("a pair `(name, value)`", line);
    let (name, value) = match two(line) {
        Some(two) => two,
        // A text of two characters is a sequence of two, and no pair.
        None if is_text(line) || line.is_instance_of::<PyBytes>() => return Err(wrong()),
        None => match line.try_iter().map_err(|_| wrong())?.take(3).collect::<PyResult<Vec<_>>>()?.as_slice()
        {
            [name, value] => (name.clone(), value.clone()),
            _ => return Err(Fault::wrong_type("a pair `(name, value)` is needed")),
        },
    };
    let name = bytes(&name).map_err(|fault| fault.within("[0]"))?;
    Ok((name, bytes(&value).map_err(|fault| fault.within("[1]"))?))
}

/// Finds the entries of a tuple or list of two.
pub(crate) fn two<'py>(pair: &Bound<'py, PyAny>) -> Option<Entry<'py>> {
    if let Ok(tuple) = pair.cast::<PyTuple>() {
        return (tuple.len() == 2).then(|| Some((tuple.get_item(0).ok()?, tuple.get_item(1).ok()?)))?;
    }
    let list = pair.cast::<PyList>().ok().filter(|list| list.len() == 2)?;
    Some((list.get_item(0).ok()?, list.get_item(1).ok()?))
}
