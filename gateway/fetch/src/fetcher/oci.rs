//! Modules that are images in registries.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Fetcher, memory::Memory, module, off_thread};
use crate::{
    archive::{self, BESIDES, Found},
    cache::Kind,
    digest::Digest,
    error::FetchError,
    manifest::{self, Image, Layers, MANIFEST_BYTES, Manifest, Packing},
    reference::Reference,
    registry::{self, Registry},
    request::{Fetched, Request, SignaturePolicy},
    signature::{self, KeyId, PublicKey, Signature, Why},
};

/// What a tag or digest stands for.
struct Resolved {
    /// Of the manifest or index that was named.
    digest: Digest,
    json: Bytes,
    unconfirmed: Option<String>,
}

/// An image, and the digest of its manifest.
struct Picked {
    image: Image,
    digest: Digest,
}

/// A signature as the cache keeps it.
#[derive(Deserialize, Serialize)]
struct Kept {
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Fetcher {
    pub(super) async fn oci(
        &self,
        request: &Request,
        reference: &Reference,
        digest: Option<Digest>,
    ) -> Result<Fetched, FetchError> {
        let name = reference.to_string();
        let pinned = pinned(reference, digest, &name)?;
        let base = registry::base(reference, request.access.insecure)?;
        let transport = self.transport(request, Registry::is_local(&base)).await?;
        let mut registry = Registry::new(transport, base, reference, &request.access)?;
        let resolved = match pinned {
            Some(digest) => {
                let json = self.manifest(&mut registry, digest).await?;
                Resolved { digest, json, unconfirmed: None }
            }
            None => self.resolve(&mut registry, reference, &name).await?,
        };
        let picked = self.image(&mut registry, &resolved, &name).await?;
        // Before the module, so that nothing large is fetched that nobody has signed.
        let digests = [resolved.digest, picked.digest];
        let signature = match &request.signature {
            SignaturePolicy::Off => None,
            SignaturePolicy::Warn(keys) => Some(self.signed(&mut registry, digests, keys).await),
            SignaturePolicy::Require(keys) => {
                let signed = self.signed(&mut registry, digests, keys).await;
                let key = signed.map_err(|why| FetchError::Untrusted { at: name.clone(), why })?;
                Some(Ok(key))
            }
        };
        let (wasm, from_cache) =
            self.layers(&mut registry, picked.image, request.max_bytes, &name).await?;
        module(name, &wasm)?;
        let Resolved { digest: resolved, unconfirmed, .. } = resolved;
        let wasm_digest = Digest::of(&wasm);
        Ok(Fetched { wasm, wasm_digest, resolved, signature, from_cache, unconfirmed })
    }

    /// What a tag stands for now, or stood for when the registry was last there.
    async fn resolve(
        &self,
        registry: &mut Registry<'_>,
        reference: &Reference,
        name: &str,
    ) -> Result<Resolved, FetchError> {
        let tag = reference.tag().unwrap_or("latest");
        let asked = match registry.tag(tag).await {
            Ok(Some(digest)) => self.manifest(registry, digest).await.map(|json| (digest, json)),
            Ok(None) => registry.tagged(tag).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok((digest, json)) => {
                self.keep(digest, Kind::Content, &json).await;
                self.remember(name, &Memory::new(digest, None)).await;
                Ok(Resolved { digest, json, unconfirmed: None })
            }
            Err(error) if error.is_temporary() => {
                let last = self.remembered(name).await.and_then(|memory| memory.digest());
                let Some(digest) = last else { return Err(error) };
                let json = self.cached(digest, MANIFEST_BYTES).await;
                let unconfirmed = Some(error.to_string());
                json.map(|json| Resolved { digest, json, unconfirmed }).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn manifest(
        &self,
        registry: &mut Registry<'_>,
        digest: Digest,
    ) -> Result<Bytes, FetchError> {
        if let Some(json) = self.cached(digest, MANIFEST_BYTES).await {
            return Ok(json);
        }
        let json = registry.manifest(digest).await?;
        self.keep(digest, Kind::Content, &json).await;
        Ok(json)
    }

    /// The image itself, where an index was named.
    async fn image(
        &self,
        registry: &mut Registry<'_>,
        resolved: &Resolved,
        name: &str,
    ) -> Result<Picked, FetchError> {
        let refuse =
            |error: manifest::ManifestError| FetchError::no_plugin(name, error.to_string());
        let images = match Manifest::parse(&resolved.json).map_err(refuse)? {
            Manifest::Image(image) => return Ok(Picked { image, digest: resolved.digest }),
            Manifest::Index(images) => images,
        };
        let digest = manifest::pick(images).map_err(refuse)?.digest;
        let json = self.manifest(registry, digest).await?;
        match Manifest::parse(&json).map_err(refuse)? {
            Manifest::Image(image) => Ok(Picked { image, digest }),
            Manifest::Index(_) => Err(FetchError::no_plugin(name, "its index holds an index")),
        }
    }

    /// Who signed the image: what was named, or what was picked from it.
    async fn signed(
        &self,
        registry: &mut Registry<'_>,
        digests: [Digest; 2],
        keys: &[PublicKey],
    ) -> Result<KeyId, Why> {
        let [named, picked] = digests;
        match self.signed_one(registry, named, keys).await {
            Err(Why::Unsigned(_)) if picked != named => {
                self.signed_one(registry, picked, keys).await
            }
            result => result,
        }
    }

    async fn signed_one(
        &self,
        registry: &mut Registry<'_>,
        manifest: Digest,
        keys: &[PublicKey],
    ) -> Result<KeyId, Why> {
        if let Some(kept) = self.noted(manifest, Kind::Signatures).await
            && let Ok(Kept { payload, signature }) = serde_json::from_slice(&kept)
            && let Ok((key, _)) =
                signature::verify(manifest, &[Signature { payload, signature }], keys)
        {
            return Ok(key);
        }
        let signatures = registry.signatures(manifest).await?;
        let (key, Signature { payload, signature }) =
            signature::verify(manifest, &signatures, keys)?;
        let kept = Kept { payload: payload.clone(), signature: signature.clone() };
        let kept = serde_json::to_vec(&kept).map(Bytes::from).unwrap_or_default();
        self.keep(manifest, Kind::Signatures, &kept).await;
        Ok(key)
    }

    /// The module in the layers, and whether all that was needed was in the cache.
    async fn layers(
        &self,
        registry: &mut Registry<'_>,
        image: Image,
        max_bytes: usize,
        name: &str,
    ) -> Result<(Bytes, bool), FetchError> {
        let archives = match image.module() {
            Ok(Layers::Module(layer)) => return self.layer(registry, &layer, max_bytes).await,
            Ok(Layers::Archives(archives)) => archives,
            Err(error) => return Err(FetchError::no_plugin(name, error.to_string())),
        };
        let (mut names, mut from_cache) = (Vec::new(), true);
        let most = max_bytes.saturating_add(BESIDES);
        for (layer, packing) in archives {
            let (packed, cached) = self.layer(registry, &layer, most).await?;
            from_cache &= cached;
            match unpack(packed, packing, max_bytes, name).await? {
                Found::Module(wasm) => return Ok((wasm, from_cache)),
                Found::Nothing(others) => names.extend(others),
            }
        }
        names.truncate(5);
        let why = match names.is_empty() {
            true => "its layers hold no files".to_owned(),
            false => format!("its layers hold no `plugin.wasm` but {}", names.join(", ")),
        };
        Err(FetchError::no_plugin(name, why))
    }

    async fn layer(
        &self,
        registry: &mut Registry<'_>,
        layer: &manifest::Descriptor,
        max_bytes: usize,
    ) -> Result<(Bytes, bool), FetchError> {
        if let Some(bytes) = self.cached(layer.digest, max_bytes).await {
            return Ok((bytes, true));
        }
        let bytes = registry.blob(layer, max_bytes).await?;
        self.keep(layer.digest, Kind::Content, &bytes).await;
        Ok((bytes, false))
    }
}

fn pinned(
    reference: &Reference,
    digest: Option<Digest>,
    name: &str,
) -> Result<Option<Digest>, FetchError> {
    match (reference.digest(), digest) {
        (Some(written), Some(other)) if written != other => {
            Err(FetchError::unusable(name, format!("its digest is also said to be {other}")))
        }
        (written, other) => Ok(written.or(other)),
    }
}

async fn unpack(
    layer: Bytes,
    packing: Packing,
    max_bytes: usize,
    name: &str,
) -> Result<Found, FetchError> {
    let found = off_thread(move || archive::module(&layer, packing, max_bytes)).await;
    match found {
        Some(found) => found.map_err(|error| FetchError::no_plugin(name, error.to_string())),
        None => Err(FetchError::no_plugin(name, "its layer cannot be unpacked")),
    }
}
