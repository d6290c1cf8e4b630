//! Where a request carries its token.

use super::headers::Headers;
use super::names::trim_text;
use super::pairs::Pairs;
use super::reading::Reading;
use super::{Part, RawRequest, RefusalCode};

/// Holds the token of a request, before anything of it is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Where it stands.
    pub source: TokenSource,
    /// The token's text; may be empty.
    pub value: &'a str,
}

/// Says where a request carries its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSource {
    /// `Authorization: Bearer …` (RFC 6750 §2.1)
    Authorization,
    /// The header at this index of [`Needs::token_headers`](crate::needs::Needs::token_headers).
    Header(u32),
    /// The cookie at this index of [`Needs::token_cookies`](crate::needs::Needs::token_cookies).
    Cookie(u32),
}

/// Holds the text of the token that was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    text: String,
    token: Option<(TokenSource, Part)>,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.token = None;
    }

    pub(super) fn token(&self) -> Option<Token<'_>> {
        self.token.map(|(source, part)| Token { source, value: part.of(&self.text) })
    }

    /// Looks for a token in every place that the policy names, and in `Authorization` whatever it names.
    pub(super) fn read(
        &mut self,
        raw: &RawRequest<'_>,
        reading: &Reading,
        headers: &Headers,
        cookies: &Pairs,
    ) -> Result<(), RefusalCode> {
        for (header, value) in headers.lines(raw, reading) {
            let value = std::str::from_utf8(value).unwrap_or("");
            if header.name == "authorization" {
                if let Some(token) = bearer(value) {
                    self.add(TokenSource::Authorization, token)?;
                }
            } else if let Some(index) = header.token {
                self.add(TokenSource::Header(index), value)?;
            }
        }
        for (index, _) in (0..).zip(&reading.needs().token_cookies) {
            for value in cookies.values(index) {
                self.add(TokenSource::Cookie(index), value)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, source: TokenSource, value: &str) -> Result<(), RefusalCode> {
        if self.token.is_some() {
            return Err(RefusalCode::TwoTokens);
        }
        self.token = Some((source, Part::push(&mut self.text, value)));
        Ok(())
    }
}

/// The scheme of tokens (RFC 6750 §2.1).
const BEARER: &str = "bearer";

/// Reads what follows the scheme `Bearer`, in any case (RFC 9110 §11.1); `None` for another scheme.
///
/// What only begins so, as `BearerA`, `Bearer:a` or with a space beyond ASCII, has an empty token, which is never good. Servers behind the gate
/// cut off a prefix or take any white space for the one that belongs there: they would believe what nobody verified.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case(BEARER) {
        return Some(trim_text(token));
    }
    let start = value.bytes().take_while(|byte| !byte.is_ascii_graphic()).count();
    let begin = value.get(start..start + BEARER.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(BEARER)).then_some("")
}
