//! What senders are told.

use std::{
    borrow::Cow,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};

/// Why a request is not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) cause: Cause,
    /// For the log of whoever sent it.
    pub(super) words: Cow<'static, str>,
    /// What is said is in the encoding of the request.
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    Bad,
    /// A content type or compression that is not understood.
    Encoding,
    Method,
    NotOffered,
    Slow,
    TooLarge,
}

impl Refusal {
    pub(super) fn new(cause: Cause, words: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, words: words.into(), json: false }
    }

    pub(super) fn bad(words: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Cause::Bad, words)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(
            Cause::TooLarge,
            format!(
                "a message may have {limit} bytes, before and after compression; send smaller batches"
            ),
        )
    }

    pub(super) fn slow(patience: Duration) -> Self {
        Self::new(
            Cause::Slow,
            format!("the message did not arrive within {} s", patience.as_secs()),
        )
    }

    /// What is said about signals other than traces.
    pub(super) fn signal(signal: &str) -> Self {
        Self::new(
            Cause::NotOffered,
            format!(
                "Portico keeps traces only, no {signal}; send them to a collector, or none with \
                 OTEL_{}_EXPORTER=none",
                signal.to_ascii_uppercase()
            ),
        )
    }
}

/// Bytes, and trailers for gRPC.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) data: Option<Bytes>,
    pub(super) trailers: Option<HeaderMap>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        Poll::Ready(data.or_else(|| self.trailers.take().map(Frame::trailers)).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }
}
