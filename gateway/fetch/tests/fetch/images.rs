//! Images as tools push them.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use portico_fetch::Digest;
use serde_json::{Value, json};

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(crate) const WASM_LAYER: &str = "application/wasm";

/// A manifest, and the blobs that it names.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) manifest: Value,
    pub(crate) blobs: Vec<Vec<u8>>,
}

impl Image {
    pub(crate) fn new(config_type: &str, layers: &[(&str, Vec<u8>)]) -> Self {
        let config = b"{}".to_vec();
        let described: Vec<_> =
            layers.iter().map(|(media_type, layer)| descriptor(media_type, layer)).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config_type, &config),
            "layers": described,
        });
        let blobs = layers.iter().map(|(_, layer)| layer.clone()).chain([config]).collect();
        Self { manifest, blobs }
    }

    /// The layout of the CNCF: the layer is the module.
    pub(crate) fn wasm(module: &[u8]) -> Self {
        Self::new(WASM_CONFIG, &[(WASM_LAYER, module.to_vec())])
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        self.manifest.to_string().into_bytes()
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.json())
    }
}

pub(crate) fn descriptor(media_type: &str, content: &[u8]) -> Value {
    let digest = Digest::of(content).to_string();
    json!({"mediaType": media_type, "digest": digest, "size": content.len()})
}

pub(crate) fn index(images: &[(&Image, &str, &str)]) -> Vec<u8> {
    let entry = |(image, os, architecture): &(&Image, &str, &str)| {
        let mut entry = descriptor(OCI_MANIFEST, &image.json());
        entry["platform"] = json!({"os": os, "architecture": architecture});
        entry
    };
    let manifests: Vec<_> = images.iter().map(entry).collect();
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})
        .to_string()
        .into_bytes()
}

pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, contents) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *contents).expect("a vector takes all");
    }
    builder.into_inner().expect("a vector takes all")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}
