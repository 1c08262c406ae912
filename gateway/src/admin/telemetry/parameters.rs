//! What stands behind the `?` of a call.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A parameter's value is no longer than this in a message.
const SHOWN: usize = 80;

/// Parameters with names that are known. One without a value counts as not given.
pub(in crate::admin) struct Parameters(Vec<(String, String)>);

/// Why a call is not answered.
#[derive(Debug)]
pub(in crate::admin) struct Refusal {
    status: StatusCode,
    error: String,
}

impl Parameters {
    /// Those in `once` may come once, those in `often` as often as wanted.
    pub(in crate::admin) fn read(
        query: Option<&str>,
        once: &[&str],
        often: &[&str],
    ) -> Result<Self, Refusal> {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !once.contains(&&*name) && !often.contains(&&*name) {
                let known: Vec<_> =
                    once.iter().chain(often).map(|name| format!("`{name}`")).collect();
                let known = match &*known {
                    [] => "this call has no parameters".to_owned(),
                    known => format!("known here: {}", known.join(", ")),
                };
                let name = shortened(&name);
                return Err(Refusal::bad(format!("there is no parameter `{name}`; {known}")));
            }
            if once.contains(&&*name) && all.iter().any(|(other, _)| *other == name) {
                return Err(Refusal::bad(format!("`{name}` is given twice")));
            }
            all.push((name.into_owned(), value.into_owned()));
        }
        all.retain(|(_, value)| !value.is_empty());
        Ok(Self(all))
    }

    pub(in crate::admin) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(in crate::admin) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// Every value of a parameter that may come often.
    pub(in crate::admin) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| &**value)
    }

    pub(in crate::admin) fn number(
        &self,
        name: &str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<usize>, Refusal> {
        let number = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        let what = || format!("a number from {} to {}", range.start(), range.end());
        self.parsed(name, number, what)
    }

    pub(in crate::admin) fn duration(
        &self,
        name: &str,
        range: RangeInclusive<Duration>,
    ) -> Result<Option<Duration>, Refusal> {
        let duration = |text: &str| {
            humantime::parse_duration(text).ok().filter(|duration| range.contains(duration))
        };
        let what = || {
            let [least, most] =
                [range.start(), range.end()].map(|end| humantime::format_duration(*end));
            format!("a duration from {least} to {most}, such as `60s`")
        };
        self.parsed(name, duration, what)
    }

    pub(in crate::admin) fn moment(&self, name: &str) -> Result<Option<SystemTime>, Refusal> {
        /// Some thousand years; what is later is a mistake, and adding it may fail.
        const LATEST: f64 = 1e11;
        let moment = |text: &str| match text.parse::<f64>() {
            Ok(seconds) if (0.0..LATEST).contains(&seconds) => {
                Some(UNIX_EPOCH + Duration::from_secs_f64(seconds))
            }
            Ok(_) => None,
            Err(_) => humantime::parse_rfc3339_weak(text).ok(),
        };
        let what = || "a time such as `2026-09-21T14:13:20Z`, or seconds since 1970".to_owned();
        self.parsed(name, moment, what)
    }

    fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        what: impl FnOnce() -> String,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refuse =
            || Refusal::parameter(name, &format!("`{}` is not {}", shortened(text), what()));
        parse(text).map(Some).ok_or_else(refuse)
    }
}

impl Refusal {
    fn bad(error: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    /// A parameter, or a part of the path, cannot be understood.
    pub(in crate::admin) fn parameter(name: &str, why: &str) -> Self {
        Self::bad(format!("`{name}`: {why}"))
    }

    /// What was asked for is not there.
    pub(in crate::admin) fn missing(error: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, error }
    }

    /// It makes no sense while things are as they are.
    pub(in crate::admin) fn conflict(error: &str) -> Self {
        Self { status: StatusCode::CONFLICT, error: error.to_owned() }
    }

    /// So many do that already.
    pub(in crate::admin) fn too_many(error: String) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, error }
    }

    /// The gateway's own mistake.
    pub(in crate::admin) fn ours() -> Self {
        let error = "the answer could not be made; the gateway's log says more".to_owned();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}

/// As much of what somebody sent as a message shows.
pub(in crate::admin) fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(result: Result<T, Refusal>) -> String {
        result.err().map(|refusal| refusal.error).unwrap_or_default()
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let read = |query| Parameters::read(Some(query), &["at", "limit", "window"], &["header"]);
        let all = read("at=&limit=7&header=a&header=b%20c&window=1m").unwrap();
        assert_eq!(all.number("limit", 1..=9).unwrap(), Some(7));
        assert_eq!(all.all("header").collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!(all.moment("at").unwrap(), None);
        assert_eq!(
            refused(read("wnidow=1")),
            "there is no parameter `wnidow`; known here: `at`, `limit`, `window`, `header`"
        );
        assert_eq!(refused(read("at=1&at=2")), "`at` is given twice");
        assert_eq!(refused(all.number("limit", 1..=5)), "`limit`: `7` is not a number from 1 to 5");
        let range = Duration::from_secs(1)..=Duration::from_secs(9);
        assert_eq!(
            refused(all.duration("window", range)),
            "`window`: `1m` is not a duration from 1s to 9s, such as `60s`"
        );
    }

    #[test]
    fn moments_are_dates_or_seconds() {
        let moment = |text: &str| {
            Parameters::read(Some(&format!("at={text}")), &["at"], &[]).unwrap().moment("at")
        };
        let expected = UNIX_EPOCH + Duration::from_secs(1_789_999_200);
        for text in ["1789999200", "1789999200.0", "2026-09-21T14:00:00Z", "2026-09-21 14:00:00"] {
            assert_eq!(moment(text).unwrap(), Some(expected), "{text}");
        }
        for text in ["-1", "nan", "inf", "1e300", "tomorrow", "2026-13-01T00:00:00Z"] {
            assert!(refused(moment(text)).starts_with("`at`: "), "{text}");
        }
    }
}
