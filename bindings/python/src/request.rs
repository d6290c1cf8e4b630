//! A request as Python gives it: one mapping, or keyword arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use gatelaw::request::Scheme;
use gatelaw_host::{RequestLine, RequestMembers, RequestText};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::argument::{self, Lines};
use crate::error::Fault;
use crate::identity::Identity;
use crate::json::{self, Value};

/// The scheme where a caller names none: what is asked over plain HTTP must say so.
const SCHEME_DEFAULT: Scheme = Scheme::Https;

/// Reads a request: one mapping, or keyword arguments. What it is made of is held in `held`.
pub(crate) fn read<'h, 'py>(
    mappings: &Bound<'py, PyTuple>,
    keywords: &Keywords<'h, 'py>,
    held: &'h mut Held<'py>,
) -> Result<RequestText<'h>, Fault> {
    match (mappings.len(), keywords.any()) {
        (0, _) => keywords.read(held),
        (1, false) => {
            let mapping = held.mapping.insert(json::request(&mappings.get_item(0)?)?);
            Ok(RequestText::from_json(mapping.json()?, None)?)
        }
        _ => {
            Err(Fault::wrong_type("a request is one mapping or keyword arguments, not both")
                .within("request"))
        }
    }
}

/// Reads a request that is one mapping, in the form of the JSON text, with texts of its own.
pub(crate) fn mapping(request: &Bound<'_, PyAny>) -> Result<RequestLine, Fault> {
    Ok(RequestLine::from_json(json::request(request)?.json()?.into_owned(), None)?)
}

/// A keyword argument, where it is given; `None` counts as left out.
pub(crate) type Keyword<'k, 'py> = Option<&'k Bound<'py, PyAny>>;

/// The keyword arguments that make a request.
pub(crate) struct Keywords<'k, 'py> {
    pub(crate) method: Keyword<'k, 'py>,
    pub(crate) host: Keyword<'k, 'py>,
    pub(crate) target: Keyword<'k, 'py>,
    pub(crate) scheme: Keyword<'k, 'py>,
    pub(crate) headers: Keyword<'k, 'py>,
    pub(crate) ip: Keyword<'k, 'py>,
    pub(crate) facts: Keyword<'k, 'py>,
    pub(crate) now: Keyword<'k, 'py>,
    pub(crate) identity: Keyword<'k, 'py>,
}

impl<'k, 'py> Keywords<'k, 'py> {
    fn any(&self) -> bool {
        let Self { method, host, target, scheme, headers, ip, facts, now, identity } = self;
        [method, host, target, scheme, headers, ip, facts, now, identity].iter().any(|given| given.is_some())
    }

    /// Returns who is asking, where they were mapped before.
    pub(crate) fn known_identity(&self) -> Option<&'k Bound<'py, Identity>> {
        self.identity.and_then(|identity| identity.cast().ok())
    }

    fn read<'h>(&self, held: &'h mut Held<'py>) -> Result<RequestText<'h>, Fault>
    where
        'k: 'h,
    {
        *held = Held::of(self)?;
        let json = |value: &'h Option<Value<'py>>| value.as_ref().map(Value::json).transpose();
        Ok(RequestText::of(RequestMembers {
            method: needed("method", read_by(self.method, "method", argument::text)?)?.into(),
            scheme: read_by(self.scheme, "scheme", argument::text)?.unwrap_or(SCHEME_DEFAULT.as_str()).into(),
            host: needed("host", read_by(self.host, "host", argument::text)?)?.into(),
            target: needed("target", read_by(self.target, "target", argument::bytes)?)?.into(),
            headers: held.headers.texts().map_err(|fault| fault.within("headers"))?,
            ip: read_by(self.ip, "ip", argument::text)?.map(Into::into),
            facts: json(&held.facts)?,
            now: read_by(self.now, "now", argument::seconds)?.map_or_else(clock, Ok)?,
            identity: json(&held.identity)?,
        })?)
    }
}

/// What a request is made of that could change while its texts are lent.
#[derive(Default)]
pub(crate) struct Held<'py> {
    headers: Lines<'py>,
    facts: Option<Value<'py>>,
    identity: Option<Value<'py>>,
    mapping: Option<Value<'py>>,
}

impl<'py> Held<'py> {
    fn of(keywords: &Keywords<'_, 'py>) -> Result<Self, Fault> {
        // They stand one deep in a request.
        let json = |keyword, name| read_by(keyword, name, |value| json::json(value.clone(), 1));
        let identity = keywords.identity.filter(|_| keywords.known_identity().is_none());
        Ok(Self {
            headers: read_by(keywords.headers, "headers", Lines::of)?.unwrap_or_default(),
            facts: json(keywords.facts, "facts")?,
            identity: json(identity, "identity")?,
            mapping: None,
        })
    }
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| Fault::wrong_type("every request has it").within(name))
}

/// Reads a keyword that may be left out.
pub(crate) fn read_by<'k, 'py, T>(
    keyword: Keyword<'k, 'py>,
    name: &str,
    read: impl FnOnce(&'k Bound<'py, PyAny>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    keyword.map(|value| read(value).map_err(|fault| fault.within(name))).transpose()
}

/// Reads the keyword `now`, or asks the host's clock.
pub(crate) fn seconds_or_clock(now: Option<&Bound<'_, PyAny>>) -> Result<i64, Fault> {
    now.map_or_else(clock, |now| argument::seconds(now).map_err(|fault| fault.within("now")))
}

/// Asks the host's clock, in Unix seconds.
fn clock() -> Result<i64, Fault> {
    let no_time = || Fault::argument("the clock of this host is before 1970: give the time").within("now");
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| no_time())?;
    i64::try_from(since.as_secs()).map_err(|_| no_time())
}
