//! Requests and responses as they are written down: HTTP/1.1, with either kind of line end.

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Uri, header};
use portico::trial::{Message, Request, Response};

/// `GET http://host/path`, or the URL alone.
pub(super) fn line(line: &str) -> anyhow::Result<Request> {
    let mut words = line.split_whitespace();
    let (method, target) = match (words.next(), words.next(), words.next()) {
        (Some(method), Some(target), _) => (method, target),
        (Some(target), None, None) => ("GET", target),
        _ => bail!("a request is written `GET http://host/path`"),
    };
    request_to(method, target)
        .with_context(|| format!("`{line}` is no request, and no file of this name exists"))
}

/// A whole request as it stands on the wire.
pub(super) fn request(bytes: &[u8]) -> anyhow::Result<Request> {
    let (first, message) = parts(bytes)?;
    let mut words = first.split_whitespace();
    let method = words.next().context("there is no request line")?;
    let mut request = request_to(method, words.next().context("there is no target")?)?;
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

/// A request without headers or body.
pub(super) fn request_to(method: &str, target: &str) -> anyhow::Result<Request> {
    let method = Method::from_bytes(method.as_bytes())
        .ok()
        .filter(|method| method.as_str().chars().all(|letter| !letter.is_ascii_lowercase()))
        .with_context(|| format!("`{method}` is not a method"))?;
    let uri: Uri = target.parse().with_context(|| format!("`{target}` is not a URL"))?;
    let authority = uri.authority().map_or("localhost", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    anyhow::ensure!(path.starts_with('/'), "`{target}` is not a URL");
    Ok(Request {
        method,
        scheme: uri.scheme_str().unwrap_or("http").to_owned(),
        authority: HeaderValue::from_str(authority)?,
        path: HeaderValue::from_str(path)?,
        message: Message::default(),
    })
}

/// A whole response as it stands on the wire.
pub(super) fn response(bytes: &[u8]) -> anyhow::Result<Response> {
    let (first, mut message) = parts(bytes)?;
    let mut words = first.split_whitespace();
    let version = words.next().context("there is no status line")?;
    anyhow::ensure!(version.starts_with("HTTP/"), "it does not begin with `HTTP/1.1 200`");
    let status = words.next().context("there is no status")?;
    let status = status.parse().with_context(|| format!("`{status}` is not a status"))?;
    message.frame();
    Ok(Response { status, message })
}

/// The first line, and the rest.
fn parts(bytes: &[u8]) -> anyhow::Result<(String, Message)> {
    let (head, body) = split(bytes);
    let head = std::str::from_utf8(head).context("the head is not text")?;
    let mut lines = head.lines().map(|line| line.trim_end_matches('\r'));
    let first = lines.next().unwrap_or_default().to_owned();
    let mut message = Message { headers: Vec::new(), body: Bytes::copy_from_slice(body) };
    for line in lines {
        message.headers.push(header(line)?);
    }
    Ok((first, message))
}

/// One header, as it is written in a head.
pub(super) fn header(line: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    let wrong = || format!("`{line}` is not a header such as `x-user: me`");
    let (name, value) = line.split_once(':').with_context(wrong)?;
    let name = HeaderName::try_from(name.trim()).with_context(wrong)?;
    let value = HeaderValue::try_from(value.trim()).with_context(wrong)?;
    Ok((name, value))
}

/// Head and body, around the first empty line.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let ends = |end: &'static [u8]| {
        bytes.windows(end.len()).position(|window| window == end).map(|at| (at, at + end.len()))
    };
    let first = [ends(b"\r\n\r\n"), ends(b"\n\n")].into_iter().flatten().min();
    first.map_or((bytes, b""), |(head, body)| (&bytes[..head], &bytes[body..]))
}
