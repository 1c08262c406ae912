//! Parts of services, and whole routes.

use anyhow::Result;
use portico_tests::{
    Backend, Behaviour, Client, Gateway, Load, Request, configuration::LISTENERS, get,
};

use super::{is_suspended, out};

/// A service with an endpoint for each of these, and what else is said of them.
fn endpoints(list: &[(&Backend, &str)]) -> String {
    let list = list.iter().map(|(own, out)| format!("{{ address: '{}'{out} }}", own.address));
    let list = list.collect::<Vec<_>>().join(", ");
    format!(
        "{LISTENERS}services: [{{ name: web, endpoints: [{list}] }}]
routes: [{{ name: all, rules: [{{ backends: [web] }}] }}]
"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn other_endpoints_take_what_a_suspended_one_got() -> Result<()> {
    let (one, two) = (Backend::start("one").await?, Backend::start("two").await?);
    let gateway = Gateway::start(&endpoints(&[(&one, ""), (&two, "")])).await?;
    let load = Load::start(gateway.address, 4, Request::get("/load"), |_| Ok(()));
    load.more(100).await?;
    gateway.edit(&endpoints(&[(&one, &out()), (&two, "")])).await?;
    load.more(50).await?;
    let before = one.received().len();
    load.more(200).await?;
    assert_eq!(one.received().len(), before);
    gateway.edit(&endpoints(&[(&one, ""), (&two, "")])).await?;
    one.has(before + 1).await?;
    load.stop().await?.without_failure()
}

#[tokio::test]
async fn a_suspended_endpoint_is_not_tried_when_the_others_refuse() -> Result<()> {
    let (down, up) = (Backend::refusing()?, Backend::start("up").await?);
    let gateway = Gateway::start(&endpoints(&[(&down, ""), (&up, &out())])).await?;
    let answer = get(gateway.address, "/").await?;
    assert_eq!((answer.status, answer.reason()), (503, "connect_failed"), "{}", answer.text());
    assert!(up.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn without_any_endpoint_the_service_is_suspended() -> Result<()> {
    let (one, two) = (Backend::with("one", Behaviour::Hold).await?, Backend::start("two").await?);
    let gateway = Gateway::start(&endpoints(&[(&one, ""), (&two, &out())])).await?;
    let mut held = Client::connect(gateway.address).await?;
    held.send(Request::get("/held").bytes()).await?;
    one.has(1).await?;
    gateway.edit(&endpoints(&[(&one, &out()), (&two, &out())])).await?;
    let answer = get(gateway.address, "/").await?;
    is_suspended(&answer, "every endpoint of service `web`")?;
    gateway.log.says(&format!("endpoint `{}` of service `web` is suspended", one.address)).await?;
    one.release();
    assert_eq!(held.answer().await?.status, 200);
    Ok(())
}

/// A route for `/closed` with a filter that answers, and one behind it that takes everything.
fn closed(suspended: &str, web: &Backend) -> String {
    format!(
        "{LISTENERS}services: [{{ name: web, endpoints: ['{}'] }}]
routes:
  - name: closed
    hosts: [localhost]
    filters: [{{ response_headers: {{ set: {{ x-filter: ran }} }} }}]
    rules:
      - matches: [{{ path: {{ prefix: /closed/answer }} }}]
        filters: [{{ respond: {{ body: answered }} }}]
      - matches: [{{ path: {{ prefix: /closed }} }}]
        backends: [web]{suspended}
  - {{ name: all, rules: [{{ backends: [web] }}] }}
",
        web.address
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_route_keeps_its_requests_and_answers_before_its_filters() -> Result<()> {
    let web = Backend::start("web").await?;
    let suspended = closed(&format!("\n    {}", &out()[2..]), &web);
    let gateway = Gateway::start(&closed("", &web)).await?;
    // A route that is open does not notice.
    let load = Load::start(gateway.address, 4, Request::get("/open"), |_| Ok(()));
    for _ in 0..3 {
        let answer = get(gateway.address, "/closed/answer").await?;
        assert_eq!((&*answer.text(), answer.header("x-filter")), ("answered", Some("ran")));
        assert_eq!(get(gateway.address, "/closed").await?.status, 200);
        gateway.edit(&suspended).await?;
        for path in ["/closed", "/closed/answer"] {
            let request = Request::new("POST", path).body(b"unread");
            let answer = request.send(gateway.address).await?;
            is_suspended(&answer, "route `closed`")?;
            assert_eq!(answer.header("x-filter"), None);
        }
        load.more(50).await?;
        gateway.edit(&closed("", &web)).await?;
    }
    load.stop().await?.without_failure()
}
