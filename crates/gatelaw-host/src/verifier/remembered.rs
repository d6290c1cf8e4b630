//! Tokens that were verified, so that the next request with one costs no signature.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use gatelaw::Prepared;
use gatelaw::limits::{TOKEN_RECENT_BYTES_MAX, TOKENS_RECENT, TOKENS_REMEMBERED_BYTES_MAX};

use super::digest::Digest;
use crate::keys::Jwk;

/// What is remembered of a token.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) prepared: Arc<Prepared>,
    /// The key that signed it: once its issuer has it no more, this counts no more.
    pub(super) key: Arc<Jwk>,
    pub(super) valid_from: i64,
    pub(super) expires: i64,
    /// The certificate of a bound token.
    pub(super) bound_to: Option<Box<str>>,
}

impl Verified {
    fn bytes(&self) -> usize {
        let certificate = self.bound_to.as_ref().map_or(0, |cert| cert.len());
        self.prepared.bytes().saturating_add(certificate).saturating_add(ENTRY_BYTES)
    }
}

/// What a token takes beside its caller: its place among all, of which an eighth may be spare; the way to it in a table that may be half
/// empty, with a byte for each of its places; and the numbers of those who share the caller.
const ENTRY_BYTES: usize =
    size_of::<Entry>() / 8 * 9 + 2 * (size_of::<(u64, u32)>() + 1) + 2 * size_of::<usize>();

#[derive(Debug)]
struct Entry {
    digest: Digest,
    verified: Verified,
    /// Whether it was asked for since the hand passed.
    asked: bool,
}

/// Remembers tokens, bounded in number and in bytes.
///
/// Where one has to go, a hand moves over all as a clock's does, and takes the next that was not asked for since it passed: close
/// to the one that was asked for longest ago, at the cost of a bit.
#[derive(Debug)]
pub(super) struct Remembered {
    entries: Vec<Entry>,
    /// Where in `entries` a token stands, by the first bytes of its digest. Of two tokens that share them, the later one stays.
    places: HashMap<u64, u32, BuildHasherDefault<Known>>,
    recent: Recent,
    hand: usize,
    bytes: usize,
    tokens_max: usize,
}

/// Entries that the hand passes over at most, so that no request waits for a whole round.
const CHANCES: usize = 16;

impl Remembered {
    pub(super) fn new(tokens_max: usize) -> Self {
        let tokens_max = u32::try_from(tokens_max).unwrap_or(u32::MAX);
        let tokens_max = usize::try_from(tokens_max).unwrap_or(usize::MAX);
        Self {
            entries: Vec::new(),
            places: HashMap::default(),
            recent: Recent::default(),
            hand: 0,
            bytes: 0,
            tokens_max,
        }
    }

    pub(super) fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    /// Looks for a token. Answers its digest too, for remembering it.
    pub(super) fn find(&mut self, token: &str) -> (Digest, Option<&Verified>) {
        let recent = self.recent.digest(token);
        let digest = recent.unwrap_or_else(|| Digest::of(token));
        if recent.is_none() && self.place(digest).is_some() {
            self.recent.note(token, digest);
            while self.bytes > self.bytes_max() && !self.entries.is_empty() {
                self.make_room();
            }
        }
        let found = self.place(digest).and_then(|place| self.entries.get_mut(place));
        let Some(entry) = found.filter(|entry| entry.digest == digest) else { return (digest, None) };
        entry.asked = true;
        (digest, Some(&entry.verified))
    }

    /// Says how many bytes tokens may take beside those that are kept whole.
    fn bytes_max(&self) -> usize {
        TOKENS_REMEMBERED_BYTES_MAX.saturating_sub(self.recent.bytes)
    }

    /// Says where a token stands that has the first bytes of a digest.
    fn place(&self, digest: Digest) -> Option<usize> {
        self.places.get(&digest.first()).and_then(|place| usize::try_from(*place).ok())
    }

    pub(super) fn insert(&mut self, digest: Digest, verified: Verified) {
        if let Some(place) = self.place(digest) {
            self.forget(place);
        }
        let bytes = verified.bytes();
        if self.tokens_max == 0 || bytes > self.bytes_max() {
            return;
        }
        while self.entries.len() >= self.tokens_max || self.bytes + bytes > self.bytes_max() {
            self.make_room();
        }
        let Ok(place) = u32::try_from(self.entries.len()) else { return };
        self.bytes += bytes;
        if self.entries.len() == self.entries.capacity() {
            // By an eighth: doubled, they would take nearly twice their bytes.
            self.entries.reserve_exact(self.entries.len() / 8 + 16);
        }
        // Whoever comes once goes first.
        self.entries.push(Entry { digest, verified, asked: false });
        self.places.insert(digest.first(), place);
    }

    fn make_room(&mut self) {
        for _ in 0..CHANCES {
            match self.entries.get_mut(self.hand) {
                Some(entry) if entry.asked => {
                    entry.asked = false;
                    self.hand += 1;
                }
                Some(_) => break,
                None => self.hand = 0,
            }
        }
        if self.hand >= self.entries.len() {
            self.hand = 0;
        }
        self.forget(self.hand);
    }

    /// Forgets the token at a place, which the last one takes.
    fn forget(&mut self, place: usize) {
        if place >= self.entries.len() {
            return;
        }
        let gone = self.entries.swap_remove(place);
        self.bytes = self.bytes.saturating_sub(gone.verified.bytes());
        self.places.remove(&gone.digest.first());
        if let (Some(moved), Ok(place)) = (self.entries.get(place), u32::try_from(place)) {
            self.places.insert(moved.digest.first(), place);
        }
    }
}

/// The digests of tokens that were found last: comparing a token with itself takes a tenth of digesting it.
///
/// Tokens whose signatures end alike share a few places, whole; none is taken for another. The one that was noted last has the first of
/// them. With one place each, of a thousand tokens that take turns every fifth would drive another out.
#[derive(Debug, Default)]
struct Recent {
    tokens: Vec<[(String, Option<Digest>); SHARED]>,
    /// What all take.
    bytes: usize,
}

/// Places that tokens share.
const SHARED: usize = 4;

impl Recent {
    fn digest(&self, token: &str) -> Option<Digest> {
        self.tokens.get(Self::place(token))?.iter().find(|(known, _)| known == token)?.1
    }

    fn note(&mut self, token: &str, digest: Digest) {
        if token.len() > TOKEN_RECENT_BYTES_MAX {
            return;
        }
        if self.tokens.is_empty() {
            self.tokens.resize_with(TOKENS_RECENT / SHARED, Default::default);
            self.bytes += size_of_val(self.tokens.as_slice());
        }
        if let Some(places) = self.tokens.get_mut(Self::place(token)) {
            places.rotate_right(1);
            let [(known, of), ..] = places;
            known.clear();
            let had = known.capacity();
            known.reserve_exact(token.len());
            self.bytes += known.capacity() - had;
            known.push_str(token);
            *of = Some(digest);
        }
    }

    /// Takes the place from a signature's end, the one part of a token that looks random.
    fn place(token: &str) -> usize {
        let end = token.as_bytes().last_chunk().map_or(0, |end| u64::from_le_bytes(*end));
        let places = TOKENS_RECENT / SHARED;
        // The first bits of a product depend on all of both factors.
        let mixed = end.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(places.ilog2());
        usize::try_from(mixed).unwrap_or(usize::MAX) % places
    }
}

/// Takes a digest's first bytes for their hash: they are one already.
#[derive(Debug, Clone, Copy, Default)]
struct Known(u64);

impl Hasher for Known {
    // Numbers alone are hashed.
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, first: u64) {
        self.0 = first;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use gatelaw::json::Json;
    use gatelaw::{Compiled, Identity, Sources, compile};

    use super::*;
    use crate::keys::KeyMaterial;

    static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
        let text = r#"issuer a { url "https://a.example"  audience "b"  algorithms ES256 }  allow x { for authenticated }"#;
        compile(&Sources::from_text("policy.gate", text)).unwrap()
    });

    fn verified(subject: &str) -> Verified {
        let compiled = &*COMPILED;
        let claims = Json::Object(vec![("sub".into(), Json::String(subject.to_owned().into()))]);
        let identity = Identity::map(&compiled.policy.identity, "a", &claims, None).unwrap();
        let key = Jwk { kid: None, alg: None, material: KeyMaterial::Ed25519 { x: String::new() } };
        Verified {
            prepared: Arc::new(compiled.plan.prepare(identity)),
            key: Arc::new(key),
            valid_from: 0,
            expires: 1,
            bound_to: None,
        }
    }

    fn ask(remembered: &mut Remembered, token: &str) -> Option<String> {
        remembered.find(token).1.map(|found| found.prepared.identity().id().to_owned())
    }

    #[test]
    fn tokens_that_end_alike_are_told_apart() {
        let mut remembered = Remembered::new(10);
        let tokens = ["a.b.signature", "a.c.signature", "a.d.signature", "a.e.signature", "a.f.signature"];
        for token in tokens {
            let (digest, found) = remembered.find(token);
            assert!(found.is_none());
            remembered.insert(digest, verified(token));
        }
        for token in tokens.into_iter().chain(tokens.into_iter().rev()) {
            assert_eq!(ask(&mut remembered, token).as_deref(), Some(token));
        }
        assert_eq!(ask(&mut remembered, "a.g.signature"), None);
        let is_whole = |token: &&&str| remembered.recent.digest(token) == Some(Digest::of(token));
        assert_eq!(tokens.iter().filter(is_whole).count(), SHARED);
    }

    #[test]
    fn digests_that_begin_alike_are_told_apart() {
        let (mut one, mut other) = (Digest::of("one"), Digest::of("one"));
        (one.0[31], other.0[31]) = (1, 2);
        let mut remembered = Remembered::new(10);
        remembered.insert(one, verified("one"));
        remembered.insert(Digest::of("between"), verified("between"));
        assert_eq!(ask(&mut remembered, "one"), None);
        remembered.insert(other, verified("other"));
        assert_eq!((remembered.entries.len(), remembered.places.len()), (2, 2));
        assert_eq!(ask(&mut remembered, "between").as_deref(), Some("between"));
        let kept = remembered.entries.iter().map(|entry| entry.digest);
        assert_eq!(kept.filter(|digest| digest.first() == one.first()).collect::<Vec<_>>(), [other]);
    }

    #[test]
    fn tokens_that_are_kept_whole_count_among_the_bytes() {
        let mut remembered = Remembered::new(usize::MAX);
        for n in 0..70 {
            let large = verified(&"x".repeat(TOKENS_REMEMBERED_BYTES_MAX / 64));
            remembered.insert(Digest::of(&format!("large {n}")), large);
        }
        let before = remembered.entries.len();
        // Their signatures end otherwise, so that most have places of their own.
        let token = |n: u64| format!("{}{n:08}", "t".repeat(TOKEN_RECENT_BYTES_MAX - 8));
        for n in 0..2_000 {
            remembered.insert(Digest::of(&token(n)), verified("u"));
            remembered.find(&token(n));
            assert!(remembered.bytes + remembered.recent.bytes <= TOKENS_REMEMBERED_BYTES_MAX, "{n}");
        }
        let large = remembered.entries.iter().filter(|entry| entry.verified.bytes() > 1_000).count();
        assert!(before > 60 && large < before && large > 40, "{large} of {before}");
        let recent = &remembered.recent;
        let whole = (0..2_000).filter(|n| recent.digest(&token(*n)) == Some(Digest::of(&token(*n)))).count();
        assert!(whole > 1_000, "{whole}");
        let texts = recent.tokens.iter().flatten().map(|(token, _)| token.capacity()).sum::<usize>();
        assert_eq!(recent.tokens.len() * SHARED, TOKENS_RECENT);
        assert_eq!(recent.bytes, texts + size_of_val(recent.tokens.as_slice()));
    }

    #[test]
    fn neither_long_tokens_nor_unknown_ones_are_kept_whole() {
        let mut remembered = Remembered::new(10);
        let long = "t".repeat(TOKEN_RECENT_BYTES_MAX + 1);
        remembered.insert(Digest::of(&long), verified("long"));
        for _ in 0..2 {
            assert_eq!(ask(&mut remembered, &long).as_deref(), Some("long"));
            assert_eq!(ask(&mut remembered, "unknown"), None);
        }
        assert_eq!(remembered.recent.bytes, 0);
    }

    #[test]
    fn what_is_counted_is_about_what_is_taken() {
        let mut remembered = Remembered::new(usize::MAX);
        // Neither the one policy nor the keys are a token's.
        let key = verified("u").key;
        let taken = allocation_counter::measure(|| {
            for n in 0..1_500 {
                let token = format!("{n:0100}");
                remembered.insert(Digest::of(&token), Verified { key: Arc::clone(&key), ..verified(&token) });
            }
        });
        let (counted, taken) = (i64::try_from(remembered.bytes).unwrap(), taken.bytes_current);
        assert!((taken..taken * 5 / 4).contains(&counted), "{counted} bytes counted, {taken} taken");
    }

    #[test]
    fn what_is_asked_for_stays_and_the_number_is_bounded() {
        let mut remembered = Remembered::new(8);
        for n in 0..100 {
            let token = format!("token {n}");
            let (digest, _) = remembered.find(&token);
            remembered.insert(digest, verified(&token));
            assert!(remembered.entries.len() <= 8 && remembered.places.len() == remembered.entries.len());
            assert!(ask(&mut remembered, "token 0").is_some(), "after {n}");
        }
        let kept = (0..100).filter(|n| ask(&mut remembered, &format!("token {n}")).is_some()).count();
        assert_eq!(kept, 8);
    }

    #[test]
    fn bytes_are_bounded() {
        let mut remembered = Remembered::new(usize::MAX);
        for n in 0..10 {
            let digest = Digest::of(&n.to_string());
            remembered.insert(digest, verified(&"x".repeat(TOKENS_REMEMBERED_BYTES_MAX / 4)));
            assert!(remembered.bytes <= TOKENS_REMEMBERED_BYTES_MAX);
        }
        assert_eq!(remembered.entries.len(), 3);
        remembered.insert(Digest::of("large"), verified(&"x".repeat(TOKENS_REMEMBERED_BYTES_MAX)));
        assert!(remembered.bytes <= TOKENS_REMEMBERED_BYTES_MAX);
    }

    #[test]
    fn a_token_that_is_remembered_again_stands_once() {
        let mut remembered = Remembered::new(10);
        let digest = Digest::of("token");
        remembered.insert(digest, verified("first"));
        remembered.insert(digest, verified("second"));
        assert_eq!(remembered.entries.len(), 1);
        assert_eq!(ask(&mut remembered, "token").as_deref(), Some("second"));
        let bytes = remembered.bytes;
        remembered.forget(0);
        assert!(bytes > 0 && remembered.bytes == 0 && remembered.places.is_empty());
    }

    #[test]
    fn none_is_remembered_where_none_may_be() {
        let mut remembered = Remembered::new(0);
        remembered.insert(Digest::of("token"), verified("u"));
        assert_eq!(ask(&mut remembered, "token"), None);
    }
}
