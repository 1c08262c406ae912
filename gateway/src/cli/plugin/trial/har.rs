//! One exchange of an HTTP archive (HAR 1.2), which browsers and proxies record.

use anyhow::Context;
use base64::{
    DecodeError, Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use portico::trial::{Message, Request, Response};
use serde::Deserialize;

use super::written::request_to;

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: RecordedRequest,
    response: RecordedResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    post_data: Option<Text>,
}

#[derive(Deserialize)]
struct RecordedResponse {
    status: u16,
    #[serde(default)]
    headers: Vec<Pair>,
    content: Option<Text>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Text {
    text: Option<String>,
    encoding: Option<String>,
}

/// What does not reach a filter, or is not true of the body as it is recorded: unpacked and joined.
const LEFT_OUT: [HeaderName; 4] =
    [header::CONNECTION, header::UPGRADE, header::TRANSFER_ENCODING, header::CONTENT_ENCODING];

/// The exchange with this number, counted from 1.
pub(super) fn read(text: &str, number: usize) -> anyhow::Result<(Request, Response)> {
    let archive: Archive = serde_json::from_str(text).context("it is not an HTTP archive")?;
    let count = archive.log.entries.len();
    let place = number.checked_sub(1);
    let entry = place.and_then(|place| archive.log.entries.into_iter().nth(place));
    let Entry { request, response } =
        entry.with_context(|| format!("there is no entry {number}: it has {count}"))?;
    let mut read = request_to(&request.method, &request.url)?;
    read.message = message(request.headers, request.post_data)?;
    read.message.headers.retain(|(name, _)| *name != header::HOST);
    let status = response.status.try_into();
    let status = status.with_context(|| format!("it has no response: {}", response.status))?;
    let message = message(response.headers, response.content)?;
    Ok((read, Response { status, message }))
}

fn message(headers: Vec<Pair>, body: Option<Text>) -> anyhow::Result<Message> {
    let mut message = Message { headers: Vec::new(), body: body.map_or(Ok(Bytes::new()), bytes)? };
    for Pair { name, value } in headers {
        // Of HTTP/2, browsers record `:method` and its like among the headers.
        if name.starts_with(':') {
            continue;
        }
        let wrong = || format!("`{name}` is not a header");
        let read = HeaderName::try_from(&*name).with_context(wrong)?;
        if !LEFT_OUT.contains(&read) {
            message.headers.push((read, HeaderValue::try_from(value).with_context(wrong)?));
        }
    }
    message.frame();
    Ok(message)
}

fn bytes(recorded: Text) -> anyhow::Result<Bytes> {
    let text = recorded.text.unwrap_or_default();
    match recorded.encoding.as_deref() {
        Some("base64") => Ok(decode(&text).context("a body is not base64")?.into()),
        _ => Ok(text.into()),
    }
}

/// RFC 4648, section 4, with or without padding. Line ends within are skipped.
fn decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let letters: Vec<u8> = text.bytes().filter(|letter| !letter.is_ascii_whitespace()).collect();
    GeneralPurpose::new(&alphabet::STANDARD, LENIENT).decode(letters)
}
