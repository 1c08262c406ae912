use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn plain() -> Redactor {
    Redactor::default()
}

fn header(redactor: &Redactor, name: &'static str, value: &str) -> String {
    let value = HeaderValue::from_str(value).unwrap();
    let shown = redactor.header(&HeaderName::from_static(name), &value).into_owned();
    String::from_utf8(shown).unwrap()
}

#[test]
fn names_of_headers_decide() {
    for name in [
        "authorization",
        "cookie",
        "set-cookie",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-amz-security-token",
        "x-csrf-token",
        "x-session-id",
        "x-auth",
        "apikey",
    ] {
        assert_eq!(header(&plain(), name, "hunter2"), REDACTED, "{name}");
    }
    for name in ["host", "user-agent", "idempotency-key", "x-request-id", "x-author", "accept"] {
        assert_eq!(header(&plain(), name, "hunter2"), "hunter2", "{name}");
    }
}

#[test]
fn credentials_are_known_in_any_header() {
    assert_eq!(header(&plain(), "x-original", "bearer abc"), REDACTED);
    assert_eq!(header(&plain(), "x-original", "BASIC abc"), REDACTED);
    assert_eq!(header(&plain(), "x-original", "basically"), "basically");
}

#[test]
fn addresses_lose_secret_parameters() {
    let cases = [
        ("/a", "/a"),
        ("/token=1", "/token=1"),
        ("/a?b=c", "/a?b=c"),
        ("/a?token=1&b=c", "/a?token=[redacted]&b=c"),
        ("/a?b=c&API_KEY=1", "/a?b=c&API_KEY=[redacted]"),
        ("/a?accessKey=1;sig=2&monkey=3", "/a?accessKey=[redacted];sig=[redacted]&monkey=3"),
        ("/a?p%61ssword=1", "/a?p%61ssword=[redacted]"),
        ("/a?user[password]=1&key", "/a?user[password]=[redacted]&key"),
        ("/a?next=/b?token=1", "/a?next=/b?token=[redacted]"),
        ("/a?token=", "/a?token="),
        ("https://h/cb#access_token=1&state=2", "https://h/cb#access_token=[redacted]&state=2"),
        ("https://u:p@h:1/x@y", "https://[redacted]@h:1/x@y"),
        (
            "/a?u=http://u:p@h/&v=//u@h&w=ws://x@y",
            "/a?u=http://[redacted]@h/&v=//u@h&w=ws://[redacted]@y",
        ),
        ("/a?next=%2Fb%3ftoken%3D1%26c=2", "/a?next=%2Fb%3ftoken%3D[redacted]%26c=2"),
        ("a://b://c@d", "a://b://[redacted]@d"),
        ("/a?%=1&%zz=2&%6=3&ü%=4", "/a?%=1&%zz=2&%6=3&ü%=4"),
    ];
    for (address, expected) in cases {
        assert_eq!(plain().address(address), expected);
    }
    assert_eq!(header(&plain(), "referer", "https://h/?pwd=1"), "https://h/?pwd=[redacted]");
}

#[test]
fn rules_add_and_take_away() {
    let redactor = Redactor::new(Rules {
        headers: vec!["X-Tenant".into()],
        parameters: vec!["Card".into()],
        fields: vec!["iban".into()],
        patterns: vec![r"\b\d{16}\b".into()],
        shown: vec!["page_token".into(), "x-tenant".into()],
    })
    .unwrap();
    assert_eq!(header(&redactor, "x-tenant", "acme"), REDACTED);
    assert_eq!(header(&redactor, "x-note", "no 1234567812345678!"), "no [redacted]!");
    assert_eq!(
        redactor.address("/a?card=1&page_token=2&token=3"),
        "/a?card=[redacted]&page_token=2&token=[redacted]"
    );
    assert_eq!(
        redactor.body(Some("application/json"), r#"{"iban":1,"n":"1234567812345678"}"#),
        r#"{"iban":"[redacted]","n":"[redacted]"}"#
    );
    let hidden = redactor
        .header(&"x".parse().unwrap(), &HeaderValue::from_bytes(b"\xff 1234567812345678").unwrap())
        .into_owned();
    assert_eq!(String::from_utf8(hidden).unwrap(), "\u{fffd} [redacted]");
}

#[test]
fn rules_that_are_none_are_refused() {
    let headers = Rules { headers: vec!["a b".into()], ..Rules::default() };
    assert_eq!(Redactor::new(headers).unwrap_err().to_string(), "`a b` is no header name");
    let patterns = Rules { patterns: vec!["(".into()], ..Rules::default() };
    assert_eq!(Redactor::new(patterns).unwrap_err().to_string(), "`(` is no pattern to redact");
    let huge = Rules { patterns: vec!["(a{1000}){1000}".into()], ..Rules::default() };
    assert!(Redactor::new(huge).is_err());
}

#[test]
fn bodies_lose_secret_fields() {
    let cases = [
        ("application/json", r#"{"a":1}"#, r#"{"a":1}"#),
        (
            "application/json; charset=utf-8",
            r#"{"user":"u","password" : "p\"w","n":{"token":[1,{"x":2}],"b":true}}"#,
            r#"{"user":"u","password" : "[redacted]","n":{"token":"[redacted]","b":true}}"#,
        ),
        ("", r#"[{"pin":1234},{"pin":null}]"#, r#"[{"pin":"[redacted]"},{"pin":"[redacted]"}]"#),
        ("application/json", r#"{"p\u0061ss":"w"}"#, r#"{"p\u0061ss":"[redacted]"}"#),
        ("application/json", r#"{"secret":"cut o"#, r#"{"secret":"[redacted]""#),
        ("application/json", r#"{"secret":{"a":"cut"#, r#"{"secret":"[redacted]""#),
        ("application/json", r#"{"secret":"#, r#"{"secret":"#),
        ("application/x-www-form-urlencoded", "user=u&password=p", "user=u&password=[redacted]"),
        ("text/plain", "password=p", "password=p"),
    ];
    for (kind, body, expected) in cases {
        assert_eq!(plain().body(Some(kind), body), expected);
    }
}

/// What the scanner should do, said with a parser.
fn by_parser(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if plain().hides_field(name) {
                    *value = Value::from(REDACTED);
                } else {
                    by_parser(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(by_parser),
        _ => {}
    }
}

fn json() -> impl Strategy<Value = Value> {
    let name = || {
        prop_oneof![
            Just("token".to_owned()),
            Just("se\"key\u{1}".to_owned()),
            "[a-z\"\\\\:{}\\[\\], é]{0,6}"
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whole_json_is_redacted_as_a_parser_would(value in json(), is_pretty: bool) {
        let text = if is_pretty { format!("{value:#}") } else { value.to_string() };
        let mut expected = value;
        by_parser(&mut expected);
        let redacted = plain().body(Some("application/json"), &text).into_owned();
        prop_assert_eq!(serde_json::from_str::<Value>(&redacted).unwrap(), expected);
    }

    #[test]
    fn cut_json_never_shows_more(value in json(), cut: prop::sample::Index) {
        let text = value.to_string();
        let mut end = cut.index(text.len() + 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let whole = plain().body(Some("application/json"), &text).into_owned();
        let part = plain().body(Some("application/json"), &text[..end]).into_owned();
        // Up to the place where the text was cut, both say the same.
        let shown = part.trim_end_matches("\"[redacted]\"");
        prop_assert!(whole.starts_with(shown) || part.len() <= end, "{} / {}", whole, part);
    }

    #[test]
    fn any_address_is_survived(address: String) {
        plain().address(&address);
        plain().body(None, &address);
    }
}
