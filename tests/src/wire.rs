//! HTTP/1.1 messages as they are on the wire. Strict, because a test must see what a lenient
//! parser would forgive.

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A head larger than this is an endless one. Tests send up to 1 MiB of request line.
const HEAD: usize = 4 << 20;

/// A stream and what was read from it too early.
#[derive(Debug)]
pub struct Wire<S> {
    pub stream: S,
    buffer: Vec<u8>,
}

/// The head of a request or a response.
#[derive(Clone, Debug)]
pub struct Head {
    /// Every byte, with the empty line at its end.
    pub bytes: Vec<u8>,
    /// The first line.
    pub start: String,
    /// Names in lower case, in order of arrival.
    pub headers: Vec<(String, String)>,
}

/// A whole response.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub head: Head,
    pub body: Vec<u8>,
}

/// How long a body is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    Chunked,
    Length(usize),
    None,
    UntilClose,
}

impl Head {
    fn parse(bytes: Vec<u8>) -> Result<Self> {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = text.trim_end_matches("\r\n").split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').context(format!("no colon in `{line}`"))?;
            Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        Ok(Self { start, headers: headers.collect::<Result<_>>()?, bytes })
    }

    /// The first value of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }

    /// All values of a name in lower case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let own = self.headers.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| &**value).collect()
    }

    /// The framing that the headers announce, if any.
    fn announced(&self) -> Result<Framing> {
        if self.header("transfer-encoding").is_some_and(|value| value.ends_with("chunked")) {
            return Ok(Framing::Chunked);
        }
        let Some(length) = self.header("content-length") else { return Ok(Framing::None) };
        let length = length.parse().with_context(|| format!("content-length `{length}`"))?;
        Ok(Framing::Length(length))
    }

    /// How the body of a request with this head is framed.
    ///
    /// # Errors
    /// If the length is not a number.
    pub fn request_framing(&self) -> Result<Framing> {
        self.announced()
    }

    fn response_framing(&self, status: u16, method: &str) -> Result<Framing> {
        // RFC 9112, section 6.3.
        if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
            return Ok(Framing::None);
        }
        let announced = self.announced()?;
        Ok(if announced == Framing::None { Framing::UntilClose } else { announced })
    }
}

impl Response {
    /// The first value of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body, where it is text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The short reason of an answer that the gateway made itself.
    pub fn reason(&self) -> &str {
        self.header("x-portico-reason").unwrap_or("-")
    }

    /// The generation that answered.
    ///
    /// # Errors
    /// If the gateway does not show generations.
    pub fn generation(&self) -> Result<u64> {
        let number = self.header("x-portico-generation").context("no generation is shown")?;
        Ok(number.parse()?)
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    async fn fill(&mut self) -> Result<usize> {
        Ok(self.stream.read_buf(&mut self.buffer).await?)
    }

    /// The next head, or `None` if the peer has closed before its first byte.
    ///
    /// # Errors
    /// If the peer closes in the middle, or what it sends is not a head.
    pub async fn head(&mut self) -> Result<Option<Head>> {
        let mut searched = 0;
        loop {
            let from = &self.buffer[searched..];
            if let Some(at) = from.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.buffer.split_off(searched + at + 4);
                return Head::parse(std::mem::replace(&mut self.buffer, rest)).map(Some);
            }
            searched = self.buffer.len().saturating_sub(3);
            ensure!(self.buffer.len() <= HEAD, "a head of more than {HEAD} bytes");
            if self.fill().await? == 0 {
                let got = self.buffer.escape_ascii();
                ensure!(self.buffer.is_empty(), "closed in the middle of a head: `{got}`");
                return Ok(None);
            }
        }
    }

    /// A body that is framed like this.
    ///
    /// # Errors
    /// If the peer closes before its end, or its chunks are no chunks.
    pub async fn body(&mut self, framing: Framing) -> Result<Vec<u8>> {
        match framing {
            Framing::None => Ok(Vec::new()),
            Framing::Length(length) => self.take(length).await,
            Framing::UntilClose => {
                while self.fill().await? > 0 {}
                Ok(std::mem::take(&mut self.buffer))
            }
            Framing::Chunked => self.chunks().await,
        }
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = usize::from_str_radix(line.trim(), 16)
                .with_context(|| format!("chunk size `{}`", line.escape_debug()))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.take(size).await?);
            ensure!(self.line().await?.is_empty(), "a chunk is longer than it says");
        }
    }

    async fn line(&mut self) -> Result<String> {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let rest = self.buffer.split_off(at + 2);
                let line = std::mem::replace(&mut self.buffer, rest);
                return Ok(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            if self.fill().await? == 0 {
                bail!("closed in the middle of a line");
            }
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < length {
            if self.fill().await? == 0 {
                bail!("closed after {} of {length} bytes of a body", self.buffer.len());
            }
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// The next response, interim ones included, or `None` if the peer has closed.
    ///
    /// # Errors
    /// If it is cut short or not HTTP.
    pub async fn response(&mut self, method: &str) -> Result<Option<Response>> {
        let Some(head) = self.head().await? else { return Ok(None) };
        let status = head.start.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("no status in `{}`", head.start))?;
        let body = self.body(head.response_framing(status, method)?).await?;
        Ok(Some(Response { status, head, body }))
    }

    /// All that comes until the peer closes. A reset counts as a close.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await.is_ok_and(|read| read > 0) {}
        std::mem::take(&mut self.buffer)
    }

    /// Reads until at least this many bytes are there, and takes them.
    ///
    /// # Errors
    /// If the peer closes before.
    pub async fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        self.take(length).await
    }
}
