//! Serving: a bounded number of connections, and an orderly end.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

/// Connections to one service. Further ones wait in the system's own queue until another
/// ends. Each costs some 20 KiB, so the fleet stays small whatever is thrown at it.
const CONNECTIONS: usize = 1024;
/// A request's head must arrive within this time, and an idle connection is kept as long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Room for a request's head: above the 64 KiB a gateway commonly lets through.
const HEAD_SIZE: usize = 128 * 1024;
/// Pause after a failed accept, which mostly means that no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Ends everything that waits; held by whoever receives the signals.
pub(crate) struct Stopping(watch::Sender<bool>);

/// Says when it is time to end.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new() -> (Stopping, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stopping(sender), Self(receiver))
    }

    /// Returns once it is time to end.
    pub(crate) async fn wanted(&self) {
        // An error means that nobody is left who could say so: an end, too.
        let mut wanted = self.0.clone();
        let _ended = wanted.wait_for(|wanted| *wanted).await;
    }
}

impl Stopping {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Serves `router` until `stop`, then lets the requests in flight end.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: Stop) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, permit) = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = stop.wanted() => break,
        };
        // Small answers must not wait for an acknowledgement; without it they are only slower.
        let _kept = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_SIZE)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A peer that left early is everyday life here: the page gives up slow requests.
            let _ended = watched.await;
            drop(permit);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        // Never closed, so this only ever waits for room.
        let Ok(permit) = Arc::clone(room).acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}
