use super::*;
use p256::ecdsa::signature::Signer as _;
use proptest::prelude::*;

const RFC_PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const BEFORE_EXPIRY: Duration = Duration::from_secs(1_300_819_379);
const NOW: Duration = Duration::from_secs(1_700_000_000);
const SECRET: &[u8; 32] = b"a secret of thirty-two bytes ...";

/// A verifier out of the `jwt` settings of a provider; `extra` overrides what is common.
fn verifier(jwks: &str, algorithms: &str, extra: &str) -> Verifier {
    let json = format!(
        r#"{{"providers":[{{"name":"p","jwt":{{"algorithms":{algorithms},"jwks":{{"keys":[{jwks}]}}{extra}}}}}]}}"#
    );
    let mut policy = crate::settings::read(json.as_bytes()).unwrap();
    match policy.providers.remove(0).kind {
        crate::policy::Kind::Jwt(verifier) => *verifier,
        _ => panic!("not a token provider"),
    }
}

fn oct(id: &str) -> String {
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    format!(r#"{{"kty":"oct","kid":"{id}","k":"{secret}"}}"#)
}

fn hs256(extra: &str) -> Verifier {
    verifier(&oct("one"), r#"["HS256"]"#, extra)
}

fn unsigned(header: &str, claims: &str) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn signed(header: &str, claims: &str) -> String {
    use hmac::Mac as _;
    let message = unsigned(header, claims);
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap();
    let tag = mac.chain_update(&message).finalize().into_bytes();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn failure(verifier: &Verifier, token: &str) -> Option<Failure> {
    verifier.verify(token.as_bytes(), NOW).err()
}

/// RFC 7515 appendix A.1 to A.3: key, header, signature.
fn rfc_7515() -> [(&'static str, &'static str, &'static str, &'static str); 3] {
    [
        (
            "HS256",
            r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            "RS256",
            r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            "ES256",
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ]
}

const RFC_8037_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn vectors_of_rfc_7515() {
    for (algorithm, key, header, signature) in rfc_7515() {
        let verifier =
            verifier(key, &format!(r#"["{algorithm}"]"#), r#","issuer":"joe","leeway":"0s""#);
        let verify = |token: String, now| verifier.verify(token.as_bytes(), now).err();
        let token = format!("{header}.{RFC_PAYLOAD}.{signature}");
        assert_eq!(verify(token.clone(), BEFORE_EXPIRY), None, "{algorithm}");
        let at_expiry = BEFORE_EXPIRY + Duration::from_secs(1);
        assert_eq!(verify(token, at_expiry), Some(Failure::Expired), "{algorithm}");
        let flipped = if signature.starts_with('d') { "e" } else { "d" };
        let token = format!("{header}.{RFC_PAYLOAD}.{flipped}{}", &signature[1..]);
        assert_eq!(verify(token, BEFORE_EXPIRY), Some(Failure::Signature), "{algorithm}");
        let other = URL_SAFE_NO_PAD.encode(r#"{"iss":"joe","exp":9999999999}"#);
        let token = format!("{header}.{other}.{signature}");
        assert_eq!(verify(token, BEFORE_EXPIRY), Some(Failure::Signature), "{algorithm}");
    }
}

#[test]
fn a4_of_rfc_7515_is_an_algorithm_that_is_not_accepted() {
    let header = "eyJhbGciOiJFUzUxMiJ9";
    for (algorithm, key, ..) in rfc_7515() {
        let verifier = verifier(key, &format!(r#"["{algorithm}"]"#), "");
        let token = format!(
            "{header}.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
        );
        assert_eq!(failure(&verifier, &token), Some(Failure::Algorithm));
    }
}

#[test]
fn vector_of_rfc_8037() {
    let verifier = verifier(RFC_8037_KEY, r#"["EdDSA"]"#, "");
    // Its payload is a sentence, no claims: the signature is what is looked at.
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let header = object(b"eyJhbGciOiJFZERTQSJ9").unwrap();
    let [key] = verifier.keys_for(&header).unwrap()[..] else { panic!("one key") };
    assert!(key.verifies(message, &signature));
    let changed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd";
    assert!(!key.verifies(changed, &signature));
}

#[test]
fn signatures_made_here() {
    let claims = r#"{"exp":1700000100}"#;
    let elliptic = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let point = elliptic.verifying_key().to_encoded_point(false);
    let [x, y] = [point.x().unwrap(), point.y().unwrap()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let keys = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    let message = unsigned(r#"{"alg":"ES256"}"#, claims);
    let signature: p256::ecdsa::Signature = elliptic.sign(message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    assert_eq!(failure(&verifier(&keys, r#"["ES256"]"#, ""), &token), None);

    let edwards = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let x = URL_SAFE_NO_PAD.encode(edwards.verifying_key());
    let keys = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}},{}"#, oct("one"));
    let message = unsigned(r#"{"alg":"EdDSA"}"#, claims);
    let signature = edwards.sign(message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    let both = verifier(&keys, r#"["EdDSA","HS256"]"#, "");
    assert_eq!(failure(&both, &token), None);
    assert_eq!(failure(&both, &signed(r#"{"alg":"HS256"}"#, claims)), None);
    // The public key as the secret of an HMAC, the classic confusion.
    let confused = signed(r#"{"alg":"HS256"}"#, claims);
    let only = verifier(&keys, r#"["EdDSA"]"#, "");
    assert_eq!(failure(&only, &confused), Some(Failure::Algorithm));
}

#[test]
fn headers_that_are_refused() {
    let claims = r#"{"exp":1700000100}"#;
    let verifier = hs256("");
    for (header, expected) in [
        (r#"{"alg":"HS256"}"#, None),
        (r#"{"alg":"HS256","kid":"one"}"#, None),
        (r#"{"alg":"HS256","kid":"two"}"#, Some(Failure::UnknownKey)),
        (r#"{"alg":"HS256","kid":1}"#, Some(Failure::Malformed)),
        (r#"{"alg":"HS256","crit":["exp"]}"#, Some(Failure::Critical)),
        (r#"{"alg":"HS256","crit":null}"#, Some(Failure::Critical)),
        (r#"{"alg":"none"}"#, Some(Failure::Algorithm)),
        (r#"{"alg":"hs256"}"#, Some(Failure::Algorithm)),
        (r#"{"alg":"RS256"}"#, Some(Failure::Algorithm)),
        (r#"{"alg":["HS256"]}"#, Some(Failure::Algorithm)),
        ("{}", Some(Failure::Algorithm)),
        ("[]", Some(Failure::Malformed)),
    ] {
        assert_eq!(failure(&verifier, &signed(header, claims)), expected, "{header}");
    }
    let unsigned = format!("{}.", unsigned(r#"{"alg":"none"}"#, claims));
    assert_eq!(failure(&verifier, &unsigned), Some(Failure::Algorithm));
    let good = signed(r#"{"alg":"HS256"}"#, claims);
    for token in ["", ".", "..", "...", &good[..good.rfind('.').unwrap()], &format!("{good}.")] {
        assert_eq!(failure(&verifier, token), Some(Failure::Malformed), "{token}");
    }
    assert_eq!(failure(&verifier, &format!("{good}=")), Some(Failure::Malformed));
    let long = "a".repeat(LONGEST_TOKEN + 1);
    assert_eq!(failure(&verifier, &long), Some(Failure::TooLong));
}

#[test]
fn claims_that_are_refused() {
    let strict = hs256(r#","issuer":"me","audiences":["a","b"],"leeway":"10s""#);
    let claims = |rest: &str| format!(r#"{{"iss":"me","aud":"a","exp":1700000001{rest}}}"#);
    for (claims, expected) in [
        (claims(""), None),
        (claims(r#","aud":["x","b"]"#), None),
        (claims(r#","exp":1699999990.5"#), None),
        (claims(r#","nbf":1700000010"#), None),
        (claims(r#","iat":1700000010"#), None),
        (claims(r#","exp":1699999990"#), Some(Failure::Expired)),
        (claims(r#","exp":-1"#), Some(Failure::Expired)),
        (claims(r#","exp":"1700000001""#), Some(Failure::Malformed)),
        (claims(r#","exp":null"#), Some(Failure::Malformed)),
        (claims(r#","nbf":1700000011"#), Some(Failure::NotYetValid)),
        (claims(r#","iat":1700000011"#), Some(Failure::IssuedInFuture)),
        (claims(r#","aud":"c""#), Some(Failure::Audience)),
        (claims(r#","aud":[]"#), Some(Failure::Audience)),
        (claims(r#","iss":"you""#), Some(Failure::Issuer)),
        (claims(r#","iss":["me"]"#), Some(Failure::Issuer)),
        (r#"{"iss":"me","aud":"a"}"#.into(), Some(Failure::NoExpiry)),
        (r#"{"iss":"me","exp":1700000001}"#.into(), Some(Failure::Audience)),
        ("[]".into(), Some(Failure::Malformed)),
    ] {
        let token = signed(r#"{"alg":"HS256"}"#, &claims);
        assert_eq!(failure(&strict, &token), expected, "{claims}");
        // The second time out of the cache: the same answer.
        assert_eq!(failure(&strict, &token), expected, "{claims}");
    }
    let forever = hs256(r#","require_exp":false"#);
    assert_eq!(failure(&forever, &signed(r#"{"alg":"HS256"}"#, "{}")), None);
}

#[test]
fn a_remembered_token_expires_all_the_same() {
    let verifier = hs256(r#","leeway":"0s""#);
    let token = signed(r#"{"alg":"HS256"}"#, r#"{"exp":1700000001}"#);
    assert_eq!(failure(&verifier, &token), None);
    let later = verifier.verify(token.as_bytes(), NOW + Duration::from_secs(1));
    assert_eq!(later.err(), Some(Failure::Expired));
}

#[test]
fn claims_become_headers() {
    let verifier = hs256(
        r#","claims_to_headers":{"sub":"X-User","n":"x-n","groups":"x-groups","gone":"x-gone"}"#,
    );
    let verify = |rest: &str| {
        let token = signed(r#"{"alg":"HS256"}"#, &format!(r#"{{"exp":1700000001{rest}}}"#));
        verifier.verify(token.as_bytes(), NOW).map(|verified| verified.headers.clone())
    };
    let told = verify(r#","sub":"alice","n":7,"groups":["a",true]"#).unwrap();
    let told: Vec<_> = told.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(told, ["x-groups: a,true", "x-n: 7", "x-user: alice"]);
    for claim in [r#""a\r\nx: y""#, r#""é""#, r#"" a""#, r#"{"a":1}"#, r#"[["a"]]"#] {
        let refused = verify(&format!(r#","sub":{claim}"#));
        assert_eq!(refused.err(), Some(Failure::UnfitClaim), "{claim}");
    }
}

proptest! {
    #[test]
    fn garbage_is_refused(token in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(hs256("").verify(&token, NOW).is_err());
    }

    #[test]
    fn one_changed_character_is_refused(at in 0usize..200, to in "[A-Za-z0-9_.-]") {
        let good = signed(r#"{"alg":"HS256"}"#, r#"{"exp":1700000001,"sub":"alice"}"#);
        let at = at % good.len();
        let mut changed = good.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != good);
        prop_assert!(failure(&hs256(""), &changed).is_some());
    }
}
