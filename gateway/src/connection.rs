//! One downstream connection, from accept to close, and the clock that watches it.
//!
//! pingora reads one request after another; around each stands `Watched`, which cuts what the
//! hooks cannot: a client that does not finish its head, a response that runs past its deadline,
//! an idle connection whose listener is gone.

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Version};
use pin_project_lite::pin_project;
use pingora::{
    apps::HttpPersistentSettings,
    protocols::{Stream, http::ServerSession},
};
use portico_wasm::ConnectionFacts;
use tokio::{
    io::Interest,
    net::TcpStream,
    sync::watch,
    time::{Instant, Sleep},
};

use crate::{
    downstream::Downstream,
    failure::{ClientFault, Failure},
    forward,
    order::Order,
    proxy::Proxy,
    snapshot::{Snapshot, SocketId},
};

/// A head must be complete this long after its first byte, and the first byte of a new connection
/// must have come. A head is one packet; whoever needs longer holds connections open on purpose.
const HEAD: Duration = Duration::from_secs(10);

/// A connection that has answered may wait this long for its next request: what browsers and
/// connection pools keep open.
const IDLE: Duration = Duration::from_secs(75);

/// How long a connection whose listener is gone may take to begin its first request: it was in the
/// queue, so the request is on its way.
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// How often an exchange that waits for a filter, and reads nothing, looks whether its client is
/// still there.
const LOOK: Duration = Duration::from_millis(500);

/// How long, and for how many bytes, the end of a connection waits for the client to be done.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 256 << 10;

/// A downstream connection.
pub struct Connection {
    pub socket: SocketId,
    pub facts: Arc<ConnectionFacts>,
    /// The client's address, for a header.
    pub client: HeaderValue,
    opened: Instant,
    /// Milliseconds after `opened` at which it is cut; `NEVER` while nothing limits it.
    due: AtomicU64,
    phase: AtomicU8,
    /// Nanoseconds after `opened` at which the first byte of the current head came.
    first_byte: AtomicU64,
    /// Requests that it had brought before the current one.
    earlier: AtomicU64,
    tcp: TcpStream,
    /// A final head, not an informational one, is being written.
    answering: AtomicBool,
    /// The next bytes that are written are a head, and the client speaks HTTP/1.1.
    head: AtomicBool,
    /// It goes out in `order`.
    ordered: AtomicBool,
    order: Mutex<Option<Order>>,
    /// Something of the current answer is on its way.
    sent: AtomicBool,
    /// The exchange is being dropped in the middle.
    cut: AtomicBool,
    /// The status with which a head is refused that no exchange will see; 0 for none.
    refused: AtomicU16,
    gone: watch::Receiver<Last>,
}

/// Says that a listener is gone, and which snapshot was the last that knew it.
pub type Last = Option<Arc<Snapshot>>;

const NEVER: u64 = u64::MAX;

/// Nothing of the next request has come.
const WAITING: u8 = 0;
/// A part of its head has, and the clock for the rest does not run yet.
const HEAD_BEGUN: u8 = 1;
/// The same, and it runs.
const HEAD_TIMED: u8 = 2;
/// The head is complete; the request's own limits count.
const BUSY: u8 = 3;

/// Why a connection ended before its request did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cut {
    /// The head did not arrive in time, or no request came on an idle connection.
    Head,
    /// A response ran past the deadline of its request.
    Deadline,
    /// The listener is gone, and the connection was idle.
    Listener,
}

impl Connection {
    /// `ends` are the client's address and ours.
    pub fn new(
        socket: SocketId,
        id: u64,
        ends: [SocketAddr; 2],
        tcp: TcpStream,
        gone: watch::Receiver<Last>,
    ) -> Self {
        let [source, destination] = ends;
        Self {
            socket,
            facts: Arc::new(ConnectionFacts { id, source, destination }),
            client: HeaderValue::from_str(&source.ip().to_string())
                .unwrap_or(HeaderValue::from_static("unknown")),
            opened: Instant::now(),
            due: AtomicU64::new(NEVER),
            phase: AtomicU8::new(WAITING),
            first_byte: AtomicU64::new(0),
            earlier: AtomicU64::new(0),
            tcp,
            answering: AtomicBool::new(false),
            head: AtomicBool::new(false),
            ordered: AtomicBool::new(false),
            order: Mutex::new(None),
            sent: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            refused: AtomicU16::new(0),
            gone,
        }
    }

    /// A head has arrived: from now on the request's own limits count.
    pub fn begin(&self) {
        self.phase.store(BUSY, Relaxed);
        self.due.store(NEVER, Relaxed);
    }

    /// Whether its listener is gone: then no further request may follow the current one.
    pub fn is_gone(&self) -> bool {
        // An error means that the sender is gone as well, which is after it has spoken.
        !matches!(self.gone.has_changed(), Ok(false))
    }

    /// The snapshot that knows its listener, once newer ones do not.
    pub fn last_snapshot(&self) -> Last {
        if self.is_gone() { self.gone.borrow().clone() } else { None }
    }

    /// The rest of the exchange must be over by then.
    pub fn cut_at(&self, at: Instant) {
        let due = at.saturating_duration_since(self.opened).as_millis();
        self.due.store(u64::try_from(due).unwrap_or(NEVER), Relaxed);
    }

    /// Nothing limits the exchange any more, as after an upgrade.
    pub fn release(&self) {
        self.due.store(NEVER, Relaxed);
    }

    /// Called for each read.
    pub(crate) fn bytes_came(&self) {
        if self.phase.load(Relaxed) == WAITING {
            self.phase.store(HEAD_BEGUN, Relaxed);
            let since = u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.first_byte.store(since, Relaxed);
        }
    }

    /// When the first byte of the current request came.
    pub(crate) fn first_byte(&self) -> Instant {
        self.opened + Duration::from_nanos(self.first_byte.load(Relaxed))
    }

    /// Requests that it had brought before the current one.
    pub(crate) fn earlier(&self) -> u64 {
        self.earlier.load(Relaxed)
    }

    /// From the connection to the first byte of its first request; nothing for later ones.
    pub(crate) fn accepted_before(&self, first_byte: Instant) -> Option<Duration> {
        (self.earlier() == 0).then(|| first_byte.saturating_duration_since(self.opened))
    }

    pub(crate) fn bytes_went(&self) {
        if self.answering.load(Relaxed) {
            self.sent.store(true, Relaxed);
        }
    }

    /// What is written from now on is the answer to a request of this version, its head in an
    /// order that pingora would not keep.
    pub(crate) fn answering(&self, version: Version, order: Option<Order>) {
        self.answering.store(true, Relaxed);
        if order.is_some() {
            *self.order.lock().unwrap_or_else(PoisonError::into_inner) = order;
            self.ordered.store(true, Relaxed);
        }
        self.head.store(version == Version::HTTP_11, Relaxed);
    }

    /// Whether the bytes that are about to be written are the answer's head. True once.
    pub(crate) fn begins_head(&self) -> bool {
        self.head.load(Relaxed) && self.head.swap(false, Relaxed)
    }

    /// The order of the head that is about to be written, if it has one of its own.
    pub(crate) fn take_order(&self) -> Option<Order> {
        if !self.ordered.swap(false, Relaxed) {
            return None;
        }
        self.order.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Its head cannot be served, and no exchange begins: remembers with which status.
    pub(crate) fn refuse(&self, status: u16) {
        self.refused.store(status, Relaxed);
    }

    /// Says why a head was refused that no exchange has seen.
    fn explain_refusal(&self) {
        let status = self.refused.load(Relaxed);
        if status == 0 {
            return;
        }
        let failure = Failure::Client(ClientFault::Refused { status });
        let (reason, client) = (failure.code(), self.facts.source);
        tracing::debug!(target: "portico::request", status, reason, %client, "{}", failure.public());
        let id = forward::new_request_id();
        self.last_word(&failure.answer(false, &id).wire(&id, None));
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Waits until the client has closed its end, while nobody reads from it. Unread bytes hide the
    /// end from a read, so the socket is looked at from time to time.
    pub(crate) async fn hung_up(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let ready = self.tcp.ready(Interest::READABLE).await;
            if !ready.is_ok_and(|ready| !ready.is_read_closed()) {
                return;
            }
        }
    }

    pub(crate) fn end_sending(&self) -> std::io::Result<()> {
        rustix::net::shutdown(&self.tcp, rustix::net::Shutdown::Write).map_err(Into::into)
    }

    /// Whether the exchange is dropped because its time is up.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Relaxed)
    }

    /// Sends a whole answer for an exchange that was cut off before anything was sent. Whether the
    /// client still takes it is its own affair: there is no time left to wait for it. False if
    /// something of another answer has been sent.
    pub(crate) fn last_word(&self, answer: &[u8]) -> bool {
        if self.sent.load(Relaxed) {
            return false;
        }
        let said = self.tcp.try_write(answer);
        tracing::trace!(?said, "last word");
        true
    }

    fn wait(&self, limit: Duration) {
        self.answering.store(false, Relaxed);
        self.head.store(false, Relaxed);
        self.sent.store(false, Relaxed);
        if self.phase.swap(WAITING, Relaxed) == BUSY {
            self.earlier.store(self.earlier() + 1, Relaxed);
        }
        self.cut_at(Instant::now() + limit);
    }

    /// The head did not come in one piece: from now on its rest is waited for.
    fn time_head(&self) {
        if self.phase.load(Relaxed) == HEAD_BEGUN {
            self.phase.store(HEAD_TIMED, Relaxed);
            self.cut_at(Instant::now() + HEAD);
        }
    }

    fn due(&self) -> Option<Instant> {
        match self.due.load(Relaxed) {
            NEVER => None,
            due => Some(self.opened + Duration::from_millis(due)),
        }
    }

    /// Waits no longer than this for the first request of a connection whose listener is gone.
    fn hurry(&self) {
        let soon = Instant::now() + LAST_REQUEST;
        if self.due().is_none_or(|due| due > soon) {
            self.cut_at(soon);
        }
    }

    fn is_busy(&self) -> bool {
        self.phase.load(Relaxed) == BUSY
    }

    fn is_waiting(&self) -> bool {
        self.phase.load(Relaxed) == WAITING
    }
}

/// Serves a connection until it closes.
pub async fn serve(proxy: &Proxy, connection: Arc<Connection>) {
    let mut stream: Stream = Box::new(Downstream::new(connection.clone()));
    let mut settings: Option<HttpPersistentSettings> = None;
    let mut watching = connection.gone.clone();
    let mut closing = Box::pin(gone(&mut watching));
    let mut served = false;
    let mut alarm = Box::pin(tokio::time::sleep(HEAD));
    loop {
        let mut session = ServerSession::new_http1(stream);
        connection.wait(if settings.is_some() { IDLE } else { HEAD });
        match settings.take() {
            Some(settings) => settings.apply_to_session(&mut session),
            None => {
                // Without a limit of pingora's: the clock is `Watched`.
                session.set_keepalive(Some(0));
                // What comes while a request is being answered waits its turn (RFC 9112, section
                // 9.3.2). Otherwise pingora takes it for an error of that request.
                session.set_pipelining_enabled(true);
            }
        }
        let exchange = proxy.serve(session, &connection);
        let watched = Watched {
            exchange,
            alarm: alarm.as_mut(),
            closing: closing.as_mut(),
            connection: &connection,
            served,
        };
        match watched.await {
            Ok(Some(reused)) => {
                let (next, kept) = reused.consume();
                stream = next;
                settings = kept;
                served = true;
            }
            Ok(None) => break,
            Err(cut) => {
                let client = connection.facts.source;
                tracing::debug!(target: "portico::request", %client, ?cut, "closed");
                break;
            }
        }
    }
    connection.explain_refusal();
    linger(&connection).await;
}

/// Ends the sending side and takes what the client still sends, for a moment. Closing a socket
/// with unread bytes resets it, and a reset can overtake the answer that is on its way.
async fn linger(connection: &Connection) {
    if connection.end_sending().is_err() {
        return;
    }
    let mut left = LINGER_BYTES;
    let mut rest = vec![0; 4 << 10];
    let drained = async {
        while left > 0 && connection.tcp.readable().await.is_ok() {
            match connection.tcp.try_read(&mut rest) {
                Ok(0) => return,
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    // Whoever is not done by then is not listening.
    let _slow = tokio::time::timeout(LINGER, drained).await;
}

/// Waits until a listener is gone.
pub(crate) async fn gone(last: &mut watch::Receiver<Last>) {
    // An error means that the worker itself is gone.
    let _ended = last.wait_for(Option::is_some).await.is_err();
}

pin_project! {
    /// One exchange, under the clock of its connection.
    struct Watched<'a, F, C> {
        #[pin]
        exchange: F,
        alarm: Pin<&'a mut Sleep>,
        closing: Pin<&'a mut C>,
        connection: &'a Connection,
        served: bool,
    }
}

impl<F: Future, C: Future<Output = ()>> Future for Watched<'_, F, C> {
    type Output = Result<F::Output, Cut>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.exchange.poll(context) {
            return Poll::Ready(Ok(output));
        }
        this.connection.time_head();
        let busy = this.connection.is_busy();
        if this.connection.is_waiting()
            && (this.connection.is_gone() || this.closing.as_mut().poll(context).is_ready())
        {
            // A client that has just come may have sent its request already; one that has had an
            // answer knows that idle connections are closed.
            if *this.served {
                return Poll::Ready(Err(Cut::Listener));
            }
            this.connection.hurry();
        }
        let Some(due) = this.connection.due() else { return Poll::Pending };
        // An alarm that rings too early is set again, so that a connection which answers many
        // requests in a second touches its timer once in a minute.
        if due < this.alarm.deadline() {
            this.alarm.as_mut().reset(due);
        }
        while this.alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= due {
                this.connection.cut.store(true, Relaxed);
                return Poll::Ready(Err(if busy { Cut::Deadline } else { Cut::Head }));
            }
            this.alarm.as_mut().reset(due);
        }
        Poll::Pending
    }
}
