//! B3, in one header and in many (<https://github.com/openzipkin/b3-propagation>).

use http::{HeaderMap, HeaderValue};

use super::{
    B3_FLAGS, B3_PARENT_ID, B3_SAMPLED, B3_SPAN_ID, B3_TRACE_ID, Carrier, Decision, Formats,
    Incoming, Outgoing, Parent,
    ids::{id, write_hex},
    w3c::header,
};

/// `{trace}-{span}[-{state}[-{parent}]]`, or a state alone.
pub(super) fn extract(value: Option<&HeaderValue>, incoming: &mut Incoming) {
    let Some(value) = value else { return };
    let mut parts = value.as_bytes().split(|&byte| byte == b'-');
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    let (parent, state) = match (first, second) {
        (Some(state), None) => (None, Some(state)),
        (Some(trace), Some(span)) => match parent_of(trace, span) {
            None => return,
            parent => (parent, third),
        },
        _ => return,
    };
    let decision = match state {
        None => Decision::Deferred,
        Some(b"0") => Decision::No,
        Some(b"1") => Decision::Yes,
        Some(b"d") => Decision::Debug,
        Some(_) => return,
    };
    // The parent's parent is of no use, but what is no id shows that this is no B3.
    let grandparent = parts.next();
    if grandparent.is_some_and(|text| id::<8>(text).is_none()) || parts.next().is_some() {
        return;
    }
    take(Formats::B3, parent, decision, incoming);
}

/// The headers that begin with `x-b3-`.
pub(super) fn extract_multi(headers: &HeaderMap, incoming: &mut Incoming) {
    let bytes = |name| headers.get(name).map(HeaderValue::as_bytes);
    let decision = match (bytes(B3_FLAGS), bytes(B3_SAMPLED)) {
        (Some(b"1"), _) => Decision::Debug,
        // Libraries of before the specification wrote words.
        (_, Some(b"0" | b"false")) => Decision::No,
        (_, Some(b"1" | b"true")) => Decision::Yes,
        _ => Decision::Deferred,
    };
    let parent = match (bytes(B3_TRACE_ID), bytes(B3_SPAN_ID)) {
        (Some(trace), Some(span)) => parent_of(trace, span),
        _ => None,
    };
    if parent.is_some() || decision != Decision::Deferred {
        take(Formats::B3_MULTI, parent, decision, incoming);
    }
}

pub(super) fn single(outgoing: &Outgoing, debug: bool) -> HeaderValue {
    let mut text = *b"00000000000000000000000000000000-0000000000000000-0-0000000000000000";
    write_hex(&outgoing.trace_id, &mut text[..32]);
    write_hex(&outgoing.span_id, &mut text[33..49]);
    text[50] = match (debug, outgoing.sampled) {
        (true, _) => b'd',
        (false, true) => b'1',
        (false, false) => b'0',
    };
    write_hex(&outgoing.parent_id, &mut text[52..]);
    header(&text)
}

pub(super) fn inject_multi(carrier: &mut impl Carrier, outgoing: &Outgoing, debug: bool) {
    let mut text = [0; 32];
    write_hex(&outgoing.trace_id, &mut text);
    carrier.set(B3_TRACE_ID, header(&text));
    write_hex(&outgoing.span_id, &mut text[..16]);
    carrier.set(B3_SPAN_ID, header(&text[..16]));
    write_hex(&outgoing.parent_id, &mut text[..16]);
    carrier.set(B3_PARENT_ID, header(&text[..16]));
    // Debug implies sampled, and the two are not sent together.
    if debug {
        carrier.set(B3_FLAGS, HeaderValue::from_static("1"));
        carrier.remove(&B3_SAMPLED);
    } else {
        let sampled = if outgoing.sampled { "1" } else { "0" };
        carrier.set(B3_SAMPLED, HeaderValue::from_static(sampled));
        carrier.remove(&B3_FLAGS);
    }
}

/// A trace id has 64 or 128 bits.
fn parent_of(trace: &[u8], span: &[u8]) -> Option<Parent> {
    let trace_id = match trace.len() {
        16 => {
            let mut padded = [0; 16];
            padded[8..].copy_from_slice(&id::<8>(trace)?);
            padded
        }
        _ => id(trace)?,
    };
    Some(Parent { trace_id, span_id: id(span)? })
}

fn take(format: Formats, parent: Option<Parent>, decision: Decision, incoming: &mut Incoming) {
    incoming.parent = parent;
    incoming.decision = decision;
    incoming.source = format;
}
