//! A question as one line of JSON, for evaluators behind a border.

use gatelaw::json::Json;
use gatelaw::request::{Fact, Scheme};
use serde_json::{Map, Value, json};

use super::{OwnFacts, Question};

impl Question {
    /// Writes the question as a line, as `gatelaw decide` reads it.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        put("method", json!(self.method));
        put("scheme", json!(if self.scheme == Scheme::Http { "http" } else { "https" }));
        put("host", json!(self.host));
        put("target", json!(self.target));
        put("headers", json!(self.headers));
        self.ip.map(|ip| put("ip", json!(ip.to_string())));
        put("facts", facts(&self.facts));
        put("now", json!(self.now));
        self.identity.as_ref().map(|identity| put("identity", value(identity)));
        Value::Object(line).to_string()
    }
}

fn facts(facts: &OwnFacts) -> Value {
    let mut known = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| known.insert(name.to_owned(), value));
    put("country", text(&facts.country));
    put("asn", number(facts.asn));
    put("bot_score", number(facts.bot_score));
    put("tls_version", text(&facts.tls_version));
    put("client_cert", text(&facts.client_cert));
    put("size", number(facts.size));
    Value::Object(known)
}

fn text(fact: &Fact<String>) -> Option<Value> {
    match fact {
        Fact::Absent => None,
        Fact::Present(text) => Some(json!(text)),
        Fact::Wrong => Some(json!(7)),
    }
}

fn number(fact: Fact<i64>) -> Option<Value> {
    match fact {
        Fact::Absent => None,
        Fact::Present(number) => Some(json!(number)),
        Fact::Wrong => Some(json!("seven")),
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => json!(bool),
        Json::Int(int) => json!(int),
        Json::OtherNumber => json!(0.5),
        Json::String(text) => json!(text),
        Json::Array(values) => Value::Array(values.iter().map(value).collect()),
        Json::Object(members) => Value::Object(
            members.iter().map(|(name, member)| (name.clone().into_owned(), value(member))).collect(),
        ),
    }
}
