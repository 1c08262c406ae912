use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point::Value};
use portico_tests::{Backend, Collector, Gateway, eventually, get};
use rustix::process::Signal;

use super::{page, telling};

/// How many values a histogram has.
fn count(metric: &Metric) -> Result<u64> {
    let Some(Data::Histogram(histogram)) = &metric.data else {
        anyhow::bail!("`{}` is no histogram", metric.name)
    };
    Ok(histogram.data_points.iter().map(|point| point.count).sum())
}

fn number(metric: &Metric) -> Result<f64> {
    let points = match metric.data.as_ref().context("no data")? {
        Data::Gauge(gauge) => &gauge.data_points,
        Data::Sum(sum) => &sum.data_points,
        _ => anyhow::bail!("`{}` is no number", metric.name),
    };
    let first = points.first().context("no point")?;
    Ok(match first.value.context("no value")? {
        Value::AsDouble(value) => value,
        Value::AsInt(value) => value as f64,
    })
}

#[tokio::test]
async fn exporters_get_what_the_page_shows() -> Result<()> {
    let (service, collector) = (Backend::start("web").await?, Collector::start().await?);
    let exporter = collector.exporter("metrics", "");
    let text = telling(service.address, &format!("  exporters: [{exporter}]"));
    let gateway = Gateway::start(&text).await?;
    get(gateway.address, "/").await?;
    let metrics = eventually(async || {
        let metrics = collector.metrics()?;
        let requests = metrics.get("http.server.request.duration").context("no requests")?;
        ensure!(count(requests)? == 1, "{requests:?}");
        Ok(metrics)
    })
    .await?;
    assert_eq!(number(&metrics["portico.generation"])?, 1.0);
    assert!(number(&metrics["process.memory.usage"])? > 1e6);
    let page = page(&gateway).await?;
    // Without units and what the text formats add.
    let described = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let described: BTreeSet<&str> = described.filter_map(|line| line.split(' ').next()).collect();
    for name in metrics.keys().filter(|name| !name.starts_with("process.")) {
        let name = name.replace('.', "_");
        let is_shown = described.iter().any(|shown| shown.starts_with(&name));
        assert!(is_shown, "the page does not show `{name}`");
    }
    let exported = metrics.len();
    let shown = described.len();
    assert!(exported.abs_diff(shown) <= 2, "{exported} exported, {shown} shown");
    Ok(())
}

#[tokio::test]
async fn the_last_numbers_and_spans_are_sent_before_it_ends() -> Result<()> {
    let (service, collector) = (Backend::start("web").await?, Collector::start().await?);
    // Nothing would be due for a minute.
    let exporter = collector.exporter("metrics, traces", "").replace("100ms", "60s");
    let text = telling(service.address, &format!("  exporters: [{exporter}]"));
    let mut gateway = Gateway::start(&text).await?;
    for _ in 0..7 {
        get(gateway.address, "/").await?;
    }
    gateway.signal(Signal::TERM)?;
    ensure!(gateway.ended().await?.success(), "it ended badly");
    let metrics = collector.metrics()?;
    assert_eq!(count(&metrics["http.server.request.duration"])?, 7);
    assert_eq!(collector.spans()?.len(), 14);
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_is_down_does_not_keep_it_from_ending() -> Result<()> {
    let (service, mut collector) = (Backend::start("web").await?, Collector::start().await?);
    let exporter = collector.exporter("logs, metrics, traces", "");
    let text = telling(
        service.address,
        &format!("  exporters: [{exporter}]\n  access_logs: [{{ to: otlp }}]"),
    );
    let mut gateway = Gateway::start(&text).await?;
    collector.kill();
    get(gateway.address, "/").await?;
    let began = tokio::time::Instant::now();
    gateway.signal(Signal::TERM)?;
    ensure!(gateway.ended().await?.success(), "it ended badly");
    // Two seconds for the last words, one for the numbers, and the rest for a busy machine.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    Ok(())
}
