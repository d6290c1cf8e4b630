//! Values of Python as JSON: `True` stays a truth, numbers are read as from text, and nothing is guessed.

use std::collections::BTreeSet;

use gatelaw::json::Json;
use gatelaw::limits::JSON_DEPTH_MAX;
use gatelaw_host::json::whole;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::argument::text;
use crate::error::Fault;

/// Reads a value that stands `depth` deep in a request; `at` names it.
pub(crate) fn json(value: &Bound<'_, PyAny>, at: &str, depth: u32) -> Result<Json, Fault> {
    read(value, depth).map_err(|fault| fault.within(at))
}

/// Reads a whole request as the JSON text would say it: bytes become hex digits where the text has such a form.
pub(crate) fn request(value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    let Ok(members) = value.cast::<PyMapping>() else {
        return Err(Fault::kind("request", "a mapping, or keyword arguments,", value));
    };
    let member = |name: String, value: &Bound<'_, PyAny>| match name.as_str() {
        "target" => match value.cast::<PyBytes>() {
            Ok(bytes) => Ok(("target_hex".into(), hex(bytes))),
            Err(_) => Ok((name, json(value, "target", 1)?)),
        },
        "headers" => Ok((name, headers(value)?)),
        _ => {
            let read = json(value, &name, 1)?;
            Ok((name, read))
        }
    };
    object(members, member)
}

fn read(value: &Bound<'_, PyAny>, depth: u32) -> Result<Json, Fault> {
    if value.is_none() {
        return Ok(Json::Null);
    }
    // Before numbers: a `bool` is an `int` to Python.
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Json::Bool(truth.is_true()));
    }
    if value.is_instance_of::<PyString>() {
        return text(value, "").map(Json::String);
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
        return Err(Fault::kind("", "a finite number", value));
    }
    Ok(whole(number).map_or(Json::OtherNumber, Json::Int))
}

fn container(value: &Bound<'_, PyAny>, depth: u32) -> Result<Json, Fault> {
    let deeper = depth.saturating_add(1);
    if depth >= JSON_DEPTH_MAX {
        return Err(Fault::wrong_type("", format!("nested more than {JSON_DEPTH_MAX} deep")));
    }
    if let Ok(members) = value.cast::<PyMapping>() {
        return object(members, |name, value| {
            let read = read(value, deeper).map_err(|fault| fault.within(&format!(".{name}")))?;
            Ok((name, read))
        });
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let entry = |(number, entry): (usize, PyResult<Bound<'_, PyAny>>)| {
            read(&entry?, deeper).map_err(|fault| fault.within(&format!("[{number}]")))
        };
        return value.try_iter()?.enumerate().map(entry).collect::<Result<_, _>>().map(Json::Array);
    }
    Err(Fault::kind("", "a value that JSON can say", value))
}

/// Reads the members of a mapping, each by `member`.
fn object(
    members: &Bound<'_, PyMapping>,
    member: impl Fn(String, &Bound<'_, PyAny>) -> Result<(String, Json), Fault>,
) -> Result<Json, Fault> {
    let mut read = Vec::new();
    // A dict has no name twice; other mappings may.
    let mut known = BTreeSet::new();
    for item in members.items()? {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let name = text(&name, " (a name in it)")?;
        if !known.insert(name.clone()) {
            return Err(Fault::wrong_type(format!(".{name}"), "the member stands twice"));
        }
        read.push(member(name, &value)?);
    }
    Ok(Json::Object(read))
}

/// Reads the member `headers`: pairs as in the text, with `bytes` in place of `{"hex": …}`.
fn headers(value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    if !value.is_instance_of::<PyList>() && !value.is_instance_of::<PyTuple>() {
        return json(value, "headers", 1);
    }
    let line = |(number, line): (usize, PyResult<Bound<'_, PyAny>>)| {
        let line = line?;
        match raw_value(&line) {
            Some((name, value)) => Ok(Json::Array(vec![
                json(&name, &format!("headers[{number}][0]"), 3)?,
                Json::Object(vec![("hex".into(), hex(&value))]),
            ])),
            None => json(&line, &format!("headers[{number}]"), 2),
        }
    };
    value.try_iter()?.enumerate().map(line).collect::<Result<_, _>>().map(Json::Array)
}

/// Finds name and value of a pair whose value is `bytes`.
fn raw_value<'py>(line: &Bound<'py, PyAny>) -> Option<(Bound<'py, PyAny>, Bound<'py, PyBytes>)> {
    let (name, value) = match line.cast::<PyList>() {
        Ok(list) if list.len() == 2 => (list.get_item(0).ok()?, list.get_item(1).ok()?),
        Ok(_) => return None,
        Err(_) => line.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>().ok()?,
    };
    Some((name, value.cast_into::<PyBytes>().ok()?))
}

fn hex(bytes: &Bound<'_, PyBytes>) -> Json {
    Json::String(bytes.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}
