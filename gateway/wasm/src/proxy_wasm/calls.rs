//! HTTP call-outs.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use wasmtime::{Caller, Linker};

use super::{
    memory::{answer, parts, read, read_up_to, write_u32},
    pairs,
};
use crate::{
    abi::Status,
    host::{CallKind, Host, OpenCall},
    met::Limit,
    outside::HttpCall,
    stream::{CallNote, NOTED},
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_http_call", http_call)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI gives it ten")]
fn http_call(
    mut caller: Caller<'_, Host>,
    upstream: i32,
    upstream_size: i32,
    headers: i32,
    headers_size: i32,
    body: i32,
    body_size: i32,
    trailers: i32,
    trailers_size: i32,
    timeout: i32,
    return_token: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let limits = host.spec.limits;
        let upstream = text(read(memory, upstream, upstream_size)?)?;
        let body = read_up_to(memory, body, body_size, memory.len())?;
        let head = read(memory, headers, headers_size)?;
        let tail = read(memory, trailers, trailers_size)?;
        let timeout = u64::try_from(timeout).map_err(|_| Status::BadArgument)?;
        if head.len() + body.len() + tail.len() > limits.call_body {
            return Err(host.refuse(Limit::CallBody, Status::BadArgument));
        }
        let headers = sendable(pairs::decode(head, limits.headers)?)?;
        let trailers = sendable(pairs::decode(tail, limits.headers)?)?;
        let has = |wanted: &str| headers.iter().any(|(name, _)| name == wanted);
        if ![":method", ":path", ":authority"].into_iter().all(has) {
            return Err(Status::BadArgument);
        }
        let timeout = match timeout {
            0 => limits.call_timeout,
            wished => Duration::from_millis(wished).min(limits.call_timeout),
        };
        let body = Bytes::copy_from_slice(body);
        // Before the call starts, so that one whose number the guest cannot learn never does.
        write_u32(memory, return_token, 0)?;
        let token = open(host, CallKind::Http)?;
        let target = upstream.clone();
        let call = HttpCall { upstream, headers, body, trailers, timeout };
        let running = host.services.outside.http(host.origin(token), call);
        let running = running.map_err(|_| Status::BadArgument)?;
        host.calls.insert(token, OpenCall::Http(running));
        note(host, token, &target, "http");
        write_u32(memory, return_token, token)
    }))
}

/// The number of a new call, if there may be one more.
pub(super) fn open(host: &mut Host, kind: CallKind) -> Result<u32, Status> {
    if host.calls.len() >= host.spec.limits.calls {
        return Err(host.refuse(Limit::Calls, Status::InternalFailure));
    }
    Ok(host.calls.next(kind))
}

/// Notes a call with the stream that it is made for, if there is one.
pub(super) fn note(host: &mut Host, token: u32, target: &str, kind: &'static str) {
    let Some(stream) = host.stream.as_mut().filter(|stream| stream.calls.len() < NOTED) else {
        return;
    };
    let note = CallNote::new(host.spec.name.clone(), target, kind);
    stream.calls.push(note.clone());
    host.calls.note(token, note);
}

pub(super) fn text(bytes: &[u8]) -> Result<Box<str>, Status> {
    str::from_utf8(bytes).map(Into::into).map_err(|_| Status::BadArgument)
}

/// Pairs that a peer would accept, with names in lower case; `host` is another word for
/// `:authority`, as in Envoy.
pub(super) fn sendable(pairs: Vec<(&[u8], &[u8])>) -> Result<Vec<(Bytes, Bytes)>, Status> {
    let sendable = |(name, value): (&[u8], &[u8])| {
        let value = HeaderValue::from_bytes(value).ok()?;
        let name = match name.to_ascii_lowercase() {
            name if name == b"host" => Bytes::from_static(b":authority"),
            name if name.first() == Some(&b':') => {
                HeaderName::from_bytes(&name[1..]).ok()?;
                Bytes::from(name)
            }
            name => {
                HeaderName::from_bytes(&name).ok()?;
                Bytes::from(name)
            }
        };
        Some((name, Bytes::copy_from_slice(value.as_bytes())))
    };
    let sendable = pairs.into_iter().map(sendable).collect::<Option<Vec<_>>>();
    sendable.ok_or(Status::BadArgument)
}
