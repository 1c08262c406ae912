//! A filter on one exchange, without a network, and what it did to it: what `portico plugin test`
//! and the console's "try" do.
//!
//! The gateway's own plugin host runs it. What stands around it is written down: the request, the
//! service's response, and the answers of call-outs. Nothing is shared with plugins that serve.

mod drive;
mod message;
mod outside;
mod report;
mod said;

use portico_wasm::Spec;

pub use self::{
    drive::drive,
    message::{Message, Request, Response},
    outside::Call,
    report::{Body, Change, Changed, Difference, Local, Pair, Report, Step},
    said::Line,
};

/// All that a trial is made of, besides the module.
pub struct Trial {
    /// How far it may go, and its one configuration.
    pub spec: Spec,
    pub request: Request,
    /// What the service answers.
    pub response: Response,
    /// What call-outs are answered with, by the upstream's name; others with 503.
    pub calls: Vec<(String, Response)>,
    /// Bodies are handed over in pieces of so many bytes; whole by default.
    pub chunk: Option<usize>,
    /// How often it is called periodically before the request.
    pub ticks: u32,
    /// How often the exchange is run, to see what it takes.
    pub repeat: u32,
}
