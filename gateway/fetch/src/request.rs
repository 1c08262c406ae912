//! What to fetch, and what came of it.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::{
    digest::Digest,
    reference::Reference,
    secret::Secret,
    signature::{KeyId, PublicKey, Why},
};

/// One plugin to fetch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    pub source: Source,
    pub access: Access,
    /// Whether someone must have signed it. Only images can be signed.
    pub signature: SignaturePolicy,
    /// Largest module, in bytes. Also bounds what is downloaded for it.
    pub max_bytes: usize,
}

/// Where it is. Its `Debug` is its [`Source::name`].
#[derive(Clone, Eq, PartialEq)]
pub enum Source {
    Http {
        /// `https:`, or `http:` with a digest.
        url: String,
        /// Of the module. With it, a cached module is used without asking the server.
        digest: Option<Digest>,
    },
    Oci {
        reference: Reference,
        /// Of the manifest, as if it were written in the reference.
        digest: Option<Digest>,
    },
}

/// How a server lets us in, and how we know that it is the right one.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Access {
    /// With `password`: basic authentication, or what a registry's token service is asked with.
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// Sent as it is, as a bearer token; a user name and password are then not used.
    pub token: Option<Secret>,
    /// Certificates in PEM that are trusted besides those of the system.
    pub ca_pem: Option<Arc<[u8]>>,
    /// Plain `http:` to a registry, and credentials over plain `http:`. For registries on this
    /// machine or on a trusted network.
    pub insecure: bool,
}

/// What must be signed by whom.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum SignaturePolicy {
    /// Signatures are not looked at.
    #[default]
    Off,
    /// Signatures are checked; what is not signed by one of the keys is fetched all the same.
    Warn(Arc<[PublicKey]>),
    /// What is not signed by one of the keys is not fetched.
    Require(Arc<[PublicKey]>),
}

/// A plugin that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The module. It begins as WebAssembly does; nothing more of it was looked at.
    pub wasm: Bytes,
    /// Of the module.
    pub wasm_digest: Digest,
    /// What the source named, by content: the digest of the image's manifest or index, or that of
    /// the module.
    pub resolved: Digest,
    /// Who signed it, or why that is unknown; nothing if the policy is off.
    pub signature: Option<Result<KeyId, Why>>,
    /// Whether the module was in the cache; its server may still have been asked what its tag or
    /// address stands for.
    pub from_cache: bool,
    /// The server could not be asked what its tag stands for now, for this reason; this is what
    /// the tag stood for when it was asked last.
    pub unconfirmed: Option<String>,
}

impl Source {
    /// How messages call it: without credentials, and without a query, which often is one.
    pub fn name(&self) -> String {
        match self {
            Self::Http { url, .. } => reqwest::Url::parse(url).map_or_else(
                |_| "an address that is none".to_owned(),
                |url| crate::transport::place(&url),
            ),
            Self::Oci { reference, .. } => reference.to_string(),
        }
    }

    /// The digest that it is pinned to, if it is.
    pub fn pinned(&self) -> Option<Digest> {
        match self {
            Self::Http { digest, .. } => *digest,
            Self::Oci { reference, digest } => digest.or(reference.digest()),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pinned =
            self.pinned().map_or_else(String::new, |digest| format!(" pinned to {digest}"));
        write!(f, "{}{pinned}", self.name())
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, password, token, ca_pem, insecure } = self;
        f.debug_struct("Access")
            .field("username", username)
            .field("password", password)
            .field("token", token)
            .field("ca_pem", &ca_pem.is_some())
            .field("insecure", insecure)
            .finish()
    }
}
