//! What a plugin reaches through the gateway: call-outs, ticks, wakes of queues. The gateway
//! implements [`Outside`]; this crate has no sockets and no timers.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{metrics::MetricStore, origin::Origin, shared::SharedStore};

/// What all plugins of a process share; made once by the gateway.
#[derive(Clone)]
pub struct Services {
    pub outside: Arc<dyn Outside>,
    /// Shared data and queues, by [`crate::Spec::scope`].
    pub shared: Arc<SharedStore>,
    /// Metrics that guests define.
    pub metrics: Arc<MetricStore>,
}

/// The world outside of the guests. Called while a guest runs: nothing here may wait, or call back
/// into a plugin before it returns.
pub trait Outside: Send + Sync {
    /// Starts an HTTP call on the origin's worker; the answer goes to [`Origin::http_response`].
    ///
    /// # Errors
    /// If no upstream of this name may be called; the guest is told "bad argument", as by Envoy.
    fn http(&self, origin: Origin, call: HttpCall) -> Result<Running, Unreachable>;

    /// Starts a gRPC call or stream on the origin's worker; events go to [`Origin::grpc`].
    ///
    /// # Errors
    /// If no upstream of this name may be called.
    fn grpc(&self, origin: Origin, call: GrpcCall) -> Result<Box<dyn GrpcRunning>, Unreachable>;

    /// From now on [`Origin::tick`] every `period`, on the origin's worker; `None` stops. Replaces
    /// the earlier period of the same plugin, worker, life and root.
    fn tick(&self, origin: Origin, period: Option<Duration>);

    /// Calls [`Origin::queue_ready`] soon, on the origin's worker.
    fn queue(&self, origin: Origin, queue: u32);

    /// Runs a piece of work off the workers, never on the calling thread: building an instance that
    /// takes long to start.
    fn background(&self, work: Box<dyn FnOnce() + Send>);
}

/// No service of this name, and no address that the plugin may call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unreachable;

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such upstream")
    }
}

impl std::error::Error for Unreachable {}

/// An HTTP request that a guest wants made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpCall {
    /// As the guest named it.
    pub upstream: Box<str>,
    /// Names in lower case; `:method`, `:path` and `:authority` are there, and all can be sent.
    pub headers: Vec<(Bytes, Bytes)>,
    pub body: Bytes,
    pub trailers: Vec<(Bytes, Bytes)>,
    /// Never longer than the plugin's limit.
    pub timeout: Duration,
}

/// The answer to an [`HttpCall`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HttpCallResponse {
    /// `:status` first.
    pub headers: Vec<(Bytes, Bytes)>,
    pub body: Bytes,
    pub trailers: Vec<(Bytes, Bytes)>,
}

/// A gRPC call or stream that a guest wants opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrpcCall {
    /// The name of a service, or `host:port`.
    pub upstream: Box<str>,
    /// As in `/package.Service/Method`.
    pub service: Box<str>,
    pub method: Box<str>,
    pub metadata: Vec<(Bytes, Bytes)>,
    /// The only message of a unary call; `None` opens a stream.
    pub first: Option<Bytes>,
    pub timeout: Option<Duration>,
}

/// What happens to a gRPC call or stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GrpcEvent {
    InitialMetadata(Vec<(Bytes, Bytes)>),
    /// One message, without its frame. It ends a unary call.
    Message(Bytes),
    TrailingMetadata(Vec<(Bytes, Bytes)>),
    /// The last event.
    Closed {
        status: i32,
        message: String,
    },
}

/// An HTTP call on its way. Dropping it cancels the call.
pub struct Running(Option<Box<dyn FnOnce() + Send>>);

impl Running {
    /// `cancel` is called if the call is no longer wanted, and not if it was answered.
    pub fn new(cancel: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(cancel)))
    }

    /// It was answered: nothing to cancel.
    pub(crate) fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(cancel) = self.0.take() {
            cancel();
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// A gRPC call or stream that is open. Dropping it resets what has not closed by itself.
pub trait GrpcRunning: Send {
    fn send(&self, message: Bytes, end_stream: bool);

    /// Half-closes: the guest has said all.
    fn close(&self);
}

impl Services {
    /// For an instance that is only tried out: it may call whatever it likes, and nobody answers.
    pub fn silent() -> Self {
        Self { outside: Arc::new(Silence), shared: Arc::default(), metrics: Arc::default() }
    }
}

/// Accepts everything and does nothing.
struct Silence;

impl Outside for Silence {
    fn http(&self, _: Origin, _: HttpCall) -> Result<Running, Unreachable> {
        Ok(Running::new(|| ()))
    }

    fn grpc(&self, _: Origin, _: GrpcCall) -> Result<Box<dyn GrpcRunning>, Unreachable> {
        Ok(Box::new(Self))
    }

    fn tick(&self, _: Origin, _: Option<Duration>) {}

    fn queue(&self, _: Origin, _: u32) {}

    fn background(&self, work: Box<dyn FnOnce() + Send>) {
        std::thread::spawn(work);
    }
}

impl GrpcRunning for Silence {
    fn send(&self, _: Bytes, _: bool) {}

    fn close(&self) {}
}
