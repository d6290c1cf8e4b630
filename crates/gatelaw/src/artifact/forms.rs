//! How each form of a plan stands in an artifact.

use super::LoadError;
use super::record::{Reader, Record, Writer, choice, record};
use crate::address::IpNet;
use crate::ast::{AuditLevel, LiteralKind, Privacy, SetShape, Type, Weekday};
use crate::eval::{AlternativeNote, NoteExpr, Notes, RuleNote};
use crate::lower::Read;
use crate::needs::{FactNeeds, Named, Needs};
use crate::plan::{
    Action, Cost, Entry, Instance, PlanKind, PlanRule, RuleNames, Source, Strings, VariableKind,
    VariableWords,
};
use crate::policy::{
    Attr, AttributeId, Denial, Grants, IdentityModel, Issuer, IssuerAttribute, Role, RoleId, RolesClaim,
    RuleId, ScopesShape, UserAttribute,
};

record! {
    IdentityModel { issuers, roles, attributes, reads_token_age, matched }
    Issuer {
        name, url, keys, audience, algorithms, types, require, refuse, leeway_s, max_age_s, subject, client, scopes,
        roles, attributes, token_cookies, token_headers, bound_mtls,
    }
    RolesClaim { path, shape, grants }
    IssuerAttribute { attribute, path, shape, optional, default }
    UserAttribute { name, ty, privacy }
    Role { name, closure }
    Needs { headers, query, cookies, facts, ip, tokens, token_headers, token_cookies, sets }
    Named { name, matched }
    FactNeeds { country, asn, bot_score, tls_version, client_cert, size, tls_version_matched }
    Entry {
        exact_hosts, one_label_hosts, hosts_below, other_host, methods, everywhere, rows_max, all_of_max, literals,
    }
    PlanRule { observe, kind }
    Instance { rule, action }
    Cost { variables_max, words_max }
    Notes { files, rules, alternatives, classes, nodes }
    RuleNote { file, line, annotations, routes }
    AlternativeNote { rule, expr }
}

choice! {
    ScopesShape { 0 => ListOrWords, 1 => Shape(shape) }
    SetShape { 0 => List, 1 => Words, 2 => One }
    Type { 0 => Bool, 1 => Int, 2 => String, 3 => Strings, 4 => Ip, 5 => Duration, 6 => Instant, 7 => Clock, 8 => Weekday }
    Privacy { 0 => Open, 1 => Personal, 2 => Secret }
    LiteralKind {
        0 => Bool(b), 1 => Int(n), 2 => String(s), 3 => Ip(net), 4 => Duration(s), 5 => Instant(s), 6 => Clock(m),
        7 => Weekday(day),
    }
    Weekday { 0 => Mon, 1 => Tue, 2 => Wed, 3 => Thu, 4 => Fri, 5 => Sat, 6 => Sun }
    AuditLevel { 0 => None, 1 => Brief, 2 => Full }
    Attr {
        0 => Method, 1 => Scheme, 2 => Host, 3 => Ip, 4 => Header(n), 5 => HeaderLine(n), 6 => HeaderOnly(n),
        7 => Query(n), 8 => QueryOnly(n), 9 => Cookie(n), 10 => CookieOnly(n), 11 => Path(n), 12 => HostLabel(n),
        13 => Country, 14 => Asn, 15 => BotScore, 16 => TlsVersion, 17 => ClientCert, 18 => Size, 19 => UserId,
        20 => UserIssuer, 21 => UserRoles, 22 => UserScopes, 23 => UserClient, 24 => UserActor, 25 => UserTokenId,
        26 => UserAuthAge, 27 => UserTokenAge, 28 => User(id), 29 => Now, 30 => Time(offset), 31 => Weekday(offset),
    }
    PlanKind { 0 => Allow, 1 => Deny(denial), 2 => Limit, 3 => Forward, 4 => Audit }
    Denial { 0 => Respond { status, text }, 1 => Challenge { max_age_s, acr, scope } }
    Action {
        0 => Observe, 1 => Limit { rate, per_s, burst, by }, 2 => Forward { set, remove }, 3 => Audit { level, keep, redact },
    }
    Source { 0 => Text(text), 1 => Read(read) }
    NoteExpr { 0 => Constant(b), 1 => Not(inner), 2 => All(parts), 3 => Any(parts), 4 => Test { test, text, file, line } }
}

macro_rules! numbered {
    ($($name:ident),*) => {$(
        impl Record for $name {
            fn put(&self, out: &mut Writer) {
                self.0.put(out);
            }

            fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
                u32::take(from).map(Self)
            }
        }
    )*};
}

numbered!(RoleId, AttributeId, RuleId, Read);

impl Record for IpNet {
    fn put(&self, out: &mut Writer) {
        self.address().put(out);
        self.prefix().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let (address, prefix) = Record::take(from)?;
        Self::new(address, prefix).ok_or(LoadError::Malformed("a network has bits behind its prefix"))
    }
}

impl Record for Grants {
    fn put(&self, out: &mut Writer) {
        super::length(self.pairs().len()).put(out);
        self.pairs().iter().for_each(|pair| pair.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        Vec::take(from).map(Self::new)
    }
}

/// The names behind each other, then how long each is.
impl Record for RuleNames {
    fn put(&self, out: &mut Writer) {
        self.text().to_owned().put(out);
        super::length(self.count()).put(out);
        self.lens().for_each(|len| len.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let text = String::take(from)?;
        let count = from.length()?;
        let mut names = Self::new(text, count);
        for _ in 0..count {
            let pushed = names.push(u32::take(from)?);
            pushed.ok_or(LoadError::Malformed("a text begins or ends inside a character"))?;
        }
        Ok(names)
    }
}

/// The texts behind each other, then how long each is.
impl Record for Strings {
    fn put(&self, out: &mut Writer) {
        self.bytes().to_owned().put(out);
        self.lens().collect::<Vec<u32>>().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let (bytes, lens) = <(String, Vec<u32>)>::take(from)?;
        Self::new(bytes, &lens).ok_or(LoadError::Malformed("a text begins or ends inside a character"))
    }
}

impl Record for VariableWords {
    fn put(&self, out: &mut Writer) {
        self.kind.number().put(out);
        self.arguments.iter().for_each(|a| a.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, LoadError> {
        let kind = VariableKind::from_number(u32::take(from)?);
        let kind = kind.ok_or(LoadError::Malformed("a variable is of no known kind"))?;
        Ok(Self { kind, arguments: [u32::take(from)?, u32::take(from)?, u32::take(from)?] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_they_were_written() {
        for (text, bytes) in [
            ("10.0.0.0/8", &[4, 10, 0, 0, 0, 8][..]),
            ("192.0.2.1/32", &[4, 192, 0, 2, 1, 32]),
            ("2001:db8::/32", &[6, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32]),
        ] {
            let (address, prefix) = text.split_once('/').unwrap();
            let net = IpNet::new(address.parse().unwrap(), prefix.parse().unwrap()).unwrap();
            let mut writer = Writer::default();
            net.put(&mut writer);
            assert_eq!(writer.finish(), bytes);
            assert_eq!(IpNet::take(&mut Reader::new(bytes)), Ok(net));
        }
        let behind = LoadError::Malformed("a network has bits behind its prefix");
        assert_eq!(IpNet::take(&mut Reader::new(&[4, 10, 0, 0, 1, 8])), Err(behind.clone()));
        assert_eq!(IpNet::take(&mut Reader::new(&[4, 10, 0, 0, 0, 33])), Err(behind));
    }
}
