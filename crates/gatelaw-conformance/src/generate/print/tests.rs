//! Test items.

use gatelaw::ast::{Effect, Test, TestLineKind};
use gatelaw::json::Json;

use super::block;
use super::issuers::is_word;
use super::literals::{literal, quoted, string};

pub(super) fn test(test: &Test) -> String {
    block(&format!("test {}", string(&test.name)), test.lines.iter().map(|line| test_line(&line.node)))
}

fn test_line(line: &TestLineKind) -> String {
    match line {
        TestLineKind::Request(method, url) => format!("request {} {}", method.node, string(url)),
        TestLineKind::Header(name, value) => {
            format!("header {} = {}", string(name), string(value))
        }
        TestLineKind::From(address) => format!("from {}", literal(address)),
        TestLineKind::At(instant) => format!("at {}", literal(instant)),
        TestLineKind::Facts(facts) => {
            let facts: Vec<String> = facts
                .iter()
                .map(|(name, value)| format!("{}: {}", name.node, json_text(&value.node)))
                .collect();
            format!("facts {}", braced(&facts))
        }
        TestLineKind::As(issuer, claims) => format!("as {} {}", issuer.node, json_text(&claims.node)),
        TestLineKind::AsAnonymous => "as anonymous".into(),
        TestLineKind::AsInvalid => "as invalid".into(),
        TestLineKind::ExpectEffect(effect, status, rule) => {
            let mut text = format!("expect {}", effect_word(*effect));
            if let Some(status) = status {
                text.push_str(&format!(" {}", status.node));
            }
            if let Some(rule) = rule {
                text.push_str(&format!(" by {}", rule.node));
            }
            text
        }
        TestLineKind::ExpectRefused(code) => format!("expect refused {}", code.node),
        TestLineKind::ExpectHeader(name, value) => {
            format!("expect header {} = {}", string(name), string(value))
        }
        TestLineKind::ExpectLimit(rule) => format!("expect limit {}", rule.node),
        TestLineKind::ExpectObserved(rule) => format!("expect observed {}", rule.node),
    }
}

fn json_text(value: &Json) -> String {
    match value {
        Json::Null => "null".into(),
        Json::Bool(truth) => truth.to_string(),
        Json::Int(number) => number.to_string(),
        // Which number it was is lost; any that is no integer means the same.
        Json::OtherNumber => "0.5".into(),
        Json::String(text) => quoted(text),
        Json::Array(values) => {
            let values: Vec<String> = values.iter().map(json_text).collect();
            format!("[{}]", values.join(", "))
        }
        Json::Object(members) => {
            let name = |name: &str| if is_word(name) { name.to_owned() } else { quoted(name) };
            let members: Vec<String> =
                members.iter().map(|(n, value)| format!("{}: {}", name(n), json_text(value))).collect();
            braced(&members)
        }
    }
}

fn braced(members: &[String]) -> String {
    if members.is_empty() { "{}".into() } else { format!("{{ {} }}", members.join(", ")) }
}

const fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}
