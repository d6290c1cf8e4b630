//! What holds for every request, tried with random bytes that lean towards the interesting ones.

use gatelaw::limits::{PATH_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX};
use gatelaw::needs::{PathParams, Relaxations};
use gatelaw::request::Canonical;

use super::{Ask, named};

/// Makes the same random numbers in every run (splitmix64, Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Strings together up to `pieces` of the given ones, and now and then any byte.
    fn bytes(&mut self, from: &[&str], pieces: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.below(pieces + 1) {
            if self.below(200) == 0 {
                bytes.push(self.next() as u8);
            } else {
                bytes.extend(self.pick(from).bytes());
            }
        }
        bytes
    }
}

const PATH_PIECES: &[&str] = &[
    "a", "B", "1", "/", "/", "/", "/x", "//", ".", "..", "/..", ";", ";", ";x=1", "%2f", "%2F", "%2f", "%25",
    "%25", "%3b", "%3B", "%3f", "%23", "%20", "%2e", "%2E", "%61", "%41", "%7e", "%C3%a9", "%c3", "%ff",
    "%00", "%5c", "%", "%4", "41", "2f", "'", "+", "%2b", "%2B", "!", "@", ":", ",", "~",
];
const QUERY_PIECES: &[&str] =
    &["a", "role", "=", "&", "%", "%2", "%41", "%00", "%ff", "+", "'", "?", ";", "[", "\"", "/", "%27"];

fn relaxations() -> impl Iterator<Item = Relaxations> {
    let params = [PathParams::Refuse, PathParams::Strip, PathParams::Keep];
    params.into_iter().flat_map(|path_params| {
        (0..8_u8).map(move |bits| Relaxations {
            encoded_slash: bits & 1 != 0,
            encoded_delims: bits & 2 != 0,
            empty_segments: bits & 4 != 0,
            case_fold: false,
            path_params,
        })
    })
}

fn random_target(random: &mut Random) -> Vec<u8> {
    let mut target = b"/".to_vec();
    target.extend(random.bytes(PATH_PIECES, 7));
    if random.below(4) == 0 {
        target.push(b'?');
        target.extend(random.bytes(QUERY_PIECES, 7));
    }
    target
}

/// Everything of a path that can decide: segments, second reading, trailing slash.
fn view(found: &Canonical) -> (Vec<&str>, Vec<&str>, bool) {
    let segments = (0..found.segment_count()).map(|k| found.segment(k).unwrap());
    let split = (0..found.split_count()).map(|k| found.split_segment(k).unwrap());
    (segments.collect(), split.collect(), found.trailing_slash())
}

#[test]
fn the_canonical_form_of_what_is_written_is_itself() {
    let mut random = Random(1);
    let (mut accepted, mut changed, mut second, mut once, mut twice) =
        (0, 0, 0, Canonical::new(), Canonical::new());
    for _ in 0..20_000 {
        let target = random_target(&mut random);
        for relaxations in relaxations() {
            let ask = Ask { target: target.clone(), relaxations, ..Ask::get("/") };
            if ask.read_into(&mut once).is_err() {
                continue;
            }
            let again = Ask { target: once.target().into(), ..ask.clone() };
            let text = String::from_utf8_lossy(&target);
            assert_eq!(again.read_into(&mut twice), Ok(()), "{text} was written as {}", once.target());
            assert_eq!(view(&twice), view(&once), "{text} was written as {}", once.target());
            assert_eq!(twice.target(), once.target(), "{text}");
            assert_eq!(twice.has_split(), once.has_split(), "{text}");
            accepted += 1;
            changed += usize::from(once.target().as_bytes() != target);
            second += usize::from(once.has_split());
        }
    }
    // The test would say nothing if hardly a target were accepted.
    assert!(accepted > 20_000 && changed > 5_000 && second > 1_000, "{accepted} {changed} {second}");
}

#[test]
fn accepted_segments_hold_nothing_that_was_refused() {
    let mut random = Random(2);
    let mut found = Canonical::new();
    for _ in 0..20_000 {
        let target = random_target(&mut random);
        for relaxations in relaxations() {
            let ask = Ask { target: target.clone(), relaxations, ..Ask::get("/") };
            if ask.read_into(&mut found).is_err() {
                continue;
            }
            let (segments, split, _) = view(&found);
            let text = String::from_utf8_lossy(&target);
            for segment in segments.iter().chain(&split) {
                assert!(!segment.is_empty() && *segment != "." && *segment != "..", "{text}");
                assert!(!segment.contains(|c: char| c.is_ascii_control() || c == '\\'), "{text}");
                assert!(relaxations.encoded_delims || !segment.contains(['%', ';', '?', '#']), "{text}");
            }
            assert!(relaxations.encoded_slash || !segments.concat().contains('/'), "{text}");
            assert!(!split.concat().contains('/'), "{text}");
            assert!(found.target().bytes().all(|b| b.is_ascii_graphic()), "{text}");
        }
    }
}

#[test]
fn the_rules_written_down_naively_agree() {
    let mut random = Random(3);
    let mut found = Canonical::new();
    for _ in 0..20_000 {
        let target = random_target(&mut random);
        for relaxations in relaxations() {
            let ask = Ask { target: target.clone(), relaxations, ..Ask::get("/") };
            let read = ask.read_into(&mut found);
            let expected = naive::read(&target, relaxations);
            let text = String::from_utf8_lossy(&target);
            match expected {
                Err(code) => assert_eq!(read, Err(code.to_owned()), "{text} {relaxations:?}"),
                Ok((segments, written)) => {
                    assert_eq!(read, Ok(()), "{text} {relaxations:?}");
                    assert_eq!(view(&found).0, segments, "{text} {relaxations:?}");
                    assert_eq!(found.path(), written, "{text} {relaxations:?}");
                }
            }
        }
    }
}

#[test]
fn lines_joined_or_apart_are_one_header() {
    let mut random = Random(4);
    let pieces = ["a", "b", " ", ",", "\t", "\"", "=", ";", ""];
    for _ in 0..20_000 {
        let lines: Vec<Vec<u8>> = (0..random.below(4)).map(|_| random.bytes(&pieces, 4)).collect();
        // A host trims what RFC 9110 §5.5 calls white space: SP and HTAB, and no form feed.
        let blank = |b: &u8| matches!(b, b' ' | b'\t');
        let trimmed: Vec<_> = lines
            .iter()
            .map(|l| {
                let start = l.iter().position(|b| !blank(b)).unwrap_or(l.len());
                let end = l.iter().rposition(|b| !blank(b)).map_or(start, |at| at + 1);
                l[start..end].to_vec()
            })
            .collect();
        let apart =
            lines.iter().fold(Ask::get("/").reads(&["x-role"]), |ask, l| ask.header("x-role", l)).read();
        let mut joined = Ask::get("/").reads(&["x-role"]);
        if !lines.is_empty() {
            joined = joined.header("x-role", trimmed.join(&b", "[..]));
        }
        match (apart, joined.read()) {
            (Err(apart), Err(joined)) => assert_eq!(apart, joined),
            (Ok(apart), Ok(joined)) => {
                assert_eq!(apart.header_line(0), joined.header_line(0));
                assert_eq!(apart.header_only(0), joined.header_only(0));
                assert!(apart.header(0).eq(joined.header(0)));
            }
            // U+FFFD and the like: whether bytes are text doesn't depend on the join.
            (apart, joined) => panic!("{lines:?}: {:?} {:?}", apart.map(|_| ()), joined.map(|_| ())),
        }
    }
}

#[test]
fn any_bytes_are_accepted_or_refused() {
    let mut random = Random(5);
    let mut found = Canonical::new();
    let names = [
        "host",
        "cookie",
        "authorization",
        "x-role",
        "x_role",
        "connection",
        "x-jwt",
        "content-length",
        ":",
        "",
    ];
    let values = [
        "Bearer ",
        "a",
        ",",
        ";",
        "role=",
        "session=",
        " ",
        "\t",
        "\u{fffd}",
        "é",
        "api.example",
        "1",
        "\"",
        "x-role",
    ];
    let mut outcomes = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..50_000 {
        let mut ask = Ask { target: random_target(&mut random), ..Ask::get("/") }.reads(&["x-role"]);
        ask.target.truncate(1 + random.below(12));
        ask.needs.query = named(&["role"]);
        ask.needs.cookies = named(&["role"]);
        ask.needs.token_cookies = vec!["session".into()];
        ask.needs.token_headers = vec!["x-jwt".into()];
        ask.needs.facts.size = random.below(2) == 0;
        if random.below(20) == 0 {
            ask.host = random.bytes(&["a", ".", ":", "[", "]", "1", "::"], 5);
        }
        for _ in 0..random.below(4) {
            let name = random.pick(&names).as_bytes().to_vec();
            ask.headers.push((name, random.bytes(&values, 4)));
        }
        let outcome = ask.read_into(&mut found).map_or_else(|code| code, |()| "ok".into());
        *outcomes.entry(outcome.split(':').next().unwrap().to_owned()).or_default() += 1;
    }
    assert!(outcomes.len() > 20, "too few kinds of outcome: {outcomes:?}");
}

/// The rules for targets once more, with strings made anew at every step: slow, obvious, sharing nothing.
mod naive {
    use super::{PATH_BYTES_MAX, PathParams, Relaxations, SEGMENT_BYTES_MAX, SEGMENTS_MAX};

    type Code = &'static str;

    /// Returns the matched segments and the written path.
    pub(super) fn read(target: &[u8], relaxations: Relaxations) -> Result<(Vec<String>, String), Code> {
        let has = |byte: u8| target.contains(&byte);
        let text = String::from_utf8_lossy(target).into_owned();
        if !text.starts_with('/') {
            return Err("not-origin-form");
        }
        if has(b'#') {
            return Err("raw-#");
        }
        if target.iter().any(|b| *b < 0x21 || *b > 0x7e) {
            return Err("ctl-or-nonascii");
        }
        if has(b'\\') {
            return Err("backslash");
        }
        let path = text.split('?').next().unwrap();
        let raw: Vec<&str> = path.split('/').skip(1).collect();
        assert!(path.len() <= PATH_BYTES_MAX && raw.len() * 10 < SEGMENTS_MAX, "made below the limits");
        assert!(raw.iter().all(|s| s.len() <= SEGMENT_BYTES_MAX));
        let mut segments = Vec::new();
        let mut written = String::new();
        let mut has_empty = false;
        for (k, raw_segment) in raw.iter().enumerate() {
            if raw_segment.is_empty() {
                has_empty |= k + 1 < raw.len() && !relaxations.empty_segments;
                continue;
            }
            let (matched, forwarded, has_empty_part) = segment(raw_segment, relaxations)?;
            has_empty |= has_empty_part;
            segments.push(matched);
            written += &format!("/{forwarded}");
        }
        if has_empty {
            return Err("empty-segment");
        }
        if path.ends_with('/') {
            written += "/";
        }
        if text.split_once('?').is_some_and(|(_, q)| q.contains(['"', '<', '>'])) {
            return Err("raw-illegal");
        }
        Ok((segments, written))
    }

    /// One character of a decoded segment: the byte, and whether it was escaped.
    type Byte = (u8, bool);

    fn segment(raw: &str, relaxations: Relaxations) -> Result<(String, String, bool), Code> {
        let bytes = decode(raw, relaxations)?;
        let text = |part: &[Byte]| String::from_utf8(part.iter().map(|b| b.0).collect());
        if text(&bytes).is_err() {
            return Err("bad-utf8");
        }
        let parts: Vec<&[Byte]> = bytes.split(|b| *b == (b'/', true)).collect();
        let before = |part: &[Byte]| part.split(|b| *b == (b';', false)).next().unwrap().to_vec();
        for part in &parts {
            let text = text(part).unwrap();
            if [".", ".."].contains(&text.split(';').next().unwrap()) {
                return Err("dot-segment");
            }
        }
        for part in &parts {
            let has_params = part.contains(&(b';', false));
            if has_params && (relaxations.path_params == PathParams::Refuse || before(part).is_empty()) {
                return Err("path-param");
            }
        }
        for part in parts.iter().map(|p| p.to_vec()).chain(parts.iter().map(|p| before(p))) {
            let text = text(&part).unwrap();
            let text = text.trim_end_matches('.');
            if text.starts_with(' ') || text.ends_with(' ') {
                return Err("edge-space");
            }
        }
        let matched = before(&bytes);
        let forwarded = if relaxations.path_params == PathParams::Strip { &matched } else { &bytes };
        let has_empty_part = parts.iter().any(|p| p.is_empty());
        Ok((text(&matched).unwrap(), write(forwarded), has_empty_part))
    }

    fn decode(raw: &str, relaxations: Relaxations) -> Result<Vec<Byte>, Code> {
        let mut bytes: Vec<Byte> = Vec::new();
        let mut k = 0;
        while k < raw.len() {
            let rest = &raw[k..];
            if !rest.starts_with('%') {
                let byte = rest.as_bytes()[0];
                if !byte.is_ascii_alphanumeric() && !"-._~!$&'()*+,;=:@".contains(char::from(byte)) {
                    return Err("raw-illegal");
                }
                bytes.push((byte, false));
                k += 1;
            } else {
                let digits =
                    rest.get(1..3).filter(|d| d.chars().all(|c| c.is_ascii_hexdigit())).ok_or("bad-pct")?;
                let byte = u8::from_str_radix(digits, 16).unwrap();
                let kept = match byte {
                    b'/' => relaxations.encoded_slash,
                    b'%' | b';' | b'?' | b'#' => relaxations.encoded_delims,
                    _ => byte >= 0x20 && byte != 0x7f && byte != b'\\',
                };
                if !kept {
                    return Err(match byte {
                        b'/' => "pct-slash",
                        b'\\' => "pct-backslash",
                        b'%' => "pct-pct",
                        b';' => "pct-semicolon",
                        b'?' | b'#' => "pct-delim",
                        _ => "pct-ctl",
                    });
                }
                bytes.push((byte, true));
                k += 3;
            }
            if let [.., (b'%', _), (high, _), (low, _)] = bytes[..]
                && high.is_ascii_hexdigit()
                && low.is_ascii_hexdigit()
            {
                return Err("pct-pct");
            }
        }
        Ok(bytes)
    }

    fn write(bytes: &[Byte]) -> String {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || "-._~".contains(char::from(byte));
        bytes
            .iter()
            .map(|(byte, escaped)| {
                if *escaped && !is_plain(*byte) {
                    format!("%{byte:02X}")
                } else {
                    char::from(*byte).to_string()
                }
            })
            .collect()
    }
}
