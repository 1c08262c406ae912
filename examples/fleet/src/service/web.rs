//! The web page and the map it draws. All of it is in the binary: nothing comes from outside.

use crate::world::Town;
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;

const HTML: &str = include_str!("../../page/page.html");
const STYLE: &str = include_str!("../../page/page.css");
const SCRIPTS: [(&str, &str); 3] = [
    ("/page.js", include_str!("../../page/page.js")),
    ("/map.js", include_str!("../../page/map.js")),
    ("/feed.js", include_str!("../../page/feed.js")),
];

/// The browser itself then refuses whatever would be loaded from elsewhere.
const POLICY: &str = "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

pub(super) fn routes(seed: u64) -> Result<Router> {
    let town = serde_json::to_string(&Town::new(seed)).context("cannot write the map as JSON")?;
    let town = Bytes::from(town);
    let mut router = Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", HTML)))
        .route("/page.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/map.json", get(async move || file("application/json", town)));
    for (path, script) in SCRIPTS {
        router =
            router.route(path, get(async move || file("text/javascript; charset=utf-8", script)));
    }
    Ok(router)
}

fn file(kind: &'static str, content: impl IntoResponse) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, content)
}
