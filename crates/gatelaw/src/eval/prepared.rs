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
    /// By variable: its class, or [`UNPREPARED`].
    classes: Box<[u16]>,
}

/// Stands for a class that depends on the request, or is too large to be noted.
pub(super) const UNPREPARED: u16 = u16::MAX;

impl Plan {
    /// Classifies an identity once for all requests with its token. Takes two bytes for each value that rules ask for.
    #[must_use]
    pub fn prepare(&self, identity: Identity) -> Prepared {
        let (request, mut scratch) = (Canonical::new(), Scratch::new(self));
        scratch.next_round();
        let view = View { caller: Some(&identity), ..View::new(self, &request) };
        let classes = (0_u32..).zip(&self.variables).map(|(variable, words)| {
            let class = if is_of_caller(self, words) {
                u16::try_from(scratch.class(view, variable)).ok()
            } else {
                None
            };
            class.unwrap_or(UNPREPARED)
        });
        let classes = classes.collect();
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
        size_of::<Self>() + allocated(size_of_val::<[u16]>(&self.classes)) + self.identity.heap_bytes()
    }

    /// Lists the classes by variable, for the plan that they were made for.
    pub(super) fn classes(&self, mark: u64) -> &[u16] {
        if self.mark == mark { &self.classes } else { &[] }
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
