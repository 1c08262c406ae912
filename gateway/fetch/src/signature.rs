//! Signatures in cosign's "simple signing" form, made with keys that the operator knows.
//!
//! A signature is over a small JSON document, the payload, and that names the digest of a
//! manifest. So three things must hold: a known key made it, the payload is a signature of an
//! image, and it names this image. Certificates and transparency logs are not looked at.

use std::fmt;

use ring::signature::{self as algorithm, UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use serde::Deserialize;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::digest::Digest;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Encoded keys of 2048 and 8192 bits are a little longer than their modulus.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 262..=1060;

/// What a payload must call itself.
const PAYLOAD_TYPE: &str = "cosign container image signature";

/// A key that may have signed a plugin: ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 to 8192
/// bits.
#[derive(Clone, Eq, PartialEq)]
pub struct PublicKey {
    id: KeyId,
    scheme: Scheme,
    key: Box<[u8]>,
}

/// Which key: its name in the configuration and what it is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct KeyId {
    pub name: Box<str>,
    /// Of the encoded key, as `openssl pkey -pubin -outform DER | sha256sum` prints it.
    pub fingerprint: Digest,
}

/// Why a text is no key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    #[error("it holds no public key in PEM (`-----BEGIN PUBLIC KEY-----`)")]
    NotPem,
    #[error("it holds a private key: name the public one, and keep the private one away from here")]
    Private,
    #[error("its key cannot be read")]
    Encoding,
    #[error("its key is of another kind than ECDSA P-256 or P-384, Ed25519 and RSA")]
    Kind,
    #[error("its RSA key has less than 2048 or more than 8192 bits")]
    Size,
}

/// Why nobody is known to have signed an image.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    #[error("it is not signed: `cosign sign --key … {0}` signs it")]
    Unsigned(String),
    #[error("none of the configured keys made any of its signatures (there are {signatures})")]
    UnknownKey { signatures: usize },
    #[error("the signature of key `{key}` is for another image")]
    OtherImage { key: KeyId },
    #[error("its signature cannot be understood: {0}")]
    Malformed(String),
    #[error("its signature cannot be fetched: {why}")]
    Unavailable { why: String, temporary: bool },
}

/// Something signed, and by nobody knows whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Signature {
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scheme {
    Ed25519,
    P256,
    P384,
    Rsa,
}

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    r#type: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl PublicKey {
    /// The key in a PEM text. `name` is for messages: the file that it is from.
    ///
    /// # Errors
    /// If it holds none, or one that cannot be used.
    pub fn from_pem(name: impl Into<Box<str>>, pem: &[u8]) -> Result<Self, KeyError> {
        if pem.windows(12).any(|window| window == b"PRIVATE KEY-") {
            return Err(KeyError::Private);
        }
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| KeyError::NotPem)?;
        let info =
            SubjectPublicKeyInfoRef::try_from(der.as_ref()).map_err(|_| KeyError::Encoding)?;
        let key = info.subject_public_key.as_bytes().ok_or(KeyError::Encoding)?;
        let curve = info.algorithm.parameters_oid();
        let scheme = match info.algorithm.oid {
            EC if curve == Ok(P256) => Scheme::P256,
            EC if curve == Ok(P384) => Scheme::P384,
            ED25519 => Scheme::Ed25519,
            RSA => Scheme::Rsa,
            _ => return Err(KeyError::Kind),
        };
        match (scheme, key.len(), key.first()) {
            // Uncompressed points, as every tool writes them.
            (Scheme::P256, 65, Some(4))
            | (Scheme::P384, 97, Some(4))
            | (Scheme::Ed25519, 32, _) => {}
            (Scheme::Rsa, length, _) if RSA_BYTES.contains(&length) => {}
            (Scheme::Rsa, ..) => return Err(KeyError::Size),
            _ => return Err(KeyError::Encoding),
        }
        let id = KeyId { name: name.into(), fingerprint: Digest::of(der.as_ref()) };
        Ok(Self { id, scheme, key: key.into() })
    }

    /// What to call it.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    fn made(&self, signature: &Signature) -> bool {
        let algorithms: &[&'static dyn VerificationAlgorithm] = match self.scheme {
            Scheme::Ed25519 => &[&algorithm::ED25519],
            Scheme::P256 => &[&algorithm::ECDSA_P256_SHA256_ASN1],
            // Signers of different age take different hashes for the larger curve.
            Scheme::P384 => {
                &[&algorithm::ECDSA_P384_SHA384_ASN1, &algorithm::ECDSA_P384_SHA256_ASN1]
            }
            Scheme::Rsa => &[&algorithm::RSA_PKCS1_2048_8192_SHA256],
        };
        algorithms.iter().any(|algorithm| {
            let key = UnparsedPublicKey::new(*algorithm, &*self.key);
            key.verify(&signature.payload, &signature.signature).is_ok()
        })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.fingerprint)
    }
}

impl Why {
    /// Whether it may be otherwise a moment later. An image is signed after it is pushed, so one
    /// without a signature may be about to get one.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unsigned(_) | Self::UnknownKey { .. } | Self::OtherImage { .. } => true,
            Self::Malformed(_) => false,
            Self::Unavailable { temporary, .. } => *temporary,
        }
    }
}

/// Which of the keys signed this image, and by which of the signatures.
pub(crate) fn verify<'a>(
    manifest: Digest,
    signatures: &'a [Signature],
    keys: &[PublicKey],
) -> Result<(KeyId, &'a Signature), Why> {
    let mut why = Why::UnknownKey { signatures: signatures.len() };
    for signature in signatures {
        // What is in the payload is not looked at before it is known who wrote it.
        let Some(key) = keys.iter().find(|key| key.made(signature)) else { continue };
        match signed_digest(&signature.payload) {
            Ok(digest) if digest == manifest => return Ok((key.id.clone(), signature)),
            Ok(_) => why = Why::OtherImage { key: key.id.clone() },
            Err(malformed) => why = malformed,
        }
    }
    Err(why)
}

fn signed_digest(payload: &[u8]) -> Result<Digest, Why> {
    let payload: Payload =
        serde_json::from_slice(payload).map_err(|error| Why::Malformed(error.to_string()))?;
    if payload.critical.r#type != PAYLOAD_TYPE {
        return Err(Why::Malformed("it is a signature of something else than an image".to_owned()));
    }
    let digest = payload.critical.image.digest.parse();
    digest.map_err(|_| Why::Malformed("it names no SHA-256 digest".to_owned()))
}

#[cfg(test)]
mod tests;
