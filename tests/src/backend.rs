//! Services for a gateway to send requests to: in this process, on ports of their own, and as
//! badly behaved as a test wants.

mod serve;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Notify,
    task::JoinHandle,
};

use crate::{wait::eventually, wire::Head};

/// What a service does with its next requests.
#[derive(Clone, Debug, Default)]
pub enum Behaviour {
    /// Writes these bytes, whatever they are, and goes on.
    Answer(Vec<u8>),
    /// Writes these bytes and breaks the connection off.
    Break(Vec<u8>),
    /// Answers after this long.
    Delay(Duration),
    /// Answers 200, in the body the request's head as it arrived, then its body.
    #[default]
    Echo,
    /// Answers like `Echo`, but only after [`Backend::release`].
    Hold,
    /// Reads the request and never answers, while the connection stays open.
    Silent,
    /// Writes these bytes, then one byte of a body each 50 ms, for ever.
    Trickle(Vec<u8>),
    /// Agrees to any upgrade and sends back every byte that comes.
    Upgrade,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub head: Head,
    pub body: Vec<u8>,
}

/// A service with one endpoint. It ends when it is dropped, connections and all.
#[derive(Debug)]
pub struct Backend {
    pub address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
    /// Keeps the port of one that refuses.
    _reserved: Option<TcpSocket>,
}

#[derive(Debug, Default)]
struct State {
    name: String,
    behaviour: Mutex<Behaviour>,
    received: Mutex<Vec<Received>>,
    accepted: AtomicUsize,
    released: Notify,
    open: Mutex<Vec<JoinHandle<()>>>,
}

impl Backend {
    /// One that echoes. Its name comes back in the header `x-backend`.
    ///
    /// # Errors
    /// If there is no port for it.
    pub async fn start(name: &str) -> Result<Self> {
        Self::with(name, Behaviour::Echo).await
    }

    /// One with a behaviour.
    ///
    /// # Errors
    /// If there is no port for it.
    pub async fn with(name: &str, behaviour: Behaviour) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            name: name.to_owned(),
            behaviour: Mutex::new(behaviour),
            ..State::default()
        });
        let accepting = tokio::spawn(accept(listener, state.clone()));
        Ok(Self { address, state, accepting: Some(accepting), _reserved: None })
    }

    /// An address that refuses connections, and that nobody else gets meanwhile.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn refusing() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = socket.local_addr()?;
        Ok(Self { address, state: Arc::default(), accepting: None, _reserved: Some(socket) })
    }

    /// From the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.state.behaviour) = behaviour;
    }

    /// Lets one request go on that is held.
    pub fn release(&self) {
        self.state.released.notify_one();
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// Every request so far.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state.received).clone()
    }

    /// The last request.
    ///
    /// # Panics
    /// If none has come.
    pub fn last(&self) -> Received {
        self.received().pop().expect("a request has reached the service")
    }

    /// Waits until this many requests have arrived in all.
    ///
    /// # Errors
    /// If fewer come in time.
    pub async fn has(&self, count: usize) -> Result<()> {
        eventually(async || {
            let arrived = self.received().len();
            ensure!(arrived >= count, "{arrived} of {count} requests have arrived");
            Ok(())
        })
        .await
    }

    /// Breaks every connection off, as a process that is killed does, and refuses new ones.
    pub fn kill(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
        for connection in lock(&self.state.open).drain(..) {
            connection.abort();
        }
    }

    /// Accepts again at the same address.
    ///
    /// # Errors
    /// If the address cannot be had in time.
    pub async fn revive(&mut self) -> Result<()> {
        // What was killed may not have let go of it yet.
        let bind = async || Ok(TcpListener::bind(self.address).await?);
        let listener = eventually(bind).await?;
        self.accepting = Some(tokio::spawn(accept(listener, self.state.clone())));
        Ok(())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        state.accepted.fetch_add(1, Ordering::SeqCst);
        let connection = tokio::spawn(serve::serve(stream, state.clone()));
        let mut open = lock(&state.open);
        open.retain(|connection| !connection.is_finished());
        open.push(connection);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
