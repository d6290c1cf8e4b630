//! Words and texts, taken one after the other from what JavaScript wrote. Bytes that end too early give nothing.

/// The length of a text that is not there.
pub(crate) const ABSENT: u32 = u32::MAX;

/// Takes little-endian `u32` words.
pub(crate) struct Words<'f>(&'f [[u8; 4]]);

/// Takes texts by their lengths.
pub(crate) struct Texts<'f>(&'f [u8]);

/// Splits the words from the texts behind them; the first word says how many words there are, and is taken.
pub(crate) fn split(bytes: &[u8]) -> Option<(Words<'_>, Texts<'_>)> {
    let count = u32::from_le_bytes(*bytes.first_chunk::<4>()?);
    let end = usize::try_from(count).ok()?.checked_mul(4)?;
    let (words, texts) = bytes.split_at_checked(end)?;
    let ([_, words @ ..], []) = words.as_chunks::<4>() else { return None };
    Some((Words(words), Texts(texts)))
}

impl Words<'_> {
    pub(crate) fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*first))
    }

    /// Takes a number of two words.
    pub(crate) fn integer(&mut self) -> Option<i64> {
        let [[a, b, c, d], [e, f, g, h]] = [self.next()?.to_le_bytes(), self.next()?.to_le_bytes()];
        Some(i64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Counts the words that are left.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'f> Texts<'f> {
    pub(crate) fn bytes(&mut self, length: u32) -> Option<&'f [u8]> {
        let (text, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(text)
    }

    pub(crate) fn text(&mut self, length: u32) -> Option<&'f str> {
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
