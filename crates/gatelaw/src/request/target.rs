//! The target: path and query of one form, and what is written back of it.

use super::segment::{Segment, is_edge_of_path};
use super::{Part, RefusalCode};
use crate::limits::{PATH_BYTES_MAX, QUERY_BYTES_MAX, QUERY_PAIRS_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX};
use crate::needs::Relaxations;

/// Holds a target that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    /// Decoded segments, path parameters included.
    text: String,
    segments: Vec<Part>,
    /// The segments with every `%2F` read as a separator.
    split: Vec<Part>,
    pub(super) trailing_slash: bool,
    /// Path and query as they are forwarded.
    written: String,
    path_end: usize,
    segment: Segment,
}

impl Target {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.segments.clear();
        self.split.clear();
        self.trailing_slash = false;
        self.written.clear();
        self.path_end = 0;
    }

    /// Reads and judges a target; the codes are looked for in the order of [`RefusalCode`].
    pub(super) fn read(&mut self, raw: &[u8], relaxations: Relaxations) -> Result<(), RefusalCode> {
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
        &self.split
    }

    pub(super) fn text(&self, part: Part) -> &str {
        part.of(&self.text)
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
