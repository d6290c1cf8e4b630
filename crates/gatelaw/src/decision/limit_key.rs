//! The key under which a limit counts.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::base64url;

/// Collects what a limit counts by, and hashes it.
///
/// The hash is SHA-256 over the limit's full name and then each value of `by`, in the order written. Each of these is one
/// byte for its type, its length in bytes as a big-endian `u32`, and its bytes:
///
/// | type | byte | bytes |
/// |---|---|---|
/// | the name | `n` | UTF-8 |
/// | string | `s` | UTF-8 |
/// | int | `i` | 8, big-endian two's complement |
/// | bool | `b` | 1: 0 or 1 |
/// | IPv4 address | `4` | 4 |
/// | IPv6 address | `6` | 8: its /64 |
/// | absent | `-` | none |
///
/// Type and length keep two lists of values from ever making one text.
#[derive(Debug, Clone)]
pub struct LimitKey(Sha256);

impl LimitKey {
    /// Begins the key of a limit, by its full name.
    #[must_use]
    pub fn new(limit: &str) -> Self {
        let mut key = Self(Sha256::new());
        key.add(b'n', limit.as_bytes());
        key
    }

    /// Adds a string.
    pub fn string(&mut self, value: &str) {
        self.add(b's', value.as_bytes());
    }

    /// Adds an integer.
    pub fn int(&mut self, value: i64) {
        self.add(b'i', &value.to_be_bytes());
    }

    /// Adds a bool.
    pub fn bool(&mut self, value: bool) {
        self.add(b'b', &[u8::from(value)]);
    }

    /// Adds an address; of an IPv6 address its /64, because one client has all of it.
    pub fn ip(&mut self, value: IpAddr) {
        match value.to_canonical() {
            IpAddr::V4(v4) => self.add(b'4', &v4.octets()),
            IpAddr::V6(v6) => self.add(b'6', v6.octets().first_chunk::<8>().unwrap_or(&[0; 8])),
        }
    }

    /// Adds a value that is absent. No checked policy has one; were it to, those without it would share one count.
    pub fn absent(&mut self) {
        self.add(b'-', b"");
    }

    /// Returns the key as a decision carries it: 43 characters of base64url.
    #[must_use]
    pub fn finish(self) -> String {
        base64url::encode(&self.0.finalize())
    }

    /// Appends the key to a text; allocates nothing where `out` has room.
    pub fn finish_into(self, out: &mut String) {
        base64url::encode_into(&self.0.finalize(), out);
    }

    fn add(&mut self, ty: u8, bytes: &[u8]) {
        self.0.update([ty]);
        self.0.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(add: impl FnOnce(&mut LimitKey)) -> String {
        let mut key = LimitKey::new("orders.per-user");
        add(&mut key);
        key.finish()
    }

    #[test]
    fn the_layout_is_as_documented() {
        let bytes = b"n\0\0\0\x0forders.per-users\0\0\0\x02u1i\0\0\0\x08\0\0\0\0\0\0\0\x07b\0\0\0\x01\x01";
        let expected = base64url::encode(&Sha256::digest(bytes));
        let made = key(|k| {
            k.string("u1");
            k.int(7);
            k.bool(true);
        });
        assert_eq!(made, expected);
        assert_eq!(made.len(), 43);
    }

    #[test]
    fn an_ipv6_address_counts_as_its_64() {
        let of = |text: &str| key(|k| k.ip(text.parse().unwrap()));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }

    #[test]
    fn values_never_run_together() {
        let two = |a: &str, b: &str| {
            key(|k| {
                k.string(a);
                k.string(b);
            })
        };
        assert_ne!(two("a", "bc"), two("ab", "c"));
        assert_ne!(two("", "a"), key(|k| k.string("a")));
        assert_ne!(key(LimitKey::absent), key(|k| k.string("")));
        assert_ne!(key(|k| k.int(1)), key(|k| k.bool(true)));
    }
}
