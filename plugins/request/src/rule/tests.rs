use super::*;
use proptest::prelude::*;

struct Get<'a>(&'a str, &'a [(&'a str, &'a str)]);

impl Head for Get<'_> {
    fn path(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn method_is(&self, method: &str) -> bool {
        method == "GET"
    }

    fn has_header(&self, name: &str, value: Option<&str>) -> bool {
        self.1.iter().any(|(key, text)| *key == name && value.is_none_or(|value| value == *text))
    }
}

fn rule(path: PathMatch) -> Rule {
    Rule::new(Some(path), None, None).unwrap()
}

#[test]
fn paths() {
    let prefix = |text: &str| PathMatch::Prefix(text.to_owned());
    let cases = [
        (prefix("/api"), "/api", true),
        (prefix("/api"), "/api/x", true),
        (prefix("/api"), "/api?x", true),
        (prefix("/api"), "/apix", false),
        (prefix("/api"), "/", false),
        (prefix("/api/"), "/api", true),
        (prefix("/api/"), "/api/x", true),
        (prefix("/api/"), "/apix", false),
        (prefix("/"), "/anything", true),
        (PathMatch::Exact("/a".into()), "/a", true),
        (PathMatch::Exact("/a".into()), "/a?b=c", true),
        (PathMatch::Exact("/a".into()), "/a/", false),
        (PathMatch::Exact("/a/".into()), "/a", false),
        (PathMatch::Suffix(".js".into()), "/x/app.js?v=1", true),
        (PathMatch::Suffix(".js".into()), "/x?a.js", false),
        (PathMatch::Contains("/v1/".into()), "/api/v1/x", true),
        (PathMatch::Contains("/v1/".into()), "/x?/v1/", false),
        (PathMatch::Contains("/v1/".into()), "/", false),
    ];
    for (pattern, path, expected) in cases {
        assert_eq!(rule(pattern.clone()).matches(&Get(path, &[])), expected, "{pattern:?} {path}");
    }
}

#[test]
fn everything_given_must_hold() {
    let header = |value: Option<&str>| {
        Some(HeaderMatch { name: "X-Canary".into(), value: value.map(str::to_owned) })
    };
    let request = Get("/a", &[("x-canary", "yes")]);
    let matches = |method: Option<&str>, header| {
        Rule::new(Some(PathMatch::Prefix("/".into())), method.map(str::to_owned), header)
            .unwrap()
            .matches(&request)
    };
    assert!(Rule::default().matches(&request));
    assert!(matches(Some("GET"), header(Some("yes"))));
    assert!(matches(None, header(None)));
    assert!(!matches(Some("POST"), header(None)));
    assert!(!matches(Some("GET"), header(Some("no"))));
}

#[test]
fn patterns_that_match_nothing_are_refused() {
    let refusal = |path: PathMatch| Rule::new(Some(path), None, None).unwrap_err().to_string();
    assert_eq!(refusal(PathMatch::Prefix("api".into())), "`path.prefix`: must begin with `/`");
    assert_eq!(refusal(PathMatch::Suffix(String::new())), "`path.suffix`: must not be empty");
    assert!(refusal(PathMatch::Exact("/a?b".into())).starts_with("`path.exact`: no path has"));
    let header = HeaderMatch { name: ":path".into(), value: None };
    assert_eq!(
        Rule::new(None, None, Some(header)).unwrap_err().to_string(),
        "`header.name`: not a header name"
    );
    assert_eq!(
        Rule::new(None, Some("G T".into()), None).unwrap_err().to_string(),
        "`method`: not the name of a method"
    );
}

proptest! {
    /// The definition of Gateway API, segment by segment, against the one by bytes.
    #[test]
    fn a_prefix_is_a_prefix_of_segments(prefix in "(/[ab]{0,2}){1,3}", path in "(/[ab]{0,2}){1,4}") {
        prop_assume!(!prefix.contains("//") && !path.contains("//"));
        let segments = |text: &str| -> Vec<String> {
            text.trim_end_matches('/').split('/').map(str::to_owned).collect()
        };
        let expected = segments(&path).starts_with(&segments(&prefix));
        prop_assert_eq!(rule(PathMatch::Prefix(prefix)).matches(&Get(&path, &[])), expected);
    }
}
