//! Modules from web servers.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use portico_fetch::{
    Digest, FetchError, Fetcher, Request, Secret, SignaturePolicy, Source, Timeouts,
};

use crate::{
    MAX_BYTES, TOKEN, failure, request,
    server::{Asked, Authority, Reply, Server},
    success, wasm, with_password, with_token,
};

fn at(url: impl Into<String>, digest: Option<Digest>) -> Request {
    request(Source::Http { url: url.into(), digest })
}

fn pinned(server: &Server, content: &[u8]) -> Request {
    at(server.url("/guard.wasm"), Some(Digest::of(content)))
}

fn trusting(mut request: Request, authority: &Authority) -> Request {
    request.access.ca_pem = Some(authority.pem.as_bytes().into());
    request
}

#[tokio::test]
async fn a_pinned_module_is_fetched_once() {
    let server = Server::plain(|_| Reply::ok(wasm("a"))).await;
    let folder = tempfile::tempdir().expect("there is room");
    let request = pinned(&server, &wasm("a"));
    for fetcher in [Fetcher::new(None), Fetcher::new(Some(folder.path().to_owned()))] {
        let first = success(&fetcher, &request).await;
        assert_eq!((&*first.wasm, first.from_cache), (&*wasm("a"), false));
        assert_eq!(
            (first.wasm_digest, first.resolved),
            (Digest::of(&wasm("a")), first.wasm_digest)
        );
        let second = success(&fetcher, &request).await;
        assert_eq!((&*second.wasm, second.from_cache), (&*wasm("a"), true));
        assert_eq!(server.lines(), ["GET /guard.wasm"]);
    }
    // A restart, and the server is gone.
    server.stop().await;
    let fetcher = Fetcher::new(Some(folder.path().to_owned()));
    assert!(success(&fetcher, &request).await.from_cache);
    assert!(failure(&Fetcher::new(None), &request).await.is_temporary());
}

#[tokio::test]
async fn other_content_is_refused() {
    let server = Server::plain(|_| Reply::ok(wasm("b"))).await;
    let request = pinned(&server, &wasm("a"));
    let error = failure(&Fetcher::new(None), &request).await;
    let (at, expected) = (server.url("/guard.wasm"), Digest::of(&wasm("a")));
    let found = Digest::of(&wasm("b"));
    assert_eq!(error, FetchError::OtherContent { at, expected, found });
}

#[tokio::test]
async fn what_cannot_be_safe_is_not_tried() {
    let server = Server::plain(|_| Reply::ok(wasm("a"))).await;
    let digest = Some(Digest::of(&wasm("a")));
    let mut signed = at("https://localhost/x.wasm", None);
    signed.signature = SignaturePolicy::Warn([].into());
    let mut bad_authority = at("https://localhost/x.wasm", None);
    bad_authority.access.ca_pem = Some(b"no pem".as_slice().into());
    let mut bad_token = at("https://localhost/x.wasm", None);
    bad_token.access.token = Some(Secret::new(format!("{TOKEN}\n")));
    for (request, part) in [
        (at(server.url("/x"), None), "give its digest"),
        (with_password(at(server.url("/x"), digest)), "not sent over `http:`"),
        (with_token(at(server.url("/x"), digest)), "not sent over `http:`"),
        (at(format!("http://u:{TOKEN}@{}/x", server.address), digest), "do not belong"),
        (at("ftp://localhost/x", digest), "only `https:` and `http:`"),
        (at("guard.wasm", digest), "relative URL"),
        (signed, "only images"),
        (bad_authority, "no certificate"),
        (bad_token, "no token has"),
    ] {
        let error = failure(&Fetcher::new(None), &request).await;
        assert!(error.is_final() && !error.is_temporary(), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(server.lines(), [""; 0]);
}

#[tokio::test]
async fn a_server_is_trusted_through_its_authority() {
    let authority = Authority::new();
    let server = Server::tls(&authority, |_| Reply::ok(wasm("a"))).await;
    let request = at(server.url("/guard.wasm"), None);
    let error = failure(&Fetcher::new(None), &request).await;
    assert!(
        matches!(&error, FetchError::Unreachable { why, .. } if why.contains("certificate")),
        "{error}"
    );
    let other = trusting(request.clone(), &Authority::new());
    assert!(matches!(failure(&Fetcher::new(None), &other).await, FetchError::Unreachable { .. }));
    success(&Fetcher::new(None), &trusting(request, &authority)).await;
}

#[tokio::test]
async fn statuses_have_meanings() {
    let authority = Authority::new();
    for (status, part, temporary) in [
        (401, "credentials are wrong", false),
        (403, "credentials are wrong", false),
        (404, "does not exist", false),
        (410, "does not exist", false),
        (204, "status 204", false),
        (304, "status 304", false),
        (418, "status 418", false),
        (429, "status 429", true),
        (500, "status 500", true),
        (503, "status 503", true),
    ] {
        let server = Server::tls(&authority, move |asked: &Asked| {
            let body = match asked.header("authorization") {
                Some(sent) => format!(r#"{{"errors": [{{"code": "{sent}"}}]}}"#).into_bytes(),
                None => Vec::new(),
            };
            Reply::Full { status, headers: vec![("retry-after", "7".to_owned())], body }
        });
        let server = server.await;
        let request = trusting(with_token(at(server.url("/x?key=secret"), None)), &authority);
        let error = failure(&Fetcher::new(None), &request).await;
        assert!(error.to_string().contains(part), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(error.is_temporary(), temporary, "{error}");
        if temporary {
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        }
    }
}

#[tokio::test]
async fn broken_and_endless_answers_end() {
    let short = Timeouts {
        idle: Duration::from_millis(50),
        total: Duration::from_secs(20),
        ..Timeouts::default()
    };
    let cut = Server::plain(|_| Reply::Truncated(wasm("a"))).await;
    let error = failure(&Fetcher::new(None), &pinned(&cut, &wasm("a"))).await;
    assert!(matches!(error, FetchError::Unreachable { .. }) && error.is_temporary(), "{error}");
    let stalled = Server::plain(|_| Reply::Stalled(wasm("a"))).await;
    let fetcher = Fetcher::with(None, short, 0);
    let error = failure(&fetcher, &pinned(&stalled, &wasm("a"))).await;
    assert!(matches!(error, FetchError::TimedOut { .. }) && error.is_temporary(), "{error}");
    let patient = Timeouts { total: Duration::from_millis(50), ..Timeouts::default() };
    let error = failure(&Fetcher::with(None, patient, 0), &pinned(&stalled, &wasm("a"))).await;
    assert!(error.to_string().contains("a whole fetch"), "{error}");
    let endless = Server::plain(|_| Reply::Endless).await;
    let error = failure(&Fetcher::new(None), &pinned(&endless, &wasm("a"))).await;
    assert_eq!(error, FetchError::TooLarge { at: endless.url("/guard.wasm"), limit: MAX_BYTES });
    let complaint = Server::plain(|_| Reply::Full {
        status: 500,
        headers: Vec::new(),
        body: vec![b'x'; 1 << 20],
    });
    let error = failure(&Fetcher::new(None), &pinned(&complaint.await, &wasm("a"))).await;
    assert!(error.to_string().contains("status 500"), "{error}");
}

#[tokio::test]
async fn the_size_limit_is_exact() {
    let largest = [wasm(""), vec![0; MAX_BYTES - 8]].concat();
    let (one_more, body) = ([&largest[..], &[0]].concat(), largest.clone());
    let served = one_more.clone();
    let server = Server::plain(move |asked: &Asked| match &*asked.path {
        "/guard.wasm" => Reply::ok(body.clone()),
        _ => Reply::ok(served.clone()),
    });
    let server = server.await;
    success(&Fetcher::new(None), &pinned(&server, &largest)).await;
    let request = at(server.url("/more"), Some(Digest::of(&one_more)));
    let error = failure(&Fetcher::new(None), &request).await;
    assert_eq!(error, FetchError::TooLarge { at: server.url("/more"), limit: MAX_BYTES });
}

#[tokio::test]
async fn redirects_are_followed_with_care() {
    let authority = Authority::new();
    let elsewhere = Server::tls(&authority, |_| Reply::ok(wasm("a"))).await;
    let plain = Server::plain(|_| Reply::ok(wasm("a"))).await;
    let (there, unsafe_there) = (elsewhere.url("/blob"), plain.url("/blob?signed=1"));
    let server = Server::tls(&authority, move |asked: &Asked| match &*asked.path {
        "/guard.wasm" => Reply::to(302, "moved"),
        "/moved" => Reply::to(307, there.clone()),
        "/loop" => Reply::to(301, "/loop"),
        "/unsafe" => Reply::to(302, unsafe_there.clone()),
        "/file" => Reply::to(302, "file:///etc/passwd"),
        "/user" => Reply::to(302, "https://u:p@localhost/"),
        "/nowhere" => Reply::status(302),
        "/4" | "/3" | "/2" | "/1" => {
            Reply::to(308, (asked.path[1..].parse::<u8>().unwrap_or(1) - 1).to_string())
        }
        "/5" => Reply::to(308, "4"),
        "/6" => Reply::to(308, "5"),
        _ => Reply::ok(wasm("here")),
    });
    let server = server.await;
    let request = |path: &str| trusting(with_token(at(server.url(path), None)), &authority);
    success(&Fetcher::new(None), &request("/guard.wasm")).await;
    let sent: Vec<_> =
        server.asked().iter().map(|asked| asked.header("authorization").is_some()).collect();
    assert_eq!(sent, [true, true]);
    let sent = elsewhere.asked();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].header("authorization"), None, "credentials are for one server");
    success(&Fetcher::new(None), &request("/5")).await;
    for (path, part) in [
        ("/6", "more than 5 redirects"),
        ("/loop", "more than 5 redirects"),
        ("/unsafe", "/blob` is not encrypted"),
        ("/file", "`file:` is not fetched"),
        ("/user", "carries credentials"),
        ("/nowhere", "missing"),
    ] {
        let error = failure(&Fetcher::new(None), &request(path)).await;
        assert!(
            matches!(&error, FetchError::Redirect { why, .. } if why.contains(part)),
            "{error}"
        );
    }
    assert_eq!(plain.lines(), [""; 0]);
}

#[tokio::test]
async fn a_floating_module_is_asked_for_again() {
    static VERSION: AtomicUsize = AtomicUsize::new(1);
    let authority = Authority::new();
    let server = Server::tls(&authority, |asked: &Asked| {
        let version = VERSION.load(Ordering::Relaxed);
        let tag = format!("\"{version}\"");
        match asked.header("if-none-match") {
            _ if version == 0 => Reply::status(503),
            Some(known) if known == tag => Reply::status(304),
            _ => Reply::ok(wasm(&tag)).with("etag", tag),
        }
    });
    let server = server.await;
    let fetcher = Fetcher::new(None);
    let request = trusting(at(server.url("/guard.wasm"), None), &authority);
    let first = success(&fetcher, &request).await;
    assert_eq!((&*first.wasm, first.from_cache), (&*wasm("\"1\""), false));
    let same = success(&fetcher, &request).await;
    assert_eq!((&*same.wasm, same.from_cache, same.unconfirmed), (&*wasm("\"1\""), true, None));
    VERSION.store(2, Ordering::Relaxed);
    let moved = success(&fetcher, &request).await;
    assert_eq!((&*moved.wasm, moved.from_cache), (&*wasm("\"2\""), false));
    VERSION.store(0, Ordering::Relaxed);
    let last = success(&fetcher, &request).await;
    assert_eq!((&*last.wasm, last.from_cache), (&*wasm("\"2\""), true));
    assert!(last.unconfirmed.is_some_and(|why| why.contains("status 503")));
    assert!(failure(&Fetcher::new(None), &request).await.is_temporary());
}

#[tokio::test]
async fn what_is_no_module_is_named() {
    for (body, part) in [
        (&b""[..], "empty"),
        (b"\n<!doctype html>", "web page"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"(module)", "does not begin"),
    ] {
        let server = Server::plain(move |_| Reply::ok(body)).await;
        let error = failure(&Fetcher::new(None), &pinned(&server, body)).await;
        assert!(
            matches!(&error, FetchError::NoPlugin { why, .. } if why.contains(part)),
            "{error}"
        );
    }
}
