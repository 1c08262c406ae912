//! What attempts at endpoints are counted by, where DNS has found the endpoints while a
//! configuration serves.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Weak},
    time::Duration,
};

use portico_telemetry::series::{Edge, Registry, Series};
use tokio::time::Instant;

/// Names that change their addresses all the time must not make it grow.
const MOST: usize = 4096;

/// How long they are held at most. What nobody asks for again can then be let go by the registry.
const HELD: Duration = Duration::from_secs(60);

/// The series of one worker.
pub(super) struct Leaves {
    /// A configuration with other buckets has another one.
    registry: Weak<Registry>,
    since: Instant,
    found: HashMap<Place, Arc<Series>>,
}

#[derive(Eq, Hash, PartialEq)]
struct Place {
    service: Arc<str>,
    endpoint: SocketAddr,
}

impl Default for Leaves {
    fn default() -> Self {
        Self { registry: Weak::new(), since: Instant::now(), found: HashMap::new() }
    }
}

impl Leaves {
    pub(super) fn leaf(
        &mut self,
        registry: &Arc<Registry>,
        service: &Arc<str>,
        endpoint: SocketAddr,
    ) -> &Series {
        let is_same = Weak::as_ptr(&self.registry) == Arc::as_ptr(registry);
        if !is_same || self.found.len() >= MOST || self.since.elapsed() >= HELD {
            self.found.clear();
            (self.registry, self.since) = (Arc::downgrade(registry), Instant::now());
        }
        let place = Place { service: service.clone(), endpoint };
        let leaf = self.found.entry(place);
        leaf.or_insert_with(|| registry.series(Edge::leaf(service, endpoint)))
    }
}

#[cfg(test)]
mod tests {
    use portico_telemetry::series::{Sample, Settings};

    use super::*;

    fn registry() -> Arc<Registry> {
        let now = std::time::SystemTime::now();
        Arc::new(Registry::new(&Settings::default(), 1, now).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_counted_where_the_configuration_wants_it_and_let_go() {
        let (one, two) = (registry(), registry());
        let (service, endpoint) = ("web".into(), ([127, 0, 0, 1], 1).into());
        let mut leaves = Leaves::default();
        for registry in [&one, &two, &one] {
            leaves.leaf(registry, &service, endpoint).add(0, &Sample::default());
        }
        let counts = |registry: &Registry| registry.all().iter().map(|own| own.count()).sum();
        let (first, second): (u64, u64) = (counts(&one), counts(&two));
        assert_eq!((first, second), (2, 1));

        let held = one.series(Edge::leaf(&service, endpoint));
        assert_eq!(Arc::strong_count(&held), 3);
        tokio::time::advance(HELD).await;
        leaves.leaf(&one, &service, ([127, 0, 0, 1], 2).into());
        assert_eq!(Arc::strong_count(&held), 2, "the registry's and this one");
    }
}
