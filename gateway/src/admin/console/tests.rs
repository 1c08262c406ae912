use axum::http::HeaderName;

use super::*;

const SCRIPT: File = File {
    path: "/assets/index-1f.js",
    content_type: "text/javascript; charset=utf-8",
    etag: "abc",
    bytes: b"plain",
    gzip: Some(b"zipped"),
};

const PAGE: File = File {
    path: "/index.html",
    content_type: "text/html; charset=utf-8",
    etag: "def",
    bytes: b"<!doctype html>",
    gzip: None,
};

fn headers(given: &[(HeaderName, &str)]) -> HeaderMap {
    given.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
}

fn shown<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn files_come_compressed_to_those_who_take_it() {
    for (accepts, encoding) in [
        ("gzip, deflate, br", Some("gzip")),
        ("br;q=1.0, GZIP;q=0.5", Some("gzip")),
        ("gzip;q=0", None),
        ("identity", None),
    ] {
        let response = answer(&SCRIPT, &headers(&[(header::ACCEPT_ENCODING, accepts)]));
        assert_eq!(shown(&response, &header::CONTENT_ENCODING), encoding, "{accepts}");
        assert_eq!(shown(&response, &header::VARY), Some("accept-encoding"));
        let etag = if encoding.is_some() { "\"abc-gzip\"" } else { "\"abc\"" };
        assert_eq!(shown(&response, &header::ETAG), Some(etag));
    }
}

#[test]
fn hashed_names_are_kept_and_the_page_is_asked_for() {
    let script = answer(&SCRIPT, &HeaderMap::new());
    let cache = Some("public, max-age=31536000, immutable");
    assert_eq!(shown(&script, &header::CACHE_CONTROL), cache);
    let page = answer(&PAGE, &HeaderMap::new());
    assert_eq!(shown(&page, &header::CACHE_CONTROL), Some("no-cache"));
    assert_eq!(shown(&page, &header::CONTENT_TYPE), Some("text/html; charset=utf-8"));
}

#[test]
fn what_a_browser_has_is_not_sent_again() {
    for given in ["\"def\"", "W/\"def\"", "\"x\", \"def\"", "*"] {
        let response = answer(&PAGE, &headers(&[(header::IF_NONE_MATCH, given)]));
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{given}");
        assert_eq!(shown(&response, &header::ETAG), Some("\"def\""));
    }
    let other = answer(&PAGE, &headers(&[(header::IF_NONE_MATCH, "\"de\"")]));
    assert_eq!(other.status(), StatusCode::OK);
}

#[test]
fn files_are_found_by_their_whole_path_only() {
    const BOTH: &[File] = &[SCRIPT, PAGE];
    assert!(find(BOTH, "/index.html").is_some());
    for path in ["/", "/assets/", "/assets/../index.html", "/assets/index-1f.js/", "index.html"] {
        assert!(find(BOTH, path).is_none(), "{path}");
    }
}

#[test]
fn only_browsers_get_the_page() {
    for (accepts, html) in [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
        ("application/json, text/html;q=0.5", true),
        ("*/*", false),
        ("text/plain", false),
    ] {
        assert_eq!(wants_html(&headers(&[(header::ACCEPT, accepts)])), html, "{accepts}");
    }
    assert!(!wants_html(&HeaderMap::new()));
}

#[test]
fn the_table_is_sorted() {
    assert!(FILES.is_sorted_by(|a, b| a.path < b.path));
}
