//! Base64url without padding (RFC 4648 §5).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes bytes as base64url without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    encode_into(bytes, &mut text);
    text
}

/// Appends bytes as base64url without padding; allocates nothing where `text` has room.
pub fn encode_into(bytes: &[u8], text: &mut String) {
    for chunk in bytes.chunks(3) {
        let [a, b, c] =
            [chunk.first(), chunk.get(1), chunk.get(2)].map(|x| u32::from(x.copied().unwrap_or(0)));
        let group = a << 16 | b << 8 | c;
        for shift in [18, 12, 6, 0].into_iter().take(chunk.len() + 1) {
            let index = usize::try_from(group >> shift & 63).unwrap_or(0);
            text.extend(ALPHABET.get(index).map(|x| char::from(*x)));
        }
    }
}

/// Reads base64url without padding. One text stands for one row of bytes: padding, other characters, bits behind the last byte
/// that aren't zero, and lengths that no bytes have are refused with `None` (RFC 4648 §3.5, RFC 7515 §2).
#[must_use]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(4).checked_mul(3)?);
    let (groups, rest) = text.as_chunks::<4>();
    for group in groups {
        let [a, b, c, d] = group.map(value);
        if (a | b | c | d) >= INVALID {
            return None;
        }
        let [_, high, middle, low] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
        bytes.extend([high, middle, low]);
    }
    match *rest {
        [] => {}
        [a, b] => {
            let [a, b] = [a, b].map(value);
            if (a | b) >= INVALID || b & 0xF != 0 {
                return None;
            }
            let [_, _, _, byte] = (a << 2 | b >> 4).to_be_bytes();
            bytes.push(byte);
        }
        [a, b, c] => {
            let [a, b, c] = [a, b, c].map(value);
            if (a | b | c) >= INVALID || c & 3 != 0 {
                return None;
            }
            let [_, _, high, low] = (a << 10 | b << 4 | c >> 2).to_be_bytes();
            bytes.extend([high, low]);
        }
        _ => return None,
    }
    Some(bytes)
}

/// Stands for a character that base64url doesn't have; larger than any value of one.
const INVALID: u32 = 64;

/// The value of each character, made of [`ALPHABET`].
const VALUES: [u32; 256] = {
    let mut values = [INVALID; 256];
    let mut value = 0;
    while value < 64 {
        #[expect(
            clippy::as_conversions,
            clippy::indexing_slicing,
            reason = "at compile time, over a table of 64 bytes"
        )]
        {
            values[ALPHABET[value] as usize] = value as u32;
        }
        value += 1;
    }
    values
};

fn value(character: u8) -> u32 {
    VALUES.get(usize::from(character)).copied().unwrap_or(INVALID)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn what_was_encoded_is_decoded_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..bytes.len() {
            assert_eq!(decode(encode(&bytes[..length]).as_bytes()).as_deref(), Some(&bytes[..length]));
        }
    }

    #[test]
    fn bytes_have_one_text() {
        for bad in [
            "A", "AAAAA", "Zg==", "Zh", "Zm9", "Zm9=", "Zm+v", "Zm/v", "Zm9v\n", " Zm9v", "Zm9v.", "Zm\u{e9}",
        ] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn vectors_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
        assert_eq!(encode(&[0xFB, 0xFF, 0xFE]), "-__-");
    }
}
