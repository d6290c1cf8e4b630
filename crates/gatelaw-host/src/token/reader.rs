//! A compact JWS (RFC 7515 §7.1), read strictly: one text, one meaning.

use gatelaw::base64url;
use gatelaw::json::JsonText;
use gatelaw::limits::{KEY_ID_BYTES_MAX, TOKEN_BYTES_MAX, TOKEN_DEPTH_MAX};

use super::TokenCode;
use crate::json::parse_nested;
use crate::keys::Algorithm;

/// Holds a token that is well formed; nothing it says is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jws<'t> {
    /// What the header says.
    pub header: Header,
    /// What is signed: header and payload, as they came.
    pub signed: &'t str,
    /// The signature, as base64url.
    pub signature: &'t str,
    payload: Vec<u8>,
}

/// Holds what is read of a token's header (RFC 7515 §4.1). `jku`, `jwk`, `x5u` and `x5c` are never read: a token can't bring its
/// own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`; `None` for one that gatelaw doesn't verify, `none` among them.
    pub algorithm: Option<Algorithm>,
    /// `kid`: at most 256 printable ASCII characters.
    pub kid: Option<String>,
    /// `typ`
    pub typ: Option<String>,
}

impl<'t> Jws<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// `size`, `format`, `header` or `crit`, in this order.
    pub fn read(token: &'t str) -> Result<Self, TokenCode> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenCode::Size);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenCode::Format)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenCode::Format)?;
        let part = |text: &str| base64url::decode(text.as_bytes()).ok_or(TokenCode::Format);
        let (header, payload) = (part(header)?, part(payload)?);
        // The signature's bytes are only asked whether they are any: who verifies takes the text.
        part(signature)?;
        Ok(Self { header: Header::read(&header)?, signed, signature, payload })
    }

    /// Reads the payload as claims.
    ///
    /// # Errors
    /// `payload`.
    pub fn claims(&self) -> Result<JsonText<'_>, TokenCode> {
        object(&self.payload).ok_or(TokenCode::Payload)
    }
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, TokenCode> {
        let header = object(bytes).ok_or(TokenCode::Header)?;
        let [alg, kid, typ] = ["alg", "kid", "typ"].map(|name| text(&header, name));
        let (alg, kid, typ) = (alg?, kid?, typ?);
        // RFC 7797: `b64` changes what is signed, and must not stand without `crit`.
        if alg.is_none() || !kid.is_none_or(is_key_id) || header.member("b64").is_some() {
            return Err(TokenCode::Header);
        }
        if header.member("crit").is_some() {
            return Err(TokenCode::Crit);
        }
        let algorithm = alg.and_then(Algorithm::named);
        Ok(Self { algorithm, kid: kid.map(str::to_owned), typ: typ.map(str::to_owned) })
    }
}

/// Says whether a text can be the id of a key: printable, so that no log or look-up is surprised.
pub(crate) fn is_key_id(kid: &str) -> bool {
    (1..=KEY_ID_BYTES_MAX).contains(&kid.len()) && kid.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Reads bytes that are one JSON object.
fn object(bytes: &[u8]) -> Option<JsonText<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    parse_nested(text, TOKEN_DEPTH_MAX).ok().filter(|value| matches!(value, JsonText::Object(_)))
}

/// Reads a member that is a text or isn't there.
fn text<'h>(header: &'h JsonText<'_>, name: &str) -> Result<Option<&'h str>, TokenCode> {
    match header.member(name) {
        None => Ok(None),
        Some(JsonText::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenCode::Header),
    }
}
