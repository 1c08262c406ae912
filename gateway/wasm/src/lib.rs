//! Portico's plugin host: proxy-wasm filters on wasmtime.
//!
//! It knows nothing of sockets, YAML or the proxy: it is handed bytes of a module, bytes of a
//! configuration and a [`Stream`], and answers with what the filter did to the stream.
//!
//! A module is compiled once per engine ([`Engine::compile`], cached on disk by content and engine
//! version). A [`Plugin`] is a module that runs: one instance for each worker thread, as filter
//! authors expect from Envoy, or one for each request ([`Isolation`]), with one root context for
//! each configuration. All of it is built, configured and tried with a canary request before
//! [`Plugin::start`] returns, so that nothing that fails to start is ever swapped in.
//!
//! Everything here is synchronous. What takes time (call-outs, ticks) is started through
//! [`Outside`], which the gateway implements, and comes back through an [`Origin`]. A filter that
//! waits for it pauses its stream; the gateway leaves the stream in a [`Locker`], where the filter's
//! other callbacks find it, and goes on when that wakes.
//!
//! What a guest may use is limited ([`Limits`], [`Capabilities`]). A guest that traps or runs out of
//! time loses its instance, which is replaced at once, or beside the worker if it starts slowly.
//!
//! Semantics follow <https://github.com/proxy-wasm/spec> 0.2.1 and, where the text leaves room or
//! Envoy does otherwise, what Envoy does: filters are tried there.

mod abi;
mod limits;
mod met;
mod spec;
mod stream;

mod metrics;
mod outside;
mod shared;

mod engine;
mod module;

mod locker;
mod origin;
mod plugin;

mod cpu;
mod foreign;
mod host;
mod instance;
mod proxy_wasm;

pub use self::{
    abi::{AbiVersion, Action},
    engine::Engine,
    limits::{Limits, MODULE_BYTES},
    locker::Locker,
    met::{Limit, Met},
    metrics::{GuestSeries, GuestValue, MetricStore},
    module::{Digest, Import, LoadError, Module, Notes},
    origin::{Origin, RootKey},
    outside::{
        GrpcCall, GrpcEvent, GrpcRunning, HttpCall, HttpCallResponse, Outside, Running, Services,
        Unreachable,
    },
    plugin::{Direction, Fault, Phase, PhaseStats, Plugin, Resumed, Stats, Visit},
    proxy_wasm::observed::{HostCall, Observer},
    shared::SharedStore,
    spec::{Capabilities, Capability, HeaderPause, Isolation, Spec},
    stream::{
        CallNote, ConnectionFacts, End, Facts, Field, FieldName, Fields, InvalidHead,
        LocalResponse, Progress, RouteFacts, Stream, joins,
    },
};
