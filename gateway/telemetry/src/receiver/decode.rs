//! From bytes to spans, within limits.
//!
//! A protobuf message is taken apart in layers, and each span is decoded by itself: a message of
//! a few MiB can announce so many empty spans that decoding all at once would take hundreds.

use std::{io::Read, sync::Arc};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, resource::v1::Resource, trace::v1 as otlp,
};
use prost::Message;

use super::answer::Refusal;
use crate::far::span::{self, Span};

/// How large what is decoded may be.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a message, before and after compression. Default 4 MiB, as gRPC has it.
    pub message: usize,
    /// Bytes of a message in JSON, which takes more memory to decode. Default 1 MiB.
    pub json: usize,
    /// Spans of one request; the rest is rejected, and the answer says so. Default 10,000;
    /// SDKs send 512 at a time.
    pub spans: usize,
    /// Bytes of one span; larger ones are rejected. Default 64 KiB.
    pub span: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 4 * 1024 * 1024, json: 1024 * 1024, spans: 10_000, span: 64 * 1024 }
    }
}

/// What a request brought.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) spans: Vec<Span>,
    pub(super) rejected: u64,
    /// Why the first of the rejected was.
    pub(super) why: Option<String>,
    /// The answer is to be in JSON, as the request was.
    pub(super) json: bool,
}

#[derive(Message)]
struct Envelope {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    resources: Vec<Bytes>,
}

#[derive(Message)]
struct ResourcePart {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    scopes: Vec<Bytes>,
}

#[derive(Message)]
struct ScopePart {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    spans: Vec<Bytes>,
}

/// `ExportTraceServiceRequest` in protobuf.
pub(super) fn protobuf(message: Bytes, limits: &Limits) -> Result<Batch, Refusal> {
    let garbage = |error| Refusal::bad(format!("this is no ExportTraceServiceRequest: {error}"));
    let mut batch = Batch::default();
    for part in Envelope::decode(message).map_err(garbage)?.resources {
        let part = ResourcePart::decode(part).map_err(garbage)?;
        let service = span::service(part.resource.as_ref());
        for scope in part.scopes {
            for span in ScopePart::decode(scope).map_err(garbage)?.spans {
                if batch.spans.len() >= limits.spans {
                    batch.reject(format!("a request may have {} spans", limits.spans));
                } else if span.len() > limits.span {
                    batch.reject(format!("a span may have {} bytes", limits.span));
                } else {
                    batch.add(&otlp::Span::decode(span).map_err(garbage)?, &service);
                }
            }
        }
    }
    Ok(batch)
}

/// `ExportTraceServiceRequest` in OTLP's JSON.
pub(super) fn json(message: &[u8], limits: &Limits) -> Result<Batch, Refusal> {
    if message.len() > limits.json {
        return Err(Refusal::too_large(limits.json));
    }
    let request: ExportTraceServiceRequest = serde_json::from_slice(message)
        .map_err(|error| Refusal::bad(format!("this is no OTLP JSON: {error}")))?;
    let mut batch = Batch { json: true, ..Batch::default() };
    for part in &request.resource_spans {
        let service = span::service(part.resource.as_ref());
        for span in part.scope_spans.iter().flat_map(|scope| &scope.spans) {
            if batch.spans.len() >= limits.spans {
                batch.reject(format!("a request may have {} spans", limits.spans));
            } else {
                batch.add(span, &service);
            }
        }
    }
    Ok(batch)
}

/// Undoes gzip, up to the limit for a message.
pub(super) fn gunzip(packed: &[u8], limits: &Limits) -> Result<Bytes, Refusal> {
    let mut whole = Vec::new();
    let most = limits.message as u64;
    let mut decoder = MultiGzDecoder::new(packed).take(most.saturating_add(1));
    let size = decoder.read_to_end(&mut whole).map_err(|_| Refusal::bad("this is no gzip"))?;
    if size > limits.message {
        return Err(Refusal::too_large(limits.message));
    }
    Ok(whole.into())
}

impl Batch {
    fn add(&mut self, span: &otlp::Span, service: &Arc<str>) {
        match Span::of(span, service) {
            Ok(span) => self.spans.push(span),
            Err(error) => self.reject(error.to_string()),
        }
    }

    fn reject(&mut self, why: String) {
        self.rejected += 1;
        self.why.get_or_insert(why);
    }
}
