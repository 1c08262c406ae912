//! Values of the command line that are checked once, where they are read.

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// Where the gateway listens: an `http` address without a path.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    authority: Authority,
}

/// A share from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate(pub(crate) f64);

/// How long the driver monitor hangs, at least and at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HangTime {
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

/// Longer than anyone watches a map that stands still, and a bound on what a caller may wait.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Debug, Error)]
pub(crate) enum Unusable {
    #[error("`{0}` is not a duration such as `10s` or `250ms`")]
    Duration(String),
    #[error("`{0}` is not an address such as `http://127.0.0.1:30080`, without a path")]
    Gateway(String),
    #[error("`{0}` is not a range such as `10s..30s`, from less to more and at most `600s`")]
    Range(String),
    #[error("`{0}` is not a number from 0 to 1")]
    Rate(String),
}

impl Gateway {
    /// The address of `path` (which starts with `/`) behind the gateway.
    pub(crate) fn at(&self, path: &'static str) -> Result<Uri, hyper::http::Error> {
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
    }
}

impl FromStr for Gateway {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        let unusable = || Unusable::Gateway(text.to_owned());
        let parts = text.parse::<Uri>().map_err(|_| unusable())?.into_parts();
        let path = parts.path_and_query.as_ref().map_or("/", |path| path.as_str());
        match (parts.scheme, parts.authority) {
            (Some(scheme), Some(authority)) if scheme == Scheme::HTTP && path == "/" => {
                Ok(Self { authority })
            }
            _ => Err(unusable()),
        }
    }
}

impl FromStr for Rate {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        match text.parse() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            _ => Err(Unusable::Rate(text.to_owned())),
        }
    }
}

impl FromStr for HangTime {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Unusable> {
        let unusable = || Unusable::Range(text.to_owned());
        let (least, most) = text.split_once("..").ok_or_else(unusable)?;
        let (least, most) = (duration(least)?, duration(most)?);
        if least > most || most > LONGEST {
            return Err(unusable());
        }
        Ok(Self { least, most })
    }
}

/// `ms` or `s`: the demo has no use for more.
fn duration(text: &str) -> Result<Duration, Unusable> {
    let (number, unit): (&str, fn(u64) -> Duration) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis),
        None => (text.strip_suffix('s').unwrap_or_default(), Duration::from_secs),
    };
    number.parse().map(unit).map_err(|_| Unusable::Duration(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_run_from_less_to_more() {
        let range: HangTime = "250ms..30s".parse().unwrap();
        assert_eq!(
            range,
            HangTime { least: Duration::from_millis(250), most: Duration::from_secs(30) }
        );
        for wrong in ["", "10s", "..", "10..30", "30s..10s", "1s..601s", "-1s..1s", "s..s"] {
            wrong.parse::<HangTime>().expect_err(wrong);
        }
    }

    #[test]
    fn a_gateway_has_a_host_and_no_path() {
        let gateway: Gateway = "http://portico.portico".parse().unwrap();
        assert_eq!(gateway.at("/api").unwrap(), "http://portico.portico/api");
        for wrong in
            ["", "localhost:30080", "https://localhost", "http://localhost/x", "http://", "/"]
        {
            wrong.parse::<Gateway>().expect_err(wrong);
        }
    }

    #[test]
    fn a_rate_is_a_share() {
        for wrong in ["", "-0.1", "1.1", "NaN", "80%"] {
            wrong.parse::<Rate>().map(|rate| rate.0).expect_err(wrong);
        }
    }
}
