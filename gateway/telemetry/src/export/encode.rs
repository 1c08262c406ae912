//! Protobuf by pieces. Spans and log records are encoded when they are handed in, each as the
//! field of the message that will hold it, so that a batch is made by putting them one behind the
//! other. `ScopeSpans` and `ScopeLogs` have the same shape, and so have the messages around them.

use bytes::Bytes;
use opentelemetry_proto::tonic::{
    common::v1::InstrumentationScope, metrics::v1::ResourceMetrics, resource::v1::Resource,
};
use prost::{
    Message,
    encoding::{self, WireType},
};

use crate::otlp::{SCHEMA_URL, resource};

/// `ExportTraceServiceRequest.resource_spans`, and the same for logs and metrics.
const RESOURCES: u32 = 1;
/// `ResourceSpans.resource`, `ScopeSpans.scope`.
const OWNER: u32 = 1;
/// `ResourceSpans.scope_spans`, `ScopeSpans.spans`, and the same for logs.
const CONTENT: u32 = 2;
const SCHEMA: u32 = 3;

/// What was handed in at once, encoded.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) items: usize,
}

/// Spans or log records.
pub(super) fn items<M: Message>(items: &[M]) -> Chunk {
    let mut bytes = Vec::with_capacity(items.len() * 512);
    for item in items {
        encoding::message::encode(CONTENT, item, &mut bytes);
    }
    bytes.shrink_to_fit();
    Chunk { bytes, items: items.len() }
}

/// A state of metrics; it is a request already.
pub(super) fn metrics(metrics: &ResourceMetrics) -> Chunk {
    let mut bytes = Vec::new();
    encoding::message::encode(RESOURCES, metrics, &mut bytes);
    Chunk { bytes, items: 1 }
}

/// What is the same in each request: who reports.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The field `resource`.
    resource: Vec<u8>,
    /// The field `scope`.
    scope: Vec<u8>,
    /// The field `schema_url`.
    schema: Vec<u8>,
}

impl Envelope {
    pub(super) fn new(owner: &Resource) -> Self {
        let (mut resource, mut scope, mut schema) = (Vec::new(), Vec::new(), Vec::new());
        encoding::message::encode::<Resource>(OWNER, owner, &mut resource);
        encoding::message::encode::<InstrumentationScope>(OWNER, &resource::scope(), &mut scope);
        encoding::string::encode(SCHEMA, &SCHEMA_URL.to_owned(), &mut schema);
        Self { resource, scope, schema }
    }

    /// A request that holds the chunks.
    pub(super) fn request(&self, chunks: &[Chunk]) -> Bytes {
        let content: usize = chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        let scoped = self.scope.len() + content + self.schema.len();
        let whole = self.resource.len() + framed(CONTENT, scoped) + self.schema.len();
        let mut request = Vec::with_capacity(framed(RESOURCES, whole));
        encoding::encode_key(RESOURCES, WireType::LengthDelimited, &mut request);
        encoding::encode_varint(whole as u64, &mut request);
        request.extend_from_slice(&self.resource);
        encoding::encode_key(CONTENT, WireType::LengthDelimited, &mut request);
        encoding::encode_varint(scoped as u64, &mut request);
        request.extend_from_slice(&self.scope);
        chunks.iter().for_each(|chunk| request.extend_from_slice(&chunk.bytes));
        request.extend_from_slice(&self.schema);
        request.extend_from_slice(&self.schema);
        request.into()
    }
}

/// The length of a field that has `length` bytes in it.
fn framed(tag: u32, length: usize) -> usize {
    encoding::key_len(tag) + encoding::encoded_len_varint(length as u64) + length
}
