//! The stream: what changes, as it changes.

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Client, Gateway, configuration::forward, eventually, gateway::FILE, get, within,
};
use serde_json::Value;

/// Somebody who listens.
struct Stream(Client);

impl Stream {
    /// In HTTP/1.0, so that what comes is not in chunks.
    async fn open(gateway: &Gateway, query: &str) -> Result<Self> {
        let mut client = Client::connect(gateway.admin).await?;
        client
            .send(format!("GET /api/v1/stream{query} HTTP/1.0\r\nhost: localhost\r\n\r\n"))
            .await?;
        let head = within("the stream's head", client.wire.head()).await?.context("closed")?;
        ensure!(head.start.contains(" 200 "), "{}", head.start);
        ensure!(head.header("content-type") == Some("text/event-stream"), "{head:?}");
        Ok(Self(client))
    }

    /// The next event: its name and its data. Comments are left out.
    async fn event(&mut self) -> Result<(String, Value)> {
        let read = async {
            loop {
                let mut event = Vec::new();
                while !event.ends_with(b"\n\n") {
                    event.extend(self.0.wire.exactly(1).await?);
                }
                let event = String::from_utf8(event)?;
                if event.starts_with(':') {
                    continue;
                }
                let event = event.strip_prefix("event: ").context("no event")?;
                let (name, data) = event.split_once("\ndata: ").context("no data")?;
                return Ok((name.to_owned(), serde_json::from_str(data.trim_end())?));
            }
        };
        within("an event", read).await
    }

    /// The next event that has this name and is like that.
    async fn find(&mut self, name: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
        let find = async {
            loop {
                let (own, data) = self.event().await?;
                if own == name && is(&data) {
                    return Ok(data);
                }
            }
        };
        within(name, find).await
    }
}

fn link<'a>(graph: &'a Value, to: &str) -> Option<&'a Value> {
    let mut links = graph["links"].as_array()?.iter();
    links.find(|link| link["to"] == to)
}

fn requests(graph: &Value, to: &str) -> u64 {
    link(graph, to).and_then(|link| link["stats"]["requests"].as_u64()).unwrap_or_default()
}

#[tokio::test]
async fn the_graph_comes_whole_and_then_as_it_changes() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut stream = Stream::open(&gateway, "?window=1m").await?;
    let whole = stream.find("graph", |_| true).await?;
    assert_eq!(requests(&whole, "route:all"), 0);
    assert!(whole["window_seconds"].as_u64() >= Some(1), "{whole:#}");
    get(gateway.address, "/one").await?;
    let service = "service:web";
    let change = stream.find("graph_changes", |change| requests(change, service) == 1).await?;
    assert!(change["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty()), "{change:#}");
    assert_eq!(change["gone_nodes"], serde_json::json!([]));
    get(gateway.address, "/two").await?;
    stream.find("graph_changes", |change| requests(change, service) == 2).await?;
    // Who comes later gets all of it.
    let mut late = Stream::open(&gateway, "?window=1m").await?;
    let whole = late.find("graph", |_| true).await?;
    assert_eq!(requests(&whole, service), 2);
    Ok(())
}

#[tokio::test]
async fn requests_are_shown_that_can_be_looked_at() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut stream = Stream::open(&gateway, "").await?;
    stream.find("graph", |_| true).await?;
    get(gateway.address, "/look-at-me").await?;
    let shown = stream.find("requests", |_| true).await?;
    assert_eq!(shown[0]["target"], "/look-at-me");
    let whole = gateway.read(&format!("/api/v1/requests/{}", shown[0]["seq"])).await?;
    assert_eq!(whole["summary"]["trace_id"], shown[0]["trace_id"]);
    Ok(())
}

#[tokio::test]
async fn configurations_are_announced() -> Result<()> {
    let backend = Backend::start("web").await?;
    let text = forward(backend.address);
    let gateway = Gateway::start(&text).await?;
    let mut stream = Stream::open(&gateway, "").await?;
    stream.find("graph", |_| true).await?;
    let generation = gateway.edit(&(text.clone() + "# another\n")).await?;
    let told = stream.find("configuration", |_| true).await?;
    assert_eq!(told, serde_json::json!({ "generation": generation, "rejected": false }));
    gateway.folder.replace(FILE, "listeners: nonsense\n")?;
    let told = stream.find("configuration", |_| true).await?;
    assert_eq!(told, serde_json::json!({ "generation": generation, "rejected": true }));
    let refused = |overview: &Value| overview["attention"][0]["id"] == "refused:configuration";
    let overview = stream.find("overview", refused).await?;
    let sentence = overview["attention"][0]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("portico.yaml:1"), "{sentence}");
    gateway.folder.replace(FILE, &text)?;
    stream.find("overview", |overview| !refused(overview)).await?;
    Ok(())
}

#[tokio::test]
async fn everybody_is_told_the_same() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut stream = Stream::open(&gateway, "?window=5m").await?;
    stream.find("graph", |_| true).await?;
    get(gateway.address, "/").await?;
    stream.find("graph_changes", |_| true).await?;
    let mut other = Stream::open(&gateway, "?window=5m").await?;
    get(gateway.address, "/").await?;
    other.find("graph", |_| true).await?;
    other.find("graph_changes", |change| requests(change, "service:web") == 2).await?;
    stream.find("graph_changes", |change| requests(change, "service:web") == 2).await?;
    Ok(())
}

#[tokio::test]
async fn there_are_limits_and_places_come_free() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut streams = Vec::new();
    for window in ["10s", "20s", "30s", "1m"] {
        streams.push(Stream::open(&gateway, &format!("?window={window}")).await?);
    }
    let refused = get(gateway.admin, "/api/v1/stream?window=2m").await?;
    assert_eq!(refused.status, 429);
    assert!(refused.text().contains("4 different windows"), "{}", refused.text());
    for _ in streams.len()..32 {
        streams.push(Stream::open(&gateway, "").await?);
    }
    let refused = get(gateway.admin, "/api/v1/stream").await?;
    assert_eq!(refused.status, 429);
    assert!(refused.text().contains("32 listen already"), "{}", refused.text());
    assert_eq!(get(gateway.admin, "/api/v1/stream?window=1h").await?.status, 400);
    drop(streams);
    eventually(async || {
        let mut stream = Stream::open(&gateway, "?window=2m").await?;
        stream.find("graph", |_| true).await
    })
    .await?;
    Ok(())
}
