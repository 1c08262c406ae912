//! How far a guest may go. Each number has a reason; what the configuration can set is in
//! [`Limits`], the rest are constants.

use std::time::Duration;

/// Limits of one plugin that the configuration can set. Bytes where nothing else is said.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Limits {
    /// Linear memory of one instance. 32 MiB by default: a Rust filter needs about 1.2, one built by
    /// the Go compiler about 10.
    pub memory: usize,
    /// CPU time of one callback. 10 ms by default: a thousand times what the bundled filters need,
    /// and short enough that neighbours on the same worker hardly notice.
    pub cpu: Duration,
    /// CPU time of all callbacks of one request. 50 ms by default: a body comes in many pieces, and
    /// each could use what one callback may.
    pub request_cpu: Duration,
    /// CPU time for everything from instantiation to the end of the last `on_configure`. 2 s by
    /// default: language runtimes start here (Go needs tens of milliseconds), and filters parse key
    /// sets and build tables.
    pub start_cpu: Duration,
    /// Elements of all tables: function pointers. 10,000 by default, as in Envoy's own host.
    pub table: usize,
    /// Lines of one head that a guest hands over or changes. 1,024 by default; more than any head
    /// that is let in.
    pub headers: usize,
    /// Bytes of names and values of one head that a guest changes. 256 KiB by default, four times
    /// what is let in from a client. Without it, a loop within its CPU time could fill a hundred
    /// megabytes of the host's.
    pub header_bytes: usize,
    /// What a body that a guest sees may hold: a paused one, or one that it makes longer. 1 MiB by
    /// default, as in Envoy.
    pub body: usize,
    /// Body of a local response. 1 MiB by default. Larger answers belong to a service.
    pub local_body: usize,
    /// Call-outs that are open at once in one instance. 64 by default.
    pub calls: usize,
    /// Bytes of head, body and trailers of one call-out, each way, and of one gRPC message. 1 MiB by
    /// default.
    pub call_body: usize,
    /// The longest time an HTTP call may wait. 30 s by default.
    pub call_timeout: Duration,
    /// Log lines per second and instance. 200 by default. What goes beyond is counted and reported
    /// with the next line.
    pub log_rate: u32,
    /// Properties that may be set on one stream. 64 by default.
    pub properties: usize,
    /// Metrics that one plugin may define. 1,000 by default.
    pub metrics: usize,
    /// Queues that one plugin may register. 32 by default.
    pub queues: usize,
    /// Items that wait in one queue. 1,024 by default.
    pub queue_length: usize,
    /// Bytes of shared data and queued items of one scope. 4 MiB by default.
    pub shared_data: usize,
    /// Instances of one worker, with [`crate::Isolation::Stream`]. 64 by default.
    pub instances: usize,
    /// Streams that are inside one instance at once. 10,000 by default: each costs the guest memory,
    /// and the host a few hundred bytes.
    pub contexts: usize,
    /// The shortest period of ticks; shorter wishes are slowed to it. 10 ms by default.
    pub tick: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            cpu: Duration::from_millis(10),
            request_cpu: Duration::from_millis(50),
            start_cpu: Duration::from_secs(2),
            table: 10_000,
            headers: 1_024,
            header_bytes: 256 << 10,
            body: 1 << 20,
            local_body: 1 << 20,
            calls: 64,
            call_body: 1 << 20,
            call_timeout: Duration::from_secs(30),
            log_rate: 200,
            properties: 64,
            metrics: 1_000,
            queues: 32,
            queue_length: 1_024,
            shared_data: 4 << 20,
            instances: 64,
            contexts: 10_000,
            tick: Duration::from_millis(10),
        }
    }
}

/// How often running guests are looked at. A deadline is met within two ticks; a tick costs about
/// 3 µs of one core, so this is 0.15 % of a core while plugins are loaded.
pub(crate) const TICK: Duration = Duration::from_millis(2);

/// Bytes of one value, map or name that a guest hands over.
pub(crate) const BYTES: usize = 1 << 20;

/// Bytes of one log line; the rest is cut, and marked as cut.
pub(crate) const LOG_LINE: usize = 16 << 10;

/// Bytes for one `random_get`, as in Envoy's host.
pub(crate) const RANDOM: usize = 64 << 10;

/// Bytes of all paths and values of properties set on one stream. They live as long as the request,
/// which may be long, and there may be thousands of requests: what is set are labels, not documents.
pub(crate) const SET_PROPERTY_BYTES: usize = 64 << 10;

/// Frames of a guest's back-trace; as many as Envoy's own host shows.
pub(crate) const FRAMES: usize = 20;

/// Answers that may come before the instance that asked is in its place; more are dropped.
pub(crate) const EARLY: usize = 64;

/// The size of a module file. The largest published filter (a firewall in Go) has 15 MB.
pub const MODULE_BYTES: usize = 64 << 20;
