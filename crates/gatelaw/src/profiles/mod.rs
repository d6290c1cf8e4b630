//! The profiles that `issuer NAME like PROFILE` starts from: policy text, shipped with the compiler.

/// Lists the profiles in byte order: the name, and the text of one `issuer` item of that name.
pub const PROFILES: &[(&str, &str)] =
    &[("aws_sts", include_str!("aws_sts.gate")), ("rfc9068", include_str!("rfc9068.gate"))];

/// Finds the text of a profile.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}
