//! How far a guest may go. Each number has a reason; what the configuration can set is in
//! [`Limits`], the rest are constants.

use std::time::Duration;

/// Limits of one instance that the configuration can set.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Limits {
    /// Linear memory, in bytes. 32 MiB by default: a Rust filter needs about 1.2, one built by the
    /// Go compiler about 10.
    pub memory: usize,
    /// CPU time of one callback of one request. 10 ms by default: a thousand times what the
    /// bundled filters need, and short enough that neighbours on the same worker hardly notice.
    pub cpu: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 32 << 20, cpu: Duration::from_millis(10) }
    }
}

/// CPU time for everything from instantiation to the end of the last `on_configure`. Language runtimes
/// start here (Go needs tens of milliseconds) and filters parse key sets and build tables.
pub(crate) const START_CPU: Duration = Duration::from_secs(2);

/// How often running guests are looked at. A deadline is met within two ticks; a tick costs about
/// 3 µs of one core, so this is 0.15 % of a core while plugins are loaded.
pub(crate) const TICK: Duration = Duration::from_millis(2);

/// Elements of all tables: function pointers. Envoy's own host allows 10,000 too.
pub(crate) const TABLE_ELEMENTS: usize = 10_000;

/// Lines of one head that a guest hands over or changes; more than any head that is let in.
pub(crate) const PAIRS: usize = 1_024;

/// Bytes of one value, map or name that a guest hands over.
pub(crate) const BYTES: usize = 1 << 20;

/// Body of a local response. Larger answers belong to a service.
pub(crate) const LOCAL_BODY: usize = 1 << 20;

/// Bytes of one log line; the rest is cut, and marked as cut.
pub(crate) const LOG_LINE: usize = 4 << 10;

/// Log lines per second and instance. What goes beyond is counted and reported with the next line.
pub(crate) const LOG_RATE: u32 = 200;

/// Bytes for one `random_get`, as in Envoy's host.
pub(crate) const RANDOM: usize = 64 << 10;

/// Properties that guests may set on one stream.
pub(crate) const SET_PROPERTIES: usize = 64;

/// Bytes of all paths and values of these. They live as long as the request, which may be long, and
/// there may be thousands of requests: what is set are labels, not documents.
pub(crate) const SET_PROPERTY_BYTES: usize = 64 << 10;

/// Bytes of names and values of one head that a guest changes: four times what is let in from a
/// client. Without it, a loop within its CPU time could fill a hundred megabytes of the host's.
pub(crate) const HEAD_BYTES: usize = 256 << 10;

/// The size of a module file. The largest published filter (a firewall in Go) has 15 MB.
pub const MODULE_BYTES: usize = 64 << 20;
