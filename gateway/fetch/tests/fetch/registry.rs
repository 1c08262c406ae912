//! A small registry: manifests, blobs, three ways to log in, and a switch for failing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use portico_fetch::{Digest, Request, Source};

use crate::{
    images::{self, Image},
    request,
    server::{Asked, Authority, Reply, Server},
};

/// The one repository.
pub(crate) const REPOSITORY: &str = "team/guard";

pub(crate) struct Registry {
    pub(crate) server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) login: Login,
    /// Answers everything below `/v2/` whose path contains the text.
    pub(crate) failing: Option<(&'static str, u16)>,
    /// Where blobs are.
    pub(crate) storage: Option<String>,
    pub(crate) no_head: bool,
    pub(crate) manifests: HashMap<String, Vec<u8>>,
    pub(crate) blobs: HashMap<String, Vec<u8>>,
}

#[derive(Default)]
pub(crate) enum Login {
    #[default]
    Open,
    /// The header that must be sent.
    Basic(String),
    /// The token service at this address, the token that it grants and to whom (nothing:
    /// everyone).
    Bearer { realm: String, token: String, to: Option<String> },
    /// Nobody is let in, and nothing says how.
    Closed,
}

impl Registry {
    pub(crate) async fn plain() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        let server = Server::plain(move |asked| lock(&shared).answer(asked)).await;
        Self { server, state }
    }

    pub(crate) async fn tls(authority: &Authority) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        let server = Server::tls(authority, move |asked| lock(&shared).answer(asked)).await;
        Self { server, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn push(&self, image: &Image, tag: &str) -> Digest {
        let mut state = self.state();
        for blob in &image.blobs {
            state.blobs.insert(Digest::of(blob).to_string(), blob.clone());
        }
        state.push(image.json(), tag)
    }

    pub(crate) fn push_index(&self, images: &[(&Image, &str, &str)], tag: &str) -> Digest {
        for (image, ..) in images {
            self.push(image, "untagged");
        }
        self.state().push(images::index(images), tag)
    }

    /// An image of the repository; `what` is a tag with its colon or a digest with its `@`.
    pub(crate) fn image(&self, what: &str) -> Request {
        let reference = format!("{}/{REPOSITORY}{what}", self.server.address);
        let reference = reference.parse().expect("it is a reference");
        let mut request = request(Source::Oci { reference, digest: None });
        request.access.insecure = self.server.scheme == "http";
        request
    }
}

impl State {
    fn push(&mut self, manifest: Vec<u8>, tag: &str) -> Digest {
        let digest = Digest::of(&manifest);
        self.manifests.insert(digest.to_string(), manifest.clone());
        self.manifests.insert(tag.to_owned(), manifest);
        digest
    }

    fn answer(&self, asked: &Asked) -> Reply {
        if let (Login::Bearer { token, to, .. }, true) =
            (&self.login, asked.path.starts_with("/token?"))
        {
            return match to.is_none() || to.as_deref() == asked.header("authorization") {
                true => Reply::ok(format!(r#"{{"token": "{token}"}}"#)),
                false => Reply::status(401),
            };
        }
        if let Some(refusal) = self.refusal(asked) {
            return refusal;
        }
        if let Some((part, status)) = self.failing
            && asked.path.contains(part)
        {
            let body = br#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#;
            return Reply::Full { status, headers: Vec::new(), body: body.to_vec() };
        }
        let path = asked.path.strip_prefix(&format!("/v2/{REPOSITORY}/")).unwrap_or_default();
        match (path.split_once('/'), &self.storage) {
            (Some(("manifests", _)), _) if self.no_head && asked.method == "HEAD" => {
                Reply::status(405)
            }
            (Some(("manifests", name)), _) => match self.manifests.get(name) {
                Some(manifest) => Reply::ok(manifest.clone())
                    .with("docker-content-digest", Digest::of(manifest).to_string()),
                None => Reply::status(404),
            },
            (Some(("blobs", digest)), Some(storage)) => {
                Reply::to(307, format!("{storage}/{digest}?signature=x"))
            }
            (Some(("blobs", digest)), None) => match self.blobs.get(digest) {
                Some(blob) => Reply::ok(blob.clone()),
                None => Reply::status(404),
            },
            _ => Reply::status(404),
        }
    }

    fn refusal(&self, asked: &Asked) -> Option<Reply> {
        let (expected, challenge) = match &self.login {
            Login::Open => return None,
            Login::Closed => return Some(Reply::status(401)),
            Login::Basic(expected) => (expected.clone(), r#"Basic realm="registry""#.to_owned()),
            Login::Bearer { realm, token, .. } => (
                format!("Bearer {token}"),
                format!(
                    r#"Bearer realm="{realm}",service="registry",scope="repository:{REPOSITORY}:pull""#
                ),
            ),
        };
        let lets_in = asked.header("authorization") == Some(&*expected);
        (!lets_in).then(|| Reply::status(401).with("www-authenticate", challenge))
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nobody panicked")
}
