//! Records as bytes, both directions from one description, so that they can't part.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::LoadError;
use crate::limits::EXPANDED_DEPTH_MAX;

/// Reads records; every length is checked against what is left.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    depth: u32,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, depth: 0 }
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

    fn length(&mut self) -> Result<usize, LoadError> {
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
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError>;
}

impl Record for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        from.array::<1>().map(|[b]| b)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Record for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
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
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while let Some(more) = rest.checked_shr(7).filter(|more| *more != 0) {
            out.push(low_seven(rest) | 0x80);
            rest = more;
        }
        out.push(low_seven(rest));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let mut number = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = u8::take(from)?;
            let bits = Self::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                break;
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(LoadError::Malformed("a number has more than 32 bits"))
    }
}

fn low_seven(number: u32) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low & 0x7f
}

impl Record for bool {
    fn put(&self, out: &mut Vec<u8>) {
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
    fn put(&self, out: &mut Vec<u8>) {
        super::length(self.len()).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let length = from.length()?;
        let bytes = from.take(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| LoadError::Malformed("a text is not UTF-8"))
    }
}

impl Record for IpAddr {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::V4(a) => {
                out.push(4);
                out.extend_from_slice(&a.octets());
            }
            Self::V6(a) => {
                out.push(6);
                out.extend_from_slice(&a.octets());
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
    fn put(&self, out: &mut Vec<u8>) {
        super::length(self.len()).put(out);
        self.iter().for_each(|entry| entry.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let length = from.length()?;
        (0..length).map(|_| T::take(from)).collect()
    }
}

impl<T: Record> Record for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        if bool::take(from)? { T::take(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Record> Record for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
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
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl<K: Record + Ord, V: Record> Record for BTreeMap<K, V> {
    fn put(&self, out: &mut Vec<u8>) {
        super::length(self.len()).put(out);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let length = from.length()?;
        (0..length).map(|_| <(K, V)>::take(from)).collect()
    }
}

/// Describes a struct: its fields in order.
macro_rules! record {
    ($($name:path { $($field:ident),* $(,)? })*) => {$(
        impl Record for $name {
            fn put(&self, out: &mut Vec<u8>) {
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
            fn put(&self, out: &mut Vec<u8>) {
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
        let mut bytes = Vec::new();
        number.put(&mut bytes);
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
}
