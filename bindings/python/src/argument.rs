//! Arguments of plain types. A mistake says what belongs there; whoever reads an argument puts its name before, since names are
//! made for mistakes alone: reading right ones costs no text.

use gatelaw_host::{HeaderLine, HeaderLines};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::error::Fault;

pub(crate) fn is_text(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyString>()
}

/// Reads a `str`, as the UTF-8 that it lends.
pub(crate) fn text<'v>(value: &'v Bound<'_, PyAny>) -> Result<&'v str, Fault> {
    let text = value.cast::<PyString>().map_err(|_| Fault::kind("a `str`", value))?;
    lent(text, "")
}

/// Reads a `str` as the UTF-8 that it lends, or `bytes` as they are.
pub(crate) fn bytes<'v>(value: &'v Bound<'_, PyAny>) -> Result<&'v [u8], Fault> {
    if let Ok(text) = value.cast::<PyString>() {
        return lent(text, ": give `bytes` where bytes are meant").map(str::as_bytes);
    }
    let bytes = value.cast::<PyBytes>().map_err(|_| Fault::kind("a `str` or `bytes`", value))?;
    Ok(bytes.as_bytes())
}

/// Reads what is a `str` and of no class of its own, as most texts are; `None` where it is anything else, for who says then what.
#[inline]
pub(crate) fn plain_text<'v>(value: &'v Bound<'_, PyAny>) -> Option<&'v str> {
    value.cast_exact::<PyString>().ok()?.to_str().ok()
}

fn lent<'v>(text: &'v Bound<'_, PyString>, instead: &str) -> Result<&'v str, Fault> {
    text.to_str().map_err(|_| no_text(instead))
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

/// Header lines, held for as long as their texts are lent.
#[derive(Default)]
pub(crate) struct Lines<'py> {
    lines: Vec<Entry<'py>>,
    /// Whether they come of a mapping: then a mistake is named by the header's name.
    named: bool,
}

impl<'py> Lines<'py> {
    /// Takes header lines: of a mapping, or pairs of name and value.
    pub(crate) fn of(value: &Bound<'py, PyAny>) -> Result<Self, Fault> {
        // One of a class of its own may list other members than it holds.
        if let Ok(list) = value.cast_exact::<PyList>() {
            return Ok(Self { lines: listed(list)?, named: false });
        }
        // Asking whether something is a mapping takes long where it is none.
        let is_array = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
        if !is_array && let Some(lines) = entries(value)? {
            return Ok(Self { lines, named: true });
        }
        let wanted = || Fault::kind("a mapping of names to values, or an iterable of pairs,", value);
        if is_text(value) || value.is_instance_of::<PyBytes>() {
            return Err(wanted());
        }
        Ok(Self { lines: pairs(value.try_iter().map_err(|_| wanted())?)?, named: false })
    }

    /// Returns their names and values.
    pub(crate) fn texts(&self) -> Result<HeaderLines<'_>, Fault> {
        let mut texts = Vec::with_capacity(self.lines.len());
        for (number, line) in self.lines.iter().enumerate() {
            let (name, value) = line;
            texts.push(match (plain_text(name), plain_text(value)) {
                (Some(name), Some(value)) => (name.as_bytes().into(), value.as_bytes().into()),
                _ => self.line(number, line)?,
            });
        }
        Ok(texts)
    }

    fn line<'v>(&self, number: usize, (name, value): &'v Entry<'py>) -> Result<HeaderLine<'v>, Fault> {
        let read = if self.named { named_line(name, value) } else { paired_line(name, value, number) };
        read.map(|(name, value)| (name.into(), value.into()))
    }
}

/// Lists pairs of name and value.
fn pairs<'py>(found: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>) -> Result<Vec<Entry<'py>>, Fault> {
    found.enumerate().map(|(number, line)| numbered(number, &line?)).collect()
}

/// Lists the pairs of a list: what most headers are.
fn listed<'py>(list: &Bound<'py, PyList>) -> Result<Vec<Entry<'py>>, Fault> {
    let mut pairs = Vec::with_capacity(list.len());
    for (number, line) in list.iter().enumerate() {
        pairs.push(match two(&line) {
            Some(pair) => pair,
            None => numbered(number, &line)?,
        });
    }
    Ok(pairs)
}

fn numbered<'py>(number: usize, line: &Bound<'py, PyAny>) -> Result<Entry<'py>, Fault> {
    pair(line).map_err(|fault| fault.within(&format!("[{number}]")))
}

/// Reads one line of a mapping; a mistake is named by the header's name.
fn named_line<'v>(
    name: &'v Bound<'_, PyAny>,
    value: &'v Bound<'_, PyAny>,
) -> Result<(&'v [u8], &'v [u8]), Fault> {
    let shown = || name.repr().map_or_else(|_| "…".into(), |shown| shown.to_string());
    let of_name = |fault: Fault| fault.within(" (a name in it)");
    Ok((
        bytes(name).map_err(of_name)?,
        bytes(value).map_err(|fault| fault.within(&format!("[{}]", shown())))?,
    ))
}

fn paired_line<'v>(
    name: &'v Bound<'_, PyAny>,
    value: &'v Bound<'_, PyAny>,
    number: usize,
) -> Result<(&'v [u8], &'v [u8]), Fault> {
    let of_line = |place| move |fault: Fault| fault.within(place).within(&format!("[{number}]"));
    Ok((bytes(name).map_err(of_line("[0]"))?, bytes(value).map_err(of_line("[1]"))?))
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
