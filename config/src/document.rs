//! What a document may hold: the one definition.
//!
//! The doc text of each field is also its text in the JSON Schema, in the reference and in error
//! messages, so it is written for the people who write documents. Types say what a single value
//! may be; what must hold between values is checked by [`crate::validate`].

pub(crate) mod filter;
pub(crate) mod limits;
pub(crate) mod matching;
pub(crate) mod plugin;
pub(crate) mod route;
pub(crate) mod telemetry;

use crate::{
    decode::List,
    shape::{
        Literal::{Number, Text},
        Record,
    },
    values::{
        address::{EndpointAddress, ListenAddress},
        duration::Span,
        host,
        name::Name,
        number::Weight,
        reason::Reason,
    },
};

use self::{plugin::Plugin, route::Route, telemetry::Telemetry};

/// The definition of a whole document.
pub(crate) fn root() -> &'static Record {
    Document::RECORD
}

record! {
    /// A configuration. Several files are one configuration: their lists are joined in order.
    "a configuration" struct Document {
        /// Where to listen. Several listeners may share an address if their hosts differ.
        optional listeners: List<Listener>,
        /// Where requests can go.
        optional services: List<Service>,
        /// WebAssembly modules that routes use as filters, and their limits.
        optional plugins: List<Plugin>,
        /// Which requests go where.
        optional routes: List<Route>,
        /// What is told about requests: numbers, traces, logs.
        optional telemetry: Telemetry,
    }
}

record! {
    /// An address to listen on and the host names answered there.
    "a listener" struct Listener {
        /// Unique among listeners. Routes refer to it.
        required name: Name,
        /// IP address and port. `0.0.0.0` is every interface; port 0 lets the system choose.
        required address: ListenAddress,
        /// Host names answered here. Default: every host.
        optional hosts: List<host::Pattern, 1>,
    }
}

record! {
    /// A named group of endpoints that answer alike.
    "a service" struct Service {
        /// Unique among services. Backends refer to it.
        required name: Name,
        /// How long to wait for a connection before the next endpoint is tried.
        default connect_timeout: Span<1, 60_000> = Text("1s"),
        /// Its addresses, at least one.
        required endpoints: List<Endpoint, 1>,
        /// Takes it out of use, and says why. It gets no requests: where a rule splits them, the
        /// other backends share them; where none is left, the answer is 503 with the reason, which
        /// therefore must not hold secrets. Plugins cannot call it either. Absent: it takes part.
        optional suspended: Reason,
    }
}

record! {
    /// One address of a service. Plain text is its `address`.
    "an endpoint" struct Endpoint (short address) {
        /// Where to connect: an IP address or a DNS name, and a port. A name is resolved while
        /// the gateway runs, and every address it has is used.
        required address: EndpointAddress,
        /// Its share among the endpoints of its service; 0 takes no requests.
        default weight: Weight = Number(1),
        /// Takes it out of use, and says why. The others of its service get its requests; if there
        /// are none, that is as if the service were suspended for the same reason. Absent: it takes
        /// part.
        optional suspended: Reason,
    }
}
