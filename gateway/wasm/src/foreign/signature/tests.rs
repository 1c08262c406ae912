use ring::signature::KeyPair as _;

use super::*;

const TEXT: &[u8] = b"signed text";

fn message(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    parts.iter().for_each(|(number, bytes)| write_bytes(&mut message, *number, bytes));
    message
}

/// The `SubjectPublicKeyInfo` of a point on a curve.
fn info(curve: &[u8], point: &[u8]) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let ec = element(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    let algorithm = element(0x30, &[&ec[..], &element(6, curve)].concat());
    element(0x30, &[&algorithm[..], &element(3, &[&[0], point].concat())].concat())
}

#[test]
fn what_is_signed_is_verified() {
    let random = SystemRandom::new();
    let p256 = (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, "sha256");
    let p384 = (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, "SHA384");
    let curves = [&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7][..], &[0x2b, 0x81, 4, 0, 0x22]];
    for ((algorithm, hash), curve) in [p256, p384].into_iter().zip(curves) {
        let private = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref(), &random).unwrap();
        let public = info(curve, pair.public_key().as_ref());
        let signed = [(1, hash.as_bytes()), (2, private.as_ref()), (3, TEXT)];
        let result = sign(&message(&signed)).unwrap();
        let fields = fields(&result).collect::<Result<Vec<_>, _>>().unwrap();
        let [(1, _), (2, signature)] = fields[..] else { panic!("{fields:?}") };
        let signature = signature.bytes().unwrap();
        let with = |hash: &[u8], text: &[u8]| {
            verify(&message(&[(1, hash), (2, &public), (3, signature), (4, text)])).unwrap()
        };
        assert_eq!(with(hash.as_bytes(), TEXT), [8, 1]);
        assert!(with(hash.as_bytes(), b"another text").ends_with(b"Error code: 0"));
        assert!(with(b"sha512", TEXT).ends_with(b"initialize digest verify."));
        assert!(with(b"md5", TEXT).ends_with(b"md5 is not supported."));
    }
}

#[test]
fn keys_that_are_none_cannot_be_used() {
    for key in [&b"nonsense"[..], &[0x30], &[0x30, 0x80], &[0x30, 0x84, 1, 1, 1, 1], &[0x30, 0]] {
        let result = verify(&message(&[(1, b"sha256"), (2, key), (4, TEXT)])).unwrap();
        assert!(result.ends_with(b"Failed to initialize digest verify."));
        let result = sign(&message(&[(1, b"sha256"), (2, key), (3, TEXT)])).unwrap();
        assert!(result.ends_with(b"private key required for signing operation."));
    }
    let pem = b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    let result = verify(&message(&[(1, b"sha256"), (5, pem), (4, TEXT)])).unwrap();
    assert!(result.ends_with(b"Failed to initialize digest verify."));
    assert_eq!(sign(&message(&[(1, b"sha256")])), Err(Status::BadArgument));
    assert_eq!(sign(&message(&[(2, b"a"), (4, b"b")])), Err(Status::BadArgument));
    assert_eq!(verify(&[0xff]), Err(Status::BadArgument));
}

#[test]
fn pem_is_base64_between_two_lines() {
    let decoded = |base64: &str| {
        key::from_pem(&format!("text\n-----BEGIN A KEY-----\n{base64}\n-----END A KEY-----"))
    };
    let bytes = |bytes: &[u8]| Some(("A KEY".to_owned(), bytes.to_vec()));
    assert_eq!(decoded("aGVsbG8="), bytes(b"hello"));
    assert_eq!(decoded("aGVs\r\nbG8h"), bytes(b"hello!"));
    assert_eq!(decoded("aGVsbA=="), bytes(b"hell"));
    assert_eq!(decoded(""), bytes(b""));
    for broken in ["a", "aGVsbG8", "aGVsbG8==", "=aGV", "aGV*"] {
        assert_eq!(decoded(broken), None, "{broken}");
    }
    assert_eq!(key::from_pem("-----BEGIN A KEY-----\naGVs"), None);
}
