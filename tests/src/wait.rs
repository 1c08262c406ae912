//! Waiting for a condition, never for time to pass.

use std::{future::Future, time::Duration};

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep, timeout};

/// What should be there at once may take this long on a machine that is busy with other tests.
pub const LIMIT: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(15);

/// Tries until it succeeds; after [`LIMIT`] the last error is the answer.
///
/// # Errors
/// What the last attempt said.
pub async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + LIMIT;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= end => {
                return Err(error.context(format!("still so after {LIMIT:?}")));
            }
            Err(_) => sleep(POLL).await,
        }
    }
}

/// Ends with an error if it takes longer than [`LIMIT`].
///
/// # Errors
/// If it takes too long, or what it fails with itself.
pub async fn within<T>(what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(LIMIT, work).await.with_context(|| format!("{what}: nothing within {LIMIT:?}"))?
}
