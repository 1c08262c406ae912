//! Portico: an ingress gateway at the edge, on pingora, extended with WebAssembly filters.
//!
//! A request walks through [`proxy`], whose hooks call leaves in reading order below. The control
//! side ([`control`]) is the only writer: it turns configuration into a [`snapshot`] and swaps it
//! in. ARCHITECTURE.md has the map.
#![forbid(unsafe_code)]

// The walk of a request.
pub mod worker;

pub mod connection;
mod downstream;
pub mod proxy;

pub mod exchange;
mod intake;
pub mod notes;
pub mod router;

mod chain;
mod heads;
mod order;
mod redirect;
pub mod settle;

pub mod backend;
pub mod canary;
mod forward;
pub mod outside;

mod quiet;
pub mod telemetry;

pub mod suspension;

pub mod answer;
pub mod failure;

// What it walks on.
pub mod compile;
pub mod listen;
pub mod plugins;
pub mod remote;
pub mod resolve;
pub mod snapshot;

// Who changes it.
pub mod admin;
pub mod attention;
pub mod change;
pub mod control;
pub mod generation;
pub mod measures;
pub mod sources;
pub mod watch;

// Who starts it.
mod banner;
pub mod explain;
pub mod logging;
pub mod run;

// What runs beside it.
pub mod trial;
