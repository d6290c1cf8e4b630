//! Callers classified once, for all their requests.

use super::classify::Scratch;
use super::view::View;
use crate::identity::{Identity, allocated};
use crate::lower::{Read, ReadKind};
use crate::plan::{Plan, VariableKind, VariableWords};
use crate::request::Canonical;

/// Holds an identity with all that a plan's tests say of it alone: roles, scopes and attributes are looked up once a token,
/// not once a request. Made by [`Plan::prepare`].
///
/// It decides as the identity itself does; for another plan it is the identity and nothing more.
#[derive(Debug, Clone)]
pub struct Prepared {
    identity: Identity,
    /// Names the plan.
    mark: u64,
    classes: Classes,
}

/// Holds the classes of variables.
#[derive(Debug, Clone)]
struct Classes {
    /// By variable, two in a byte: its class, [`LARGE`] or [`UNPREPARED`]. Nearly all are yes or no.
    halves: Box<[u8]>,
    /// The large ones by variable, sorted.
    large: Box<[(u32, u32)]>,
}

/// Stands for a class that is not below this: it is among the large ones.
const LARGE: u8 = 14;
/// Stands for a class that depends on the request.
const UNPREPARED: u8 = 15;

/// What is known of a caller before the request is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'p> {
    halves: &'p [u8],
    large: &'p [(u32, u32)],
}

impl Known<'_> {
    /// Returns the class of a variable, where it was known.
    #[inline]
    pub(super) fn class(self, variable: u32) -> Option<u32> {
        let two = self.halves.get(usize::try_from(variable / 2).ok()?)?;
        match two >> (4 * (variable % 2)) & 15 {
            UNPREPARED => None,
            LARGE => self.large(variable),
            class => Some(u32::from(class)),
        }
    }

    #[cold]
    fn large(self, variable: u32) -> Option<u32> {
        let found = self.large.binary_search_by_key(&variable, |(known, _)| *known).ok()?;
        self.large.get(found).map(|(_, class)| *class)
    }
}

impl Plan {
    /// Classifies an identity once for all requests with its token. Takes half a byte for nearly each value that rules ask for.
    #[must_use]
    pub fn prepare(&self, identity: Identity) -> Prepared {
        let (request, mut scratch) = (Canonical::new(), Scratch::new(self));
        scratch.next_round();
        let view = View { caller: Some(&identity), ..View::new(self, &request) };
        let classes = (0_u32..)
            .zip(&self.variables)
            .map(|(variable, words)| is_of_caller(self, words).then(|| scratch.class(&view, variable)));
        let classes = Classes::new(classes);
        Prepared { identity, mark: self.mark(), classes }
    }

    /// Names the plan in a word: the first of its digest.
    pub(super) fn mark(&self) -> u64 {
        let digits = self.digest().split_once(':').and_then(|(_, digits)| digits.get(..16));
        digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0)
    }
}

impl Prepared {
    /// Returns the identity.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Says how many bytes of memory this takes, so that a host that keeps many can bound them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let Classes { halves, large } = &self.classes;
        let classes = [size_of_val::<[u8]>(halves), size_of_val::<[(u32, u32)]>(large)];
        size_of::<Self>() + classes.into_iter().map(allocated).sum::<usize>() + self.identity.heap_bytes()
    }

    /// Says what is known, for the plan that it was made for.
    pub(super) fn known(&self, mark: u64) -> Known<'_> {
        if self.mark == mark { self.classes.known() } else { Known::default() }
    }
}

impl Classes {
    /// Takes the classes of all variables in turn; `None` where one depends on the request.
    fn new(classes: impl Iterator<Item = Option<u32>>) -> Self {
        let (mut halves, mut large) = (Vec::new(), Vec::new());
        for (variable, class) in (0_u32..).zip(classes) {
            let half = match class {
                None => UNPREPARED,
                Some(class) => u8::try_from(class).ok().filter(|class| *class < LARGE).unwrap_or_else(|| {
                    large.push((variable, class));
                    LARGE
                }),
            };
            match halves.last_mut() {
                Some(two) if variable % 2 == 1 => *two = *two & 15 | half << 4,
                _ => halves.push(half | UNPREPARED << 4),
            }
        }
        Self { halves: halves.into(), large: large.into() }
    }

    fn known(&self) -> Known<'_> {
        Known { halves: &self.halves, large: &self.large }
    }
}

/// Says whether a variable asks for nothing but the identity.
fn is_of_caller(plan: &Plan, words: &VariableWords) -> bool {
    let [read, ..] = words.arguments;
    match words.kind {
        VariableKind::Issuer | VariableKind::Role | VariableKind::Scope => true,
        VariableKind::Present
        | VariableKind::Truth
        | VariableKind::Ints
        | VariableKind::Nets
        | VariableKind::Strings
        | VariableKind::Member
        | VariableKind::AnyOf
        | VariableKind::AllOf
        | VariableKind::Patterns
        | VariableKind::Scan => reads_identity(Read(read)),
        // Literals are found where a value is scanned, and not noted beyond that.
        VariableKind::Found => {
            let scan = usize::try_from(read).ok().and_then(|scan| plan.variables.get(scan));
            scan.is_some_and(|scan| reads_identity(Read(scan.arguments[0])))
        }
        // Two attributes, or a whole rule: they may ask for the request too.
        VariableKind::Pair | VariableKind::Holds | VariableKind::Program => false,
    }
}

/// Says whether a value stands in the identity, whatever the time is.
fn reads_identity(read: Read) -> bool {
    matches!(
        read.kind(),
        Some(
            ReadKind::UserId
                | ReadKind::UserIssuer
                | ReadKind::UserRoles
                | ReadKind::UserScopes
                | ReadKind::UserClient
                | ReadKind::UserActor
                | ReadKind::UserTokenId
                | ReadKind::User
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonText;

    /// What is asked of the request, or of both, is not known before there is one: with another request it would be another.
    #[test]
    fn what_the_caller_alone_says_is_known_before_the_request() {
        let text = r#"
            issuer a {
              url "https://a.example"  audience "b"  algorithms ES256  roles claim groups as named { staff }
              attribute team: string = claim team
            }
            role staff
            allow one { for staff  when user.team == "x"  and request.country? == "DE" }
            allow two { for issuer a  when request.header("x-team").only? == user.team  and request.header("x-team") contains user.team }
            allow three { for scope "read"  when user.scopes contains any ["a", "b"]  and user.token_age < 5m }
        "#;
        let compiled = crate::compile(&crate::Sources::from_text("policy.gate", text)).unwrap();
        let text = |text: &'static str| JsonText::String(text.into());
        let claims = [
            ("sub", text("u")),
            ("groups", JsonText::Array(vec![text("staff")])),
            ("team", text("x")),
            ("iat", JsonText::Int(1)),
        ];
        let claims = JsonText::Object(claims.map(|(name, value)| (name.into(), value)).into());
        let identity = Identity::map(&compiled.policy.identity, "a", &claims, None).unwrap();
        let plan = &compiled.plan;
        let prepared = plan.prepare(identity);
        let known = prepared.known(plan.mark());
        let mut found: Vec<_> = (0..)
            .zip(&plan.variables)
            .map(|(variable, words)| (format!("{:?}", words.kind), known.class(variable)))
            .collect();
        found.sort();
        let expected = [
            ("AnyOf", Some(0)),
            ("Holds", None),
            ("Ints", None),
            ("Issuer", Some(1)),
            ("Pair", None),
            ("Role", Some(1)),
            ("Scope", Some(0)),
            ("Strings", None),
            ("Strings", Some(1)),
        ];
        assert!(found.iter().map(|(kind, class)| (kind.as_str(), *class)).eq(expected), "{found:?}");
        // Another plan's numbers mean something else.
        assert!((0..9).all(|variable| prepared.known(plan.mark() ^ 1).class(variable).is_none()));
    }

    #[test]
    fn classes_are_known_as_they_were_written_whatever_their_size() {
        let classes = [Some(0), Some(1), None, Some(13), Some(14), Some(15), None, Some(u32::MAX), Some(2)];
        for count in 0..=classes.len() {
            let written = Classes::new(classes.into_iter().take(count));
            let known = written.known();
            let read: Vec<_> = (0..).take(count).map(|variable| known.class(variable)).collect();
            assert_eq!(read, classes[..count]);
            let past = u32::try_from(count).unwrap();
            assert_eq!([past, past + 1, u32::MAX].map(|past| known.class(past)), [None; 3]);
        }
    }
}
