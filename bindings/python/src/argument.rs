//! Arguments of plain types. A mistake says what belongs there; whoever reads an argument puts its name before, since names are
//! made for mistakes alone: reading right ones costs no text.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::error::Fault;

pub(crate) fn is_text(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyString>()
}

/// A text as its UTF-8, or bytes as they are, in an object that whoever reads them holds: below 3.10 the stable ABI doesn't lend a text
/// where it stands. A short one of Python's objects costs less than a copy and its room.
pub(crate) type Utf8<'py> = Bound<'py, PyBytes>;

/// Reads a `str`.
pub(crate) fn text(value: &Bound<'_, PyAny>) -> Result<String, Fault> {
    utf8(value).and_then(|text| as_text(&text).map(str::to_owned))
}

/// Reads a `str`, as its UTF-8.
pub(crate) fn utf8<'py>(value: &Bound<'py, PyAny>) -> Result<Utf8<'py>, Fault> {
    let text = value.cast::<PyString>().map_err(|_| Fault::kind("a `str`", value))?;
    encoded(text, "")
}

/// Reads a `str` as its UTF-8, or `bytes` as they are.
pub(crate) fn bytes<'py>(value: &Bound<'py, PyAny>) -> Result<Utf8<'py>, Fault> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.clone());
    }
    let text = value.cast::<PyString>().map_err(|_| Fault::kind("a `str` or `bytes`", value))?;
    encoded(text, ": give `bytes` where bytes are meant")
}

fn encoded<'py>(text: &Bound<'py, PyString>, instead: &str) -> Result<Utf8<'py>, Fault> {
    text.encode_utf8().map_err(|_| no_text(instead))
}

/// Returns the text that [`utf8`] read.
pub(crate) fn as_text<'v>(text: &'v Utf8<'_>) -> Result<&'v str, Fault> {
    std::str::from_utf8(text.as_bytes()).map_err(|_| no_text(""))
}

fn no_text(instead: &str) -> Fault {
    Fault::argument(format!("the text has a lone surrogate, which is no character{instead}"))
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
    // One of a class of its own may list other entries than it holds.
    if let Ok(dict) = value.cast_exact::<PyDict>() {
        return Ok(Some(dict.iter().collect()));
    }
    let Ok(mapping) = value.cast::<PyMapping>() else { return Ok(None) };
    let entry = |item: Bound<'py, PyAny>| item.extract::<Entry<'py>>().map_err(Fault::from);
    mapping.items()?.iter().map(entry).collect::<Result<_, _>>().map(Some)
}

/// Header lines: names and values.
pub(crate) type Lines<'py> = Vec<(Utf8<'py>, Utf8<'py>)>;

/// Reads header lines: of a mapping, or pairs of name and value.
pub(crate) fn headers<'py>(value: &Bound<'py, PyAny>) -> Result<Lines<'py>, Fault> {
    // Asking whether something is a mapping takes long where it is none.
    let is_array = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
    if !is_array && let Some(entries) = entries(value)? {
        return entries.iter().map(named_line).collect();
    }
    let wanted = || Fault::kind("a mapping of names to values, or an iterable of pairs,", value);
    if is_text(value) || value.is_instance_of::<PyBytes>() {
        return Err(wanted());
    }
    let line = |(number, line): (usize, PyResult<Bound<'py, PyAny>>)| {
        paired_line(&line?).map_err(|fault| fault.within(&format!("[{number}]")))
    };
    value.try_iter().map_err(|_| wanted())?.enumerate().map(line).collect()
}

/// Reads one line of a mapping; a mistake is named by the header's name.
fn named_line<'py>((name, value): &Entry<'py>) -> Result<(Utf8<'py>, Utf8<'py>), Fault> {
    let shown = || name.repr().map_or_else(|_| "…".into(), |shown| shown.to_string());
    let of_name = |fault: Fault| fault.within(" (a name in it)");
    Ok((
        bytes(name).map_err(of_name)?,
        bytes(value).map_err(|fault| fault.within(&format!("[{}]", shown())))?,
    ))
}

fn paired_line<'py>(line: &Bound<'py, PyAny>) -> Result<(Utf8<'py>, Utf8<'py>), Fault> {
    let (name, value) = pair(line)?;
    let name = bytes(&name).map_err(|fault| fault.within("[0]"))?;
    Ok((name, bytes(&value).map_err(|fault| fault.within("[1]"))?))
}

fn pair<'py>(line: &Bound<'py, PyAny>) -> Result<Entry<'py>, Fault> {
    if let Some(two) = two(line) {
        return Ok(two);
    }
    let wrong = || Fault::kind("a pair `(name, value)`", line);
    // A text of two characters is a sequence of two, and no pair.
    if is_text(line) || line.is_instance_of::<PyBytes>() {
        return Err(wrong());
    }
    match line.try_iter().map_err(|_| wrong())?.take(3).collect::<PyResult<Vec<_>>>()?.as_slice() {
        [name, value] => Ok((name.clone(), value.clone())),
        _ => Err(Fault::wrong_type("a pair `(name, value)` is needed")),
    }
}

/// Finds the entries of a tuple or list of two.
pub(crate) fn two<'py>(pair: &Bound<'py, PyAny>) -> Option<Entry<'py>> {
    if let Ok(tuple) = pair.cast::<PyTuple>() {
        return (tuple.len() == 2).then(|| Some((tuple.get_item(0).ok()?, tuple.get_item(1).ok()?)))?;
    }
    let list = pair.cast::<PyList>().ok().filter(|list| list.len() == 2)?;
    Some((list.get_item(0).ok()?, list.get_item(1).ok()?))
}
