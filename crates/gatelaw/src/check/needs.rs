//! Needs: what all rules together read of a request.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::CheckedRule;
use crate::needs::{Named, Needs};
use crate::policy::{Action, Attr, IdentityModel};

/// Collects what a policy reads.
pub(super) fn needs(rules: &[CheckedRule], identity: &IdentityModel) -> Needs {
    let mut needs = Needs { tokens: !identity.issuers.is_empty(), ..Needs::default() };
    let (mut headers, mut query, mut cookies) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for rule in rules {
        for (attr, matched) in
            rule.reads.iter().map(|a| (a, false)).chain(rule.matched.iter().map(|a| (a, true)))
        {
            match attr {
                Attr::Header(n) | Attr::HeaderLine(n) | Attr::HeaderOnly(n) => note(&mut headers, n, matched),
                Attr::Query(n) | Attr::QueryOnly(n) => note(&mut query, n, matched),
                Attr::Cookie(n) | Attr::CookieOnly(n) => note(&mut cookies, n, matched),
                Attr::Ip => needs.ip = true,
                Attr::Country => needs.facts.country = true,
                Attr::Asn => needs.facts.asn = true,
                Attr::BotScore => needs.facts.bot_score = true,
                Attr::TlsVersion => {
                    needs.facts.tls_version = true;
                    needs.facts.tls_version_matched |= matched;
                }
                Attr::ClientCert => needs.facts.client_cert = true,
                Attr::Size => needs.facts.size = true,
                _ => {}
            }
        }
    }
    // A token that is bound to a certificate is judged by the certificate (RFC 8705 §3.1).
    needs.facts.client_cert |= identity.issuers.iter().any(|i| i.bound_mtls);
    needs.headers = named(headers);
    needs.query = named(query);
    needs.cookies = named(cookies);
    needs.token_headers = sorted(identity.issuers.iter().flat_map(|i| &i.token_headers));
    needs.token_cookies = sorted(identity.issuers.iter().flat_map(|i| &i.token_cookies));
    let forwards =
        rules.iter().filter_map(|r| if let Action::Forward(f) = &r.rule.action { Some(f) } else { None });
    needs.sets = sorted(forwards.flat_map(|f| f.set.iter().map(|(name, _)| name)));
    needs
}

/// Lists the attributes of `user` that some `matches` tests, sorted.
pub(super) fn matched_of_user(rules: &[CheckedRule]) -> Vec<Attr> {
    let matched: BTreeSet<&Attr> = rules.iter().flat_map(|r| &r.matched).filter(|a| a.is_user()).collect();
    matched.into_iter().cloned().collect()
}

fn note(names: &mut BTreeMap<String, bool>, name: &str, matched: bool) {
    *names.entry(name.to_owned()).or_insert(false) |= matched;
}

fn named(names: BTreeMap<String, bool>) -> Vec<Named> {
    names.into_iter().map(|(name, matched)| Named { name, matched }).collect()
}

fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    names.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}
