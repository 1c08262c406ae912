//! The console: the files of a web page, as `build.rs` put them into the program.
//!
//! Files under `assets/` have the digest of their contents in their names, so browsers may keep
//! them for ever; `index.html` names them and is asked for each time, which costs a 304. The pages
//! of the console are behind the `#` of its address, so there is nothing else to answer.

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::access::refusal;

/// A file of the console.
struct File {
    /// Begins with `/`.
    path: &'static str,
    content_type: &'static str,
    /// The digest of the contents, without quotes.
    etag: &'static str,
    bytes: &'static [u8],
    /// Compressed, where that is smaller. Both are kept: the console is small, and what nobody asks
    /// for is never read from the program's file.
    gzip: Option<&'static [u8]>,
}

/// Sorted by path. Empty if the gateway was built without the console.
const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// What browsers get in its place.
const ABSENT: &str = include_str!("console/absent.html");

/// `/`: the console for browsers, the list of calls for everybody else.
pub(super) async fn index(headers: HeaderMap) -> Response {
    if !wants_html(&headers) {
        return ([(header::VARY, "accept")], super::HELP).into_response();
    }
    let mut response = match find(FILES, "/index.html") {
        Some(file) => answer(file, &headers),
        None => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, ABSENT).into_response()
        }
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// Every other path that is no call.
pub(super) async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    match find(FILES, uri.path()) {
        Some(file) if method == Method::GET || method == Method::HEAD => answer(file, &headers),
        Some(_) => refusal(StatusCode::METHOD_NOT_ALLOWED, "this is a file: it can only be read"),
        None => refusal(StatusCode::NOT_FOUND, "there is no such call; `GET /help` lists them"),
    }
}

fn find(files: &'static [File], path: &str) -> Option<&'static File> {
    let at = files.binary_search_by(|file| file.path.cmp(path)).ok()?;
    files.get(at)
}

fn answer(file: &File, headers: &HeaderMap) -> Response {
    let zipped = file.gzip.filter(|_| takes_gzip(headers));
    // Two encodings are two representations, which may not share a strong tag.
    let suffix = if zipped.is_some() { "-gzip" } else { "" };
    let etag = format!("\"{}{suffix}\"", file.etag);
    let lasting = file.path.starts_with("/assets/");
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common =
        [(header::ETAG, &*etag), (header::CACHE_CONTROL, cache), (header::VARY, "accept-encoding")];
    if has(headers, header::IF_NONE_MATCH, |given| {
        given == "*" || given.trim_start_matches("W/") == etag
    }) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let own = [(header::CONTENT_TYPE, file.content_type)];
    match zipped {
        Some(bytes) => (common, own, [(header::CONTENT_ENCODING, "gzip")], bytes).into_response(),
        None => (common, own, file.bytes).into_response(),
    }
}

fn wants_html(headers: &HeaderMap) -> bool {
    has(headers, header::ACCEPT, |item| {
        let kind = item.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("text/html")
    })
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    has(headers, header::ACCEPT_ENCODING, |item| {
        let mut parts = item.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse::<f32>().ok());
        is_gzip && quality.unwrap_or(1.0) > 0.0
    })
}

/// Whether a header that is a list with commas has such an item.
fn has(headers: &HeaderMap, name: header::HeaderName, is: impl Fn(&str) -> bool) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| is(item.trim()))
}

#[cfg(test)]
mod tests;
