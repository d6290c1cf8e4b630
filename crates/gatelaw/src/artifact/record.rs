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

numbers!(u16, u32, i32, i64);

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
