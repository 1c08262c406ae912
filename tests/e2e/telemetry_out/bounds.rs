use anyhow::{Result, ensure};
use portico_tests::{Client, Gateway, Request, configuration};

use super::{page_after, sum};

const CONNECTIONS: usize = 4;

/// More than an empty gateway grows by itself: buffers, and what is kept of requests.
const GROWTH_KIB: u64 = 16 * 1024;

/// Requests of strangers: paths, hosts, methods and headers that nobody configured.
async fn strangers(address: std::net::SocketAddr, requests: usize) -> Result<()> {
    let mut client = Client::connect(address).await?;
    for _ in 0..requests {
        let random = fastrand::u128(..);
        let methods = ["GET", "PUT", "PURGE", "X-STRANGE"];
        let method = methods[(random % 4) as usize];
        let request = Request::new(method, &format!("/{random:x}/{}", random >> 100));
        let host =
            if random & 16 == 0 { "localhost".into() } else { format!("h{random:x}.example") };
        let request = request.host(&host).header("user-agent", &format!("{random:x}"));
        let answer = client.ask(&request).await?;
        ensure!(matches!(answer.status, 200 | 404), "{}", answer.status);
    }
    Ok(())
}

async fn crowd(address: std::net::SocketAddr, requests: usize) -> Result<()> {
    let all = (0..CONNECTIONS).map(|_| tokio::spawn(strangers(address, requests / CONNECTIONS)));
    for one in all.collect::<Vec<_>>() {
        one.await??;
    }
    Ok(())
}

#[tokio::test]
async fn strangers_add_no_series_and_no_memory() -> Result<()> {
    let routes = "  - { name: all, hosts: [localhost], \
                  rules: [{ filters: [{ respond: { body: yes } }] }] }";
    let text = configuration(&[], routes);
    // Little is kept, so that what grows beside it shows.
    let text = format!(
        "{text}\ntelemetry:\n  store: {{ memory: 1MiB }}\n  receiver: {{ http: '127.0.0.1:0' }}\n"
    );
    let gateway = Gateway::start(&text).await?;
    crowd(gateway.address, 4_000).await?;
    let (before, memory) = (page_after(&gateway, 4_000).await?, gateway.memory()?);
    crowd(gateway.address, 20_000).await?;
    let after = page_after(&gateway, 24_000).await?;
    assert_eq!(after.lines().count(), before.lines().count());
    assert_eq!(sum(&after, "portico_series", "")?, sum(&before, "portico_series", "")?);
    let grown = gateway.memory()?.saturating_sub(memory);
    assert!(grown < GROWTH_KIB, "grown by {grown} KiB");
    Ok(())
}
