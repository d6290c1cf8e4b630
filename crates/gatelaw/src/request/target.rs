//! The target: path and query of one form, and what is written back of it.

use super::bytes::{PLAIN_QUERY, PLAIN_SEGMENT, all, is};
use super::segment::{Segment, is_edge_of_path};
use super::{Part, RefusalCode};
use crate::limits::{PATH_BYTES_MAX, QUERY_BYTES_MAX, QUERY_PAIRS_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX};
use crate::needs::Relaxations;

/// Holds a target that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    /// Whether every byte stands for itself: then the segments are marked in what is written.
    is_plain: bool,
    /// Decoded segments, path parameters included; empty where the target is plain.
    text: String,
    segments: Vec<Part>,
    /// The segments with every `%2F` read as a separator; empty where none was looked for.
    split: Vec<Part>,
    pub(super) trailing_slash: bool,
    /// Path and query as they are forwarded.
    written: String,
    path_end: usize,
    segment: Segment,
}

impl Target {
    pub(super) fn clear(&mut self) {
        self.is_plain = false;
        self.text.clear();
        self.segments.clear();
        self.split.clear();
        self.trailing_slash = false;
        self.written.clear();
        self.path_end = 0;
    }

    /// Reads and judges a target; the codes are looked for in the order of [`RefusalCode`].
    pub(super) fn read(&mut self, raw: &[u8], relaxations: Relaxations) -> Result<(), RefusalCode> {
        if self.read_plain(raw) {
            return Ok(());
        }
        self.clear();
        self.read_closely(raw, relaxations)
    }

    /// Reads a target byte by byte, with every rule.
    fn read_closely(&mut self, raw: &[u8], relaxations: Relaxations) -> Result<(), RefusalCode> {
        let text = judge_bytes(raw)?;
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        let path = path.strip_prefix('/').ok_or(RefusalCode::NotOriginForm)?;
        judge_limits(path, query.unwrap_or(""), relaxations)?;
        self.read_path(path, relaxations)?;
        self.write_query(query)
    }

    pub(super) fn segments(&self) -> &[Part] {
        &self.segments
    }

    pub(super) fn split(&self) -> &[Part] {
        if self.split.is_empty() { &self.segments } else { &self.split }
    }

    pub(super) fn text(&self, part: Part) -> &str {
        part.of(self.source())
    }

    /// Returns the text that the segments are parts of.
    pub(super) fn source(&self) -> &str {
        if self.is_plain { &self.written } else { &self.text }
    }

    /// Returns path and query as they are forwarded.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// Returns the path as it is forwarded.
    pub(super) fn path(&self) -> &str {
        self.written.get(..self.path_end).unwrap_or("")
    }

    /// Returns the query, without its `?`, as it is forwarded; empty where there is none.
    pub(super) fn query(&self) -> &str {
        self.written.get(self.path_end..).and_then(|query| query.strip_prefix('?')).unwrap_or("")
    }

    /// Reads a target in which every byte stands for itself, as nearly all do; else answers no, and has read nothing whole.
    ///
    /// What it takes, the long way takes too, with the same outcome.
    fn read_plain(&mut self, raw: &[u8]) -> bool {
        let Some((b'/', mut rest)) = raw.split_first() else { return false };
        let mut start = 1;
        loop {
            let length = rest.iter().position(|byte| !is(PLAIN_SEGMENT, *byte)).unwrap_or(rest.len());
            let (segment, behind) = rest.split_at_checked(length).unwrap_or((rest, b""));
            let end = start + length;
            self.trailing_slash = segment.is_empty();
            if segment.is_empty() && matches!(behind, [b'/', ..])
                || segment.len() > SEGMENT_BYTES_MAX
                || matches!(segment, b"." | b"..")
            {
                return false;
            }
            if !segment.is_empty() {
                self.segments.push(Part { start, end });
            }
            let [b'/', next @ ..] = behind else {
                self.path_end = end;
                return (behind.is_empty() || is_plain_query(behind)) && self.take_plain(raw);
            };
            (rest, start) = (next, end + 1);
        }
    }

    /// Takes a target as it is, its path looked at; answers no where that is too long.
    fn take_plain(&mut self, raw: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(raw) else { return false };
        self.is_plain = true;
        self.written.push_str(text);
        self.path_end <= PATH_BYTES_MAX && self.segments.len() <= SEGMENTS_MAX
    }

    fn read_path(&mut self, path: &str, relaxations: Relaxations) -> Result<(), RefusalCode> {
        self.trailing_slash = is_edge_of_path(path);
        let mut has_empty = false;
        let mut segments = path.split('/').peekable();
        while let Some(raw) = segments.next() {
            if raw.is_empty() {
                has_empty |= segments.peek().is_some() && !relaxations.empty_segments;
                continue;
            }
            self.written.push('/');
            self.segment.read(raw.as_bytes(), relaxations, &mut self.written)?;
            has_empty |= self.segment.has_empty_piece();
            self.keep_segment();
        }
        if has_empty {
            return Err(RefusalCode::EmptySegment);
        }
        if self.trailing_slash {
            self.written.push('/');
        }
        self.path_end = self.written.len();
        Ok(())
    }

    fn keep_segment(&mut self) {
        let all = Part::push(&mut self.text, self.segment.text());
        let within = |part: Part| Part { start: all.start + part.start, end: all.start + part.end };
        self.segments.push(within(self.segment.matched()));
        self.split.extend(self.segment.pieces().map(within));
    }

    /// Writes the query: its bytes as received, except `'`, which a Worker's `fetch` escapes.
    fn write_query(&mut self, query: Option<&str>) -> Result<(), RefusalCode> {
        let Some(query) = query else {
            return Ok(());
        };
        if query.contains(['"', '<', '>']) {
            return Err(RefusalCode::RawIllegal);
        }
        self.written.push('?');
        for (index, text) in query.split('\'').enumerate() {
            self.written.push_str(if index == 0 { "" } else { "%27" });
            self.written.push_str(text);
        }
        Ok(())
    }
}

/// Says whether a query, its `?` before it, is written back as it is.
fn is_plain_query(query: &[u8]) -> bool {
    let [b'?', query @ ..] = query else { return false };
    let separators = query.iter().filter(|byte| **byte == b'&').count();
    query.len() <= QUERY_BYTES_MAX && separators < QUERY_PAIRS_MAX && all(PLAIN_QUERY, query)
}

/// Judges the form and the raw bytes of a whole target.
fn judge_bytes(raw: &[u8]) -> Result<&str, RefusalCode> {
    if raw.first() != Some(&b'/') {
        return Err(RefusalCode::NotOriginForm);
    }
    if raw.contains(&b'#') {
        return Err(RefusalCode::RawHash);
    }
    if !raw.iter().all(u8::is_ascii_graphic) {
        return Err(RefusalCode::CtlOrNonascii);
    }
    if raw.contains(&b'\\') {
        return Err(RefusalCode::Backslash);
    }
    std::str::from_utf8(raw).map_err(|_| RefusalCode::CtlOrNonascii)
}

/// Judges how long and how many; `path` is what follows the first `/`.
fn judge_limits(path: &str, query: &str, relaxations: Relaxations) -> Result<(), RefusalCode> {
    let quotes = query.bytes().filter(|b| *b == b'\'').count();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).count();
    let fits = path.len() < PATH_BYTES_MAX
        && segment_count(path, relaxations) <= SEGMENTS_MAX
        && path.split('/').all(|segment| segment.len() <= SEGMENT_BYTES_MAX)
        && query.len() + 2 * quotes <= QUERY_BYTES_MAX
        && pairs <= QUERY_PAIRS_MAX;
    if fits { Ok(()) } else { Err(RefusalCode::Limits) }
}

/// Counts the segments of a path, in the reading that has more of them.
fn segment_count(path: &str, relaxations: Relaxations) -> usize {
    let raw = path.split('/').filter(|s| !s.is_empty() || !relaxations.empty_segments).count();
    let trailing = usize::from(is_edge_of_path(path) && !relaxations.empty_segments);
    let slashes = |path: &str| path.match_indices('%').filter(|(at, _)| is_slash(path, *at)).count();
    let encoded = if relaxations.encoded_slash { slashes(path) } else { 0 };
    raw - trailing + encoded
}

/// Says whether an escaped slash stands at this place.
fn is_slash(path: &str, at: usize) -> bool {
    path.get(at..at + 3).is_some_and(|escape| escape.eq_ignore_ascii_case("%2f"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::PathParams;

    type Read = (Vec<String>, Vec<String>, bool, String, usize);

    fn read(target: &Target) -> Read {
        let texts = |parts: &[Part]| parts.iter().map(|part| target.text(*part).to_owned()).collect();
        let Target { trailing_slash, written, path_end, .. } = target.clone();
        (texts(target.segments()), texts(target.split()), trailing_slash, written, path_end)
    }

    #[test]
    fn the_short_way_reads_what_the_long_way_reads() {
        let pieces =
            ["/", "a", "b.c", ".", "..", "~:@!$&'()*+,=", "?", "x=1&y", "'", "%41", ";", "é", "\"", "//"];
        let all = Relaxations {
            encoded_slash: true,
            encoded_delims: true,
            path_params: PathParams::Keep,
            empty_segments: true,
            case_fold: true,
        };
        let mut plain = 0;
        for relaxations in [Relaxations::default(), all] {
            for number in 0..pieces.len().pow(4) {
                let chosen = (0..4).map(|digit| pieces[number / pieces.len().pow(digit) % pieces.len()]);
                let raw = format!("/{}", chosen.collect::<String>());
                let (mut short, mut long) = (Target::default(), Target::default());
                if short.read_plain(raw.as_bytes()) {
                    long.read_closely(raw.as_bytes(), relaxations).unwrap();
                    assert_eq!(read(&short), read(&long), "{raw}");
                    plain += 1;
                }
            }
        }
        assert!(plain > 1_000, "{plain} targets went the short way");
    }

    #[test]
    fn limits_are_the_same_both_ways() {
        let segments = |count: usize| "/a".repeat(count);
        let pairs = |count: usize| format!("/?{}", vec!["a"; count].join("&"));
        let texts = [
            segments(SEGMENTS_MAX),
            segments(SEGMENTS_MAX + 1),
            pairs(QUERY_PAIRS_MAX),
            pairs(QUERY_PAIRS_MAX + 1),
            format!("/{}", "a".repeat(SEGMENT_BYTES_MAX)),
            format!("/{}", "a".repeat(SEGMENT_BYTES_MAX + 1)),
            format!("/?{}", "a".repeat(QUERY_BYTES_MAX)),
            format!("/?{}", "a".repeat(QUERY_BYTES_MAX + 1)),
            "/aaaaaaaaaaaaaaa".repeat(PATH_BYTES_MAX / 16 + 1).chars().take(PATH_BYTES_MAX).collect(),
        ];
        for text in texts {
            let (mut short, mut long) = (Target::default(), Target::default());
            let closely = long.read_closely(text.as_bytes(), Relaxations::default());
            assert_eq!(short.read_plain(text.as_bytes()), closely.is_ok(), "{} bytes", text.len());
        }
    }
}
