//! Requests that are kept: found, and shown whole.

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Behaviour, Gateway, Request, command::program, configuration::LISTENERS, get,
};
use serde_json::Value;

use super::{found, telling, told, whole};

#[tokio::test]
async fn a_request_is_found_by_what_it_was() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    for path in ["/needle?a=1", "/hay", "/slow/hay"] {
        let request = Request::new("POST", path).header("x-user", "seven").body(b"abc");
        assert_eq!(request.send(gateway.address).await?.status, 200);
    }
    backend.behave(Behaviour::Answer(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_vec()));
    get(gateway.address, "/busy").await?;

    let needle = found(&gateway, "/needle", 1).await?.remove(0);
    assert_eq!(needle["target"], "/needle?a=1");
    assert_eq!((&needle["route"], &needle["service"]), (&"web".into(), &"web".into()));
    for (query, count) in [
        ("status:200", 3),
        ("status:5xx", 1),
        ("is:failed", 1),
        ("route:slow", 1),
        ("service:staff", 1),
        ("method:POST+hay", 2),
        ("header:x-user%3Dseven", 3),
        ("header:x-user%3Deight", 0),
        ("-status:200", 1),
        ("%3E1h", 0),
    ] {
        found(&gateway, query, count).await.context(query)?;
    }
    for name in ["request_id", "trace_id"] {
        let id = needle[name].as_str().context("no id")?;
        let same = found(&gateway, &format!("id:{id}"), 1).await?.remove(0);
        assert_eq!(same["seq"], needle["seq"], "by {name}");
    }
    let page = gateway.read("/api/v1/requests?sort=time&limit=3").await?;
    let next = page["next"].as_str().context("no next page")?;
    let rest = gateway.read(&format!("/api/v1/requests?sort=time&limit=3&after={next}")).await?;
    assert_eq!(rest["requests"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["requests"][0]["seq"], needle["seq"], "the oldest comes last");
    Ok(())
}

#[tokio::test]
async fn a_request_is_shown_whole() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    Request::new("POST", "/one").body(b"abc").send(gateway.address).await?;
    let whole = whole(&gateway, "/one").await?;
    let timeline = whole["timeline"].as_array().context("no timeline")?;
    let names: Vec<_> = timeline.iter().filter_map(|phase| phase["phase"].as_str()).collect();
    assert_eq!(
        names,
        [
            "accept",
            "head",
            "matched",
            "filtered",
            "queued",
            "connected",
            "sent",
            "first_byte",
            "answered",
            "body",
            "logged"
        ]
    );
    let times = timeline.iter().filter_map(|phase| phase["at_us"].as_u64());
    let times: Vec<u64> = times.collect();
    assert!(times.is_sorted() && times.len() == names.len(), "{timeline:#?}");
    assert!(*times.last().context("no end")? > 0, "{timeline:#?}");

    assert_eq!(whole["attempts"][0]["endpoint"], backend.address.to_string());
    assert_eq!(whole["attempts"][0]["outcome"], "answered");
    assert_eq!(
        (&whole["request"]["body_bytes"], &whole["response"]["complete"]),
        (&3.into(), &true.into())
    );
    assert!(told(&whole, "course").contains("`web`"), "{}", whole["story"]);
    let headers = whole["response"]["headers"].as_array().context("no headers")?;
    assert!(headers.contains(&serde_json::json!(["x-backend", "web"])), "{headers:?}");
    Ok(())
}

#[tokio::test]
async fn filters_show_what_they_cost() -> Result<()> {
    let module = program()?.with_file_name("plugins").join("tracing.wasm");
    ensure!(module.is_file(), "`{}` is missing: run `make build`", module.display());
    let backend = Backend::start("web").await?;
    let text = format!(
        "{LISTENERS}services: [{{ name: web, endpoints: ['{}'] }}]
plugins: [{{ name: filter, bundled: tracing, limits: {{ cpu: 1s }} }}]
routes:
  - name: all
    filters: [{{ plugin: filter }}, {{ request_headers: {{ set: {{ x-marker: a }} }} }}]
    rules: [{{ backends: [web] }}]
",
        backend.address
    );
    let gateway = Gateway::start(&text).await?;
    get(gateway.address, "/one").await?;
    let whole = whole(&gateway, "/one").await?;
    let filters = whole["filters"].as_array().context("no filters")?;
    let [plugin, own] = &**filters else { anyhow::bail!("{filters:#?}") };
    assert_eq!((&plugin["name"], &plugin["is_plugin"]), (&"filter".into(), &true.into()));
    assert!(plugin["callbacks"].as_u64() >= Some(3), "{plugin:#}");
    assert!(plugin["took_us"].as_u64() >= Some(1), "{plugin:#}");
    assert!(plugin["on_request_us"].is_u64() && plugin["on_response_us"].is_u64(), "{plugin:#}");
    assert_eq!((&own["name"], &own["is_plugin"]), (&"request_headers".into(), &false.into()));
    Ok(())
}

#[tokio::test]
async fn a_timeout_is_told_with_its_owner() -> Result<()> {
    let silent = Backend::with("staff", Behaviour::Silent).await?;
    let gateway = Gateway::start(&telling(silent.address, silent.address)).await?;
    assert_eq!(get(gateway.address, "/slow/one").await?.status, 504);
    let whole = whole(&gateway, "reason:timeout").await?;
    assert_eq!(whole["summary"]["reason"], "timeout");
    assert_eq!(whole["summary"]["interest"], "failed");
    assert_eq!(whole["attempts"][0]["outcome"], "timed_out");
    let cause = told(&whole, "cause");
    for part in ["timeout of route `slow`", "200ms"] {
        assert!(cause.contains(part), "`{part}` is not in: {cause}");
    }
    assert!(told(&whole, "next").contains("`staff`"), "{}", whole["story"]);
    assert!(phases(&whole).iter().all(|phase| *phase != "first_byte"), "{:?}", phases(&whole));
    Ok(())
}

fn phases(whole: &Value) -> Vec<&str> {
    let timeline = whole["timeline"].as_array().into_iter().flatten();
    timeline.filter_map(|phase| phase["phase"].as_str()).collect()
}
