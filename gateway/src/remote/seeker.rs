//! The task behind one module: fetch, report, wait, and again.

use std::{sync::Arc, time::Duration};

use portico_config::config::PluginSource;
use portico_fetch::{Backoff, Fetched};
use portico_wasm::Digest;
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::spawn_blocking,
    time::sleep,
};

use super::{
    Arrived, Fetch, State,
    source::{self, RemoteError},
};

/// How often a registry is asked what a tag stands for. A reload asks at once.
const LOOK_AGAIN: Duration = Duration::from_secs(300);
/// When someone has to mend something first, asking every second only fills logs and locks
/// accounts.
const UNTIL_MENDED: Duration = Duration::from_secs(60);

pub(super) struct Seeker {
    pub(super) source: PluginSource,
    pub(super) fetch: Fetch,
    pub(super) permits: Arc<Semaphore>,
    pub(super) state: watch::Sender<State>,
    /// Told the control loop.
    pub(super) news: Arc<Notify>,
    /// Ends a pause.
    pub(super) again: Arc<Notify>,
}

impl Seeker {
    /// Ends when it is aborted.
    pub(super) async fn seek(self) {
        let mut backoff = Backoff::default();
        loop {
            let pause = match self.attempt().await {
                Ok((arrived, None)) => {
                    backoff.succeeded();
                    self.report(Some(arrived), None);
                    // Between half and all of it, so that a fleet does not ask together.
                    (!self.is_pinned()).then(|| LOOK_AGAIN.mul_f64(1.0 - fastrand::f64() / 2.0))
                }
                Ok((arrived, unconfirmed)) => {
                    self.report(Some(arrived), unconfirmed);
                    Some(backoff.after_failure(fastrand::f64()))
                }
                Err(error) => {
                    let pause = backoff.after_failure(fastrand::f64());
                    self.report(None, Some(error.to_string()));
                    Some(self.pause(&error, pause))
                }
            };
            tokio::select! {
                () = self.again.notified() => {}
                () = wait(pause) => {}
            }
        }
    }

    async fn attempt(&self) -> Result<(Arrived, Option<String>), RemoteError> {
        // Never closed; without a permit it would only be less orderly.
        let _permit = self.permits.acquire().await.ok();
        let source = self.source.clone();
        let request = spawn_blocking(move || source::request(&source)).await;
        // Only a runtime that ends cancels it, and then this task as well.
        let request = request.unwrap_or(Err(RemoteError::Local))?;
        let fetched = (self.fetch)(request).await?;
        let Fetched { wasm, resolved, signature, unconfirmed, .. } = fetched;
        let digest = Digest::of(&wasm);
        let signature = signature
            .map(|signed| signed.map(|key| key.to_string()).map_err(|why| why.to_string()));
        Ok((Arrived { wasm, digest, resolved: resolved.to_string(), signature }, unconfirmed))
    }

    /// What is there stays there when it cannot be asked for again.
    fn report(&self, arrived: Option<Arrived>, trouble: Option<String>) {
        let mut is_news = false;
        self.state.send_if_modified(|state| {
            let before = state.clone();
            if let Some(arrived) = arrived {
                is_news = before.arrived.as_ref().is_none_or(|old| old.digest != arrived.digest);
                state.arrived = Some(arrived);
            }
            state.trouble = trouble;
            // While there is no module, why there is none is what a refusal says.
            is_news |= state.arrived.is_none() && state.trouble != before.trouble;
            if state.trouble != before.trouble
                && let Some(trouble) = &state.trouble
            {
                tracing::warn!(source = %self.place(), "{trouble}");
            }
            *state != before
        });
        if is_news {
            self.announce();
        }
    }

    fn announce(&self) {
        if let Some(Arrived { digest, resolved, signature, .. }) = &self.state.borrow().arrived {
            tracing::info!(source = %self.place(), %digest, resolved, "a module has arrived");
            if let Some(Err(why)) = signature {
                tracing::warn!(source = %self.place(), "it is used, but not trusted: {why}");
            }
        }
        self.news.notify_one();
    }

    fn pause(&self, error: &RemoteError, backoff: Duration) -> Duration {
        let RemoteError::Fetch(error) = error else { return UNTIL_MENDED };
        match error.is_temporary() {
            true => backoff.max(error.retry_after().unwrap_or_default()),
            false => UNTIL_MENDED,
        }
    }

    /// Whether there can never be another module.
    const fn is_pinned(&self) -> bool {
        match &self.source {
            PluginSource::Http { digest, .. } => digest.is_some(),
            PluginSource::Oci { reference, .. } => reference.digest.is_some(),
            PluginSource::Bundled(_) | PluginSource::File { .. } => true,
        }
    }

    fn place(&self) -> String {
        match &self.source {
            PluginSource::Http { url, .. } => url.to_string(),
            PluginSource::Oci { reference, .. } => reference.to_string(),
            PluginSource::Bundled(name) => name.to_string(),
            PluginSource::File { path, .. } => path.display().to_string(),
        }
    }
}

async fn wait(pause: Option<Duration>) {
    match pause {
        Some(pause) => sleep(pause).await,
        None => std::future::pending().await,
    }
}
