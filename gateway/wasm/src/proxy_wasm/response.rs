//! Answers made by the guest, and the flow of a stream.

use bytes::Bytes;
use wasmtime::{Caller, Linker};

use super::{
    memory::{answer, parts, read, read_up_to},
    pairs,
};
use crate::{
    abi::{Callback, Status},
    host::Host,
    limits::LOG_LINE,
    met::Limit,
    plugin::Direction,
    stream::LocalResponse,
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_send_local_response", send_local_response)?;
    linker.func_wrap("env", "proxy_continue_stream", continue_stream)?;
    linker.func_wrap("env", "proxy_continue_request", |caller: Caller<'_, Host>| {
        continue_stream(caller, REQUEST)
    })?;
    linker.func_wrap("env", "proxy_continue_response", |caller: Caller<'_, Host>| {
        continue_stream(caller, RESPONSE)
    })?;
    linker.func_wrap("env", "proxy_close_stream", close_stream)?;
    linker.func_wrap("env", "proxy_clear_route_cache", clear_route_cache)?;
    Ok(())
}

/// Kinds of stream that the ABI numbers.
const REQUEST: i32 = 0;
const RESPONSE: i32 = 1;
const DOWNSTREAM: i32 = 2;
const UPSTREAM: i32 = 3;

/// What HTTP allows for the status of an answer that is not followed by another one.
const FINAL: std::ops::RangeInclusive<u16> = 200..=999;

/// gRPC status codes; anything else means that the guest gave none.
const GRPC_STATUS: std::ops::RangeInclusive<i32> = 0..=16;

/// Only the first of several counts. A status that would not end the exchange, or that no one could
/// read, is sent by Envoy as it is, and by this host as 500: the guest will not try again. Once the stream ends it is too late. A root context has no
/// stream to answer, which is no error.
#[expect(clippy::too_many_arguments, reason = "the ABI gives it eight")]
fn send_local_response(
    mut caller: Caller<'_, Host>,
    status: i32,
    details: i32,
    details_size: i32,
    body: i32,
    body_size: i32,
    headers: i32,
    headers_size: i32,
    grpc_status: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        if ends(host) {
            return Err(Status::BadArgument);
        }
        let status = u16::try_from(status).ok().filter(|status| FINAL.contains(status));
        let limits = host.spec.limits;
        let details = read(memory, details, details_size)?;
        let body = read_up_to(memory, body, body_size, memory.len())?;
        let headers = pairs::decode(read(memory, headers, headers_size)?, limits.headers)?;
        if body.len() > limits.local_body {
            return Err(host.refuse(Limit::LocalBody, Status::BadArgument));
        }
        let copy = Bytes::copy_from_slice;
        host.answer(LocalResponse {
            status: status.unwrap_or(500),
            details: code_details(details),
            headers: headers.iter().map(|(name, value)| (copy(name), copy(value))).collect(),
            body: copy(body),
            grpc_status: if GRPC_STATUS.contains(&grpc_status) { grpc_status } else { -1 },
        });
        Ok(())
    }))
}

/// One word, as Envoy makes it: it goes into access logs between spaces.
fn code_details(details: &[u8]) -> String {
    let text = String::from_utf8_lossy(&details[..details.len().min(LOG_LINE)]);
    text.replace(|letter: char| letter.is_ascii_whitespace() || letter == '\x0b', "_")
}

fn ends(host: &Host) -> bool {
    matches!(host.callback, Callback::Log | Callback::Done | Callback::Delete)
}

/// The direction goes on, whatever the running callback returns, or wherever it has paused.
fn continue_stream(mut caller: Caller<'_, Host>, kind: i32) -> i32 {
    let host = caller.data_mut();
    match kind {
        REQUEST => host.resume(Direction::Request),
        RESPONSE => host.resume(Direction::Response),
        DOWNSTREAM => {}
        UPSTREAM => return Status::Unimplemented as i32,
        _ => return Status::BadArgument as i32,
    }
    Status::Ok as i32
}

/// Envoy resets the stream: the client sees no answer.
fn close_stream(mut caller: Caller<'_, Host>, kind: i32) -> i32 {
    let host = caller.data_mut();
    match kind {
        REQUEST | RESPONSE if !ends(host) => {
            if let Some(stream) = &mut host.stream {
                stream.close = true;
            }
        }
        REQUEST | RESPONSE | DOWNSTREAM | UPSTREAM => {}
        _ => return Status::BadArgument as i32,
    }
    Status::Ok as i32
}

fn clear_route_cache(mut caller: Caller<'_, Host>) -> i32 {
    if let Some(stream) = &mut caller.data_mut().stream {
        stream.reroute = true;
    }
    Status::Ok as i32
}
