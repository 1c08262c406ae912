//! Keys: which kind one is, from the algorithm that its DER names (RFC 5280 §4.1.2.7, RFC 5958).
//! Everything else in it is left to `ring`.

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// Kinds of keys that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    P256,
    P384,
    Rsa,
    /// A key of another algorithm, that nothing here can use.
    Other,
}

/// A public key as `ring` takes it.
pub(super) struct PublicKey<'a> {
    pub(super) kind: Kind,
    pub(super) bytes: &'a [u8],
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT: u8 = 0x06;

/// A `SubjectPublicKeyInfo`.
pub(super) fn public(der: &[u8]) -> Option<PublicKey<'_>> {
    let mut whole = der;
    let mut info = element(&mut whole, SEQUENCE)?;
    let kind = algorithm(element(&mut info, SEQUENCE)?)?;
    let (unused_bits, bytes) = element(&mut info, BIT_STRING)?.split_first()?;
    (*unused_bits == 0).then_some(PublicKey { kind, bytes })
}

/// The kind of a PKCS #8 key.
pub(super) fn private(der: &[u8]) -> Option<Kind> {
    let mut whole = der;
    let mut info = element(&mut whole, SEQUENCE)?;
    let _version = element(&mut info, INTEGER)?;
    algorithm(element(&mut info, SEQUENCE)?)
}

fn algorithm(mut identifier: &[u8]) -> Option<Kind> {
    // 1.2.840.113549.1.1.1, 1.2.840.10045.2.1, and its curves 1.2.840.10045.3.1.7, 1.3.132.0.34.
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
    let name = element(&mut identifier, OBJECT)?;
    if name == RSA {
        return Some(Kind::Rsa);
    }
    let curve = if name == EC { element(&mut identifier, OBJECT) } else { None };
    Some(match curve {
        Some(P256) => Kind::P256,
        Some(P384) => Kind::P384,
        _ => Kind::Other,
    })
}

/// Takes an element with that tag, and answers its content. Lengths have at most three bytes:
/// there is no longer argument.
fn element<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, after) = rest.split_first()?;
    if *found != tag {
        return None;
    }
    let (first, mut after) = after.split_first()?;
    let mut size = usize::from(*first);
    if size > 0x7f {
        let (bytes, behind) = after.split_at_checked(size & 0x7f).filter(|(b, _)| b.len() <= 3)?;
        size = bytes.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
        after = behind;
    }
    let (content, behind) = after.split_at_checked(size)?;
    *rest = behind;
    Some(content)
}

/// The word and the DER of the first key in a PEM text (RFC 7468).
pub(super) fn from_pem(text: &str) -> Option<(String, Vec<u8>)> {
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (word, after) = after.split_once("-----")?;
    let (base64, _) = after.split_once(&format!("-----END {word}-----"))?;
    Some((word.to_owned(), decode(base64)?))
}

/// Base64 with padding and white space (RFC 4648 §4).
fn decode(text: &str) -> Option<Vec<u8>> {
    let letters = text.split_ascii_whitespace().collect::<String>();
    BASE64_STANDARD.decode(letters).ok()
}
