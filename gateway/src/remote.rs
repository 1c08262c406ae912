//! Modules that come over the network.
//!
//! Each one has a task that fetches it, tries again when that fails, and asks from time to time
//! whether its tag stands for something else now. The control loop only ever looks at what is
//! there, and is told when there is something new; the serving path knows nothing of all this.

mod seeker;
mod source;

use std::{collections::HashMap, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use portico_config::config::PluginSource;
use portico_fetch::{FetchError, Fetched, Fetcher, Request};
use portico_wasm::Digest;
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};

use self::seeker::Seeker;

/// How long a new configuration waits for its modules before it is refused for the time being. A
/// module takes a second or two; whoever applies a configuration wants an answer.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// Fetches that run at once. Each may hold a few copies of the largest module.
const AT_ONCE: usize = 4;

/// The modules that the running configuration, and one that waits, want from elsewhere.
pub struct Remote {
    fetch: Fetch,
    wanted: HashMap<PluginSource, Wanted>,
    news: Arc<Notify>,
    permits: Arc<Semaphore>,
}

/// A module that has arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Arrived {
    pub wasm: Bytes,
    pub digest: Digest,
    /// The digest of the manifest that a tag stands for, or of the module.
    pub resolved: String,
    /// The key that signed it, or why it is not trusted; nothing if signatures are not looked at.
    pub signature: Option<Result<String, String>>,
}

/// Where the search for a module stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct State {
    /// The latest one that could be had.
    pub arrived: Option<Arrived>,
    /// Why the last attempt failed, or could not confirm what is there.
    pub trouble: Option<String>,
}

/// Why a module is not there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotHere {
    #[error("it is being fetched, and applied when it has arrived")]
    Fetching,
    #[error("{0}; this is tried again, and applied when it succeeds")]
    Failing(String),
}

/// Modules whose first attempt has not ended.
pub struct Missing(Vec<watch::Receiver<State>>);

type Fetch = Arc<
    dyn Fn(Request) -> Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send>>
        + Send
        + Sync,
>;

struct Wanted {
    state: watch::Receiver<State>,
    again: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Remote {
    /// What is fetched is kept in the folder; without one, in memory while the process lives.
    pub fn new(cache: Option<PathBuf>) -> Self {
        let fetcher = Arc::new(Fetcher::new(cache));
        Self::with(Arc::new(move |request| {
            let fetcher = fetcher.clone();
            Box::pin(async move { fetcher.fetch(&request).await })
        }))
    }

    fn with(fetch: Fetch) -> Self {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        Self { fetch, wanted: HashMap::new(), news: Arc::default(), permits }
    }

    /// Notified when a module has arrived, has become another one, or fails in another way while
    /// there is none. Several of these may be one notification.
    pub fn news(&self) -> Arc<Notify> {
        self.news.clone()
    }

    /// A module that is there. One that is asked for the first time begins to be fetched.
    ///
    /// # Errors
    /// If there is none yet.
    pub fn module(&mut self, source: &PluginSource) -> Result<Arrived, NotHere> {
        let State { arrived, trouble } = self.want(source).borrow().clone();
        arrived.ok_or_else(|| trouble.map_or(NotHere::Fetching, NotHere::Failing))
    }

    /// What is still to be waited for before a configuration with these sources can be judged.
    /// Sources on this machine are passed over.
    pub fn missing<'a>(
        &mut self,
        sources: impl IntoIterator<Item = &'a PluginSource>,
    ) -> Option<Missing> {
        let remote = sources.into_iter().filter(|source| is_remote(source));
        let states: Vec<_> = remote.map(|source| self.want(source)).collect();
        let missing: Vec<_> =
            states.into_iter().filter(|state| !state.borrow().is_settled()).collect();
        (!missing.is_empty()).then_some(Missing(missing))
    }

    /// Stops fetching what nobody wants any more.
    pub fn retain(&mut self, wanted: impl Fn(&PluginSource) -> bool) {
        self.wanted.retain(|source, _| wanted(source));
    }

    /// Asks all servers again, now. What has changed comes as news.
    pub fn look_again(&self) {
        self.wanted.values().for_each(|wanted| wanted.again.notify_one());
    }

    /// Where the search for a module stands, if it is wanted.
    pub fn state(&self, source: &PluginSource) -> Option<State> {
        self.wanted.get(source).map(|wanted| wanted.state.borrow().clone())
    }

    fn want(&mut self, source: &PluginSource) -> watch::Receiver<State> {
        if let Some(wanted) = self.wanted.get(source) {
            return wanted.state.clone();
        }
        let (sender, state) = watch::channel(State::default());
        let again = Arc::<Notify>::default();
        let seeker = Seeker {
            source: source.clone(),
            fetch: self.fetch.clone(),
            permits: self.permits.clone(),
            state: sender,
            news: self.news.clone(),
            again: again.clone(),
        };
        let task = tokio::spawn(seeker.seek());
        self.wanted.insert(source.clone(), Wanted { state: state.clone(), again, task });
        state
    }
}

impl Missing {
    /// Waits until each has arrived or failed once, but no longer than [`PATIENCE`].
    pub async fn settled(self) {
        let all = async {
            for mut state in self.0 {
                // An end of its task is nothing to wait for either.
                let _ended = state.wait_for(State::is_settled).await;
            }
        };
        let _patience_is_over = timeout(PATIENCE, all).await;
    }
}

impl State {
    const fn is_settled(&self) -> bool {
        self.arrived.is_some() || self.trouble.is_some()
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether a source is not on this machine.
pub const fn is_remote(source: &PluginSource) -> bool {
    matches!(source, PluginSource::Http { .. } | PluginSource::Oci { .. })
}

#[cfg(test)]
mod tests;
