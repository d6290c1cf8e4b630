//! JSON values as claims carry them: no floats, no duplicate members.

/// Holds one JSON value.
///
/// Whoever makes one from text refuses duplicate members and keeps the order of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number that is an `i64`.
    Int(i64),
    /// Any other number: too large, or not integral. No test of the language can ask for its value.
    OtherNumber,
    /// `"text"`
    String(String),
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Finds a member of an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::OtherNumber
            | Self::String(_)
            | Self::Array(_) => None,
        }
    }

    /// Follows a path of member names; `None` where a member is missing or a value on the way is no object.
    #[must_use]
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.member(name))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Json;

    /// Reads JSON that a test writes.
    pub(crate) fn json(text: &str) -> Json {
        from_serde(&serde_json::from_str(text).unwrap())
    }

    fn from_serde(value: &serde_json::Value) -> Json {
        use serde_json::Value;
        match value {
            Value::Null => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Number(number) => number.as_i64().map_or(Json::OtherNumber, Json::Int),
            Value::String(text) => Json::String(text.clone()),
            Value::Array(values) => Json::Array(values.iter().map(from_serde).collect()),
            Value::Object(members) => {
                Json::Object(members.iter().map(|(n, v)| (n.clone(), from_serde(v))).collect())
            }
        }
    }
}
