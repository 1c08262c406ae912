//! What a tag or an address stood for when its server was last asked.
//!
//! It saves a download when nothing has changed, and lets a gateway start while a registry is
//! down.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Fetcher;
use crate::{cache::Kind, digest::Digest};

/// Servers' own marks are short; a longer one is not worth keeping.
const ETAG_BYTES: usize = 256;

#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Memory {
    digest: String,
    /// The server's mark for this content (RFC 9110, section 8.8.3).
    pub(super) etag: Option<String>,
}

impl Memory {
    pub(super) fn new(digest: Digest, etag: Option<&str>) -> Self {
        let etag = etag.filter(|etag| etag.len() <= ETAG_BYTES);
        Self { digest: digest.to_string(), etag: etag.map(str::to_owned) }
    }

    pub(super) fn digest(&self) -> Option<Digest> {
        self.digest.parse().ok()
    }
}

impl Fetcher {
    /// `name` is the whole address or reference. Only its digest becomes the name of a file.
    pub(super) async fn remembered(&self, name: &str) -> Option<Memory> {
        let note = self.noted(Digest::of(name.as_bytes()), Kind::Tag).await?;
        serde_json::from_slice(&note).ok()
    }

    pub(super) async fn remember(&self, name: &str, memory: &Memory) {
        let note = serde_json::to_vec(memory).map(Bytes::from).unwrap_or_default();
        self.keep(Digest::of(name.as_bytes()), Kind::Tag, &note).await;
    }
}
