//! The workload for matchers that are written by hand in other languages: rules, networks, countries, roles, and what is expected.

use std::fmt::Write as _;

use gatelaw_benches::plain;
use gatelaw_benches::workload::{
    Access, Condition, EMBARGOED, ROLE_LEVELS, ROLE_TREES, Rule, Shape, Workload, includes, role_name, scope,
    scope_name,
};
use serde_json::{Value, json};

/// Lists all of it; `expected` are statuses, a request each.
pub(crate) fn workload(workload: &Workload) -> Value {
    let burned = workload.burned.iter().map(|net| net.to_string().trim_end_matches(".0").to_owned());
    let all = || 0..ROLE_TREES * ROLE_LEVELS;
    let included = |role| all().filter(|other| includes(role, *other)).map(role_name).collect::<Vec<_>>();
    let roles: serde_json::Map<_, _> = all().map(|role| (role_name(role), included(role).into())).collect();
    json!({
        "burned": burned.collect::<Vec<_>>(),
        "embargoed": EMBARGOED,
        "roles": roles,
        "rules": workload.rules.iter().map(rule).collect::<Vec<_>>(),
        "expected": workload.requests.iter().map(|r| plain::decide(workload, r).status).collect::<Vec<_>>(),
    })
}

fn rule(rule: &Rule) -> Value {
    let methods: &[&str] = match rule.access {
        Access::Read => &["GET", "HEAD"],
        Access::Write => &["POST", "PUT", "DELETE"],
    };
    let network = match rule.condition {
        Condition::Network(n) => Some(format!("10.{n}.")),
        Condition::None | Condition::Tenant | Condition::SecondFactor => None,
    };
    json!({
        "place": format!("svc{}/v1/res{}", rule.service, rule.resource),
        "methods": methods,
        "single": rule.shape == Shape::Item,
        "role": role_name(rule.role),
        "scope": scope_name(scope(rule.resource, rule.access)),
        "network": network,
        "mfa": rule.condition == Condition::SecondFactor,
        "tenant": rule.condition == Condition::Tenant,
    })
}

/// Writes a value as Lua has it.
pub(crate) fn lua(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => lua_text(text.as_bytes()),
        Value::Array(values) => format!("{{ {} }}", values.iter().map(lua).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("[{}] = {}", lua_text(name.as_bytes()), lua(value))
            };
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Writes a text as Lua has it.
pub(crate) fn lua_text(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b'\\' | b'"' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            // Writing to a `String` can't fail.
            _ => _ = write!(text, "\\{byte:03}"),
        }
    }
    text + "\""
}
