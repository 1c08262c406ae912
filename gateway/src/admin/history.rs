//! `GET /api/v1/history?of=&window=`: how a place did, step by step.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use portico_telemetry::{
    graph::{Point, step},
    series::Edge,
};
use serde::Serialize;

use super::{
    Admin,
    telemetry::{Parameters, Refusal, aside, shortened},
};

/// Less than ten seconds is no history, and no configuration keeps more than an hour.
const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(1);

const WINDOW: Duration = Duration::from_mins(10);

#[derive(Serialize)]
pub(super) struct History {
    step_seconds: u64,
    points: Vec<Point>,
}

/// Whose history it is.
#[derive(Debug, Eq, PartialEq)]
enum Of {
    All,
    Endpoint(String, String),
    Route(String),
    Service(String),
}

pub(super) async fn show(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<History>, Refusal> {
    let parameters = Parameters::read(query.as_deref(), &["of", "window"], &[])?;
    let window = parameters.duration("window", WINDOWS)?.unwrap_or(WINDOW);
    let text = parameters.text("of").unwrap_or("all");
    let of = Of::parse(text).ok_or_else(|| {
        let why = format!(
            "`{}` is none of `all`, `route:NAME`, `service:NAME`, `endpoint:SERVICE@ADDRESS`",
            shortened(text)
        );
        Refusal::parameter("of", &why)
    })?;
    aside(move || {
        let graph = &admin.telemetry.meters().graph;
        let points = graph.history(window, SystemTime::now(), |edge| of.is(edge));
        Ok(Json(History { step_seconds: step(window), points }))
    })
    .await
}

impl Of {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "all" => Some(Self::All),
            Some(("endpoint", rest)) => {
                let (service, address) = rest.rsplit_once('@')?;
                Some(Self::Endpoint(service.to_owned(), address.to_owned()))
            }
            Some(("route", name)) => Some(Self::Route(name.to_owned())),
            Some(("service", name)) => Some(Self::Service(name.to_owned())),
            _ => None,
        }
    }

    fn is(&self, edge: &Edge) -> bool {
        match (self, edge) {
            (Self::All, Edge::Entry { .. }) => true,
            (Self::Route(name), Edge::Entry { route, .. }) => route.as_deref() == Some(name),
            (Self::Service(name), Edge::Branch { service, .. }) => **service == **name,
            (Self::Endpoint(name, address), Edge::Leaf { service, endpoint }) => {
                **service == **name && endpoint.to_string() == *address
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let endpoint = Of::parse("endpoint:a@[::1]:80");
        assert_eq!(endpoint, Some(Of::Endpoint("a".into(), "[::1]:80".into())));
        assert_eq!(Of::parse("route:a:b"), Some(Of::Route("a:b".into())));
        assert_eq!(Of::parse("everything"), None);
        let leaf = Edge::leaf(&"a".into(), "[::1]:80".parse().unwrap());
        assert!(endpoint.unwrap().is(&leaf) && !Of::All.is(&leaf));
    }
}
