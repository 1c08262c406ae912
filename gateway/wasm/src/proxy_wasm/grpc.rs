//! gRPC calls and streams.

mod target;

use std::time::Duration;

use bytes::Bytes;
use wasmtime::{Caller, Linker};

use self::target::Target;
use super::{
    calls::{note, open, sendable, text},
    memory::{answer, parts, read, read_up_to, write_u32},
    pairs,
};
use crate::{
    abi::Status,
    host::{CallKind, Host, OpenCall},
    met::Limit,
    outside::GrpcCall,
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_grpc_call", grpc_call)?;
    linker.func_wrap("env", "proxy_grpc_stream", grpc_stream)?;
    linker.func_wrap("env", "proxy_grpc_send", grpc_send)?;
    linker.func_wrap("env", "proxy_grpc_cancel", grpc_cancel)?;
    linker.func_wrap("env", "proxy_grpc_close", grpc_close)?;
    Ok(())
}

/// Pointer and size, as the guest gave them.
type Span = (i32, i32);

/// What calls and streams have in common: upstream, service, method, metadata.
type Address = [Span; 4];

#[expect(clippy::too_many_arguments, reason = "the ABI gives it twelve")]
fn grpc_call(
    mut caller: Caller<'_, Host>,
    upstream: i32,
    upstream_size: i32,
    service: i32,
    service_size: i32,
    method: i32,
    method_size: i32,
    metadata: i32,
    metadata_size: i32,
    message: i32,
    message_size: i32,
    timeout: i32,
    return_token: i32,
) -> i32 {
    let address = [
        (upstream, upstream_size),
        (service, service_size),
        (method, method_size),
        (metadata, metadata_size),
    ];
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let message = read_up_to(memory, message, message_size, memory.len())?;
        if message.len() > host.spec.limits.call_body {
            return Err(host.refuse(Limit::CallBody, Status::BadArgument));
        }
        let timeout = u64::from(timeout.cast_unsigned());
        let timeout = (timeout > 0).then(|| Duration::from_millis(timeout));
        let first = Some((Bytes::copy_from_slice(message), timeout));
        start(memory, host, address, first, return_token)
    }))
}

#[expect(clippy::too_many_arguments, reason = "the ABI gives it nine")]
fn grpc_stream(
    mut caller: Caller<'_, Host>,
    upstream: i32,
    upstream_size: i32,
    service: i32,
    service_size: i32,
    method: i32,
    method_size: i32,
    metadata: i32,
    metadata_size: i32,
    return_token: i32,
) -> i32 {
    let address = [
        (upstream, upstream_size),
        (service, service_size),
        (method, method_size),
        (metadata, metadata_size),
    ];
    answer(
        parts(&mut caller)
            .and_then(|(memory, host)| start(memory, host, address, None, return_token)),
    )
}

/// Opens a call, if there is a first message, or a stream.
fn start(
    memory: &mut [u8],
    host: &mut Host,
    address: Address,
    first: Option<(Bytes, Option<Duration>)>,
    return_token: i32,
) -> Result<(), Status> {
    let [upstream, service, method, metadata] = address.map(|span| read(memory, span.0, span.1));
    let target = Target::read(upstream?);
    // What Envoy says of a name that is neither a message nor a service, and of a message that
    // names none.
    let unreachable = match target {
        Target::Plain(_) => Status::ParseFailure,
        Target::Message(_) => Status::InternalFailure,
    };
    let upstream = text(target.name())?;
    let (service, method) = (text(service?)?, text(method?)?);
    let metadata = sendable(pairs::decode(metadata?, host.spec.limits.headers)?)?;
    write_u32(memory, return_token, 0)?;
    let kind = if first.is_some() { CallKind::GrpcCall } else { CallKind::GrpcStream };
    let token = open(host, kind)?;
    let (first, timeout) = first.map_or((None, None), |(first, timeout)| (Some(first), timeout));
    let name = upstream.clone();
    let call = GrpcCall { upstream, service, method, metadata, first, timeout };
    let running = host.services.outside.grpc(host.origin(token), call);
    let running = running.map_err(|_| unreachable)?;
    host.calls.insert(
        token,
        match kind {
            CallKind::GrpcCall => OpenCall::GrpcCall(running),
            _ => OpenCall::GrpcStream { running, closed_here: false, closed_there: false },
        },
    );
    note(host, token, &name, "grpc");
    write_u32(memory, return_token, token)
}

fn grpc_send(
    mut caller: Caller<'_, Host>,
    token: i32,
    message: i32,
    message_size: i32,
    end_of_stream: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let token = token.cast_unsigned();
        let message = read_up_to(memory, message, message_size, memory.len())?;
        if CallKind::of(token) != Some(CallKind::GrpcStream) {
            return Err(Status::BadArgument);
        }
        if message.len() > host.spec.limits.call_body {
            return Err(host.refuse(Limit::CallBody, Status::BadArgument));
        }
        let Some(OpenCall::GrpcStream { running, .. }) = host.calls.get(token) else {
            return Err(Status::NotFound);
        };
        running.send(Bytes::copy_from_slice(message), end_of_stream != 0);
        Ok(())
    }))
}

fn grpc_cancel(mut caller: Caller<'_, Host>, token: i32) -> i32 {
    let token = token.cast_unsigned();
    let host = caller.data_mut();
    let result = match CallKind::of(token) {
        Some(CallKind::GrpcCall | CallKind::GrpcStream) => {
            host.calls.remove(token).map(drop).ok_or(Status::NotFound)
        }
        _ => Err(Status::BadArgument),
    };
    answer(result)
}

/// The guest has said all on a stream. A call is cancelled by this, as on Envoy.
fn grpc_close(mut caller: Caller<'_, Host>, token: i32) -> i32 {
    let token = token.cast_unsigned();
    let host = caller.data_mut();
    let result = match CallKind::of(token) {
        Some(CallKind::GrpcCall) => host.calls.remove(token).map(drop).ok_or(Status::NotFound),
        Some(CallKind::GrpcStream) if host.calls.close_here(token) => Ok(()),
        Some(CallKind::GrpcStream) => Err(Status::NotFound),
        _ => Err(Status::BadArgument),
    };
    answer(result)
}
