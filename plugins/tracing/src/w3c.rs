//! `traceparent` of W3C Trace Context, level 2.

use crate::context::{Incoming, Sampled, TraceContext, hex, narrow};

const SAMPLED: u8 = 0b01;
const RANDOM: u8 = 0b10;

/// `version-traceid-parentid-flags`, all in lower case. `None` for a header that is not
/// valid: the version ff, an id of zeros, any other length. Of a version higher than ours
/// what stands behind is not looked at (section 4.2: it begins with a dash).
pub(crate) fn parse(value: &[u8]) -> Option<Incoming> {
    let (known, rest) = value.split_at_checked(55)?;
    if known.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    if [2, 35, 52].iter().any(|&dash| known[dash] != b'-') {
        return None;
    }
    let version = hex(&known[..2], 2)?;
    let acceptable = match version {
        0 => rest.is_empty(),
        0xff => false,
        _ => rest.first().is_none_or(|&byte| byte == b'-'),
    };
    let trace_id = hex(&known[3..35], 32).filter(|&id| id != 0)?;
    let span_id = narrow(hex(&known[36..52], 16)?).filter(|&id| id != 0)?;
    let flags = u8::try_from(hex(&known[53..], 2)?).ok()?;
    let sampled = Some(if flags & SAMPLED == 0 { Sampled::No } else { Sampled::Yes });
    let random = flags & RANDOM != 0;
    acceptable.then_some(Incoming::Continue { trace_id, span_id, sampled, random, short: false })
}

/// Always version 00, with the flags that we know.
pub(crate) fn write(context: &TraceContext) -> String {
    let TraceContext { trace_id, span_id, sampled, random, .. } = context;
    let flags = (u8::from(*sampled) * SAMPLED) | (u8::from(*random) * RANDOM);
    format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
}
