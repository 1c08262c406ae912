//! Configurations of a size that nobody writes by hand.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use portico_tests::{Client, Gateway, Load, Request, answering, gateway::FILE, get};
use tokio::time::{Duration, Instant, sleep};

const ROUTES: usize = 100_000;

/// From saved to served. It takes a few seconds on two idle cores; a busy machine gets its time.
const BOUND: Duration = Duration::from_secs(120);

fn routes() -> String {
    let mut text = String::from("listeners: [{ name: web, address: '127.0.0.1:0' }]\nroutes:\n");
    for number in 0..ROUTES {
        let host = number % 1000;
        // A write to a string does not fail.
        let _written = writeln!(
            text,
            "  - name: r{number}\n    hosts: [h{host}.fleet.local]\n    rules:\n      - matches: [{{ \
             path: {{ prefix: /p{number} }} }}]\n        filters: [{{ respond: {{ body: r{number} \
             }} }}]"
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_routes_are_swapped_in_while_it_serves() -> Result<()> {
    let gateway = Gateway::start(&answering("small")).await?;
    let before = gateway.memory()?;
    let load =
        Load::start(gateway.address, 2, Request::get("/p99999").host("h999.fleet.local"), |_| {
            Ok(())
        });
    load.more(10).await?;
    let began = Instant::now();
    gateway.folder.replace(FILE, &routes())?;
    while gateway.generation().await? < 2 {
        ensure!(
            began.elapsed() < BOUND,
            "not served after {BOUND:?}: {}",
            gateway.rejected().await?
        );
        sleep(Duration::from_millis(50)).await;
    }
    let took = began.elapsed();
    let mut client = Client::connect(gateway.address).await?;
    for number in [0, 1, 5_000, ROUTES - 1] {
        let host = format!("h{}.fleet.local", number % 1000);
        let request = Request::get(&format!("/p{number}/x")).host(&host);
        assert_eq!(client.ask(&request).await?.text(), format!("r{number}"));
    }
    let other = Request::get("/p1").host("h2.fleet.local");
    assert_eq!(client.ask(&other).await?.status, 404);
    load.stop().await?.without_failure()?;
    let after = gateway.memory()?;
    println!(
        "{ROUTES} routes: served after {took:?}; resident {} MiB, {} MiB before",
        after >> 10,
        before >> 10
    );
    // And back, which must not hold the large one for ever in what serves.
    gateway.apply(&answering("small")).await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "small");
    Ok(())
}
