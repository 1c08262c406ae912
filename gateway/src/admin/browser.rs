//! What browsers are told, and what they tell about the page that asks.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};

/// Nothing from elsewhere and nothing inline. `data:` images are what charts and icons are made of.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; worker-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// On every answer. What says nothing about caches is kept by none.
pub(super) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a method only reads.
pub(super) fn only_reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether no page of another origin asks. Programs that are no browsers send neither header, and
/// browsers send them whenever a page does something that is not plain reading.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let fetch = HeaderName::from_static("sec-fetch-site");
    let site = headers.get(fetch).is_none_or(|site| site == "same-origin");
    site && headers.get(header::ORIGIN).is_none_or(|origin| {
        // Only the authority is compared: something in front may speak TLS for the gateway.
        let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        authority.zip(text(headers, &header::HOST)).is_some_and(|((scheme, own), host)| {
            matches!(scheme, "http" | "https") && own.eq_ignore_ascii_case(host)
        })
    })
}

/// Whether a page of another site reads, in a way that nobody sees in the address bar.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let [site, mode] = ["sec-fetch-site", "sec-fetch-mode"]
        .map(|name| text(headers, &HeaderName::from_static(name)).unwrap_or_default());
    matches!(site, "cross-site" | "same-site") && mode != "navigate"
}

/// Whether the request asked for this machine by a name that only means this machine. A page from
/// elsewhere can point its own name at 127.0.0.1 (DNS rebinding), but the browser then sends that
/// name.
pub(super) fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = text(headers, &header::HOST) else {
        return false;
    };
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether somebody passes on what others ask: then the connection says nothing about them.
pub(super) fn is_passed_on(headers: &HeaderMap) -> bool {
    const MARKS: [&str; 5] =
        ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
    MARKS.iter().any(|name| headers.contains_key(*name))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = given.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        pairs.collect()
    }

    #[test]
    fn only_names_of_this_machine_are_trusted() {
        for (host, trusted) in [
            ("localhost:31000", true),
            ("127.0.0.1:31000", true),
            ("127.0.0.1", true),
            ("[::1]:31000", true),
            ("evil.example:31000", false),
            ("localhost.evil.example", false),
            ("10.0.0.1:31000", false),
        ] {
            assert_eq!(names_this_machine(&headers(&[("host", host)])), trusted, "{host}");
        }
        assert!(!names_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn pages_of_other_origins_are_told_apart() {
        let own = ("host", "localhost:31000");
        for (given, same) in [
            (vec![own], true),
            (vec![own, ("origin", "http://localhost:31000")], true),
            (vec![own, ("origin", "https://LOCALHOST:31000")], true),
            (vec![own, ("origin", "http://localhost:30080")], false),
            (vec![own, ("origin", "http://localhost")], false),
            (vec![own, ("origin", "https://evil.example")], false),
            (vec![own, ("origin", "null")], false),
            (vec![("origin", "http://localhost:31000")], false),
            (vec![own, ("sec-fetch-site", "same-origin")], true),
            (vec![own, ("sec-fetch-site", "same-site")], false),
            (vec![own, ("sec-fetch-site", "cross-site")], false),
            (vec![own, ("sec-fetch-site", "none")], false),
            (
                vec![own, ("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")],
                false,
            ),
        ] {
            assert_eq!(is_same_origin(&headers(&given)), same, "{given:?}");
        }
    }

    #[test]
    fn links_may_lead_here_but_pages_may_not_read_in_silence() {
        for (site, mode, elsewhere) in [
            ("cross-site", "no-cors", true),
            ("same-site", "cors", true),
            ("cross-site", "navigate", false),
            ("same-origin", "cors", false),
            ("none", "navigate", false),
        ] {
            let given = headers(&[("sec-fetch-site", site), ("sec-fetch-mode", mode)]);
            assert_eq!(is_from_elsewhere(&given), elsewhere, "{site} {mode}");
        }
        assert!(!is_from_elsewhere(&HeaderMap::new()));
    }
}
