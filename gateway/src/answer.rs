//! An answer that Portico gives itself, and how it is put on the wire.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use pingora::http::ResponseHeader;
use portico_wasm::LocalResponse;

use crate::forward;

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
}

impl Answer {
    /// What a filter said. Headers that no client could read are left out and named in the log.
    pub fn from_filter(plugin: &str, local: LocalResponse, is_grpc: bool) -> Self {
        let mut headers = Vec::with_capacity(local.headers.len() + 1);
        // It has its status already; the samples of some languages write it as a header too.
        for (name, value) in local.headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
            match (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                (Ok(name), Ok(value)) => headers.push((name, value)),
                _ => tracing::warn!(target: "portico::plugin", plugin,
                    "its answer has a header that cannot be sent: `{}`", name.escape_ascii()),
            }
        }
        if is_grpc {
            headers.retain(|(name, _)| *name != header::CONTENT_LENGTH);
            return Self::grpc(local, headers);
        }
        let length = HeaderValue::from(local.body.len());
        match headers.iter_mut().find(|(name, _)| *name == header::CONTENT_LENGTH) {
            Some((_, own)) => *own = length,
            None if local.body.is_empty() => {}
            None => headers.push((header::CONTENT_LENGTH, length)),
        }
        if !local.body.is_empty() && !headers.iter().any(|(name, _)| name == header::CONTENT_TYPE) {
            headers.push((header::CONTENT_TYPE, HeaderValue::from_static("text/plain")));
        }
        Self { status: local.status, headers, body: local.body }
    }

    /// gRPC clients read their status from headers, whatever HTTP says (gRPC over HTTP/2,
    /// "Responses": a trailers-only answer).
    fn grpc(local: LocalResponse, mut headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        let code = match local.grpc_status {
            0.. => local.grpc_status,
            _ => match local.status {
                400 => 13,
                401 => 16,
                403 => 7,
                404 => 12,
                429 | 502..=504 => 14,
                _ => 2,
            },
        };
        headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/grpc")));
        headers.push((HeaderName::from_static("grpc-status"), HeaderValue::from(code)));
        if let Ok(message) = HeaderValue::from_bytes(&local.body)
            && !message.is_empty()
        {
            headers.push((HeaderName::from_static("grpc-message"), message));
        }
        Self { status: 200, headers, body: Bytes::new() }
    }

    /// The whole answer as bytes, for where no session is left to send it. It ends the connection.
    pub fn wire(&self, request_id: &HeaderValue, generation: Option<&HeaderValue>) -> Vec<u8> {
        let reason = http::StatusCode::from_u16(self.status).ok();
        let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or("Error");
        let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", self.status).into_bytes();
        let own = [
            (header::SERVER, HeaderValue::from_static("portico")),
            (forward::REQUEST_ID, request_id.clone()),
            (header::CONTENT_LENGTH, HeaderValue::from(self.body.len())),
            (header::CONNECTION, HeaderValue::from_static("close")),
        ];
        let generation = generation.map(|value| (forward::GENERATION, value.clone()));
        for (name, value) in self.headers.iter().chain(&own).chain(&generation) {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The head, in the order Envoy gives it: status, its headers, length.
    pub fn head(&self) -> pingora::Result<ResponseHeader> {
        let mut head = ResponseHeader::build_no_case(self.status, Some(self.headers.len() + 8))?;
        for (name, value) in &self.headers {
            head.append_header(name.clone(), value.clone())?;
        }
        if !self.body.is_empty() && !head.headers.contains_key(header::CONTENT_LENGTH) {
            head.insert_header(header::CONTENT_LENGTH, self.body.len())?;
        }
        Ok(head)
    }
}
