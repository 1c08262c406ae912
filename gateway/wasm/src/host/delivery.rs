//! What the outside has brought: there while the callback about it runs.

use bytes::Bytes;

/// The answer or event that the running callback is about.
#[derive(Default)]
pub(crate) struct Delivery {
    pub(crate) http: Option<crate::outside::HttpCallResponse>,
    pub(crate) initial_metadata: Option<Vec<(Bytes, Bytes)>>,
    pub(crate) trailing_metadata: Option<Vec<(Bytes, Bytes)>>,
    pub(crate) message: Option<Bytes>,
    /// Code and text for `proxy_get_status`. The code stays, as on Envoy; the text does not.
    pub(crate) status: (u32, String),
}

impl Delivery {
    /// The callback has ended.
    pub(crate) fn clear(&mut self) {
        *self = Self { status: (self.status.0, String::new()), ..Self::default() };
    }
}
