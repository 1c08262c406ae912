//! What a process says.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::wait::eventually;

/// Lines that are shown of a failed test.
const SHOWN: usize = 60;

/// The lines of a process so far.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Collects lines until the process ends.
    pub fn follow(output: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let log = Self::default();
        let collected = log.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                collected.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        log
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The first line with this text.
    pub fn find(&self, text: &str) -> Option<String> {
        self.lines().into_iter().find(|line| line.contains(text))
    }

    /// Waits for a line with this text.
    ///
    /// # Errors
    /// If none comes in time.
    pub async fn says(&self, text: &str) -> Result<String> {
        let find = async || self.find(text).with_context(|| format!("no log line has `{text}`"));
        eventually(find).await
    }

    /// For whoever looks at a failed test; the test harness hides it otherwise.
    #[expect(clippy::print_stderr, reason = "the output of a test")]
    pub fn show(&self) {
        let lines = self.lines();
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            eprintln!("    | {line}");
        }
    }
}
