//! The client's certificate, as TLS hands it over, to the fact that policies and bound tokens are held to.

use gatelaw::base64url;
use sha2::{Digest as _, Sha256};

use crate::border::Failure;

/// The lines around a certificate (RFC 7468 §5.1).
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Holds the SHA-256 of a certificate in lower-case hex: `gate_fingerprint` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateFingerprint {
    hex: [u8; 64],
}

impl GateFingerprint {
    /// Takes the fingerprint of the first certificate in a chain, over its DER (RFC 8705 §3.1).
    ///
    /// # Errors
    /// `certificate:pem` for what doesn't begin with a certificate in PEM.
    pub(crate) fn of_first(chain: &[u8]) -> Result<Self, Failure> {
        let der = der_of_first(chain).ok_or_else(|| {
            Failure::new("certificate:pem", "the chain must begin with a certificate in PEM (RFC 7468)")
        })?;
        Ok(Self::of(&der))
    }

    fn of(der: &[u8]) -> Self {
        let digest = Sha256::digest(der);
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let mut hex = [0; 64];
        for (place, digit) in hex.iter_mut().zip(digits) {
            *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        }
        Self { hex }
    }
}

/// Reads the DER between the first two lines. Text before a certificate, which RFC 7468 lets stand, no TLS library writes.
fn der_of_first(chain: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(chain).ok()?.trim_ascii_start();
    let (body, _) = text.strip_prefix(BEGIN)?.split_once(END)?;
    let digits = body.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let url: Vec<u8> = digits
        .map(|digit| match digit {
            b'+' => b'-',
            b'/' => b'_',
            // Not of this alphabet, so that the reader below refuses them too.
            b'-' | b'_' => b'!',
            _ => digit,
        })
        .collect();
    let unpadded = url.strip_suffix(b"==").or_else(|| url.strip_suffix(b"=")).unwrap_or(&url);
    base64url::decode(unpadded).filter(|der| !der.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(chain: &str) -> Option<String> {
        let found = GateFingerprint::of_first(chain.as_bytes()).ok()?;
        Some(String::from_utf8(found.hex.to_vec()).unwrap())
    }

    fn pem(body: &str) -> String {
        format!("{BEGIN}\n{body}\n{END}\n")
    }

    #[test]
    fn the_first_certificate_counts() {
        // `printf abc | sha256sum`
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for chain in [pem("YWJj"), pem("YW\r\n Jj"), pem("YWJj") + &pem("eHl6"), format!("\n{}", pem("YWJj"))]
        {
            assert_eq!(hex(&chain).as_deref(), Some(abc), "{chain}");
        }
        assert_ne!(hex(&(pem("eHl6") + &pem("YWJj"))).as_deref(), Some(abc));
        assert!(hex(&pem("/+8=")).is_some(), "the alphabet of PEM, and its padding");
    }

    #[test]
    fn what_begins_with_no_certificate_is_refused() {
        for chain in [
            "",
            "YWJj",
            "-----BEGIN CERTIFICATE-----\nYWJj",
            &pem(""),
            &pem("YWJ"),
            &pem("_-8="),
            &pem("YWJj===="),
            &format!("subject=/CN=a\n{}", pem("YWJj")),
            &pem("YWJj").replace("CERTIFICATE", "PRIVATE KEY"),
        ] {
            assert_eq!(hex(chain), None, "{chain}");
        }
        assert!(
            GateFingerprint::of_first(b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----")
                .is_err()
        );
    }
}
