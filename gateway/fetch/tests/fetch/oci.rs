//! Modules from registries.

use portico_fetch::{Digest, FetchError, Fetcher, Request, Secret, Source};
use serde_json::json;

use crate::{
    MAX_BYTES, TOKEN, failure,
    images::{Image, OCI_CONFIG, OCI_LAYER, WASM_LAYER, gzip, tar},
    registry::{Login, Registry},
    server::{Authority, Reply, Server},
    success, wasm, with_password, with_token,
};

/// What `gateway` and the password are as basic credentials.
const BASIC: &str = "Basic Z2F0ZXdheTpjb3JyZWN0LWhvcnNl";

#[tokio::test]
async fn a_tag_is_followed() {
    let registry = Registry::plain().await;
    let (one, two) = (Image::wasm(&wasm("1")), Image::wasm(&wasm("2")));
    let (fetcher, request) = (Fetcher::new(None), registry.image(":1.2"));
    registry.push(&one, "1.2");
    let first = success(&fetcher, &request).await;
    assert_eq!((&*first.wasm, first.resolved), (&*wasm("1"), one.digest()));
    assert_eq!(first.wasm_digest, Digest::of(&wasm("1")));
    assert!(!first.from_cache && first.signature.is_none() && first.unconfirmed.is_none());
    registry.server.lines();
    let same = success(&fetcher, &request).await;
    assert_eq!((same.resolved, same.from_cache), (one.digest(), true));
    assert_eq!(registry.server.lines(), ["HEAD /v2/team/guard/manifests/1.2"]);
    registry.push(&two, "1.2");
    let moved = success(&fetcher, &request).await;
    assert_eq!(
        (&*moved.wasm, moved.resolved, moved.from_cache),
        (&*wasm("2"), two.digest(), false)
    );
    // What is there already is not fetched again.
    registry.push(&one, "1.2");
    assert!(success(&fetcher, &request).await.from_cache);
}

#[tokio::test]
async fn a_registry_without_head_is_read_too() {
    let registry = Registry::plain().await;
    registry.state().no_head = true;
    registry.push(&Image::wasm(&wasm("1")), "latest");
    let fetched = success(&Fetcher::new(None), &registry.image("")).await;
    assert_eq!(&*fetched.wasm, wasm("1"));
}

#[tokio::test]
async fn a_digest_needs_no_registry_twice() {
    let registry = Registry::plain().await;
    let digest = registry.push(&Image::wasm(&wasm("1")), "1");
    let folder = tempfile::tempdir().expect("there is room");
    let fetcher = || Fetcher::new(Some(folder.path().to_owned()));
    let by_digest = registry.image(&format!("@{digest}"));
    let mut beside = registry.image(":1");
    if let Source::Oci { digest: pinned, .. } = &mut beside.source {
        *pinned = Some(digest);
    }
    success(&fetcher(), &by_digest).await;
    registry.server.lines();
    registry.push(&Image::wasm(&wasm("2")), "1");
    for request in [&by_digest, &beside] {
        let fetched = success(&fetcher(), request).await;
        assert_eq!((&*fetched.wasm, fetched.resolved), (&*wasm("1"), digest));
        assert!(fetched.from_cache);
    }
    assert_eq!(registry.server.lines(), [""; 0]);
    let mut both = registry.image(&format!("@{digest}"));
    if let Source::Oci { digest: pinned, .. } = &mut both.source {
        *pinned = Some(Digest::of(b"other"));
    }
    assert!(failure(&fetcher(), &both).await.is_final());
}

#[tokio::test]
async fn a_registry_that_is_down_does_not_stop_a_start() {
    let registry = Registry::plain().await;
    let digest = registry.push(&Image::wasm(&wasm("1")), "1");
    let folder = tempfile::tempdir().expect("there is room");
    let fetcher = || Fetcher::new(Some(folder.path().to_owned()));
    let request = registry.image(":1");
    success(&fetcher(), &request).await;
    for status in [429, 500, 503] {
        registry.state().failing = Some(("/", status));
        let fetched = success(&fetcher(), &request).await;
        assert_eq!((&*fetched.wasm, fetched.resolved), (&*wasm("1"), digest));
        let why = fetched.unconfirmed.expect("nobody could say");
        assert!(why.contains(&format!("status {status}")), "{why}");
    }
    // It is there and says no: that is an answer.
    for status in [401, 403, 404] {
        registry.state().failing = Some(("/", status));
        assert!(!failure(&fetcher(), &request).await.is_temporary());
    }
    registry.server.stop().await;
    assert!(success(&fetcher(), &request).await.unconfirmed.is_some());
    let error = failure(&Fetcher::new(None), &request).await;
    assert!(matches!(error, FetchError::Unreachable { .. }) && error.is_temporary(), "{error}");
}

#[tokio::test]
async fn all_layouts_are_understood() {
    let registry = Registry::plain().await;
    let module = wasm("m");
    let archive = gzip(&tar(&[("plugin.wasm", &module)]));
    let artifact = Image::new(
        "application/vnd.module.wasm.config.v1+json",
        &[
            ("application/vnd.module.wasm.config.v1+json", b"{}".to_vec()),
            ("application/vnd.module.wasm.content.layer.v1+wasm", module.clone()),
        ],
    );
    let compatible = Image::new(OCI_CONFIG, &[(OCI_LAYER, archive.clone())]);
    let mut docker = Image::new(
        "application/vnd.docker.container.image.v1+json",
        &[("application/vnd.docker.image.rootfs.diff.tar.gzip", archive.clone())],
    );
    docker.manifest["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json");
    let layered = Image::new(
        OCI_CONFIG,
        &[
            (OCI_LAYER, gzip(&tar(&[("plugin.wasm", &wasm("below"))]))),
            (OCI_LAYER, archive),
            ("application/vnd.oci.image.layer.v1.tar", tar(&[("README", b"no module")])),
        ],
    );
    for (name, image) in [
        ("cncf", Image::wasm(&module)),
        ("artifact", artifact),
        ("compatible", compatible),
        ("docker", docker),
        ("layered", layered),
    ] {
        registry.push(&image, name);
        let fetched = success(&Fetcher::new(None), &registry.image(&format!(":{name}"))).await;
        assert_eq!(&*fetched.wasm, module, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_plugin_is_named() {
    let registry = Registry::plain().await;
    let zeros = vec![0; MAX_BYTES + (2 << 20)];
    let two = tar(&[("a.wasm", &wasm("a")), ("b.wasm", &wasm("b"))]);
    for (name, image, part) in [
        (
            "chart",
            Image::new("application/vnd.cncf.helm.config.v1+json", &[("application/x", vec![])]),
            "helm.config",
        ),
        ("text", Image::wasm(b"<html>"), "web page"),
        (
            "empty",
            Image::new(OCI_CONFIG, &[(OCI_LAYER, gzip(&tar(&[("sh", b"x")])))]),
            "no `plugin.wasm` but sh",
        ),
        ("two", Image::new(OCI_CONFIG, &[(OCI_LAYER, gzip(&two))]), "a.wasm, b.wasm"),
        (
            "bomb",
            Image::new(OCI_CONFIG, &[(OCI_LAYER, gzip(&tar(&[("zeros", &zeros)])))]),
            "when unpacked",
        ),
        (
            "damaged",
            Image::new(OCI_CONFIG, &[(OCI_LAYER, gzip(&zeros[..999])[..9].to_vec())]),
            "damaged",
        ),
        (
            "nested",
            Image { manifest: json!({"schemaVersion": 2, "manifests": []}), blobs: vec![] },
            "it is for  only",
        ),
        ("schema1", Image { manifest: json!({"schemaVersion": 1}), blobs: vec![] }, "old format"),
        ("scalar", Image { manifest: json!(7), blobs: vec![] }, "no JSON of the expected form"),
    ] {
        registry.push(&image, name);
        let error = failure(&Fetcher::new(None), &registry.image(&format!(":{name}"))).await;
        assert!(
            matches!(&error, FetchError::NoPlugin { why, .. } if why.contains(part)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_index_is_followed_once() {
    let registry = Registry::plain().await;
    let (native, module) = (Image::wasm(&wasm("native")), Image::wasm(&wasm("wasm")));
    let images = [(&native, "linux", "amd64"), (&module, "wasip1", "wasm")];
    let digest = registry.push_index(&images, "1");
    let fetched = success(&Fetcher::new(None), &registry.image(":1")).await;
    assert_eq!((&*fetched.wasm, fetched.resolved), (&*wasm("wasm"), digest));
    let inner = Image { manifest: json!({"schemaVersion": 2, "manifests": []}), blobs: vec![] };
    registry.push_index(&[(&inner, "wasip1", "wasm")], "2");
    let error = failure(&Fetcher::new(None), &registry.image(":2")).await;
    assert!(error.to_string().contains("its index holds an index"), "{error}");
}

#[tokio::test]
async fn content_is_what_its_digest_says() {
    let registry = Registry::plain().await;
    let image = Image::wasm(&wasm("1"));
    let digest = registry.push(&image, "1");
    let layer = Digest::of(&wasm("1")).to_string();
    for other in [wasm("2"), wasm("12"), b"".to_vec()] {
        registry.state().blobs.insert(layer.clone(), other);
        let error = failure(&Fetcher::new(None), &registry.image(":1")).await;
        assert!(matches!(error, FetchError::OtherContent { .. }), "{error}");
    }
    registry.state().blobs.insert(layer, [0; MAX_BYTES].to_vec());
    let error = failure(&Fetcher::new(None), &registry.image(":1")).await;
    assert!(matches!(error, FetchError::TooLarge { limit: 10, .. }), "{error}");
    let other = Image::wasm(&wasm("other")).json();
    registry.state().manifests.insert(digest.to_string(), other);
    let error = failure(&Fetcher::new(None), &registry.image(&format!("@{digest}"))).await;
    assert!(
        matches!(error, FetchError::OtherContent { expected, .. } if expected == digest),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_too_large_is_not_downloaded() {
    let registry = Registry::plain().await;
    let large = [wasm(""), vec![0; MAX_BYTES]].concat();
    registry.push(&Image::new("", &[(WASM_LAYER, large)]), "1");
    let error = failure(&Fetcher::new(None), &registry.image(":1")).await;
    assert!(matches!(error, FetchError::TooLarge { limit: MAX_BYTES, .. }), "{error}");
    assert!(!registry.server.lines().iter().any(|line| line.contains("/blobs/")));
}

#[tokio::test]
async fn a_damaged_cache_is_mended() {
    let registry = Registry::plain().await;
    registry.push(&Image::wasm(&wasm("1")), "1");
    let folder = tempfile::tempdir().expect("there is room");
    let fetcher = Fetcher::new(Some(folder.path().to_owned()));
    success(&fetcher, &registry.image(":1")).await;
    for file in std::fs::read_dir(folder.path()).expect("it is a folder") {
        std::fs::write(file.expect("it is there").path(), "damage").expect("it is ours");
    }
    let fetched = success(&fetcher, &registry.image(":1")).await;
    assert_eq!((&*fetched.wasm, fetched.from_cache), (&*wasm("1"), false));
    assert!(success(&fetcher, &registry.image(":1")).await.from_cache);
}

/// A registry that lets nobody in without credentials, and an image in it.
async fn closed(
    authority: &Authority,
    login: impl FnOnce(&Server) -> Login,
) -> (Registry, Request) {
    let registry = Registry::tls(authority).await;
    registry.push(&Image::wasm(&wasm("1")), "1");
    let login = login(&registry.server);
    registry.state().login = login;
    let mut request = registry.image(":1");
    request.access.ca_pem = Some(authority.pem.as_bytes().into());
    (registry, request)
}

#[tokio::test]
async fn basic_authentication() {
    let authority = Authority::new();
    let (registry, request) = closed(&authority, |_| Login::Basic(BASIC.to_owned())).await;
    success(&Fetcher::new(None), &with_password(request.clone())).await;
    registry.server.lines();
    let error = failure(&Fetcher::new(None), &request).await;
    assert!(error.to_string().contains("needs credentials"), "{error}");
    let mut wrong = with_password(request);
    wrong.access.password = Some(Secret::new("battery-staple"));
    let error = failure(&Fetcher::new(None), &wrong).await;
    assert!(matches!(error, FetchError::Denied { status: 401, .. }), "{error}");
    assert_eq!(registry.server.lines().len(), 3, "asked twice with, once without credentials");
}

#[tokio::test]
async fn tokens_are_fetched_from_where_the_registry_says() {
    let authority = Authority::new();
    for to in [None, Some(BASIC.to_owned())] {
        let everyone = to.is_none();
        let login = |server: &Server| Login::Bearer {
            realm: server.url("/token?account=1"),
            token: TOKEN.to_owned(),
            to,
        };
        let (registry, request) = closed(&authority, login).await;
        success(&Fetcher::new(None), &with_password(request.clone())).await;
        let asked = registry.server.lines();
        let token = "GET /token?account=1&service=registry&scope=repository%3Ateam%2Fguard%3Apull";
        assert_eq!(asked.iter().filter(|line| *line == token).count(), 1, "{asked:?}");
        match everyone {
            true => drop(success(&Fetcher::new(None), &request).await),
            false => {
                let error = failure(&Fetcher::new(None), &request).await;
                assert!(matches!(error, FetchError::Denied { status: 401, .. }), "{error}");
            }
        }
        success(&Fetcher::new(None), &with_token(request)).await;
    }
}

#[tokio::test]
async fn credentials_go_only_where_they_belong() {
    let authority = Authority::new();
    let module = wasm("1");
    let storage = Server::tls(&authority, move |_| Reply::ok(module.clone())).await;
    let (registry, request) = closed(&authority, |_| Login::Basic(BASIC.to_owned())).await;
    registry.state().storage = Some(storage.url("/bucket"));
    success(&Fetcher::new(None), &with_password(request)).await;
    let asked = storage.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), None);
    // A token service that is not encrypted.
    let spy = Server::plain(|_| Reply::ok(r#"{"token": "x"}"#)).await;
    let realm = spy.url("/token");
    let login = |_: &Server| Login::Bearer { realm, token: "x".to_owned(), to: None };
    let (_registry, request) = closed(&authority, login).await;
    let error = failure(&Fetcher::new(None), &with_password(request)).await;
    assert!(error.to_string().contains("not encrypted"), "{error}");
    assert_eq!(spy.lines(), [""; 0]);
}

#[tokio::test]
async fn logins_that_cannot_succeed() {
    let authority = Authority::new();
    let bearer = |realm: String| Login::Bearer { realm, token: TOKEN.to_owned(), to: None };
    for (login, part) in [
        (Login::Closed, "status 401"),
        (bearer("nowhere".to_owned()), "no valid address"),
        (bearer("https://127.0.0.1:1/token".to_owned()), "cannot be reached"),
    ] {
        let (_registry, request) = closed(&authority, |_| login).await;
        let error = failure(&Fetcher::new(None), &with_password(request)).await;
        assert!(error.to_string().contains(part), "{error}");
    }
    for (body, part) in [
        ("", "sent no token"),
        (r#"{"token": ""}"#, "sent no token"),
        (r#"{"token": "a\nb"}"#, "no token has"),
    ] {
        let service = Server::tls(&authority, move |_| Reply::ok(body)).await;
        let (_registry, request) = closed(&authority, |_| bearer(service.url("/token"))).await;
        let error = failure(&Fetcher::new(None), &request).await;
        assert!(error.to_string().contains(part), "{error}");
    }
    let (_registry, request) = closed(&authority, |_| Login::Basic(BASIC.to_owned())).await;
    let error = failure(&Fetcher::new(None), &with_token(request.clone())).await;
    assert!(matches!(error, FetchError::Denied { status: 401, .. }), "{error}");
    let mut colon = with_password(request);
    colon.access.username = Some("gate:way".to_owned());
    assert!(failure(&Fetcher::new(None), &colon).await.to_string().contains("cannot contain"));
}

#[tokio::test]
async fn a_registry_that_fails_is_quoted() {
    let registry = Registry::plain().await;
    registry.push(&Image::wasm(&wasm("1")), "1");
    registry.state().no_head = true;
    registry.state().failing = Some(("manifests", 429));
    let error = failure(&Fetcher::new(None), &registry.image(":1")).await;
    assert!(error.is_temporary(), "{error}");
    registry.state().failing = Some(("blobs", 429));
    let error = failure(&Fetcher::new(None), &registry.image(":1")).await;
    assert!(error.to_string().contains("`TOOMANYREQUESTS`"), "{error}");
    registry.state().failing = None;
    let error = failure(&Fetcher::new(None), &registry.image(":2")).await;
    assert!(matches!(error, FetchError::NotFound { .. }), "{error}");
}
