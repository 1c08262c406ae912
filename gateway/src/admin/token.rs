//! Secrets that open the admin API. None of them is ever printed, and of those that are given to
//! the gateway only digests are kept.

use std::{fmt, io};

use sha2::{Digest, Sha256};

/// A secret that gives a role.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Keeps the digest only: it is all that a comparison needs.
    pub fn new(secret: &str) -> Self {
        Self(digest(secret))
    }

    /// Compares digests, so that time tells nothing about the secret.
    pub(super) fn is(&self, secret: &str) -> bool {
        self.0.iter().zip(digest(secret)).fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What is kept of a secret.
pub(super) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A new secret of 256 bits, in hexadecimal digits.
///
/// # Errors
/// If the system has no randomness.
pub(super) fn random() -> io::Result<String> {
    let mut random = [0; 32];
    let filled = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    if filled != random.len() {
        return Err(io::Error::other("the system gave too little randomness"));
    }
    Ok(hex(&random))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_opens() {
        let token = Token::new("secret");
        assert!(token.is("secret"));
        assert!(!token.is("secre"));
        assert!(!token.is(""));
        assert_eq!(format!("{token:?}"), "[redacted]");
    }

    #[test]
    fn secrets_differ() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
