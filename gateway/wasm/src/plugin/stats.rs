//! What a plugin counts.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::met::Met;

/// Counters since the plugin started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Streams that have entered.
    pub requests: u64,
    pub traps: u64,
    /// Callbacks and requests that used more CPU time than they may.
    pub deadlines: u64,
    /// Instances that took the place of a failed one.
    pub replaced: u64,
    /// Instances there are now, and what is inside of them.
    pub instances: u64,
    pub contexts: u64,
    pub calls_open: u64,
    /// Work by phase, in the order of [`Phase::ALL`].
    pub phases: [PhaseStats; Phase::ALL.len()],
    /// How often limits were met that do not end the guest.
    pub met: Met,
}

/// What was done in one phase.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PhaseStats {
    pub calls: u64,
    /// By the wall clock: on a busy machine more than the CPU time.
    pub nanoseconds: u64,
    /// What half of the calls stayed within, and all but one in a hundred; an eighth off at most.
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
}

/// When a guest was called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// With the creation of the stream's context.
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
    Log,
    /// Done and delete. So short that reading the clock would cost as much: one in eight is measured,
    /// and counts for all.
    End,
    /// Answers of call-outs.
    Calls,
    Ticks,
    Queues,
}

impl Phase {
    pub const ALL: [Self; 11] = [
        Self::RequestHeaders,
        Self::RequestBody,
        Self::RequestTrailers,
        Self::ResponseHeaders,
        Self::ResponseBody,
        Self::ResponseTrailers,
        Self::Log,
        Self::End,
        Self::Calls,
        Self::Ticks,
        Self::Queues,
    ];

    /// For labels of metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::RequestHeaders => "request_headers",
            Self::RequestBody => "request_body",
            Self::RequestTrailers => "request_trailers",
            Self::ResponseHeaders => "response_headers",
            Self::ResponseBody => "response_body",
            Self::ResponseTrailers => "response_trailers",
            Self::Log => "log",
            Self::End => "end",
            Self::Calls => "calls",
            Self::Ticks => "ticks",
            Self::Queues => "queues",
        }
    }
}

impl Stats {
    pub fn phase(&self, phase: Phase) -> PhaseStats {
        self.phases[phase as usize]
    }
}

/// What is rare enough to be counted for all workers together.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) traps: AtomicU64,
    pub(super) deadlines: AtomicU64,
    pub(super) replaced: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> Stats {
        Stats {
            traps: self.traps.load(Ordering::Relaxed),
            deadlines: self.deadlines.load(Ordering::Relaxed),
            replaced: self.replaced.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }
}
