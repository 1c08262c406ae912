//! Keys from a JWK set (RFC 7517, 7518 section 6, 8037), and checking signatures with them.
//!
//! A key verifies one algorithm only, which its type decides. That is what makes confusion
//! impossible: an RSA key can never serve as the secret of an HMAC.

use crate::settings::Jwk;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use rsa::signature::Verifier as _;
use serde::Deserialize;
use sha2::Sha256;

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum Algorithm {
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "HS256")]
    Hs256,
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::EdDsa, Self::Es256, Self::Hs256, Self::Rs256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
        }
    }
}

pub(crate) struct Key {
    pub(crate) id: Option<String>,
    material: Material,
}

enum Material {
    Ed25519(ed25519_dalek::VerifyingKey),
    Hmac(Hmac<Sha256>),
    P256(p256::ecdsa::VerifyingKey),
    Rsa(rsa::pkcs1v15::VerifyingKey<Sha256>),
}

impl Key {
    /// `Ok(None)` for a key that is fine but not of use here: of another type or curve, for
    /// another algorithm, or for encryption. RFC 7517 section 5 has such keys left out.
    ///
    /// # Errors
    /// The member that is wrong, and why.
    pub(crate) fn new(jwk: Jwk) -> Result<Option<Self>, (&'static str, &'static str)> {
        let Jwk { kty, purpose, key_ops, alg, kid, n, e, crv, x, y, k, d } = jwk;
        if d.is_some() {
            return Err(("d", "this is a private key: only its public half belongs here"));
        }
        let signs = purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && key_ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !signs {
            return Ok(None);
        }
        let material = match (kty.as_str(), crv.as_deref()) {
            ("oct", _) => hmac(&bytes("k", k)?)?,
            ("RSA", _) => rsa_key(&bytes("n", n)?, &bytes("e", e)?)?,
            ("EC", Some("P-256")) => p256_key(&bytes("x", x)?, &bytes("y", y)?)?,
            ("OKP", Some("Ed25519")) => ed25519(&bytes("x", x)?)?,
            _ => return Ok(None),
        };
        let key = Self { id: kid, material };
        Ok(alg.is_none_or(|alg| alg == key.algorithm().name()).then_some(key))
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Ed25519(_) => Algorithm::EdDsa,
            Material::Hmac(_) => Algorithm::Hs256,
            Material::P256(_) => Algorithm::Es256,
            Material::Rsa(_) => Algorithm::Rs256,
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            // Compares in constant time.
            Material::Hmac(keyed) => {
                keyed.clone().chain_update(message).verify_slice(signature).is_ok()
            }
            Material::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Material::Rsa(key) => rsa::pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

fn bytes(
    member: &'static str,
    value: Option<String>,
) -> Result<Vec<u8>, (&'static str, &'static str)> {
    let value = value.ok_or((member, "is missing"))?;
    URL_SAFE_NO_PAD.decode(value).map_err(|_| (member, "not base64url without padding"))
}

fn hmac(secret: &[u8]) -> Result<Material, (&'static str, &'static str)> {
    // RFC 7518 section 3.2: at least as long as the hash.
    if secret.len() < 32 {
        return Err(("k", "a secret for HS256 has at least 32 bytes"));
    }
    Hmac::new_from_slice(secret).map(Material::Hmac).map_err(|_| ("k", "not a secret for HMAC"))
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Result<Material, (&'static str, &'static str)> {
    let modulus = rsa::BigUint::from_bytes_be(modulus);
    // RFC 7518 section 3.3. The upper limit, 4096, is the library's.
    if modulus.bits() < 2048 {
        return Err(("n", "a key for RS256 has at least 2048 bits"));
    }
    let key = rsa::RsaPublicKey::new(modulus, rsa::BigUint::from_bytes_be(exponent))
        .map_err(|_| ("n", "not an RSA key, or one of more than 4096 bits"))?;
    Ok(Material::Rsa(rsa::pkcs1v15::VerifyingKey::new(key)))
}

fn p256_key(x: &[u8], y: &[u8]) -> Result<Material, (&'static str, &'static str)> {
    let (Ok(x), Ok(y)) = (<[u8; 32]>::try_from(x), <[u8; 32]>::try_from(y)) else {
        return Err(("x", "a coordinate on P-256 has 32 bytes"));
    };
    let point = p256::EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
    let key = p256::ecdsa::VerifyingKey::from_encoded_point(&point);
    key.map(Material::P256).map_err(|_| ("x", "not a point on P-256"))
}

fn ed25519(point: &[u8]) -> Result<Material, (&'static str, &'static str)> {
    let point = <[u8; 32]>::try_from(point).map_err(|_| ("x", "a key for EdDSA has 32 bytes"))?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&point).ok().filter(|key| !key.is_weak());
    key.map(Material::Ed25519).ok_or(("x", "not a point on Ed25519, or a weak one"))
}
