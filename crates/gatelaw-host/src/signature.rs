//! Signatures on native targets, verified by jsonwebtoken. WebAssembly asks its host, which has WebCrypto.

use std::sync::Arc;

use gatelaw::base64url;
use gatelaw::limits::KEYS_MAX;
// Named here and not taken from the process: another crate that turns on a second backend would make that one panic.
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm as Jose, DecodingKey};

use crate::keys::{Algorithm, Jwk, KeyMaterial};
use crate::verifier::Pending;

/// Verifies signatures, and keeps the keys as the backend takes them.
#[derive(Debug, Clone, Default)]
pub struct Signatures {
    /// INVARIANT: at most [`KEYS_MAX`], so that a look-up stays shorter than reading a key anew.
    keys: Vec<(Arc<Jwk>, DecodingKey)>,
}

impl Signatures {
    /// Says whether a pending token's signature is right. A key that the backend doesn't take verifies nothing.
    pub fn is_valid(&mut self, pending: &Pending) -> bool {
        let (algorithm, key) = (pending.algorithm(), pending.key());
        let signed = pending.signed().as_bytes();
        let Some(signature) = base64url::decode(pending.signature().as_bytes()) else { return false };
        key.fits(algorithm)
            && self.key(key).is_some_and(|key| is_signed_by(key, algorithm, signed, &signature))
    }

    fn key(&mut self, jwk: &Arc<Jwk>) -> Option<&DecodingKey> {
        let known = self.keys.iter().position(|(known, _)| Arc::ptr_eq(known, jwk));
        let place = match known {
            Some(place) => place,
            None => {
                if self.keys.len() >= KEYS_MAX {
                    self.keys.clear();
                }
                self.keys.push((Arc::clone(jwk), decoding_key(jwk)?));
                self.keys.len() - 1
            }
        };
        self.keys.get(place).map(|(_, key)| key)
    }
}

/// Says whether a pending token's signature is right, as [`Signatures::is_valid`] does, with nothing kept.
#[must_use]
pub fn is_signature_valid(pending: &Pending) -> bool {
    is_signed(pending.key(), pending.algorithm(), pending.signed(), pending.signature())
}

/// Says whether `signature`, as base64url, is one of `signed` by this key and algorithm.
#[must_use]
pub fn is_signed(key: &Jwk, algorithm: Algorithm, signed: &str, signature: &str) -> bool {
    let Some(signature) = base64url::decode(signature.as_bytes()) else { return false };
    key.fits(algorithm)
        && decoding_key(key).is_some_and(|key| is_signed_by(&key, algorithm, signed.as_bytes(), &signature))
}

fn is_signed_by(key: &DecodingKey, algorithm: Algorithm, signed: &[u8], signature: &Vec<u8>) -> bool {
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&jose(algorithm), key);
    verifier.is_ok_and(|verifier| verifier.verify(signed, signature).is_ok())
}

fn decoding_key(key: &Jwk) -> Option<DecodingKey> {
    match &key.material {
        KeyMaterial::Rsa { n, e } => DecodingKey::from_rsa_components(n, e).ok(),
        KeyMaterial::Ec { x, y, .. } => DecodingKey::from_ec_components(x, y).ok(),
        KeyMaterial::Ed25519 { x } => DecodingKey::from_ed_components(x).ok(),
        KeyMaterial::Secret { k } => {
            base64url::decode(k.as_bytes()).map(|secret| DecodingKey::from_secret(&secret))
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
