//! JSON text as the core's [`Json`]: duplicate members refused, depth counted, numbers whole or none.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use gatelaw::json::{Json, JsonText, Marks};
use gatelaw::limits::JSON_DEPTH_MAX;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Says why a text was refused as JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

/// Reads a text that is one JSON value (RFC 8259).
///
/// A number that is integral, also as `3.0` or `1e3`, is an integer where it is exact: below 2^53 in such a form.
///
/// # Errors
/// Where the text is no JSON, a member stands twice in one object, or it is nested more than [`JSON_DEPTH_MAX`] deep.
pub fn parse(text: &str) -> Result<Json, JsonError> {
    parse_borrowed(text).map(JsonText::into_owned)
}

/// Reads a text as [`parse`] does; what stands in it without escapes is not copied.
///
/// # Errors
/// As [`parse`].
pub fn parse_borrowed(text: &str) -> Result<JsonText<'_>, JsonError> {
    parse_nested(text, JSON_DEPTH_MAX)
}

/// Reads a text as [`parse_borrowed`] does, nested at most `depth_max` deep.
///
/// # Errors
/// As [`parse`].
pub fn parse_nested(text: &str, depth_max: u32) -> Result<JsonText<'_>, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Value { deeper: depth_max, depth_max }.deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|e| JsonError(e.to_string()))
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Value {
    /// How much deeper it may be nested.
    deeper: u32,
    depth_max: u32,
}

impl Value {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let deeper = self.deeper.checked_sub(1);
        let too_deep = || E::custom(format_args!("nested more than {} deep", self.depth_max));
        deeper.map(|deeper| Self { deeper, ..self }).ok_or_else(too_deep)
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = JsonText<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonText<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = JsonText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<JsonText<'de>, E> {
        Ok(JsonText::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<JsonText<'de>, E> {
        Ok(JsonText::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<JsonText<'de>, E> {
        Ok(JsonText::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<JsonText<'de>, E> {
        Ok(i64::try_from(value).map_or(JsonText::OtherNumber, JsonText::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<JsonText<'de>, E> {
        Ok(whole(value).map_or(JsonText::OtherNumber, JsonText::Int))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<JsonText<'de>, E> {
        Ok(JsonText::String(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<JsonText<'de>, E> {
        Ok(JsonText::String(Cow::Borrowed(value)))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<JsonText<'de>, E> {
        Ok(JsonText::String(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<JsonText<'de>, A::Error> {
        let deeper = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = entries.next_element_seed(deeper)? {
            values.push(value);
        }
        Ok(JsonText::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<JsonText<'de>, A::Error> {
        let deeper = self.deeper()?;
        let mut members: Vec<(Cow<'de, str>, JsonText<'de>)> = Vec::new();
        let (mut known, mut marks) = (BTreeSet::new(), Marks::default());
        while let Some(name) = entries.next_key_seed(Name)? {
            // Few names are sooner compared than sorted; of many, each is looked for among all before it.
            let is_known = if !marks.add(&name) {
                false
            } else if members.len() < COMPARED_MAX {
                members.iter().any(|(before, _)| *before == name)
            } else {
                known.extend(members.iter().skip(known.len()).map(|(before, _)| before.clone()));
                known.contains(&name)
            };
            if is_known {
                return Err(A::Error::custom(format_args!("the member `{name}` stands twice")));
            }
            members.push((name, entries.next_value_seed(deeper)?));
        }
        Ok(JsonText::Object(members))
    }
}

/// Members of an object up to which a name is compared with each before it.
pub(crate) const COMPARED_MAX: usize = 24;

/// Reads the name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }
}

/// Says how many bytes at the beginning stand in a JSON text for themselves: up to a quote, a backslash or a control character.
///
/// Looks at eight bytes at a time.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let (eights, rest) = bytes.as_chunks::<8>();
    for (number, eight) in eights.iter().enumerate() {
        let marks = marks_of_others(u64::from_le_bytes(*eight));
        if marks != 0 {
            return 8 * number + usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0);
        }
    }
    let is_other = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    bytes.len() - rest.len() + rest.iter().position(is_other).unwrap_or(rest.len())
}

/// Marks the bytes that don't stand for themselves by their highest bits. Above the first of them, others may be marked too.
const fn marks_of_others(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Borrows from the byte above where a byte is less.
    const fn less(eight: u64, than: u8) -> u64 {
        eight.wrapping_sub(ONES * u64::from_le_bytes([than, 0, 0, 0, 0, 0, 0, 0])) & !eight
    }
    // With one bit turned over, control characters are below 0x20 still, and a quote comes next.
    let (turned, backslash) = (eight ^ (ONES * 0x02), eight ^ (ONES * 0x5c));
    (less(turned, 0x21) | less(backslash, 1)) & (ONES * 0x80)
}

/// Returns a number that is integral and exact, as [`parse`] reads it. Its text says so without arithmetic on floats.
#[must_use]
pub fn whole(value: f64) -> Option<i64> {
    // From 2^53 on a float stands for more than one integer: what the text said is lost.
    const EXACT_MAX: u64 = (1 << 53) - 1;
    let text = format!("{value}");
    text.parse::<i64>().ok().filter(|n| n.unsigned_abs() <= EXACT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_or_none() {
        let table = [
            ("3.0", Json::Int(3)),
            ("1e3", Json::Int(1_000)),
            ("-0.0", Json::Int(0)),
            ("1.5", Json::OtherNumber),
            ("9007199254740991.0", Json::Int(9_007_199_254_740_991)),
            ("9007199254740993.0", Json::OtherNumber),
            ("1e300", Json::OtherNumber),
            ("9223372036854775807", Json::Int(i64::MAX)),
            ("9223372036854775808", Json::OtherNumber),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_stands_for_itself_ends_at_the_first_byte_that_does_not() {
        for length in 0..40 {
            let text = vec![b'x'; length];
            assert_eq!(plain_length(&text), length);
            for (at, byte) in (0..length).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
                let is_other = byte < b' ' || byte == b'"' || byte == b'\\';
                for behind in [b'x', b'!', b'\0', 0xff] {
                    let mut text = text.clone();
                    text[at..].fill(behind);
                    text[at] = byte;
                    let ends = if is_other {
                        at
                    } else if behind == 0 {
                        (at + 1).min(length)
                    } else {
                        length
                    };
                    assert_eq!(plain_length(&text), ends, "{byte} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_found_among_many() {
        for count in [2, COMPARED_MAX, COMPARED_MAX + 1, 100] {
            let names: Vec<String> = (0..count).map(|n| format!(r#""m{n}":0"#)).collect();
            assert!(parse(&format!("{{{}}}", names.join(","))).is_ok());
            for again in [0, count / 2, count - 1] {
                let text = format!(r#"{{{},"\u006d{again}":1}}"#, names.join(","));
                assert!(parse(&text).is_err(), "{again} of {count}");
            }
        }
    }

    #[test]
    fn ambiguous_texts_are_refused() {
        for bad in
            ["", "{", "1 2", r#"{"a":1,"a":2}"#, r#"[{"a":{"b":1,"b":1}}]"#, "nul", "'a'", &"[".repeat(100)]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
