//! One segment of a path: decoded once, judged, and written in one form.

use super::query::split_escape;
use super::{Part, RefusalCode};
use crate::needs::{PathParams, Relaxations};

/// Reads one segment after the other into its own buffers.
#[derive(Debug, Clone, Default)]
pub(super) struct Segment {
    bytes: Vec<u8>,
    // INVARIANT: at least one once a segment was read; more than one only with `encoded_slash keep` and a `%2F`.
    pieces: Vec<Piece>,
    /// What a request with `path_params strip` is forwarded without: nothing behind this piece counts.
    is_stripped: bool,
}

/// Marks the decoded text between two escaped slashes.
#[derive(Debug, Clone, Copy, Default)]
struct Piece {
    start: usize,
    /// Where the first raw `;` stands.
    params: Option<usize>,
    end: usize,
}

impl Piece {
    /// Marks what is matched: the text before path parameters.
    fn matched(self) -> Part {
        Part { start: self.start, end: self.params.unwrap_or(self.end) }
    }
}

/// Says whether a path (without its first `/`) ends with a separator.
pub(super) fn is_edge_of_path(path: &str) -> bool {
    path.is_empty() || path.ends_with('/')
}

impl Segment {
    /// Reads and judges a raw segment that isn't empty, and appends its written form.
    pub(super) fn read(
        &mut self,
        raw: &[u8],
        relaxations: Relaxations,
        written: &mut String,
    ) -> Result<(), RefusalCode> {
        self.bytes.clear();
        self.pieces.clear();
        self.is_stripped = relaxations.path_params == PathParams::Strip;
        let params_at = self.decode(raw, relaxations, written)?;
        if std::str::from_utf8(&self.bytes).is_err() {
            return Err(RefusalCode::BadUtf8);
        }
        self.judge(relaxations)?;
        if self.is_stripped {
            written.truncate(params_at.unwrap_or(written.len()));
        }
        Ok(())
    }

    /// Returns the decoded text, path parameters included.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or("")
    }

    /// Marks what of the text is matched.
    pub(super) fn matched(&self) -> Part {
        let params = self.pieces.iter().find_map(|piece| piece.params);
        Part { start: 0, end: params.unwrap_or(self.bytes.len()) }
    }

    /// Marks what of the text is matched where escaped slashes are read as separators.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Part> {
        let last = self.pieces.iter().position(|p| self.is_stripped && p.params.is_some());
        let count = last.map_or(self.pieces.len(), |last| last + 1);
        self.pieces.iter().take(count).map(|piece| piece.matched())
    }

    /// Says whether nothing stands before, behind or between escaped slashes.
    pub(super) fn has_empty_piece(&self) -> bool {
        self.pieces.iter().any(|piece| piece.start == piece.end)
    }

    /// Decodes byte by byte; returns where in `written` the path parameters begin.
    fn decode(
        &mut self,
        raw: &[u8],
        relaxations: Relaxations,
        written: &mut String,
    ) -> Result<Option<usize>, RefusalCode> {
        let mut params_at = None;
        let mut piece = Piece::default();
        let mut rest = raw;
        while let Some((byte, tail)) = rest.split_first() {
            rest = tail;
            let here = self.bytes.len();
            if *byte == b'%' {
                let (escaped, tail) = split_escape(rest).ok_or(RefusalCode::BadPct)?;
                rest = tail;
                judge_escape(escaped, relaxations)?;
                write_escape(escaped, written);
                self.bytes.push(escaped);
                if escaped == b'/' {
                    self.pieces.push(Piece { end: here, ..piece });
                    piece = Piece { start: here + 1, params: None, end: 0 };
                }
            } else {
                if !is_pchar(*byte) {
                    return Err(RefusalCode::RawIllegal);
                }
                if *byte == b';' {
                    piece.params = piece.params.or(Some(here));
                    params_at = params_at.or(Some(written.len()));
                }
                written.push(char::from(*byte));
                self.bytes.push(*byte);
            }
            self.judge_twice_escaped()?;
        }
        self.pieces.push(Piece { end: self.bytes.len(), ..piece });
        Ok(params_at)
    }

    /// Refuses an escape that appears once the segment is decoded.
    fn judge_twice_escaped(&self) -> Result<(), RefusalCode> {
        match self.bytes.last_chunk::<3>() {
            Some([b'%', high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                Err(RefusalCode::PctPct)
            }
            _ => Ok(()),
        }
    }

    fn judge(&self, relaxations: Relaxations) -> Result<(), RefusalCode> {
        let any = |is_bad: &dyn Fn(&Piece) -> bool| self.pieces.iter().any(is_bad);
        if any(&|piece| is_dots(self.bytes(piece.start, piece.end))) {
            return Err(RefusalCode::DotSegment);
        }
        let refuses = relaxations.path_params == PathParams::Refuse;
        if any(&|piece| piece.params.is_some_and(|at| refuses || at == piece.start)) {
            return Err(RefusalCode::PathParam);
        }
        let has_edge_space = |piece: &Piece| {
            let matched = piece.matched();
            is_edge_space(self.bytes(piece.start, piece.end))
                || is_edge_space(self.bytes(matched.start, matched.end))
        };
        if any(&has_edge_space) {
            return Err(RefusalCode::EdgeSpace);
        }
        Ok(())
    }

    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.bytes.get(start..end).unwrap_or(b"")
    }
}

/// Says whether the text before `;`, raw or escaped, is `.` or `..`.
fn is_dots(text: &[u8]) -> bool {
    let name = text.split(|b| *b == b';').next().unwrap_or(text);
    name == b"." || name == b".."
}

/// Says whether a segment begins or ends with a space once trailing dots are trimmed, as file systems do.
fn is_edge_space(mut text: &[u8]) -> bool {
    while let [rest @ .., b'.'] = text {
        text = rest;
    }
    matches!(text, [b' ', ..] | [.., b' '])
}

fn judge_escape(escaped: u8, relaxations: Relaxations) -> Result<(), RefusalCode> {
    match escaped {
        0..=0x1f | 0x7f => Err(RefusalCode::PctCtl),
        b'\\' => Err(RefusalCode::PctBackslash),
        b'/' if !relaxations.encoded_slash => Err(RefusalCode::PctSlash),
        b'%' if !relaxations.encoded_delims => Err(RefusalCode::PctPct),
        b';' if !relaxations.encoded_delims => Err(RefusalCode::PctSemicolon),
        b'?' | b'#' if !relaxations.encoded_delims => Err(RefusalCode::PctDelim),
        _ => Ok(()),
    }
}

/// Writes an escaped byte: unreserved characters as themselves, all else in upper-case hex.
fn write_escape(escaped: u8, written: &mut String) {
    if is_unreserved(escaped) {
        written.push(char::from(escaped));
        return;
    }
    written.push('%');
    for nibble in [escaped >> 4, escaped & 15] {
        let digit = char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        written.push(digit.to_ascii_uppercase());
    }
}

/// Says whether a byte is `unreserved` (RFC 3986 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Says whether a byte is a `pchar` other than an escape (RFC 3986 §3.3).
fn is_pchar(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@".contains(&byte)
}
