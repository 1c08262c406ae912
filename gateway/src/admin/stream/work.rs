//! The task that makes events while anybody listens.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use portico_telemetry::far::Sight;
use serde_json::json;
use tokio::time::sleep;

use super::{frame, pace::Pace, particles};
use crate::admin::{
    Admin,
    badges::Badges,
    facts::{Facts, NOW},
    overview::{self, Overview},
    telemetry::{graph::Graph, switched_off},
};

/// Four times a second is what eyes take for at once.
const PERIOD: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(2);

/// How often the collector looks.
const COLLECTED: Duration = Duration::from_secs(1);

/// The overview is words and a few numbers.
const OVERVIEW: Duration = Duration::from_secs(1);
const LONGEST_OVERVIEW: Duration = Duration::from_secs(4);

/// What is kept from one round to the next.
struct Work {
    admin: Admin,
    graphs: Pace,
    overviews: Pace,
    badges: Badges,
    sight: Arc<[Sight]>,
    /// Requests up to this one were shown.
    shown: u64,
    /// Generation and rejections that were told of.
    told: Option<(Option<u64>, u64)>,
}

/// Makes events until nobody listens.
pub(super) async fn run(admin: Admin) {
    let mut work = Work {
        graphs: Pace::new(PERIOD, LONGEST),
        overviews: Pace::new(OVERVIEW, LONGEST_OVERVIEW),
        badges: Badges::default(),
        sight: Arc::default(),
        shown: admin.telemetry.shelf().store.latest(),
        told: None,
        admin,
    };
    let hub = work.admin.hub.clone();
    loop {
        let windows = hub.windows();
        if windows.is_empty() {
            return;
        }
        if work.overviews.is_due() {
            overview::refresh(&work.admin).await;
        }
        // Some milliseconds where much is configured: not beside the tasks that answer others.
        let round = tokio::task::spawn_blocking(move || {
            work.round(&windows);
            work
        });
        work = match round.await {
            Ok(work) => work,
            Err(error) => {
                tracing::error!(%error, "the console's stream has ended");
                hub.abandon();
                return;
            }
        };
        sleep(work.graphs.period()).await;
    }
}

impl Work {
    fn round(&mut self, windows: &[Duration]) {
        let now = SystemTime::now();
        let has_changed = self.configuration();
        if has_changed || self.overviews.is_due() {
            self.overview(now);
        }
        let note = switched_off(&self.admin);
        let Self { admin, graphs, badges, sight, .. } = self;
        // The collector takes what was counted once a second anyway.
        let is_quick = graphs.period() < COLLECTED;
        graphs.make(|| {
            let meters = admin.telemetry.meters();
            if is_quick {
                meters.graph.tick(now);
            }
            for window in windows {
                let view = meters.graph.view(*window, now);
                admin.hub.draw(*window, Graph::new(view, badges, sight.clone(), note));
            }
        });
        self.requests();
    }

    /// Whether something was applied or refused since the last round.
    fn configuration(&mut self) -> bool {
        let status = self.admin.control.status.load();
        let history = &status.history;
        let generation = history.running().map(|running| running.number);
        let state = (generation, history.rejections);
        let before = self.told.replace(state);
        let Some(before) = before.filter(|before| *before != state) else { return false };
        let rejected = history.rejections > before.1 && history.rejected.is_some();
        let event =
            frame("configuration", &json!({ "generation": generation, "rejected": rejected }));
        event.into_iter().for_each(|event| self.admin.hub.tell(event));
        true
    }

    fn overview(&mut self, now: SystemTime) {
        let Self { admin, overviews, badges, sight, .. } = self;
        overviews.make(|| {
            let facts = Facts::gather(admin, now);
            *badges = Badges::new(&facts);
            *sight = admin.telemetry.shelf().behind.sight_ends().into();
            if let Some(event) = frame("overview", &Overview::of(admin, &facts, NOW)) {
                admin.hub.overview(event);
            }
        });
    }

    fn requests(&mut self) {
        let store = self.admin.telemetry.shelf().store.clone();
        let latest = store.latest();
        // Another store, because the configuration wants to keep more, or less.
        if latest < self.shown {
            self.shown = 0;
        }
        let kept = store.since(self.shown);
        let Some(latest) = kept.iter().map(|kept| kept.seq).max() else { return };
        self.shown = latest;
        let event = frame("requests", &particles::choose(kept));
        event.into_iter().for_each(|event| self.admin.hub.tell(event));
    }
}
