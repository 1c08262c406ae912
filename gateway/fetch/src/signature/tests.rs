//! Keys and signatures made by OpenSSL, one folder each: `key.pem`, `payload.json`, `signature.txt`
//! and, as `verdict.txt`, what is to be said of them. `UPDATE=1` rewrites the verdicts.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

/// What the signatures are for.
const MANIFEST: &[u8] = b"image";

fn verdict(folder: &Path) -> String {
    let read = |name: &str| fs::read(folder.join(name)).expect(name);
    let key = match PublicKey::from_pem("key.pem", &read("key.pem")) {
        Ok(key) => key,
        Err(error) => return error.to_string(),
    };
    let signature = STANDARD.decode(read("signature.txt").trim_ascii()).expect("it is base64");
    let signatures = [Signature { payload: read("payload.json"), signature }];
    match verify(Digest::of(MANIFEST), &signatures, &[key]) {
        Ok((key, _)) => format!("signed by {key}"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn verdicts() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/signature/testdata"));
    let mut cases = 0;
    for case in fs::read_dir(folder).expect("it is a folder").map(|case| case.expect("readable")) {
        let (said, file) = (verdict(&case.path()) + "\n", case.path().join("verdict.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &said).expect("it can be written");
        }
        let expected = fs::read_to_string(&file).expect("a verdict");
        assert_eq!(said, expected, "{}", file.display());
        // Whatever the files say: the names of the folders tell what they must mean.
        let refused = case.file_name().to_string_lossy().starts_with("refused-");
        assert_eq!(said.starts_with("signed by"), !refused, "{}", file.display());
        cases += 1;
    }
    assert!(cases > 15, "only {cases} cases were found");
}

#[test]
fn one_good_signature_among_bad_ones_is_enough() {
    let read = |case: &str, name: &str| {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/signature/testdata"));
        fs::read(folder.join(case).join(name)).expect(name)
    };
    let signature = |case: &str| Signature {
        payload: read(case, "payload.json"),
        signature: STANDARD.decode(read(case, "signature.txt")).expect("it is base64"),
    };
    let key = |case: &str| PublicKey::from_pem(case, &read(case, "key.pem")).expect(case);
    let keys = [key("rsa2048"), key("p256")];
    let mut signatures =
        vec![signature("refused-other-image"), signature("ed25519"), signature("p256")];
    let (by, _) = verify(Digest::of(MANIFEST), &signatures, &keys).expect("the last one is good");
    assert_eq!(by, *keys[1].id());
    signatures.pop();
    let why = verify(Digest::of(MANIFEST), &signatures, &keys).expect_err("none is good");
    assert_eq!(why, Why::OtherImage { key: keys[1].id().clone() });
    let why = verify(Digest::of(MANIFEST), &[], &keys).expect_err("there is none");
    assert_eq!(why, Why::UnknownKey { signatures: 0 });
    assert!(verify(Digest::of(MANIFEST), &[signature("p256")], &[]).is_err());
}

proptest::proptest! {
    #[test]
    fn any_payload_is_answered(payload: Vec<u8>, signature: Vec<u8>) {
        let pem = include_bytes!("testdata/p256/key.pem");
        let key = PublicKey::from_pem("key", pem).expect("it is a key");
        let signatures = [Signature { payload: payload.clone(), signature }];
        proptest::prop_assert!(verify(Digest::of(MANIFEST), &signatures, &[key]).is_err());
        let _any_answer = PublicKey::from_pem("key", &payload);
        let _any_answer = signed_digest(&payload);
    }
}
