//! An identity in three pieces of memory, however many texts it has: a gate remembers a hundred thousand of them.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use super::{AttributeValue, IdentityParts, TokenFault, allocated};
use crate::policy::{AttributeId, IssuerId, RoleId};

/// Holds what a policy can ask about an authenticated caller.
///
/// Made of its [`IdentityParts`], by [`Identity::map`] or [`Identity::new`].
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    issuer: IssuerId,
    roles_len: u32,
    scopes_len: u32,
    /// Which of client, actor and token id there are.
    has: [bool; 3],
    issued_at: Option<i64>,
    authenticated_at: Option<i64>,
    /// All texts, one behind the other: subject, client, actor, token id, the scopes, and those of attributes.
    text: Box<str>,
    /// The roles, sorted, and by text where it ends.
    numbers: Box<[u32]>,
    /// By attribute.
    attributes: Box<[Option<Packed>]>,
}

/// The value of an attribute; texts are told by their numbers.
#[derive(Clone, PartialEq, Eq)]
enum Packed {
    Bool(bool),
    Int(i64),
    String(u32),
    Strings { first: u32, len: u32 },
    Ip(IpAddr),
    Duration(i64),
    Instant(i64),
}

/// Shows the value of a declared attribute, as [`AttributeValue`] holds it.
#[derive(Debug, Clone)]
pub enum AttributeView<'i> {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `string`
    String(&'i str),
    /// `strings`, sorted and free of duplicates
    Strings(Texts<'i>),
    /// `ip`
    Ip(IpAddr),
    /// `duration`, in seconds
    Duration(i64),
    /// `instant`, in Unix seconds
    Instant(i64),
}

/// Goes through texts of an identity.
#[derive(Debug, Clone)]
pub struct Texts<'i> {
    identity: &'i Identity,
    left: Range<u32>,
}

impl<'i> Iterator for Texts<'i> {
    type Item = &'i str;

    fn next(&mut self) -> Option<&'i str> {
        self.left.next().map(|number| self.identity.text(number))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

const SUBJECT: u32 = 0;
const CLIENT: u32 = 1;
const ACTOR: u32 = 2;
const TOKEN_ID: u32 = 3;
const FIRST_SCOPE: u32 = 4;

impl Identity {
    /// Packs an identity.
    ///
    /// # Errors
    /// [`TokenFault::Claims`] where its texts, or its lists, are larger than 32 bits can count.
    pub fn new<T: AsRef<str>>(parts: &IdentityParts<T>) -> Result<Self, TokenFault> {
        Packing::of(parts).and_then(|packing| packing.packed(parts)).ok_or(TokenFault::Claims)
    }

    /// Takes it apart.
    #[must_use]
    pub fn to_parts(&self) -> IdentityParts {
        IdentityParts {
            issuer: self.issuer,
            id: self.id().to_owned(),
            roles: self.roles().collect(),
            scopes: self.scopes().map(str::to_owned).collect(),
            client: self.client().map(str::to_owned),
            actor: self.actor().map(str::to_owned),
            token_id: self.token_id().map(str::to_owned),
            issued_at: self.issued_at,
            authenticated_at: self.authenticated_at,
            attributes: self.attributes().map(|value| value.map(AttributeView::to_value)).collect(),
        }
    }

    /// Returns the issuer of the token.
    #[must_use]
    pub fn issuer(&self) -> IssuerId {
        self.issuer
    }

    /// Returns the subject; never empty where claims were mapped.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text(SUBJECT)
    }

    /// Lists the roles after mapping and the `includes` closure, sorted.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = RoleId> {
        self.role_numbers().iter().map(|number| RoleId(*number))
    }

    /// Says whether the caller has a role, its own or one that a role includes.
    #[must_use]
    pub fn has_role(&self, role: RoleId) -> bool {
        self.role_numbers().binary_search(&role.0).is_ok()
    }

    /// Lists the scopes, sorted and free of duplicates.
    #[must_use]
    pub fn scopes(&self) -> Texts<'_> {
        self.texts(FIRST_SCOPE, self.scopes_len)
    }

    /// Says whether the caller has a scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        let (mut from, mut to) = (FIRST_SCOPE, FIRST_SCOPE.saturating_add(self.scopes_len));
        while from < to {
            let middle = from.midpoint(to);
            match self.text(middle).cmp(scope) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        false
    }

    /// Returns the OAuth client.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        let [has, _, _] = self.has;
        has.then(|| self.text(CLIENT))
    }

    /// Returns `act.sub`: an agent acting for the user (RFC 8693 §4.1).
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        let [_, has, _] = self.has;
        has.then(|| self.text(ACTOR))
    }

    /// Returns `jti`.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        let [_, _, has] = self.has;
        has.then(|| self.text(TOKEN_ID))
    }

    /// Returns `iat`, in Unix seconds.
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.issued_at
    }

    /// Returns `auth_time`, in Unix seconds.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<i64> {
        self.authenticated_at
    }

    /// Returns the value of a declared attribute; `None` where it is absent.
    #[must_use]
    pub fn attribute(&self, id: AttributeId) -> Option<AttributeView<'_>> {
        self.attributes.get(usize::try_from(id.0).ok()?)?.as_ref().map(|value| self.view(value))
    }

    /// Lists the declared attributes, by [`AttributeId`]; as many as the policy declares.
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = Option<AttributeView<'_>>> {
        self.attributes.iter().map(|value| value.as_ref().map(|value| self.view(value)))
    }

    /// Says how many bytes its texts and lists take.
    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(self.text.len())
            + allocated(size_of_val::<[u32]>(&self.numbers))
            + allocated(size_of_val::<[Option<Packed>]>(&self.attributes))
    }

    fn view(&self, value: &Packed) -> AttributeView<'_> {
        match value {
            Packed::Bool(truth) => AttributeView::Bool(*truth),
            Packed::Int(number) => AttributeView::Int(*number),
            Packed::String(number) => AttributeView::String(self.text(*number)),
            Packed::Strings { first, len } => AttributeView::Strings(self.texts(*first, *len)),
            Packed::Ip(address) => AttributeView::Ip(*address),
            Packed::Duration(seconds) => AttributeView::Duration(*seconds),
            Packed::Instant(seconds) => AttributeView::Instant(*seconds),
        }
    }

    fn role_numbers(&self) -> &[u32] {
        usize::try_from(self.roles_len).ok().and_then(|len| self.numbers.get(..len)).unwrap_or_default()
    }

    fn texts(&self, first: u32, len: u32) -> Texts<'_> {
        Texts { identity: self, left: first..first.saturating_add(len) }
    }

    fn text(&self, number: u32) -> &str {
        // INVARIANT: behind the roles stands for each text where it ends; it begins where the one before it ends.
        let place = self.roles_len.checked_add(number).and_then(|place| usize::try_from(place).ok());
        let end = |place: usize| usize::try_from(*self.numbers.get(place)?).ok();
        let whole = |place: usize| {
            let start = if number == 0 { 0 } else { end(place.checked_sub(1)?)? };
            self.text.get(start..end(place)?)
        };
        place.and_then(whole).unwrap_or_default()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_parts().fmt(f)
    }
}

impl AttributeView<'_> {
    /// Holds what it shows.
    #[must_use]
    pub fn to_value(self) -> AttributeValue {
        match self {
            Self::Bool(truth) => AttributeValue::Bool(truth),
            Self::Int(number) => AttributeValue::Int(number),
            Self::String(text) => AttributeValue::String(text.to_owned()),
            Self::Strings(texts) => AttributeValue::Strings(texts.map(str::to_owned).collect()),
            Self::Ip(address) => AttributeValue::Ip(address),
            Self::Duration(seconds) => AttributeValue::Duration(seconds),
            Self::Instant(seconds) => AttributeValue::Instant(seconds),
        }
    }
}

/// Texts that are put behind each other.
struct Packing {
    text: String,
    numbers: Vec<u32>,
    texts_len: u32,
}

impl Packing {
    /// Begins with the roles, and room for all.
    fn of<T: AsRef<str>>(parts: &IdentityParts<T>) -> Option<Self> {
        let (bytes, texts) = parts
            .texts()
            .fold((0_usize, 0), |(bytes, texts), text| (bytes.saturating_add(text.len()), texts + 1));
        u32::try_from(bytes).ok()?;
        let absent = [&parts.client, &parts.actor, &parts.token_id].into_iter().filter(|text| text.is_none());
        let texts = texts + absent.count();
        let mut numbers = Vec::with_capacity(parts.roles.len() + texts);
        numbers.extend(parts.roles.iter().map(|role| role.0));
        Some(Self { text: String::with_capacity(bytes), numbers, texts_len: 0 })
    }

    fn packed<T: AsRef<str>>(mut self, parts: &IdentityParts<T>) -> Option<Identity> {
        let optional = [&parts.client, &parts.actor, &parts.token_id];
        self.push(parts.id.as_ref())?;
        for text in optional {
            self.push(text.as_ref().map_or("", T::as_ref))?;
        }
        let scopes_len = self.push_all(&parts.scopes)?;
        let mut attributes = Vec::with_capacity(parts.attributes.len());
        for value in &parts.attributes {
            attributes.push(if let Some(value) = value { Some(self.value(value)?) } else { None });
        }
        Some(Identity {
            issuer: parts.issuer,
            roles_len: u32::try_from(parts.roles.len()).ok()?,
            scopes_len,
            has: optional.map(Option::is_some),
            issued_at: parts.issued_at,
            authenticated_at: parts.authenticated_at,
            text: self.text.into_boxed_str(),
            numbers: self.numbers.into_boxed_slice(),
            attributes: attributes.into_boxed_slice(),
        })
    }

    fn value<T: AsRef<str>>(&mut self, value: &AttributeValue<T>) -> Option<Packed> {
        let first = self.texts_len;
        Some(match value {
            AttributeValue::Bool(truth) => Packed::Bool(*truth),
            AttributeValue::Int(number) => Packed::Int(*number),
            AttributeValue::String(text) => {
                self.push(text.as_ref())?;
                Packed::String(first)
            }
            AttributeValue::Strings(texts) => Packed::Strings { first, len: self.push_all(texts)? },
            AttributeValue::Ip(address) => Packed::Ip(*address),
            AttributeValue::Duration(seconds) => Packed::Duration(*seconds),
            AttributeValue::Instant(seconds) => Packed::Instant(*seconds),
        })
    }

    fn push_all(&mut self, texts: &[impl AsRef<str>]) -> Option<u32> {
        texts.iter().try_for_each(|text| self.push(text.as_ref()))?;
        u32::try_from(texts.len()).ok()
    }

    fn push(&mut self, text: &str) -> Option<()> {
        self.text.push_str(text);
        self.numbers.push(u32::try_from(self.text.len()).ok()?);
        self.texts_len = self.texts_len.checked_add(1)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    fn parts() -> IdentityParts {
        IdentityParts {
            issuer: IssuerId(3),
            id: "subject".to_owned(),
            roles: vec![RoleId(1), RoleId(4), RoleId(9)],
            scopes: texts(&["", "a", "ab", "b", "ü"]),
            client: Some("client".to_owned()),
            actor: None,
            token_id: Some(String::new()),
            issued_at: Some(-1),
            authenticated_at: None,
            attributes: vec![
                Some(AttributeValue::Bool(true)),
                None,
                Some(AttributeValue::String("text".to_owned())),
                Some(AttributeValue::Strings(texts(&["x", "", "yz"]))),
                Some(AttributeValue::Strings(Vec::new())),
                Some(AttributeValue::String("last".to_owned())),
                Some(AttributeValue::Int(i64::MIN)),
                Some(AttributeValue::Ip([10, 0, 0, 1].into())),
                Some(AttributeValue::Duration(5)),
                Some(AttributeValue::Instant(i64::MAX)),
            ],
        }
    }

    #[test]
    fn what_is_packed_is_taken_apart_again() {
        let empty = IdentityParts {
            id: String::new(),
            roles: Vec::new(),
            scopes: Vec::new(),
            client: None,
            token_id: None,
            issued_at: None,
            attributes: Vec::new(),
            ..parts()
        };
        let bare = IdentityParts { actor: Some("actor".to_owned()), ..empty.clone() };
        for parts in [parts(), empty, bare] {
            let identity = Identity::new(&parts).unwrap();
            assert_eq!(identity.to_parts(), parts);
            assert_eq!(format!("{identity:?}"), format!("{parts:?}"));
        }
    }

    #[test]
    fn roles_scopes_and_attributes_are_found() {
        let identity = Identity::new(&parts()).unwrap();
        let held = (0..12).filter(|role| identity.has_role(RoleId(*role))).collect::<Vec<_>>();
        assert_eq!(held, [1, 4, 9]);
        assert!(parts().scopes.iter().all(|scope| identity.has_scope(scope)));
        for other in ["A", "aa", "abc", "c", "üü", "client", "x"] {
            assert!(!identity.has_scope(other), "{other}");
        }
        let of = |id| identity.attribute(AttributeId(id)).map(AttributeView::to_value);
        assert_eq!((0..11).map(of).collect::<Vec<_>>(), [&parts().attributes[..], &[None]].concat());
        assert_eq!(identity.scopes().size_hint(), (5, Some(5)));
    }

    #[test]
    fn an_identity_takes_what_it_says() {
        let identity = Identity::new(&parts()).unwrap();
        let measured = allocation_counter::measure(|| drop(std::hint::black_box(identity.clone())));
        assert_eq!(measured.count_total, 3);
        let said = u64::try_from(identity.heap_bytes()).unwrap();
        assert!((measured.bytes_total..measured.bytes_total + 3 * 32).contains(&said), "{said}");
    }
}
