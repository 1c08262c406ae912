//! The filter's settings as they are written, and the way from them to a [`Policy`].

use crate::deadline::Format;
use crate::policy::{Deadline, Policy};
use request::rule::{HeaderMatch, PathMatch, Rule, header_name};
use request::{SettingsError, duration};
use serde::{Deserialize, Deserializer, de::Error};
use std::time::Duration;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    rules: Vec<TimeoutRule>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    default: Option<Duration>,
    deadline_header: Option<DeadlineHeader>,
    #[serde(deserialize_with = "duration::deserialize_some")]
    max: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeoutRule {
    path: Option<PathMatch>,
    header: Option<HeaderMatch>,
    method: Option<String>,
    #[serde(deserialize_with = "duration_or_none")]
    timeout: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadlineHeader {
    name: String,
    format: Format,
}

pub(crate) fn read(json: &[u8]) -> Result<Policy, SettingsError> {
    let Settings { rules, default, deadline_header, max } = request::settings::parse(json)?;
    let max = max.map(|max| milliseconds("max", max, None)).transpose()?;
    let default = default.map(|default| milliseconds("default", default, max)).transpose()?;
    let rules = rules
        .into_iter()
        .enumerate()
        .map(|(index, rule)| {
            let at = format!("rules[{index}]");
            let TimeoutRule { path, header, method, timeout } = rule;
            let rule = Rule::new(path, method, header).map_err(|error| error.within(&at))?;
            let timeout = timeout
                .map(|timeout| milliseconds("timeout", timeout, max))
                .transpose()
                .map_err(|error| error.within(&at))?;
            Ok((rule, timeout))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let deadline = deadline_header.map(|header| deadline(header, default.or(max))).transpose()?;
    Ok(Policy { rules, default, max, deadline })
}

fn deadline(header: DeadlineHeader, bound: Option<u64>) -> Result<Deadline, SettingsError> {
    let DeadlineHeader { name, format } = header;
    let name = header_name(&name).map_err(|error| error.within("deadline_header"))?;
    if bound.is_none() {
        return Err(SettingsError::new(
            "deadline_header",
            "needs `default` or `max`: with nothing to shorten, a client's deadline could \
             lengthen the route's own timeout",
        ));
    }
    Ok(Deadline { name, format })
}

/// Zero is refused, because the header's zero switches the timeout off.
fn milliseconds(field: &str, value: Duration, max: Option<u64>) -> Result<u64, SettingsError> {
    let value = u64::try_from(value.as_millis()).unwrap_or(u64::MAX);
    if value == 0 {
        return Err(SettingsError::new(field, "must be at least 1ms"));
    }
    if max.is_some_and(|max| value > max) {
        return Err(SettingsError::new(field, "is longer than `max`"));
    }
    Ok(value)
}

fn duration_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
    if text == "none" {
        return Ok(None);
    }
    let wrong = "neither a duration such as 1s, 500ms or 1h30m nor `none`";
    duration::parse(&text).map(Some).ok_or_else(|| D::Error::custom(wrong))
}

#[cfg(test)]
mod tests {
    #[test]
    fn refusals_name_the_field() {
        let cases = [
            (r#"{"defualt":"1s"}"#, "`defualt`: unknown field `defualt`"),
            (r#"{"default":"0s"}"#, "`default`: must be at least 1ms"),
            (r#"{"default":"2s","max":"1s"}"#, "`default`: is longer than `max`"),
            (r#"{"default":null}"#, "`default`: invalid type: null"),
            (r#"{"rules":[{"timeout":"1s"},{"timeout":"soon"}]}"#, "`rules[1].timeout`: neither"),
            (r#"{"rules":[{"timeout":"0s"}]}"#, "`rules[0].timeout`: must be at least 1ms"),
            (r#"{"max":"1s","rules":[{"timeout":"2s"}]}"#, "`rules[0].timeout`: is longer"),
            (r#"{"rules":[{}]}"#, "`rules[0]`: missing field `timeout`"),
            (
                r#"{"rules":[{"path":{"prefix":"api"},"timeout":"1s"}]}"#,
                "`rules[0].path.prefix`: must begin with `/`",
            ),
            (
                r#"{"rules":[{"path":{"glob":"*"},"timeout":"1s"}]}"#,
                "`rules[0].path`: unknown variant `glob`",
            ),
            (r#"{"deadline_header":{"name":"x","format":"unix"}}"#, "`deadline_header.format`: "),
            (
                r#"{"max":"1s","deadline_header":{"name":"a b","format":"grpc"}}"#,
                "`deadline_header.name`: not a header name",
            ),
            (
                r#"{"deadline_header":{"name":"x","format":"grpc"}}"#,
                "`deadline_header`: needs `default` or `max`",
            ),
        ];
        for (json, expected) in cases {
            let refusal = super::read(json.as_bytes()).map(|_| ()).unwrap_err().to_string();
            assert!(refusal.starts_with(expected), "{json}: {refusal}");
        }
    }

    #[test]
    fn the_schema_has_what_is_read() {
        let schema = request::schema::Schema::new(include_str!("../schema.json"));
        schema.names::<super::Settings>("");
        schema.names::<super::TimeoutRule>("/$defs/rule");
        schema.names::<super::PathMatch>("/$defs/path");
        schema.names::<super::HeaderMatch>("/$defs/header");
        schema.names::<super::DeadlineHeader>("/properties/deadline_header");
        schema.names::<super::Format>("/properties/deadline_header/properties/format");
        for json in [
            "{}",
            r#"{"rules":[{"path":{"prefix":"/api/staff"},"timeout":"1s"},
                {"path":{"prefix":"/events"},"method":"GET","header":{"name":"a"},"timeout":"none"}],
                "default":"15s","deadline_header":{"name":"grpc-timeout","format":"grpc"},
                "max":"30s"}"#,
        ] {
            assert!(super::read(json.as_bytes()).is_ok(), "{json}");
            assert_eq!(schema.problems(json), [""; 0], "{json}");
        }
        for json in [
            r#"{"defualt":"1s"}"#,
            r#"{"default":"soon"}"#,
            r#"{"rules":[{}]}"#,
            r#"{"rules":[{"path":{"prefix":"api"},"timeout":"1s"}]}"#,
            r#"{"rules":[{"path":{"suffix":"a b"},"timeout":"1s"}]}"#,
            r#"{"deadline_header":{"name":"x","format":"grpc"}}"#,
        ] {
            assert!(super::read(json.as_bytes()).is_err(), "{json}");
            assert_ne!(schema.problems(json), [""; 0], "{json}");
        }
    }
}
