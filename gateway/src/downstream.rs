//! The byte stream of a downstream connection, as pingora wants it.
//!
//! pingora's own stream gets its buffer from pingora's accept loop, and without one it sends head
//! and body of a small answer in two packets. This one gathers them, and tells the connection when
//! the first byte of a head has come.

use std::{
    fmt, io,
    os::fd::AsRawFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::{Buf, BytesMut};
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, raw_connect::ProxyDigest,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter, ReadBuf},
    net::TcpStream,
};

use crate::connection::Connection;

/// Bytes that are gathered before they are sent: the head and body of most answers of an API.
/// Larger pieces go past the buffer.
const BUFFER: usize = 8 << 10;

/// How long the end of a connection may wait for the client to take what is left.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// The stream of a connection, with a buffer for what is sent.
pub(crate) struct Downstream {
    stream: BufWriter<Socket>,
    /// A head on its way into the buffer.
    head: BytesMut,
    opened: SystemTime,
}

impl Downstream {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        let stream = BufWriter::with_capacity(BUFFER, Socket(connection));
        Self { stream, head: BytesMut::new(), opened: SystemTime::now() }
    }

    /// Takes a head without what pingora adds to every one: that the connection stays open, which
    /// HTTP/1.1 does not say (RFC 9112, section 9.3).
    fn take_head(&mut self, bytes: &[u8]) {
        let found = bytes.windows(KEEP_ALIVE.len()).position(is_keep_alive);
        let (before, after) = match found {
            Some(at) => (&bytes[..at], &bytes[at + KEEP_ALIVE.len()..]),
            None => (bytes, &[][..]),
        };
        self.head.extend_from_slice(before);
        self.head.extend_from_slice(after);
        if let Some(order) = self.stream.get_ref().0.take_order() {
            self.head = BytesMut::from(&*order.sort_wire(&self.head));
        }
    }

    /// Moves the head into the buffer.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.head.is_empty() {
            let taken = ready!(Pin::new(&mut self.stream).poll_write(context, &self.head))?;
            self.head.advance(taken);
        }
        Poll::Ready(Ok(()))
    }
}

/// The line as it stands in a head.
const KEEP_ALIVE: &[u8] = b"\r\nconnection: keep-alive";

fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\r\n") && bytes.eq_ignore_ascii_case(KEEP_ALIVE)
}

impl AsyncRead for Downstream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_read(context, buffer)
    }
}

impl AsyncWrite for Downstream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_head(context))?;
        // pingora writes a head in one piece.
        if self.stream.get_ref().0.begins_head() {
            self.take_head(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
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
        ready!(self.poll_head(context))?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The connection's socket. It is shared with the connection, which may have a last word to say
/// when the exchange that owns the stream is cut off.
struct Socket(Arc<Connection>);

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let tcp = self.0.tcp();
        loop {
            ready!(tcp.poll_read_ready(context))?;
            match tcp.try_read_buf(buffer) {
                Ok(_) => {
                    self.0.bytes_came();
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Socket {
    fn poll_send(
        &self,
        context: &mut Context<'_>,
        mut send: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let tcp = self.0.tcp();
        loop {
            ready!(tcp.poll_write_ready(context))?;
            match send(tcp) {
                Ok(count) => {
                    self.0.bytes_went();
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(context, |tcp| tcp.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(context, |tcp| tcp.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The connection may still have a word to say; `serve` ends the sending.
        Poll::Ready(Ok(()))
    }
}

#[async_trait]
impl Shutdown for Downstream {
    async fn shutdown(&mut self) {
        let end = AsyncWriteExt::shutdown(&mut self.stream);
        // The connection is over whether or not the client hears of it.
        let _gone = tokio::time::timeout(SHUTDOWN, end).await;
    }
}

impl UniqueID for Downstream {
    fn id(&self) -> i32 {
        self.stream.get_ref().0.tcp().as_raw_fd()
    }
}

impl Ssl for Downstream {}

impl Peek for Downstream {}

impl GetTimingDigest for Downstream {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        vec![Some(TimingDigest { established_ts: self.opened, ..TimingDigest::default() })]
    }
}

impl GetProxyDigest for Downstream {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Downstream {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        None
    }
}

impl fmt::Debug for Downstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downstream").field("client", &self.stream.get_ref().0.facts.source).finish()
    }
}
