use super::*;

/// Every value that these settings call a secret contains this.
const SECRET: &str = "hunter2";

fn refusal(json: &str) -> String {
    let refusal = read(json.as_bytes()).map(|_| ()).unwrap_err().to_string();
    assert!(!refusal.contains(SECRET), "{json}: {refusal}");
    refusal
}

/// Each refusal begins with what is said here: the field, and what is wrong with it.
fn check(cases: &[(String, &str)]) {
    for (json, expected) in cases {
        let refusal = refusal(json);
        assert!(refusal.starts_with(expected), "{json}: {refusal}");
    }
}

fn provider(text: &str) -> String {
    format!(r#"{{"providers":[{text}]}}"#)
}

const GOOD: &str =
    r#"{"name":"p","api_key":{"header":"x-key"},"keys":[{"id":"a","key":"hunter2"}]}"#;

#[test]
fn refused_keys_and_users() {
    let keys = |keys: &str| {
        provider(&format!(r#"{{"name":"p","api_key":{{"header":"x"}},"keys":[{keys}]}}"#))
    };
    check(&[
        ("{}".to_owned(), "`.`: missing field `providers`"),
        (provider(""), "`providers`: there must be 1 to 32"),
        (provider(r#"{"name":"p"}"#), "`providers[0]`: needs one of"),
        (provider(r#"{"name":"a\"b"}"#), "`providers[0].name`: must be printable"),
        (provider(&[GOOD, GOOD].join(",")), "`providers[1].name`: another provider"),
        (keys(r#""hunter2""#), "`providers[0].keys[0]`: invalid type: string, expected"),
        (keys(r#"{"id":"a"}"#), "`providers[0].keys[0]`: needs `key` or `sha256`"),
        (keys(r#"{"id":"a","sha256":"hunter2"}"#), "`providers[0].keys[0].sha256`: not 64"),
        (keys(r#"{"id":"a","key":""}"#), "`providers[0].keys[0].key`: must not be empty"),
        (keys(r#"{"id":"","key":"hunter2"}"#), "`providers[0].keys[0].id`: must be"),
        (keys(""), "`providers[0].keys`: there must be 1 to 1000"),
        (
            keys(r#"{"id":"a","key":"hunter2"},{"id":"b","key":"hunter2"}"#),
            "`providers[0].keys[1]`: another id has the same key",
        ),
        (
            provider(r#"{"name":"p","api_key":{},"keys":[{"id":"a","key":"hunter2"}]}"#),
            "`providers[0].api_key`: needs `header`, `query` or both",
        ),
        (
            provider(r#"{"name":"p","basic":{"users":[{"name":"a:b","password":"hunter2"}]}}"#),
            "`providers[0].basic.users[0].name`: a user name has no colon",
        ),
        (
            provider(&GOOD.replace(r#""name""#, r#""allow":{"ids":["z"]},"name""#)),
            "`providers[0].allow.ids[0]`: nobody here has this name",
        ),
        (
            provider(&GOOD.replace(r#""name""#, r#""allow":{"claims":{"a":["b"]}},"name""#)),
            "`providers[0].allow.claims`: only a `jwt` provider",
        ),
    ]);
}

#[test]
fn refused_tokens() {
    let jwt = |text: &str| provider(&format!(r#"{{"name":"p","jwt":{{{text}}}}}"#));
    let jwk = |text: &str| jwt(&format!(r#""algorithms":["HS256"],"jwks":{{"keys":[{text}]}}"#));
    check(&[
        (jwt(r#""algorithms":[],"jwks":{"keys":[]}"#), "`providers[0].jwt.algorithms`: names none"),
        (
            jwt(r#""algorithms":["none"],"jwks":{"keys":[]}"#),
            "`providers[0].jwt.algorithms[0]`: unknown variant `none`",
        ),
        (jwk(""), "`providers[0].jwt.jwks`: has no key for HS256"),
        (jwk(r#"{"kty":"oct","k":"aHVudGVyMg"}"#), "`providers[0].jwt.jwks.keys[0].k`: a secret"),
        (
            jwk(r#"{"kty":"oct","k":"hunter2!"}"#),
            "`providers[0].jwt.jwks.keys[0].k`: not base64url",
        ),
        (
            jwk(r#"{"kty":"RSA","d":"hunter2"}"#),
            "`providers[0].jwt.jwks.keys[0].d`: this is a private",
        ),
        (
            jwk(r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#),
            "`providers[0].jwt.jwks.keys[0].n`: a key for",
        ),
        (
            jwk(r#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#),
            "`providers[0].jwt.jwks.keys[0].x`: a coordinate",
        ),
        (
            jwt(r#""algorithms":["HS256"],"jwks":{"keys":[]},"leeway":"1h""#),
            "`providers[0].jwt.leeway`: at most 10m",
        ),
    ]);
}

#[test]
fn refused_rules_and_headers() {
    check(&[
        (
            format!(r#"{{"providers":[{GOOD}],"rules":[{{"providers":["q"]}}]}}"#),
            "`rules[0].providers[0]`: there is no provider `q`",
        ),
        (
            format!(r#"{{"providers":[{GOOD}],"rules":[{{"providers":"nobody"}}]}}"#),
            "`rules[0].providers`: neither a list of provider names nor `none`",
        ),
        (
            format!(r#"{{"providers":[{GOOD}],"rules":[{{"providers":[]}}]}}"#),
            "`rules[0].providers`: names no provider",
        ),
        (
            format!(r#"{{"providers":[{GOOD}],"identity_header":"X-Key"}}"#),
            "`identity_header`: `x-key` carries a credential",
        ),
        (
            format!(r#"{{"providers":[{GOOD}],"identity_header":"Host"}}"#),
            "`identity_header`: this header cannot carry an identity",
        ),
    ]);
}

/// Keys of other kinds belong to others and are left out (RFC 7517 section 5).
#[test]
fn foreign_keys_are_left_out() {
    let json = r#"{"providers":[{"name":"p","jwt":{"algorithms":["HS256"],"jwks":{"keys":[
        {"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"},
        {"kty":"EC","crv":"P-384","x":"AQAB","y":"AQAB"},
        {"kty":"RSA","use":"enc"},
        {"kty":"oct","alg":"HS512","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"},
        {"kty":"future"}]}}}]}"#;
    let policy = read(json.as_bytes()).map_err(|error| error.to_string()).unwrap();
    let crate::policy::Kind::Jwt(verifier) = &policy.providers[0].kind else { panic!("no jwt") };
    assert_eq!(verifier.keys.len(), 1);
}

#[test]
fn the_schema_has_what_is_read() {
    let schema = request::schema::Schema::new(include_str!("../../schema.json"));
    schema.names::<Settings>("");
    schema.names::<Require>("/properties/require");
    schema.names::<Provider>("/$defs/provider");
    schema.names::<ApiKeyPlace>("/$defs/api_key");
    schema.names::<ApiKey>("/$defs/key");
    schema.names::<Basic>("/$defs/basic");
    schema.names::<User>("/$defs/user");
    schema.names::<Jwt>("/$defs/jwt");
    schema.names::<Algorithm>("/$defs/algorithm");
    schema.names::<Jwks>("/$defs/jwt/properties/jwks");
    schema.names::<Jwk>("/$defs/jwk");
    schema.names::<Allow>("/$defs/allow");
    schema.names::<AuthRule>("/$defs/rule");
    schema.names::<PathMatch>("/$defs/path");
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8";
    let good = format!(
        r#"{{"providers":[{GOOD},
            {{"name":"staff","basic":{{"realm":"the fleet",
                "users":[{{"name":"bob","password":"hunter2"}}]}},"allow":{{"ids":["bob"]}}}},
            {{"name":"sso","jwt":{{"issuer":"a","audiences":["b"],"algorithms":["HS256"],
                "jwks":{{"keys":[{{"kty":"oct","k":"{secret}"}},{{"kty":"future"}}]}},
                "claims_to_headers":{{"email":"x-email"}}}},
                "allow":{{"claims":{{"groups":["drivers"]}}}}}}],
            "rules":[{{"path":{{"prefix":"/health"}},"providers":"none"}},
                {{"path":{{"prefix":"/admin"}},"method":"GET","providers":["sso"]}}],
            "require":"all","strip":true,"identity_header":"x-user"}}"#
    );
    assert!(read(good.as_bytes()).is_ok());
    assert_eq!(schema.problems(&good), [""; 0]);
    for json in [
        "{}".to_owned(),
        provider(""),
        provider(r#"{"name":"p"}"#),
        provider(r#"{"name":"p","api_key":{},"keys":[{"id":"a","key":"hunter2"}]}"#),
        provider(r#"{"name":"p","api_key":{"header":"x"}}"#),
        provider(r#"{"name":"p","api_key":{"header":"x"},"keys":[{"id":"a"}]}"#),
        provider(r#"{"name":"p","basic":{"users":[{"name":"a:b","password":"hunter2"}]}}"#),
        provider(r#"{"name":"p","jwt":{"algorithms":["none"],"jwks":{"keys":[]}}}"#),
        provider(
            r#"{"name":"p","jwt":{"algorithms":["RS256"],"jwks":{"keys":[{"kty":"RSA","d":""}]}}}"#,
        ),
        good.replace(r#""none""#, r#""nobody""#),
    ] {
        refusal(&json);
        assert_ne!(schema.problems(&json), [""; 0], "{json}");
    }
}
