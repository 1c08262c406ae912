//! Jaeger's own format (<https://www.jaegertracing.io/docs/1.76/client-libraries/>).

use http::HeaderValue;

use super::{
    Decision, Formats, Incoming, Outgoing, Parent,
    ids::{short_byte, short_id, write_hex},
    w3c::header,
};

pub(super) const BAGGAGE_PREFIX: &str = "uberctx-";
const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;
/// Two ids of 32 and 16 digits twice, flags of two, three separators of three.
const LONGEST: usize = 32 + 16 + 16 + 2 + 3 * 3;

/// `{trace}:{span}:{parent}:{flags}`; ids without their leading zeros, and the separators perhaps
/// encoded as in a URL.
pub(super) fn extract(value: Option<&HeaderValue>, incoming: &mut Incoming) {
    let Some(parsed) = value.and_then(|value| parse(value.as_bytes())) else { return };
    let (parent, flags) = parsed;
    incoming.parent = Some(parent);
    incoming.decision = match flags {
        flags if flags & DEBUG != 0 => Decision::Debug,
        flags if flags & SAMPLED != 0 => Decision::Yes,
        _ => Decision::No,
    };
    incoming.source = Formats::JAEGER;
}

pub(super) fn uber_trace_id(outgoing: &Outgoing, debug: bool) -> HeaderValue {
    // The parent is deprecated and written as 0.
    let mut text = *b"00000000000000000000000000000000:0000000000000000:0:0";
    write_hex(&outgoing.trace_id, &mut text[..32]);
    write_hex(&outgoing.span_id, &mut text[33..49]);
    text[52] += u8::from(outgoing.sampled) * SAMPLED + u8::from(debug) * DEBUG;
    header(&text)
}

fn parse(text: &[u8]) -> Option<(Parent, u8)> {
    if text.len() > LONGEST {
        return None;
    }
    let mut rest = Some(text);
    let mut next = || {
        let (part, after) = cut(rest?);
        rest = after;
        Some(part)
    };
    let (trace, span, parent, flags) = (next()?, next()?, next()?, next()?);
    if rest.is_some() || parent.len() > 16 || !parent.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let ids = Parent { trace_id: short_id(trace)?, span_id: short_id(span)? };
    Some((ids, short_byte(flags)?))
}

/// Up to the next separator, and what is behind it.
fn cut(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    for (at, byte) in text.iter().enumerate() {
        let width = match byte {
            b':' => 1,
            b'%' if text[at..].len() >= 3 && text[at..at + 3].eq_ignore_ascii_case(b"%3a") => 3,
            _ => continue,
        };
        return (&text[..at], Some(&text[at + width..]));
    }
    (text, None)
}
