//! Values of Python as JSON: `True` stays a truth, numbers are read as from text, and nothing is guessed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use gatelaw::json::Json;
use gatelaw::limits::JSON_DEPTH_MAX;
use gatelaw_host::json::whole;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::argument::{Entry, entries, text, two};
use crate::error::Fault;

/// Reads a whole request as the JSON text would say it: bytes become hex digits where the text has such a form.
pub(crate) fn request(value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    let wanted = || Fault::kind("a mapping, or keyword arguments,", value).within("request");
    let members = entries(value)?.ok_or_else(wanted)?;
    object(&members, |name, value| match (name.as_str(), value.cast::<PyBytes>()) {
        ("target", Ok(bytes)) => Ok(("target_hex".into(), hex(bytes))),
        ("headers", _) => Ok((name, headers(value).map_err(|fault| fault.within("headers"))?)),
        _ => {
            let read = json(value, 1).map_err(|fault| fault.within(&name))?;
            Ok((name, read))
        }
    })
}

/// Reads a value that stands `depth` deep in a request.
pub(crate) fn json(value: &Bound<'_, PyAny>, depth: u32) -> Result<Json, Fault> {
    if value.is_none() {
        return Ok(Json::Null);
    }
    if value.is_instance_of::<PyString>() {
        return text(value).map(|text| Json::String(text.into()));
    }
    // Before numbers: a `bool` is an `int` to Python.
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Json::Bool(truth.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(value.extract().map_or(Json::OtherNumber, Json::Int));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return float(number.value(), value);
    }
    container(value, depth)
}

fn float(number: f64, value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    if !number.is_finite() {
        return Err(Fault::kind("a finite number", value));
    }
    Ok(whole(number).map_or(Json::OtherNumber, Json::Int))
}

fn container(value: &Bound<'_, PyAny>, depth: u32) -> Result<Json, Fault> {
    let deeper = depth.saturating_add(1);
    if depth >= JSON_DEPTH_MAX {
        return Err(Fault::wrong_type(format!("nested more than {JSON_DEPTH_MAX} deep")));
    }
    if is_array(value) {
        return array(value, |entry| json(entry, deeper));
    }
    let wanted = || Fault::kind("a value that JSON can say", value);
    object(&entries(value)?.ok_or_else(wanted)?, |name, value| {
        let read = json(value, deeper).map_err(|fault| fault.within(&format!(".{name}")))?;
        Ok((name, read))
    })
}

fn is_array(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>()
}

/// Reads the entries of a list or tuple, each by `entry`.
fn array(
    value: &Bound<'_, PyAny>,
    entry: impl Fn(&Bound<'_, PyAny>) -> Result<Json, Fault>,
) -> Result<Json, Fault> {
    let read = |(number, found): (usize, PyResult<Bound<'_, PyAny>>)| {
        entry(&found?).map_err(|fault| fault.within(&format!("[{number}]")))
    };
    value.try_iter()?.enumerate().map(read).collect::<Result<_, _>>().map(Json::Array)
}

/// Reads the members of a mapping, each by `member`.
fn object(
    members: &[Entry<'_>],
    member: impl Fn(String, &Bound<'_, PyAny>) -> Result<(String, Json), Fault>,
) -> Result<Json, Fault> {
    let mut read = Vec::with_capacity(members.len());
    for (name, value) in members {
        let name = text(name).map_err(|fault| fault.within(" (a name in it)"))?;
        let (name, value) = member(name, value)?;
        read.push((name.into(), value));
    }
    match twice(&read) {
        Some(name) => Err(Fault::wrong_type("the member stands twice").within(&format!(".{name}"))),
        None => Ok(Json::Object(read)),
    }
}

/// Finds a name that stands twice. A dict of plain texts has none; other mappings may.
fn twice<'m>(members: &'m [(Cow<'static, str>, Json)]) -> Option<&'m str> {
    if members.len() <= COMPARED_MAX {
        let is_known = |at: usize, name: &str| members.iter().take(at).any(|(before, _)| before == name);
        return (0..)
            .zip(members)
            .find(|(at, (name, _))| is_known(*at, name))
            .map(|(_, (name, _))| name.as_ref());
    }
    let mut known = BTreeSet::new();
    members.iter().map(|(name, _)| name.as_ref()).find(|name| !known.insert(*name))
}

/// Members of an object up to which each name is sooner compared with those before it than sorted.
const COMPARED_MAX: usize = 24;

/// Reads the member `headers`: pairs as in the text, with `bytes` in place of `{"hex": …}`.
fn headers(value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    if !is_array(value) {
        return json(value, 1);
    }
    array(value, |line| match two(line).map(|(name, value)| (name, value.cast_into::<PyBytes>())) {
        Some((name, Ok(bytes))) => Ok(Json::Array(vec![
            json(&name, 3).map_err(|fault| fault.within("[0]"))?,
            Json::Object(vec![("hex".into(), hex(&bytes))]),
        ])),
        Some((_, Err(_))) | None => json(line, 2),
    })
}

fn hex(bytes: &Bound<'_, PyBytes>) -> Json {
    Json::String(bytes.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}
