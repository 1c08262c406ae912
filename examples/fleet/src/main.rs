//! The fleet: four small services and a web page for trying Portico out.
//!
//! The page shows vehicles on a map. Their positions come from the position tracker, which
//! asks the driver monitor, `staff`, who sits at each wheel. `staff` hangs for a while on most
//! calls, and because the tracker waits for it, the map stands still. All calls between the
//! services go through the gateway, so one line there, `timeout: 1s` on the route `staff`,
//! makes the vehicles move again.

mod client;
mod options;
mod server;
mod service;
mod world;

use anyhow::{Context, Result};
use clap::Parser;
use options::{Options, Start};
use server::Stop;
use std::io::Write;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

/// How long requests in flight may take to end once the fleet has been told to stop. Hanging
/// calls are cut short at once, so only a peer that no longer reads its answer needs this long.
const FAREWELL: Duration = Duration::from_secs(5);

fn main() -> Result<()> {
    let starts = Options::parse().starts();
    tokio::runtime::Builder::new_multi_thread()
        // Four services that mostly wait: more threads would only cost memory.
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?
        .block_on(run(starts))
}

async fn run(starts: Vec<Start>) -> Result<()> {
    // Before anything listens, so that no signal can be missed once it does.
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for SIGINT")?;

    let mut bound = Vec::new();
    for start in starts {
        let name = start.service.name();
        let listener = TcpListener::bind(&start.listen)
            .await
            .with_context(|| format!("cannot listen on {} for {name}", start.listen))?;
        bound.push((start, listener));
    }
    announce(&bound)?;

    let (stopping, stop) = Stop::new();
    let mut services = JoinSet::new();
    for (start, listener) in bound {
        let router = service::router(start.service, stop.clone())?;
        services.spawn(server::serve(listener, router, stop.clone()));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stopping.stop();
    // Whatever has not ended by then is dropped with the runtime; nothing is lost by that.
    let _ended = tokio::time::timeout(FAREWELL, services.join_all()).await;
    Ok(())
}

/// One `service=address` line for each, for people and for scripts that chose port 0.
fn announce(bound: &[(Start, TcpListener)]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for (start, listener) in bound {
        let address = listener.local_addr().context("a listening socket has no address")?;
        // Nobody may be reading any more, which is no reason to stop.
        let _written = writeln!(out, "{}={address}", start.service.name());
    }
    let _flushed = out.flush();
    Ok(())
}
