//! `%COMMON_DURATION(START:END:PRECISION)%`: the time between two moments of a request.

use std::time::Duration;

use super::names;
use crate::{
    access_log::value::Value,
    record::{Attempt, Record},
};

type Moment = fn(&Record) -> Option<Duration>;

/// From where to where, and in which unit.
#[derive(Clone, Debug)]
pub(in crate::access_log) struct Span {
    from: Moment,
    to: Moment,
    nanos_per_unit: i128,
}

/// Envoy's words for moments, as far as there are stamps for them. Those of a service (`US_`) are
/// of the last attempt. A connection to a service is there when its TLS handshake is over, so
/// `US_CX_END` and `US_HS_END` are one.
const MOMENTS: [(&str, Moment); 11] = [
    ("DS_RX_BEG", |_| Some(Duration::ZERO)),
    ("DS_RX_END", received),
    ("US_CX_BEG", |record| last(record).map(|attempt| attempt.began)),
    ("US_CX_END", |record| last(record)?.connected),
    ("US_HS_END", |record| last(record)?.connected),
    ("US_TX_BEG", |record| last(record)?.connected),
    ("US_TX_END", |record| last(record)?.sent),
    ("US_RX_BEG", |record| last(record)?.first_byte),
    ("US_RX_END", |record| last(record).map(|attempt| attempt.ended)),
    ("DS_TX_BEG", |record| record.phases.answered),
    ("DS_TX_END", |record| Some(record.phases.body.unwrap_or(record.took))),
];

impl Span {
    /// Missing if one of the moments never came. It can be negative: an answer may begin before
    /// the request has been sent.
    pub(super) fn read<'a>(&self, record: &Record) -> Value<'a> {
        let (Some(from), Some(to)) = ((self.from)(record), (self.to)(record)) else {
            return Value::Missing;
        };
        let nanos = to.as_nanos() as i128 - from.as_nanos() as i128;
        Value::Signed((nanos / self.nanos_per_unit) as i64)
    }
}

pub(super) fn parse(parameter: Option<&str>) -> Result<Span, String> {
    let words: Vec<_> = parameter.unwrap_or_default().split(':').collect();
    let [from, to, unit] = words[..] else {
        return Err("the parameter is `START:END:PRECISION`, as `DS_RX_BEG:US_TX_BEG:us`".into());
    };
    let nanos_per_unit = match unit {
        "ms" => 1_000_000,
        "us" => 1_000,
        "ns" => 1,
        _ => return Err(format!("`{unit}` is no precision; it is `ms`, `us` or `ns`")),
    };
    Ok(Span { from: moment(from)?, to: moment(to)?, nanos_per_unit })
}

/// When the last byte of the request had been read. There is no stamp for that: without a body it
/// is when the head was read, otherwise when the request had been sent on, which is little later.
pub(super) fn received(record: &Record) -> Option<Duration> {
    if record.request.body_bytes == 0 { Some(record.phases.head) } else { record.phases.sent }
}

fn last(record: &Record) -> Option<&Attempt> {
    record.attempts.last()
}

fn moment(word: &str) -> Result<Moment, String> {
    if let Some((_, moment)) = MOMENTS.iter().find(|(name, _)| *name == word) {
        return Ok(*moment);
    }
    if word == "US_RX_BODY_BEG" {
        return Err("`US_RX_BODY_BEG` is not measured; `US_RX_BEG` is the head's".into());
    }
    let known = MOMENTS.iter().map(|(name, _)| *name);
    Err(match names::nearest(word, known.clone()) {
        Some(near) => format!("`{word}` is no moment; did you mean `{near}`?"),
        None => {
            format!("`{word}` is no moment; known are {}", known.collect::<Vec<_>>().join(", "))
        }
    })
}
