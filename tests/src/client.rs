//! Clients: one that writes any bytes, and requests that are built.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    wait::within,
    wire::{Response, Wire},
};

/// A connection to a gateway. Every wait has a deadline.
#[derive(Debug)]
pub struct Client {
    pub wire: Wire<TcpStream>,
}

/// A request that is well formed, unless a test makes it otherwise.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    host: String,
    headers: String,
    body: Vec<u8>,
}

/// Sends `GET` for a path of host `localhost` over a connection of its own.
///
/// # Errors
/// If no whole answer comes in time.
pub async fn get(address: SocketAddr, target: &str) -> Result<Response> {
    Request::get(target).send(address).await
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            host: "localhost".to_owned(),
            headers: String::new(),
            body: Vec::new(),
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    #[must_use]
    pub fn host(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// A body with its `content-length`.
    #[must_use]
    pub fn body(self, body: &[u8]) -> Self {
        let body = body.to_vec();
        Self { body, ..self }
    }

    /// As it goes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { method, target, host, headers, body } = self;
        let length = match body.len() {
            0 => String::new(),
            length => format!("content-length: {length}\r\n"),
        };
        let head = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n{headers}{length}\r\n");
        [head.into_bytes(), body.clone()].concat()
    }

    /// Over a connection of its own.
    ///
    /// # Errors
    /// If no whole answer comes in time.
    pub async fn send(&self, address: SocketAddr) -> Result<Response> {
        Client::connect(address).await?.ask(self).await
    }
}

impl Client {
    /// # Errors
    /// If nobody accepts.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let connect = async { Ok(TcpStream::connect(address).await?) };
        let stream = within("connect", connect).await?;
        stream.set_nodelay(true)?;
        Ok(Self { wire: Wire::new(stream) })
    }

    /// Sends a request and waits for its final answer.
    ///
    /// # Errors
    /// If no whole answer comes in time.
    pub async fn ask(&mut self, request: &Request) -> Result<Response> {
        self.send(request.bytes()).await?;
        self.answer_to(&request.method).await
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// If the gateway does not take them.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let write = async { Ok(self.wire.stream.write_all(bytes.as_ref()).await?) };
        within("write", write).await
    }

    /// The next answer, whatever it is, to a request that is not `HEAD`.
    ///
    /// # Errors
    /// If the connection closes instead, or no whole answer comes in time.
    pub async fn answer(&mut self) -> Result<Response> {
        self.answer_to("GET").await
    }

    /// The next final answer to a request with this method.
    ///
    /// # Errors
    /// If the connection closes instead, or no whole answer comes in time.
    pub async fn answer_to(&mut self, method: &str) -> Result<Response> {
        let read = async {
            loop {
                let answer = self.wire.response(method).await?;
                let answer = answer.context("closed without an answer")?;
                if answer.status >= 200 || answer.status == 101 {
                    return Ok(answer);
                }
            }
        };
        within("answer", read).await
    }

    /// All whole answers until the gateway closes the connection. One that is cut short ends
    /// the list.
    ///
    /// # Errors
    /// If the gateway does not close in time.
    pub async fn answers(&mut self) -> Result<Vec<Response>> {
        let read = async {
            let mut answers = Vec::new();
            while let Ok(Some(answer)) = self.wire.response("GET").await {
                answers.push(answer);
            }
            Ok(answers)
        };
        within("close", read).await
    }

    /// Waits until the gateway closes; what it says before is returned.
    ///
    /// # Errors
    /// If it does not close in time.
    pub async fn closed(&mut self) -> Result<Vec<u8>> {
        within("close", async { Ok(self.wire.rest().await) }).await
    }

    /// Says that no more will be written.
    ///
    /// # Errors
    /// If the connection is gone.
    pub async fn finish(&mut self) -> Result<()> {
        Ok(self.wire.stream.shutdown().await?)
    }
}
