//! A request as one line of JSON.

mod facts;
mod members;
#[cfg(not(target_arch = "wasm32"))]
mod plain;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use gatelaw::json::JsonText;
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw::needs::Needs;
use gatelaw::policy::IdentityModel;
use gatelaw::request::Scheme;
use gatelaw::{Caller, Identity, Plan, Prepared, RawRequest};

use crate::verifier::Who;
use facts::FactsText;

/// Says why a line is no request: a stable code, and the member at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at `{at}`: {message}", code.name())]
pub struct LineError {
    /// The kind of mistake.
    pub code: LineErrorCode,
    /// The member at fault, such as `facts.country`; empty for the line as a whole.
    pub at: String,
    /// What is wrong, for a person.
    pub message: String,
}

/// Names the kinds of mistakes in a line. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineErrorCode {
    /// `too-large`: the line is longer than any request can be.
    TooLarge,
    /// `json`: the line is no JSON object, or a member stands twice.
    Json,
    /// `unknown-member`: no request has this member.
    UnknownMember,
    /// `missing-member`: a request must have this member.
    MissingMember,
    /// `wrong-type`: the value of the member is of another type.
    WrongType,
    /// `wrong-value`: the value of the member is none of those that it can have.
    WrongValue,
}

impl LineErrorCode {
    /// Names the code as it stands in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Json => "json",
            Self::UnknownMember => "unknown-member",
            Self::MissingMember => "missing-member",
            Self::WrongType => "wrong-type",
            Self::WrongValue => "wrong-value",
        }
    }
}

impl LineError {
    fn new(code: LineErrorCode, at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, at: at.into(), message: message.into() }
    }

    /// Writes the answer to a line that is no request: `{"v":1,"error":CODE,"at":MEMBER}`.
    #[must_use]
    pub fn to_line(&self) -> String {
        let at = serde_json::to_string(&self.at).unwrap_or_default();
        format!(r#"{{"v":1,"error":"{}","at":{at}}}"#, self.code.name())
    }
}

/// Holds one request as a line gives it, with texts of its own.
pub type RequestLine = RequestText<'static>;

/// Holds one request as a line gives it; its texts may be those of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestText<'l> {
    method: Cow<'l, str>,
    scheme: Scheme,
    host: Cow<'l, str>,
    target: Cow<'l, [u8]>,
    headers: HeaderLines<'l>,
    ip: AddressLine,
    facts: FactsText<'l>,
    now: i64,
    identity: IdentityLine<'l>,
}

/// Holds the members of a request as another language has them: bytes need no hex digits here.
#[derive(Debug, Clone)]
pub struct RequestMembers<'m> {
    /// The method, as received.
    pub method: Cow<'m, str>,
    /// `http` or `https`.
    pub scheme: Cow<'m, str>,
    /// The request's authority.
    pub host: Cow<'m, str>,
    /// The request target, as received.
    pub target: Cow<'m, [u8]>,
    /// The header lines, apart and in order: names and values.
    pub headers: HeaderLines<'m>,
    /// The client's address as text, where it is known.
    pub ip: Option<Cow<'m, str>>,
    /// The facts of the edge: an object.
    pub facts: Option<JsonText<'m>>,
    /// The time of the request, in Unix seconds.
    pub now: i64,
    /// Who is asking, as the member `identity` says it.
    pub identity: Option<JsonText<'m>>,
}

/// Holds header lines as bytes.
pub type HeaderLines<'m> = Vec<HeaderLine<'m>>;

/// Holds one header line: its name and value.
pub type HeaderLine<'m> = (Cow<'m, [u8]>, Cow<'m, [u8]>);

/// What a line says of the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressLine {
    Absent,
    /// A text that is no address: the request is refused where the policy reads it.
    Unreadable,
    Known(IpAddr),
}

/// Who a line says is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
enum IdentityLine<'l> {
    Absent,
    Claims(Cow<'l, str>, JsonText<'l>),
    Invalid(Cow<'l, str>),
    Unavailable,
    /// A token, for who has a key set at hand.
    Token(Cow<'l, str>),
}

/// Holds a caller whose claims are mapped.
#[derive(Debug, Clone)]
pub enum LineCaller {
    /// Nobody is signed in.
    Anonymous,
    /// Verified claims.
    Verified(Identity),
    /// Verified claims, classified for all requests with their token.
    Prepared(Arc<Prepared>),
    /// A token that is not valid, with its code.
    Invalid(String),
    /// No keys of its issuer were to be had.
    KeysUnavailable,
}

impl From<Who> for LineCaller {
    fn from(who: Who) -> Self {
        match who {
            Who::Anonymous => Self::Anonymous,
            Who::Verified(prepared) => Self::Prepared(prepared),
            Who::Invalid(code) => Self::Invalid(code.name().to_owned()),
            Who::KeysUnavailable => Self::KeysUnavailable,
        }
    }
}

impl LineCaller {
    /// Reads who is asking, as the member `identity` of a request says it, and classifies them once for all requests with
    /// their token. `client_cert` is the fact of that name.
    ///
    /// # Errors
    /// The first mistake, as [`RequestLine::parse`] finds it in the same member.
    pub fn prepare(
        plan: &Plan,
        identity: JsonText<'_>,
        client_cert: Option<&str>,
    ) -> Result<Self, LineError> {
        let identity = members::identity(Some(identity))?;
        Ok(identity.caller(plan.identity_model(), client_cert).prepared(plan))
    }

    /// Maps verified claims, as [`Identity::map`] does; where that answers a fault, the token is one that isn't valid.
    #[must_use]
    pub fn mapped(
        model: &IdentityModel,
        issuer: &str,
        claims: &JsonText<'_>,
        client_cert: Option<&str>,
    ) -> Self {
        match Identity::map(model, issuer, claims, client_cert) {
            Ok(identity) => Self::Verified(identity),
            Err(fault) => Self::Invalid(fault.code().to_owned()),
        }
    }

    /// Classifies verified claims once, for all requests with their token that are decided by this plan.
    #[must_use]
    pub fn prepared(self, plan: &Plan) -> Self {
        match self {
            Self::Verified(identity) => Self::Prepared(Arc::new(plan.prepare(identity))),
            Self::Anonymous | Self::Prepared(_) | Self::Invalid(_) | Self::KeysUnavailable => self,
        }
    }

    /// Returns the caller as a decision takes it.
    #[must_use]
    pub fn caller(&self) -> Caller<'_> {
        match self {
            Self::Anonymous => Caller::Anonymous,
            Self::Verified(identity) => Caller::Verified(identity),
            Self::Prepared(prepared) => Caller::Prepared(prepared),
            Self::Invalid(code) => Caller::Invalid(code),
            Self::KeysUnavailable => Caller::KeysUnavailable,
        }
    }
}

const MEMBERS: &[&str] =
    &["method", "scheme", "host", "target", "target_hex", "headers", "ip", "facts", "now", "identity"];

impl RequestLine {
    /// Reads a line. `default_now`, in Unix seconds, stands in for a missing `now`.
    ///
    /// # Errors
    /// The first mistake: of the line as a whole, then of its members in the order in which the form lists them.
    pub fn parse(line: &str, default_now: Option<i64>) -> Result<Self, LineError> {
        Self::from_json(json_of(line)?.into_owned(), default_now)
    }
}

impl<'l> RequestText<'l> {
    /// Takes a request from the values of another language.
    ///
    /// # Errors
    /// The first mistake, as [`RequestLine::parse`] finds it in the same members.
    pub fn of(members: RequestMembers<'l>) -> Result<Self, LineError> {
        Ok(Self {
            method: members.method,
            scheme: members::scheme(&members.scheme)?,
            host: members.host,
            target: members.target,
            headers: members.headers,
            ip: members.ip.map_or(AddressLine::Absent, |ip| members::address(&ip)),
            facts: FactsText::read(members.facts)?,
            now: members.now,
            identity: members::identity(members.identity)?,
        })
    }

    /// Reads a line as [`RequestLine::parse`] does; what stands in it without escapes is not copied.
    ///
    /// # Errors
    /// As [`RequestLine::parse`].
    pub fn read(line: &'l str, default_now: Option<i64>) -> Result<Self, LineError> {
        // In a module of WebAssembly the code of the short way would weigh more than its time.
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(request) =
            (line.len() <= REQUEST_LINE_BYTES_MAX).then(|| plain::read(line, default_now)).flatten()
        {
            return Ok(request);
        }
        Self::from_json(json_of(line)?, default_now)
    }

    /// Reads a request that is one JSON value. `default_now`, in Unix seconds, stands in for a missing `now`.
    ///
    /// # Errors
    /// The first mistake, as [`RequestLine::parse`] finds it.
    pub fn from_json(json: JsonText<'l>, default_now: Option<i64>) -> Result<Self, LineError> {
        use LineErrorCode as C;
        let JsonText::Object(mut given) = json else {
            return Err(LineError::new(C::Json, "", "a request is a JSON object"));
        };
        if let Some((name, _)) = given.iter().find(|(name, _)| !MEMBERS.contains(&name.as_ref())) {
            return Err(LineError::new(
                C::UnknownMember,
                name.as_ref(),
                format!("requests have {}", MEMBERS.join(", ")),
            ));
        }
        let mut member = |name: &str| members::taken(&mut given, name);
        Ok(Self {
            method: members::text(member("method"), "method")?,
            scheme: members::scheme(&members::text(member("scheme"), "scheme")?)?,
            host: members::text(member("host"), "host")?,
            target: members::target(member("target"), member("target_hex"))?,
            headers: members::headers(member("headers"))?,
            ip: members::ip(member("ip"))?,
            facts: FactsText::read(member("facts"))?,
            now: members::now(member("now"), default_now)?,
            identity: members::identity(member("identity"))?,
        })
    }

    /// Says what the request lacks for a policy that reads the client's address.
    ///
    /// # Errors
    /// `missing-member` at `ip`.
    pub fn require(&self, needs: &Needs) -> Result<(), LineError> {
        match self.ip {
            AddressLine::Absent if needs.ip => Err(LineError::new(
                LineErrorCode::MissingMember,
                "ip",
                "the policy reads the client's address",
            )),
            AddressLine::Absent | AddressLine::Known(_) | AddressLine::Unreadable => Ok(()),
        }
    }

    /// Calls back with the request as a decision takes it.
    pub fn with<T>(&self, then: impl FnOnce(&RawRequest<'_>) -> T) -> T {
        let headers: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
        then(&RawRequest {
            method: self.method.as_bytes(),
            scheme: self.scheme,
            host: self.host.as_bytes(),
            target: &self.target,
            headers: &headers,
            ip: if let AddressLine::Known(ip) = self.ip { Some(ip) } else { None },
            ip_unreadable: self.ip == AddressLine::Unreadable,
            headers_cut: false,
            facts: self.facts.facts(),
            now: self.now,
        })
    }

    /// Returns the time of the request, in Unix seconds.
    #[must_use]
    pub const fn now(&self) -> i64 {
        self.now
    }

    /// Says whether the request says who is asking, be it by a token.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.identity != IdentityLine::Absent
    }

    /// Says whether the request says who is asking by what its sender verified, not by a token.
    #[must_use]
    pub fn says_who(&self) -> bool {
        self.has_identity() && self.token().is_none()
    }

    /// Returns the token that the request's `identity` holds.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.identity {
            IdentityLine::Token(token) => Some(token),
            IdentityLine::Absent
            | IdentityLine::Claims(..)
            | IdentityLine::Invalid(_)
            | IdentityLine::Unavailable => None,
        }
    }

    /// Maps the identity by the lines of its issuer. A token is one that nobody here verifies.
    #[must_use]
    pub fn caller(&self, model: &IdentityModel) -> LineCaller {
        self.identity.caller(model, self.facts.client_cert())
    }
}

impl IdentityLine<'_> {
    fn caller(&self, model: &IdentityModel, client_cert: Option<&str>) -> LineCaller {
        match self {
            Self::Absent => LineCaller::Anonymous,
            Self::Claims(issuer, claims) => LineCaller::mapped(model, issuer, claims, client_cert),
            Self::Invalid(code) => LineCaller::Invalid(code.clone().into_owned()),
            Self::Unavailable => LineCaller::KeysUnavailable,
            Self::Token(_) => LineCaller::Invalid("no_verifier".to_owned()),
        }
    }
}

/// Reads a line as one JSON value.
fn json_of(line: &str) -> Result<JsonText<'_>, LineError> {
    use LineErrorCode as C;
    if line.len() > REQUEST_LINE_BYTES_MAX {
        let message = format!("the line has {} bytes; at most {REQUEST_LINE_BYTES_MAX} are read", line.len());
        return Err(LineError::new(C::TooLarge, "", message));
    }
    if line.trim_ascii().is_empty() {
        return Err(LineError::new(C::Json, "", "the line is empty"));
    }
    // The parser counts lines, and a request is one: only the column tells anything.
    let in_line = |e: &dyn std::fmt::Display| e.to_string().replace(" at line 1 column ", ", at column ");
    crate::json::parse_borrowed(line).map_err(|e| LineError::new(C::Json, "", in_line(&e)))
}
