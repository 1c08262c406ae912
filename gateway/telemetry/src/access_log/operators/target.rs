//! What is read from the address that was asked for.

use std::borrow::Cow;

use super::plain::tls;
use crate::{
    access_log::value::Value,
    record::Record,
    redact::{REDACTED, Redactor},
};

/// `%QUERY_PARAM(X)%` and `%QUERY_PARAMS%`.
#[derive(Clone, Debug)]
pub(in crate::access_log) enum Query {
    All,
    One { name: Box<str> },
}

impl Query {
    pub(super) fn one(parameter: Option<&str>) -> Result<Self, String> {
        match parameter {
            None | Some("") => Err("it needs a parameter's name in brackets".into()),
            Some(name) => Ok(Self::One { name: name.into() }),
        }
    }

    pub(super) fn all(parameter: Option<&str>) -> Result<Self, String> {
        match parameter {
            None | Some("" | "ORIG") => Ok(Self::All),
            // Decoded, a parameter could end another one.
            Some("DECODED") => Err("queries are shown as they came; write `ORIG`".into()),
            Some(_) => Err("the parameter is `ORIG` or none".into()),
        }
    }

    pub(super) fn read<'a>(&self, record: &'a Record, redactor: &Redactor) -> Value<'a> {
        let target = &*record.request.target;
        let Some(begin) = target.find('?') else { return Value::Missing };
        match self {
            Self::All => match redactor.address(target) {
                Cow::Borrowed(target) => Value::from(&target[begin + 1..]),
                // The path may have changed its length; the query begins where it always does.
                Cow::Owned(target) => {
                    let query = target.split_once('?').map(|(_, query)| query.to_owned());
                    query.map(Cow::<str>::Owned).into()
                }
            },
            Self::One { name } => {
                let value = target[begin + 1..].split('&').find_map(|parameter| {
                    let (other, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                    (other == &**name).then_some(value)
                });
                match value {
                    Some(value) if !value.is_empty() && redactor.hides_parameter(name) => {
                        Value::Word(REDACTED)
                    }
                    value => value.map(|value| redactor.text(value)).into(),
                }
            }
        }
    }
}

/// `%PATH(X:Y)%`: with its query or without, as it came to a filter or as it came to us.
#[derive(Clone, Debug)]
pub(in crate::access_log) struct Part {
    with_query: bool,
    original: Original,
}

#[derive(Clone, Copy, Debug)]
enum Original {
    Always,
    IfThere,
    Never,
}

impl Part {
    pub(super) fn parse(parameter: Option<&str>) -> Result<Self, String> {
        let (query, original) = match parameter.unwrap_or_default().split_once(':') {
            Some((query, original)) => (query, original),
            None => (parameter.unwrap_or_default(), ""),
        };
        Ok(Self {
            with_query: match query {
                "" | "WQ" => true,
                "NQ" => false,
                _ => return Err(format!("`{query}` is neither `WQ` nor `NQ`")),
            },
            original: match original {
                "" | "ORIG_OR_PATH" => Original::IfThere,
                "ORIG" => Original::Always,
                "PATH" => Original::Never,
                _ => return Err(format!("`{original}` is not `ORIG`, `PATH` or `ORIG_OR_PATH`")),
            },
        })
    }

    pub(super) fn read<'a>(&self, record: &'a Record, redactor: &Redactor) -> Value<'a> {
        let original = || {
            let value = record.request.headers.get("x-envoy-original-path")?;
            value.to_str().ok()
        };
        let path = match self.original {
            Original::Always => original(),
            Original::IfThere => Some(original().unwrap_or(&record.request.target)),
            Original::Never => Some(&*record.request.target),
        };
        let path = match path {
            Some(path) if !self.with_query => path.split('?').next(),
            path => path,
        };
        path.map(|path| redactor.address(path)).into()
    }
}

/// `%REQUESTED_SERVER_NAME(X:Y)%`
#[derive(Clone, Copy, Debug)]
pub(in crate::access_log) struct ServerName {
    sni: bool,
    host: bool,
}

impl ServerName {
    pub(super) fn parse(parameter: Option<&str>) -> Result<Self, String> {
        let word = parameter.unwrap_or_default();
        // Nobody rewrites the host here, so the original one and the present one are the same.
        let (word, source) = word.split_once(':').unwrap_or((word, "HOST"));
        if !matches!(source, "HOST" | "ORIG" | "ORIG_OR_HOST") {
            return Err(format!("`{source}` is not `HOST`, `ORIG` or `ORIG_OR_HOST`"));
        }
        match word {
            "" | "SNI_ONLY" => Ok(Self { sni: true, host: false }),
            "SNI_FIRST" => Ok(Self { sni: true, host: true }),
            "HOST_FIRST" => Ok(Self { sni: false, host: true }),
            _ => Err(format!("`{word}` is not `SNI_ONLY`, `SNI_FIRST` or `HOST_FIRST`")),
        }
    }

    pub(super) fn read(self, record: &Record) -> Value<'_> {
        let sni = || tls(record)?.server_name.as_deref();
        let host = Some(&*record.request.authority).filter(|host| !host.is_empty());
        match self {
            Self { sni: false, .. } => host.or_else(sni).into(),
            Self { host: true, .. } => sni().or(host).into(),
            Self { .. } => sni().into(),
        }
    }
}
