//! Requests and responses as they are written down: HTTP/1.1, with either kind of line end.

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use portico_wasm::{FieldName, Fields, LocalResponse};

/// What requests and responses have in common.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Message {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) scheme: String,
    pub(super) authority: HeaderValue,
    pub(super) path: HeaderValue,
    pub(super) message: Message,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) message: Message,
}

impl Request {
    /// `GET http://host/path`, or the URL alone.
    pub(super) fn of_line(line: &str) -> anyhow::Result<Self> {
        let mut words = line.split_whitespace();
        let (method, target) = match (words.next(), words.next(), words.next()) {
            (Some(method), Some(target), _) => (method, target),
            (Some(target), None, None) => ("GET", target),
            _ => bail!("a request is written `GET http://host/path`"),
        };
        Self::new(method, target)
            .with_context(|| format!("`{line}` is no request, and no file of this name exists"))
    }

    /// A whole request as it stands on the wire.
    pub(super) fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let (first, message) = Message::parse(bytes)?;
        let mut words = first.split_whitespace();
        let method = words.next().context("there is no request line")?;
        let mut request = Self::new(method, words.next().context("there is no target")?)?;
        for (name, value) in message.headers {
            if name == header::HOST {
                request.authority = value;
            } else {
                request.message.headers.push((name, value));
            }
        }
        request.message.body = message.body;
        request.message.frame();
        Ok(request)
    }

    pub(super) fn new(method: &str, target: &str) -> anyhow::Result<Self> {
        let method = Method::from_bytes(method.as_bytes())
            .ok()
            .filter(|method| method.as_str().chars().all(|letter| !letter.is_ascii_lowercase()))
            .with_context(|| format!("`{method}` is not a method"))?;
        let uri: Uri = target.parse().with_context(|| format!("`{target}` is not a URL"))?;
        let authority = uri.authority().map_or("localhost", |authority| authority.as_str());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        anyhow::ensure!(path.starts_with('/'), "`{target}` is not a URL");
        Ok(Self {
            method,
            scheme: uri.scheme_str().unwrap_or("http").to_owned(),
            authority: HeaderValue::from_str(authority)?,
            path: HeaderValue::from_str(path)?,
            message: Message::default(),
        })
    }

    /// As filters see it.
    pub(super) fn fields(&self) -> Fields {
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
    pub(super) fn usual() -> Self {
        let mut message = Message { headers: Vec::new(), body: Bytes::from_static(b"hello\n") };
        let text = HeaderValue::from_static("text/plain");
        message.headers.push((header::CONTENT_TYPE, text));
        message.frame();
        Self { status: StatusCode::OK, message }
    }

    /// Of a service that is not there.
    pub(super) fn unavailable() -> Self {
        let message =
            Message { headers: Vec::new(), body: Bytes::from_static(b"no healthy upstream") };
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message }
    }

    /// What a filter answers in place of the service. A name or value that cannot be sent is left out.
    pub(super) fn local(response: &LocalResponse) -> Self {
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

    /// A whole response as it stands on the wire.
    pub(super) fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let (first, mut message) = Message::parse(bytes)?;
        let mut words = first.split_whitespace();
        let version = words.next().context("there is no status line")?;
        anyhow::ensure!(version.starts_with("HTTP/"), "it does not begin with `HTTP/1.1 200`");
        let status = words.next().context("there is no status")?;
        let status = status.parse().with_context(|| format!("`{status}` is not a status"))?;
        message.frame();
        Ok(Self { status, message })
    }

    /// As filters see it.
    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::with_capacity(self.message.headers.len() + 1);
        fields.push(FieldName::Pseudo(":status"), status_value(self.status));
        self.message.push_to(&mut fields);
        fields
    }

    /// As the answer of a call-out.
    pub(super) fn pairs(&self) -> Vec<(Bytes, Bytes)> {
        let copied = |value: &HeaderValue| Bytes::copy_from_slice(value.as_bytes());
        let status = (Bytes::from_static(b":status"), copied(&status_value(self.status)));
        let headers = self.message.headers.iter();
        let headers = headers
            .map(|(name, value)| (Bytes::copy_from_slice(name.as_str().as_bytes()), copied(value)));
        std::iter::once(status).chain(headers).collect()
    }
}

impl Message {
    /// The first line, and the rest.
    fn parse(bytes: &[u8]) -> anyhow::Result<(String, Self)> {
        let (head, body) = split(bytes);
        let head = std::str::from_utf8(head).context("the head is not text")?;
        let mut lines = head.lines().map(|line| line.trim_end_matches('\r'));
        let first = lines.next().unwrap_or_default().to_owned();
        let mut message = Self { headers: Vec::new(), body: Bytes::copy_from_slice(body) };
        for line in lines {
            message.header(line)?;
        }
        Ok((first, message))
    }

    /// One header, as it is written in a head.
    pub(super) fn header(&mut self, line: &str) -> anyhow::Result<()> {
        let wrong = || format!("`{line}` is not a header such as `x-user: me`");
        let (name, value) = line.split_once(':').with_context(wrong)?;
        let name = HeaderName::try_from(name.trim()).with_context(wrong)?;
        let value = HeaderValue::try_from(value.trim()).with_context(wrong)?;
        self.headers.push((name, value));
        Ok(())
    }

    /// Says how long the body is, as who sends it would.
    pub(super) fn frame(&mut self) {
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

/// Head and body, around the first empty line.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let ends = |end: &'static [u8]| {
        bytes.windows(end.len()).position(|window| window == end).map(|at| (at, at + end.len()))
    };
    let first = [ends(b"\r\n\r\n"), ends(b"\n\n")].into_iter().flatten().min();
    first.map_or((bytes, b""), |(head, body)| (&bytes[..head], &bytes[body..]))
}

fn status_value(status: StatusCode) -> HeaderValue {
    // A status is three digits.
    HeaderValue::from_str(status.as_str()).unwrap_or(HeaderValue::from_static("200"))
}
