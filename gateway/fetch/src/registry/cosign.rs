//! Where cosign keeps signatures: beside the image, under a tag made of its digest.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Registry;
use crate::{
    digest::Digest,
    error::FetchError,
    manifest::Manifest,
    signature::{Signature, Why},
};

const ANNOTATION: &str = "dev.cosignproject.cosign/signature";
/// Signatures of one image that are looked at: one for each signer and each re-signing.
const SIGNATURES: usize = 64;
/// A payload is 250 bytes and what the signer added.
const PAYLOAD_BYTES: usize = 64 << 10;

impl Registry<'_> {
    /// All signatures of a manifest, checked by nobody yet.
    pub(crate) async fn signatures(&mut self, manifest: Digest) -> Result<Vec<Signature>, Why> {
        let tag = format!("sha256-{}.sig", manifest.hex());
        let (_, json) = match self.tagged(&tag).await {
            Ok(found) => found,
            Err(FetchError::NotFound { .. }) => return Err(Why::Unsigned(self.name.clone())),
            Err(error) => return Err(unavailable(&error)),
        };
        let layers = match Manifest::parse(&json) {
            Ok(Manifest::Image(image)) => image.layers,
            Ok(Manifest::Index(_)) => return Err(Why::Malformed("it is an index".to_owned())),
            Err(error) => return Err(Why::Malformed(error.to_string())),
        };
        if layers.len() > SIGNATURES {
            return Err(Why::Malformed(format!("there are more than {SIGNATURES} of them")));
        }
        let mut signatures = Vec::new();
        for layer in layers {
            let encoded = layer.annotations.get(ANNOTATION);
            let Some(signature) = encoded.and_then(|text| STANDARD.decode(text.trim()).ok()) else {
                continue;
            };
            match self.blob(&layer, PAYLOAD_BYTES).await {
                Ok(payload) => signatures.push(Signature { payload: payload.to_vec(), signature }),
                Err(error) if error.is_temporary() => return Err(unavailable(&error)),
                // One that is damaged does not undo the others.
                Err(_) => {}
            }
        }
        match signatures.is_empty() {
            true => Err(Why::Unsigned(self.name.clone())),
            false => Ok(signatures),
        }
    }
}

fn unavailable(error: &FetchError) -> Why {
    Why::Unavailable { why: error.to_string(), temporary: error.is_temporary() }
}
