//! What end-to-end tests are made of: a gateway as its own process, services to send requests to,
//! clients that write whatever bytes a test wants, and a load that must not lose a request.
//!
//! Nothing here is mocked and nothing sleeps to let time pass: every wait has a condition and a
//! deadline. All of it lives in one temporary folder a test, which goes when the test ends.
#![forbid(unsafe_code)]

pub mod backend;
pub mod client;
pub mod collector;
pub mod command;
pub mod configuration;
pub mod folder;
pub mod gateway;
pub mod load;
pub mod wait;
pub mod wire;

pub use self::{
    backend::{Backend, Behaviour},
    client::{Client, Request, get},
    collector::Collector,
    configuration::{answering, configuration, forward, marked},
    folder::Folder,
    gateway::{Gateway, Setup},
    load::Load,
    wait::{eventually, within},
    wire::Response,
};
