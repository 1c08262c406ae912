//! Requests and responses, as filters see them.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use portico_wasm::{FieldName, Fields, LocalResponse};

/// What requests and responses have in common.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Message {
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
}

/// What a client asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    pub method: Method,
    pub scheme: String,
    pub authority: HeaderValue,
    pub path: HeaderValue,
    pub message: Message,
}

/// What a service answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    pub status: StatusCode,
    pub message: Message,
}

impl Request {
    /// As filters see it.
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::with_capacity(self.message.headers.len() + 4);
        fields.push(FieldName::Pseudo(":authority"), self.authority.clone());
        fields.push(FieldName::Pseudo(":path"), self.path.clone());
        let text = |text: &str| HeaderValue::from_str(text).ok();
        for (name, value) in
            [(":method", text(self.method.as_str())), (":scheme", text(&self.scheme))]
        {
            fields.push(FieldName::Pseudo(name), value.unwrap_or(HeaderValue::from_static("")));
        }
        self.message.push_to(&mut fields);
        fields
    }
}

impl Response {
    /// What a service says that was not told anything else.
    pub fn usual() -> Self {
        let mut message = Message { headers: Vec::new(), body: Bytes::from_static(b"hello\n") };
        let text = HeaderValue::from_static("text/plain");
        message.headers.push((header::CONTENT_TYPE, text));
        message.frame();
        Self { status: StatusCode::OK, message }
    }

    /// Of a service that is not there.
    pub fn unavailable() -> Self {
        let message =
            Message { headers: Vec::new(), body: Bytes::from_static(b"no healthy upstream") };
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message }
    }

    /// What a filter answers in place of the service. A name or value that cannot be sent is left out.
    pub fn local(response: &LocalResponse) -> Self {
        let header = |(name, value): &(Bytes, Bytes)| {
            let name = HeaderName::from_bytes(name).ok()?;
            Some((name, HeaderValue::from_bytes(value).ok()?))
        };
        let headers = response.headers.iter().filter_map(header).collect();
        let mut message = Message { headers, body: response.body.clone() };
        message.frame();
        let status = response.status.try_into().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, message }
    }

    /// As filters see it.
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::with_capacity(self.message.headers.len() + 1);
        fields.push(FieldName::Pseudo(":status"), status_value(self.status));
        self.message.push_to(&mut fields);
        fields
    }

    /// As the answer of a call-out.
    pub fn pairs(&self) -> Vec<(Bytes, Bytes)> {
        let copied = |value: &HeaderValue| Bytes::copy_from_slice(value.as_bytes());
        let status = (Bytes::from_static(b":status"), copied(&status_value(self.status)));
        let headers = self.message.headers.iter();
        let headers = headers
            .map(|(name, value)| (Bytes::copy_from_slice(name.as_str().as_bytes()), copied(value)));
        std::iter::once(status).chain(headers).collect()
    }
}

impl Message {
    /// Says how long the body is, as who sends it would.
    pub fn frame(&mut self) {
        let framing = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
        self.headers.retain(|(name, _)| !framing.contains(name));
        if !self.body.is_empty() {
            self.headers.push((header::CONTENT_LENGTH, self.body.len().into()));
        }
    }

    fn push_to(&self, fields: &mut Fields) {
        for (name, value) in &self.headers {
            fields.push(FieldName::Header(name.clone()), value.clone());
        }
    }
}

fn status_value(status: StatusCode) -> HeaderValue {
    // A status is three digits.
    HeaderValue::from_str(status.as_str()).unwrap_or(HeaderValue::from_static("200"))
}
