//! Receives the spans of services: [OTLP] over gRPC and HTTP, traces only.
//!
//! Both ports speak both protocols, because SDKs and documentation mix them up. What cannot be
//! taken is refused with a sentence that the sender's SDK will log. Nothing that is sent here can
//! delay a request that the gateway serves: connections, bodies, and the time for both are
//! limited, and what arrives beyond is refused.
//!
//! There is no authentication; the default is to listen on this machine only. Browsers cannot
//! send here: no CORS headers are given.
//!
//! [OTLP]: https://opentelemetry.io/docs/specs/otlp/

mod answer;
mod decode;
mod grpc;
mod http;

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ::http::{HeaderMap, Method, Request, Response, Uri, Version};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use serde::Serialize;
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, SemaphorePermit},
    task::JoinHandle,
};

use self::answer::{Answer, Refusal};
use crate::far::Span;

pub use decode::Limits as DecodeLimits;

/// Where to listen, and how much to take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For gRPC. Default `127.0.0.1:4317`. `None`: not at all.
    pub grpc: Option<SocketAddr>,
    /// For HTTP. Default `127.0.0.1:4318`. `None`: not at all.
    pub http: Option<SocketAddr>,
    pub limits: Limits,
}

/// How much is taken.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections of each port; further ones wait until one ends. Default 64.
    pub connections: usize,
    /// Requests that are read and decoded at a time; others wait. Default 4: with the limits for
    /// a message this bounds the memory for all of them to some tens of MiB.
    pub requests: usize,
    /// How long a request may take to arrive. Default 10 s, which is the SDKs' own limit.
    pub patience: Duration,
    pub decode: DecodeLimits,
}

impl Default for Settings {
    fn default() -> Self {
        let here = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self { grpc: here(4317), http: here(4318), limits: Limits::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            requests: 4,
            patience: Duration::from_secs(10),
            decode: DecodeLimits::default(),
        }
    }
}

/// A port cannot be had.
#[derive(Debug, Error)]
#[error("cannot listen on {address} for spans")]
pub struct StartError {
    pub address: SocketAddr,
    #[source]
    source: io::Error,
}

/// Takes what was received. Called by the receiver's tasks, so it must not block for long.
pub trait Sink: Send + Sync + 'static {
    fn receive(&self, spans: Vec<Span>);
}

impl Sink for crate::far::Behind {
    fn receive(&self, spans: Vec<Span>) {
        Self::receive(self, spans);
    }
}

/// Starts receivers.
#[derive(Debug)]
pub struct Receiver;

/// A running receiver; it ends when this is dropped.
#[derive(Debug)]
pub struct Handle {
    grpc: Option<SocketAddr>,
    http: Option<SocketAddr>,
    counters: Arc<Counters>,
    tasks: Vec<JoinHandle<()>>,
}

/// What was received since the receiver began.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Received {
    pub connections: u64,
    /// Requests that were taken.
    pub requests: u64,
    /// Spans that were taken.
    pub spans: u64,
    /// Spans in taken requests that were not: broken ids, too large, too many.
    pub spans_rejected: u64,
    /// Requests that could not be read.
    pub refused_bad: u64,
    /// Requests beyond a limit.
    pub refused_large: u64,
    /// Requests for what is not offered: metrics, logs, other paths and encodings.
    pub refused_other: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    connections: AtomicU64,
    requests: AtomicU64,
    spans: AtomicU64,
    spans_rejected: AtomicU64,
    refused_bad: AtomicU64,
    refused_large: AtomicU64,
    refused_other: AtomicU64,
}

impl Receiver {
    /// Listens, on the tokio runtime that this is called on. Give it one that serves no requests.
    pub async fn start(settings: Settings, sink: Arc<dyn Sink>) -> Result<Handle, StartError> {
        let grpc = bind(settings.grpc).await?;
        let http = bind(settings.http).await?;
        let counters = Arc::new(Counters::default());
        let desk = Arc::new(Desk {
            room: Semaphore::new(settings.limits.requests.max(1)),
            sink,
            counters: Arc::clone(&counters),
            limits: settings.limits,
        });
        let address = |bound: &Option<(TcpListener, SocketAddr)>| bound.as_ref().map(|(_, at)| *at);
        let (grpc_address, http_address) = (address(&grpc), address(&http));
        let listeners = grpc.into_iter().chain(http).map(|(listener, _)| listener);
        let tasks = listeners.map(|listener| tokio::spawn(accept(listener, Arc::clone(&desk))));
        Ok(Handle { grpc: grpc_address, http: http_address, counters, tasks: tasks.collect() })
    }
}

impl Handle {
    /// Where gRPC is spoken, with the port that was given for port 0.
    pub fn grpc(&self) -> Option<SocketAddr> {
        self.grpc
    }

    /// Where HTTP is spoken.
    pub fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    pub fn received(&self) -> Received {
        let counters = &self.counters;
        Received {
            connections: counters.connections.load(Relaxed),
            requests: counters.requests.load(Relaxed),
            spans: counters.spans.load(Relaxed),
            spans_rejected: counters.spans_rejected.load(Relaxed),
            refused_bad: counters.refused_bad.load(Relaxed),
            refused_large: counters.refused_large.load(Relaxed),
            refused_other: counters.refused_other.load(Relaxed),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Where requests are dealt with.
struct Desk {
    room: Semaphore,
    sink: Arc<dyn Sink>,
    counters: Arc<Counters>,
    limits: Limits,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A request that has been read.
struct Read {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
}

async fn bind(
    address: Option<SocketAddr>,
) -> Result<Option<(TcpListener, SocketAddr)>, StartError> {
    let Some(address) = address else { return Ok(None) };
    let failed = |source| StartError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok(Some((listener, bound)))
}

/// Pause after a failed accept, which mostly means that no descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    let room = Arc::new(Semaphore::new(desk.limits.connections.max(1)));
    // Dropped with this task, and every connection with it.
    let mut connections = tokio::task::JoinSet::new();
    // The semaphore is never closed.
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                desk.counters.connections.fetch_add(1, Relaxed);
                let desk = Arc::clone(&desk);
                connections.spawn(async move {
                    connection(stream, desk).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, desk: Arc<Desk>) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let patience = desk.limits.patience;
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(patience))
        .keep_alive_timeout(patience)
        // An SDK sends one batch after another.
        .max_concurrent_streams(16);
    let service = hyper::service::service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.serve(request).await) }
    });
    // That a peer leaves early is its own affair.
    let _ended = builder.serve_connection(TokioIo::new(stream), service).await;
}

impl Desk {
    async fn serve(&self, request: Request<Incoming>) -> Response<Answer> {
        let is_grpc = grpc::is(request.headers());
        let result = match self.read(request, is_grpc).await {
            Ok((read, _room)) if is_grpc => grpc::spans(&read, &self.limits.decode),
            Ok((read, _room)) => http::spans(&read, &self.limits.decode),
            Err(refusal) => Err(refusal),
        };
        match result {
            Ok(batch) => {
                self.counters.requests.fetch_add(1, Relaxed);
                self.counters.spans.fetch_add(batch.spans.len() as u64, Relaxed);
                self.counters.spans_rejected.fetch_add(batch.rejected, Relaxed);
                let answer = if is_grpc { grpc::accepted(&batch) } else { http::accepted(&batch) };
                self.sink.receive(batch.spans);
                answer
            }
            Err(refusal) => {
                self.counters.refused(&refusal);
                if is_grpc { grpc::refused(&refusal) } else { http::refused(&refusal) }
            }
        }
    }

    /// Reads the body, as one of a few. What is refused by its head alone is refused at once.
    /// The permit is for decoding, too.
    async fn read(
        &self,
        request: Request<Incoming>,
        is_grpc: bool,
    ) -> Result<(Read, Option<SemaphorePermit<'_>>), Refusal> {
        let (head, body) = request.into_parts();
        let mut read = Read {
            method: head.method,
            uri: head.uri,
            version: head.version,
            headers: head.headers,
            body: Bytes::new(),
        };
        if is_grpc {
            grpc::admit(&read)?
        } else {
            http::admit(&read)?
        }
        let most = self.limits.decode.message;
        let body = async {
            let room = self.room.acquire().await;
            (room, Limited::new(body, most.saturating_add(grpc::PREFIX)).collect().await)
        };
        match tokio::time::timeout(self.limits.patience, body).await {
            Ok((room, Ok(body))) => {
                read.body = body.to_bytes();
                Ok((read, room.ok()))
            }
            Ok((_, Err(error))) if error.is::<LengthLimitError>() => Err(Refusal::too_large(most)),
            Ok((_, Err(_))) => Err(Refusal::bad("the body broke off")),
            Err(_) => Err(Refusal::slow(self.limits.patience)),
        }
    }
}

impl Counters {
    fn refused(&self, refusal: &Refusal) {
        let counter = match refusal.cause {
            answer::Cause::Bad | answer::Cause::Slow => &self.refused_bad,
            answer::Cause::TooLarge => &self.refused_large,
            _ => &self.refused_other,
        };
        counter.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests;
