//! Holds the points of public keys to their curves: one off the curve, or of small order, makes signatures that anyone can forge.
//!
//! Public numbers alone are looked at, so nothing here needs to take the same time for all of them.

use crypto_bigint::modular::{ConstMontyForm, ConstMontyParams};
use crypto_bigint::{U256, U384, Uint, const_monty_params};

use super::Curve;

// The fields of the curves: SP 800-186 §3.2.1.3 and §3.2.1.4, RFC 8032 §5.1.
const_monty_params!(P256, U256, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
const_monty_params!(
    P384,
    U384,
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"
);
const_monty_params!(Ed25519, U256, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");

const P256_B: U256 = U256::from_be_hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");
const P384_B: U384 = U384::from_be_hex(
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
);
const ED25519_D: U256 = U256::from_be_hex("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
/// (p − 1) / 2: a number to this power is 1 where it has a square root (Euler).
const ED25519_HALF: U256 =
    U256::from_be_hex("3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff6");
/// The y of all points whose order divides 8.
const ED25519_SMALL: [U256; 5] = [
    U256::ZERO,
    U256::ONE,
    U256::from_be_hex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
    U256::from_be_hex("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"),
    U256::from_be_hex("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"),
];

/// Says whether coordinates, big-endian and of the curve's full length (RFC 7518 §6.2.1.2), are a point of it.
pub(super) fn is_on_curve(curve: Curve, x: &[u8], y: &[u8]) -> bool {
    match curve {
        Curve::P256 => match (<&[u8; 32]>::try_from(x), <&[u8; 32]>::try_from(y)) {
            (Ok(x), Ok(y)) => is_solution::<P256, { U256::LIMBS }>(
                &U256::from_be_slice(x),
                &U256::from_be_slice(y),
                &P256_B,
            ),
            _ => false,
        },
        Curve::P384 => match (<&[u8; 48]>::try_from(x), <&[u8; 48]>::try_from(y)) {
            (Ok(x), Ok(y)) => is_solution::<P384, { U384::LIMBS }>(
                &U384::from_be_slice(x),
                &U384::from_be_slice(y),
                &P384_B,
            ),
            _ => false,
        },
    }
}

/// y² = x³ − 3x + b
fn is_solution<P: ConstMontyParams<N>, const N: usize>(x: &Uint<N>, y: &Uint<N>, b: &Uint<N>) -> bool {
    let modulus = P::PARAMS.modulus().as_ref();
    if x >= modulus || y >= modulus {
        return false;
    }
    let [x, y, b] = [x, y, b].map(ConstMontyForm::<P, N>::new);
    y.square() == x.square() * x - (x + x + x) + b
}

/// Says whether bytes are a point of Ed25519 in its one encoding, and not of small order (RFC 8032 §5.1.3).
pub(super) fn is_ed25519_key(encoded: &[u8]) -> bool {
    let Ok(mut bytes) = <[u8; 32]>::try_from(encoded) else { return false };
    // The last bit is the sign of x: a point of either sign is on the curve, but for x = 0, which is of small order.
    if let Some(last) = bytes.last_mut() {
        *last &= 0x7F;
    }
    let y = U256::from_le_slice(&bytes);
    if y >= *Ed25519::PARAMS.modulus().as_ref() || ED25519_SMALL.contains(&y) {
        return false;
    }
    let [y, d, one] = [y, ED25519_D, U256::ONE].map(|n| ConstMontyForm::<Ed25519, { U256::LIMBS }>::new(&n));
    let square = y.square();
    // x² = (y² − 1) / (d·y² + 1) has a root where the product of both has one.
    ((square - one) * (d * square + one)).pow(&ED25519_HALF) == one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_generators_are_on_their_curves() {
        let p256 = [
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ];
        let p384 = [
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ];
        for (curve, [x, y]) in [(Curve::P256, p256), (Curve::P384, p384)] {
            let (x, mut y) = (hex(x), hex(y));
            assert!(is_on_curve(curve, &x, &y));
            *y.last_mut().unwrap() ^= 1;
            assert!(!is_on_curve(curve, &x, &y));
            assert!(!is_on_curve(curve, &x[1..], &y));
            assert!(!is_on_curve(curve, &[0xFF; 32], &[0xFF; 32]));
            let zero = vec![0; x.len()];
            assert!(!is_on_curve(curve, &zero, &zero), "the point at infinity has no coordinates");
        }
    }

    /// Points with a small x, and with a small y: they fit a second time above the modulus, and have one encoding all the same.
    #[test]
    fn coordinates_above_the_modulus_are_none() {
        let zero_256 = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
        let one_256 = "6916fac45e568b6b9e2e2ecd611b282e5fcc40a3067d601057f879ce5a8a73cc";
        let zero_384 = "c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1";
        let one_384 = "2261b2bf605c22f2f3aef6338719b2c486388ad5240719a5257315969ef01ba27f0a104c89704773a81fdabee6ab5c78";
        let (p256, p384) = (
            format!("{:x}", P256::PARAMS.modulus().as_ref()),
            format!("{:x}", P384::PARAMS.modulus().as_ref()),
        );
        for (curve, zero, one, modulus) in
            [(Curve::P256, zero_256, one_256, hex(&p256)), (Curve::P384, zero_384, one_384, hex(&p384))]
        {
            let small = |n: u8| [vec![0; modulus.len() - 1], vec![n]].concat();
            assert!(is_on_curve(curve, &small(0), &hex(zero)));
            assert!(!is_on_curve(curve, &modulus, &hex(zero)));
            assert!(is_on_curve(curve, &hex(one), &small(1)));
            assert!(!is_on_curve(curve, &hex(one), &plus_one(&modulus)));
        }
    }

    fn plus_one(number: &[u8]) -> Vec<u8> {
        let mut number = number.to_vec();
        for byte in number.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        number
    }

    /// Of the y up to 39, those that are of a point, by another program's arithmetic.
    #[test]
    fn small_y_are_points_of_ed25519_or_not() {
        let expected =
            [3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 19, 21, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 35, 37, 39];
        let found: Vec<u8> = (0..40).filter(|y| is_ed25519_key(&[&[*y][..], &[0; 31]].concat())).collect();
        assert_eq!(found, expected);
        // The same y once more, above the modulus.
        let again = (0_u8..19).filter(|y| {
            let mut bytes = [0xFF; 32];
            (bytes[0], bytes[31]) = (0xED + y, 0x7F);
            is_ed25519_key(&bytes)
        });
        assert_eq!(again.count(), 0);
    }

    #[test]
    fn half_of_all_bytes_are_points_of_ed25519() {
        // RFC 8032 §7.1, test 1.
        let key = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert!(is_ed25519_key(&key));
        let negative: Vec<u8> =
            key.iter().enumerate().map(|(at, b)| if at == 31 { b ^ 0x80 } else { *b }).collect();
        assert!(is_ed25519_key(&negative));
        let points = (2_u8..=255).filter(|first| is_ed25519_key(&[&[*first][..], &[0; 31]].concat())).count();
        assert!((90..165).contains(&points), "{points}");
    }

    #[test]
    fn points_of_small_order_and_second_encodings_are_none() {
        for small in ED25519_SMALL {
            let mut bytes = hex(&format!("{small:x}"));
            bytes.reverse();
            assert!(!is_ed25519_key(&bytes));
            bytes[31] |= 0x80;
            assert!(!is_ed25519_key(&bytes));
        }
        // p + 3, of which 3 would be the one encoding, if it is any; and all bits.
        let mut second = [0xFF; 32];
        (second[0], second[31]) = (0xF0, 0x7F);
        assert!(!is_ed25519_key(&second));
        assert!(!is_ed25519_key(&[0xFF; 32]));
        assert!(!is_ed25519_key(&[2; 31]));
    }
}
