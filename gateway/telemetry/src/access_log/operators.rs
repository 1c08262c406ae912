//! Envoy's command operators, and a few of Portico's own: what each reads from a record.

mod duration;
mod header;
mod names;
mod plain;
mod target;

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use duration::Span;
use header::Header;
pub(super) use names::{Refusal, refusal};
use target::{Part, Query, ServerName};

use super::{
    time::{Pattern, RFC_3339},
    value::Value,
};
use crate::{record::Record, redact::Redactor};

/// Something that a format asks of each record.
#[derive(Clone, Debug)]
pub(super) enum Operator {
    /// Without a parameter: reads one thing.
    Plain(fn(&Record) -> Value<'_>),
    /// The same on every line.
    Constant(Arc<str>),
    Started(Pattern),
    Ended(Pattern),
    RequestHeader(Header),
    ResponseHeader(Header),
    /// Envoy prints them as one word unless it is told otherwise.
    Details {
        keep_spaces: bool,
    },
    Span(Span),
    /// An address without its port, and how many of its bits are shown.
    Address(fn(&Record) -> Option<IpAddr>, Option<u8>),
    GrpcStatus(GrpcStyle),
    Query(Query),
    Path(Part),
    ServerName(ServerName),
}

/// How a gRPC status is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum GrpcStyle {
    Camel,
    Snake,
    Number,
}

/// What the operator is made from, beside the text.
pub(super) struct Scene<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) hostname: &'a str,
}

impl Operator {
    /// The operator of this name, with what stood in its brackets.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(
        name: &str,
        parameter: Option<&str>,
        scene: &Scene<'_>,
    ) -> Result<Self, Refusal> {
        if let Some(read) = plain::named(name) {
            return match parameter {
                None | Some("") => Ok(Self::Plain(read)),
                Some(_) => Err(Refusal::Parameter("it takes no parameter".into())),
            };
        }
        let parsed = match name {
            "HOSTNAME" if parameter.is_none() => Ok(Self::Constant(scene.hostname.into())),
            "START_TIME" => pattern(parameter).map(Self::Started),
            "EMIT_TIME" => pattern(parameter).map(Self::Ended),
            "REQ" | "REQUEST_HEADER" => {
                header::parse(parameter, scene.redactor).map(Self::RequestHeader)
            }
            "REQ_WITHOUT_QUERY" => header::parse(parameter, scene.redactor)
                .map(|header| Self::RequestHeader(header.without_query())),
            "RESP" | "RESPONSE_HEADER" => {
                header::parse(parameter, scene.redactor).map(Self::ResponseHeader)
            }
            "RESPONSE_CODE_DETAILS" => match parameter {
                None | Some("") => Ok(Self::Details { keep_spaces: false }),
                Some("ALLOW_WHITESPACES") => Ok(Self::Details { keep_spaces: true }),
                Some(_) => Err("the parameter is `ALLOW_WHITESPACES` or none".into()),
            },
            "COMMON_DURATION" => duration::parse(parameter).map(Self::Span),
            "GRPC_STATUS" => grpc(parameter).map(Self::GrpcStatus),
            "QUERY_PARAM" => Query::one(parameter).map(Self::Query),
            "QUERY_PARAMS" => Query::all(parameter).map(Self::Query),
            "PATH" => Part::parse(parameter).map(Self::Path),
            "REQUESTED_SERVER_NAME" => ServerName::parse(parameter).map(Self::ServerName),
            "PORTICO" => return plain::own(parameter.unwrap_or_default()).map(Self::Plain),
            name => match plain::address(name) {
                Some(read) => bits(parameter).map(|bits| Self::Address(read, bits)),
                None => return Err(refusal(name)),
            },
        };
        parsed.map_err(Refusal::Parameter)
    }

    /// Whether `:Z` may follow, the number of bytes to which it is cut. As on Envoy, only what
    /// others wrote is cut.
    pub(super) fn may_be_cut(&self) -> bool {
        matches!(
            self,
            Self::RequestHeader(_) | Self::ResponseHeader(_) | Self::Query(_) | Self::Path(_)
        )
    }

    /// What it finds.
    pub(super) fn read<'a>(&'a self, record: &'a Record, redactor: &Redactor) -> Value<'a> {
        match self {
            Self::Plain(read) => read(record),
            Self::Constant(text) => Value::from(&**text),
            Self::Started(pattern) => Value::Time(pattern, record.started),
            Self::Ended(pattern) => Value::Time(pattern, ended(record)),
            Self::RequestHeader(header) => header.of_request(record, redactor),
            Self::ResponseHeader(header) => header.of_response(record, redactor),
            Self::Details { keep_spaces } => details(record, *keep_spaces),
            Self::Span(span) => span.read(record),
            Self::Address(read, bits) => match (read(record), bits) {
                (None, _) => Value::Missing,
                (Some(address), None) => Value::Ip(address),
                (Some(address), Some(bits)) => network(address, *bits),
            },
            Self::GrpcStatus(style) => header::grpc_status(record, *style),
            Self::Query(query) => query.read(record, redactor),
            Self::Path(part) => part.read(record, redactor),
            Self::ServerName(name) => name.read(record),
        }
    }
}

/// The names of all operators that are served.
#[cfg(test)]
pub(super) fn served() -> impl Iterator<Item = &'static str> {
    names::served()
}

/// The words of `%PORTICO(…)%`.
#[cfg(test)]
pub(super) fn own_words() -> impl Iterator<Item = &'static str> {
    plain::OWN.iter().map(|(word, _)| *word)
}

/// When the line could have been written: filters have logged, too.
fn ended(record: &Record) -> SystemTime {
    record.started + record.took.max(record.phases.logged)
}

fn details(record: &Record, keep_spaces: bool) -> Value<'_> {
    match record.response.details.as_deref() {
        Some(details) if !keep_spaces && details.contains(char::is_whitespace) => {
            Value::from(std::borrow::Cow::Owned(details.replace(char::is_whitespace, "_")))
        }
        details => details.into(),
    }
}

fn pattern(parameter: Option<&str>) -> Result<Pattern, String> {
    match parameter {
        None | Some("") => Pattern::parse(RFC_3339),
        Some(format) => Pattern::parse(format),
    }
}

fn grpc(parameter: Option<&str>) -> Result<GrpcStyle, String> {
    match parameter {
        None | Some("" | "CAMEL_STRING") => Ok(GrpcStyle::Camel),
        Some("SNAKE_STRING") => Ok(GrpcStyle::Snake),
        Some("NUMBER") => Ok(GrpcStyle::Number),
        Some(_) => Err("the parameter is `CAMEL_STRING`, `SNAKE_STRING` or `NUMBER`".into()),
    }
}

fn bits(parameter: Option<&str>) -> Result<Option<u8>, String> {
    match parameter {
        None | Some("") => Ok(None),
        Some(bits) => match bits.parse() {
            Ok(bits @ 0..=128) => Ok(Some(bits)),
            _ => Err(format!("`{bits}` is no number of bits from 0 to 128")),
        },
    }
}

/// IPv4 addresses have 32 bits; what is asked for beyond shows them whole.
fn network<'a>(address: IpAddr, bits: u8) -> Value<'a> {
    match address {
        IpAddr::V4(address) => {
            let bits = bits.min(32);
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            Value::Network(IpAddr::V4((address.to_bits() & mask).into()), bits)
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            Value::Network(IpAddr::V6((address.to_bits() & mask).into()), bits)
        }
    }
}
