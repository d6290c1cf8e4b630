//! A request as Python gives it: one mapping, or keyword arguments.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use gatelaw::request::Scheme;
use gatelaw_host::{RequestLine, RequestMembers, RequestText};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::argument::{Lines, Utf8, as_text};
use crate::error::Fault;
use crate::identity::Identity;
use crate::{argument, json};

/// The scheme where a caller names none: what is asked over plain HTTP must say so.
const SCHEME_DEFAULT: Scheme = Scheme::Https;

/// Reads a request: one mapping, or keyword arguments. `held` is where the texts of these are held.
pub(crate) fn read<'k, 'py>(
    mappings: &Bound<'py, PyTuple>,
    keywords: &Keywords<'py>,
    held: &'k mut Held<'py>,
) -> Result<RequestText<'k>, Fault> {
    match (mappings.len(), keywords.any()) {
        (0, _) => keywords.read(held),
        (1, false) => mapping(&mappings.get_item(0)?),
        _ => {
            Err(Fault::wrong_type("a request is one mapping or keyword arguments, not both")
                .within("request"))
        }
    }
}

/// Reads a request that is one mapping, in the form of the JSON text.
pub(crate) fn mapping(request: &Bound<'_, PyAny>) -> Result<RequestLine, Fault> {
    Ok(RequestLine::from_json(&json::request(request)?, None)?)
}

/// A keyword argument, where it is given; `None` counts as left out.
type Keyword<'py> = Option<Bound<'py, PyAny>>;

/// The keyword arguments that make a request.
pub(crate) struct Keywords<'py> {
    method: Keyword<'py>,
    host: Keyword<'py>,
    target: Keyword<'py>,
    scheme: Keyword<'py>,
    headers: Keyword<'py>,
    ip: Keyword<'py>,
    facts: Keyword<'py>,
    now: Keyword<'py>,
    identity: Keyword<'py>,
    /// The correlation id, for what handles a request.
    pub(crate) request_id: Keyword<'py>,
}

impl<'py> Keywords<'py> {
    /// Takes them as Python hands them over; the correlation id where the call takes one.
    pub(crate) fn of(given: Option<&Bound<'py, PyDict>>, takes_request_id: bool) -> Result<Self, Fault> {
        let [mut method, mut host, mut target, mut scheme, mut headers] = [const { None }; 5];
        let [mut ip, mut facts, mut now, mut identity, mut request_id] = [const { None }; 5];
        if let Some(given) = given {
            let py = given.py();
            let mut known = 0_usize;
            let mut take = |name: &Bound<'py, PyString>, keyword: &mut Keyword<'py>| {
                *keyword = given.get_item(name)?;
                known = known.saturating_add(usize::from(keyword.is_some()));
                keyword.take_if(|value| value.is_none());
                Ok::<(), Fault>(())
            };
            take(intern!(py, "method"), &mut method)?;
            take(intern!(py, "host"), &mut host)?;
            take(intern!(py, "target"), &mut target)?;
            take(intern!(py, "scheme"), &mut scheme)?;
            take(intern!(py, "headers"), &mut headers)?;
            take(intern!(py, "ip"), &mut ip)?;
            take(intern!(py, "facts"), &mut facts)?;
            take(intern!(py, "now"), &mut now)?;
            take(intern!(py, "identity"), &mut identity)?;
            if takes_request_id {
                take(intern!(py, "request_id"), &mut request_id)?;
            }
            if known < given.len() {
                return Err(unknown(given, takes_request_id));
            }
        }
        Ok(Self { method, host, target, scheme, headers, ip, facts, now, identity, request_id })
    }

    fn any(&self) -> bool {
        let Self { method, host, target, scheme, headers, ip, facts, now, identity, request_id: _ } = self;
        [method, host, target, scheme, headers, ip, facts, now, identity].iter().any(|given| given.is_some())
    }

    /// Returns who is asking, where they were mapped before.
    pub(crate) fn known_identity(&self) -> Option<&Bound<'py, Identity>> {
        self.identity.as_ref().and_then(|identity| identity.cast().ok())
    }

    fn read<'k>(&self, held: &'k mut Held<'py>) -> Result<RequestText<'k>, Fault> {
        *held = Held::of(self)?;
        let text = |text: &'k Option<Utf8<'py>>, name: &str| -> Result<Option<Cow<'k, str>>, Fault> {
            let text = text.as_ref().map(as_text).transpose();
            text.map(|text| text.map(Cow::from)).map_err(|fault| fault.within(name))
        };
        // They stand one deep in a request.
        let json = |keyword, name| read_by(keyword, name, |value| json::json(value, 1));
        Ok(RequestText::of(RequestMembers {
            method: needed("method", text(&held.method, "method")?)?,
            scheme: text(&held.scheme, "scheme")?.unwrap_or(SCHEME_DEFAULT.as_str().into()),
            host: needed("host", text(&held.host, "host")?)?,
            target: needed("target", held.target.as_ref())?.as_bytes().into(),
            headers: held.headers.iter().map(|(n, v)| (n.as_bytes().into(), v.as_bytes().into())).collect(),
            ip: text(&held.ip, "ip")?,
            facts: json(&self.facts, "facts")?,
            now: read_by(&self.now, "now", argument::seconds)?.map_or_else(clock, Ok)?,
            identity: if self.known_identity().is_some() { None } else { json(&self.identity, "identity")? },
        })?)
    }
}

/// The texts of keyword arguments, for as long as a request that was read from them is used.
#[derive(Default)]
pub(crate) struct Held<'py> {
    method: Option<Utf8<'py>>,
    scheme: Option<Utf8<'py>>,
    host: Option<Utf8<'py>>,
    target: Option<Utf8<'py>>,
    headers: Lines<'py>,
    ip: Option<Utf8<'py>>,
}

impl<'py> Held<'py> {
    fn of(keywords: &Keywords<'py>) -> Result<Self, Fault> {
        Ok(Self {
            method: read_by(&keywords.method, "method", argument::utf8)?,
            scheme: read_by(&keywords.scheme, "scheme", argument::utf8)?,
            host: read_by(&keywords.host, "host", argument::utf8)?,
            target: read_by(&keywords.target, "target", argument::bytes)?,
            headers: read_by(&keywords.headers, "headers", argument::headers)?.unwrap_or_default(),
            ip: read_by(&keywords.ip, "ip", argument::utf8)?,
        })
    }
}

/// Names the first keyword that a call doesn't take.
fn unknown(given: &Bound<'_, PyDict>, takes_request_id: bool) -> Fault {
    let mut known = vec!["method", "host", "target", "scheme", "headers", "ip", "facts", "now", "identity"];
    if takes_request_id {
        known.push("request_id");
    }
    let names = given.keys();
    let names = names.iter().map(|name| name.to_string());
    let unknown = names.into_iter().find(|name| !known.contains(&name.as_str())).unwrap_or_default();
    Fault::wrong_type(format!("there is no such keyword: there are {}", known.join(", "))).within(&unknown)
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| Fault::wrong_type("every request has it").within(name))
}

/// Reads a keyword that may be left out.
pub(crate) fn read_by<'py, T>(
    keyword: &Keyword<'py>,
    name: &str,
    read: impl FnOnce(&Bound<'py, PyAny>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    keyword.as_ref().map(|value| read(value).map_err(|fault| fault.within(name))).transpose()
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
