//! A public key as a JWK says it (RFC 7517, RFC 7518 §6, RFC 8037 §2), once it was checked.

use std::fmt;
use std::sync::Arc;

/// Names a JOSE algorithm that gatelaw verifies (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256: only where an issuer names it.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Lists all.
    pub const ALL: [Self; 10] = [
        Self::Hs256,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Names it as a token's header does.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Finds the one of this name; names are compared as they are (RFC 7515 §4.1.1).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// Names a curve of ECDSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// P-256
    P256,
    /// P-384
    P384,
}

impl Curve {
    /// Names it as a JWK does (RFC 7518 §6.2.1.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }
}

/// Holds a key that may verify signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// Its id, by which tokens name it.
    pub kid: Option<String>,
    /// The one algorithm that it is for; `None`: any that fits its kind.
    pub alg: Option<Algorithm>,
    /// The key itself.
    pub material: KeyMaterial,
}

/// Holds the numbers of a key, as base64url like in its JWK.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyMaterial {
    /// `kty` RSA
    Rsa {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
    /// `kty` EC
    Ec {
        /// The curve.
        curve: Curve,
        /// The point's x.
        x: String,
        /// The point's y.
        y: String,
    },
    /// `kty` OKP, `crv` Ed25519
    Ed25519 {
        /// The encoded point.
        x: String,
    },
    /// `kty` oct
    Secret {
        /// The shared secret: never shown.
        k: String,
    },
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { n, e } => f.debug_struct("Rsa").field("n", n).field("e", e).finish(),
            Self::Ec { curve, x, y } => {
                f.debug_struct("Ec").field("curve", curve).field("x", x).field("y", y).finish()
            }
            Self::Ed25519 { x } => f.debug_struct("Ed25519").field("x", x).finish(),
            Self::Secret { .. } => f.write_str("Secret { .. }"),
        }
    }
}

impl Jwk {
    /// Says whether this key verifies signatures of an algorithm: its kind and curve fit, and its own `alg` is no other one.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        let kind = match &self.material {
            KeyMaterial::Rsa { .. } => {
                matches!(algorithm, A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512)
            }
            KeyMaterial::Ec { curve: Curve::P256, .. } => algorithm == A::Es256,
            KeyMaterial::Ec { curve: Curve::P384, .. } => algorithm == A::Es384,
            KeyMaterial::Ed25519 { .. } => algorithm == A::EdDsa,
            KeyMaterial::Secret { .. } => algorithm == A::Hs256,
        };
        kind && self.alg.is_none_or(|alg| alg == algorithm)
    }
}

/// Holds the usable keys of one issuer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySet {
    /// The keys, each id once.
    pub keys: Vec<Arc<Jwk>>,
}

impl KeySet {
    /// Finds the key that a token names: the one of this id, or where it names none, the one that fits.
    #[must_use]
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&Arc<Jwk>> {
        match kid {
            Some(kid) => self.keys.iter().find(|key| key.kid.as_deref() == Some(kid)),
            None => {
                let mut fitting = self.keys.iter().filter(|key| key.fits(algorithm));
                // Of several, trying one after the other would let a token choose; it has to say which.
                fitting.next().filter(|_| fitting.next().is_none())
            }
        }
    }
}
