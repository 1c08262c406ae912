//! gRPC calls and streams of a plugin, over HTTP/2 with prior knowledge.
//!
//! Heads, the order of events and the words of their ends are what Envoy 1.40 shows a filter: a
//! unary call ends with its message or with a status other than 0; a stream gets its head, each
//! message, the trailers, its end. Where a peer breaks off, what is missing is made up in that
//! order.
//!
//! | the peer | status |
//! |---|---|
//! | cannot be reached, resets before a head, is late | 14 |
//! | resets behind its head; sends what is compressed or no frame | 13 |
//! | ends a unary call with 0 and no message | 13 |
//! | ends without `grpc-status` | 2, or what stands for the HTTP status |
//! | ends with a status that is no number up to 16 | -1 |
//! | sends a message larger than the plugin gets; does not take what the plugin sends | 8 |

mod channel;
mod frame;
mod head;
mod status;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::{RecvStream, SendStream, client::ResponseFuture};
use portico_wasm::{GrpcCall, GrpcEvent, GrpcRunning};
use tokio::{
    sync::{
        Notify,
        mpsc::{self, UnboundedReceiver, UnboundedSender},
    },
    task::AbortHandle,
    time::{Instant, sleep_until},
};

pub(super) use self::channel::Channels;
use self::{
    frame::{BadFrame, Decoder},
    status::{End, INTERNAL, UNKNOWN, reason},
};
use super::{dial::Dialer, targets::Upstream};

/// Messages of a stream that wait for its peer to take them: as much as a few of the largest.
const UNSENT: usize = 4 << 20;

/// A call that can be made.
pub(super) struct Request {
    head: http::Request<()>,
    /// The message of a unary call, framed.
    first: Option<Bytes>,
    timeout: Option<Duration>,
    /// Largest message of the peer.
    message_bytes: usize,
}

/// What a guest says on its stream.
pub(super) enum Said {
    Message(Bytes),
    /// It has said all.
    End,
}

/// What [`perform`] needs of the worker.
pub(super) struct Line {
    pub(super) dialer: Arc<Dialer>,
    pub(super) channels: Arc<Channels>,
    pub(super) to: Upstream,
}

/// A call as its plugin holds it.
pub(super) struct Open {
    said: UnboundedSender<Said>,
    unsent: Arc<Unsent>,
    task: AbortHandle,
}

/// A guest's end of a call, as its task holds it.
pub(super) struct Outbox {
    said: UnboundedReceiver<Said>,
    unsent: Arc<Unsent>,
}

/// What a guest has said and its peer has not taken.
#[derive(Default)]
struct Unsent {
    bytes: AtomicUsize,
    /// It is more than is kept.
    too_much: Notify,
}

impl Request {
    /// `None` for a call that cannot be written down.
    pub(super) fn new(call: GrpcCall, to: &Upstream, message_bytes: usize) -> Option<Self> {
        let timeout = call.timeout.filter(|timeout| !timeout.is_zero());
        let head = head::request(&call, &to.service.name)?;
        let first = match call.first {
            Some(message) => Some(frame::encode(&message)?),
            None => None,
        };
        Some(Self { head, first, timeout, message_bytes })
    }
}

/// Both ends of what a guest says; the task comes later.
pub(super) fn outbox() -> (impl FnOnce(AbortHandle) -> Open, Outbox) {
    let (sender, said) = mpsc::unbounded_channel();
    let unsent = Arc::<Unsent>::default();
    let outbox = Outbox { said, unsent: unsent.clone() };
    (move |task| Open { said: sender, unsent, task }, outbox)
}

impl GrpcRunning for Open {
    fn send(&self, message: Bytes, end_stream: bool) {
        let Some(frame) = frame::encode(&message) else { return };
        let length = frame.len();
        if self.unsent.bytes.fetch_add(length, Relaxed) + length > UNSENT {
            return self.unsent.too_much.notify_one();
        }
        // Nobody listens any more if the call has ended.
        let _ended = self.said.send(Said::Message(frame));
        if end_stream {
            self.close();
        }
    }

    fn close(&self) {
        let _ended = self.said.send(Said::End);
    }
}

impl Drop for Open {
    /// What has not ended by itself is reset.
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Makes the call, and delivers what comes of it. `deliver` says whether somebody still listens.
/// Answers with the last status, or `None` if nobody heard it.
pub(super) async fn perform(
    line: Line,
    request: Request,
    outbox: Outbox,
    deliver: impl FnMut(GrpcEvent) -> bool,
) -> Option<i32> {
    let unary = request.first.is_some();
    let deadline = request.timeout.map(|timeout| Instant::now() + timeout);
    let unsent = outbox.unsent.clone();
    let mut call = Call { unary, deliver, headed: false, message: None };
    let end = tokio::select! {
        end = call.run(&line, request, outbox) => end,
        () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
            call.broken(End::late(!call.headed))
        }
        () = unsent.too_much.notified() => {
            call.broken(End::exhausted("the peer does not take what is sent"))
        }
    };
    call.end(&end?)
}

struct Call<D> {
    unary: bool,
    deliver: D,
    /// The head of the answer has come.
    headed: bool,
    /// The last message of a unary call.
    message: Option<Bytes>,
}

impl<D: FnMut(GrpcEvent) -> bool> Call<D> {
    /// Until the peer has ended it. `None`: nobody listens any more.
    async fn run(&mut self, line: &Line, request: Request, outbox: Outbox) -> Option<End> {
        let mut send = match line.channels.get(&line.dialer, &line.to).await {
            Ok(send) => send,
            Err(end) => return self.broken(end),
        };
        let began = Instant::now();
        let (response, stream) = match send.send_request(request.head, false) {
            Ok(opened) => opened,
            Err(error) => return self.broken(End::reset(true, reason(&error))),
        };
        let said_all = Arc::new(AtomicBool::new(false));
        let saying = say(stream, request.first, outbox, said_all.clone());
        tokio::pin!(saying);
        let hearing = self.hear(response, began, &said_all, request.message_bytes);
        tokio::pin!(hearing);
        let mut saying_still = true;
        loop {
            tokio::select! {
                biased;
                end = &mut hearing => return end,
                () = &mut saying, if saying_still => saying_still = false,
            }
        }
    }

    /// What the peer sends, up to its end.
    async fn hear(
        &mut self,
        response: ResponseFuture,
        began: Instant,
        said_all: &AtomicBool,
        limit: usize,
    ) -> Option<End> {
        let (head, body) = match response.await {
            Ok(response) => response.into_parts(),
            Err(error) => return self.broken(End::reset(true, reason(&error))),
        };
        self.headed = true;
        let took = said_all.load(Relaxed).then(|| began.elapsed());
        let pairs = head::pairs(Some(head.status), &head.headers, took);
        let only_trailers = body.is_end_stream();
        if only_trailers && (head.status == 200 || head.headers.contains_key("grpc-status")) {
            let heard = self.tell_head(Vec::new()) && self.tell_trailers(pairs);
            return heard.then(|| End::of_trailers(&head.headers));
        }
        if head.status != 200 {
            let heard = self.tell_head(Vec::new()) && self.tell_trailers(Vec::new());
            return heard.then(|| End::of_http(head.status.as_u16()));
        }
        if !self.tell_head(pairs) {
            return None;
        }
        self.hear_messages(body, limit).await
    }

    async fn hear_messages(&mut self, mut body: RecvStream, limit: usize) -> Option<End> {
        let mut decoder = Decoder::new(limit);
        while let Some(piece) = body.data().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => return self.broken(End::reset(false, reason(&error))),
            };
            decoder.push(&piece);
            // The window may grow by what was taken out of it.
            let _closed = body.flow_control().release_capacity(piece.len());
            loop {
                match decoder.next() {
                    Ok(Some(message)) if self.tell_message(message.clone()) => {}
                    Ok(Some(_)) => return None,
                    Ok(None) => break,
                    Err(BadFrame::Flag) => {
                        return self.broken(End::upstream(INTERNAL, String::new()));
                    }
                    Err(BadFrame::TooLarge) => {
                        return self
                            .broken(End::exhausted("a message is larger than the plugin gets"));
                    }
                }
            }
        }
        match body.trailers().await {
            Ok(Some(trailers)) => {
                let pairs = head::pairs(None, &trailers, None);
                self.tell_trailers(pairs).then(|| End::of_trailers(&trailers))
            }
            Ok(None) => self.broken(End::upstream(UNKNOWN, String::new())),
            Err(error) => self.broken(End::reset(false, reason(&error))),
        }
    }

    /// An end that did not come from the peer: what is missing before it is made up.
    fn broken(&mut self, end: End) -> Option<End> {
        let heard = match self.headed {
            true => self.tell_trailers(Vec::new()),
            false => self.tell_head(Vec::new()) && self.tell_trailers(end.as_trailers()),
        };
        heard.then_some(end)
    }

    fn tell_head(&mut self, pairs: Vec<(Bytes, Bytes)>) -> bool {
        self.unary || (self.deliver)(GrpcEvent::InitialMetadata(pairs))
    }

    fn tell_message(&mut self, message: Bytes) -> bool {
        if self.unary {
            // Whether it counts is known at the end.
            self.message = Some(message);
            return true;
        }
        (self.deliver)(GrpcEvent::Message(message))
    }

    fn tell_trailers(&mut self, pairs: Vec<(Bytes, Bytes)>) -> bool {
        self.unary || (self.deliver)(GrpcEvent::TrailingMetadata(pairs))
    }

    fn end(&mut self, end: &End) -> Option<i32> {
        let (status, event) = match self.message.take() {
            Some(message) if end.status == 0 => (0, GrpcEvent::Message(message)),
            // A unary call that went well has a message.
            None if self.unary && end.status == 0 => {
                (INTERNAL, GrpcEvent::Closed { status: INTERNAL, message: String::new() })
            }
            _ => (end.status, GrpcEvent::Closed { status: end.status, message: end.shown() }),
        };
        (self.deliver)(event).then_some(status)
    }
}

/// Sends what the guest says, as fast as its peer takes it. That the stream breaks is no error here:
/// its other half knows why.
async fn say(
    mut stream: SendStream<Bytes>,
    first: Option<Bytes>,
    mut outbox: Outbox,
    said_all: Arc<AtomicBool>,
) {
    if let Some(first) = first {
        let _broken = write(&mut stream, first, true).await;
        said_all.store(true, Relaxed);
        return;
    }
    while let Some(said) = outbox.said.recv().await {
        match said {
            Said::Message(frame) => {
                let length = frame.len();
                if write(&mut stream, frame, false).await.is_none() {
                    return;
                }
                outbox.unsent.bytes.fetch_sub(length, Relaxed);
            }
            Said::End => {
                said_all.store(true, Relaxed);
                let _broken = stream.send_data(Bytes::new(), true);
                return;
            }
        }
    }
}

/// Within the window that the peer grants. `None` if the stream has broken.
async fn write(stream: &mut SendStream<Bytes>, mut bytes: Bytes, end: bool) -> Option<()> {
    loop {
        stream.reserve_capacity(bytes.len());
        let granted = std::future::poll_fn(|context| stream.poll_capacity(context)).await?.ok()?;
        let piece = bytes.split_to(granted.min(bytes.len()));
        let last = bytes.is_empty();
        stream.send_data(piece, end && last).ok()?;
        if last {
            return Some(());
        }
    }
}

#[cfg(test)]
mod tests;
