//! HTTP Archive 1.2, which the developer tools of browsers open.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, Version, header};
use serde_json::{Value, json};

use crate::{
    record::{Origin, Record},
    store::Kept,
};

/// Records as an archive. Bodies are not kept and so not in it; secrets are left out.
pub fn har(records: &[Arc<Kept>]) -> Value {
    let entries: Vec<Value> = records.iter().map(|kept| entry(&kept.record)).collect();
    json!({
        "log": {
            "version": "1.2",
            "creator": { "name": "Portico", "version": env!("CARGO_PKG_VERSION") },
            "entries": entries,
        }
    })
}

fn entry(record: &Record) -> Value {
    let last = record.attempts.last();
    let mut entry = json!({
        "startedDateTime": rfc3339(record.started),
        "time": milliseconds(record.took),
        "request": request(record),
        "response": response(record),
        "cache": {},
        "timings": timings(record),
        "connection": record.client.connection.to_string(),
        "comment": comment(record),
    });
    if let Some(attempt) = last {
        entry["serverIPAddress"] = attempt.endpoint.ip().to_string().into();
    }
    entry
}

fn request(record: &Record) -> Value {
    let request = &record.request;
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        json!({ "name": name, "value": value })
    });
    // Only `CONNECT` and `OPTIONS *` ask for anything but a path.
    let url = format!("{}://{}{}", request.scheme, request.authority, request.target);
    json!({
        "method": request.method.as_str(),
        "url": url,
        "httpVersion": version(request.version),
        "cookies": [],
        "headers": headers(&request.headers),
        "queryString": pairs.collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": request.body_bytes,
    })
}

fn response(record: &Record) -> Value {
    let response = &record.response;
    let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok());
    let phrase = http::StatusCode::from_u16(response.status).ok();
    json!({
        "status": response.status,
        "statusText": phrase.and_then(|status| status.canonical_reason()).unwrap_or_default(),
        "httpVersion": version(record.request.version),
        "cookies": [],
        "headers": headers(&response.headers),
        "content": {
            "size": response.body_bytes,
            "mimeType": text(header::CONTENT_TYPE).unwrap_or_default(),
        },
        "redirectURL": text(header::LOCATION).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": response.body_bytes,
    })
}

/// What the gateway did in that time. The sum is the whole duration, as the format asks.
fn timings(record: &Record) -> Value {
    let phases = &record.phases;
    let mut at = Duration::ZERO;
    // Phases overlap where a response comes before the request is sent; each moment counts once.
    let mut until = |end: Option<Duration>| {
        let end = end?.clamp(at, record.took.max(at));
        let took = milliseconds(end - at);
        at = end;
        Some(took)
    };
    let blocked = until(phases.queued);
    let connect = until(phases.connected);
    let send = until(phases.sent);
    let wait = until(phases.first_byte.or(phases.answered));
    let receive = until(Some(record.took));
    json!({
        "blocked": blocked.unwrap_or(-1.0),
        "dns": -1,
        "connect": connect.unwrap_or(-1.0),
        "send": send.unwrap_or(0.0),
        "wait": wait.unwrap_or(0.0),
        "receive": receive.unwrap_or(0.0),
        "ssl": -1,
    })
}

fn comment(record: &Record) -> String {
    let whose = match &record.response.origin {
        Origin::Filter(name) => format!("answered by the filter {name}"),
        Origin::Gateway(failed) | Origin::Nobody(failed) => {
            format!("{}: {}", failed.reason, failed.message)
        }
        Origin::Service => "answered by the service".to_owned(),
    };
    let place = [&record.place.route, &record.place.service];
    let place: Vec<&str> = place.into_iter().flatten().map(|name| &**name).collect();
    format!("{} {whose}; request id {}", place.join(" → "), record.request_id).trim().to_owned()
}

fn headers(headers: &HeaderMap) -> Vec<Value> {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| json!({ "name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes()) });
    headers.iter().map(pair).collect()
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// UTC with milliseconds. Days are turned into dates by the method of Hinnant's
/// `civil_from_days`: years begin in March, so that the day that comes and goes is the last.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59.000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_709_251_199), "2024-02-29T23:59:59.000Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.000Z");
    }
}
