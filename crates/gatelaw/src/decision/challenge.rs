//! The value of `WWW-Authenticate`.

/// Says what a `WWW-Authenticate: Bearer` header tells the client.
///
/// Parameters come in the order of the fields, each as a quoted string; a field that is empty or absent is left out. Without
/// any the value is `Bearer`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Challenge<'a> {
    /// `error`; a client without a token gets none (RFC 6750 §3.1).
    pub error: Option<ChallengeError>,
    /// `scope`, joined with spaces (RFC 6750 §3).
    pub scope: &'a [String],
    /// `max_age`, in seconds (RFC 9470 §3).
    pub max_age_s: Option<i64>,
    /// `acr_values`, joined with spaces (RFC 9470 §3).
    pub acr: &'a [String],
    /// `resource_metadata`, a URL (RFC 9728 §5.1).
    pub resource_metadata: Option<&'a str>,
}

/// Names an `error` of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeError {
    /// RFC 6750 §3.1
    InvalidToken,
    /// RFC 6750 §3.1
    InsufficientScope,
    /// RFC 9470 §3
    InsufficientUserAuthentication,
}

impl ChallengeError {
    const fn name(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
        }
    }
}

impl Challenge<'_> {
    /// Appends the header's value; allocates nothing where `out` has room.
    pub fn write(&self, out: &mut String) {
        out.push_str("Bearer");
        let mut separator = " ";
        let mut begin = |out: &mut String, name: &str| {
            out.push_str(std::mem::replace(&mut separator, ", "));
            out.push_str(name);
            out.push_str("=\"");
        };
        if let Some(error) = self.error {
            begin(out, "error");
            out.push_str(error.name());
            out.push('"');
        }
        if !self.scope.is_empty() {
            begin(out, "scope");
            push_words(out, self.scope);
        }
        if let Some(seconds) = self.max_age_s {
            begin(out, "max_age");
            super::Text::Int(seconds).push(out);
            out.push('"');
        }
        if !self.acr.is_empty() {
            begin(out, "acr_values");
            push_words(out, self.acr);
        }
        if let Some(url) = self.resource_metadata {
            begin(out, "resource_metadata");
            push_escaped(out, url);
            out.push('"');
        }
    }
}

impl std::fmt::Display for Challenge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

fn push_words(out: &mut String, words: &[String]) {
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        push_escaped(out, word);
    }
    out.push('"');
}

/// Writes a quoted string's text (RFC 9110 §5.6.4). A policy has only visible ASCII here; anything else would not survive a
/// header, so it is left out.
fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars().filter(|c| matches!(c, ' '..='~')) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(challenge: &Challenge<'_>, expected: &str) {
        assert_eq!(challenge.to_string(), expected);
    }

    #[test]
    fn challenges_are_those_of_the_rfcs() {
        let (scope, acr) = (["a:read".to_owned(), "b".to_owned()], ["urn:hw".to_owned()]);
        let metadata = Some("https://api.example/.well-known/oauth-protected-resource");
        check(&Challenge::default(), "Bearer");
        check(
            &Challenge { error: Some(ChallengeError::InvalidToken), ..Challenge::default() },
            r#"Bearer error="invalid_token""#,
        );
        check(
            &Challenge { resource_metadata: metadata, ..Challenge::default() },
            r#"Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource""#,
        );
        check(
            &Challenge {
                error: Some(ChallengeError::InsufficientUserAuthentication),
                scope: &scope,
                max_age_s: Some(900),
                acr: &acr,
                resource_metadata: metadata,
            },
            "Bearer error=\"insufficient_user_authentication\", scope=\"a:read b\", max_age=\"900\", \
             acr_values=\"urn:hw\", \
             resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\"",
        );
    }

    #[test]
    fn no_text_leaves_its_quotes() {
        let acr = ["a\"b\\c\r\nX: y\u{e9}".to_owned()];
        check(&Challenge { acr: &acr, ..Challenge::default() }, r#"Bearer acr_values="a\"b\\cX: y""#);
    }
}
