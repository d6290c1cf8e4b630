//! A signature that WebCrypto verifies: no cryptography is in a module.

use gatelaw_host::Pending;
use gatelaw_host::keys::{Jwk, KeyMaterial};

/// Names what a signature is verified by: the algorithm, the key as a JWK, the text that is signed, and the signature as base64url.
pub(crate) fn texts(pending: &Pending) -> [String; 4] {
    [
        pending.algorithm().name().to_owned(),
        jwk_text(pending.key()),
        pending.signed().to_owned(),
        pending.signature().to_owned(),
    ]
}

/// Writes a key as WebCrypto reads it. What stands in a key was read as base64url: nothing has to be escaped.
fn jwk_text(key: &Jwk) -> String {
    match &key.material {
        KeyMaterial::Rsa { n, e } => format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#),
        KeyMaterial::Ec { curve, x, y } => {
            format!(r#"{{"kty":"EC","crv":"{}","x":"{x}","y":"{y}"}}"#, curve.name())
        }
        KeyMaterial::Ed25519 { x } => format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
        KeyMaterial::Secret { k } => format!(r#"{{"kty":"oct","k":"{k}"}}"#),
    }
}
