//! Which text format a scraper wants.

/// A text format of metrics.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// OpenMetrics 1.0, with exemplars.
    OpenMetrics,
    /// Prometheus 0.0.4, which every scraper reads.
    #[default]
    Prometheus,
}

impl Format {
    /// What an `Accept` header prefers of the two. Prometheus names OpenMetrics with a higher
    /// weight if it may be sent; browsers and curl do not name it and get what is easier to read.
    pub fn of(accept: Option<&str>) -> Self {
        let items = accept.unwrap_or_default().split(',');
        let weight = |wanted: &[&str]| {
            let named =
                items.clone().filter_map(weighted).filter(|(name, _)| wanted.contains(name));
            named.map(|(_, weight)| weight).max()
        };
        let open = weight(&["application/openmetrics-text"]).unwrap_or(0);
        let plain = weight(&["text/plain", "text/*", "*/*"]).unwrap_or(0);
        if open > 0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// A media type and its weight in thousandths; none for a version that we do not write.
fn weighted(item: &str) -> Option<(&str, u32)> {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next()?;
    let mut weight = 1_000;
    for parameter in parts {
        match parameter.split_once('=') {
            Some(("q", value)) => {
                let value: f32 = value.parse().ok().filter(|value| (0.0..=1.0).contains(value))?;
                weight = (value * 1_000.0) as u32;
            }
            Some(("version", "1.0.0" | "0.0.4")) => {}
            // Scrapers offer 0.0.1 too, which nobody writes.
            Some(("version", _)) => return None,
            _ => {}
        }
    }
    Some((name, weight))
}
