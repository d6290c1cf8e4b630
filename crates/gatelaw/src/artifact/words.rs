//! The words of tables as bytes: four words share a byte that says how many bytes each of them takes.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | how many words there are |
//! | 1 for every four words | two bits for each, the lowest for the first: it takes 0 to 3 bytes, as few as it needs |
//! | … | those bytes, the lowest first; for a wide word, one of [`WIDE`] or more, three that are all ones |
//! | 4 for each wide word | the word, the first of them last |
//!
//! A word is rotated by one bit to the left before: the highest bit, which marks what is no offset, is the lowest then, and most words
//! are small. A processor knows where the next words stand before it has read any, since the lengths stand apart from them: where each
//! byte says whether another one follows, it waits for every word (Lemire, Kurz and Rupp, *Stream VByte*, 2018).

use super::LoadError;

/// The least word, rotated, that has no room in three bytes beside the mark that it is wide.
const WIDE: u32 = 0x00ff_ffff;

const EARLY: LoadError = LoadError::Malformed("a record ends too early");
const LONG: LoadError = LoadError::Malformed("a number is longer than it has to be");

/// Writes the words of a table.
pub(super) fn put(words: &[u32]) -> Vec<u8> {
    let (mut bytes, mut wide) = (Vec::with_capacity(words.len().saturating_mul(2)), Vec::new());
    let mut out = super::length(words.len()).to_le_bytes().to_vec();
    for four in words.chunks(4) {
        let mut lengths = 0;
        for (word, place) in four.iter().map(|word| word.rotate_left(1)).zip([0, 2, 4, 6]) {
            if word >= WIDE {
                wide.push(word);
            }
            let [low, middle, high, _] = word.min(WIDE).to_le_bytes();
            let (taken, length) = match (low, middle, high) {
                (0, 0, 0) => (&[][..], 0),
                (_, 0, 0) => (&[low][..], 1),
                (_, _, 0) => (&[low, middle][..], 2),
                (_, _, _) => (&[low, middle, high][..], 3),
            };
            bytes.extend_from_slice(taken);
            lengths |= length << place;
        }
        out.push(lengths);
    }
    out.append(&mut bytes);
    out.extend(wide.into_iter().rev().flat_map(u32::to_le_bytes));
    out
}

/// Reads the words of a table, up to the end of its section.
pub(super) fn take(section: &[u8]) -> Result<Vec<u32>, LoadError> {
    let (count, rest) = section.split_first_chunk::<4>().ok_or(EARLY)?;
    let count = usize::try_from(u32::from_le_bytes(*count)).unwrap_or(usize::MAX);
    let (lengths, mut rest) = rest.split_at_checked(count.div_ceil(4)).ok_or(EARLY)?;
    let mut fours = vec![[0; 4]; lengths.len()];
    let mut long = 0;
    for (four, lengths) in fours.iter_mut().zip(lengths) {
        let place = FOURS.get(usize::from(*lengths)).ok_or(EARLY)?;
        let (mut read, behind) = place.cut(rest)?;
        rest = behind;
        long |= place.long(read);
        if read.iter().fold(false, |any, word| any | (*word == WIDE)) {
            (read, rest) = widened(read, rest)?;
        }
        *four = read.map(|word| word.rotate_right(1));
    }
    let mut words = fours.into_flattened();
    // Behind the last word stands none, and a word that takes a byte is not 0.
    if long >> 31 != 0 || words.drain(count.min(words.len())..).any(|word| word != 0) {
        return Err(LONG);
    }
    if rest.is_empty() { Ok(words) } else { Err(LoadError::Malformed("bytes follow the end of a section")) }
}

/// Reads the wide ones of four words from the end of a section. There are few: kept out of the loop, they cost it nothing.
#[inline(never)]
fn widened(four: [u32; 4], section: &[u8]) -> Result<([u32; 4], &[u8]), LoadError> {
    let (mut four, mut rest) = (four, section);
    for word in four.iter_mut().filter(|word| **word == WIDE) {
        let (before, wide) = rest.split_last_chunk::<4>().ok_or(EARLY)?;
        (*word, rest) = (u32::from_le_bytes(*wide), before);
        if *word < WIDE {
            return Err(LONG);
        }
    }
    Ok((four, rest))
}

/// Where four words stand whose lengths are those of one byte. As large as a line of a cache, so that none lies across two.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Four {
    /// What is left of the bytes where a word begins, to have that word alone.
    masks: [u32; 4],
    /// The least word that needs its length.
    least: [u32; 4],
    /// Bits from where the first word begins to the second.
    second_bits: u8,
    /// Bytes from where the first word begins to the third.
    third: u8,
    /// Bits from where the third word begins to the fourth.
    fourth_bits: u8,
    /// Bytes of all four.
    bytes: u8,
}

/// By the byte of their lengths.
static FOURS: [Four; 256] = fours();

#[expect(
    clippy::indexing_slicing,
    reason = "computed while compiling, where an index past the end is an error"
)]
const fn fours() -> [Four; 256] {
    let mut fours = [Four::of(0); 256];
    let (mut at, mut lengths) = (1, 1);
    while at < fours.len() {
        fours[at] = Four::of(lengths);
        at += 1;
        lengths = lengths.wrapping_add(1);
    }
    fours
}

impl Four {
    const fn of(lengths: u8) -> Self {
        const fn values(length: u8) -> u32 {
            1 << (8 * length)
        }
        let [a, b, c, d] = [lengths & 3, lengths >> 2 & 3, lengths >> 4 & 3, lengths >> 6 & 3];
        Self {
            masks: [values(a) - 1, values(b) - 1, values(c) - 1, values(d) - 1],
            least: [values(a) >> 8, values(b) >> 8, values(c) >> 8, values(d) >> 8],
            second_bits: 8 * a,
            third: a + b,
            fourth_bits: 8 * c,
            bytes: a + b + c + d,
        }
    }

    /// Cuts the words off.
    #[inline]
    fn cut<'b>(&self, bytes: &'b [u8]) -> Result<([u32; 4], &'b [u8]), LoadError> {
        let behind = |length| bytes.get(usize::from(length)..).ok_or(EARLY);
        if let Some(first) = bytes.first_chunk() {
            // No more than twelve: said so that no check is made of it.
            return Ok((self.read(first), behind(self.bytes & 15)?));
        }
        let mut first = [0; 16];
        first.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok((self.read(&first), behind(self.bytes)?))
    }

    /// Reads the words where they begin.
    #[inline]
    fn read(&self, bytes: &[u8; 16]) -> [u32; 4] {
        let eight = |at: u8| {
            // No more than six.
            let eight = bytes.get(usize::from(at & 7)..).and_then(<[u8]>::first_chunk);
            u64::from_le_bytes(eight.copied().unwrap_or_default())
        };
        let (first, third) = (eight(0), eight(self.third));
        let [a, b, c, d] = self.masks;
        [
            low(first) & a,
            low(first >> (self.second_bits & 63)) & b,
            low(third) & c,
            low(third >> (self.fourth_bits & 63)) & d,
        ]
    }

    /// Sets the highest bit where one of the words would fit fewer bytes.
    #[inline]
    fn long(&self, words: [u32; 4]) -> u32 {
        // No word has that bit, so it tells which difference is below 0.
        words.iter().zip(&self.least).fold(0, |long, (word, least)| long | word.wrapping_sub(*least))
    }
}

/// Takes the lower half.
#[inline]
fn low(eight: u64) -> u32 {
    let [a, b, c, d, ..] = eight.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[u32], expected: &[u8]) {
        let bytes = put(words);
        assert_eq!(bytes, expected);
        assert_eq!(take(&bytes).as_deref(), Ok(words));
    }

    #[test]
    fn a_word_takes_as_few_bytes_as_it_needs() {
        check(&[], &[0, 0, 0, 0]);
        check(&[0, 0, 0, 0, 0], &[5, 0, 0, 0, 0, 0]);
        check(&[0, 3, 300, 70_000], &[4, 0, 0, 0, 0b11_10_01_00, 6, 0x58, 2, 0xe0, 0x22, 2]);
        check(&[127, 128], &[2, 0, 0, 0, 0b10_01, 254, 0, 1]);
    }

    /// As leaves of diagrams have it.
    #[test]
    fn a_mark_in_the_highest_bit_costs_nothing() {
        check(&[1 << 31, 1 << 31 | 5], &[2, 0, 0, 0, 0b01_01, 1, 11]);
    }

    #[test]
    fn wide_words_stand_at_the_end_the_first_of_them_last() {
        check(&[(WIDE - 1).rotate_right(1)], &[1, 0, 0, 0, 3, 0xfe, 0xff, 0xff]);
        let bytes = [
            &[3, 0, 0, 0, 0b11_01_11][..],
            &[0xff, 0xff, 0xff, 2, 0xff, 0xff, 0xff],
            &[0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0],
        ];
        check(&[WIDE.rotate_right(1), 1, 1 << 30], &bytes.concat());
    }

    /// Near the end of a section, too, where fewer bytes stand than are looked at in one go.
    #[test]
    fn words_of_all_lengths_beside_each_other_are_read_as_they_were_written() {
        let lengths = |number: u32, more: u32| {
            let words = [number & 3, number >> 2 & 3, number >> 4 & 3, number >> 6 & 3];
            words.map(|length| {
                let word = (1_u32 << (8 * length)) >> 8;
                (if word == 0 { 0 } else { word + more }).rotate_right(1)
            })
        };
        let all: Vec<u32> = (0..256).flat_map(|number| lengths(number, number % 200)).collect();
        for words in [&all[..], &all[1..], &all[2..], &all[3..]] {
            assert_eq!(take(&put(words)).as_deref(), Ok(words));
        }
        for number in 0..256 {
            for count in 0..4 {
                let words = &lengths(number, 7)[count..];
                assert_eq!(take(&put(words)).as_deref(), Ok(words));
            }
        }
    }

    #[test]
    fn a_word_has_one_form() {
        for bytes in [
            &[1, 0, 0, 0, 1, 0][..],
            &[1, 0, 0, 0, 2, 5, 0],
            &[1, 0, 0, 0, 3, 5, 1, 0],
            &[4, 0, 0, 0, 0b01_00_00_00, 0],
            &[4, 0, 0, 0, 0b00_10_00_00, 9, 0],
            &[4, 0, 0, 0, 0b00_00_11_00, 9, 9, 0],
            // One that is called wide, and is not.
            &[1, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0],
            // One behind the last.
            &[1, 0, 0, 0, 0b01_01, 5, 5],
        ] {
            assert_eq!(take(bytes), Err(LONG), "{bytes:?}");
        }
    }

    #[test]
    fn a_section_ends_with_its_words() {
        let whole = put(&[1, 1 << 30, 1 << 9, 70_000, 5, 6, 7, 8, 9, 1 << 29]);
        for end in 0..whole.len() {
            assert!(take(&whole[..end]).is_err(), "{end}");
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(take(&longer).is_err());
        assert_eq!(take(&[0, 0, 0, 0, 0]), Err(LoadError::Malformed("bytes follow the end of a section")));
        assert_eq!(take(&[255, 255, 255, 255, 0, 0]), Err(EARLY));
    }
}
