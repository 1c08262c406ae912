//! Filters: what each does, and whether their order makes sense.

mod headers;
mod plugins;

use std::sync::Arc;

use crate::{
    config::{Filter, PathChange, Redirect, Respond, Rewrite},
    decode::List,
    document::{filter as document, matching},
    path::At,
    problem::Problems,
    values::number::Whole,
};

pub(super) use self::plugins::{Built, join};

use super::Scope;

/// A list of filters and where it stands.
pub(super) struct Chain<'a> {
    pub(super) list: Option<&'a FilterList>,
    pub(super) at: &'a At<'a>,
}

type FilterList = List<document::Filter, 0, { crate::document::route::MAX_FILTERS }>;

type MatchList = List<matching::Match, 1>;

/// Builds a list; `None` if one of it cannot be built.
pub(super) fn build(
    list: Option<&FilterList>,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<Built>> {
    let list = list.map_or(&[][..], |list| &list.0);
    let build = |(index, filter): &(usize, document::Filter)| match filter {
        document::Filter::Plugin(step) => {
            plugins::step((*index, step), &at.index(*index).key("plugin"), scope).map(Built::Plugin)
        }
        filter => build_one(filter, &at.index(*index), scope).map(Built::Filter),
    };
    let built: Vec<Option<Built>> = list.iter().map(build).collect();
    built.into_iter().collect()
}

fn build_one(filter: &document::Filter, at: &At<'_>, scope: &mut Scope<'_, '_>) -> Option<Filter> {
    Some(match filter {
        document::Filter::RequestHeaders(changes) => {
            let at = at.key("request_headers");
            Filter::RequestHeaders(headers::changes(changes, true, &at, scope.problems)?)
        }
        document::Filter::ResponseHeaders(changes) => {
            let at = at.key("response_headers");
            Filter::ResponseHeaders(headers::changes(changes, false, &at, scope.problems)?)
        }
        document::Filter::Redirect(redirect) => {
            let document::Redirect { scheme, host, port, path, status } = redirect;
            Filter::Redirect(Redirect {
                scheme: scheme.map(|scheme| scheme.0),
                host: host.as_ref().map(|host| host.0.clone()),
                port: port.and_then(|Whole(port)| u16::try_from(port).ok()),
                path: path.as_ref().map(path_change),
                status: status.0,
            })
        }
        document::Filter::Rewrite(document::Rewrite { host, path }) => Filter::Rewrite(Rewrite {
            host: host.as_ref().map(|host| host.0.clone()),
            path: path.as_ref().map(path_change),
        }),
        document::Filter::Respond(answer) => {
            Filter::Respond(respond(answer, &at.key("respond"), scope.problems)?)
        }
        document::Filter::Plugin(_) => return None,
    })
}

fn path_change(change: &document::PathChange) -> PathChange {
    match change {
        document::PathChange::Full(path) => PathChange::Full(path.0.as_str().into()),
        document::PathChange::Prefix(path) => PathChange::Prefix(path.0.as_str().into()),
    }
}

fn respond(answer: &document::Respond, at: &At<'_>, problems: &mut Problems) -> Option<Respond> {
    let document::Respond { status: Whole(status), headers, body } = answer;
    let body: Arc<str> = body.as_ref().map_or("", |body| body.0.as_str()).into();
    // RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5.
    if matches!(status, 204 | 205 | 304) && !body.is_empty() {
        let problem = problems.error(&at.key("body"), format!("status {status} has no body"));
        problem.help("remove the body, or answer with another status");
    }
    let headers = headers::values(headers.as_ref(), false, &at.key("headers"), problems)?;
    Some(Respond { status: u16::try_from(*status).ok()?, headers, body })
}

/// What an answering filter is called, or `None` if requests go on after it.
fn answers(filter: &document::Filter) -> Option<&'static str> {
    match filter {
        document::Filter::Redirect(_) => Some("redirect"),
        document::Filter::Respond(_) => Some("respond"),
        document::Filter::Plugin(_)
        | document::Filter::RequestHeaders(_)
        | document::Filter::ResponseHeaders(_)
        | document::Filter::Rewrite(_) => None,
    }
}

impl<'a> Chain<'a> {
    fn steps(&self) -> impl Iterator<Item = (usize, &'a document::Filter)> {
        let steps = self.list.map_or(&[][..], |list| &list.0);
        steps.iter().map(|(index, filter)| (*index, filter))
    }

    /// The first filter that answers: its index and what it is called.
    fn answer(&self) -> Option<(usize, &'static str)> {
        self.steps().find_map(|(index, filter)| Some((index, answers(filter)?)))
    }

    /// Checks a list for itself.
    pub(super) fn check(&self, problems: &mut Problems) {
        self.check_own(problems);
        Rewritten::default().take(self, problems);
    }

    /// Checks a rule's list, given its route's, which was checked before.
    pub(super) fn check_after(&self, before: &Chain<'_>, problems: &mut Problems) {
        self.check_own(problems);
        if let Some((index, name)) = before.answer() {
            self.check_silent(0, name, &before.at.index(index), problems);
        } else if let Some((index, name)) = self.answer() {
            for (above, filter) in before.steps() {
                if let document::Filter::Rewrite(_) = filter {
                    let problem = problems.error(&self.at.index(index), CONFLICT);
                    problem.why(format!("`{name}` answers, so the rewritten request goes nowhere"));
                    problem.related("the route's rewrite", &before.at.index(above));
                }
            }
        }
        let mut rewritten = Rewritten::default();
        rewritten.take(before, &mut Problems::default());
        rewritten.take(self, problems);
    }

    fn check_own(&self, problems: &mut Problems) {
        let Some((index, name)) = self.answer() else { return };
        self.check_silent(index + 1, name, &self.at.index(index), problems);
        for (before, filter) in self.steps().take_while(|(before, _)| *before < index) {
            if let document::Filter::Rewrite(_) = filter {
                self.useless_rewrite(before, name, &self.at.index(index), problems);
            }
        }
    }

    /// Reports every step from an index on, because one before it has answered.
    fn check_silent(&self, from: usize, name: &str, answer: &At<'_>, problems: &mut Problems) {
        for (index, filter) in self.steps().filter(|(index, _)| *index >= from) {
            let message = match answers(filter) {
                Some(_) => "a request can be answered only once",
                None => "this filter is never reached",
            };
            let problem = problems.error(&self.at.index(index), message);
            problem.why(format!("`{name}` answers before it"));
            problem.related(format!("the `{name}`"), answer);
        }
    }

    fn useless_rewrite(&self, index: usize, name: &str, answer: &At<'_>, problems: &mut Problems) {
        let problem = problems.error(&self.at.index(index), CONFLICT);
        problem.why(format!("`{name}` answers, so the rewritten request goes nowhere"));
        problem.related(format!("the `{name}`"), answer);
    }
}

const CONFLICT: &str = "a request is either rewritten or answered";

/// Which parts of a request were rewritten so far.
#[derive(Default)]
struct Rewritten {
    host: bool,
    path: bool,
}

impl Rewritten {
    fn take(&mut self, chain: &Chain<'_>, problems: &mut Problems) {
        for (index, filter) in chain.steps() {
            let document::Filter::Rewrite(document::Rewrite { host, path }) = filter else {
                continue;
            };
            let parts = [
                ("host", host.is_some(), &mut self.host),
                ("path", path.is_some(), &mut self.path),
            ];
            for (part, now, before) in parts {
                if now && std::mem::replace(before, true) {
                    let step = chain.at.index(index);
                    let problem = problems.error(
                        &step.key("rewrite").key(part),
                        format!("the {part} is rewritten twice"),
                    );
                    problem.why(
                        "the filters of a route come before each rule's own, and only one can win",
                    );
                }
                *before |= now;
            }
        }
    }
}

/// A rule ends with a service or with an answer, not with both and not with nothing.
pub(super) fn check_ending(
    before: &Chain<'_>,
    own: &Chain<'_>,
    has_backends: bool,
    rule: &At<'_>,
    problems: &mut Problems,
) {
    let answer = [before, own].into_iter().find_map(|chain| Some((chain, chain.answer()?)));
    match (answer, has_backends) {
        (Some((chain, (index, name))), true) => {
            let problem = problems.error(&rule.key("backends"), "these backends are never reached");
            problem.why(format!("`{name}` answers every request of this rule"));
            problem.help(format!("remove the backends, or the `{name}`"));
            problem.related(format!("the `{name}`"), &chain.at.index(index));
        }
        (None, false) => {
            let problem = problems.error(rule, "this rule leads nowhere");
            problem.why("it has neither backends nor a filter that answers");
            problem.help("add `backends: [a-service]`, or a filter `respond` or `redirect`");
        }
        (Some(_), false) | (None, true) => {}
    }
}

/// `replace_prefix` needs to know which prefix was matched.
pub(super) fn check_prefixes(
    before: &Chain<'_>,
    own: &Chain<'_>,
    matches: Option<&MatchList>,
    at: &At<'_>,
    problems: &mut Problems,
) {
    let replaces = |filter: &document::Filter| match filter {
        document::Filter::Redirect(redirect) => {
            matches!(redirect.path, Some(document::PathChange::Prefix(_)))
        }
        document::Filter::Rewrite(rewrite) => {
            matches!(rewrite.path, Some(document::PathChange::Prefix(_)))
        }
        _ => false,
    };
    let found = [before, own].into_iter().find_map(|chain| {
        let (index, _) = chain.steps().find(|(_, filter)| replaces(filter))?;
        Some((chain, index))
    });
    let Some((chain, step)) = found else { return };
    for (index, found) in matches.map_or(&[][..], |matches| &matches.0) {
        let what = match &found.path {
            Some(matching::PathMatch::Exact(_)) => "exact",
            Some(matching::PathMatch::Regex(_)) => "regex",
            Some(matching::PathMatch::Prefix(_)) | None => continue,
        };
        let place = at.index(*index);
        let message = format!("`replace_prefix` needs a prefix, but this match is `{what}`");
        let problem = problems.error(&place.key("path"), message);
        problem.help("match by `prefix`, or change the whole path with `replace_full`");
        problem.related("the filter", &chain.at.index(step));
    }
}
