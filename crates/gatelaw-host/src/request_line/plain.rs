//! Lines as nearly all are, read in one pass and without copies. What else a line may hold is left to the long way, which also
//! says what is wrong.
//!
//! What the short way takes, the long way takes too, with the same outcome: tests hold them to each other. It takes texts without
//! escapes and whole numbers alone, which a reader of all JSON spends two of three instructions on telling from others.

use std::borrow::Cow;

use gatelaw::json::{JsonText, Marks};
use gatelaw::limits::JSON_DEPTH_MAX;
use gatelaw::request::Fact;

use super::facts::FactsText;
use super::members::{self, Member};
use super::{AddressLine, HeaderLines, IdentityLine, RequestText};
use crate::json::{COMPARED_MAX, plain_length};

/// Entries for which room is made at first: nearly all claims and lists of lines fit, and none grows step by step.
const MEMBERS_AHEAD: usize = 16;
const ENTRIES_AHEAD: usize = 8;

/// Reads a line whose texts need no escapes and whose bytes need no hex digits, with an identity that is claims or nobody.
pub(super) fn read(line: &str, default_now: Option<i64>) -> Option<RequestText<'_>> {
    let mut rest = Rest { line, at: 0 };
    let mut members = Members::default();
    rest.list(b'{', b'}', |rest| {
        let name = rest.name()?;
        members.member(name, rest)
    })?;
    rest.space();
    if rest.at < line.len() {
        return None;
    }
    Some(RequestText {
        method: members.method?.into(),
        scheme: members::scheme(members.scheme?).ok()?,
        host: members.host?.into(),
        target: members.target?.as_bytes().into(),
        headers: members.headers.unwrap_or_default(),
        ip: members.ip.map_or(AddressLine::Absent, members::address),
        facts: members.facts.unwrap_or_default(),
        now: members.now.or(default_now)?,
        identity: members.identity.unwrap_or(IdentityLine::Absent),
    })
}

/// The members of a line that were read so far.
#[derive(Default)]
struct Members<'l> {
    method: Option<&'l str>,
    scheme: Option<&'l str>,
    host: Option<&'l str>,
    target: Option<&'l str>,
    headers: Option<HeaderLines<'l>>,
    ip: Option<&'l str>,
    facts: Option<FactsText<'l>>,
    now: Option<i64>,
    identity: Option<IdentityLine<'l>>,
}

impl<'l> Members<'l> {
    /// Reads the value of one member.
    fn member(&mut self, name: &str, rest: &mut Rest<'l>) -> Option<()> {
        match name {
            "method" => once(&mut self.method, rest.text()?),
            "scheme" => once(&mut self.scheme, rest.text()?),
            "host" => once(&mut self.host, rest.text()?),
            "target" => once(&mut self.target, rest.text()?),
            "headers" => once(&mut self.headers, rest.headers()?),
            "ip" => once(&mut self.ip, rest.text()?),
            "facts" => once(&mut self.facts, rest.facts()?),
            "now" => once(&mut self.now, rest.number()?),
            "identity" => once(&mut self.identity, rest.identity()?),
            _ => None,
        }
    }
}

/// Sets what is not set yet.
fn once<T>(member: &mut Option<T>, value: T) -> Option<()> {
    if member.is_some() {
        return None;
    }
    *member = Some(value);
    Some(())
}

/// What is left of a line. A method answers `None` where something stands there that only the long way reads.
struct Rest<'l> {
    line: &'l str,
    at: usize,
}

impl<'l> Rest<'l> {
    fn next(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes a byte, and white space before it.
    fn pass(&mut self, byte: u8) -> Option<()> {
        self.pass_here(byte).or_else(|| {
            self.space();
            self.pass_here(byte)
        })
    }

    fn pass_here(&mut self, byte: u8) -> Option<()> {
        if self.next() != Some(byte) {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Reads what stands between two brackets, with commas between.
    fn list(&mut self, open: u8, close: u8, mut entry: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.pass(open)?;
        if self.pass(close).is_some() {
            return Some(());
        }
        loop {
            entry(self)?;
            if self.pass(b',').is_none() {
                return self.pass(close);
            }
        }
    }

    /// Reads a text without escapes.
    fn text(&mut self) -> Option<&'l str> {
        self.pass(b'"')?;
        let end = self.at + plain_length(self.line.as_bytes().get(self.at..)?);
        let text = self.line.get(self.at..end)?;
        self.at = end;
        self.pass_here(b'"')?;
        Some(text)
    }

    /// Reads the name of a member, and the colon behind it.
    fn name(&mut self) -> Option<&'l str> {
        let name = self.text()?;
        self.pass(b':')?;
        Some(name)
    }

    /// Reads a whole number. `-0` is one that is no integer to every reader.
    fn number(&mut self) -> Option<i64> {
        self.space();
        let negative = self.pass_here(b'-').is_some();
        let (start, mut number) = (self.at, 0_i64);
        while let Some(digit @ b'0'..=b'9') = self.next() {
            number = number.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
            self.at += 1;
        }
        let digits = self.line.as_bytes().get(start..self.at)?;
        let is_one = matches!(digits, [b'1'..=b'9', ..]) || (digits == b"0" && !negative);
        if !is_one || matches!(self.next(), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        Some(if negative { -number } else { number })
    }

    fn headers(&mut self) -> Option<HeaderLines<'l>> {
        let mut lines = Vec::with_capacity(ENTRIES_AHEAD);
        self.list(b'[', b']', |rest| {
            rest.pass(b'[')?;
            let name = rest.text()?;
            rest.pass(b',')?;
            let value = rest.text()?;
            rest.pass(b']')?;
            lines.push((name.as_bytes().into(), value.as_bytes().into()));
            Some(())
        })?;
        Some(lines)
    }

    fn facts(&mut self) -> Option<FactsText<'l>> {
        let mut facts = FactsText::default();
        self.list(b'{', b'}', |rest| match rest.name()? {
            "country" => present(&mut facts.country, rest.text()?.into()),
            "asn" => present(&mut facts.asn, rest.number()?),
            "bot_score" => present(&mut facts.bot_score, rest.number()?),
            "tls_version" => present(&mut facts.tls_version, rest.text()?.into()),
            "client_cert" => present(&mut facts.client_cert, rest.text()?.into()),
            "size" => present(&mut facts.size, rest.number()?),
            _ => None,
        })?;
        Some(facts)
    }

    /// Reads an identity that is claims, which stand two objects deep.
    fn identity(&mut self) -> Option<IdentityLine<'l>> {
        let (mut issuer, mut claims) = (None, None);
        self.list(b'{', b'}', |rest| match rest.name()? {
            "issuer" => once(&mut issuer, rest.text()?),
            "claims" => once(&mut claims, rest.object(JSON_DEPTH_MAX - 2)?),
            _ => None,
        })?;
        Some(IdentityLine::Claims(issuer?.into(), JsonText::Object(claims?)))
    }

    /// Reads any value; it may be nested `deeper` levels deeper.
    fn value(&mut self, deeper: u32) -> Option<JsonText<'l>> {
        self.space();
        match self.next()? {
            b'"' => Some(JsonText::String(self.text()?.into())),
            b'{' => Some(JsonText::Object(self.object(deeper)?)),
            b'[' => Some(JsonText::Array(self.array(deeper)?)),
            b't' => self.word("true", JsonText::Bool(true)),
            b'f' => self.word("false", JsonText::Bool(false)),
            b'n' => self.word("null", JsonText::Null),
            _ => Some(JsonText::Int(self.number()?)),
        }
    }

    fn word(&mut self, word: &str, value: JsonText<'l>) -> Option<JsonText<'l>> {
        let end = self.at + word.len();
        if self.line.get(self.at..end)? != word {
            return None;
        }
        self.at = end;
        Some(value)
    }

    fn array(&mut self, deeper: u32) -> Option<Vec<JsonText<'l>>> {
        let deeper = deeper.checked_sub(1)?;
        let mut values = Vec::with_capacity(ENTRIES_AHEAD);
        self.list(b'[', b']', |rest| {
            values.push(rest.value(deeper)?);
            Some(())
        })?;
        Some(values)
    }

    /// Reads an object of members that differ, and of no more than are sooner compared than sorted.
    fn object(&mut self, deeper: u32) -> Option<Vec<Member<'l>>> {
        let deeper = deeper.checked_sub(1)?;
        let (mut members, mut marks) = (Vec::<Member<'l>>::with_capacity(MEMBERS_AHEAD), Marks::default());
        self.list(b'{', b'}', |rest| {
            let name = rest.name()?;
            let is_known = marks.add(name) && members.iter().any(|(known, _)| known == name);
            if is_known || members.len() == COMPARED_MAX {
                return None;
            }
            members.push((Cow::Borrowed(name), rest.value(deeper)?));
            Some(())
        })?;
        Some(members)
    }
}

/// Sets a fact that is not set yet.
fn present<T: PartialEq>(fact: &mut Fact<T>, value: T) -> Option<()> {
    if *fact != Fact::Absent {
        return None;
    }
    *fact = Fact::Present(value);
    Some(())
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
        r#""identity":{"issuer":"okta","claims":{"sub":"u","n":[1,-70,null,{"a":true,"b":false}],"e":"é","o":{},"l":[]}}"#,
        r#""ip":"no address""#,
    ];
    const OTHER: [&str; 29] = [
        r#""identity":{"issuer":"okta","claims":{"n":1.5}}"#,
        r#""identity":{"issuer":"okta","claims":{"n":1e3}}"#,
        r#""identity":{"issuer":"okta","claims":{"n":-0}}"#,
        r#""identity":{"issuer":"okta","claims":{"n":01}}"#,
        r#""identity":{"issuer":"okta","claims":{"n":9223372036854775808}}"#,
        r#""identity":{"issuer":"okta","claims":{"e":"\u00e9\""}}"#,
        r#""identity":{"issuer":"okta"}"#,
        r#""identity":{"claims":{}}"#,
        r#""identity":{"token":"a.b.c"}"#,
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

    /// What stands in JSON for something else than itself, or nearly does.
    const BYTES: &[u8] = b"\"\\{}[]:,-+.0129eE \t\n\r\0\x1f\x7fatfnu/x";

    #[test]
    fn a_line_with_one_byte_changed_is_read_alike() {
        let mut members = PLAIN.to_vec();
        members.truncate(5);
        members.extend(NEEDED);
        let whole = line(&members);
        let mut plain = 0;
        for at in
            (0..whole.len()).filter(|at| whole.is_char_boundary(*at) && whole.as_bytes()[*at].is_ascii())
        {
            for byte in BYTES.iter().map(|byte| char::from(*byte).to_string()) {
                let (before, behind) = (&whole[..at], &whole[at..]);
                for changed in [format!("{before}{byte}{behind}"), format!("{before}{byte}{}", &behind[1..])]
                {
                    plain += usize::from(is_plain(&changed, Some(5)));
                }
            }
            is_plain(&format!("{}{}", &whole[..at], &whole[at + 1..]), Some(5));
            is_plain(&whole[..at], Some(5));
        }
        assert!(plain > 2_000, "{plain} lines went the short way");
    }

    #[test]
    fn objects_of_many_members_go_the_long_way() {
        for count in [COMPARED_MAX, COMPARED_MAX + 1] {
            let claims: Vec<String> = (0..count).map(|n| format!("\"m{n}\":0")).collect();
            let identity = format!(r#""identity":{{"issuer":"okta","claims":{{{}}}}}"#, claims.join(","));
            let text = line(&[&NEEDED[..], &[identity.as_str()]].concat());
            assert_eq!(is_plain(&text, Some(5)), count == COMPARED_MAX);
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
