//! Properties as values of expressions, and values as bytes.

use std::{collections::HashMap, sync::Arc, time::UNIX_EPOCH};

use cel::objects::Key;

use crate::{
    abi::Status,
    host::Host,
    proxy_wasm::{
        pairs,
        properties::{Value, find},
    },
};

/// What an expression's variable stands for; `None` if there is nothing of that name.
pub(super) fn variable(host: &Host, path: &[u8]) -> Option<cel::Value> {
    Some(match find(host, path)? {
        Value::Text(text) => string(&text),
        Value::Bytes(bytes) => cel::Value::Bytes(Arc::new(bytes.to_vec())),
        Value::Int(number) => cel::Value::Int(number),
        Value::Uint(number) => cel::Value::UInt(number),
        Value::Bool(flag) => cel::Value::Bool(flag),
        Value::Duration(duration) => {
            cel::Value::Duration(chrono::Duration::from_std(duration).ok()?)
        }
        Value::Time(time) => {
            let since = time.duration_since(UNIX_EPOCH).ok()?;
            let seconds = i64::try_from(since.as_secs()).ok()?;
            let time = chrono::DateTime::from_timestamp(seconds, since.subsec_nanos())?;
            cel::Value::Timestamp(time.fixed_offset())
        }
        Value::Map(pairs) => map(pairs.iter().map(|(name, value)| (&**name, string(value)))),
        Value::Message | Value::Opaque => {
            let parts = parts(host, path);
            map(parts.iter().filter_map(|name| {
                let below = [path, b"\0", name].concat();
                Some((&name[..], variable(host, &below)?))
            }))
        }
    })
}

/// The names below a path that has no value of its own.
fn parts(host: &Host, path: &[u8]) -> Vec<Vec<u8>> {
    let names: &[&str] = match path {
        b"request" => &[
            "duration",
            "headers",
            "headers_bytes",
            "host",
            "id",
            "method",
            "path",
            "protocol",
            "query",
            "referer",
            "scheme",
            "size",
            "time",
            "total_size",
            "url_path",
            "useragent",
        ],
        b"response" => &[
            "backend_latency",
            "code",
            "code_details",
            "flags",
            "grpc_status",
            "headers",
            "headers_bytes",
            "size",
            "total_size",
            "trailers",
        ],
        b"connection" => &["id", "mtls", "requested_server_name"],
        b"source" | b"destination" => &["address", "port"],
        b"upstream" => &[
            "address",
            "cx_pool_ready_duration",
            "local_address",
            "locality",
            "num_endpoints",
            "port",
            "request_attempt_count",
            "transport_failure_reason",
        ],
        b"upstream\0locality" | b"xds\0node\0locality" => &["region", "sub_zone", "zone"],
        b"xds" => &[
            "cluster_metadata",
            "cluster_name",
            "filter_chain_name",
            "listener_direction",
            "listener_metadata",
            "listener_name",
            "node",
            "route_metadata",
            "route_name",
            "virtual_host_metadata",
            "virtual_host_name",
        ],
        b"xds\0node" => &["cluster", "id", "locality", "metadata"],
        b"filter_state" => return states(host),
        _ if path.ends_with(b"metadata") => &["filter_metadata"],
        _ => &[],
    };
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

fn states(host: &Host) -> Vec<Vec<u8>> {
    let Some(stream) = host.stream.as_deref() else { return Vec::new() };
    let properties = stream.properties.keys().map(|path| [b"wasm.", &path[..]].concat());
    stream.filter_state.keys().cloned().chain(properties).collect()
}

fn map<'a>(pairs: impl Iterator<Item = (&'a [u8], cel::Value)>) -> cel::Value {
    let key = |name| Key::String(Arc::new(String::from_utf8_lossy(name).into_owned()));
    let map = pairs.map(|(name, value)| (key(name), value)).collect::<HashMap<_, _>>();
    cel::Value::Map(cel::objects::Map { map: Arc::new(map) })
}

fn string(text: &[u8]) -> cel::Value {
    cel::Value::String(Arc::new(String::from_utf8_lossy(text).into_owned()))
}

/// The bytes of a value, as of a property. A list is a map whose values are empty; a map is in the
/// order of its keys.
pub(super) fn serialize(value: &cel::Value) -> Result<Vec<u8>, Status> {
    Ok(match value {
        cel::Value::String(text) => text.as_bytes().to_vec(),
        cel::Value::Bytes(bytes) => bytes.to_vec(),
        cel::Value::Int(number) => number.to_le_bytes().into(),
        cel::Value::UInt(number) => number.to_le_bytes().into(),
        cel::Value::Float(number) => number.to_le_bytes().into(),
        cel::Value::Bool(flag) => vec![u8::from(*flag)],
        cel::Value::Duration(duration) => {
            duration.num_nanoseconds().unwrap_or(i64::MAX).to_le_bytes().into()
        }
        cel::Value::Timestamp(time) => {
            time.timestamp_nanos_opt().unwrap_or(i64::MAX).to_le_bytes().into()
        }
        cel::Value::List(list) => {
            let items = list.iter().map(serialize).collect::<Result<Vec<_>, _>>()?;
            pairs::encode(items.iter().map(|item| (&item[..], &b""[..])))
        }
        cel::Value::Map(map) => {
            let mut entries = map.map.iter().collect::<Vec<_>>();
            entries.sort_by_key(|(key, _)| *key);
            let entry = |(key, value)| Ok((key_bytes(key), serialize(value)?));
            let entries = entries.into_iter().map(entry).collect::<Result<Vec<_>, Status>>()?;
            pairs::encode(entries.iter().map(|(key, value)| (&key[..], &value[..])))
        }
        _ => return Err(Status::SerializationFailure),
    })
}

fn key_bytes(key: &Key) -> Vec<u8> {
    match key {
        Key::Int(number) => number.to_le_bytes().into(),
        Key::Uint(number) => number.to_le_bytes().into(),
        Key::Bool(flag) => vec![u8::from(*flag)],
        Key::String(text) => text.as_bytes().to_vec(),
    }
}
