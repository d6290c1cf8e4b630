//! What a gate does with a request once it is decided: forward it, changed as the decision says, or answer it.
//!
//! The edge and the gateway both take it from here, so that neither has a rule of its own.

use gatelaw::Decision;
use gatelaw::ast::Effect;
use gatelaw::decision::{DecisionText, Reason};
use gatelaw::request::{is_always_removed_as_spelt, is_same_fold};
use gatelaw::sort::{sort, sort_each_once};
use serde::Serialize;

use crate::trace::{TRACEPARENT_HEADER, TRACESTATE_HEADER, Trace};

/// Names the header that carries the correlation id: made by the gate, never taken from the client.
pub const CORRELATION_HEADER: &str = "x-request-id";

/// The media type of answers (RFC 9457 §3).
const PROBLEM: &str = "application/problem+json";

/// Says what to do with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Handling {
    /// Send it on.
    Forward(Forward),
    /// Answer it here.
    Answer(Answer),
}

/// Says how a request goes on: drop, then set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forward {
    /// The path and query to send: the canonical target.
    pub target: String,
    /// The names among the request's own headers that must not go on, as they came, sorted, each once.
    pub drop: Vec<String>,
    /// The headers to set, by lower-case name, sorted.
    pub set: Vec<(String, String)>,
}

/// Holds an answer of the gate itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The HTTP status, 400 to 503.
    pub status: u16,
    /// The headers, by lower-case name, sorted.
    pub headers: Vec<(String, String)>,
    /// A problem detail (RFC 9457) as JSON; a HEAD request gets the headers alone.
    pub body: String,
}

/// The members of a problem detail, in this order.
#[derive(Serialize)]
struct Problem<'p> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    reason: &'p str,
    request_id: &'p str,
}

impl Handling {
    /// Makes of a decision what its gate does. An allow that can't be carried out is answered 503.
    ///
    /// `names` are those of the request's headers, each as it came; `request_id` is the correlation id: it is set on what goes
    /// on, unless the policy sets [`CORRELATION_HEADER`] itself, and on the answer.
    pub fn of<'n>(decision: &Decision, names: impl IntoIterator<Item = &'n [u8]>, request_id: &str) -> Self {
        Self::of_text(&decision.as_text(), names, request_id)
    }

    /// Does what [`Self::of`] does, without a copy of the decision.
    pub fn of_text<'n>(
        decision: &DecisionText<'_>,
        names: impl IntoIterator<Item = &'n [u8]>,
        request_id: &str,
    ) -> Self {
        match (decision.effect, decision.target) {
            (Effect::Allow, Some(target)) => Self::Forward(Forward::new(decision, target, names, request_id)),
            (Effect::Allow, None) => Self::Answer(Answer::unavailable("target", request_id)),
            (Effect::Deny, _) => Self::Answer(Answer::new(decision, request_id)),
        }
    }

    /// Puts the headers of a trace on what goes on, in place of those that came; what the policy sets under these names stays.
    ///
    /// `names` are those that [`Handling::of`] took.
    #[must_use]
    pub fn carrying<'n>(mut self, trace: &Trace, names: impl IntoIterator<Item = &'n [u8]>) -> Self {
        if let Self::Forward(forward) = &mut self {
            forward.carry(trace, names);
        }
        self
    }

    /// Writes it as one line: `{"forward":{"target","drop","set"}}` or `{"answer":{"status","headers","body"}}`.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Texts and numbers alone always serialise; were they not to, an empty line is no allow.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Forward {
    fn new<'n>(
        decision: &DecisionText<'_>,
        target: &str,
        names: impl IntoIterator<Item = &'n [u8]>,
        request_id: &str,
    ) -> Self {
        let set = decision.set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut forward = Self { target: target.to_owned(), drop: Vec::new(), set: set.collect() };
        forward.set_unless_set(CORRELATION_HEADER, request_id);
        let dropped = |name: &[u8]| {
            is_always_removed_as_spelt(name)
                || decision.remove.iter().any(|other| is_same_fold(other.as_bytes(), name))
                || forward.set.iter().any(|(other, _)| is_same_fold(other.as_bytes(), name))
        };
        forward.drop = names_that(names, dropped);
        forward
    }

    fn carry<'n>(&mut self, trace: &Trace, names: impl IntoIterator<Item = &'n [u8]>) {
        let headers = [TRACEPARENT_HEADER, TRACESTATE_HEADER];
        let carries = |name: &[u8]| headers.iter().any(|header| name.eq_ignore_ascii_case(header.as_bytes()));
        self.drop.extend(names_that(names, carries));
        sort_each_once(&mut self.drop);
        self.set_unless_set(TRACEPARENT_HEADER, &trace.traceparent());
        if let Some(state) = trace.tracestate() {
            self.set_unless_set(TRACESTATE_HEADER, &state);
        }
    }

    fn set_unless_set(&mut self, name: &str, value: &str) {
        if let Err(at) = self.set.binary_search_by(|(other, _)| other.as_str().cmp(name)) {
            self.set.insert(at, (name.to_owned(), value.to_owned()));
        }
    }
}

impl Answer {
    fn new(decision: &DecisionText<'_>, request_id: &str) -> Self {
        let detail = decision.text.or_else(|| detail(&decision.reason));
        let mut answer = Self::problem(decision.status, detail, &decision.reason.to_string(), request_id);
        if let Some(challenge) = decision.challenge {
            answer.headers.push(("www-authenticate".to_owned(), challenge.to_owned()));
            sort(&mut answer.headers);
        }
        answer
    }

    /// Makes the answer of a gate that can't decide: 503, with the reason `gate:CODE`.
    #[must_use]
    pub fn unavailable(code: &str, request_id: &str) -> Self {
        Self::problem(503, Some("the gate can't decide now"), &format!("gate:{code}"), request_id)
    }

    fn problem(status: u16, detail: Option<&str>, reason: &str, request_id: &str) -> Self {
        let problem =
            Problem { r#type: "about:blank", title: title(status), status, detail, reason, request_id };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            status,
            headers: vec![
                header("cache-control", "no-store"),
                header("content-type", PROBLEM),
                header(CORRELATION_HEADER, request_id),
            ],
            body: serde_json::to_string(&problem).unwrap_or_default(),
        }
    }
}

/// Lists the names that a test holds for, sorted, each once.
fn names_that<'n>(names: impl IntoIterator<Item = &'n [u8]>, holds: impl Fn(&[u8]) -> bool) -> Vec<String> {
    let names = names.into_iter().filter(|name| holds(name));
    // INVARIANT: a name that is no token was refused, so what came is text.
    let mut names: Vec<String> = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    sort_each_once(&mut names);
    names
}

/// Says in a sentence what the caller can do about it. Neither rules nor values of the policy are told.
fn detail(reason: &Reason) -> Option<&'static str> {
    match reason {
        Reason::Rule | Reason::NoRule | Reason::ForwardValue | Reason::RecordSize => {
            Some("the request is not allowed")
        }
        Reason::Unauthenticated => Some("sign in, and send the access token as a bearer token"),
        Reason::InsufficientUserAuthentication => {
            Some("sign in again, in the way that the challenge asks for")
        }
        Reason::InsufficientScope => Some("the access token lacks a scope that the challenge names"),
        Reason::KeysUnavailable => Some("the keys of the token's issuer can't be had now"),
        Reason::Refused(_) => Some("the request can be read in more than one way, or is malformed"),
        Reason::Token(_) => Some("the access token is not valid"),
        Reason::Fact(_) => Some("the gate can't decide now"),
    }
}

/// Names a status as RFC 9110 §15 and the registry of statuses do.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Denied",
    }
}

#[cfg(test)]
mod tests {
    use gatelaw::{Caller, RawRequest, Session, Sources, compile};

    use super::*;
    use crate::trace::TraceTrust;

    const POLICY: &str = r#"
issuer okta { url "https://acme.okta.com"  audience "api"  algorithms RS256 }
allow health { on GET /healthz  for anyone }
allow find { on GET /find  for anyone }
forward for_health {
  on GET /healthz
  set "x-health" = "yes"
  remove "x-debug"
}
allow traced { on GET /traced  for anyone }
forward of_trace { on GET /traced  set "traceparent" = "own" }
deny gone { on GET|HEAD /gone  respond 410 "moved \"away\"" }
"#;

    fn handling(path: &str, headers: &[(&[u8], &[u8])]) -> Handling {
        let compiled = compile(&Sources::from_text("policy.gate", POLICY)).unwrap();
        let raw = RawRequest { headers, ..RawRequest::new(b"GET", b"api.acme.com", path.as_bytes()) };
        let decision = Session::new(&compiled.plan).decision(&raw, Caller::Anonymous);
        Handling::of(&decision, headers.iter().map(|(name, _)| *name), "0123456789abcdef0123456789abcdef")
    }

    #[test]
    fn headers_that_the_policy_or_the_gate_answers_for_never_pass() {
        let headers: &[(&[u8], &[u8])] = &[
            (b"Accept", b"*/*"),
            (b"X_Health", b"no"),
            (b"x-debug", b"1"),
            (b"X-Debug", b"2"),
            (b"X.Request_Id", b"mine"),
            (b"X-Consumer-Username", b"root"),
            (b"x-rewrite-url", b"/admin"),
        ];
        let Handling::Forward(forward) = handling("/%68ealthz", headers) else { panic!("denied") };
        assert_eq!(forward.target, "/healthz");
        let dropped =
            ["X-Consumer-Username", "X-Debug", "X.Request_Id", "X_Health", "x-debug", "x-rewrite-url"];
        assert_eq!(forward.drop, dropped);
        let id = "0123456789abcdef0123456789abcdef".to_owned();
        let set = [("x-health".to_owned(), "yes".to_owned()), (CORRELATION_HEADER.to_owned(), id)];
        assert_eq!(forward.set, [set[0].clone(), set[1].clone()]);
    }

    #[test]
    fn what_no_rule_sets_is_dropped_too_where_some_rule_would_set_it() {
        let Handling::Forward(forward) = handling("/find", &[(b"x-health", b"no"), (b"x-debug", b"1")])
        else {
            panic!("denied")
        };
        assert_eq!(forward.drop, ["x-health"]);
    }

    #[test]
    fn the_trace_goes_on_as_it_was_taken_up() {
        let headers: &[(&[u8], &[u8])] =
            &[(b"TraceParent", b"mine"), (b"tracestate", b"a=1"), (b"x-debug", b"1")];
        let names = || headers.iter().map(|(name, _)| *name);
        let trace = Trace::next([], TraceTrust::Restart, &[7; 24]);
        let Handling::Forward(forward) = handling("/healthz", headers).carrying(&trace, names()) else {
            panic!("denied")
        };
        assert_eq!(forward.drop, ["TraceParent", "tracestate", "x-debug"]);
        assert_eq!(forward.set[0], ("traceparent".to_owned(), trace.traceparent()));
        assert_eq!(forward.set.len(), 3);
        assert!(forward.set.is_sorted());
        let received: [(&str, &[u8]); 2] = [
            ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("tracestate", b"a=1"),
        ];
        let trace = Trace::next(received, TraceTrust::Continue, &[7; 24]);
        let Handling::Forward(forward) = handling("/traced", headers).carrying(&trace, names()) else {
            panic!("denied")
        };
        assert_eq!(forward.set[1], ("tracestate".to_owned(), "a=1".to_owned()));
        assert_eq!(
            forward.set[0],
            ("traceparent".to_owned(), "own".to_owned()),
            "what the policy sets stays"
        );
    }

    #[test]
    fn answers_are_problem_details() {
        let line = handling("/gone", &[]).to_line();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let answer = &value["answer"];
        assert_eq!(answer["status"], 410);
        assert_eq!(answer["headers"][1], serde_json::json!(["content-type", "application/problem+json"]));
        let body: serde_json::Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Gone", "status": 410, "detail": "moved \"away\"", "reason": "rule",
            "request_id": "0123456789abcdef0123456789abcdef",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn challenges_are_sent() {
        let Handling::Answer(answer) = handling("/else", &[]) else { panic!("allowed") };
        assert_eq!(answer.status, 401);
        assert!(answer.headers.contains(&("www-authenticate".to_owned(), "Bearer".to_owned())));
        assert!(answer.headers.is_sorted());
    }

    #[test]
    fn an_allow_that_cannot_be_carried_out_is_answered() {
        let compiled = compile(&Sources::from_text("policy.gate", POLICY)).unwrap();
        let raw = RawRequest::new(b"GET", b"api.acme.com", b"/healthz");
        let mut decision = Session::new(&compiled.plan).decision(&raw, Caller::Anonymous);
        decision.target = None;
        let Handling::Answer(answer) = Handling::of(&decision, [], "id") else { panic!("allowed") };
        assert_eq!(answer.status, 503);
    }
}
