//! Images that are signed, by someone, or not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portico_fetch::{Digest, FetchError, Fetcher, PublicKey, Request, SignaturePolicy, Why};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, SigningKey as _};
use serde_json::json;

use crate::{
    failure,
    images::{Image, OCI_CONFIG},
    registry::Registry,
    success, wasm,
};

const PAYLOAD_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

pub(crate) fn key() -> (KeyPair, PublicKey) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let public = PublicKey::from_pem("cosign.pub", key.public_key_pem().as_bytes()).expect("a key");
    (key, public)
}

/// As `cosign sign --key` pushes it: signatures of this manifest.
pub(crate) fn signature(keys: &[&KeyPair], of: Digest) -> Image {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": "registry.example.com/team/guard"},
            "image": {"docker-manifest-digest": of.to_string()},
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    let payload = payload.to_string().into_bytes();
    let layers: Vec<_> = keys.iter().map(|_| (PAYLOAD_TYPE, payload.clone())).collect();
    let mut signature = Image::new(OCI_CONFIG, &layers);
    for (index, key) in keys.iter().enumerate() {
        let signed = STANDARD.encode(key.sign(&payload).expect("it can sign"));
        signature.manifest["layers"][index]["annotations"] =
            json!({"dev.cosignproject.cosign/signature": signed});
    }
    signature
}

/// Pushes signatures of `of` where those of `image` are looked for.
fn sign(registry: &Registry, keys: &[&KeyPair], image: Digest, of: Digest) {
    registry.push(&signature(keys, of), &format!("sha256-{}.sig", image.hex()));
}

fn require(mut request: Request, keys: &[&PublicKey]) -> Request {
    request.signature = SignaturePolicy::Require(keys.iter().copied().cloned().collect());
    request
}

fn warn(mut request: Request, keys: &[&PublicKey]) -> Request {
    request.signature = SignaturePolicy::Warn(keys.iter().copied().cloned().collect());
    request
}

#[tokio::test]
async fn a_signed_image_is_fetched() {
    let registry = Registry::plain().await;
    let image = registry.push(&Image::wasm(&wasm("1")), "1");
    let ((own, public), (other, stranger)) = (key(), key());
    sign(&registry, &[&other, &own], image, image);
    for request in [registry.image(":1"), registry.image(&format!("@{image}"))] {
        for request in [require(request.clone(), &[&public]), warn(request, &[&public])] {
            let fetched = success(&Fetcher::new(None), &request).await;
            assert_eq!(fetched.signature, Some(Ok(public.id().clone())));
            assert_eq!(&*fetched.wasm, wasm("1"));
        }
    }
    let both = require(registry.image(":1"), &[&public, &stranger]);
    success(&Fetcher::new(None), &both).await;
}

#[tokio::test]
async fn what_nobody_known_signed_is_not_downloaded() {
    let registry = Registry::plain().await;
    let image = registry.push(&Image::wasm(&wasm("1")), "1");
    let ((own, public), (other, _)) = (key(), key());
    let expect = async |why: fn(&Why) -> bool| {
        registry.server.lines();
        let request = require(registry.image(":1"), &[&public]);
        let error = failure(&Fetcher::new(None), &request).await;
        assert!(
            matches!(&error, FetchError::Untrusted { why: found, .. } if why(found)),
            "{error}"
        );
        let layer = Digest::of(&wasm("1")).to_string();
        assert!(!registry.server.lines().iter().any(|line| line.contains(&layer)), "downloaded");
        let fetched = success(&Fetcher::new(None), &warn(registry.image(":1"), &[&public])).await;
        assert!(matches!(&fetched.signature, Some(Err(found)) if why(found)));
    };
    expect(|why| matches!(why, Why::Unsigned(_))).await;
    sign(&registry, &[&other], image, image);
    expect(|why| matches!(why, Why::UnknownKey { signatures: 1 })).await;
    sign(&registry, &[&own], image, Digest::of(b"another image"));
    expect(|why| matches!(why, Why::OtherImage { .. })).await;
    registry.push_index(&[], &format!("sha256-{}.sig", image.hex()));
    expect(|why| matches!(why, Why::Malformed(_))).await;
    registry.state().failing = Some((".sig", 500));
    expect(|why| matches!(why, Why::Unavailable { temporary: true, .. })).await;
}

#[tokio::test]
async fn a_signature_that_was_moved_to_another_image_does_not_count() {
    let registry = Registry::plain().await;
    let good = registry.push(&Image::wasm(&wasm("good")), "good");
    let (own, public) = key();
    sign(&registry, &[&own], good, good);
    let evil = registry.push(&Image::wasm(&wasm("evil")), "1");
    let moved = registry.state().manifests[&format!("sha256-{}.sig", good.hex())].clone();
    registry.state().manifests.insert(format!("sha256-{}.sig", evil.hex()), moved);
    let request = require(registry.image(":1"), &[&public]);
    let error = failure(&Fetcher::new(None), &request).await;
    assert!(matches!(error, FetchError::Untrusted { why: Why::OtherImage { .. }, .. }), "{error}");
}

#[tokio::test]
async fn a_signature_of_an_index_or_of_its_image_counts() {
    let (own, public) = key();
    for sign_index in [true, false] {
        let registry = Registry::plain().await;
        let image = Image::wasm(&wasm("1"));
        let index = registry.push_index(&[(&image, "wasip1", "wasm")], "1");
        let signed = if sign_index { index } else { image.digest() };
        sign(&registry, &[&own], signed, signed);
        let fetched =
            success(&Fetcher::new(None), &require(registry.image(":1"), &[&public])).await;
        assert_eq!(fetched.resolved, index);
    }
}

#[tokio::test]
async fn signatures_are_kept_and_checked_again() {
    let registry = Registry::plain().await;
    let image = registry.push(&Image::wasm(&wasm("1")), "1");
    let ((own, public), (_, stranger)) = (key(), key());
    sign(&registry, &[&own], image, image);
    let folder = tempfile::tempdir().expect("there is room");
    let fetcher = || Fetcher::new(Some(folder.path().to_owned()));
    let pinned = registry.image(&format!("@{image}"));
    success(&fetcher(), &require(pinned.clone(), &[&public])).await;
    registry.server.stop().await;
    let fetched = success(&fetcher(), &require(pinned.clone(), &[&public])).await;
    assert_eq!(fetched.signature, Some(Ok(public.id().clone())));
    // Another key trusts nothing that the cache says.
    let error = failure(&fetcher(), &require(pinned, &[&stranger])).await;
    assert!(
        matches!(&error, FetchError::Untrusted { why: Why::Unavailable { .. }, .. }),
        "{error}"
    );
}
