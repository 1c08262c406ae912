use anyhow::Result;
use portico_tests::{Backend, Collector, Gateway, Request, get};

use super::{page, page_after, telling};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn switched_off_it_tells_nothing_and_touches_nothing() -> Result<()> {
    let (service, collector) = (Backend::start("web").await?, Collector::start().await?);
    let exporter = collector.exporter("metrics, traces", "");
    let telemetry = format!(
        "  enabled: false\n  exporters: [{exporter}]\n  access_logs: [{{ file: access.log }}]\n  \
         receiver: {{ http: '127.0.0.1:0' }}"
    );
    let gateway = Gateway::start(&telling(service.address, &telemetry)).await?;
    let request = Request::get("/").header("traceparent", PARENT);
    assert_eq!(request.send(gateway.address).await?.status, 200);
    assert_eq!(service.last().head.header("traceparent"), Some(PARENT));
    assert_eq!(get(gateway.address, "/").await?.status, 200);
    assert_eq!(service.last().head.header("traceparent"), None);
    let page = page(&gateway).await?;
    for name in ["http_server", "http_client", "portico_exporter", "portico_receiver"] {
        assert!(!page.contains(name), "{page}");
    }
    // The gateway itself is still looked after.
    assert!(page.contains("portico_generation 1\n") && page.contains("process_threads"), "{page}");
    assert!(!gateway.folder.path().join("configuration/access.log").exists());
    assert!(collector.spans()?.is_empty() && collector.metrics().is_err());
    Ok(())
}

#[tokio::test]
async fn nobody_to_tell_leaves_traces_of_others_whole() -> Result<()> {
    let service = Backend::start("web").await?;
    let gateway = Gateway::start(&portico_tests::forward(service.address)).await?;
    let request = Request::get("/").header("traceparent", PARENT);
    assert_eq!(request.send(gateway.address).await?.status, 200);
    assert_eq!(service.last().head.header("traceparent"), Some(PARENT));
    page_after(&gateway, 1).await.map(drop)
}

#[tokio::test]
async fn it_is_switched_while_it_serves() -> Result<()> {
    let service = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(service.address, "  enabled: true")).await?;
    get(gateway.address, "/").await?;
    gateway.apply(&telling(service.address, "  enabled: false")).await?;
    get(gateway.address, "/").await?;
    assert!(!page(&gateway).await?.contains("http_server"));
    gateway.apply(&telling(service.address, "  enabled: true")).await?;
    get(gateway.address, "/").await?;
    // What was counted before counts on; what was not counted is not made up.
    page_after(&gateway, 2).await.map(drop)
}
