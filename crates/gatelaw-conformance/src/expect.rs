//! What a person expects of an answer, and whether the answer agrees.
//!
//! | expectation | holds of |
//! |---|---|
//! | `allow 200 by orders.read` | `effect`, `status`, `rule`, and the reason `rule` |
//! | `deny 401 unauthenticated`, `deny 400 refused:dot-segment` | `effect`, `status`, `reason`, and no `rule` |
//! | `deny 403 forward_value by identity` | `effect`, `status`, `reason`, `rule` |
//! | `error CODE at MEMBER`, `error json` | a line that is no request; without a member, the line as a whole |
//! | `set x-user = u1`, `no set x-user` | a pair of `set` |
//! | `remove x-user`, `limit per-user`, `observed bots` | an entry of `remove`, `limits`, `observed`; with `no`: none |
//! | `keep user.email = a@b`, `no keep user.email` | a pair of `keep` |
//! | `audit full`, `target /a`, `text …`, `challenge Bearer …` | that member; `no text`, `no challenge`, `no target`: null |

use serde_json::Value;

/// Holds one expectation, as written and as understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    text: String,
    expected: Expected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    /// `deny 403 forward_value by identity`
    Decision { effect: String, status: u64, reason: String, rule: Option<String> },
    /// `error unknown-member at headers`
    Error { code: String, at: String },
    /// `set x-user = u1`: a pair in an array of pairs
    Pair { member: &'static str, name: String, value: String },
    /// `no set x-user`
    NoPair { member: &'static str, name: String },
    /// `limit per-user`, `no limit per-user`: an entry of an array
    Entry { member: &'static str, name: String, there: bool },
    /// `audit full`, `no text`: a member that is a text or null
    Text { member: &'static str, text: Option<String> },
}

/// Says why an expectation has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`expect {0}` has no meaning here")]
pub struct ExpectError(String);

impl Expectation {
    /// Reads what follows `expect `.
    ///
    /// # Errors
    /// A text that is none of the forms above.
    pub fn parse(text: &str) -> Result<Self, ExpectError> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let expected = match word {
            "allow" | "deny" => decision(word, rest),
            "error" => error(rest),
            "no" => absent(rest),
            _ => present(word, rest),
        };
        let expected = expected.ok_or_else(|| ExpectError(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), expected })
    }

    /// Says whether this names the whole outcome, as each case does once.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self.expected, Expected::Decision { .. } | Expected::Error { .. })
    }

    /// Says whether a person expects that a pair is missing: `no keep user.email`.
    #[must_use]
    pub fn is_without(&self, pair: &str, of: &str) -> bool {
        matches!(&self.expected, Expected::NoPair { member, name } if *member == pair && name == of)
    }

    /// Says in what way an answer disagrees; `None` where it agrees.
    #[must_use]
    pub fn disagreement(&self, answer: &Value) -> Option<String> {
        let found = match &self.expected {
            Expected::Decision { effect, status, reason, rule } => {
                let found = summary(answer);
                (found != (effect.as_str(), *status, reason.as_str(), rule.as_deref()))
                    .then(|| outcome(answer))
            }
            Expected::Error { code, at } => {
                let found = (text_of(answer, "error"), text_of(answer, "at"));
                (found != (Some(code.as_str()), Some(at.as_str()))).then(|| outcome(answer))
            }
            Expected::Pair { member, name, value } => (!pairs(answer, member)
                .any(|p| p == (name.as_str(), value.as_str())))
            .then(|| shown(answer, member)),
            Expected::NoPair { member, name } => {
                pairs(answer, member).any(|(n, _)| n == name).then(|| shown(answer, member))
            }
            Expected::Entry { member, name, there } => {
                let found: Vec<&str> = entries(answer, member).collect();
                (found.contains(&name.as_str()) != *there).then(|| format!("{member} {found:?}"))
            }
            Expected::Text { member, text } => {
                (text_of(answer, member) != text.as_deref()).then(|| shown(answer, member))
            }
        };
        found.map(|found| format!("expected `{}`, found {found}", self.text))
    }
}

/// `200 by orders.read`, `401 unauthenticated`, `403 forward_value by identity`
fn decision(effect: &str, rest: &str) -> Option<Expected> {
    let (status, why) = rest.split_once(' ')?;
    let (reason, rule) = match why.strip_prefix("by ") {
        Some(rule) => ("rule", Some(rule)),
        None => match why.split_once(" by ") {
            Some((reason, rule)) => (reason, Some(rule)),
            None => (why, None),
        },
    };
    Some(Expected::Decision {
        effect: effect.to_owned(),
        status: status.parse().ok()?,
        reason: reason.to_owned(),
        rule: rule.map(str::to_owned),
    })
}

/// `unknown-member at headers`
fn error(rest: &str) -> Option<Expected> {
    let (code, at) = rest.split_once(" at ").unwrap_or((rest, ""));
    (!code.is_empty()).then(|| Expected::Error { code: code.to_owned(), at: at.to_owned() })
}

/// `set x-user = u1`, `limit per-user`, `audit full`
fn present(word: &str, rest: &str) -> Option<Expected> {
    if let Some(member) = pair_member(word) {
        let (name, value) = rest.split_once(" =")?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        return Some(Expected::Pair { member, name: name.to_owned(), value: value.to_owned() });
    }
    if let Some(member) = entry_member(word) {
        return Some(Expected::Entry { member, name: rest.to_owned(), there: true });
    }
    Some(Expected::Text { member: text_member(word)?, text: Some(rest.to_owned()) })
}

/// `set x-user`, `limit per-user`, `text`
fn absent(rest: &str) -> Option<Expected> {
    let (word, name) = rest.split_once(' ').unwrap_or((rest, ""));
    if name.is_empty() {
        return Some(Expected::Text { member: text_member(word)?, text: None });
    }
    if let Some(member) = pair_member(word) {
        return Some(Expected::NoPair { member, name: name.to_owned() });
    }
    Some(Expected::Entry { member: entry_member(word)?, name: name.to_owned(), there: false })
}

fn pair_member(word: &str) -> Option<&'static str> {
    ["set", "keep"].into_iter().find(|m| *m == word)
}

fn entry_member(word: &str) -> Option<&'static str> {
    match word {
        "remove" => Some("remove"),
        "limit" => Some("limits"),
        "observed" => Some("observed"),
        _ => None,
    }
}

fn text_member(word: &str) -> Option<&'static str> {
    ["audit", "target", "text", "challenge"].into_iter().find(|m| *m == word)
}

fn summary(answer: &Value) -> (&str, u64, &str, Option<&str>) {
    let status = answer.get("status").and_then(Value::as_u64).unwrap_or_default();
    let effect = text_of(answer, "effect").unwrap_or_default();
    (effect, status, text_of(answer, "reason").unwrap_or_default(), text_of(answer, "rule"))
}

/// Tells an answer in the words of an expectation.
fn outcome(answer: &Value) -> String {
    let (effect, status, reason, rule) = summary(answer);
    match (text_of(answer, "error"), rule, reason) {
        (Some(code), ..) => match text_of(answer, "at").unwrap_or_default() {
            "" => format!("`error {code}`"),
            at => format!("`error {code} at {at}`"),
        },
        (None, Some(rule), "rule") => format!("`{effect} {status} by {rule}`"),
        (None, Some(rule), _) => format!("`{effect} {status} {reason} by {rule}`"),
        (None, None, _) => format!("`{effect} {status} {reason}`"),
    }
}

fn shown(answer: &Value, member: &str) -> String {
    format!("{member} {}", answer.get(member).unwrap_or(&Value::Null))
}

fn text_of<'a>(answer: &'a Value, member: &str) -> Option<&'a str> {
    answer.get(member).and_then(Value::as_str)
}

fn array<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(member).and_then(Value::as_array).into_iter().flatten()
}

fn pairs<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    array(answer, member).filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?)))
}

/// Entries are texts, or objects with a name.
fn entries<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = &'a str> {
    array(answer, member).filter_map(|entry| entry.get("name").unwrap_or(entry).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"v":1,"effect":"allow","status":200,"reason":"rule","rule":"a.b","challenge":null,"text":null,
        "set":[["x-user","u1"],["x-empty",""]],"remove":["x-gone"],"limits":[{"name":"per-user","key":"k"}],"audit":"full",
        "keep":[["user.id","u1"]],"observed":["bots"],"target":"/a"}"#;

    fn check(answer: &str, expect: &str) -> String {
        let answer = serde_json::from_str(answer).unwrap();
        let expectation = Expectation::parse(expect).unwrap();
        expectation.disagreement(&answer).unwrap_or_default()
    }

    #[test]
    fn what_agrees_says_nothing() {
        for expect in [
            "allow 200 by a.b",
            "set x-user = u1",
            "set x-empty =",
            "no set x-other",
            "remove x-gone",
            "no remove x-user",
            "limit per-user",
            "no limit per-day",
            "observed bots",
            "keep user.id = u1",
            "no keep user.email",
            "audit full",
            "target /a",
            "no text",
            "no challenge",
        ] {
            assert_eq!(check(ANSWER, expect), "", "{expect}");
        }
    }

    #[test]
    fn what_disagrees_says_what_was_found() {
        for (expect, found) in [
            ("allow 200 by a", "`allow 200 by a.b`"),
            ("allow 204 by a.b", "`allow 200 by a.b`"),
            ("deny 200 by a.b", "`allow 200 by a.b`"),
            ("allow 200 no_rule by a.b", "`allow 200 by a.b`"),
            ("allow 200 rule", "`allow 200 by a.b`"),
            ("error x at y", "`allow 200 by a.b`"),
            ("set x-user = u2", r#"set [["x-user","u1"],["x-empty",""]]"#),
            ("no set x-user", r#"set [["x-user","u1"],["x-empty",""]]"#),
            ("no remove x-gone", r#"remove ["x-gone"]"#),
            ("limit per-day", r#"limits ["per-user"]"#),
            ("no observed bots", r#"observed ["bots"]"#),
            ("keep user.id = u2", r#"keep [["user.id","u1"]]"#),
            ("audit brief", r#"audit "full""#),
            ("no target", r#"target "/a""#),
            ("text none", "text null"),
        ] {
            assert_eq!(check(ANSWER, expect), format!("expected `{expect}`, found {found}"));
        }
    }

    #[test]
    fn reasons_and_rules_are_told_as_they_are_written() {
        let deny = r#"{"v":1,"effect":"deny","status":403,"reason":"forward_value","rule":"f"}"#;
        assert_eq!(check(deny, "deny 403 forward_value by f"), "");
        assert_eq!(
            check(deny, "deny 403 by f"),
            "expected `deny 403 by f`, found `deny 403 forward_value by f`"
        );
        let refused = r#"{"v":1,"effect":"deny","status":400,"reason":"refused:raw-#","rule":null}"#;
        assert_eq!(check(refused, "deny 400 refused:raw-#"), "");
        let error = r#"{"v":1,"error":"missing","at":"now"}"#;
        assert_eq!(check(error, "error missing at now"), "");
        assert_eq!(check(error, "error missing"), "expected `error missing`, found `error missing at now`");
        assert_eq!(check(r#"{"v":1,"error":"json","at":""}"#, "error json"), "");
        assert_eq!(check(error, "deny 400 x"), "expected `deny 400 x`, found `error missing at now`");
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for text in
            ["", "maybe", "allow", "allow 200", "deny x by y", "set x", "no", "no such", "error", "text2 a"]
        {
            assert_eq!(
                Expectation::parse(text).map_err(|e| e.to_string()),
                Err(format!("`expect {text}` has no meaning here"))
            );
        }
    }
}
