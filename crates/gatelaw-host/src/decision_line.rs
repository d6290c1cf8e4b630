//! A decision as one line of JSON.

use std::borrow::Borrow;
use std::fmt::Write as _;

use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::{DecisionText, LimitText};
use gatelaw::{Decision, Plan, Session};

use crate::json::plain_length;
use crate::request_line::{LineError, RequestLine, RequestText};

/// Bytes that nearly every line fits.
const LINE_BYTES: usize = 1_024;

/// Writes a decision as one line, without a line break at its end.
#[must_use]
pub fn decision_line(decision: &Decision) -> String {
    written(&decision.as_text())
}

/// Writes the members of a decision, always all and in this order.
///
/// By hand: a serialiser of any type writes each name, colon and comma on its own, and looks at each byte of a text whether it needs an
/// escape.
fn written(decision: &DecisionText<'_>) -> String {
    let mut line = Line(String::with_capacity(LINE_BYTES));
    line.raw(match decision.effect {
        Effect::Allow => r#"{"v":1,"effect":"allow","status":"#,
        Effect::Deny => r#"{"v":1,"effect":"deny","status":"#,
    });
    line.number(decision.status.into());
    line.raw(r#","reason":""#);
    let (kind, detail) = decision.reason.parts();
    line.raw(kind);
    line.escaped(detail);
    line.raw(r#"","rule":"#);
    line.text_or_null(decision.rule);
    line.raw(r#","challenge":"#);
    line.text_or_null(decision.challenge);
    line.raw(r#","text":"#);
    line.text_or_null(decision.text);
    line.raw(r#","set":["#);
    line.list(&decision.set, Line::pair);
    line.raw(r#"],"remove":["#);
    line.list(&decision.remove, |line, name| line.text(name));
    line.raw(r#"],"limits":["#);
    line.list(&decision.limits, Line::limit);
    line.raw(match decision.audit {
        AuditLevel::None => r#"],"audit":"none","keep":["#,
        AuditLevel::Brief => r#"],"audit":"brief","keep":["#,
        AuditLevel::Full => r#"],"audit":"full","keep":["#,
    });
    line.list(&decision.keep, Line::pair);
    line.raw(r#"],"observed":["#);
    line.list(&decision.observed, |line, name| line.text(name));
    line.raw(r#"],"target":"#);
    line.text_or_null(decision.target);
    line.raw(r#","policy":"#);
    line.text(decision.policy);
    line.raw("}");
    line.0
}

/// A line that is being written.
struct Line(String);

impl Line {
    /// Writes what is JSON already.
    fn raw(&mut self, json: &str) {
        self.0.push_str(json);
    }

    fn number(&mut self, number: u32) {
        // Writing to a `String` can't fail.
        _ = write!(self.0, "{number}");
    }

    fn text(&mut self, text: &str) {
        self.raw("\"");
        self.escaped(text);
        self.raw("\"");
    }

    /// Writes the inside of a text.
    fn escaped(&mut self, text: &str) {
        if plain_length(text.as_bytes()) == text.len() {
            return self.raw(text);
        }
        // A text always serialises.
        let quoted = serde_json::to_string(text).unwrap_or_default();
        self.raw(quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(""));
    }

    fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    /// Writes entries with commas between.
    fn list<T>(&mut self, entries: &[T], entry: impl Fn(&mut Self, &T)) {
        for (number, value) in entries.iter().enumerate() {
            if number > 0 {
                self.raw(",");
            }
            entry(self, value);
        }
    }

    fn pair(&mut self, (name, value): &(&str, &str)) {
        self.raw("[");
        self.text(name);
        self.raw(",");
        self.text(value);
        self.raw("]");
    }

    fn limit(&mut self, limit: &LimitText<'_>) {
        self.raw(r#"{"name":"#);
        self.text(limit.name);
        self.raw(r#","key":"#);
        self.text(limit.key);
        for (name, number) in
            [(r#","rate":"#, limit.rate), (r#","per_s":"#, limit.per_s), (r#","burst":"#, limit.burst)]
        {
            self.raw(name);
            self.number(number);
        }
        self.raw("}");
    }
}

/// Reads a line for a plan: the request, and all that the policy needs of it.
///
/// # Errors
/// Where the line is no request, or lacks an address that the policy reads.
pub fn request_line<P: Borrow<Plan>>(
    session: &Session<P>,
    line: &str,
    default_now: Option<i64>,
) -> Result<RequestLine, LineError> {
    whole(RequestLine::parse(line, default_now)?, session.plan())
}

/// Passes a request on that has all that the plan needs.
fn whole<'l>(request: RequestText<'l>, plan: &Plan) -> Result<RequestText<'l>, LineError> {
    request.require(plan.needs())?;
    Ok(request)
}

/// Answers one line: a decision, or what is wrong with the line.
///
/// `default_now`, in Unix seconds, stands in for a missing `now`.
pub fn decide_line<P: Borrow<Plan>>(
    session: &mut Session<P>,
    line: &str,
    default_now: Option<i64>,
) -> String {
    let read = RequestText::read(line, default_now);
    let request = match read.and_then(|request| whole(request, session.plan())) {
        Ok(request) => request,
        Err(error) => return error.to_line(),
    };
    let caller = request.caller(session.plan().identity_model());
    request.with(|raw| {
        session.decide(raw, caller.caller());
    });
    written(&session.view())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A serialiser that was written for all texts says what each byte is.
    #[test]
    fn texts_are_escaped_as_json_has_them() {
        for text in (0..=0x24f_u32)
            .filter_map(char::from_u32)
            .flat_map(|c| [format!("{c}"), format!("long enough{c}for words")])
        {
            let mut line = Line(String::new());
            line.text(&text);
            assert_eq!(line.0, serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn what_a_verifier_says_is_escaped_too() {
        let policy = "allow a { on /**  for anyone }";
        let compiled = gatelaw::compile(&gatelaw::Sources::from_text("policy.gate", policy)).unwrap();
        let line = r#"{"method":"GET","scheme":"https","host":"a.example","target":"/","now":0}"#;
        let request = RequestLine::parse(line, None).unwrap();
        let mut session = Session::new(&compiled.plan);
        let caller = gatelaw::Caller::Invalid("a\"b\n");
        let decision = request.with(|raw| session.decision(raw, caller));
        let read: serde_json::Value = serde_json::from_str(&decision_line(&decision)).unwrap();
        assert_eq!(read["reason"], "token:a\"b\n");
    }
}
