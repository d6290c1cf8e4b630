//! Records as bytes, both directions from one description, so that they can't part.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::LoadError;
use crate::eval::Line;
use crate::limits::EXPANDED_DEPTH_MAX;

/// Entries of a list for which room is made before they are read.
const ENTRIES_AHEAD: usize = 1024;

/// Writes the records of one section.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Texts that stand in the section already, each with its number.
    texts: BTreeMap<Arc<str>, u32>,
    /// The line that was written last.
    line: u32,
}

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

/// Reads records; every length is checked against what is left.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    depth: u32,
    /// Texts that were read, by number: each is kept once, however often it is named.
    texts: Vec<Arc<str>>,
    /// The line that was read last.
    line: u32,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, depth: 0, texts: Vec::new(), line: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'b [u8], LoadError> {
        let (taken, rest) =
            self.bytes.split_at_checked(length).ok_or(LoadError::Malformed("a record ends too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let (taken, rest) =
            self.bytes.split_first_chunk::<N>().ok_or(LoadError::Malformed("a record ends too early"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    /// Reads how many entries follow.
    pub(super) fn length(&mut self) -> Result<usize, LoadError> {
        let length = usize::try_from(u32::take(self)?).unwrap_or(usize::MAX);
        // Every entry has one byte or more, so a length past the end is a lie that must not be allocated for.
        if length > self.bytes.len() {
            Err(LoadError::Malformed("a list is longer than the artifact"))
        } else {
            Ok(length)
        }
    }
}

/// What can stand in an artifact.
pub(super) trait Record: Sized {
    fn put(&self, out: &mut Writer);
    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError>;
}

impl Record for u8 {
    fn put(&self, out: &mut Writer) {
        out.push(*self);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        from.array::<1>().map(|[b]| b)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Record for $number {
            fn put(&self, out: &mut Writer) {
                out.extend(&self.to_le_bytes());
            }

            fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
                from.array().map(Self::from_le_bytes)
            }
        }
    )*};
}

numbers!(u16, i32, i64);

/// Seven bits a byte, the lowest first, each byte but the last with its high bit set (LEB128): most numbers are small.
impl Record for u32 {
    fn put(&self, out: &mut Writer) {
        put_number(*self, &mut out.bytes);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let (number, rest) = number(from.bytes)?;
        from.bytes = rest;
        Ok(number)
    }
}

fn put_number(number: u32, out: &mut Vec<u8>) {
    let mut rest = number;
    while let Some(more) = rest.checked_shr(7).filter(|more| *more != 0) {
        out.push(low_seven(rest) | 0x80);
        rest = more;
    }
    out.push(low_seven(rest));
}

/// Reads a number, and answers what follows it. Nearly all have up to three bytes, and are read without a loop.
#[inline]
fn number(bytes: &[u8]) -> Result<(u32, &[u8]), LoadError> {
    let seven = |byte: u8, place: u32| u32::from(byte & 0x7f) << (7 * place);
    match bytes {
        [a @ ..0x80, rest @ ..] => Ok((seven(*a, 0), rest)),
        [a, b @ 1..0x80, rest @ ..] => Ok((seven(*a, 0) | seven(*b, 1), rest)),
        [a, b @ 0x80..=0xff, c @ 1..0x80, rest @ ..] => {
            Ok((seven(*a, 0) | seven(*b, 1) | seven(*c, 2), rest))
        }
        _ => long_number(bytes),
    }
}

fn long_number(bytes: &[u8]) -> Result<(u32, &[u8]), LoadError> {
    let (mut number, mut rest) = (0, bytes);
    for shift in [0, 7, 14, 21, 28] {
        let (byte, behind) = rest.split_first().ok_or(LoadError::Malformed("a record ends too early"))?;
        rest = behind;
        let bits = u32::from(byte & 0x7f);
        let shifted = bits << shift;
        if shifted >> shift != bits {
            break;
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            if *byte == 0 && shift > 0 {
                return Err(LoadError::Malformed("a number is longer than it has to be"));
            }
            return Ok((number, rest));
        }
    }
    Err(LoadError::Malformed("a number has more than 32 bits"))
}

fn low_seven(number: u32) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low & 0x7f
}

impl Record for bool {
    fn put(&self, out: &mut Writer) {
        out.push(u8::from(*self));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        match u8::take(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(LoadError::Malformed("a truth value is neither")),
        }
    }
}

impl Record for String {
    fn put(&self, out: &mut Writer) {
        super::length(self.len()).put(out);
        out.extend(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let length = from.length()?;
        text(from.take(length)?).map(str::to_owned)
    }
}

/// A text that may stand more than once in a section: written once, and named by its number from then on. The lowest bit of
/// its first number tells which.
impl Record for Arc<str> {
    fn put(&self, out: &mut Writer) {
        if let Some(known) = out.texts.get(self) {
            return (known << 1 | 1).put(out);
        }
        let number = super::length(out.texts.len());
        out.texts.insert(Self::clone(self), number);
        (super::length(self.len()) << 1).put(out);
        out.extend(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let first = u32::take(from)?;
        let number = usize::try_from(first >> 1).unwrap_or(usize::MAX);
        if first & 1 == 1 {
            let known = from.texts.get(number);
            return known.map(Self::clone).ok_or(LoadError::Malformed("a text is not there"));
        }
        let text = Self::from(text(from.take(number)?)?);
        from.texts.push(Self::clone(&text));
        Ok(text)
    }
}

fn text(bytes: &[u8]) -> Result<&str, LoadError> {
    std::str::from_utf8(bytes).map_err(|_| LoadError::Malformed("a text is not UTF-8"))
}

/// A line of a source: written as its distance from the one before, the direction in the lowest bit, since notes that follow
/// each other are of neighbours.
impl Record for Line {
    fn put(&self, out: &mut Writer) {
        let back = self.0 < out.line;
        (self.0.abs_diff(out.line) << 1 | u32::from(back)).put(out);
        out.line = self.0;
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let distance = u32::take(from)?;
        let line = from.line;
        let (back, distance) = (distance & 1 == 1, distance >> 1);
        let line = if back { line.checked_sub(distance) } else { line.checked_add(distance) };
        from.line = line.ok_or(LoadError::Malformed("a line is not there"))?;
        Ok(Self(from.line))
    }
}

impl Record for IpAddr {
    fn put(&self, out: &mut Writer) {
        match self {
            Self::V4(a) => {
                out.push(4);
                out.extend(&a.octets());
            }
            Self::V6(a) => {
                out.push(6);
                out.extend(&a.octets());
            }
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        match u8::take(from)? {
            4 => from.array::<4>().map(Self::from),
            6 => from.array::<16>().map(Self::from),
            _ => Err(LoadError::Malformed("an address is of no family")),
        }
    }
}

impl<T: Record> Record for Vec<T> {
    fn put(&self, out: &mut Writer) {
        super::length(self.len()).put(out);
        self.iter().for_each(|entry| entry.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let length = from.length()?;
        // Room for a lie would be a multiple of it: entries are larger than their bytes.
        let mut entries = Self::with_capacity(length.min(ENTRIES_AHEAD));
        for _ in 0..length {
            entries.push(T::take(from)?);
        }
        Ok(entries)
    }
}

impl<T: Record> Record for Option<T> {
    fn put(&self, out: &mut Writer) {
        self.is_some().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        if bool::take(from)? { T::take(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Record> Record for Box<T> {
    fn put(&self, out: &mut Writer) {
        T::put(self, out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        from.depth += 1;
        let value = if from.depth > EXPANDED_DEPTH_MAX * 2 {
            Err(LoadError::Malformed("a note is nested too deep"))
        } else {
            T::take(from)
        };
        from.depth -= 1;
        value.map(Self::new)
    }
}

impl<A: Record, B: Record> Record for (A, B) {
    fn put(&self, out: &mut Writer) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

/// Describes a struct: its fields in order.
macro_rules! record {
    ($($name:path { $($field:ident),* $(,)? })*) => {$(
        impl Record for $name {
            fn put(&self, out: &mut Writer) {
                $(self.$field.put(out);)*
            }

            fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
                Ok(Self { $($field: Record::take(from)?),* })
            }
        }
    )*};
}

/// Describes an enum: a byte for each variant, then its fields in order.
macro_rules! choice {
    ($($name:path { $($tag:literal => $variant:ident $( ( $($field:ident),* ) )? $( { $($named:ident),* } )?),* $(,)? })*) => {$(
        impl Record for $name {
            fn put(&self, out: &mut Writer) {
                match self {
                    $(Self::$variant $( ( $($field),* ) )? $( { $($named),* } )? => {
                        out.push($tag);
                        $($($field.put(out);)*)?
                        $($($named.put(out);)*)?
                    })*
                }
            }

            fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
                match u8::take(from)? {
                    $($tag => {
                        $($(let $field = Record::take(from)?;)*)?
                        $($(let $named = Record::take(from)?;)*)?
                        Ok(Self::$variant $( ( $($field),* ) )? $( { $($named),* } )?)
                    })*
                    _ => Err(LoadError::Malformed("a choice is none of those known")),
                }
            }
        }
    )*};
}

pub(super) use {choice, record};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: u32, expected: &[u8]) {
        let mut writer = Writer::default();
        number.put(&mut writer);
        let bytes = writer.finish();
        assert_eq!(bytes, expected);
        let mut reader = Reader::new(&bytes);
        assert_eq!(u32::take(&mut reader), Ok(number));
        assert!(reader.is_empty());
    }

    #[test]
    fn numbers_take_seven_bits_a_byte() {
        check(0, &[0]);
        check(127, &[127]);
        check(128, &[0x80, 1]);
        check(16_384, &[0x80, 0x80, 1]);
        check(u32::MAX, &[0xff, 0xff, 0xff, 0xff, 15]);
    }

    #[test]
    fn numbers_of_more_than_32_bits_are_refused() {
        for bytes in [&[0xff, 0xff, 0xff, 0xff, 16][..], &[0x80, 0x80, 0x80, 0x80, 0x80, 0], &[0x80]] {
            assert!(u32::take(&mut Reader::new(bytes)).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn short_numbers_are_read_as_long_ones_are() {
        for first in 0..1_u32 << 16 {
            let [a, b, ..] = first.to_le_bytes();
            for c in [0, 1, 0x7f, 0x80, 0xff] {
                for bytes in [&[a][..], &[a, b], &[a, b, c], &[a, b, c, 1]] {
                    assert_eq!(number(bytes), long_number(bytes), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn a_number_has_one_form() {
        let long = Err(LoadError::Malformed("a number is longer than it has to be"));
        assert_eq!(u32::take(&mut Reader::new(&[0x80, 0])), long.clone());
        assert_eq!(u32::take(&mut Reader::new(&[0xff, 0x80, 0])), long);
    }

    #[test]
    fn a_text_stands_once_and_lines_as_distances() {
        let texts = ["allow", "deny", "allow"].map(Arc::<str>::from).to_vec();
        let lines = vec![Line(7), Line(9), Line(8), Line(0), Line(u32::MAX / 2)];
        let mut writer = Writer::default();
        (texts.clone(), lines.clone()).put(&mut writer);
        let bytes = writer.finish();
        let expected =
            [b"\x03\x0aallow\x08deny\x01", &[5, 14, 4, 3, 17, 0xfe, 0xff, 0xff, 0xff, 15][..]].concat();
        assert_eq!(bytes, expected);
        let read: (Vec<Arc<str>>, Vec<Line>) = Record::take(&mut Reader::new(&bytes)).unwrap();
        assert!(Arc::ptr_eq(&read.0[0], &read.0[2]), "a text is kept once");
        assert_eq!(read, (texts, lines));
    }

    #[test]
    fn of_many_texts_each_is_named_by_its_number() {
        let texts = ["a", "b", "c", "c", "b", "a", "d", "d"].map(Arc::<str>::from).to_vec();
        let mut writer = Writer::default();
        texts.put(&mut writer);
        let bytes = writer.finish();
        assert_eq!(bytes, b"\x08\x02a\x02b\x02c\x05\x03\x01\x02d\x07");
        assert_eq!(Record::take(&mut Reader::new(&bytes)), Ok(texts));
        let text = |bytes: &[u8]| Vec::<Arc<str>>::take(&mut Reader::new(bytes));
        assert_eq!(text(b"\x02\x02a\x03"), Err(LoadError::Malformed("a text is not there")));
    }

    #[test]
    fn a_line_that_is_the_one_before_takes_no_distance() {
        let mut writer = Writer::default();
        vec![Line(9), Line(9), Line(8), Line(8)].put(&mut writer);
        assert_eq!(writer.finish(), [4, 18, 0, 3, 0]);
    }

    /// Notes are walked by recursion, and must fit a small stack: so deep, and no deeper, however many stand beside each other.
    #[test]
    fn notes_are_nested_just_so_deep() {
        let note = |bytes: &[u8]| crate::eval::NoteExpr::take(&mut Reader::new(bytes)).map(drop);
        let nested = |depth: u32| {
            let nots = vec![1; usize::try_from(depth).unwrap()];
            note(&[nots.as_slice(), &[0, 1]].concat())
        };
        assert_eq!(nested(EXPANDED_DEPTH_MAX * 2), Ok(()));
        let deep = Err(LoadError::Malformed("a note is nested too deep"));
        assert_eq!(nested(EXPANDED_DEPTH_MAX * 2 + 1), deep);
        let beside = [&[2, 0xac, 0x02][..], &[1, 0, 1].repeat(300)].concat();
        assert_eq!(note(&beside), Ok(()));
    }

    #[test]
    fn texts_and_lines_that_are_not_there_are_refused() {
        let text = |bytes: &[u8]| Arc::<str>::take(&mut Reader::new(bytes));
        assert_eq!(text(&[1]), Err(LoadError::Malformed("a text is not there")));
        assert_eq!(text(&[4, b'a']), Err(LoadError::Malformed("a record ends too early")));
        assert_eq!(text(&[2, 0xff]), Err(LoadError::Malformed("a text is not UTF-8")));
        let line = |bytes: &[u8]| Line::take(&mut Reader::new(bytes));
        assert_eq!(line(&[3]), Err(LoadError::Malformed("a line is not there")));
        assert_eq!(line(&[2]), Ok(Line(1)));
    }
}
