//! Answers made by the guest, and the flow of a stream.

use bytes::Bytes;
use wasmtime::{Caller, Linker};

use super::{
    memory::{answer, parts, read},
    pairs,
};
use crate::{
    abi::Status,
    host::Host,
    limits::{LOCAL_BODY, LOG_LINE},
    stream::{LocalResponse, Phase},
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_send_local_response", send_local_response)?;
    linker.func_wrap("env", "proxy_continue_stream", continue_stream)?;
    linker.func_wrap("env", "proxy_close_stream", close_stream)?;
    Ok(())
}

/// Only the first of several counts. From the log phase it is too late.
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
        let status = u16::try_from(status).map_err(|_| Status::BadArgument)?;
        if !(200..=599).contains(&status) {
            return Err(Status::BadArgument);
        }
        let details = read(memory, details, details_size)?;
        let body = read(memory, body, body_size)?;
        let headers = pairs::decode(read(memory, headers, headers_size)?)?;
        if body.len() > LOCAL_BODY {
            return Err(Status::BadArgument);
        }
        let stream = host.stream.as_deref_mut().ok_or(Status::BadArgument)?;
        if stream.phase == Phase::Log {
            return Err(Status::BadArgument);
        }
        let copy = Bytes::copy_from_slice;
        stream.local_response.get_or_insert_with(|| LocalResponse {
            status,
            details: String::from_utf8_lossy(&details[..details.len().min(LOG_LINE)]).into_owned(),
            headers: headers.iter().map(|(name, value)| (copy(name), copy(value))).collect(),
            body: copy(body),
            grpc_status,
        });
        Ok(())
    }))
}

/// Kinds of stream that the ABI numbers: HTTP request and response, then the two of TCP.
const HTTP: std::ops::RangeInclusive<i32> = 0..=1;
const TCP: std::ops::RangeInclusive<i32> = 2..=3;

/// Nothing that runs is paused yet; a pause that the callback is going to ask for is not meant.
fn continue_stream(mut caller: Caller<'_, Host>, kind: i32) -> i32 {
    let stream = caller.data_mut().stream.as_deref_mut();
    match (stream, kind) {
        (Some(stream), kind) if HTTP.contains(&kind) => {
            stream.resumed = true;
            Status::Ok as i32
        }
        (None, kind) if HTTP.contains(&kind) => Status::Ok as i32,
        (_, kind) if TCP.contains(&kind) => Status::Unimplemented as i32,
        _ => Status::BadArgument as i32,
    }
}

/// Envoy resets the stream; before anything of an answer is sent, its client sees a 503.
fn close_stream(mut caller: Caller<'_, Host>, kind: i32) -> i32 {
    let stream = caller.data_mut().stream.as_deref_mut();
    match (stream, kind) {
        (Some(stream), kind) if HTTP.contains(&kind) && stream.phase != Phase::Log => {
            stream.local_response.get_or_insert_with(|| LocalResponse {
                status: 503,
                details: "closed by a filter".into(),
                headers: Vec::new(),
                body: Bytes::new(),
                grpc_status: -1,
            });
            Status::Ok as i32
        }
        (_, kind) if HTTP.contains(&kind) => Status::Ok as i32,
        (_, kind) if TCP.contains(&kind) => Status::Unimplemented as i32,
        _ => Status::BadArgument as i32,
    }
}
