//! `set_envoy_filter_state`: objects by which Envoy's filters steer each other. Those that Envoy
//! knows are kept, and read back as `filter_state`; none of them steers anything here.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::protobuf::fields;
use crate::{abi::Status, host::Host, limits::SET_PROPERTY_BYTES};

/// What an object is made from.
#[derive(Clone, Copy)]
enum Form {
    Address,
    Number,
    Text,
}

fn form(name: &str) -> Option<Form> {
    Some(match name {
        "envoy.hashable_string"
        | "envoy.network.application_protocols"
        | "envoy.network.network_namespace"
        | "envoy.network.upstream_server_name"
        | "envoy.network.upstream_subject_alt_names"
        | "envoy.string"
        | "envoy.tcp_proxy.cluster"
        | "envoy.tcp_proxy.disable_tunneling"
        | "envoy.upstream.dynamic_host" => Form::Text,
        "envoy.ratelimit.hits_addend"
        | "envoy.tcp_proxy.per_connection_idle_timeout_ms"
        | "envoy.upstream.dynamic_port" => Form::Number,
        "envoy.filters.listener.original_dst.local_ip"
        | "envoy.filters.listener.original_dst.remote_ip"
        | "envoy.network.ip"
        | "envoy.network.transport_socket.original_dst_address" => Form::Address,
        _ => return None,
    })
}

/// Which names there are bounds their number; values of a stream are bounded together.
pub(super) fn set(host: &mut Host, arguments: &[u8]) -> Result<Vec<u8>, Status> {
    let (mut name, mut value) = ("", "");
    for field in fields(arguments) {
        match field? {
            (1, field) => name = field.text()?,
            (2, field) => value = field.text()?,
            (3, field) => drop(field.number()?),
            _ => {}
        }
    }
    let fits = match form(name).ok_or(Status::NotFound)? {
        Form::Address => value.parse::<SocketAddr>().is_ok() || value.parse::<IpAddr>().is_ok(),
        Form::Number => value.parse::<u32>().is_ok(),
        Form::Text => true,
    };
    if !fits {
        return Err(Status::BadArgument);
    }
    let state = &mut host.stream.as_deref_mut().ok_or(Status::NotFound)?.filter_state;
    let others = state.iter().filter(|(other, _)| **other != *name.as_bytes());
    if others.map(|(_, value)| value.len()).sum::<usize>() + value.len() > SET_PROPERTY_BYTES {
        return Err(Status::InternalFailure);
    }
    state.insert(name.as_bytes().to_vec(), Bytes::copy_from_slice(value.as_bytes()));
    Ok(Vec::new())
}
