//! The profiles that `issuer NAME like PROFILE` starts from: policy text, shipped with the compiler.

use crate::ast::{IssuerLine, Item};
use crate::parse::parse;
use crate::source::Sources;

/// Lists the profiles in byte order: the name, and the text of one `issuer` item of that name.
pub const PROFILES: &[(&str, &str)] = &[
    ("auth0", include_str!("auth0.gate")),
    ("aws_sts", include_str!("aws_sts.gate")),
    ("cloudflare_access", include_str!("cloudflare_access.gate")),
    ("cognito", include_str!("cognito.gate")),
    ("entra", include_str!("entra.gate")),
    ("google", include_str!("google.gate")),
    ("keycloak", include_str!("keycloak.gate")),
    ("okta", include_str!("okta.gate")),
    ("rfc9068", include_str!("rfc9068.gate")),
];

/// Parses a profile; `None` where there is none of that name. The spans are places in the profile's own text.
#[must_use]
pub(crate) fn lines(name: &str) -> Option<Vec<IssuerLine>> {
    let (_, text) = PROFILES.iter().find(|(n, _)| *n == name)?;
    let (ast, _) = parse(&Sources::from_text(name, text));
    ast.items.into_iter().find_map(|item| match item {
        Item::Issuer(issuer) => Some(issuer.lines),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::format;

    #[test]
    fn every_profile_is_one_issuer_of_its_name() {
        for (name, text) in PROFILES {
            let (ast, diagnostics) = parse(&Sources::from_text(name, text));
            assert_eq!(diagnostics, []);
            let [Item::Issuer(issuer)] = ast.items.as_slice() else { panic!("{name}") };
            assert_eq!(issuer.name.node, *name);
            assert!(issuer.profile.is_none(), "a profile stands by itself");
            assert_eq!(format(name, text).as_deref(), Ok(*text), "as `fmt` writes it");
        }
        assert!(PROFILES.is_sorted());
    }
}
