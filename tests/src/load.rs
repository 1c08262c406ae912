//! A load in which every single answer counts.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinHandle;

use crate::{
    client::{Client, Request},
    wait::eventually,
    wire::Response,
};

/// Failures that are kept as text; the rest are only counted.
const KEPT: usize = 5;

/// Keep-alive connections that send one request after another.
#[derive(Debug)]
pub struct Load {
    state: Arc<State>,
    connections: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    over: AtomicBool,
    answers: AtomicU64,
    failed: AtomicU64,
    failures: Mutex<Vec<String>>,
    generations: Mutex<BTreeSet<u64>>,
}

/// What became of a load.
#[derive(Clone, Debug)]
pub struct Report {
    pub answers: u64,
    pub failed: u64,
    /// The first few failures.
    pub failures: Vec<String>,
    /// Every generation that has answered.
    pub generations: BTreeSet<u64>,
}

impl Load {
    /// Begins. Every answer must be a 200 that `check` accepts.
    pub fn start(
        address: SocketAddr,
        connections: usize,
        request: Request,
        check: impl Fn(&Response) -> Result<()> + Clone + Send + Sync + 'static,
    ) -> Self {
        let state = Arc::new(State::default());
        let connections = (0..connections).map(|_| {
            let (state, request, check) = (state.clone(), request.clone(), check.clone());
            tokio::spawn(async move {
                while !state.over.load(Ordering::Relaxed) {
                    if let Err(error) = connection(address, &request, &state, &check).await {
                        state.fail(&error);
                        // One broken connection tells all; the next one may work again.
                        tokio::task::yield_now().await;
                    }
                }
            })
        });
        Self { connections: connections.collect(), state }
    }

    /// Answers so far.
    pub fn answers(&self) -> u64 {
        self.state.answers.load(Ordering::Relaxed)
    }

    /// Waits until this many answers more have come.
    ///
    /// # Errors
    /// If they do not in time.
    pub async fn more(&self, answers: u64) -> Result<()> {
        let wanted = self.answers() + answers;
        eventually(async || {
            let now = self.answers();
            ensure!(now >= wanted, "{now} of {wanted} answers have come");
            Ok(())
        })
        .await
    }

    /// Ends after the requests that are under way.
    ///
    /// # Errors
    /// If a connection does not end.
    pub async fn stop(mut self) -> Result<Report> {
        self.state.over.store(true, Ordering::Relaxed);
        for connection in self.connections.drain(..) {
            connection.await.context("a connection of the load has panicked")?;
        }
        let locked = |failures: &Mutex<Vec<String>>| {
            failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        Ok(Report {
            answers: self.answers(),
            failed: self.state.failed.load(Ordering::Relaxed),
            failures: locked(&self.state.failures),
            generations: self
                .state
                .generations
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for connection in &self.connections {
            connection.abort();
        }
    }
}

impl Report {
    /// # Errors
    /// If a single request has failed, or there was no load at all.
    pub fn without_failure(&self) -> Result<()> {
        if self.failed > 0 {
            bail!("{} of {} failed: {:#?}", self.failed, self.answers, self.failures);
        }
        ensure!(self.answers > 0, "there was no load");
        Ok(())
    }
}

impl State {
    fn fail(&self, error: &anyhow::Error) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < KEPT {
            failures.push(format!("{error:#}"));
        }
    }
}

async fn connection(
    address: SocketAddr,
    request: &Request,
    state: &State,
    check: &impl Fn(&Response) -> Result<()>,
) -> Result<()> {
    let mut client = Client::connect(address).await?;
    while !state.over.load(Ordering::Relaxed) {
        let answer = client.ask(request).await?;
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
        check(&answer)?;
        let generation = answer.generation()?;
        state.generations.lock().unwrap_or_else(PoisonError::into_inner).insert(generation);
        state.answers.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
