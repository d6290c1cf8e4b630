//! Lines as nearly all are, read in one pass and without copies. What else a line may hold is left to the long way, which also
//! says what is wrong.
//!
//! What the short way takes, the long way takes too, with the same outcome.

use std::fmt;
use std::marker::PhantomData;

use gatelaw::json::JsonText;
use gatelaw::request::Fact;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed as _, Deserializer, Error as _, MapAccess, Visitor};

use super::facts::FactsText;
use super::{AddressLine, IdentityLine, RequestText, members};
use crate::json::Value;

/// Reads a line whose texts need no escapes and whose bytes need no hex digits, with an identity that is claims or nobody.
pub(super) fn read(line: &str, default_now: Option<i64>) -> Option<RequestText<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let read: Line<'_> = object(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(RequestText {
        method: read.method.into(),
        scheme: members::scheme(read.scheme).ok()?,
        host: read.host.into(),
        target: read.target.as_bytes().into(),
        headers: read.headers.into_iter().map(|(n, v)| (n.as_bytes().into(), v.as_bytes().into())).collect(),
        ip: read.ip.map_or(AddressLine::Absent, members::address),
        facts: read.facts.into(),
        now: read.now.or(default_now)?,
        identity: read
            .identity
            .map_or(IdentityLine::Absent, |i| IdentityLine::Claims(i.issuer.into(), i.claims)),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    method: &'l str,
    scheme: &'l str,
    host: &'l str,
    target: &'l str,
    #[serde(default)]
    headers: Vec<(&'l str, &'l str)>,
    #[serde(default, deserialize_with = "given")]
    ip: Option<&'l str>,
    #[serde(borrow, default, deserialize_with = "object")]
    facts: Facts<'l>,
    #[serde(default, deserialize_with = "given")]
    now: Option<i64>,
    #[serde(borrow, default, deserialize_with = "given_object")]
    identity: Option<Identity<'l>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts<'l> {
    #[serde(default, deserialize_with = "given")]
    country: Option<&'l str>,
    #[serde(default, deserialize_with = "given")]
    asn: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    bot_score: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    tls_version: Option<&'l str>,
    #[serde(default, deserialize_with = "given")]
    client_cert: Option<&'l str>,
    #[serde(default, deserialize_with = "given")]
    size: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity<'l> {
    issuer: &'l str,
    #[serde(borrow, deserialize_with = "claims")]
    claims: JsonText<'l>,
}

impl<'l> From<Facts<'l>> for FactsText<'l> {
    fn from(facts: Facts<'l>) -> Self {
        let text = |fact: Option<&'l str>| fact.map_or(Fact::Absent, |text| Fact::Present(text.into()));
        let int = |fact: Option<i64>| fact.map_or(Fact::Absent, Fact::Present);
        Self {
            country: text(facts.country),
            asn: int(facts.asn),
            bot_score: int(facts.bot_score),
            tls_version: text(facts.tls_version),
            client_cert: text(facts.client_cert),
            size: int(facts.size),
        }
    }
}

/// Reads a member that may be left out, and is no `null` where it isn't.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn given_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    object(deserializer).map(Some)
}

/// Reads an object: serde takes an array for a struct too.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Object(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// Reads the claims, which stand two objects deep.
fn claims<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JsonText<'de>, D::Error> {
    let claims = Value::within(2).deserialize(deserializer)?;
    if matches!(claims, JsonText::Object(_)) { Ok(claims) } else { Err(D::Error::custom("no object")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request_line::json_of;

    /// Reads a line both ways, and says whether the short one took it.
    #[track_caller]
    fn is_plain(line: &str, default_now: Option<i64>) -> bool {
        let Some(short) = read(line, default_now) else { return false };
        let long = json_of(line).and_then(|json| RequestText::from_json(json, default_now));
        assert_eq!(Ok(short), long, "{line}");
        true
    }

    /// Writes a line of these members, in this order.
    fn line(members: &[&str]) -> String {
        format!("{{{}}}", members.join(","))
    }

    const NEEDED: [&str; 4] =
        [r#""method":"GET""#, r#""scheme":"https""#, r#""host":"a.example""#, r#""target":"/a?b=ü""#];

    /// Members that a line may have beside; those that the long way alone takes, or refuses.
    const PLAIN: [&str; 6] = [
        r#""headers":[["a","b"],["A",""]]"#,
        r#""ip":"192.0.2.1""#,
        r#""facts":{"country":"DE","asn":7,"size":0}"#,
        r#""now":17"#,
        r#""identity":{"issuer":"okta","claims":{"sub":"u","n":[1,1.5,null,{"a":true}],"e":"\u00e9\""}}"#,
        r#""ip":"no address""#,
    ];
    const OTHER: [&str; 20] = [
        r#""headers":[["a",{"hex":"ff"}]]"#,
        r#""headers":[["a","b","c"]]"#,
        r#""headers":[["a"]]"#,
        r#""headers":null"#,
        r#""headers":[["a","\u0041"]]"#,
        r#""ip":null"#,
        r#""facts":{"country":null}"#,
        r#""facts":{"country":7}"#,
        r#""facts":{"asn":7.0}"#,
        r#""facts":{"planet":"x"}"#,
        r#""facts":["DE"]"#,
        r#""now":17.0"#,
        r#""now":9223372036854775808"#,
        r#""now":null"#,
        r#""identity":null"#,
        r#""identity":["okta",{"sub":"u"}]"#,
        r#""identity":{"issuer":"okta","claims":[]}"#,
        r#""identity":{"issuer":"okta","claims":{"a":1,"a":1}}"#,
        r#""identity":{"invalid":"expired"}"#,
        r#""method":"GET""#,
    ];

    #[test]
    fn the_short_way_reads_what_the_long_way_reads() {
        let mut plain = 0;
        for chosen in 0..1_u32 << PLAIN.len() {
            let optional = PLAIN.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
            let mut members: Vec<&str> = optional.map(|(_, member)| *member).collect();
            members.extend(NEEDED);
            for _ in 0..members.len() {
                members.rotate_left(1);
                plain += [None, Some(5)].into_iter().filter(|now| is_plain(&line(&members), *now)).count();
            }
        }
        assert!(plain > 400, "{plain} lines went the short way");
    }

    #[test]
    fn what_else_a_line_may_hold_goes_the_long_way() {
        for member in OTHER {
            assert!(!is_plain(&line(&[&NEEDED[..], &[member]].concat()), Some(5)), "{member}");
        }
        for left_out in 0..NEEDED.len() {
            let members: Vec<&str> = NEEDED
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != left_out)
                .map(|(_, member)| *member)
                .collect();
            assert!(!is_plain(&line(&members), Some(5)));
        }
        let whole = line(&NEEDED);
        assert!(is_plain(&whole, Some(5)) && !is_plain(&whole, None));
        for other in [
            format!("{whole} x"),
            format!("[{whole}]"),
            r#"["GET","https","a.example","/"]"#.to_owned(),
            whole.replace("https", "HTTPS"),
            whole.replace("GET", "G\\u0045T"),
        ] {
            assert!(!is_plain(&other, Some(5)), "{other}");
        }
    }

    #[test]
    fn claims_are_as_deep_as_the_long_way_takes_them() {
        for depth in 1..80 {
            let claims = format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
            let identity = format!(r#""identity":{{"issuer":"okta","claims":{claims}}}"#);
            let text = line(&[&NEEDED[..], &[identity.as_str()]].concat());
            assert_eq!(is_plain(&text, Some(5)), json_of(&text).is_ok(), "{depth}");
        }
    }
}
