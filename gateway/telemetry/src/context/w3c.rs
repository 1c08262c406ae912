//! W3C Trace Context, level 2 (<https://www.w3.org/TR/trace-context-2/>).

use http::{HeaderMap, HeaderValue};

use super::{
    Carried, Decision, Formats, Found, Incoming, Outgoing, Parent, TRACESTATE,
    ids::{byte, id, write_hex},
};

/// §3.2.1: version, trace id, parent id, flags.
const LENGTH: usize = 55;
const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;
/// §3.3.1.1
const MEMBERS: usize = 32;
/// §3.3.1.5 asks for at least that much to be passed on. More is a stranger's load on services.
const STATE_BYTES: usize = 512;
/// §3.3.1.5: longer ones go first when something has to go.
const LONG_MEMBER: usize = 128;
/// §3.3.1.3.1 and 3.3.1.3.2
const KEY_BYTES: usize = 256;
const VALUE_BYTES: usize = 256;

pub(super) fn extract(found: &Found<'_>, headers: &HeaderMap, incoming: &mut Incoming) {
    let usable = found.traceparent.filter(|_| !found.ambiguous);
    let Some((parent, flags)) = usable.and_then(|value| traceparent_of(value.as_bytes())) else {
        return;
    };
    incoming.parent = Some(parent);
    incoming.decision = if flags & SAMPLED == 0 { Decision::No } else { Decision::Yes };
    incoming.random = flags & RANDOM != 0;
    incoming.source = Formats::W3C;
    incoming.state = match found.tracestate {
        None => Carried::default(),
        Some(_) if found.more_state => {
            // §3.3.1.6: several headers are one list.
            let all: Vec<_> =
                headers.get_all(TRACESTATE).iter().map(HeaderValue::as_bytes).collect();
            let joined = tidy(&all.join(&b','));
            joined.map_or_else(Carried::dropped, |state| Carried::rewritten(&state))
        }
        Some(state) => one_state(state),
    };
}

/// `traceparent`, with the flags that level 2 knows.
pub(super) fn traceparent(outgoing: &Outgoing, random: bool) -> HeaderValue {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    write_hex(&outgoing.trace_id, &mut text[3..35]);
    write_hex(&outgoing.span_id, &mut text[36..52]);
    text[54] += u8::from(outgoing.sampled) * SAMPLED + u8::from(random) * RANDOM;
    header(&text)
}

/// A value made of hexadecimal digits and separators.
pub(super) fn header(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn traceparent_of(text: &[u8]) -> Option<(Parent, u8)> {
    let (text, rest) = text.split_at_checked(LENGTH)?;
    let separated = [2, 35, 52].iter().all(|&at| text[at] == b'-');
    let version = byte(&text[..2]).filter(|&version| version != 0xff && separated)?;
    // §4.3: what a later version appends is unknown, but it begins with a separator.
    let whole = rest.is_empty() || version > 0 && rest[0] == b'-';
    let flags = byte(&text[53..]).filter(|_| whole)?;
    Some((Parent { trace_id: id(&text[3..35])?, span_id: id(&text[36..52])? }, flags))
}

fn one_state(state: &HeaderValue) -> Carried {
    let bytes = state.as_bytes();
    if bytes.len() <= STATE_BYTES {
        return match members(bytes) {
            Some(1..) => Carried::as_it_came(state.clone()),
            _ => Carried::dropped(),
        };
    }
    tidy(bytes).map_or_else(Carried::dropped, |state| Carried::rewritten(&state))
}

/// How many members a list has, if each of them is one and they are not too many. §4.2: a list
/// that cannot be read is dropped as a whole, and the trace goes on.
fn members(list: &[u8]) -> Option<usize> {
    let mut count = 0;
    for member in list.split(|&byte| byte == b',').map(trim).filter(|member| !member.is_empty()) {
        count += 1;
        if count > MEMBERS || !is_member(member) {
            return None;
        }
    }
    Some(count)
}

/// A list without empty members and, if it is too long, without those that have to go.
fn tidy(list: &[u8]) -> Option<Vec<u8>> {
    members(list).filter(|&count| count > 0)?;
    let mut kept: Vec<&[u8]> =
        list.split(|&byte| byte == b',').map(trim).filter(|member| !member.is_empty()).collect();
    let size = |kept: &[&[u8]]| kept.iter().map(|member| member.len() + 1).sum::<usize>() - 1;
    while !kept.is_empty() && size(&kept) > STATE_BYTES {
        let long = kept.iter().rposition(|member| member.len() > LONG_MEMBER);
        kept.remove(long.unwrap_or(kept.len() - 1));
    }
    (!kept.is_empty()).then(|| kept.join(&b','))
}

fn is_member(member: &[u8]) -> bool {
    let Some(equals) = member.iter().position(|&byte| byte == b'=') else { return false };
    let (key, value) = (&member[..equals], &member[equals + 1..]);
    let begins = key.first().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let key_byte =
        |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let value_byte = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=');
    begins
        && key.len() <= KEY_BYTES
        && key.iter().all(key_byte)
        && (1..=VALUE_BYTES).contains(&value.len())
        && value.iter().all(value_byte)
}

/// Optional white space is spaces and tabs.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}
