//! Metrics that guests define. (Empty: the next part fills it.)

/// Metrics of all plugins.
#[derive(Debug, Default)]
pub struct MetricStore {}
