//! Names that are no operators here: what was meant, or why it is not served.

use super::plain::{ADDRESSES, PLAIN};

/// Why an operator is not accepted.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::access_log) enum Refusal {
    /// No such name; one that is near.
    Unknown(Option<&'static str>),
    /// Envoy has it; here it cannot be served.
    NotServed(&'static str),
    /// What stands in its brackets.
    Parameter(String),
}

/// Those with parameters, which are in no table.
const WITH_PARAMETERS: [&str; 16] = [
    "COMMON_DURATION",
    "EMIT_TIME",
    "GRPC_STATUS",
    "HOSTNAME",
    "PATH",
    "PORTICO",
    "QUERY_PARAM",
    "QUERY_PARAMS",
    "REQ",
    "REQUESTED_SERVER_NAME",
    "REQUEST_HEADER",
    "REQ_WITHOUT_QUERY",
    "RESP",
    "RESPONSE_CODE_DETAILS",
    "RESPONSE_HEADER",
    "START_TIME",
];

const METADATA: &str = "filters here share no metadata";
const LOCAL_TIME: &str = "times are in UTC; the name without `_LOCAL` gives them";
const CERTIFICATE: &str =
    "of certificates only the client's subject is kept: `DOWNSTREAM_PEER_SUBJECT`";
const UPSTREAM_TLS: &str = "what was agreed on with a service is not kept";
const BYTES: &str = "only bytes of bodies are counted: `BYTES_RECEIVED` and `BYTES_SENT`";
const TRAILERS: &str = "trailers are not kept";
const QUIC: &str = "there is no HTTP/3 here";

/// Envoy's operators that are not served, each by the beginning of its name, the longest first
/// where one is part of another.
const NOT_SERVED: [(&str, &str); 44] = [
    ("START_TIME_LOCAL", LOCAL_TIME),
    ("EMIT_TIME_LOCAL", LOCAL_TIME),
    ("BYTES_RETRANSMITTED", QUIC),
    ("PACKETS_RETRANSMITTED", QUIC),
    ("ROUNDTRIP_DURATION", QUIC),
    ("CEL", "expressions are not evaluated in formats"),
    ("TYPED_CEL", "expressions are not evaluated in formats"),
    ("COALESCE", "alternatives are offered by `REQ(X?Y)` and `REQUESTED_SERVER_NAME(SNI_FIRST)`"),
    ("CONNECTION_TERMINATION_DETAILS", "why a request ended is said by `PORTICO(reason)`"),
    ("CUSTOM_FLAGS", "filters here set no flags"),
    ("CLUSTER_METADATA", METADATA),
    ("DYNAMIC_METADATA", METADATA),
    ("FILTER_STATE", METADATA),
    ("METADATA", METADATA),
    ("UPSTREAM_FILTER_STATE", METADATA),
    ("UPSTREAM_METADATA", METADATA),
    ("DOWNSTREAM_DETECTED_CLOSE_TYPE", "connections outlive the requests that are logged"),
    ("DOWNSTREAM_LOCAL_CLOSE_REASON", "connections outlive the requests that are logged"),
    ("DOWNSTREAM_TRANSPORT_FAILURE_REASON", "a connection without a request is not logged"),
    ("DOWNSTREAM_DECOMPRESSED_HEADER_BYTES", BYTES),
    ("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID", "there are no internal listeners here"),
    ("DOWNSTREAM_HEADER_BYTES", BYTES),
    ("DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID", "there are no internal listeners here"),
    ("DOWNSTREAM_LOCAL_", CERTIFICATE),
    ("DOWNSTREAM_PEER_", CERTIFICATE),
    ("DOWNSTREAM_TLS_", "of TLS, version and cipher are kept, and the name that was asked for"),
    ("DOWNSTREAM_WIRE_BYTES", BYTES),
    ("ENVIRONMENT", "formats know no environment; write the value itself"),
    ("FILE_CONTENT", "formats read no files; write the value itself"),
    ("FILTER_CHAIN_NAME", "listeners here have one chain: `PORTICO(listener)`"),
    ("LOCAL_REPLY_BODY", "why the gateway itself answered is said by `PORTICO(message)`"),
    ("REQUEST_HEADERS_BYTES", BYTES),
    ("RESPONSE_HEADERS_BYTES", BYTES),
    ("RESPONSE_TRAILER", TRAILERS),
    ("RESPONSE_TRAILERS_BYTES", TRAILERS),
    ("SECRET", "secrets do not belong into a log"),
    ("TLS_JA", "clients are not fingerprinted"),
    ("TRAILER", TRAILERS),
    ("UNIQUE_ID", "the id of a request is `STREAM_ID`"),
    ("UPSTREAM_CONNECTION_ID", "connections to services are not numbered"),
    ("UPSTREAM_LOCAL_", "our side of a connection to a service is not kept"),
    ("UPSTREAM_PROTOCOL", "the protocol towards the service is not kept"),
    ("VIRTUAL_CLUSTER_NAME", "there are no virtual clusters here: `ROUTE_NAME`"),
    ("UPSTREAM_", UPSTREAM_TLS),
];

/// What to say about a name that is none of ours. Envoy's own come first: `START_TIME_LOCAL` is
/// not a slip of the pen.
pub(in crate::access_log) fn refusal(name: &str) -> Refusal {
    if name == "HOSTNAME" {
        return Refusal::Parameter("it takes no parameter".into());
    }
    let exact = NOT_SERVED.iter().find(|(known, _)| *known == name);
    if let Some((_, why)) = exact {
        return Refusal::NotServed(why);
    }
    if let Some(near) = nearest(name, served()) {
        return Refusal::Unknown(Some(near));
    }
    match NOT_SERVED.iter().find(|(begin, _)| name.starts_with(begin)) {
        Some((_, why)) => Refusal::NotServed(why),
        None => Refusal::Unknown(None),
    }
}

/// The names of all operators that are served.
pub(super) fn served() -> impl Iterator<Item = &'static str> {
    let plain = PLAIN.iter().map(|(name, _)| *name);
    plain.chain(ADDRESSES.iter().map(|(name, _)| *name)).chain(WITH_PARAMETERS)
}

/// The name that was probably meant: up to three letters may be wrong, of a short one a third. At
/// four, `UPSTREAM_` would be taken for a slip of `DOWNSTREAM_`.
pub(in crate::access_log) fn nearest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let upper = name.to_ascii_uppercase();
    let near = known.map(|known| (distance(&upper, &known.to_ascii_uppercase()), known));
    let (wrong, known) = near.min_by_key(|(wrong, _)| *wrong)?;
    (wrong <= (known.len() / 3).min(3)).then_some(known)
}

/// How many letters must be added, removed or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.bytes().enumerate() {
            let change = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
