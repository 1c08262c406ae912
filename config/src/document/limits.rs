//! How far a plugin may go.

use crate::{
    shape::Literal::{Number, Text},
    values::{duration::Span, number::Whole, size::Bytes},
};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

record! {
    /// Limits on a plugin. They are there because a filter is a program of strangers: one that
    /// loops, grows or floods must not take its neighbours with it. Where nothing else is said, a
    /// limit counts for one instance, and each worker thread has one.
    "a plugin's limits" struct Limits {
        /// Linear memory. A Rust filter needs about 1 MiB, one built by the Go compiler about 10.
        default memory: Bytes<{ 64 * KIB }, GIB> = Text("32MiB"),
        /// CPU time of one callback. Far more than a filter needs, and short enough that other
        /// requests of the same worker hardly notice.
        default cpu: Span<1, 1_000> = Text("10ms"),
        /// CPU time of all callbacks of one request: a filter that spends a little on each piece
        /// of a body must end, too.
        default request_cpu: Span<1, 60_000> = Text("50ms"),
        /// CPU time of an instance until it is configured. Language runtimes start here, and
        /// filters parse key sets and build tables.
        default start_cpu: Span<10, 60_000> = Text("2s"),
        /// Elements of all tables: function pointers. Each takes memory of the gateway.
        default table: Whole<1, 1_000_000> = Number(10_000),
        /// Pairs of one header map that the filter hands over: more than any client's head has.
        default headers: Whole<16, 65_536> = Number(1_024),
        /// Bytes of one header map that the filter hands over: four times what a client may send.
        default header_bytes: Bytes<KIB, { 16 * MIB }> = Text("256KiB"),
        /// What is kept of one body while the filter pauses. A request beyond is answered with
        /// 413, a response beyond with 500.
        default body: Bytes<KIB, GIB> = Text("1MiB"),
        /// The body of an answer that the filter gives itself. Larger ones belong to a service.
        default local_body: Bytes<KIB, { 64 * MIB }> = Text("1MiB"),
        /// HTTP and gRPC calls that are open at once.
        default calls: Whole<1, 10_000> = Number(64),
        /// Head, body and trailers of a call, the same of its answer, and a gRPC message, each.
        /// They are kept in memory.
        default call_body: Bytes<KIB, { 64 * MIB }> = Text("1MiB"),
        /// How long a call may take, whatever the filter wishes: a paused request waits for it.
        default call_timeout: Span<1, 3_600_000> = Text("30s"),
        /// Log lines per second. What goes beyond is dropped and counted; 0 keeps none.
        default log_rate: Whole<0, 100_000> = Number(200),
        /// Properties that may be set on one request. They are kept until it ends.
        default properties: Whole<0, 10_000> = Number(64),
        /// Metrics of the plugin, over all its instances. They are never forgotten, and each is a
        /// time series where they are collected.
        default metrics: Whole<0, 100_000> = Number(1_000),
        /// Shared queues of one `vm.id`, over all instances. They outlive instances.
        default queues: Whole<0, 10_000> = Number(32),
        /// Items that wait in one queue. Nobody may be there to take them.
        default queue_length: Whole<1, 1_000_000> = Number(1_024),
        /// Shared data and queued items of one `vm.id`, over all instances, in all.
        default shared_data: Bytes<KIB, GIB> = Text("4MiB"),
        /// Instances of one worker with `isolation: stream`, busy and idle. Each may use `memory`,
        /// so this times `memory` times the workers is what a plugin may take.
        default instances: Whole<1, 10_000> = Number(64),
        /// Requests that are inside one instance at once. Each costs the filter memory.
        default contexts: Whole<1, 1_000_000> = Number(10_000),
        /// The shortest period of ticks. Shorter wishes get this one.
        default tick: Span<1, 60_000> = Text("10ms"),
    }
}
