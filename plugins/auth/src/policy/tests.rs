use super::*;
use proptest::prelude::*;

const NOW: Duration = Duration::from_secs(1_700_000_000);

/// Two keys, two users, and a token provider whose tokens nobody here can make.
const PROVIDERS: &str = r#"[
    {"name":"keys","api_key":{"header":"x-api-key","query":"key"},"allow":{"ids":["alice"]},
     "keys":[{"id":"alice","key":"wonder"},{"id":"mallory","key":"malice"}]},
    {"name":"staff","basic":{"realm":"the house","users":[{"name":"bob","password":"build:er"}]}},
    {"name":"sso","jwt":{"algorithms":["HS256"],"claims_to_headers":{"sub":"x-user"},
     "jwks":{"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"}]}}}]"#;

fn policy(extra: &str) -> Policy {
    let json = format!(r#"{{"providers":{PROVIDERS}{extra}}}"#);
    crate::settings::read(json.as_bytes()).map_err(|error| error.to_string()).unwrap()
}

/// The decision in one line.
fn decide(policy: &Policy, path: &str, headers: &[(&str, &str)]) -> String {
    let head = [(":path", path), (":method", "GET")];
    let headers: Headers = head.into_iter().chain(headers.iter().copied()).collect();
    match policy.decide(&headers, || NOW) {
        Decision::Pass(changes) => {
            let changes: Vec<String> = changes
                .into_iter()
                .map(|change| match change {
                    Change::Add(name, value) => {
                        format!("+{name}={}", String::from_utf8_lossy(&value))
                    }
                    Change::Remove(name) => format!("-{name}"),
                    Change::Set(name, value) => {
                        format!("{name}={}", String::from_utf8_lossy(&value))
                    }
                })
                .collect();
            format!("pass {}", changes.join(" ")).trim_end().to_owned()
        }
        Decision::Refuse(Refusal { status, challenges, reason }) => {
            format!("{status} {reason} [{}]", challenges.join("; "))
        }
    }
}

const BOB: (&str, &str) = ("authorization", "Basic Ym9iOmJ1aWxkOmVy");
const ALICE: (&str, &str) = ("x-api-key", "wonder");
const MALLORY: (&str, &str) = ("x-api-key", "malice");
const MISSING: &str = "401 unauthorized: credentials are missing [ApiKey realm=\"keys\"; \
    Basic realm=\"the house\", charset=\"UTF-8\"; Bearer realm=\"sso\"]";

#[test]
fn any_of_them() {
    let policy = policy("");
    let wrong = "401 unauthorized: the credentials are not valid";
    assert_eq!(decide(&policy, "/", &[]), MISSING);
    assert_eq!(decide(&policy, "/", &[ALICE]), "pass");
    assert_eq!(decide(&policy, "/?key=wonder", &[]), "pass");
    assert_eq!(decide(&policy, "/", &[BOB]), "pass");
    assert_eq!(decide(&policy, "/", &[("authorization", BOB.1), MALLORY]), "pass");
    assert!(decide(&policy, "/", &[MALLORY]).starts_with("403 forbidden [ApiKey"));
    for headers in [
        ("x-api-key", "wonder "),
        ("x-api-key", ""),
        ("authorization", "Basic Ym9iOmJ1aWxk"),
        ("authorization", "Basic !"),
        ("authorization", "Basic"),
        ("authorization", "Bearer x"),
    ] {
        assert!(decide(&policy, "/", &[headers]).starts_with(wrong), "{headers:?}");
    }
    assert!(decide(&policy, "/", &[("authorization", "Bearer x.y.z")]).contains(
        "Bearer realm=\"sso\", error=\"invalid_token\", error_description=\"the token is malformed\""
    ));
}

#[test]
fn a_credential_twice_is_none() {
    let policy = policy("");
    let twice = "400 bad request: a credential was sent twice []";
    assert_eq!(decide(&policy, "/", &[ALICE, ALICE]), twice);
    assert_eq!(decide(&policy, "/?key=wonder", &[ALICE]), twice);
    assert_eq!(decide(&policy, "/?key=wonder&key=x", &[]), twice);
    assert_eq!(decide(&policy, "/", &[BOB, ("authorization", "Bearer x")]), twice);
}

#[test]
fn all_of_them() {
    let policy = policy(r#","require":"all","rules":[{"providers":["keys","staff"]}]"#);
    assert_eq!(decide(&policy, "/", &[ALICE, BOB]), "pass");
    assert!(
        decide(&policy, "/", &[ALICE])
            .starts_with("401 unauthorized: credentials are missing [Basic")
    );
    assert!(
        decide(&policy, "/", &[BOB])
            .starts_with("401 unauthorized: credentials are missing [ApiKey")
    );
    assert!(decide(&policy, "/", &[MALLORY, BOB]).starts_with("403"));
}

#[test]
fn rules_by_path() {
    let policy = policy(
        r#","rules":[{"path":{"prefix":"/public"},"providers":"none"},
                     {"path":{"prefix":"/admin"},"providers":["staff"]},
                     {"method":"OPTIONS","providers":"none"}]"#,
    );
    let unclear = "400 bad request: services differ on what this path means []";
    assert_eq!(decide(&policy, "/public/x", &[]), "pass");
    assert_eq!(decide(&policy, "/%70ublic", &[]), "pass");
    assert_eq!(decide(&policy, "/publicity", &[]), MISSING);
    assert_eq!(decide(&policy, "/x?/public", &[]), MISSING);
    assert!(decide(&policy, "/%61dmin", &[ALICE]).starts_with("401"));
    assert_eq!(decide(&policy, "/admin", &[BOB]), "pass");
    for path in ["/public/../admin", "/public/%2e%2e/admin", "/public/..%2fadmin", "//admin"] {
        assert_eq!(decide(&policy, path, &[]), unclear, "{path}");
    }
}

#[test]
fn identity_is_told_and_cannot_be_forged() {
    let policy = policy(
        r#","identity_header":"X-Authenticated-User","strip":true,
            "rules":[{"path":{"exact":"/public"},"providers":"none"}]"#,
    );
    let forged = [("x-authenticated_user", "root"), ("x-user", "root"), ("x-other", "1")];
    assert_eq!(decide(&policy, "/public", &forged), "pass -x-authenticated_user -x-user");
    let with_key = [forged[0], ALICE];
    assert_eq!(
        decide(&policy, "/", &with_key),
        "pass -x-authenticated_user -x-api-key x-authenticated-user=alice"
    );
    assert_eq!(
        decide(&policy, "/a?key=wonder&b", &[]),
        "pass :path=/a?b x-authenticated-user=alice"
    );
    assert_eq!(decide(&policy, "/", &[BOB]), "pass -authorization x-authenticated-user=bob");
}

proptest! {
    /// Whatever is sent: without one of the secrets nobody passes, and no answer repeats
    /// anything of what was sent.
    #[test]
    fn nobody_passes_without_a_secret(
        path in "/[a-z%./?=&]{0,12}",
        authorization in "(Basic |Bearer |)[A-Za-z0-9+/=.]{0,20}",
        key in "[a-z]{4,8}",
    ) {
        prop_assume!(key != "wonder" && !authorization.contains("Ym9iOmJ1aWxkOmVy"));
        let policy = policy("");
        let answer = decide(&policy, &path, &[("authorization", &authorization), ("x-api-key", &key)]);
        prop_assert!(answer.starts_with("40"), "{}", answer);
    }
}
