//! The answer, as data and as text.

use std::fmt::Write as _;

use serde::Serialize;

/// What a request would meet.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Explained {
    /// A rule takes it.
    pub found: bool,
    /// The whole answer for people, as the command line prints it.
    pub text: String,
    pub request: Asked,
    pub listener: Option<Listener>,
    /// `None` without a listener.
    pub host: Option<Host>,
    pub rule: Option<RulePlace>,
    /// In words, in the order of requests.
    pub filters: Vec<String>,
    /// Of the whole exchange.
    pub timeout: Option<String>,
    pub backends: Vec<Backend>,
    /// Rules that do not take it, those that came closest first.
    pub lost: Vec<RulePlace>,
    /// What the gateway itself would answer.
    pub answer: Option<String>,
    /// What had to be assumed.
    pub notes: Vec<String>,
}

/// The request that is asked about.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Asked {
    pub method: String,
    pub host: String,
    /// Path and query.
    pub target: String,
}

/// The listener that takes it, and where that is written.
#[derive(Clone, Debug, Serialize)]
pub struct Listener {
    pub name: String,
    pub address: String,
    pub source: Option<String>,
    pub line: Option<usize>,
}

/// Which host of routes it is for.
#[derive(Clone, Debug, Serialize)]
pub struct Host {
    pub pattern: Option<String>,
    /// Those that there are, if none matches.
    pub known: Vec<String>,
}

/// A rule, why it takes the request or does not, and where it is written.
#[derive(Clone, Debug, Serialize)]
pub struct RulePlace {
    pub route: String,
    pub rule: String,
    pub why: String,
    pub source: Option<String>,
    pub line: Option<usize>,
}

/// Where the request may go.
#[derive(Clone, Debug, Serialize)]
pub struct Backend {
    pub service: String,
    /// Of the requests of its rule: `all`, `9 of 10`, `none`.
    pub share: String,
    /// Why it gets none.
    pub suspended: Option<String>,
    /// Addresses as written, with the reason of those that are suspended.
    pub endpoints: Vec<String>,
}

impl Explained {
    /// Writes the text, when all else is there.
    pub(super) fn tell(mut self) -> Self {
        let mut text = String::new();
        let Asked { method, host, target } = &self.request;
        line(&mut text, "request", &format!("{method} {target}, host `{host}`"));
        for note in &self.notes {
            line(&mut text, "note", note);
        }
        match &self.listener {
            Some(own) => {
                line(&mut text, "listener", &format!("`{}` on {}", own.name, own.address));
            }
            None => line(
                &mut text,
                "listener",
                "none answers for this host: the answer is 404 `no_listener`",
            ),
        }
        match &self.host {
            Some(Host { pattern: Some(pattern), .. }) => {
                line(&mut text, "host", &format!("`{pattern}` matches"));
            }
            Some(Host { pattern: None, known }) => {
                let known = known.iter().map(|host| format!("`{host}`")).collect::<Vec<_>>();
                let known = known.join(", ");
                line(&mut text, "host", &format!("no route has this host; there are: {known}"));
            }
            None => {}
        }
        self.tell_rule(&mut text);
        for (index, lost) in self.lost.iter().enumerate() {
            let label = if index == 0 { "lost" } else { "" };
            line(&mut text, label, &format!("`{}/{}`: {}", lost.route, lost.rule, lost.why));
        }
        self.text = text;
        self
    }

    fn tell_rule(&self, text: &mut String) {
        match &self.rule {
            Some(own) => {
                line(text, "rule", &format!("`{}/{}`, {}", own.route, own.rule, own.why));
            }
            None if self.listener.is_some() => {
                line(text, "rule", "none: the answer is 404 `no_route`");
            }
            None => {}
        }
        for (index, filter) in self.filters.iter().enumerate() {
            let label = if index == 0 { "filters" } else { "" };
            line(text, label, &format!("{}. {filter}", index + 1));
        }
        for (index, backend) in self.backends.iter().enumerate() {
            let Backend { service, share, suspended, endpoints } = backend;
            let share = match suspended {
                Some(reason) => format!(", suspended: {reason}"),
                None if self.backends.len() == 1 => String::new(),
                None => format!(", {share}"),
            };
            let label = if index == 0 { "backend" } else { "" };
            line(text, label, &format!("`{service}` at {}{share}", endpoints.join(", ")));
        }
        match &self.timeout {
            Some(timeout) => line(text, "timeout", &format!("{timeout}, then 504 `timeout`")),
            None if self.backends.is_empty() => {}
            None => line(text, "timeout", "none: the client waits as long as the service does"),
        }
        if let Some(answer) = self.answer.as_ref().filter(|own| own.starts_with("503 suspended")) {
            line(text, "answer", answer);
        }
    }
}

fn line(text: &mut String, label: &str, content: &str) {
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "{label:<9} {content}");
}
