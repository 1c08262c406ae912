//! Takes batches off a queue and brings them to the receiver, one after another.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    BatchSettings, Lane, Protocol, RetrySettings, Settings, Signal, StartError,
    encode::{Chunk, Envelope},
    grpc::Grpc,
    http::Http,
    queue::Limit,
    retry::{Backoff, Verdict},
};

/// Of what a receiver says, so much is shown.
const LONGEST_MESSAGE: usize = 300;
/// Shorter ones are no secrets that could be told from other text.
const SHORTEST_SECRET: usize = 6;

/// How requests get to a receiver.
#[derive(Clone, Debug)]
pub(super) enum Transport {
    Grpc(Box<Grpc>),
    Http(Http),
}

/// One signal's task.
pub(super) struct Sender {
    lane: Lane,
    transport: Transport,
    envelope: Envelope,
    batch: BatchSettings,
    retry: RetrySettings,
    timeout: std::time::Duration,
    until: watch::Receiver<Option<Instant>>,
    backoff: Backoff,
    scrub: Scrub,
    /// A partial success was logged.
    complained: bool,
}

/// Takes our secrets out of what receivers say: they may repeat what they were sent.
#[derive(Clone)]
struct Scrub(Arc<[String]>);

impl Transport {
    pub(super) fn new(settings: &Settings) -> Result<Self, StartError> {
        let headers = headers(settings)?;
        Ok(match settings.protocol {
            Protocol::Grpc => Self::Grpc(Box::new(Grpc::new(settings, headers)?)),
            Protocol::Http => Self::Http(Http::new(settings, headers)?),
        })
    }

    async fn send(&mut self, signal: Signal, request: Bytes) -> Verdict {
        match self {
            Self::Grpc(grpc) => grpc.send(signal, request).await,
            Self::Http(http) => http.send(signal, request).await,
        }
    }
}

impl Sender {
    pub(super) fn new(
        lane: Lane,
        transport: Transport,
        settings: &Settings,
        until: watch::Receiver<Option<Instant>>,
    ) -> Self {
        let secrets = settings.headers.iter().map(|(_, value)| value.reveal());
        let secrets = secrets.filter_map(|value| std::str::from_utf8(value).ok());
        // Of `Bearer abc`, `abc` is the secret.
        let words = secrets.flat_map(|value| value.split_ascii_whitespace().chain([value]));
        let mut words: Vec<String> =
            words.filter(|word| word.len() >= SHORTEST_SECRET).map(str::to_owned).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self {
            lane,
            transport,
            envelope: Envelope::new(&settings.resource),
            batch: settings.batch,
            retry: settings.retry,
            timeout: settings.timeout,
            until,
            backoff: Backoff::new(settings.retry),
            scrub: Scrub(words.into()),
            complained: false,
        }
    }

    /// Until the exporter ends.
    pub(super) async fn run(mut self) {
        while self.wait().await {
            let most = Limit { items: self.most(), bytes: self.batch.bytes };
            let chunks = self.lane.queue.take(most);
            if chunks.is_empty() {
                return;
            }
            let items = chunks.iter().map(|chunk| chunk.items).sum();
            let request = self.request(&chunks);
            drop(chunks);
            let until = self.until.clone();
            let in_time = tokio::select! {
                () = self.deliver(request, items) => true,
                () = past(until) => false,
            };
            if !in_time {
                self.lane.counters.add_dropped_at_end(items);
                return;
            }
        }
    }

    /// Waits for a batch that is full or old enough, or for the end. Says whether to go on.
    async fn wait(&mut self) -> bool {
        let Self { lane, batch, until, .. } = self;
        let any = Limit { items: 1, bytes: 1 };
        let ending = tokio::select! {
            () = lane.queue.holds(any) => false,
            running = until.wait_for(Option::is_some) => {
                if running.is_err() {
                    return false;
                }
                true
            }
        };
        if ending {
            // What is queued now is the last.
            return true;
        }
        let full = Limit { items: batch.items, bytes: batch.bytes };
        tokio::select! {
            () = lane.queue.holds(full) => true,
            () = sleep(batch.interval) => true,
            running = until.wait_for(Option::is_some) => running.is_ok(),
        }
    }

    /// States of metrics are sent one by one.
    fn most(&self) -> usize {
        if self.lane.signal == Signal::Metrics { 1 } else { self.batch.items }
    }

    fn request(&self, chunks: &[Chunk]) -> Bytes {
        match (self.lane.signal, chunks) {
            (Signal::Metrics, [state, ..]) => Bytes::copy_from_slice(&state.bytes),
            _ => self.envelope.request(chunks),
        }
    }

    async fn deliver(&mut self, request: Bytes, items: usize) {
        let began = Instant::now();
        loop {
            self.lane.counters.add_request();
            let sent = self.transport.send(self.lane.signal, request.clone());
            let verdict = match timeout(self.timeout, sent).await {
                Ok(verdict) => verdict,
                Err(_) => {
                    self.transport.forget();
                    let why = format!("no answer within {:?}", self.timeout);
                    Verdict::Later { why, after: None }
                }
            };
            let asked = match verdict {
                Verdict::Accepted { rejected, message } => {
                    return self.accepted(items, rejected, message);
                }
                Verdict::Never { why } => {
                    self.lane.counters.add_dropped_refused(items);
                    return self.failed(why, "and what it refuses is dropped");
                }
                Verdict::Later { why, after } => {
                    self.lane.counters.add_failure();
                    self.failed(why, "it is tried again");
                    after
                }
            };
            // Also if this batch is given up: the next one must not hammer either.
            sleep(self.backoff.pause(asked, fastrand::f64())).await;
            if began.elapsed() >= self.retry.give_up {
                return self.lane.counters.add_dropped_gave_up(items);
            }
        }
    }

    fn accepted(&mut self, items: usize, rejected: usize, message: String) {
        self.backoff.reset();
        if self.lane.counters.succeed(items, rejected) {
            tracing::info!(signal = ?self.lane.signal, "the telemetry receiver takes data again");
        }
        if (rejected > 0 || !message.is_empty()) && !self.complained {
            self.complained = true;
            let message = self.scrub.clean(message);
            tracing::warn!(
                signal = ?self.lane.signal,
                rejected,
                "the telemetry receiver took a request in part, said once: {message}"
            );
        }
    }

    fn failed(&self, why: String, what: &str) {
        let why = self.scrub.clean(why);
        if self.lane.counters.fail(why.clone()) {
            tracing::warn!(
                signal = ?self.lane.signal,
                "the telemetry receiver does not take data, {what}: {why}"
            );
        }
    }
}

impl Transport {
    /// A connection that hangs must not be used again.
    fn forget(&mut self) {
        match self {
            Self::Grpc(grpc) => grpc.forget(),
            // An exchange of HTTP/1.1 that is given up takes its connection with it.
            Self::Http(_) => {}
        }
    }
}

impl Scrub {
    fn clean(&self, text: String) -> String {
        let mut text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        for secret in &*self.0 {
            text = text.replace(secret.as_str(), "[redacted]");
        }
        text.truncate(text.floor_char_boundary(LONGEST_MESSAGE));
        text
    }
}

impl fmt::Debug for Scrub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Ready when nothing may be sent any more.
async fn past(mut until: watch::Receiver<Option<Instant>>) {
    let end = until.wait_for(Option::is_some).await.ok().and_then(|end| *end);
    if let Some(end) = end {
        sleep_until(end).await;
    }
}

fn headers(settings: &Settings) -> Result<HeaderMap, StartError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let wrong = |why| StartError::Header { name: name.clone(), why };
        let key =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("has no valid name"))?;
        if ["content-type", "content-length", "host", "te"].contains(&key.as_str()) {
            return Err(wrong("is set by the protocol"));
        }
        if settings.protocol == Protocol::Grpc && key.as_str().ends_with("-bin") {
            return Err(wrong("would hold binary data over gRPC"));
        }
        let mut value = HeaderValue::from_bytes(value.reveal())
            .map_err(|_| wrong("has a value that no header can have"))?;
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}
