//! What happened to a request, in plain language: the course of it, the cause, the next step.

use std::time::Duration;

use serde::Serialize;

use crate::record::{Attempt, Failed, Filter, Origin, Outcome, Record};

/// One sentence of a story.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Sentence {
    pub about: About,
    pub text: String,
}

/// What a sentence is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Why it went as it did.
    Cause,
    /// What happened.
    Course,
    /// What can be done.
    Next,
}

/// A callback time from which a filter is worth a word.
const FILTER: Duration = Duration::from_millis(5);

/// Tells what happened, in the order in which it did.
pub fn tell(record: &Record) -> Vec<Sentence> {
    let mut story = Story { record, sentences: Vec::new() };
    story.arrival();
    for filter in &record.filters {
        story.filter(filter);
    }
    for (number, attempt) in record.attempts.iter().enumerate() {
        story.attempt(number, attempt);
    }
    match &record.response.origin {
        Origin::Filter(name) => story.answered_by(name),
        Origin::Gateway(failed) => story.failed(failed),
        Origin::Nobody(failed) => story.nobody(failed),
        Origin::Service => story.answered(),
    }
    story.sentences
}

struct Story<'a> {
    record: &'a Record,
    sentences: Vec<Sentence>,
}

impl Story<'_> {
    fn say(&mut self, about: About, text: String) {
        self.sentences.push(Sentence { about, text });
    }

    fn arrival(&mut self) {
        let (request, place) = (&self.record.request, &self.record.place);
        let mut text = format!("`{} {}` came", request.method, request.path());
        if let Some(listener) = &place.listener {
            text += &format!(" to listener `{listener}`");
        }
        text += &format!(" from {}", self.record.client.address.ip());
        match (&place.rule, &place.service) {
            (Some(rule), Some(service)) => {
                text += &format!("; rule `{rule}` sends it to `{service}`.");
            }
            (Some(rule), None) => text += &format!("; rule `{rule}` matched."),
            (None, _) => text += "; no rule matched.",
        }
        self.say(About::Course, text);
    }

    fn filter(&mut self, filter: &Filter) {
        let name = &filter.name;
        if let Some(why) = &filter.failed {
            self.say(About::Cause, format!("The filter `{name}` failed: {why}."));
            let next = match filter.is_canary {
                true => format!("Roll the canary of `{name}` back, or look into its log."),
                false => {
                    format!("Look into the log of `{name}`; it served this request no further.")
                }
            };
            self.say(About::Next, next);
        } else if filter.spent >= FILTER {
            let text = format!("The filter `{name}` worked for {}.", time(filter.spent));
            self.say(About::Course, text);
        }
        if filter.waited >= FILTER {
            let whom = match filter.calls.first() {
                Some(call) => format!("waited {} for `{}`", time(filter.waited), call.target),
                None => format!("kept it waiting for {}", time(filter.waited)),
            };
            self.say(About::Course, format!("The filter `{name}` {whom}."));
        }
    }

    fn attempt(&mut self, number: usize, attempt: &Attempt) {
        let whom = self.whom(attempt);
        let again = if number > 0 { "Then " } else { "" };
        let waited = attempt.ended.saturating_sub(attempt.sent.unwrap_or(attempt.began));
        let text = match &attempt.outcome {
            Outcome::Answered(status) => {
                let first = attempt.first_byte.unwrap_or(attempt.ended);
                let after = first.saturating_sub(attempt.began);
                format!("{again}{whom} answered {status} after {}.", time(after))
            }
            Outcome::Cancelled => format!("{again}the exchange with {whom} was broken off."),
            Outcome::Protocol(why) => {
                format!("{again}{whom} answered something else than HTTP: {why}.")
            }
            Outcome::Refused(why) => format!("{again}{whom} could not be reached: {why}."),
            Outcome::Reset(why) => {
                let took = attempt.ended.saturating_sub(attempt.began);
                format!("{again}{whom} closed the connection after {}: {why}.", time(took))
            }
            Outcome::Stale => {
                format!("{again}a kept connection to {whom} had been closed; nothing was lost.")
            }
            Outcome::TimedOut if attempt.first_byte.is_some() => {
                format!("{again}{whom} began to answer and did not finish in time.")
            }
            Outcome::TimedOut => format!(
                "{again}{whom} {} and then did not answer for {}.",
                took_connection(attempt),
                time(waited)
            ),
        };
        self.say(About::Course, text);
    }

    /// The service and where it is.
    fn whom(&self, attempt: &Attempt) -> String {
        let service = self.record.place.service.as_deref().unwrap_or("the service");
        format!("`{service}` ({})", attempt.endpoint)
    }

    fn answered(&mut self) {
        let response = &self.record.response;
        if !response.complete {
            let last = self.record.attempts.last().map(|attempt| &attempt.outcome);
            let cause = match last {
                Some(Outcome::Answered(_) | Outcome::Cancelled) | None => {
                    "the client left before it had all of it"
                }
                Some(_) => "the service did not send all of it",
            };
            let sent = response.body_bytes;
            self.say(About::Cause, format!("The answer ended after {sent} bytes: {cause}."));
        } else if response.status >= 500 {
            let service = self.record.place.service.as_deref().unwrap_or("the service");
            let status = response.status;
            self.say(
                About::Cause,
                format!(
                    "The {status} is the answer of `{service}` itself; the gateway passed it on."
                ),
            );
            self.say(About::Next, self.look_into(service));
        } else {
            let text = format!("The client had the whole answer after {}.", time(self.record.took));
            self.say(About::Course, text);
        }
    }

    fn answered_by(&mut self, name: &str) {
        let status = self.record.response.status;
        let text = format!("The filter `{name}` answered {status}; no service was asked for that.");
        self.say(About::Cause, text);
    }

    fn nobody(&mut self, failed: &Failed) {
        let took = time(self.record.took);
        if failed.reason == "client_gone" {
            self.say(About::Cause, format!("The client went away after {took}."));
            let waiting =
                self.record.attempts.last().filter(|attempt| attempt.first_byte.is_none());
            if let Some(attempt) = waiting {
                let next = format!(
                    "Until then {} had not answered. Its clients wait for it: look why it is slow, \
                     or set `timeout` on route {}.",
                    self.whom(attempt),
                    self.route()
                );
                self.say(About::Next, next);
            }
        } else {
            let text = format!("Nobody was answered: {}.", failed.message);
            self.say(About::Cause, text);
        }
    }

    fn failed(&mut self, failed: &Failed) {
        let status = self.record.response.status;
        let why = if failed.detail.is_empty() { &failed.message } else { &failed.detail };
        let cause = match failed.reason {
            "timeout" => format!("The timeout of route {} ended it: {why}.", self.route()),
            "suspended" => {
                format!("By configuration, {}.", why.trim_end_matches('.'))
            }
            _ => format!("{}.", capital(why)),
        };
        self.say(About::Cause, cause);
        let text = format!("The client got {status} (`{}`).", failed.reason);
        self.say(About::Course, text);
        if let Some(next) = self.next(failed.reason) {
            self.say(About::Next, next);
        }
    }

    /// The step that most likely helps.
    fn next(&self, reason: &str) -> Option<String> {
        let service = self.record.place.service.as_deref().unwrap_or("the service");
        let route = self.route();
        Some(match reason {
            "timeout" => format!(
                "Look why `{service}` does not answer. If it may take longer, raise `timeout` of \
                 route {route}."
            ),
            "connect_failed" => format!(
                "Check that `{service}` runs and listens at the address the configuration names."
            ),
            "no_endpoint" => format!(
                "Give `{service}` an endpoint: its names do not resolve, or all weights are zero."
            ),
            "suspended" => {
                "Resume it when the reason is gone: `portico resume`, or remove its `suspended`."
                    .to_owned()
            }
            "no_backend" => format!("Give a backend of route {route} a weight above zero."),
            "no_route" => {
                let path = self.record.request.path();
                let host = &self.record.request.authority;
                format!(
                    "Ask `portico explain` which rules were near for host `{host}` and `{path}`."
                )
            }
            "no_listener" => "Add a listener for this host, or ask for one that exists.".to_owned(),
            "upstream_reset" | "upstream_protocol" => self.look_into(service),
            "head_too_large" => {
                "Send a smaller head: mostly it is a cookie that has grown.".to_owned()
            }
            _ => return None,
        })
    }

    fn look_into(&self, service: &str) -> String {
        let id = &self.record.request_id;
        format!("Look into the log of `{service}` for request `{id}`.")
    }

    fn route(&self) -> String {
        let route = self.record.place.route.as_deref();
        route.map_or_else(|| "(none)".to_owned(), |route| format!("`{route}`"))
    }
}

/// How the connection came about.
fn took_connection(attempt: &Attempt) -> String {
    match attempt.connected {
        _ if attempt.reused => "was asked over a kept connection".to_owned(),
        Some(connected) => {
            let took = connected.saturating_sub(attempt.began);
            match took < Duration::from_millis(20) {
                true => "took the connection at once".to_owned(),
                false => format!("took the connection after {}", time(took)),
            }
        }
        None => "had not taken the connection".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// A duration as people say it: three digits at most, and the unit that fits.
pub fn time(time: Duration) -> String {
    let microseconds = time.as_micros();
    let (value, unit) = match microseconds {
        0..1_000 => return format!("{microseconds} µs"),
        1_000..1_000_000 => (microseconds as f64 / 1e3, "ms"),
        _ => (microseconds as f64 / 1e6, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests;
