//! Traces: with what services report, compared, and as files.

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Gateway, Request, eventually, get};
use serde_json::{Value, json};

use super::{found, telling};

/// Sends a span to the gateway's receiver as a service's SDK would, and waits until it is in its
/// trace.
async fn report(gateway: &Gateway, service: &str, [trace, parent, id]: [&str; 3]) -> Result<Value> {
    let status = gateway.read("/api/v1/telemetry").await?;
    let receiver = status["receiver"]["http"].as_str().context("no receiver")?.parse()?;
    let trace_of = gateway.read(&format!("/api/v1/traces/{trace}")).await?;
    let began = trace_of["at_ms"].as_u64().context("no time")? * 1_000_000;
    let span = json!({
        "traceId": trace, "spanId": id, "parentSpanId": parent, "name": "work", "kind": 2,
        "startTimeUnixNano": began.to_string(), "endTimeUnixNano": (began + 1_000_000).to_string(),
    });
    let name = json!({ "key": "service.name", "value": { "stringValue": service } });
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [name] },
        "scopeSpans": [{ "scope": {}, "spans": [span] }],
    }]});
    let request = Request::new("POST", "/v1/traces").header("content-type", "application/json");
    let answer = request.body(body.to_string().as_bytes()).send(receiver).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
    eventually(async || {
        let trace = gateway.read(&format!("/api/v1/traces/{trace}")).await?;
        let is_there = trace["spans"]
            .as_array()
            .is_some_and(|spans| spans.iter().any(|span| span["span_id"] == id));
        ensure!(is_there, "the span is not there: {trace:#}");
        Ok(trace)
    })
    .await
}

/// Trace and span that a service was given.
fn context(backend: &Backend) -> Result<(String, String)> {
    let head = backend.last().head;
    let given = head.header("traceparent").context("no context")?.to_owned();
    let parts: Vec<&str> = given.split('-').collect();
    Ok((
        (*parts.get(1).context("no trace")?).to_owned(),
        (*parts.get(2).context("no span")?).to_owned(),
    ))
}

#[tokio::test]
async fn what_a_service_reports_lies_under_its_attempt() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    get(gateway.address, "/one").await?;
    let (trace_id, parent) = context(&backend)?;
    let request = found(&gateway, "/one", 1).await?.remove(0);
    assert_eq!(request["trace_id"], *trace_id);
    let before = gateway.read(&format!("/api/v1/traces/{}", request["seq"])).await?;
    assert!(before["notes"].to_string().contains("sight ends at `web`"), "{before:#}");

    let trace = report(&gateway, "shop", [&trace_id, &parent, "00000000000000aa"]).await?;
    let spans = trace["spans"].as_array().context("no spans")?;
    let depths: Vec<_> = spans.iter().filter_map(|span| span["depth"].as_u64()).collect();
    assert_eq!(depths, [0, 1, 2], "{trace:#}");
    let (attempt, inner) = (&spans[1], &spans[2]);
    assert_eq!((&attempt["span_id"], &attempt["reported"]), (&(*parent).into(), &false.into()));
    assert_eq!((&inner["service"], &inner["reported"]), (&"shop".into(), &true.into()));
    assert_eq!(inner["parent_id"], *parent);
    assert!(!trace["notes"].to_string().contains("sight ends"), "{trace:#}");

    let sight = gateway.read("/api/v1/graph").await?["sight"].take();
    assert_eq!(
        (&sight[0]["calls_itself"], &sight[0]["ends_here"]),
        (&"shop".into(), &false.into())
    );

    let file = get(gateway.admin, &format!("/api/v1/traces/{trace_id}/otlp")).await?;
    let disposition = file.header("content-disposition").unwrap_or_default();
    assert!(disposition.contains(&format!("{trace_id}.otlp.json")), "{disposition}");
    let file: Value = serde_json::from_slice(&file.body)?;
    let resources = file["resourceSpans"].as_array().context("no resources")?;
    assert_eq!(resources.len(), 2, "{file:#}");
    assert_eq!(resources[1]["scopeSpans"][0]["spans"][0]["parentSpanId"], *parent);
    Ok(())
}

#[tokio::test]
async fn two_traces_are_compared() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let mut ids = Vec::new();
    for path in ["/a", "/b"] {
        get(gateway.address, path).await?;
        ids.push(context(&backend)?);
        found(&gateway, path, 1).await?;
    }
    let [(a, _), (b, parent)] = &*ids else { anyhow::bail!("{ids:?}") };
    report(&gateway, "shop", [b, parent, "00000000000000bb"]).await?;
    let compared = gateway.read(&format!("/api/v1/traces/compare?a={a}&b={b}")).await?;
    assert_eq!(
        (&compared["only_first"], &compared["only_second"]),
        (&0.into(), &1.into()),
        "{compared:#}"
    );
    assert!(compared["words"].as_str().unwrap_or_default().contains("`shop`"), "{compared:#}");
    assert_eq!(
        (&compared["a"]["trace_id"], &compared["b"]["trace_id"]),
        (&(**a).into(), &(**b).into())
    );
    Ok(())
}

#[tokio::test]
async fn requests_become_an_archive() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    for path in ["/one?x=1", "/two"] {
        get(gateway.address, path).await?;
    }
    found(&gateway, "", 2).await?;
    let file = get(gateway.admin, "/api/v1/requests/har?q=/one").await?;
    let disposition = file.header("content-disposition").unwrap_or_default();
    assert_eq!(disposition, "attachment; filename=\"portico.har\"");
    let file: Value = serde_json::from_slice(&file.body)?;
    assert_eq!(file["log"]["version"], "1.2");
    let entries = file["log"]["entries"].as_array().context("no entries")?;
    let [entry] = &**entries else { anyhow::bail!("{file:#}") };
    assert_eq!(entry["request"]["url"], "http://localhost/one?x=1");
    assert_eq!(entry["request"]["queryString"][0]["name"], "x");
    assert_eq!(entry["response"]["status"], 200);
    Ok(())
}
