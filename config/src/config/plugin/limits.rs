//! How far a plugin may go.

use std::time::Duration;

/// Limits of a plugin. Those without another word count for one instance, of which there is one
/// for each worker (or more, with `isolation: stream`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PluginLimits {
    /// Linear memory, in bytes.
    pub memory: u64,
    /// CPU time of one callback.
    pub cpu: Duration,
    /// CPU time of all callbacks of one request.
    pub request_cpu: Duration,
    /// CPU time of one instance from its making to the end of the last `proxy_on_configure`.
    pub start_cpu: Duration,
    /// Elements of all its tables.
    pub table: u32,
    /// Pairs of one header map that it hands over or changes.
    pub headers: u32,
    /// Bytes of names and values of one header map that it hands over or changes.
    pub header_bytes: u64,
    /// Bytes of one body that are kept while it pauses.
    pub body: u64,
    /// Bytes of the body of a local response.
    pub local_body: u64,
    /// HTTP and gRPC calls open at once.
    pub calls: u32,
    /// Bytes of head, body and trailers of one call, of its answer, and of one gRPC message, each.
    pub call_body: u64,
    /// The longest time that a call may take; longer wishes are cut to it.
    pub call_timeout: Duration,
    /// Log lines per second; 0 keeps none.
    pub log_rate: u32,
    /// Properties set on one request.
    pub properties: u32,
    /// Metrics of the plugin, over all instances.
    pub metrics: u32,
    /// Queues of a `vm.id`, over all instances.
    pub queues: u32,
    /// Items of one queue.
    pub queue_length: u32,
    /// Bytes of shared data and queued items of a `vm.id`, over all instances.
    pub shared_data: u64,
    /// Instances of one worker with `isolation: stream`.
    pub instances: u32,
    /// Requests inside one instance at once.
    pub contexts: u32,
    /// The shortest period of ticks; shorter wishes are lengthened to it.
    pub tick: Duration,
}
