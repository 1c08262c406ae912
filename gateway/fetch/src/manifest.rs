//! Manifests and indexes of images, and which of their layers is the plugin.
//!
//! OCI image specification 1.1, "Image manifest" and "Image index", and the same of Docker. Three
//! layouts are understood: the CNCF's (a layer `application/wasm`), that of `wasm-to-oci` and
//! Istio's artifacts (`…wasm.content.layer.v1+wasm`), and ordinary images that hold the file
//! `plugin.wasm`.

use std::collections::HashMap;

use serde::Deserialize;

use crate::digest::Digest;

/// What a registry is asked for.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";
/// The most that registries store, by the distribution specification.
pub(crate) const MANIFEST_BYTES: usize = 4 << 20;
/// Layers that are looked through for a file; an image of a plugin has one or a few.
const LAYERS: usize = 32;

const WASM_LAYERS: [&str; 3] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
];
const TAR_LAYERS: [(&str, Packing); 4] = [
    ("application/vnd.oci.image.layer.v1.tar+gzip", Packing::TarGzip),
    ("application/vnd.oci.image.layer.v1.tar", Packing::Tar),
    ("application/vnd.docker.image.rootfs.diff.tar.gzip", Packing::TarGzip),
    ("application/vnd.docker.image.rootfs.diff.tar", Packing::Tar),
];

/// What a digest in a registry may stand for.
#[derive(Debug)]
pub(crate) enum Manifest {
    Image(Image),
    Index(Vec<Descriptor>),
}

#[derive(Debug)]
pub(crate) struct Image {
    config: String,
    pub(crate) layers: Vec<Descriptor>,
}

/// Content that a manifest names.
#[derive(Clone, Debug)]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: usize,
    pub(crate) annotations: HashMap<String, String>,
    platform: Option<Platform>,
}

/// Where the module is.
#[derive(Debug)]
pub(crate) enum Layers {
    /// The layer is the module.
    Module(Descriptor),
    /// The first of these that holds one.
    Archives(Vec<(Descriptor, Packing)>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Packing {
    Tar,
    TarGzip,
}

/// Why a manifest is of no use.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("its manifest is no JSON of the expected form: {0}")]
    Json(String),
    #[error("its manifest has the old format (schema version {0}): publish it with a newer tool")]
    Schema(u64),
    #[error("it is both an image and an index")]
    Both,
    #[error("it is neither an image nor an index")]
    Neither,
    #[error("`{0}` in its manifest is no SHA-256 digest")]
    Digest(String),
    #[error("it has more than {LAYERS} layers")]
    Layers,
    #[error("it has {0} layers with a module; it must have one")]
    Modules(usize),
    #[error(
        "it is made of {found}; a plugin is a layer `application/wasm`, \
         `application/vnd.module.wasm.content.layer.v1+wasm`, or an image layer with the file \
         `plugin.wasm`"
    )]
    MediaTypes { found: String },
    #[error("it is for {0} only; a plugin is for `wasm`, or the same for all platforms")]
    Platforms(String),
}

#[derive(Clone, Debug, Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u64,
    config: Option<Written>,
    layers: Option<Vec<Written>>,
    manifests: Option<Vec<Written>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: usize,
    annotations: Option<HashMap<String, String>>,
    platform: Option<Platform>,
}

impl Manifest {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let document: Document =
            serde_json::from_slice(json).map_err(|error| ManifestError::Json(error.to_string()))?;
        if document.schema_version != 2 {
            return Err(ManifestError::Schema(document.schema_version));
        }
        match (document.layers, document.manifests) {
            // One document that two readers take for different things.
            (Some(_), Some(_)) => Err(ManifestError::Both),
            (None, None) => Err(ManifestError::Neither),
            (None, Some(manifests)) => Ok(Self::Index(descriptors(manifests)?)),
            (Some(layers), None) => Ok(Self::Image(Image {
                config: document.config.map_or_else(String::new, |config| config.media_type),
                layers: descriptors(layers)?,
            })),
        }
    }
}

/// The image of an index that is the plugin.
pub(crate) fn pick(index: Vec<Descriptor>) -> Result<Descriptor, ManifestError> {
    let native = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "amd64",
    };
    let rank = |image: &Descriptor| match &image.platform {
        Some(Platform { architecture, .. }) if architecture.starts_with("wasm") => 0,
        None => 1,
        // A file system for containers, made for each machine, with the same module in each.
        Some(Platform { architecture, os }) if os == "linux" && architecture == native => 2,
        Some(Platform { architecture, os }) if os == "linux" && architecture == "amd64" => 3,
        Some(_) => 4,
    };
    let names: Vec<String> = index.iter().filter_map(platform_name).take(5).collect();
    let mut images: Vec<_> = index.into_iter().filter(|image| !is_attestation(image)).collect();
    if images.len() > 1 {
        images.retain(|image| rank(image) < 4);
    }
    images.into_iter().min_by_key(rank).ok_or_else(|| ManifestError::Platforms(names.join(", ")))
}

impl Image {
    /// Where its module is.
    pub(crate) fn module(self) -> Result<Layers, ManifestError> {
        if self.layers.len() > LAYERS {
            return Err(ManifestError::Layers);
        }
        let is_module = |layer: &&Descriptor| WASM_LAYERS.contains(&&*layer.media_type);
        match self.layers.iter().filter(is_module).count() {
            0 => self.archives(),
            1 => {
                let module = self.layers.iter().find(is_module).cloned();
                module.map(Layers::Module).ok_or(ManifestError::Modules(0))
            }
            modules => Err(ManifestError::Modules(modules)),
        }
    }

    fn archives(self) -> Result<Layers, ManifestError> {
        let packing = |layer: &Descriptor| {
            TAR_LAYERS.iter().find(|(media_type, _)| *media_type == layer.media_type)
        };
        // The last layer is on top of the others.
        let archives: Vec<_> = self
            .layers
            .iter()
            .rev()
            .filter_map(|layer| packing(layer).map(|(_, packing)| (layer.clone(), *packing)))
            .collect();
        if archives.is_empty() {
            return Err(ManifestError::MediaTypes { found: self.made_of() });
        }
        Ok(Layers::Archives(archives))
    }

    fn made_of(&self) -> String {
        let quoted = |text: &str| format!("`{}`", text.escape_debug().take(80).collect::<String>());
        let layers: Vec<_> =
            self.layers.iter().map(|layer| quoted(&layer.media_type)).take(5).collect();
        let layers = match layers.is_empty() {
            true => "no layers".to_owned(),
            false => format!("layers {}", layers.join(", ")),
        };
        format!("{layers} with a configuration {}", quoted(&self.config))
    }
}

fn descriptors(written: Vec<Written>) -> Result<Vec<Descriptor>, ManifestError> {
    let descriptor = |written: Written| {
        let Written { media_type, digest, size, annotations, platform } = written;
        let digest = digest
            .parse()
            .map_err(|_| ManifestError::Digest(digest.escape_debug().take(80).collect()))?;
        let annotations = annotations.unwrap_or_default();
        Ok(Descriptor { media_type, digest, size, annotations, platform })
    };
    written.into_iter().map(descriptor).collect()
}

fn platform_name(image: &Descriptor) -> Option<String> {
    let Platform { architecture, os } = image.platform.as_ref()?;
    Some(format!("{os}/{architecture}").escape_debug().take(40).collect())
}

/// What build tools add to an index beside the images: where they came from.
fn is_attestation(image: &Descriptor) -> bool {
    image
        .annotations
        .get("vnd.docker.reference.type")
        .is_some_and(|it| it == "attestation-manifest")
        || image.platform.as_ref().is_some_and(|platform| platform.architecture == "unknown")
}

#[cfg(test)]
mod tests;
