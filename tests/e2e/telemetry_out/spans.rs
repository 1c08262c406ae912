use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Collector, Gateway, Load, Request,
    collector::{attribute, hex},
    eventually, get,
};

use super::{page, sum, telling};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

const SERVER: i32 = 2;
const CLIENT: i32 = 3;

fn exporting(collector: &Collector, more: &str) -> String {
    format!("  exporters: [{}]", collector.exporter("traces", more))
}

#[tokio::test]
async fn parents_are_right_from_the_client_to_the_service() -> Result<()> {
    let (service, collector) = (Backend::start("web").await?, Collector::start().await?);
    let text = telling(service.address, &exporting(&collector, ""));
    let gateway = Gateway::start(&text).await?;
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let request = Request::get("/a?x=1").header("traceparent", &parent);
    assert_eq!(request.send(gateway.address).await?.status, 200);

    let spans = eventually(async || {
        let spans = collector.spans()?;
        ensure!(spans.len() >= 2, "{} spans", spans.len());
        Ok(spans)
    })
    .await?;
    let of_kind = |kind| spans.iter().find(|span| span.kind == kind).context("no such span");
    let (server, attempt) = (of_kind(SERVER)?, of_kind(CLIENT)?);
    assert_eq!((hex(&server.trace_id), hex(&server.parent_span_id)), (TRACE.into(), PARENT.into()));
    assert_eq!(hex(&attempt.trace_id), TRACE);
    assert_eq!(attempt.parent_span_id, server.span_id);
    let received = service.last();
    let sent = received.head.header("traceparent").context("no traceparent")?;
    assert_eq!(sent, format!("00-{TRACE}-{}-01", hex(&attempt.span_id)));
    let said = |name: &str| attribute(&server.attributes, name).unwrap_or_default();
    assert_eq!(said("http.request.method"), "GET");
    assert_eq!(said("http.response.status_code"), "200");
    assert_eq!(said("url.path"), "/a");
    let begins = [server.start_time_unix_nano, attempt.start_time_unix_nano];
    let ends = [attempt.end_time_unix_nano, server.end_time_unix_nano];
    assert!(begins.is_sorted() && ends.is_sorted() && begins[1] <= ends[0], "{spans:?}");
    Ok(())
}

#[tokio::test]
async fn a_gateway_exports_to_the_receiver_of_another() -> Result<()> {
    let service = Backend::start("web").await?;
    let inner = "  receiver: { grpc: '127.0.0.1:0', http: '127.0.0.1:0' }";
    let inner = Gateway::start(&telling(service.address, inner)).await?;
    // The address in words, because the receiver has chosen it itself.
    let taken = inner.log.says("spans are received").await?;
    for (protocol, name) in [("grpc", "grpc="), ("http", "http=")] {
        let address = taken.split(name).nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = address.context("no address is told")?;
        let telemetry = format!(
            "  exporters: [{{ name: inner, endpoint: 'http://{address}', protocol: {protocol}, \
             interval: 100ms }}]"
        );
        let before = sum(&page(&inner).await?, "portico_receiver_spans_total", "taken")?;
        let outer = Gateway::start(&telling(inner.address, &telemetry)).await?;
        assert_eq!(get(outer.address, "/through/both").await?.status, 200);
        eventually(async || {
            let page = page(&inner).await?;
            let spans = sum(&page, "portico_receiver_spans_total", "outcome=\"taken\"")?;
            ensure!(spans == before + 2.0, "{spans} spans, {before} before");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_is_killed_costs_spans_and_no_request() -> Result<()> {
    let (service, mut collector) = (Backend::start("web").await?, Collector::start().await?);
    let telemetry = exporting(&collector, ", queue: 16, timeout: 500ms");
    let text =
        telling(service.address, &format!("{telemetry}\n  tracing: {{ max_per_second: 10000 }}"));
    let gateway = Gateway::start(&text).await?;
    let request = Request::get("/").header("traceparent", &format!("00-{TRACE}-{PARENT}-01"));
    let load = Load::start(gateway.address, 2, request, |_| Ok(()));
    load.more(20).await?;
    eventually(async || {
        ensure!(!collector.spans()?.is_empty(), "no spans");
        Ok(())
    })
    .await?;

    collector.kill();
    // Requests go on while it is away, and what has no room is counted.
    eventually(async || {
        let page = page(&gateway).await?;
        let lost = sum(&page, "portico_exporter_items_total", "outcome=\"queue_full\"")?;
        let failing = sum(&page, "portico_exporter_failing", "")?;
        ensure!(lost > 0.0 && failing == 1.0, "{lost} lost, failing: {failing}");
        Ok(())
    })
    .await?;
    load.more(50).await?;
    load.stop().await?.without_failure()?;

    let before = collector.spans()?.len();
    collector.revive().await?;
    let late = Request::get("/after").header("traceparent", &format!("00-{TRACE}-{PARENT}-01"));
    eventually(async || {
        // It may still be full of what waits, and then this one is dropped as well.
        late.send(gateway.address).await?;
        let spans = collector.spans()?;
        let mut paths = spans[before..].iter().map(|span| attribute(&span.attributes, "url.path"));
        let arrived = paths.any(|path| path.as_deref() == Some("/after"));
        ensure!(arrived, "{} spans since", spans.len() - before);
        Ok(())
    })
    .await?;
    let page = page(&gateway).await?;
    assert_eq!(sum(&page, "portico_exporter_failing", "")?, 0.0);
    Ok(())
}

#[tokio::test]
async fn nothing_is_sampled_and_errors_are_kept() -> Result<()> {
    let (mut service, collector) = (Backend::start("web").await?, Collector::start().await?);
    let telemetry = format!("{}\n  tracing: {{ sample: 0% }}", exporting(&collector, ""));
    let gateway = Gateway::start(&telling(service.address, &telemetry)).await?;
    for _ in 0..20 {
        assert_eq!(get(gateway.address, "/good").await?.status, 200);
    }
    // The service is told that nobody listens.
    let told = service.last();
    let told = told.head.header("traceparent").context("no traceparent")?;
    assert!(told.ends_with("-00"), "{told}");
    service.kill();
    assert_eq!(get(gateway.address, "/bad").await?.status, 503);
    let spans = eventually(async || {
        let spans = collector.spans()?;
        ensure!(!spans.is_empty(), "no spans");
        Ok(spans)
    })
    .await?;
    let servers = spans.iter().filter(|span| span.kind == SERVER);
    let paths: Vec<_> = servers.map(|span| attribute(&span.attributes, "url.path")).collect();
    assert_eq!(paths, [Some("/bad".to_owned())]);
    Ok(())
}

#[tokio::test]
async fn a_route_has_a_share_of_its_own() -> Result<()> {
    let (service, collector) = (Backend::start("web").await?, Collector::start().await?);
    let telemetry = format!(
        "{}\n  tracing: {{ sample: 0%, routes: [{{ route: all, sample: 100% }}] }}",
        exporting(&collector, "")
    );
    let gateway = Gateway::start(&telling(service.address, &telemetry)).await?;
    get(gateway.address, "/").await?;
    eventually(async || {
        ensure!(collector.spans()?.len() == 2, "{:?}", collector.spans()?);
        Ok(())
    })
    .await
}
