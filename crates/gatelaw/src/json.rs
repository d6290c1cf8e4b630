//! JSON values as claims carry them: no floats, no duplicate members.

use std::borrow::Cow;

/// Holds one JSON value that owns its texts.
pub type Json = JsonText<'static>;

/// Holds one JSON value; its texts may be those of the text that it was read from.
///
/// Whoever makes one from text refuses duplicate members and keeps the order of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonText<'t> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number that is an `i64`.
    Int(i64),
    /// Any other number: too large, or not integral. No test of the language can ask for its value.
    OtherNumber,
    /// `"text"`
    String(Cow<'t, str>),
    /// `[…]`
    Array(Vec<JsonText<'t>>),
    /// `{…}`
    Object(Vec<(Cow<'t, str>, JsonText<'t>)>),
}

impl JsonText<'_> {
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

    /// Copies what the value doesn't own yet.
    #[must_use]
    pub fn into_owned(self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(truth) => Json::Bool(truth),
            Self::Int(number) => Json::Int(number),
            Self::OtherNumber => Json::OtherNumber,
            Self::String(text) => Json::String(text.into_owned().into()),
            Self::Array(values) => Json::Array(values.into_iter().map(JsonText::into_owned).collect()),
            Self::Object(members) => {
                let owned = |(name, value): (Cow<'_, str>, JsonText<'_>)| {
                    (name.into_owned().into(), value.into_owned())
                };
                Json::Object(members.into_iter().map(owned).collect())
            }
        }
    }
}

/// One of 64 bits for each name of an object: names of different bits are different, so that most need no comparison.
#[derive(Debug, Default, Clone, Copy)]
pub struct Marks(u64);

impl Marks {
    /// Adds a name. Answers whether it may stand among those before.
    pub fn add(&mut self, name: &str) -> bool {
        let may_have = self.may_have(name);
        self.0 |= mark(name);
        may_have
    }

    /// Says whether a name may stand among those that were added; no is certain.
    #[must_use]
    pub fn may_have(self, name: &str) -> bool {
        self.0 & mark(name) != 0
    }
}

fn mark(name: &str) -> u64 {
    let (first, last) = (name.bytes().next().unwrap_or(0), name.bytes().next_back().unwrap_or(0));
    let number = usize::from(first.wrapping_mul(7) ^ last).wrapping_add(name.len());
    1 << (number % 64)
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
            Value::String(text) => Json::String(text.clone().into()),
            Value::Array(values) => Json::Array(values.iter().map(from_serde).collect()),
            Value::Object(members) => {
                Json::Object(members.iter().map(|(n, v)| (n.clone().into(), from_serde(v))).collect())
            }
        }
    }
}
