//! One connection of a service.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::{Behaviour, Received, State, lock};
use crate::wire::{Head, Wire};

/// Between the bytes of a trickle.
const TRICKLE: Duration = Duration::from_millis(50);

pub(super) async fn serve(stream: TcpStream, state: Arc<State>) {
    let mut wire = Wire::new(stream);
    // A connection ends with the first request that is not one; tests look at what arrived.
    while exchange(&mut wire, &state).await.is_ok_and(|goes_on| goes_on) {}
}

/// Serves one request; false if the connection is over.
async fn exchange(wire: &mut Wire<TcpStream>, state: &State) -> Result<bool> {
    let Some(head) = wire.head().await? else { return Ok(false) };
    if head.header("expect").is_some() {
        wire.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    // Known before its body has come, so that a test can wait for a request that is under way.
    let index = note(state, &head);
    let body = wire.body(head.request_framing()?).await?;
    lock(&state.received)[index].body.clone_from(&body);
    let behaviour = lock(&state.behaviour).clone();
    let echo = echo(state, &head, &body);
    let stream = &mut wire.stream;
    match behaviour {
        Behaviour::Answer(bytes) => stream.write_all(&bytes).await?,
        Behaviour::Break(bytes) => {
            stream.write_all(&bytes).await?;
            return Ok(false);
        }
        Behaviour::Delay(delay) => {
            sleep(delay).await;
            stream.write_all(&echo).await?;
        }
        Behaviour::Echo => stream.write_all(&echo).await?,
        Behaviour::Hold => {
            state.released.notified().await;
            stream.write_all(&echo).await?;
        }
        Behaviour::Silent => {
            wire.rest().await;
            return Ok(false);
        }
        Behaviour::Trickle(bytes) => trickle(stream, &bytes).await?,
        Behaviour::Upgrade => upgrade(stream, &head).await?,
    }
    Ok(true)
}

fn note(state: &State, head: &Head) -> usize {
    let mut received = lock(&state.received);
    received.push(Received { head: head.clone(), body: Vec::new() });
    received.len() - 1
}

fn echo(state: &State, head: &Head, body: &[u8]) -> Vec<u8> {
    let length = head.bytes.len() + body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-type: text/plain\r\n\
         x-backend: {}\r\n\r\n",
        state.name
    );
    if head.start.starts_with("HEAD ") {
        return answer.into_bytes();
    }
    [answer.as_bytes(), &head.bytes, body].concat()
}

async fn trickle(stream: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    stream.write_all(bytes).await?;
    loop {
        sleep(TRICKLE).await;
        stream.write_all(b".").await?;
    }
}

async fn upgrade(stream: &mut TcpStream, head: &Head) -> Result<()> {
    let protocol = head.header("upgrade").unwrap_or("none");
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    let mut piece = [0; 1024];
    loop {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&piece[..read]).await?;
    }
}
