//! What goes on with an allowed request: headers set and removed.

use std::collections::{BTreeMap, BTreeSet};

use super::values::{Input, Value};
use crate::decision::{is_forwardable, is_forwardable_member};
use crate::limits::FORWARD_BYTES_MAX;
use crate::policy::Action;

/// The headers to set, and those to remove, both sorted.
type Headers = (Vec<(String, String)>, Vec<String>);

/// Collects what all matching `forward` rules set and remove.
///
/// # Errors
/// The least full name of a rule that sets a value which no header carries, or sets or removes a header that another
/// matching rule treats differently; or that sets one at all, where they come to too much.
pub(super) fn headers(input: &Input<'_>) -> Result<Headers, String> {
    // `None` stands for "removed". Rules come by name, so the first that treats a header is the least that does.
    let mut treated: BTreeMap<&str, (Option<String>, &str)> = BTreeMap::new();
    let mut faulty: BTreeSet<&str> = BTreeSet::new();
    let mut bytes = 0;
    let mut setter: Option<&str> = None;
    for rule in &input.policy.rules {
        let Action::Forward(forward) = &rule.action else { continue };
        let Some(captures) = input.matches(rule) else { continue };
        let mut treatments: Vec<(&str, Option<String>)> = Vec::new();
        if !forward.set.is_empty() {
            setter.get_or_insert(&rule.name);
        }
        for (header, value) in &forward.set {
            let Some(value) = input.value(&captures, value) else { continue };
            match header_text(&value) {
                Some(text) => {
                    bytes += header.len() + text.len();
                    treatments.push((header, Some(text)));
                }
                None => _ = faulty.insert(&rule.name),
            }
        }
        treatments.extend(forward.remove.iter().map(|header| (header.as_str(), None)));
        for (header, treatment) in treatments {
            let (first, first_rule) = treated.entry(header).or_insert((treatment.clone(), &rule.name));
            if *first != treatment {
                faulty.insert(first_rule);
            }
        }
    }
    if let Some(least) = setter.filter(|_| bytes > FORWARD_BYTES_MAX) {
        return Err(least.to_owned());
    }
    if let Some(least) = faulty.first() {
        return Err((*least).to_owned());
    }
    Ok(split(input, treated.into_iter().map(|(header, (treatment, _))| (header, treatment))))
}

/// What the policy sets anywhere is removed where it is not set now, so that no client can send it.
fn split<'a>(input: &'a Input<'_>, treated: impl Iterator<Item = (&'a str, Option<String>)>) -> Headers {
    let mut set: BTreeMap<&str, String> = BTreeMap::new();
    let mut remove: BTreeSet<&str> = input.policy.needs.sets.iter().map(String::as_str).collect();
    for (header, treatment) in treated {
        match treatment {
            Some(text) => _ = set.insert(header, text),
            None => _ = remove.insert(header),
        }
    }
    let remove = remove.into_iter().filter(|header| !set.contains_key(header)).map(str::to_owned).collect();
    (set.into_iter().map(|(header, text)| (header.to_owned(), text)).collect(), remove)
}

/// Writes a value as a header carries it; `None` where none can.
fn header_text(value: &Value) -> Option<String> {
    if let Value::Strings(members) = value
        && !members.iter().all(|member| is_forwardable_member(member))
    {
        return None;
    }
    value.text().filter(|text| is_forwardable(text))
}
