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
use pingora::{
    apps::HttpServerApp,
    proxy::HttpProxy,
    server::{ShutdownWatch, configuration::ServerConf},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
};

use crate::{
    connection::{self, Connection},
    proxy::Proxy,
    snapshot::{Snapshot, SocketId},
};

/// Connections of one worker. Each costs about 20 KiB while it is busy; past this the machine is
/// better served by refusing than by swapping.
const CONNECTIONS: usize = 32_768;

/// Warm connections to services that one worker keeps, over all services.
const WARM: usize = 1_024;

/// After accepting failed for want of file descriptors, how long to wait for some to be closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// All worker threads.
pub struct Workers {
    workers: Vec<Worker>,
    connections: Arc<AtomicUsize>,
}

struct Worker {
    commands: mpsc::UnboundedSender<Command>,
    thread: thread::JoinHandle<()>,
}

enum Command {
    /// Stop accepting on a socket, close its idle connections, and say so.
    Close(SocketId, oneshot::Sender<()>),
    /// Close everything that is idle; let what is busy finish.
    Drain,
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
    /// Starts `count` threads.
    ///
    /// # Errors
    /// If the system gives no thread or no event loop.
    pub fn start(count: usize, settings: &Settings) -> io::Result<Self> {
        let connections = Arc::new(AtomicUsize::new(0));
        let ids = Arc::new(AtomicU64::new(1));
        let workers = (0..count.max(1)).map(|number| {
            let (commands, receiver) = mpsc::unbounded_channel();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let proxy = new_proxy(number, settings);
            let counters = Counters { open: connections.clone(), ids: ids.clone() };
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || runtime.block_on(work(proxy, counters, receiver)))?;
            Ok(Worker { commands, thread })
        });
        Ok(Self { workers: workers.collect::<io::Result<_>>()?, connections })
    }

    pub fn count(&self) -> usize {
        self.workers.len()
    }

    /// Open downstream connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Begins to accept on a socket, on every worker.
    ///
    /// # Errors
    /// If the system gives no further descriptor for it.
    pub fn listen(&self, socket: SocketId, listener: &StdListener) -> io::Result<()> {
        for worker in &self.workers {
            // A worker that is gone has nothing to listen with; the process is ending.
            let _gone = worker.commands.send(Command::Listen(socket, listener.try_clone()?));
        }
        Ok(())
    }

    /// Stops accepting on a socket; returns when no worker does any more.
    pub async fn close(&self, socket: SocketId) {
        for worker in &self.workers {
            let (done, closed) = oneshot::channel();
            if worker.commands.send(Command::Close(socket, done)).is_ok() {
                let _gone = closed.await;
            }
        }
    }

    /// Stops accepting and closes what is idle. Busy connections close after their answer.
    pub fn drain(&self) {
        for worker in &self.workers {
            let _gone = worker.commands.send(Command::Drain);
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

fn new_proxy(worker: usize, settings: &Settings) -> Arc<HttpProxy<Proxy>> {
    let conf = ServerConf {
        threads: 1,
        upstream_keepalive_pool_size: WARM,
        // Attempts are counted by the exchange; this only has to be no less.
        max_retries: crate::backend::ATTEMPTS + 1,
        ..ServerConf::default()
    };
    let proxy = Proxy {
        worker,
        snapshot: settings.snapshot.clone(),
        show_generation: settings.show_generation,
    };
    let mut proxy = HttpProxy::new(proxy, Arc::new(conf));
    proxy.handle_init_modules();
    Arc::new(proxy)
}

#[derive(Clone)]
struct Counters {
    open: Arc<AtomicUsize>,
    ids: Arc<AtomicU64>,
}

/// What accept loops of one worker share.
#[derive(Clone)]
struct Local {
    proxy: Arc<HttpProxy<Proxy>>,
    counters: Counters,
    /// Connections of this worker.
    open: Arc<AtomicUsize>,
    shutdown: ShutdownWatch,
}

/// A socket on which this worker accepts.
struct Listening {
    gone: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
}

async fn work(
    proxy: Arc<HttpProxy<Proxy>>,
    counters: Counters,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let (shutdown, watch_shutdown) = watch::channel(false);
    let local = Local { proxy, counters, open: Arc::default(), shutdown: watch_shutdown };
    // Per worker, so that connections of different workers share no channel.
    let mut sockets = HashMap::<SocketId, Listening>::new();
    while let Some(command) = commands.recv().await {
        match command {
            Command::Listen(socket, listener) => {
                let (gone, watch_gone) = watch::channel(false);
                match TcpListener::from_std(listener) {
                    Ok(listener) => {
                        let accepting = accept(local.clone(), socket, listener, watch_gone);
                        let accepting = tokio::spawn(accepting);
                        sockets.insert(socket, Listening { gone, accepting });
                    }
                    Err(error) => tracing::error!(%error, "a worker cannot listen"),
                }
            }
            Command::Close(socket, done) => {
                if let Some(listening) = sockets.remove(&socket) {
                    let Listening { gone, accepting } = listening;
                    let _no_connection = gone.send(true);
                    let _panicked = accepting.await;
                }
                let _not_waiting = done.send(());
            }
            Command::Drain => {
                let _no_connection = shutdown.send(true);
                for listening in sockets.values() {
                    let _no_connection = listening.gone.send(true);
                }
                local.proxy.http_cleanup().await;
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
    gone: watch::Receiver<bool>,
) {
    let mut closing = gone.clone();
    loop {
        tokio::select! {
            biased;
            () = is_true(&mut closing) => break,
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

/// Waits until the channel says so, or its sender is gone.
async fn is_true(gone: &mut watch::Receiver<bool>) {
    let _ended = gone.wait_for(|gone| *gone).await.is_err();
}

fn admit(
    local: &Local,
    socket: SocketId,
    stream: TcpStream,
    client: SocketAddr,
    gone: &watch::Receiver<bool>,
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
    let connection = Arc::new(Connection::new(socket, id, client, destination, stream));
    let open = Open::new([local.open.clone(), local.counters.open.clone()]);
    let (proxy, gone, shutdown) = (local.proxy.clone(), gone.clone(), local.shutdown.clone());
    tokio::spawn(async move {
        let _open = open;
        connection::serve(proxy, connection, gone, shutdown).await;
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
