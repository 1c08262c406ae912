//! DNS names of endpoints. Looked up at start and then again and again while a configuration
//! names them; requests only ever read the last answer.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{net::lookup_host, time};

use crate::backend::Name;

/// How often names are looked up. The system's resolver tells no TTL; this is what a Kubernetes
/// service's endpoints are usually given.
const REFRESH: Duration = Duration::from_secs(5);

/// A resolver that has not answered by then is treated as one that failed.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long a new configuration waits for its names before it serves without.
const FIRST: Duration = Duration::from_secs(1);

/// The names in use, shared between snapshots.
#[derive(Clone, Default)]
pub struct Names(Arc<Mutex<Known>>);

/// By host and port.
type Known = HashMap<(Box<str>, u16), Weak<Name>>;

impl Names {
    /// The shared state of a name.
    pub fn get(&self, host: &str, port: u16) -> Arc<Name> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = names.entry((host.into(), port)).or_default();
        entry.upgrade().unwrap_or_else(|| {
            let name = Name::new(host, port);
            *entry = Arc::downgrade(&name);
            name
        })
    }

    /// Looks up names that were never asked for, for a short while.
    pub async fn settle(&self) {
        let fresh = self.live().into_iter().filter(|name| name.is_new());
        let lookups: Vec<_> = fresh.map(|name| tokio::spawn(look_up(name))).collect();
        let all = async {
            for lookup in lookups {
                let _cancelled = lookup.await;
            }
        };
        if time::timeout(FIRST, all).await.is_err() {
            tracing::warn!("some names do not resolve yet; their services answer 503 until then");
        }
    }

    /// Keeps the answers fresh, for ever.
    pub async fn refresh(self) {
        let mut interval = time::interval(REFRESH);
        interval.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            for name in self.live() {
                tokio::spawn(look_up(name));
            }
        }
    }

    fn live(&self) -> Vec<Arc<Name>> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, name| name.strong_count() > 0);
        names.values().filter_map(Weak::upgrade).collect()
    }
}

async fn look_up(name: Arc<Name>) {
    if !name.begin() {
        return;
    }
    let before = name.resolution();
    let query = lookup_host((&*name.host, name.port));
    let answer = match time::timeout(TIMEOUT, query).await {
        Ok(Ok(addresses)) => {
            let mut addresses: Vec<SocketAddr> = addresses.collect();
            addresses.sort_unstable();
            addresses.dedup();
            Ok(addresses)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the resolver did not answer within {TIMEOUT:?}")),
    };
    name.update(answer);
    let after = name.resolution();
    if before.addresses != after.addresses {
        tracing::info!(host = &*name.host, addresses = ?after.addresses, "name resolved");
    } else if before.error != after.error
        && let Some(error) = &after.error
    {
        tracing::warn!(host = &*name.host, error, "name does not resolve");
    }
}
