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

#[cfg(test)]
mod tests {
    use super::encode;

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
