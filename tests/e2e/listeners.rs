//! Listeners come, go and move, and nobody on another one notices.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Behaviour, Client, Gateway, Load, Request, Setup, answering, command::portico,
    eventually, folder::Folder, get,
};
use tokio::net::TcpStream;

/// Listeners by name and address, and one rule that answers with `ok` and one that forwards.
fn config(listeners: &[(&str, &str)], backend: SocketAddr) -> String {
    let listeners = listeners
        .iter()
        .map(|(name, address)| format!("  - {{ name: {name}, address: '{address}' }}\n"));
    let listeners: String = listeners.collect();
    format!(
        "listeners:\n{listeners}services: [{{ name: web, endpoints: ['{backend}'] }}]
routes:
  - name: all
    rules:
      - filters: [{{ respond: {{ body: ok }} }}]
      - matches: [{{ path: {{ prefix: /service }} }}]
        backends: [web]
"
    )
}

// Addresses of the loopback network, so that port 0 can be asked for several times.
const ONE: (&str, &str) = ("one", "127.0.0.1:0");
const TWO: (&str, &str) = ("two", "127.0.0.2:0");

/// Waits until nobody accepts there any more.
async fn refuses(address: SocketAddr) -> Result<()> {
    eventually(async || {
        let connected = TcpStream::connect(address).await;
        ensure!(connected.is_err(), "{address} still accepts");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_listener_appears_and_disappears() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let gateway = Gateway::start(&config(&[ONE], backend.address)).await?;
    let load = Load::start(gateway.address, 2, Request::get("/"), |_| Ok(()));
    gateway.apply(&config(&[ONE, TWO], backend.address)).await?;
    let two = gateway.listener("two").await?;
    assert_eq!(get(two, "/").await?.text(), "ok");

    let mut idle = Client::connect(two).await?;
    idle.ask(&Request::get("/")).await?;
    let mut fresh = Client::connect(two).await?;
    let mut busy = Client::connect(two).await?;
    busy.send(Request::get("/service").bytes()).await?;
    backend.has(1).await?;
    gateway.apply(&config(&[ONE], backend.address)).await?;
    refuses(two).await?;
    assert!(idle.closed().await?.is_empty(), "an idle connection just closes");
    assert!(fresh.closed().await?.is_empty(), "so does one that never said anything");
    backend.release();
    let answer = busy.answer().await?;
    assert_eq!(answer.status, 200, "what was under way is answered");
    assert_eq!(busy.closed().await?, b"", "and then the connection closes");
    load.stop().await?.without_failure()
}

#[tokio::test]
async fn a_listener_moves() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&config(&[ONE, ("kept", TWO.1)], backend.address)).await?;
    let (old, kept) = (gateway.listener("one").await?, gateway.listener("kept").await?);
    let load = Load::start(kept, 2, Request::get("/"), |_| Ok(()));
    let moved = config(&[("one", "127.0.0.3:0"), ("kept", TWO.1)], backend.address);
    gateway.apply(&moved).await?;
    let new = gateway.listener("one").await?;
    assert_eq!(new.ip().to_string(), "127.0.0.3");
    assert_eq!(get(new, "/").await?.text(), "ok");
    refuses(old).await?;
    assert_eq!(gateway.listener("kept").await?, kept);
    load.stop().await?.without_failure()
}

#[tokio::test]
async fn a_renamed_listener_keeps_its_connections() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&config(&[ONE], backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.ask(&Request::get("/")).await?;
    gateway.apply(&config(&[("other", ONE.1)], backend.address)).await?;
    assert_eq!(client.ask(&Request::get("/")).await?.generation()?, 2);
    assert_eq!(gateway.listener("other").await?, gateway.address);
    Ok(())
}

#[tokio::test]
async fn two_listeners_share_a_port_by_host() -> Result<()> {
    let gateway = Gateway::start(
        "listeners:
  - { name: fleet, address: '127.0.0.1:0', hosts: [fleet.local] }
  - { name: shops, address: '127.0.0.1:0', hosts: ['*.shop.local'] }
routes:
  - name: fleet
    listeners: [fleet]
    rules: [{ filters: [{ respond: { body: fleet } }] }]
  - name: shops
    listeners: [shops]
    rules: [{ filters: [{ respond: { body: shops } }] }]
",
    )
    .await?;
    assert_eq!(gateway.listener("fleet").await?, gateway.listener("shops").await?);
    let hosts = [("fleet.local", "fleet"), ("a.shop.local", "shops"), ("FLEET.local:80", "fleet")];
    for (host, body) in hosts {
        let answer = Request::get("/").host(host).send(gateway.address).await?;
        assert_eq!(answer.text(), body, "{host}");
    }
    for host in ["other.local", "shop.local"] {
        let answer = Request::get("/").host(host).send(gateway.address).await?;
        assert_eq!((answer.status, answer.reason()), (404, "no_listener"), "{host}");
    }
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_taken_refuses_the_configuration() -> Result<()> {
    let backend = Backend::start("web").await?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let gateway = Gateway::start(&config(&[ONE], backend.address)).await?;
    let load = Load::start(gateway.address, 2, Request::get("/"), |_| Ok(()));
    let wanted = config(&[ONE, ("taken", &address), TWO], backend.address);
    let answer = gateway.put(&wanted).await?;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains(&address), "{}", answer.text());
    assert!(answer.text().contains("\"line\":3"), "{}", answer.text());
    assert_eq!(gateway.listeners().await?.len(), 1);
    assert_eq!(gateway.generation().await?, 1);

    drop(taken);
    gateway.apply(&wanted).await?;
    assert_eq!(get(address.parse()?, "/").await?.text(), "ok");
    load.stop().await?.without_failure()
}

#[tokio::test]
async fn a_port_that_is_taken_at_the_start_is_named() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let folder = Folder::new()?;
    let config = folder.write("p.yaml", &answering("ok").replace("127.0.0.1:0", &address))?;
    let config = config.display().to_string();
    let run = portico(&folder, &["run", "--config", &config, "--admin", "off"]).await?;
    assert_eq!(run.code, 64, "{}", run.stderr);
    assert!(run.stderr.contains(&address), "{}", run.stderr);

    let good = folder.write("good.yaml", &answering("ok"))?.display().to_string();
    let run = portico(&folder, &["run", "--config", &good, "--admin", &address]).await?;
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains(&address), "{}", run.stderr);
    Ok(())
}

#[tokio::test]
async fn every_interface_becomes_one_on_the_same_port_and_back() -> Result<()> {
    let backend = Backend::start("web").await?;
    // Another test may take the port between here and there; then another one is tried.
    let start = async || {
        let port = TcpListener::bind("0.0.0.0:0")?.local_addr()?.port();
        let all = config(&[("web", &format!("0.0.0.0:{port}"))], backend.address);
        let gateway = Setup::file(&all)?.start().await?;
        anyhow::Ok((gateway, port, all))
    };
    let (gateway, port, all) = eventually(start).await.context("no port is free")?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(get(address, "/").await?.text(), "ok");
    let one = config(&[("web", &address.to_string())], backend.address);
    for (text, elsewhere) in [(&one, false), (&all, true), (&one, false)] {
        let number = gateway.apply(text).await?;
        assert_eq!(get(address, "/").await?.generation()?, number);
        let other = TcpStream::connect(SocketAddr::from(([127, 0, 0, 2], port))).await;
        assert_eq!(other.is_ok(), elsewhere);
    }
    Ok(())
}

/// A request for a listener that goes is answered by the configuration that knew it.
#[tokio::test]
async fn half_a_head_outlives_its_listener() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&config(&[ONE, TWO], backend.address)).await?;
    let two = gateway.listener("two").await?;
    let mut client = Client::connect(two).await?;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n").await?;
    // The gateway must have seen the first half; a whole request after it on another connection
    // is answered later than that by the same accept loops.
    get(two, "/").await?;
    gateway.apply(&config(&[ONE], backend.address)).await?;
    client.send("\r\n").await?;
    let answer = client.answer().await?;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(client.closed().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_busy_connection_is_told_that_its_listener_has_gone() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let gateway = Gateway::start(&config(&[ONE, TWO], backend.address)).await?;
    let mut client = Client::connect(gateway.listener("two").await?).await?;
    client.send(Request::get("/service").bytes()).await?;
    backend.has(1).await?;
    gateway.apply(&config(&[ONE], backend.address)).await?;
    backend.release();
    let answer = client.answer().await?;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    Ok(())
}

#[tokio::test]
async fn connections_that_wait_to_be_accepted_are_not_lost_by_a_swap() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&config(&[ONE], backend.address)).await?;
    let texts = [config(&[ONE, TWO], backend.address), config(&[ONE], backend.address)];
    for swap in 0..30 {
        let ask = async {
            for _ in 0..5 {
                assert_eq!(get(gateway.address, "/").await?.text(), "ok");
            }
            anyhow::Ok(())
        };
        let (asked, applied) = tokio::join!(ask, gateway.apply(&texts[swap % 2]));
        asked?;
        applied?;
    }
    Ok(())
}
