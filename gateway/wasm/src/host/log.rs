//! What a guest says.

use std::sync::Arc;

use tracing::Level;

use super::clock::monotonic;
use crate::limits::LOG_LINE;

/// What an instance says, within a rate.
pub(crate) struct GuestLog {
    plugin: Arc<str>,
    second: u64,
    lines: u32,
    dropped: u64,
    /// Lines that may be said in a second.
    rate: u32,
    /// All lines that were dropped.
    pub(crate) refused: u64,
    /// Nothing is written: what a canary request makes the guest say is about no request.
    muted: bool,
    /// `Some` while the instance starts.
    kept: Option<Vec<String>>,
}

/// Lines that an error about a start repeats: the last ones say why.
const KEPT: usize = 4;

impl GuestLog {
    pub(super) fn new(plugin: Arc<str>, rate: u32) -> Self {
        Self {
            plugin,
            second: 0,
            lines: 0,
            dropped: 0,
            rate,
            refused: 0,
            muted: false,
            kept: Some(Vec::new()),
        }
    }

    /// From now on it only keeps lines for an error, and writes none.
    pub(crate) fn mute(&mut self) {
        self.muted = true;
    }

    /// One line. The levels are those of the ABI: trace 0 … critical 5.
    pub(crate) fn line(&mut self, level: i32, message: &[u8]) {
        // A line that nobody reads costs nothing, and takes no other line's place.
        let kept = self.kept.is_some() && level >= 3;
        if !(kept || (is_read(level) && !self.muted)) || !self.admit() {
            return;
        }
        let cut = message.len() > LOG_LINE;
        let mut text =
            String::from_utf8_lossy(&message[..message.len().min(LOG_LINE)]).into_owned();
        if text.contains(char::is_control) {
            text = escape_control(&text);
        }
        if cut {
            text.push_str(" [cut]");
        }
        let plugin = &*self.plugin;
        match level {
            _ if self.muted => {}
            0 => tracing::event!(target: "portico::plugin", Level::TRACE, plugin, "{text}"),
            1 => tracing::event!(target: "portico::plugin", Level::DEBUG, plugin, "{text}"),
            2 => tracing::event!(target: "portico::plugin", Level::INFO, plugin, "{text}"),
            3 => tracing::event!(target: "portico::plugin", Level::WARN, plugin, "{text}"),
            _ => tracing::event!(target: "portico::plugin", Level::ERROR, plugin, "{text}"),
        }
        if let Some(kept) = &mut self.kept
            && level >= 3
        {
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(text);
        }
    }

    /// Takes what was kept, and keeps no more: from now on the guest speaks of requests.
    pub(crate) fn take_kept(&mut self) -> Vec<String> {
        self.kept.take().unwrap_or_default()
    }

    fn admit(&mut self) -> bool {
        let second = monotonic().as_secs();
        if second != self.second {
            if self.dropped > 0 {
                tracing::warn!(target: "portico::plugin", plugin = &*self.plugin,
                    "{} log lines were dropped: more than {} in a second", self.dropped, self.rate);
            }
            (self.second, self.lines, self.dropped) = (second, 0, 0);
        }
        self.lines = self.lines.saturating_add(1);
        let admitted = self.lines <= self.rate;
        self.dropped += u64::from(!admitted);
        self.refused += u64::from(!admitted);
        admitted
    }
}

/// A line stays one line: a guest that repeats a header cannot forge another entry with it.
fn escape_control(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if letter.is_control() && letter != '\t' {
            escaped.extend(letter.escape_default());
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

fn is_read(level: i32) -> bool {
    match level {
        0 => tracing::enabled!(target: "portico::plugin", Level::TRACE),
        1 => tracing::enabled!(target: "portico::plugin", Level::DEBUG),
        2 => tracing::enabled!(target: "portico::plugin", Level::INFO),
        3 => tracing::enabled!(target: "portico::plugin", Level::WARN),
        _ => tracing::enabled!(target: "portico::plugin", Level::ERROR),
    }
}
