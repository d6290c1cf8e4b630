//! Counters as one line of JSON: what bindings make an object of.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Counters, Refusals};

impl Counters {
    /// Writes them as one line of JSON, with members in a fixed order, by the names that they have here.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Texts and numbers alone always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Counters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("v", &1)?;
        members.serialize_entry("refused", &self.refused)?;
        members.serialize_entry("issuers", &ByName(self))?;
        members.end()
    }
}

struct ByName<'c>(&'c Counters);

impl Serialize for ByName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.issuers.iter().map(|issuer| (&issuer.name, issuer)))
    }
}

impl Serialize for Refusals {
    /// By the reason of the decisions: `token:CODE`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(code, count)| (format!("token:{code}"), count)))
    }
}
