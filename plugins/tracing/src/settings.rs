//! The filter's settings as they are written, and the way from them to a [`Policy`].

use crate::policy::{Format, Policy, Threshold};
use request::SettingsError;
use request::rule::{HeaderMatch, PathMatch, Rule, header_name};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    sampling: Sampling,
    propagate: Vec<Format>,
    trust_incoming: bool,
    request_id: bool,
    response_header: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sampling {
    rate: f64,
    rules: Vec<SamplingRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplingRule {
    path: Option<PathMatch>,
    header: Option<HeaderMatch>,
    method: Option<String>,
    rate: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sampling: Sampling::default(),
            propagate: vec![Format::W3c],
            trust_incoming: true,
            request_id: true,
            response_header: None,
        }
    }
}

impl Default for Sampling {
    fn default() -> Self {
        Self { rate: 1.0, rules: Vec::new() }
    }
}

pub(crate) fn read(json: &[u8]) -> Result<Policy, SettingsError> {
    let Settings { sampling, propagate, trust_incoming, request_id, response_header } =
        request::settings::parse(json)?;
    let Sampling { rate, rules } = sampling;
    if propagate.is_empty() {
        return Err(SettingsError::new("propagate", "names no format: the trace would end here"));
    }
    if let Some(at) = (1..propagate.len()).find(|&at| propagate[..at].contains(&propagate[at])) {
        return Err(SettingsError::new(format!("propagate[{at}]"), "is named twice"));
    }
    let rate = threshold("sampling.rate", rate)?;
    let rules = rules
        .into_iter()
        .enumerate()
        .map(|(index, SamplingRule { path, header, method, rate })| {
            let at = format!("sampling.rules[{index}]");
            let rule = Rule::new(path, method, header).map_err(|error| error.within(&at))?;
            Ok((rule, threshold("rate", rate).map_err(|error| error.within(&at))?))
        })
        .collect::<Result<_, SettingsError>>()?;
    let response_header = response_header
        .map(|name| {
            header_name(&name).map_err(|error| SettingsError::new("response_header", error.reason))
        })
        .transpose()?;
    Ok(Policy { rate, rules, propagate, trust_incoming, request_id, response_header })
}

fn threshold(field: &str, rate: f64) -> Result<Threshold, SettingsError> {
    Threshold::new(rate).ok_or_else(|| SettingsError::new(field, "must be between 0 and 1"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn refusals_name_the_field() {
        for (json, expected) in [
            (r#"{"sampling":{"rate":1.5}}"#, "`sampling.rate`: must be between 0 and 1"),
            (
                r#"{"sampling":{"rules":[{"rate":1},{"rate":-0.1}]}}"#,
                "`sampling.rules[1].rate`: must be between 0 and 1",
            ),
            (
                r#"{"sampling":{"rules":[{"path":{"exact":"a"},"rate":1}]}}"#,
                "`sampling.rules[0].path.exact`: must begin",
            ),
            (r#"{"sampling":{"rules":[{}]}}"#, "`sampling.rules[0]`: missing field `rate`"),
            (r#"{"propagate":[]}"#, "`propagate`: names no format"),
            (r#"{"propagate":["b3","w3c","b3"]}"#, "`propagate[2]`: is named twice"),
            (r#"{"propagate":["jaeger"]}"#, "`propagate[0]`: unknown variant `jaeger`"),
            (r#"{"response_header":"a b"}"#, "`response_header`: not a header name"),
            (r#"{"rate":1}"#, "`rate`: unknown field `rate`"),
        ] {
            let refusal = super::read(json.as_bytes()).map(|_| ()).unwrap_err().to_string();
            assert!(refusal.starts_with(expected), "{json}: {refusal}");
        }
        assert!(super::read(b"").is_ok());
    }

    #[test]
    fn the_schema_has_what_is_read() {
        let schema = request::schema::Schema::new(include_str!("../schema.json"));
        schema.names::<super::Settings>("");
        schema.names::<super::Sampling>("/properties/sampling");
        schema.names::<super::SamplingRule>("/$defs/rule");
        schema.names::<super::PathMatch>("/$defs/path");
        schema.names::<super::HeaderMatch>("/$defs/header");
        schema.names::<super::Format>("/properties/propagate/items");
        for json in [
            "{}",
            r#"{"sampling":{"rate":0.1,"rules":[{"path":{"prefix":"/api/staff"},"rate":1}]},
                "propagate":["w3c","b3"],"response_header":"x-trace-id","request_id":false}"#,
        ] {
            assert!(super::read(json.as_bytes()).is_ok(), "{json}");
            assert_eq!(schema.problems(json), [""; 0], "{json}");
        }
        for json in [
            r#"{"sampling":{"rate":1.5}}"#,
            r#"{"propagate":[]}"#,
            r#"{"propagate":["b3","b3"]}"#,
            r#"{"propagate":["jaeger"]}"#,
            r#"{"response_header":"a b"}"#,
            r#"{"rate":1}"#,
        ] {
            assert!(super::read(json.as_bytes()).is_err(), "{json}");
            assert_ne!(schema.problems(json), [""; 0], "{json}");
        }
    }
}
