//! The API gateway scenario of the OpenID AuthZEN interop: published rows as requests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// When the requests are made: 2026-01-01T12:00:00Z.
const NOW: i64 = 1_767_268_800;
/// What stands in a request where a published route has `{…}`.
const PLAIN_ID: &str = "7";

/// Holds one published row, as a request and the answer that it must get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Who asks, by name.
    pub name: String,
    /// The roles that the token says they have.
    pub roles: Vec<String>,
    /// The method.
    pub method: String,
    /// The published route, such as `/todos/{todoId}`.
    pub route: String,
    /// Whether the request must be allowed.
    pub expected: bool,
    /// The request, one line of JSON.
    pub request: String,
}

/// Reads the rows in `decisions.json`, with the roles of `subjects.json` beside it.
///
/// # Errors
/// A file that can't be read, or a row that isn't as published.
pub fn read(folder: &Path) -> Result<Vec<Row>, String> {
    let subjects = subjects(&json_file(&folder.join("subjects.json"))?)?;
    let rows = json_file(&folder.join("decisions.json"))?;
    let rows = rows.get("evaluation").and_then(Value::as_array).ok_or("no `evaluation` in decisions.json")?;
    rows.iter()
        .map(|row| read_row(row, &subjects).ok_or_else(|| format!("an unknown kind of row: {row}")))
        .collect()
}

struct Subject {
    name: String,
    roles: Vec<String>,
}

fn subjects(file: &Value) -> Result<BTreeMap<String, Subject>, String> {
    let all = file.get("subjects").and_then(Value::as_array).ok_or("no `subjects` in subjects.json")?;
    let subject = |value: &Value| {
        let roles = value.get("roles")?.as_array()?.iter().map(|r| r.as_str().map(str::to_owned));
        let subject = Subject { name: text(value, "/name")?, roles: roles.collect::<Option<_>>()? };
        Some((text(value, "/id")?, subject))
    };
    all.iter()
        .map(|value| subject(value).ok_or_else(|| format!("an unknown kind of subject: {value}")))
        .collect()
}

fn read_row(row: &Value, subjects: &BTreeMap<String, Subject>) -> Option<Row> {
    let id = text(row, "/request/subject/id")?;
    let subject = subjects.get(&id)?;
    let method = text(row, "/request/action/name")?;
    let route = text(row, "/request/resource/id")?;
    let request = json!({
        "method": method,
        "scheme": "https",
        "host": "todo.example.com",
        "target": with_plain_ids(&route),
        "now": NOW,
        "identity": { "issuer": "citadel", "claims": { "sub": id, "roles": subject.roles } },
    });
    Some(Row {
        name: subject.name.clone(),
        roles: subject.roles.clone(),
        method,
        route,
        expected: row.get("expected")?.as_bool()?,
        request: request.to_string(),
    })
}

/// Puts a plain id in place of each `{…}`.
fn with_plain_ids(route: &str) -> String {
    let segment = |s: &str| if s.starts_with('{') { PLAIN_ID.to_owned() } else { s.to_owned() };
    route.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn json_file(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_get_plain_ids() {
        assert_eq!(with_plain_ids("/todos/{todoId}"), "/todos/7");
        assert_eq!(with_plain_ids("/todos"), "/todos");
        assert_eq!(with_plain_ids("/a/{b}/c"), "/a/7/c");
    }

    #[test]
    fn all_published_rows_are_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/authzen-gateway");
        let rows = read(&folder).unwrap();
        assert_eq!(rows.len(), 25);
        assert_eq!(rows.iter().filter(|r| !r.expected).count(), 6);
        let last = rows.last().unwrap();
        assert_eq!((last.name.as_str(), last.method.as_str()), ("Jerry Smith", "DELETE"));
        assert!(last.request.contains(r#""target":"/todos/7""#), "{}", last.request);
        assert!(last.request.contains(r#""roles":["viewer"]"#), "{}", last.request);
    }
}
