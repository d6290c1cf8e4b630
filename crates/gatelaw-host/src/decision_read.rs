//! A decision read back from its line: between processes, or from a record.

use gatelaw::Decision;
use gatelaw::ast::{AuditLevel, Effect};
use gatelaw::decision::{LimitUse, Reason};
use serde::Deserialize;

/// Says why a line is no decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no decision: {0}")]
pub struct DecisionError(String);

/// The members of a decision. All must be there, and no others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    v: u8,
    effect: String,
    status: u16,
    reason: String,
    #[serde(deserialize_with = "Option::deserialize")]
    rule: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    challenge: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    text: Option<String>,
    set: Vec<(String, String)>,
    remove: Vec<String>,
    limits: Vec<LimitLine>,
    audit: String,
    keep: Vec<(String, String)>,
    observed: Vec<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    target: Option<String>,
    policy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitLine {
    name: String,
    key: String,
    rate: u32,
    per_s: u32,
    burst: u32,
}

/// Reads a line that [`decision_line`](crate::decision_line) wrote.
///
/// # Errors
/// Where it is no JSON, lacks a member or has another, or a value is none that a decision can have.
pub fn read_decision(line: &str) -> Result<Decision, DecisionError> {
    let line: Line = serde_json::from_str(line).map_err(|error| DecisionError(error.to_string()))?;
    let unknown = |name: &str, value: &str| DecisionError(format!("`{name}` is never `{value}`"));
    if line.v != 1 {
        return Err(unknown("v", &line.v.to_string()));
    }
    let limit = |LimitLine { name, key, rate, per_s, burst }| LimitUse { name, key, rate, per_s, burst };
    Ok(Decision {
        effect: match line.effect.as_str() {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            other => return Err(unknown("effect", other)),
        },
        status: line.status,
        reason: reason(&line.reason).ok_or_else(|| unknown("reason", &line.reason))?,
        rule: line.rule,
        challenge: line.challenge,
        text: line.text,
        set: line.set,
        remove: line.remove,
        limits: line.limits.into_iter().map(limit).collect(),
        audit: match line.audit.as_str() {
            "none" => AuditLevel::None,
            "brief" => AuditLevel::Brief,
            "full" => AuditLevel::Full,
            other => return Err(unknown("audit", other)),
        },
        keep: line.keep,
        observed: line.observed,
        target: line.target,
        policy: line.policy,
    })
}

/// The names that may stand behind `fact:`.
const FACTS: [&str; 7] = ["ip", "country", "asn", "bot_score", "tls_version", "client_cert", "size"];

fn reason(text: &str) -> Option<Reason> {
    let (kind, rest) = text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
    Some(match (kind, rest) {
        ("rule", None) => Reason::Rule,
        ("no_rule", None) => Reason::NoRule,
        ("unauthenticated", None) => Reason::Unauthenticated,
        ("insufficient_user_authentication", None) => Reason::InsufficientUserAuthentication,
        ("insufficient_scope", None) => Reason::InsufficientScope,
        ("keys_unavailable", None) => Reason::KeysUnavailable,
        ("forward_value", None) => Reason::ForwardValue,
        ("record_size", None) => Reason::RecordSize,
        ("refused", Some(code)) => Reason::Refused(code.to_owned()),
        ("token", Some(code)) => Reason::Token(code.to_owned()),
        ("fact", Some(name)) => Reason::Fact(FACTS.into_iter().find(|fact| *fact == name)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision_line;

    const LINE: &str = r#"{"v":1,"effect":"allow","status":200,"reason":"rule","rule":"r","challenge":null,"text":null,"set":[["x-a","1"]],"remove":["x-b"],"limits":[{"name":"l","key":"k","rate":1,"per_s":60,"burst":2}],"audit":"full","keep":[["user.id","u"]],"observed":["o"],"target":"/","policy":"sha256:0"}"#;

    #[test]
    fn what_was_written_is_read_back() {
        assert_eq!(decision_line(&read_decision(LINE).unwrap()), LINE);
        for reason in [
            "no_rule",
            "unauthenticated",
            "insufficient_user_authentication",
            "insufficient_scope",
            "keys_unavailable",
            "forward_value",
            "record_size",
            "refused:header-alias:x-a",
            "token:expired",
            "fact:ip",
        ] {
            let line = LINE.replace(r#""reason":"rule""#, &format!(r#""reason":"{reason}""#));
            assert_eq!(decision_line(&read_decision(&line).unwrap()), line);
        }
    }

    #[test]
    fn what_no_decision_says_is_refused() {
        for (written, instead) in [
            (r#""v":1,"#, r#""v":2,"#),
            (r#""v":1,"#, ""),
            (r#""effect":"allow""#, r#""effect":"maybe""#),
            (r#""reason":"rule""#, r#""reason":"rule:""#),
            (r#""reason":"rule""#, r#""reason":"fact:weather""#),
            (r#""status":200"#, r#""status":"200""#),
            (r#""challenge":null,"#, ""),
            (r#""challenge":null,"#, r#""challenge":null,"challenge":null,"#),
            (r#""audit":"full""#, r#""audit":"loud""#),
            (r#""burst":2"#, r#""burst":2,"more":1"#),
            (r#""policy""#, r#""more":1,"policy""#),
        ] {
            assert!(LINE.contains(written));
            assert!(read_decision(&LINE.replace(written, instead)).is_err(), "{instead}");
        }
        assert!(read_decision(r#"{"v":1,"error":"json","at":""}"#).is_err());
    }
}
