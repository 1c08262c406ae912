//! `verify_signature` and `sign`: RSA (PKCS #1 1.5) and ECDSA over SHA-1 and SHA-2, with keys in
//! DER or PEM. A combination that `ring` does not offer (SHA-224, P-521, SHA-1 to sign with, short
//! keys) is answered as one that Envoy cannot use: the result says so.

mod key;

use ring::{
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm},
};

use self::key::{Kind, PublicKey};
use super::protobuf::{fields, write_bytes, write_flag};
use crate::abi::Status;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// What a message of arguments says; a key is in one of two fields.
#[derive(Default)]
struct Arguments<'a> {
    hash: &'a str,
    der: &'a [u8],
    pem: &'a str,
    signature: &'a [u8],
    text: &'a [u8],
}

impl Arguments<'_> {
    /// The key's DER, and the word that its PEM has for it. Both are empty for what is no PEM, which
    /// is a key that cannot be used; giving none or two is an error of the call.
    fn key(&self) -> Result<(String, Vec<u8>), Status> {
        match (self.der, self.pem) {
            (der, "") if !der.is_empty() => Ok((String::new(), der.to_vec())),
            ([], pem) if !pem.is_empty() => Ok(key::from_pem(pem).unwrap_or_default()),
            _ => Err(Status::BadArgument),
        }
    }
}

/// Answers with a message of two fields: whether the signature is right, and if not, why.
pub(super) fn verify(arguments: &[u8]) -> Result<Vec<u8>, Status> {
    let mut parsed = Arguments::default();
    for field in fields(arguments) {
        match field? {
            (1, value) => parsed.hash = value.text()?,
            (2, value) => parsed.der = value.bytes()?,
            (3, value) => parsed.signature = value.bytes()?,
            (4, value) => parsed.text = value.bytes()?,
            (5, value) => parsed.pem = value.text()?,
            _ => {}
        }
    }
    let (word, der) = parsed.key()?;
    let key = key::public(&der).filter(|_| matches!(&*word, "" | "PUBLIC KEY"));
    let error = verified(&parsed, key).err().unwrap_or_default();
    let mut message = Vec::new();
    write_flag(&mut message, 1, error.is_empty());
    write_bytes(&mut message, 2, error.as_bytes());
    Ok(message)
}

fn verified(arguments: &Arguments<'_>, key: Option<PublicKey<'_>>) -> Result<(), String> {
    const UNUSABLE: &str = "Failed to initialize digest verify.";
    let hash = hash(arguments.hash)?;
    let key = key.ok_or(UNUSABLE)?;
    let algorithm = verification(key.kind, hash).ok_or(UNUSABLE)?;
    UnparsedPublicKey::new(algorithm, key.bytes)
        .verify(arguments.text, arguments.signature)
        .map_err(|_| "Failed to verify digest. Error code: 0".into())
}

/// RSA from 1,024 bits up: what is verified are signatures of others, who may be old.
fn verification(key: Kind, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (key, hash) {
        (Kind::Rsa, Hash::Sha1) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (Kind::Rsa, Hash::Sha256) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (Kind::Rsa, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Kind::Rsa, Hash::Sha512) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (Kind::P256, Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (Kind::P256, Hash::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
        (Kind::P384, Hash::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
        (Kind::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
        _ => return None,
    })
}

/// Answers with a message of three fields: whether there is a signature, it, and if not, why.
pub(super) fn sign(arguments: &[u8]) -> Result<Vec<u8>, Status> {
    let mut parsed = Arguments::default();
    for field in fields(arguments) {
        match field? {
            (1, value) => parsed.hash = value.text()?,
            (2, value) => parsed.der = value.bytes()?,
            (3, value) => parsed.text = value.bytes()?,
            (4, value) => parsed.pem = value.text()?,
            _ => {}
        }
    }
    let (word, der) = parsed.key()?;
    let key = match &*word {
        "" | "PRIVATE KEY" => key::private(&der),
        "RSA PRIVATE KEY" => Some(Kind::Rsa),
        _ => None,
    };
    let (signature, error) = match signed(&parsed, key, &der) {
        Ok(signature) => (signature, String::new()),
        Err(error) => (Vec::new(), error),
    };
    let mut message = Vec::new();
    write_flag(&mut message, 1, error.is_empty());
    write_bytes(&mut message, 2, &signature);
    write_bytes(&mut message, 3, error.as_bytes());
    Ok(message)
}

fn signed(arguments: &Arguments<'_>, key: Option<Kind>, der: &[u8]) -> Result<Vec<u8>, String> {
    const UNUSABLE: &str = "Failed to initialize digest sign.";
    let random = SystemRandom::new();
    let hash = hash(arguments.hash)?;
    let key = key.ok_or("Invalid key type: private key required for signing operation.")?;
    match (key, hash) {
        (Kind::Rsa, hash) => {
            let padding: &dyn signature::RsaEncoding = match hash {
                Hash::Sha1 => return Err(UNUSABLE.into()),
                Hash::Sha256 => &signature::RSA_PKCS1_SHA256,
                Hash::Sha384 => &signature::RSA_PKCS1_SHA384,
                Hash::Sha512 => &signature::RSA_PKCS1_SHA512,
            };
            let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
            let pair = pair.map_err(|_| UNUSABLE)?;
            let mut signature = vec![0; pair.public().modulus_len()];
            let made = pair.sign(padding, &random, arguments.text, &mut signature);
            made.map(|()| signature).map_err(|_| "Failed to create digital signature.".into())
        }
        (key, hash) => {
            let algorithm = match (key, hash) {
                (Kind::P256, Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
                (Kind::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
                _ => return Err(UNUSABLE.into()),
            };
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, der, &random).map_err(|_| UNUSABLE)?;
            let made = pair.sign(&random, arguments.text);
            made.map(|signature| signature.as_ref().to_vec())
                .map_err(|_| "Failed to create digital signature.".into())
        }
    }
}

fn hash(name: &str) -> Result<Hash, String> {
    match &*name.to_ascii_lowercase() {
        "sha1" => Ok(Hash::Sha1),
        "sha256" => Ok(Hash::Sha256),
        "sha384" => Ok(Hash::Sha384),
        "sha512" => Ok(Hash::Sha512),
        _ => Err(format!("{name} is not supported.")),
    }
}

#[cfg(test)]
mod tests;
