//! Worker threads. Each has its own event loop, its own pool of warm connections and its own
//! instances of every plugin; a connection stays on the thread that accepted it. So serving a
//! request takes no lock that another worker might hold.

use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

use crate::{
    connection::{self, Connection, Last},
    proxy::Proxy,
    snapshot::{Snapshot, SocketId},
    telemetry::Recorder,
};

/// Connections of one worker. Each costs about 20 KiB while it is busy; past this the machine is
/// better served by refusing than by swapping.
const CONNECTIONS: usize = 32_768;

/// After accepting failed for want of file descriptors, how long to wait for some to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// All worker threads.
pub struct Workers {
    workers: Vec<Worker>,
    connections: Arc<AtomicUsize>,
}

struct Worker {
    handle: Handle,
    commands: mpsc::UnboundedSender<Command>,
    thread: thread::JoinHandle<()>,
}

enum Command {
    /// Stop accepting on a socket and close its idle connections, and say so. What still comes on
    /// its connections is served by the snapshot that knows it.
    Close(SocketId, Arc<Snapshot>, oneshot::Sender<()>),
    Listen(SocketId, StdListener),
    Stop,
}

/// What is the same for all workers.
#[derive(Clone)]
pub struct Settings {
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// Adds the generation's number to each answer.
    pub show_generation: bool,
}

impl Workers {
    /// Starts a thread for each recorder.
    ///
    /// # Errors
    /// If the system gives no thread or no event loop.
    pub fn start(recorders: Vec<Recorder>, settings: &Settings) -> io::Result<Self> {
        let connections = Arc::new(AtomicUsize::new(0));
        let ids = Arc::new(AtomicU64::new(1));
        let workers = recorders.into_iter().enumerate().map(|(number, recorder)| {
            let (commands, receiver) = mpsc::unbounded_channel();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let handle = runtime.handle().clone();
            let snapshot = settings.snapshot.clone();
            let proxy = Proxy::new(number, snapshot, recorder, settings.show_generation);
            let proxy = Arc::new(proxy);
            let counters = Counters { open: connections.clone(), ids: ids.clone() };
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || runtime.block_on(work(proxy, counters, receiver)))?;
            Ok(Worker { handle, commands, thread })
        });
        Ok(Self { workers: workers.collect::<io::Result<_>>()?, connections })
    }

    pub fn count(&self) -> usize {
        self.workers.len()
    }

    /// The event loop of each.
    pub fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.workers.iter().map(|worker| &worker.handle)
    }

    /// Open downstream connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Begins to accept on a socket, on every worker: one descriptor each.
    pub fn listen(&self, socket: SocketId, listeners: Vec<StdListener>) {
        for (worker, listener) in self.workers.iter().zip(listeners) {
            // A worker that is gone has nothing to listen with; the process is ending.
            let _gone = worker.commands.send(Command::Listen(socket, listener));
        }
    }

    /// Stops accepting on a socket; returns when no worker does any more. Its idle connections are
    /// closed; requests that have begun to arrive are answered by `last`, the snapshot that knew
    /// the socket, and then theirs are closed.
    pub async fn close(&self, socket: SocketId, last: &Arc<Snapshot>) {
        for worker in &self.workers {
            let (done, closed) = oneshot::channel();
            if worker.commands.send(Command::Close(socket, last.clone(), done)).is_ok() {
                let _gone = closed.await;
            }
        }
    }

    /// Ends all threads, whatever they do.
    pub fn stop(self) {
        for worker in self.workers {
            let _gone = worker.commands.send(Command::Stop);
            if worker.thread.join().is_err() {
                tracing::error!("a worker thread had panicked");
            }
        }
    }
}

#[derive(Clone)]
struct Counters {
    open: Arc<AtomicUsize>,
    ids: Arc<AtomicU64>,
}

/// What accept loops of one worker share.
#[derive(Clone)]
struct Local {
    proxy: Arc<Proxy>,
    counters: Counters,
    /// Connections of this worker.
    open: Arc<AtomicUsize>,
}

/// A socket on which this worker accepts.
struct Listening {
    gone: watch::Sender<Last>,
    accepting: tokio::task::JoinHandle<()>,
}

async fn work(
    proxy: Arc<Proxy>,
    counters: Counters,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let local = Local { proxy, counters, open: Arc::default() };
    // Per worker, so that connections of different workers share no channel.
    let mut sockets = HashMap::<SocketId, Listening>::new();
    while let Some(command) = commands.recv().await {
        match command {
            Command::Listen(socket, listener) => {
                let (gone, watch_gone) = watch::channel(None);
                match TcpListener::from_std(listener) {
                    Ok(listener) => {
                        let accepting = accept(local.clone(), socket, listener, watch_gone);
                        let accepting = tokio::spawn(accepting);
                        sockets.insert(socket, Listening { gone, accepting });
                    }
                    Err(error) => tracing::error!(%error, "a worker cannot listen"),
                }
            }
            Command::Close(socket, last, done) => {
                if let Some(listening) = sockets.remove(&socket) {
                    let Listening { gone, accepting } = listening;
                    let _no_connection = gone.send(Some(last));
                    let _panicked = accepting.await;
                }
                let _not_waiting = done.send(());
            }
            Command::Stop => return,
        }
    }
}

/// Accepts until the socket is closed, and then what had already come.
async fn accept(
    local: Local,
    socket: SocketId,
    listener: TcpListener,
    gone: watch::Receiver<Last>,
) {
    let mut closing = gone.clone();
    loop {
        tokio::select! {
            biased;
            () = connection::gone(&mut closing) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => admit(&local, socket, stream, client, &gone),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    if let Ok(listener) = listener.into_std() {
        while let Ok((stream, client)) = listener.accept() {
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                admit(&local, socket, stream, client, &gone);
            }
        }
    }
}

fn admit(
    local: &Local,
    socket: SocketId,
    stream: TcpStream,
    client: SocketAddr,
    gone: &watch::Receiver<Last>,
) {
    if local.open.load(Ordering::Relaxed) >= CONNECTIONS {
        tracing::warn!(%client, "refused: {CONNECTIONS} connections are open on this worker");
        return;
    }
    let Ok(destination) = stream.local_addr() else { return };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the client is gone");
        return;
    }
    let id = local.counters.ids.fetch_add(1, Ordering::Relaxed);
    let connection =
        Arc::new(Connection::new(socket, id, [client, destination], stream, gone.clone()));
    let open = Open::new([local.open.clone(), local.counters.open.clone()]);
    let proxy = local.proxy.clone();
    tokio::spawn(async move {
        let _open = open;
        connection::serve(&proxy, connection).await;
    });
}

/// Counts a connection while it lives, however it ends.
struct Open([Arc<AtomicUsize>; 2]);

impl Open {
    fn new(counters: [Arc<AtomicUsize>; 2]) -> Self {
        for counter in &counters {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Self(counters)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        for counter in &self.0 {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
