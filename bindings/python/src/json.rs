//! Values of Python as JSON: `True` stays a truth, numbers are read as from text, and nothing is guessed.

use std::collections::BTreeSet;

use gatelaw::json::{Json, JsonText};
use gatelaw::limits::JSON_DEPTH_MAX;
use gatelaw_host::json::whole;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::argument::{Entry, entries, plain_text, text, two};
use crate::error::Fault;

/// A value that JSON can say, held for as long as its texts are lent.
pub(crate) enum Value<'py> {
    /// `None`, a truth or a number; or bytes, as hex digits.
    Plain(Json),
    // INVARIANT: it has no lone surrogate, and neither has the name of a member.
    Text(Bound<'py, PyAny>),
    Array(Vec<Value<'py>>),
    Object(Vec<Member<'py>>),
    /// An object with nothing but texts in it, as facts mostly are.
    // INVARIANT: of a `dict`, names and values of no class of their own: no name stands twice, none has a lone surrogate.
    Texts(Vec<Entry<'py>>),
}

/// A member of an object: name and value.
type Member<'py> = (Bound<'py, PyAny>, Value<'py>);

impl Value<'_> {
    /// Returns it as JSON, with texts that it lends.
    pub(crate) fn json(&self) -> Result<JsonText<'_>, Fault> {
        Ok(match self {
            Self::Plain(json) => json.clone(),
            Self::Text(value) => JsonText::String(text(value)?.into()),
            Self::Array(values) => JsonText::Array(values.iter().map(Self::json).collect::<Result<_, _>>()?),
            Self::Object(members) => {
                let members = members.iter().map(|(name, value)| Ok((text(name)?.into(), value.json()?)));
                JsonText::Object(members.collect::<Result<_, Fault>>()?)
            }
            Self::Texts(members) => {
                let mut read = Vec::with_capacity(members.len());
                for (name, value) in members {
                    read.push((text(name)?.into(), JsonText::String(text(value)?.into())));
                }
                JsonText::Object(read)
            }
        })
    }
}

/// Reads a whole request as the JSON text would say it: bytes become hex digits where the text has such a form.
pub(crate) fn request<'py>(value: &Bound<'py, PyAny>) -> Result<Value<'py>, Fault> {
    let wanted = || Fault::kind("a mapping, or keyword arguments,", value).within("request");
    let members = entries(value)?.ok_or_else(wanted)?;
    object(members, |name, value| match (text(&name)?, value.cast::<PyBytes>()) {
        ("target", Ok(bytes)) => {
            let name = PyString::intern(value.py(), "target_hex").into_any();
            Ok((name, Value::Plain(hex(bytes))))
        }
        ("headers", _) => {
            let read = headers(&value).map_err(|fault| fault.within("headers"))?;
            Ok((name, read))
        }
        (member, _) => {
            let read = json(value, 1).map_err(|fault| fault.within(member))?;
            Ok((name, read))
        }
    })
}

/// Reads a value that stands `depth` deep in a request.
pub(crate) fn json(value: Bound<'_, PyAny>, depth: u32) -> Result<Value<'_>, Fault> {
    if value.is_instance_of::<PyString>() {
        text(&value)?;
        return Ok(Value::Text(value));
    }
    if value.is_none() {
        return Ok(Value::Plain(Json::Null));
    }
    // Before numbers: a `bool` is an `int` to Python.
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Value::Plain(Json::Bool(truth.is_true())));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(Value::Plain(value.extract().map_or(Json::OtherNumber, Json::Int)));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return float(number.value(), &value).map(Value::Plain);
    }
    container(&value, depth)
}

fn float(number: f64, value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    if !number.is_finite() {
        return Err(Fault::kind("a finite number", value));
    }
    Ok(whole(number).map_or(Json::OtherNumber, Json::Int))
}

fn container<'py>(value: &Bound<'py, PyAny>, depth: u32) -> Result<Value<'py>, Fault> {
    let deeper = depth.saturating_add(1);
    if depth >= JSON_DEPTH_MAX {
        return Err(Fault::wrong_type(format!("nested more than {JSON_DEPTH_MAX} deep")));
    }
    if is_array(value) {
        return array(value, |entry| json(entry, deeper));
    }
    let wanted = || Fault::kind("a value that JSON can say", value);
    let members = entries(value)?.ok_or_else(wanted)?;
    let is_plain = |(name, value): &Entry<'_>| plain_text(name).and(plain_text(value)).is_some();
    if value.is_exact_instance_of::<PyDict>() && members.iter().all(is_plain) {
        return Ok(Value::Texts(members));
    }
    object(members, |name, value| {
        let read = json(value, deeper);
        let read = read.map_err(|fault| fault.within(&format!(".{}", text(&name).unwrap_or_default())))?;
        Ok((name, read))
    })
}

fn is_array(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>()
}

/// Reads the entries of a list or tuple, each by `entry`.
fn array<'py>(
    value: &Bound<'py, PyAny>,
    entry: impl Fn(Bound<'py, PyAny>) -> Result<Value<'py>, Fault>,
) -> Result<Value<'py>, Fault> {
    let read = |(number, found): (usize, PyResult<Bound<'py, PyAny>>)| {
        entry(found?).map_err(|fault| fault.within(&format!("[{number}]")))
    };
    // One of a class of its own may list other entries than it holds.
    let read: Result<_, Fault> = match value.cast_exact::<PyList>() {
        Ok(list) => list.iter().map(Ok).enumerate().map(read).collect(),
        Err(_) => value.try_iter()?.enumerate().map(read).collect(),
    };
    read.map(Value::Array)
}

/// Reads the members of a mapping, each by `member`.
fn object<'py>(
    members: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    member: impl Fn(Bound<'py, PyAny>, Bound<'py, PyAny>) -> Result<Member<'py>, Fault>,
) -> Result<Value<'py>, Fault> {
    let mut read = Vec::with_capacity(members.len());
    for (name, value) in members {
        text(&name).map_err(|fault| fault.within(" (a name in it)"))?;
        read.push(member(name, value)?);
    }
    match twice(&read)? {
        Some(name) => Err(Fault::wrong_type("the member stands twice").within(&format!(".{name}"))),
        None => Ok(Value::Object(read)),
    }
}

/// Finds a name that stands twice. A dict of plain texts has none; other mappings may.
fn twice<'m>(members: &'m [Member<'_>]) -> Result<Option<&'m str>, Fault> {
    if members.len() < 2 {
        return Ok(None);
    }
    let names = members.iter().map(|(name, _)| text(name)).collect::<Result<Vec<_>, _>>()?;
    if names.len() <= COMPARED_MAX {
        let mut numbered = (0..).zip(&names);
        let is_known = |(at, name): &(usize, &&str)| names.iter().take(*at).any(|before| before == *name);
        return Ok(numbered.find(is_known).map(|(_, name)| *name));
    }
    let mut known = BTreeSet::new();
    Ok(names.into_iter().find(|name| !known.insert(*name)))
}

/// Members of an object up to which each name is sooner compared with those before it than sorted.
const COMPARED_MAX: usize = 24;

/// Reads the member `headers`: pairs as in the text, with `bytes` in place of `{"hex": …}`.
fn headers<'py>(value: &Bound<'py, PyAny>) -> Result<Value<'py>, Fault> {
    if !is_array(value) {
        return json(value.clone(), 1);
    }
    array(value, |line| match two(&line).map(|(name, value)| (name, value.cast_into::<PyBytes>())) {
        Some((name, Ok(bytes))) => Ok(Value::Array(vec![
            json(name, 3).map_err(|fault| fault.within("[0]"))?,
            Value::Plain(Json::Object(vec![("hex".into(), hex(&bytes))])),
        ])),
        Some((_, Err(_))) | None => json(line, 2),
    })
}

fn hex(bytes: &Bound<'_, PyBytes>) -> Json {
    Json::String(bytes.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}
