//! Telemetry: what is told about requests, to whom, and how much of it.

use crate::{
    decode::{Entries, List},
    shape::Literal::{Empty, Number, Text},
    values::{
        address::ListenAddress,
        duration::Span,
        flag::Flag,
        line::{Line, ReceiverUrl, StatusRange},
        name::Name,
        number::Whole,
        share::Share,
        size::Bytes,
        text::{EnvironmentText, FilePath},
        word::{LogTarget, ParentDecision, Propagation, Protocol, Signal},
    },
};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Receivers and logs each cost something for every request.
pub(crate) const MAX_TARGETS: usize = 16;

/// Buckets of a histogram; each is a time series of each route and service.
pub(crate) const MAX_BUCKETS: usize = 64;

record! {
    /// What the gateway tells about the requests it serves. Without this section it counts,
    /// draws its graph and keeps the most interesting requests of the last minutes; nothing leaves
    /// it. At most one file has this section.
    "the telemetry" struct Telemetry {
        /// `false` switches all of it off: no numbers, no graph, no traces, no access log.
        /// Default: `true`.
        optional enabled: Flag,
        /// Which requests are traced, and how traces are passed on.
        default tracing: Tracing = Empty,
        /// Receivers of OpenTelemetry data (OTLP): a collector, Jaeger, or a vendor's.
        optional exporters: List<Exporter, 0, MAX_TARGETS>,
        /// Upper bounds of the buckets of duration histograms, rising. Default: those of the
        /// OpenTelemetry conventions, 5 ms to 10 s.
        optional buckets: List<Span<1, 3_600_000>, 1, MAX_BUCKETS>,
        /// Logs with a line for each request. Default: none.
        optional access_logs: List<AccessLog, 0, MAX_TARGETS>,
        /// The requests that are kept in memory, to be searched and looked at.
        default store: Store = Empty,
        /// Where services behind the gateway may send their spans, so that graph and traces reach
        /// past the edge. Default: nowhere.
        optional receiver: Receiver,
    }
}

record! {
    /// Which requests are traced. A request that failed, was slow or met a failing plugin is kept
    /// whatever was decided when it came; of such a trace only the gateway's own spans are there.
    "the tracing" struct Tracing {
        /// The share of traces that begin here and are sampled, within `max_per_second`. It is
        /// decided by the trace's id, so that gateways agree.
        default sample: Share = Text("100%"),
        /// Whether a decision that the request brings counts: `respect` or `ignore`.
        default parent: ParentDecision = Text("respect"),
        /// Traces per second that begin here and are sampled, at most, over all workers. So whoever
        /// tries a request sees its trace, and load does not cost more for it.
        default max_per_second: Whole<1, 1_000_000> = Number(100),
        /// Other shares for some routes.
        optional routes: List<RouteSample>,
        /// A request that takes longer is slow, and is kept.
        default slow: Span<1, 3_600_000> = Text("1s"),
        /// The forms in which a context is passed on, besides those it came in. All are read.
        /// Default: `[w3c]`.
        optional propagation: List<Propagation, 1>,
    }
}

record! {
    /// A share of its own for a route.
    "a route's share" struct RouteSample {
        /// The route.
        required route: Name,
        /// The share of its traces.
        required sample: Share,
    }
}

record! {
    /// A receiver of OpenTelemetry data. One that is down, slow or refuses never delays a
    /// request: data waits in a bounded queue, and what does not fit is dropped and counted.
    "an exporter" struct Exporter {
        /// Unique among exporters; for status and logs.
        required name: Name,
        /// Where it listens. For `http`, `/v1/traces` and so on is added.
        required endpoint: ReceiverUrl,
        /// `grpc` (port 4317 by convention) or `http` with protobuf (port 4318).
        default protocol: Protocol = Text("grpc"),
        /// What it gets. Default: `[traces]`.
        optional signals: List<Signal, 1>,
        /// Headers of each call, such as `authorization`. Their values are never printed.
        optional headers: Entries<EnvironmentText>,
        /// A file with PEM certificates to trust besides the system's.
        optional ca_file: FilePath,
        /// Compresses with gzip. Default: `true`.
        optional gzip: Flag,
        /// How long a call may take.
        default timeout: Span<100, 60_000> = Text("10s"),
        /// How long data waits for company, and the time between metrics.
        default interval: Span<100, 60_000> = Text("5s"),
        /// Items that may wait. A span has about 1 KiB.
        default queue: Whole<16, 1_000_000> = Number(8_192),
    }
}

record! {
    /// A log with a line for each request. Under overload lines are dropped and counted; a request
    /// never waits for its line.
    "an access log" struct AccessLog [exactly_one to file] {
        /// `stdout`, or `otlp`: the exporters that get logs.
        optional to: LogTarget,
        /// A file; it is opened again when it has been renamed or removed. A relative path starts
        /// at the folder of the configuration file.
        optional file: FilePath,
        /// A line with Envoy's command operators: `%REQ(:METHOD)% %RESPONSE_CODE%`. Default: JSON.
        optional format: Line,
        /// Fields of JSON by name, with command operators as values. Default: a set that answers
        /// most questions.
        optional json: Entries<Line>,
        /// Only these status codes.
        optional status: List<StatusRange, 1>,
        /// Only requests that took at least this long.
        optional min_duration: Span<1, 3_600_000>,
        /// Only these routes.
        optional routes: List<Name, 1>,
        /// A share of the requests, and every error. Default: all.
        optional sample: Share,
    }
}

record! {
    /// The requests that are kept in memory: errors, the slowest of each route, and a sample of
    /// the rest.
    "the store" struct Store {
        /// Memory for them, about.
        default memory: Bytes<{ 256 * KIB }, { 4 * GIB }> = Text("32MiB"),
        /// How long they are kept, and how far back the graph reaches.
        default keep: Span<60_000, 3_600_000> = Text("10m"),
    }
}

record! {
    /// Where services may send spans (OTLP). An address that is taken is reported and tried again
    /// with the next configuration; requests are served meanwhile.
    "a receiver" struct Receiver [at_least_one grpc http] {
        /// An address for gRPC; by convention port 4317.
        optional grpc: ListenAddress,
        /// An address for HTTP with protobuf or JSON; by convention port 4318.
        optional http: ListenAddress,
        /// The largest message.
        default message: Bytes<KIB, { 64 * MIB }> = Text("4MiB"),
    }
}
