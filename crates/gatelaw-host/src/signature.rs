//! Signatures on native targets, verified by jsonwebtoken. WebAssembly asks its host, which has WebCrypto.

use jsonwebtoken::crypto::verify;
use jsonwebtoken::errors::Result;
use jsonwebtoken::{Algorithm as Jose, DecodingKey};

use crate::keys::{Algorithm, Jwk, KeyMaterial};
use crate::verifier::Pending;

/// Says whether a pending token's signature is right. A key that the backend doesn't take verifies nothing.
#[must_use]
pub fn is_signature_valid(pending: &Pending) -> bool {
    is_signed(pending.key(), pending.algorithm(), pending.signed(), pending.signature())
}

/// Says whether `signature`, as base64url, is one of `signed` by this key and algorithm.
#[must_use]
pub fn is_signed(key: &Jwk, algorithm: Algorithm, signed: &str, signature: &str) -> bool {
    let verified =
        decoding_key(key).and_then(|key| verify(signature, signed.as_bytes(), &key, jose(algorithm)));
    key.fits(algorithm) && verified.unwrap_or(false)
}

fn decoding_key(key: &Jwk) -> Result<DecodingKey> {
    match &key.material {
        KeyMaterial::Rsa { n, e } => DecodingKey::from_rsa_components(n, e),
        KeyMaterial::Ec { x, y, .. } => DecodingKey::from_ec_components(x, y),
        KeyMaterial::Ed25519 { x } => DecodingKey::from_ed_components(x),
        KeyMaterial::Secret { k } => {
            Ok(DecodingKey::from_secret(&gatelaw::base64url::decode(k.as_bytes()).unwrap_or_default()))
        }
    }
}

const fn jose(algorithm: Algorithm) -> Jose {
    match algorithm {
        Algorithm::Hs256 => Jose::HS256,
        Algorithm::Rs256 => Jose::RS256,
        Algorithm::Rs384 => Jose::RS384,
        Algorithm::Rs512 => Jose::RS512,
        Algorithm::Ps256 => Jose::PS256,
        Algorithm::Ps384 => Jose::PS384,
        Algorithm::Ps512 => Jose::PS512,
        Algorithm::Es256 => Jose::ES256,
        Algorithm::Es384 => Jose::ES384,
        Algorithm::EdDsa => Jose::EdDSA,
    }
}
