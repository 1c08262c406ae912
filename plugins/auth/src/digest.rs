//! Secrets as this filter keeps them: by their SHA-256. Comparing digests takes the same
//! time whatever differs, and tells nothing of a secret's length.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Deliberately without `Debug`: a digest of a weak password is as good as the password.
#[derive(Clone, Copy)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// 64 hexadecimal digits, as `sha256sum` prints them.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// By words: `subtle` keeps the compiler from guessing at the price of a store and a load, and a
    /// roster asks this for each of its entries.
    pub(crate) fn equals(&self, other: &Self) -> Choice {
        let words = self.words().into_iter().zip(other.words());
        words.fold(0, |differs, (one, other)| differs | (one ^ other)).ct_eq(&0)
    }

    fn words(&self) -> [u64; 4] {
        let word = |at: usize| {
            let bytes = self.0[at * 8..].first_chunk().copied();
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        [word(0), word(1), word(2), word(3)]
    }

    pub(crate) const fn bytes(self) -> [u8; 32] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_sha256sum() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(bool::from(Digest::from_hex(abc).unwrap().equals(&Digest::of(b"abc"))));
        let upper = Digest::from_hex(&abc.to_uppercase()).unwrap();
        assert!(bool::from(upper.equals(&Digest::of(b"abc"))));
        assert!(!bool::from(upper.equals(&Digest::of(b"abd"))));
        for byte in 0..32 {
            let mut other = Digest::of(b"abc");
            other.0[byte] ^= 1;
            assert!(!bool::from(other.equals(&Digest::of(b"abc"))), "byte {byte}");
        }
        for text in ["", "ba78", &abc[1..], &abc.replace('b', "g"), &"é".repeat(32)] {
            assert!(Digest::from_hex(text).is_none(), "{text}");
        }
    }
}
