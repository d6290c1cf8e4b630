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
