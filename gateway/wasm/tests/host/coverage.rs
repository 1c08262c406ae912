//! Which functions of the ABI the recorded guests really call, with what answers: `COVERAGE.md` says
//! so, and every function must have been seen to succeed and to fail. `UPDATE=1` writes it anew.

mod abi;
mod table;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex, MutexGuard},
};

use anyhow::{Result, ensure};
use portico_wasm::{Engine, HostCall};

use crate::{flow, guest, recorded};

/// Guests by what the function answered; `None` for nothing.
type Answers = BTreeMap<Option<i32>, BTreeSet<String>>;

/// What was seen.
#[derive(Default)]
struct Seen {
    /// By function. WASI's two names for its module are one.
    functions: BTreeMap<String, Answers>,
    /// By callback, the guests that called the host from it.
    callbacks: BTreeMap<&'static str, BTreeSet<String>>,
}

static SEEN: Mutex<Seen> =
    Mutex::new(Seen { functions: BTreeMap::new(), callbacks: BTreeMap::new() });

static OBSERVED: LazyLock<Arc<Engine>> = LazyLock::new(|| {
    let observer = |call: &HostCall<'_>| seen().add(call);
    Engine::observed(None, Arc::new(observer)).expect("this processor is supported")
});

thread_local! {
    static OBSERVING: Cell<bool> = const { Cell::new(false) };
}

/// The engine that observes, on the thread that wants to.
pub(crate) fn engine() -> Option<Arc<Engine>> {
    OBSERVING.get().then(|| OBSERVED.clone())
}

fn seen() -> MutexGuard<'static, Seen> {
    SEEN.lock().expect("no test panics while it looks")
}

impl Seen {
    fn add(&mut self, call: &HostCall<'_>) {
        let answers = self.functions.entry(call.function.to_owned()).or_default();
        answers.entry(call.answer).or_default().insert(call.plugin.to_owned());
        self.callbacks.entry(call.callback).or_default().insert(call.plugin.to_owned());
    }
}

/// The transcripts hold here as well, so an observed host is the same host.
#[test]
fn every_function_succeeds_and_fails_for_some_guest() -> Result<()> {
    OBSERVING.set(true);
    recorded::all()?;
    flow::all()?;
    OBSERVING.set(false);
    let seen = seen();
    let offered = OBSERVED.offers();
    let named = |module: &str| {
        let of = offered.iter().filter(|(of, _)| of == module);
        of.map(|(_, name)| &**name).collect::<BTreeSet<_>>()
    };
    let wasi = named("wasi_snapshot_preview1");
    ensure!(wasi == named("wasi_unstable"), "the two names of WASI stand for the same");
    let listed = abi::FUNCTIONS.iter().map(|function| function.name).collect::<BTreeSet<_>>();
    ensure!(named("env") == listed, "this host offers {:?}", named("env"));
    let all = listed.iter().chain(&wasi).copied().collect::<Vec<_>>();
    let problems = table::gaps(&seen, &all);
    match guest::compare("../../COVERAGE.md", &table::text(&seen, &wasi))? {
        Some(difference) => anyhow::bail!("{difference}"),
        None => ensure!(problems.is_empty(), "{}", problems.join("\n")),
    }
    Ok(())
}
