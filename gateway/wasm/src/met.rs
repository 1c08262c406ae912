//! How often a plugin met its limits.

/// A limit of [`crate::Limits`] that does not end the guest when it is met: what asked for more was
/// refused, and counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    Body,
    CallBody,
    Calls,
    Contexts,
    HeaderBytes,
    Headers,
    Instances,
    LocalBody,
    LogRate,
    Memory,
    Metrics,
    Properties,
    QueueLength,
    Queues,
    SharedData,
    Table,
    Tick,
}

impl Limit {
    pub const ALL: [Self; 17] = [
        Self::Body,
        Self::CallBody,
        Self::Calls,
        Self::Contexts,
        Self::HeaderBytes,
        Self::Headers,
        Self::Instances,
        Self::LocalBody,
        Self::LogRate,
        Self::Memory,
        Self::Metrics,
        Self::Properties,
        Self::QueueLength,
        Self::Queues,
        Self::SharedData,
        Self::Table,
        Self::Tick,
    ];

    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::CallBody => "call_body",
            Self::Calls => "calls",
            Self::Contexts => "contexts",
            Self::HeaderBytes => "header_bytes",
            Self::Headers => "headers",
            Self::Instances => "instances",
            Self::LocalBody => "local_body",
            Self::LogRate => "log_rate",
            Self::Memory => "memory",
            Self::Metrics => "metrics",
            Self::Properties => "properties",
            Self::QueueLength => "queue_length",
            Self::Queues => "queues",
            Self::SharedData => "shared_data",
            Self::Table => "table",
            Self::Tick => "tick",
        }
    }
}

/// How often each limit was met.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Met([u64; Limit::ALL.len()]);

impl Met {
    pub fn of(&self, limit: Limit) -> u64 {
        self.0[limit as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (Limit, u64)> {
        Limit::ALL.into_iter().map(|limit| (limit, self.of(limit)))
    }

    pub(crate) fn count(&mut self, limit: Limit) {
        self.0[limit as usize] += 1;
    }

    pub(crate) fn count_many(&mut self, limit: Limit, times: u64) {
        self.0[limit as usize] += times;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}
