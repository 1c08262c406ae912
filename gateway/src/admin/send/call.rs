//! One request over a connection of its own, and what is shown of the answer.

use http::{HeaderName, HeaderValue, header};
use pingora::{
    http::RequestHeader,
    protocols::{http::v1::client::HttpSession, l4::stream::Stream},
};
use portico_telemetry::context::{span_id, trace_id};
use tokio::net::TcpStream;

use super::Request;
use crate::{admin::Admin, failure::REASON, telemetry::Watched};

/// What is kept of a body.
const SHOWN: usize = 4 << 10;

/// What is read of one. A download is not what this is for.
const READ: usize = 16 << 20;

/// Informational heads before the final one. More than any service sends.
const INFORMATIONAL: usize = 16;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What is told of an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) body: Option<String>,
}

/// The connection is `watched` as soon as there is one, also if there is no answer.
pub(super) async fn call(
    admin: &Admin,
    request: &Request,
    watched: &mut Option<Watched>,
) -> Result<Answer, String> {
    let to = request.target.address;
    let stream = TcpStream::connect(to).await;
    let stream = stream.map_err(|error| format!("{to} cannot be reached: {error}"))?;
    let end = stream.local_addr().map_err(|error| error.to_string())?;
    *watched = Some(admin.telemetry.own.watch(end));
    let mut session = HttpSession::new(Box::new(Stream::from(stream)));
    let broken = |error: Box<pingora::Error>| format!("the exchange broke off: {error}");
    session.write_request_header(Box::new(head(request)?)).await.map_err(broken)?;
    if !request.body.is_empty() {
        session.write_body(&request.body).await.map_err(broken)?;
    }
    session.finish_body().await.map_err(broken)?;
    let mut status = 0;
    for _ in 0..INFORMATIONAL {
        session.read_response().await.map_err(broken)?;
        status = session.get_status().map_or(0, |status| status.as_u16());
        if status >= 200 {
            break;
        }
    }
    let text = |name: HeaderName| {
        let value = session.resp_header()?.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let (content_type, reason) =
        (text(header::CONTENT_TYPE), text(HeaderName::from_static(REASON)));
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Some(piece) = session.read_body_bytes().await.map_err(broken)? {
        read += piece.len();
        let room = SHOWN - kept.len();
        kept.extend_from_slice(&piece[..piece.len().min(room)]);
        if read > READ {
            break;
        }
    }
    Ok(Answer { status, content_type, reason, body: shown(kept, read) })
}

fn head(request: &Request) -> Result<RequestHeader, String> {
    let wrong = |error: Box<pingora::Error>| format!("the request cannot be written: {error}");
    let path = request.target.path.as_bytes();
    let mut head = RequestHeader::build(request.method.clone(), path, None).map_err(wrong)?;
    for (name, value) in &request.headers {
        head.append_header(name.clone(), value.clone()).map_err(wrong)?;
    }
    if !head.headers.contains_key(header::HOST) {
        head.insert_header(header::HOST, &*request.target.authority).map_err(wrong)?;
    }
    // Sampled, so that exporters get it. A client's own context is left alone.
    if !head.headers.contains_key(TRACEPARENT) {
        head.insert_header(TRACEPARENT, traceparent()).map_err(wrong)?;
    }
    if !request.body.is_empty() {
        head.insert_header(header::CONTENT_LENGTH, request.body.len()).map_err(wrong)?;
    }
    head.insert_header(header::CONNECTION, HeaderValue::from_static("close")).map_err(wrong)?;
    Ok(head)
}

fn traceparent() -> String {
    let trace = u128::from_be_bytes(trace_id());
    format!("00-{trace:032x}-{:016x}-01", u64::from_be_bytes(span_id()))
}

/// The beginning of a body, if it is text.
fn shown(mut bytes: Vec<u8>, read: usize) -> Option<String> {
    if read > bytes.len() {
        // A character may have been cut.
        let end = bytes.len();
        if let Err(error) = std::str::from_utf8(&bytes)
            && end - error.valid_up_to() < 4
        {
            bytes.truncate(error.valid_up_to());
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_text = !text.chars().any(|own| own.is_control() && !matches!(own, '\n' | '\r' | '\t'));
    is_text.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_shown() {
        assert_eq!(shown(b"a\nb".to_vec(), 3).as_deref(), Some("a\nb"));
        assert_eq!(shown(vec![b'a', 0xc3], 10).as_deref(), Some("a"));
        assert_eq!(shown(vec![b'a', 0xc3], 2), None);
        assert_eq!(shown(vec![0, 1], 2), None);
    }
}
