//! Texts of values and attributes, as headers and records carry them.

use crate::ast::LiteralKind;
use crate::policy::{Attr, Policy};

/// Writes a literal as a header carries it.
pub(crate) fn literal_text(literal: &LiteralKind) -> String {
    let mut text = String::new();
    match literal {
        LiteralKind::Bool(b) => text.push_str(if *b { "true" } else { "false" }),
        LiteralKind::Int(n) | LiteralKind::Duration(n) => text = n.to_string(),
        LiteralKind::String(s) => text.clone_from(s),
        LiteralKind::Ip(net) => text = net.to_string(),
        LiteralKind::Instant(t) => {
            if crate::time::write_instant(*t, &mut text).is_err() {
                text.clear();
            }
        }
        LiteralKind::Clock(minute) => text = format!("{:02}:{:02}", minute / 60, minute % 60),
        LiteralKind::Weekday(day) => text.push_str(day.word()),
    }
    text
}

/// Writes an attribute as a policy does, for records.
pub(crate) fn attr_text(policy: &Policy, attr: &Attr) -> String {
    let of = |name: &str, argument: &str| format!("request.{name}(\"{}\")", argument.escape_debug());
    match attr {
        Attr::Method => "request.method".into(),
        Attr::Scheme => "request.scheme".into(),
        Attr::Host => "request.host".into(),
        Attr::Ip => "request.ip".into(),
        Attr::Header(n) => of("header", n),
        Attr::HeaderLine(n) => of("header_line", n),
        Attr::HeaderOnly(n) => of("header", n) + ".only",
        Attr::Query(n) => of("query", n),
        Attr::QueryOnly(n) => of("query", n) + ".only",
        Attr::Cookie(n) => of("cookie", n),
        Attr::CookieOnly(n) => of("cookie", n) + ".only",
        Attr::Path(n) => format!("path.{n}"),
        Attr::HostLabel => "host".into(),
        Attr::Country => "request.country".into(),
        Attr::Asn => "request.asn".into(),
        Attr::BotScore => "request.bot_score".into(),
        Attr::TlsVersion => "request.tls_version".into(),
        Attr::ClientCert => "request.client_cert".into(),
        Attr::Size => "request.size".into(),
        Attr::UserId => "user.id".into(),
        Attr::UserIssuer => "user.issuer".into(),
        Attr::UserRoles => "user.roles".into(),
        Attr::UserScopes => "user.scopes".into(),
        Attr::UserClient => "user.client".into(),
        Attr::UserActor => "user.actor".into(),
        Attr::UserTokenId => "user.token_id".into(),
        Attr::UserAuthAge => "user.auth_age".into(),
        Attr::UserTokenAge => "user.token_age".into(),
        Attr::User(id) => {
            let found = usize::try_from(id.0).ok().and_then(|at| policy.identity.attributes.get(at));
            format!("user.{}", found.map_or("", |a| a.name.as_str()))
        }
        Attr::Now => "now".into(),
        Attr::Time(_) => "time".into(),
        Attr::Weekday(_) => "weekday".into(),
    }
}
