//! A connection to a service whose next head goes out in an order of its own.
//!
//! pingora writes a head from a map of headers. Where that would lose an [`Order`], the stream is
//! wrapped for the time of one exchange, and the head put into order on its way.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream,
    TimingDigest, UniqueID, raw_connect::ProxyDigest,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::order::Order;

/// A stream that sends one head in an order.
pub(super) struct Ordered {
    stream: Stream,
    order: Option<Order>,
    /// The head, as far as it has not been sent.
    head: Bytes,
}

impl Ordered {
    /// Wraps a stream whose next write is a head.
    pub(super) fn new(stream: Stream, order: Order) -> Self {
        Self { stream, order: Some(order), head: Bytes::new() }
    }

    /// The stream that was wrapped, or one that never was.
    pub(super) fn unwrap(stream: Stream) -> Option<Stream> {
        if stream.as_any().is::<Self>() {
            stream.into_any().downcast::<Self>().ok().map(|this| this.stream)
        } else {
            Some(stream)
        }
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.head.is_empty() {
            let taken = ready!(Pin::new(&mut self.stream).poll_write(context, &self.head))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.head.advance(taken);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Ordered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Ordered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // pingora writes a head in one piece.
        if let Some(order) = self.order.take() {
            self.head = order.sort_wire(bytes).into();
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_head(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_head(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_head(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.order.is_some() {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write(context, first.map_or(&[][..], |slice| slice));
        }
        ready!(self.poll_head(context))?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[async_trait]
impl Shutdown for Ordered {
    async fn shutdown(&mut self) {
        self.stream.shutdown().await;
    }
}

impl UniqueID for Ordered {
    fn id(&self) -> i32 {
        self.stream.id()
    }
}

impl Ssl for Ordered {}

impl Peek for Ordered {}

impl GetTimingDigest for Ordered {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl GetProxyDigest for Ordered {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for Ordered {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

impl fmt::Debug for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ordered").field("stream", &self.stream).finish()
    }
}
