//! B3 as Zipkin defines it, in one header (`b3`) and in several (`x-b3-…`).

use crate::context::{Incoming, Name, Sampled, TraceContext, hex, narrow};

/// `0`, `1` or `d`, or `traceid-spanid`, `…-state`, `…-state-parentspanid`.
pub(crate) fn parse_single(value: &[u8]) -> Option<Incoming> {
    let mut parts = value.split(|&byte| byte == b'-');
    let first = parts.next()?;
    let Some(span_id) = parts.next() else { return state(first).map(Incoming::Decided) };
    let sampled = parts.next().map(|text| state(text).ok_or(())).transpose().ok()?;
    let parent_is_valid = parts.next().is_none_or(|parent| span(parent).is_some());
    (parent_is_valid && parts.next().is_none()).then(|| context(first, span_id, sampled)).flatten()
}

/// The ids together or neither; the state alone is a decision. Debug says sampled, too.
pub(crate) fn parse_multi(
    trace_id: Option<&[u8]>,
    span_id: Option<&[u8]>,
    parent_id: Option<&[u8]>,
    sampled: Option<&[u8]>,
    flags: Option<&[u8]>,
) -> Option<Incoming> {
    let debug = flags.filter(|flags| *flags == b"1").map(|_| Sampled::Debug);
    // The words are what tracers wrote before the header had a definition.
    let sampled = sampled.map(|text| match text {
        b"0" | b"false" => Ok(Sampled::No),
        b"1" | b"true" => Ok(Sampled::Yes),
        _ => Err(()),
    });
    let sampled = debug.or(sampled.transpose().ok()?);
    if parent_id.is_some_and(|parent| span(parent).is_none()) {
        return None;
    }
    match (trace_id, span_id) {
        (Some(trace_id), Some(span_id)) => context(trace_id, span_id, sampled),
        (None, None) => sampled.map(Incoming::Decided),
        _ => None,
    }
}

pub(crate) fn write_single(context: &TraceContext) -> String {
    let TraceContext { span_id, sampled, debug, parent_id, .. } = context;
    let state = if *debug {
        'd'
    } else if *sampled {
        '1'
    } else {
        '0'
    };
    let start = format!("{}-{span_id:016x}-{state}", trace_id(context));
    parent_id.map_or_else(|| start.clone(), |parent| format!("{start}-{parent:016x}"))
}

/// The headers to set and the ones that must not stay.
pub(crate) fn write_multi(context: &TraceContext) -> [(Name, Option<String>); 5] {
    let TraceContext { span_id, sampled, debug, parent_id, .. } = context;
    // Debug implies the decision, which must not be sent along with it.
    let decision = (!debug).then(|| if *sampled { "1" } else { "0" }.to_owned());
    [
        (Name::TraceId, Some(trace_id(context))),
        (Name::SpanId, Some(format!("{span_id:016x}"))),
        (Name::ParentSpanId, parent_id.map(|parent| format!("{parent:016x}"))),
        (Name::Sampled, decision),
        (Name::Flags, debug.then(|| "1".to_owned())),
    ]
}

fn trace_id(context: &TraceContext) -> String {
    let TraceContext { trace_id, short, .. } = context;
    if *short { format!("{trace_id:016x}") } else { format!("{trace_id:032x}") }
}

fn context(trace_id: &[u8], span_id: &[u8], sampled: Option<Sampled>) -> Option<Incoming> {
    let short = trace_id.len() == 16;
    let trace_id = hex(trace_id, if short { 16 } else { 32 }).filter(|&id| id != 0)?;
    Some(Incoming::Continue { trace_id, span_id: span(span_id)?, sampled, random: false, short })
}

fn span(text: &[u8]) -> Option<u64> {
    narrow(hex(text, 16)?).filter(|&id| id != 0)
}

fn state(text: &[u8]) -> Option<Sampled> {
    match text {
        b"0" => Some(Sampled::No),
        b"1" => Some(Sampled::Yes),
        b"d" => Some(Sampled::Debug),
        _ => None,
    }
}
