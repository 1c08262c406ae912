//! Foreign functions: what Envoy offers its filters beside the ABI, by name. Arguments and results
//! are bytes, often a small protobuf message ([`protobuf`]); formats and errors are Envoy's.

mod protobuf;

mod compression;
mod declared;
mod expressions;
mod filter_state;
mod signature;

pub(crate) use self::{declared::Declared, expressions::Expressions};
use crate::{abi::Status, host::Host};

/// Calls a function; `None` if there is none of that name.
pub(crate) fn call(
    host: &mut Host,
    name: &[u8],
    arguments: &[u8],
) -> Option<Result<Vec<u8>, Status>> {
    Some(match name {
        b"clear_route_cache" => {
            if let Some(stream) = &mut host.stream {
                stream.reroute = true;
            }
            Ok(Vec::new())
        }
        b"compress" => compression::compress(arguments),
        b"declare_property" => declared::declare(host, arguments),
        b"expr_create" => expressions::create(host, arguments),
        b"expr_delete" => expressions::delete(host, arguments),
        b"expr_evaluate" => expressions::evaluate(host, arguments),
        b"set_envoy_filter_state" => filter_state::set(host, arguments),
        b"sign" => signature::sign(arguments),
        b"uncompress" => compression::uncompress(arguments),
        b"verify_signature" => signature::verify(arguments),
        _ => return None,
    })
}
