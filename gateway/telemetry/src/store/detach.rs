//! What of a record is put aside: a copy that owns little memory and no secrets.
//!
//! Header values are slices of the buffer that a whole head was read into. A value that stays
//! for minutes would keep that buffer, so all are copied, together; secrets are left out on the
//! way.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    record::{Record, Request, Response},
    redact::Redactor,
};

/// What one head may weigh. Most have less than 2 KiB; more says little more.
const HEAD: usize = 8 * 1024;
/// What one header's value may weigh in a head that is cut.
const VALUE: usize = 512;
/// What path and query may weigh.
const TARGET: usize = 4 * 1024;
/// Stands after what was cut.
const CUT: &str = "…";

/// Estimated bytes of a name-value pair in a `HeaderMap` beside the value itself.
const HEADER_OVERHEAD: usize = 128;
/// Index entry, queue place, counters of a kept record.
const RECORD_OVERHEAD: usize = 320;

/// A copy that may be kept, and the bytes that it will hold, about.
pub(super) fn detach(record: &Record) -> (Record, usize) {
    let redactor = Redactor::default();
    let copy = Record {
        request: Request {
            headers: head(&record.request.headers, &redactor),
            target: target(&record.request.target, &redactor),
            method: record.request.method.clone(),
            authority: record.request.authority.clone(),
            ..record.request
        },
        response: Response {
            headers: head(&record.response.headers, &redactor),
            origin: record.response.origin.clone(),
            details: record.response.details.clone(),
            ..record.response
        },
        request_id: Arc::clone(&record.request_id),
        trace: record.trace.clone(),
        client: record.client.clone(),
        place: record.place.clone(),
        attempts: record.attempts.clone(),
        filters: record.filters.clone(),
        phases: record.phases.clone(),
        ..*record
    };
    let weight = weigh(&copy);
    (copy, weight)
}

/// All values in one buffer of their own.
fn head(headers: &HeaderMap, redactor: &Redactor) -> HeaderMap {
    let size = |value: &HeaderValue| value.len() + HEADER_OVERHEAD;
    let whole: usize = headers.values().map(size).sum();
    let limit = if whole > HEAD { VALUE } else { HEAD };
    let mut weight = 0;
    let mut shown: Vec<(&HeaderName, Cow<'_, [u8]>)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let mut value = redactor.header(name, value);
        if value.len() > limit {
            value.to_mut().truncate(limit);
        }
        weight += value.len() + HEADER_OVERHEAD;
        if weight > HEAD {
            break;
        }
        shown.push((name, value));
    }
    let mut values = Vec::with_capacity(shown.iter().map(|(_, value)| value.len()).sum());
    for (_, value) in &shown {
        values.extend_from_slice(value);
    }
    let mut values = Bytes::from(values);
    let mut copy = HeaderMap::with_capacity(shown.len());
    for (name, value) in shown {
        // A part of a valid value is valid.
        let value = HeaderValue::from_maybe_shared(values.split_to(value.len()));
        copy.append(name, value.unwrap_or_else(|_| HeaderValue::from_static(CUT)));
    }
    copy
}

/// Without credentials in its query, and cut.
fn target(target: &str, redactor: &Redactor) -> Box<str> {
    let mut copy = redactor.address(target).into_owned();
    if copy.len() > TARGET {
        copy.truncate(copy.floor_char_boundary(TARGET));
        copy.push_str(CUT);
    }
    copy.into_boxed_str()
}

/// An estimate: what is shared with the configuration (names) counts nothing.
fn weigh(record: &Record) -> usize {
    let headers = |headers: &HeaderMap| -> usize {
        headers.iter().map(|(_, value)| value.len() + HEADER_OVERHEAD).sum::<usize>()
            + headers.capacity() * 8
    };
    let filters: usize = record
        .filters
        .iter()
        .map(|filter| {
            size_of_val(filter)
                + size_of_val(&*filter.calls)
                + filter.failed.as_ref().map_or(0, |why| why.len())
        })
        .sum();
    let texts = record.request.target.len()
        + record.request.authority.len()
        + record.request_id.len()
        + record.trace.state.as_ref().map_or(0, |state| state.len())
        + record.trace.baggage.as_ref().map_or(0, |baggage| baggage.len());
    size_of::<Record>()
        + RECORD_OVERHEAD
        + headers(&record.request.headers)
        + headers(&record.response.headers)
        + size_of_val(&*record.attempts)
        + filters
        + texts
}

#[cfg(test)]
mod tests;
