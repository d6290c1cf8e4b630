//! Signs tokens with keys that are made here.

use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RsaEncoding, RsaPublicKeyComponents,
};
use gatelaw::base64url::encode;
use gatelaw_host::keys::{Algorithm, Curve, Jwk, KeyMaterial, KeySet};

/// Signs by one algorithm; its key's id is the algorithm's name.
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    key: Key,
}

enum Key {
    Secret([u8; 32]),
    Rsa(RsaKeyPair),
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = match algorithm {
            Algorithm::Hs256 => Key::Secret([7; 32]),
            Algorithm::Es256 => {
                Key::Ec(Curve::P256, EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
            }
            Algorithm::Es384 => {
                Key::Ec(Curve::P384, EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
            }
            Algorithm::EdDsa => Key::Ed25519(Ed25519KeyPair::generate().unwrap()),
            _ => Key::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Self { algorithm, key }
    }

    /// Returns the public key.
    pub(crate) fn jwk(&self) -> Jwk {
        let material = match &self.key {
            Key::Secret(secret) => KeyMaterial::Secret { k: encode(secret) },
            Key::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e } =
                    RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                KeyMaterial::Rsa { n: encode(&n), e: encode(&e) }
            }
            Key::Ec(curve, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                KeyMaterial::Ec { curve: *curve, x: encode(x), y: encode(y) }
            }
            Key::Ed25519(pair) => KeyMaterial::Ed25519 { x: encode(pair.public_key().as_ref()) },
        };
        Jwk { kid: Some(self.algorithm.name().to_owned()), alg: Some(self.algorithm), material }
    }

    pub(crate) fn keys(&self) -> KeySet {
        KeySet { keys: vec![Arc::new(self.jwk())] }
    }

    /// Signs claims under the header that tokens have.
    pub(crate) fn token(&self, claims: &str) -> String {
        let name = self.algorithm.name();
        self.token_of(&format!(r#"{{"alg":"{name}","kid":"{name}","typ":"JWT"}}"#), claims.as_bytes())
    }

    /// Signs any header and payload.
    pub(crate) fn token_of(&self, header: &str, payload: &[u8]) -> String {
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload));
        format!("{signed}.{}", encode(&self.sign(signed.as_bytes())))
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Secret(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text).as_ref().to_vec()
            }
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(rsa_encoding(self.algorithm), &random, text, &mut signature).unwrap();
                signature
            }
            Key::Ec(_, pair) => pair.sign(&random, text).unwrap().as_ref().to_vec(),
            Key::Ed25519(pair) => pair.sign(text).as_ref().to_vec(),
        }
    }
}

fn rsa_encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    }
}
