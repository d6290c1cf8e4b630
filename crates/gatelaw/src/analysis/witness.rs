//! A request that two rules match: built from the classes of a diagram's path, and then asked of the reference interpreter.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

use crate::diagram::{Diagrams, Ref};
use crate::identity::{AttributeValue, Caller, Identity, IdentityParts};
use crate::limits::ANALYSIS_WITNESSES_MAX;
use crate::lower::{Automaton, Read, ReadKind, Variable};
use crate::policy::{IssuerId, Policy, RoleId, Rule};
use crate::request::{Fact, Facts, RawRequest};

/// Where both rules apply.
pub(super) struct Place {
    pub(super) host: String,
    pub(super) method: String,
    pub(super) path: String,
}

/// Finds a request at a place that makes a diagram true and both rules match, and describes it.
pub(super) fn find(
    policy: &Policy,
    variables: &[Variable],
    diagrams: &Diagrams,
    condition: Ref,
    place: &Place,
    rules: [&Rule; 2],
) -> Option<String> {
    let mut tried = 0;
    // Each entry is a diagram and the classes chosen on the way to it.
    let mut waiting: Vec<(Ref, Vec<(u32, u32)>)> = vec![(condition, Vec::new())];
    while let Some((at, chosen)) = waiting.pop() {
        if at == Ref::NONE {
            continue;
        }
        let Some(node) = diagrams.node(at) else {
            let draft = Draft::new(policy, variables, place, &chosen);
            if draft.matches(policy, &rules) {
                return Some(draft.described(policy));
            }
            tried += 1;
            if tried >= ANALYSIS_WITNESSES_MAX {
                return None;
            }
            continue;
        };
        let choice = |class, child| (child, chosen.iter().copied().chain([(node.variable, class)]).collect());
        waiting.extend(node.exceptions.iter().rev().take(8).map(|(class, child)| choice(*class, *child)));
        waiting.push(choice(0, node.default));
    }
    None
}

/// A request in the making.
struct Draft {
    method: String,
    host: String,
    path: Vec<String>,
    slash: bool,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    ip: IpAddr,
    country: Option<String>,
    tls_version: Option<String>,
    client_cert: Option<String>,
    numbers: [Option<i64>; 3],
    now: i64,
    identity: Option<IdentityParts>,
}

/// 2026-01-01T12:00:00Z, the time of tests that say none.
const NOW: i64 = 1_767_268_800;
/// A text that no pattern is likely to name.
const OTHER: &str = "zzz";

impl Draft {
    fn new(policy: &Policy, variables: &[Variable], place: &Place, chosen: &[(u32, u32)]) -> Self {
        let mut draft = Self {
            method: place.method.clone(),
            host: place.host.clone(),
            path: place.path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            slash: place.path.ends_with('/'),
            headers: Vec::new(),
            query: Vec::new(),
            cookies: Vec::new(),
            ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            country: None,
            tls_version: None,
            client_cert: None,
            numbers: [None; 3],
            now: NOW,
            identity: None,
        };
        let by_number = |number: u32| usize::try_from(number).ok().and_then(|n| variables.get(n));
        // Callers first, as their attributes need one.
        for (variable, class) in chosen {
            match (by_number(*variable), class) {
                (Some(Variable::Issuer), class) if *class > 0 => draft.signed_in(policy, class - 1),
                (Some(Variable::Role(role)), 1) => draft.role(policy, *role),
                (Some(Variable::Scope(scope)), 1) => draft.user(policy).scopes.push(scope.clone()),
                _ => {}
            }
        }
        for (variable, class) in chosen {
            if let Some(variable) = by_number(*variable) {
                draft.choose(policy, variable, *class);
            }
        }
        if let Some(identity) = &mut draft.identity {
            identity.scopes.sort();
            identity.scopes.dedup();
        }
        draft
    }

    fn signed_in(&mut self, policy: &Policy, issuer: u32) {
        self.identity.get_or_insert_with(|| somebody(policy, issuer)).issuer = IssuerId(issuer);
    }

    fn user(&mut self, policy: &Policy) -> &mut IdentityParts {
        self.identity.get_or_insert_with(|| somebody(policy, 0))
    }

    fn role(&mut self, policy: &Policy, role: u32) {
        let closure =
            usize::try_from(role).ok().and_then(|r| policy.identity.roles.get(r)).map(|r| r.closure.clone());
        let roles = &mut self.user(policy).roles;
        roles.extend(closure.unwrap_or_else(|| vec![RoleId(role)]));
        roles.sort();
        roles.dedup();
    }

    fn choose(&mut self, policy: &Policy, variable: &Variable, class: u32) {
        match variable {
            Variable::Strings(read, classes) => {
                let text = classes.iter().find(|(_, c)| *c == class).map(|(text, _)| text.as_str());
                if class != 0 {
                    self.text(policy, *read, text.unwrap_or(OTHER));
                }
            }
            Variable::Patterns(read, automaton, _) if class != 0 => {
                if let Some(text) = shortest(automaton, class) {
                    self.text(policy, *read, &text);
                }
            }
            Variable::Found(read, finds) if class != 0 => {
                if let Ok(text) = str::from_utf8(&finds.literal) {
                    self.text(policy, *read, text);
                }
            }
            Variable::Ints(read, points) if class != 0 => {
                if let Some((start, _)) = points.iter().find(|(_, c)| *c == class) {
                    self.number(policy, *read, *start);
                }
            }
            Variable::Nets(read, v4, _) if class != 0 => {
                if let (Some((start, _)), Some(ReadKind::Ip)) =
                    (v4.iter().find(|(_, c)| *c == class), read.kind())
                {
                    self.ip = IpAddr::V4(Ipv4Addr::from_bits(*start));
                }
            }
            Variable::Member(read, text) if class == 1 => self.text(policy, *read, text),
            Variable::AnyOf(read, texts) if class == 1 => {
                texts.first().into_iter().for_each(|t| self.text(policy, *read, t));
            }
            Variable::AllOf(read, texts) if class == 1 => {
                texts.iter().for_each(|t| self.text(policy, *read, t))
            }
            Variable::Present(read) if class == 1 => self.text(policy, *read, OTHER),
            Variable::Truth(read) if read.kind() == Some(ReadKind::User) => {
                self.attribute(policy, *read, AttributeValue::Bool(class == 1));
            }
            Variable::Issuer | Variable::Role(_) | Variable::Scope(_) | Variable::Truth(_) => {}
            Variable::Pair(..) | Variable::Holds(..) | Variable::Ints(..) | Variable::Nets(..) => {}
            Variable::Patterns(..) | Variable::Member(..) | Variable::AnyOf(..) | Variable::AllOf(..) => {}
            Variable::Present(_) | Variable::Found(..) | Variable::Scan(..) => {}
        }
    }

    fn attribute(&mut self, policy: &Policy, read: Read, value: AttributeValue) {
        let at = usize::try_from(read.argument()).unwrap_or(usize::MAX);
        if let Some(slot) = self.user(policy).attributes.get_mut(at) {
            *slot = Some(value);
        }
    }

    fn text(&mut self, policy: &Policy, read: Read, text: &str) {
        let slot = usize::try_from(read.argument()).unwrap_or(usize::MAX);
        let name =
            |names: &[crate::needs::Named]| names.get(slot).map(|n| n.name.clone()).unwrap_or_default();
        match read.kind() {
            Some(ReadKind::Method) => text.clone_into(&mut self.method),
            Some(ReadKind::Host) => text.clone_into(&mut self.host),
            Some(ReadKind::Header | ReadKind::HeaderLine | ReadKind::HeaderOnly) => {
                put(&mut self.headers, name(&policy.needs.headers), text);
            }
            Some(ReadKind::Query | ReadKind::QueryOnly) => {
                put(&mut self.query, name(&policy.needs.query), text)
            }
            Some(ReadKind::Cookie | ReadKind::CookieOnly) => {
                put(&mut self.cookies, name(&policy.needs.cookies), text)
            }
            Some(ReadKind::Segment) => {
                if let Some(segment) = self.path.get_mut(slot) {
                    text.clone_into(segment);
                }
            }
            Some(ReadKind::Country) => {
                self.country = Some(if text == OTHER { "DE" } else { text }.to_owned())
            }
            Some(ReadKind::TlsVersion) => self.tls_version = Some(text.to_owned()),
            Some(ReadKind::ClientCert) => {
                self.client_cert = Some(if text == OTHER { "0".repeat(64) } else { text.to_owned() })
            }
            Some(ReadKind::Asn | ReadKind::BotScore | ReadKind::Size | ReadKind::UserAuthAge) => {
                self.number(policy, read, 0)
            }
            Some(ReadKind::UserId) => text.clone_into(&mut self.user(policy).id),
            Some(ReadKind::UserClient) => self.user(policy).client = Some(text.to_owned()),
            Some(ReadKind::UserActor) => self.user(policy).actor = Some(text.to_owned()),
            Some(ReadKind::UserTokenId) => self.user(policy).token_id = Some(text.to_owned()),
            Some(ReadKind::User) => self.attribute_text(policy, read, text),
            _ => {}
        }
    }

    fn attribute_text(&mut self, policy: &Policy, read: Read, text: &str) {
        let at = usize::try_from(read.argument()).unwrap_or(usize::MAX);
        let ty = policy.identity.attributes.get(at).map(|a| a.ty);
        let value = match ty {
            Some(crate::ast::Type::Strings) => AttributeValue::Strings(vec![text.to_owned()]),
            Some(crate::ast::Type::String) => AttributeValue::String(text.to_owned()),
            Some(crate::ast::Type::Bool) => AttributeValue::Bool(false),
            Some(crate::ast::Type::Ip) => AttributeValue::Ip(self.ip),
            _ => return self.number(policy, read, 0),
        };
        let known = self.user(policy).attributes.get(at).is_some_and(Option::is_some);
        if !(known && text == OTHER) {
            self.attribute(policy, read, value);
        }
    }

    fn number(&mut self, policy: &Policy, read: Read, number: i64) {
        let at_least_0 = number.max(0);
        match read.kind() {
            Some(ReadKind::Asn) => self.numbers[0] = Some(at_least_0),
            Some(ReadKind::BotScore) => self.numbers[1] = Some(at_least_0),
            Some(ReadKind::Size) => self.numbers[2] = Some(at_least_0),
            Some(ReadKind::Now) => self.now = number.max(NOW.min(number)),
            Some(ReadKind::WeekSecond) => {
                // From the Monday before `NOW`: 2025-12-29T00:00:00Z.
                self.now = 1_766_966_400 + number;
            }
            Some(ReadKind::UserAuthAge) => {
                self.user(policy).authenticated_at = Some(NOW.saturating_sub(at_least_0))
            }
            Some(ReadKind::UserTokenAge) => {
                self.user(policy).issued_at = Some(NOW.saturating_sub(at_least_0))
            }
            Some(ReadKind::User) => {
                let at = usize::try_from(read.argument()).unwrap_or(usize::MAX);
                let value = match policy.identity.attributes.get(at).map(|a| a.ty) {
                    Some(crate::ast::Type::Duration) => AttributeValue::Duration(number),
                    Some(crate::ast::Type::Instant) => AttributeValue::Instant(number),
                    _ => AttributeValue::Int(number),
                };
                self.attribute(policy, read, value);
            }
            _ => {}
        }
    }

    fn target(&self) -> String {
        let mut target: String = self.path.iter().map(|s| format!("/{}", escaped(s))).collect();
        if self.slash || target.is_empty() {
            target.push('/');
        }
        for (number, (name, value)) in self.query.iter().enumerate() {
            // Writing to a `String` can't fail.
            _ = write!(target, "{}{}={}", if number == 0 { '?' } else { '&' }, escaped(name), escaped(value));
        }
        target
    }

    fn matches(&self, policy: &Policy, rules: &[&Rule]) -> bool {
        let (target, cookie) = (self.target(), self.cookie());
        let mut headers: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        if !cookie.is_empty() {
            headers.push((b"cookie", cookie.as_bytes()));
        }
        let raw = RawRequest {
            headers: &headers,
            ip: Some(self.ip),
            facts: Facts {
                country: self.country.as_deref().map_or(Fact::Absent, Fact::Present),
                asn: self.numbers[0].map_or(Fact::Absent, Fact::Present),
                bot_score: self.numbers[1].map_or(Fact::Absent, Fact::Present),
                tls_version: self.tls_version.as_deref().map_or(Fact::Absent, Fact::Present),
                client_cert: self.client_cert.as_deref().map_or(Fact::Absent, Fact::Present),
                size: self.numbers[2].map_or(Fact::Absent, Fact::Present),
            },
            now: self.now,
            ..RawRequest::new(self.method.as_bytes(), self.host.as_bytes(), target.as_bytes())
        };
        let identity = self.identity.as_ref().and_then(|parts| Identity::new(parts).ok());
        let caller = identity.as_ref().map_or(Caller::Anonymous, Caller::Verified);
        crate::reference::all_match(policy, rules, &raw, caller)
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("; ")
    }

    /// Describes the request in one line.
    fn described(&self, policy: &Policy) -> String {
        let mut text = format!("{} https://{}{}", self.method, self.host, self.target());
        self.headers.iter().for_each(|(n, v)| _ = write!(text, ", header {n}: {v}"));
        self.cookies.iter().for_each(|(n, v)| _ = write!(text, ", cookie {n}={v}"));
        if policy.needs.ip {
            _ = write!(text, ", from {}", self.ip);
        }
        self.country.iter().for_each(|c| _ = write!(text, ", country {c}"));
        for (name, number) in ["asn", "bot_score", "size"].iter().zip(self.numbers) {
            number.iter().for_each(|n| _ = write!(text, ", {name} {n}"));
        }
        let Some(identity) = &self.identity else { return text + ", nobody signed in" };
        let issuer = usize::try_from(identity.issuer.0).ok().and_then(|i| policy.identity.issuers.get(i));
        _ = write!(text, ", as `{}` of {}", identity.id, issuer.map_or("", |i| i.name.as_str()));
        let role = |id: &RoleId| {
            usize::try_from(id.0).ok().and_then(|r| policy.identity.roles.get(r)).map(|r| r.name.clone())
        };
        let roles: Vec<String> = identity.roles.iter().filter_map(role).collect();
        if !roles.is_empty() {
            _ = write!(text, " with {}", roles.join(", "));
        }
        text
    }
}

fn somebody(policy: &Policy, issuer: u32) -> IdentityParts {
    IdentityParts {
        issuer: IssuerId(issuer),
        id: "u1".to_owned(),
        roles: Vec::new(),
        scopes: Vec::new(),
        client: None,
        actor: None,
        token_id: None,
        issued_at: Some(NOW),
        authenticated_at: None,
        attributes: vec![None; policy.identity.attributes.len()],
    }
}

fn put(pairs: &mut Vec<(String, String)>, name: String, value: &str) {
    let known = pairs.iter().any(|(n, _)| *n == name);
    if !(known && value == OTHER) {
        pairs.retain(|(n, v)| !(*n == name && v == OTHER));
        pairs.push((name, value.to_owned()));
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// Finds a shortest ASCII text of a class.
fn shortest(automaton: &Automaton, class: u32) -> Option<String> {
    let mut came_from = std::collections::BTreeMap::from([(0_u32, None)]);
    let mut waiting = std::collections::VecDeque::from([0_u32]);
    while let Some(state) = waiting.pop_front() {
        let at = usize::try_from(state).ok()?;
        if automaton.class.get(at) == Some(&class) {
            let mut text = Vec::new();
            let mut step = state;
            while let Some(Some((before, byte))) = came_from.get(&step) {
                text.push(*byte);
                step = *before;
            }
            text.reverse();
            return String::from_utf8(text).ok();
        }
        for byte in (b'a'..=b'z').chain(b'0'..=b'9').chain(b' '..=b'~') {
            let column = automaton.columns.get(usize::from(byte)).copied()?;
            let to = automaton
                .next
                .get(at * usize::try_from(automaton.width).ok()? + usize::from(column))
                .copied()?;
            if let std::collections::btree_map::Entry::Vacant(entry) = came_from.entry(to) {
                entry.insert(Some((state, byte)));
                waiting.push_back(to);
            }
        }
    }
    None
}
