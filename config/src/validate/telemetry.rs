//! The telemetry section: at most one, and everything it names is there.

use std::path::Path;

use crate::{
    config::{
        self, AccessLog, Exporter, LogFormat, LogTarget, Propagation, Receiver, RouteRef,
        SecretText, Share, Signal, Store, Telemetry, Tracing,
    },
    decode::{Entries, List},
    document::{Document, telemetry as document},
    path::At,
    problem::Problems,
    values::{
        duration::Span,
        flag::Flag,
        line::Line,
        name::Name,
        number::Whole,
        share,
        size::Bytes,
        text::{EnvironmentText, FilePath},
        word::LogTargetWord,
    },
};

use super::{Scope, routes::unique};

/// Reads the section of the document that has one.
pub(super) fn build(documents: &[(usize, Document)], scope: &mut Scope<'_, '_>) -> Telemetry {
    let mut written = documents.iter().filter_map(|(source, document)| {
        document.telemetry.as_ref().map(|section| (*source, section))
    });
    let Some((source, section)) = written.next() else {
        return telemetry(&default_section(), &At::root(0), 0, scope);
    };
    for (other, _) in written {
        let (root, first) = (At::root(other), At::root(source));
        let message = "there is a second section `telemetry`";
        let problem = scope.problems.key_error(&root.key("telemetry"), message);
        problem.why("two of them could contradict each other");
        problem.related("the first is here", &first.key("telemetry"));
    }
    telemetry(section, &At::root(source).key("telemetry"), source, scope)
}

/// What holds where nothing is written.
fn default_section() -> document::Telemetry {
    crate::decode::decode_default(crate::shape::Literal::Empty)
}

fn telemetry(
    section: &document::Telemetry,
    at: &At<'_>,
    source: usize,
    scope: &mut Scope<'_, '_>,
) -> Telemetry {
    let document::Telemetry { enabled, tracing, exporters, buckets, access_logs, store, receiver } =
        section;
    let folder = scope.sources.get(source).map(|source| source.folder.clone());
    let folder = folder.unwrap_or_default();
    let exporters = exporters_of(exporters.as_ref(), &folder, &at.key("exporters"), scope.problems);
    let logs_at = at.key("access_logs");
    let logs = access_logs.iter().flat_map(|list| &list.0);
    let access_logs: Vec<AccessLog> = logs
        .filter_map(|(index, log)| access_log(log, &folder, &logs_at.index(*index), scope))
        .collect();
    let wants_logs = |exporter: &Exporter| exporter.signals.contains(&Signal::Logs);
    let to_nobody = access_logs.iter().position(|log| log.target == LogTarget::Otlp);
    if let Some(index) = to_nobody.filter(|_| !exporters.iter().any(wants_logs)) {
        let place = logs_at.index(index);
        let problem = scope.problems.key_error(&place.key("to"), "no exporter takes logs");
        problem.help("add `signals: [logs]` to an exporter, or write to `stdout` or a file");
    }
    Telemetry {
        enabled: enabled.is_none_or(|Flag(enabled)| enabled),
        tracing: tracing_of(tracing, &at.key("tracing"), scope),
        exporters,
        buckets: buckets_of(buckets.as_ref(), &at.key("buckets"), scope.problems),
        access_logs,
        store: Store { memory: store.memory.0, keep: store.keep.0 },
        receiver: receiver.as_ref().map(receiver_of),
    }
}

fn tracing_of(section: &document::Tracing, at: &At<'_>, scope: &mut Scope<'_, '_>) -> Tracing {
    let document::Tracing { sample, parent, max_per_second, routes, slow, propagation } = section;
    let routes_at = at.key("routes");
    let mut shares: Vec<(usize, (RouteRef, Share))> = Vec::new();
    for (index, entry) in routes.iter().flat_map(|list| &list.0) {
        let (Some(name), Some(own)) = (&entry.route, &entry.sample) else { continue };
        let place = routes_at.index(*index);
        let route = scope.routes.resolve(name, &place.key("route"), scope.problems);
        shares.extend(route.map(|route| (*index, (RouteRef(route), share_of(*own)))));
    }
    let named: Vec<(usize, RouteRef)> =
        shares.iter().map(|(index, (route, _))| (*index, *route)).collect();
    unique(&named, "this route has two shares", &routes_at, scope.problems);
    let written = propagation.iter().flat_map(|list| &list.0);
    let mut forms: Vec<(usize, Propagation)> =
        written.map(|(index, form)| (*index, form.0)).collect();
    unique(&forms, "this form is written twice", &at.key("propagation"), scope.problems);
    if forms.is_empty() {
        forms.push((0, Propagation::W3c));
    }
    Tracing {
        sample: share_of(*sample),
        parent: parent.0,
        max_per_second: max_per_second.0,
        routes: shares.into_iter().map(|(_, share)| share).collect(),
        slow: slow.0,
        propagation: forms.into_iter().map(|(_, form)| form).collect(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 1")]
fn share_of(share: share::Share) -> Share {
    Share((share.0 * 1e6).round() as u32)
}

fn exporters_of(
    list: Option<&List<document::Exporter, 0, { document::MAX_TARGETS }>>,
    folder: &Path,
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<Exporter> {
    let written = list.map_or(&[][..], |list| &list.0);
    let names: Vec<(usize, &str)> = written
        .iter()
        .filter_map(|(index, exporter)| Some((*index, exporter.name.as_ref()?.0.as_str())))
        .collect();
    unique(&names, "a second exporter has this name", at, problems);
    let build = |(index, exporter): &(usize, document::Exporter)| {
        exporter_of(exporter, folder, &at.index(*index), problems)
    };
    written.iter().filter_map(build).collect()
}

fn exporter_of(
    written: &document::Exporter,
    folder: &Path,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<Exporter> {
    let document::Exporter {
        name,
        endpoint,
        protocol,
        signals,
        headers,
        ca_file,
        gzip,
        timeout: Span(timeout),
        interval: Span(interval),
        queue: Whole(queue),
    } = written;
    let signals: Vec<(usize, Signal)> = match signals {
        Some(list) => list.0.iter().map(|(index, signal)| (*index, signal.0)).collect(),
        None => vec![(0, Signal::Traces)],
    };
    unique(&signals, "this signal is written twice", &at.key("signals"), problems);
    let headers = headers_of(headers.as_ref(), &at.key("headers"), problems);
    Some(Exporter {
        name: name.as_ref()?.0.as_str().into(),
        endpoint: endpoint.as_ref()?.0.clone(),
        protocol: protocol.0,
        signals: signals.into_iter().map(|(_, signal)| signal).collect(),
        headers,
        ca_file: ca_file.as_ref().map(|FilePath(path)| folder.join(path).into()),
        gzip: gzip.is_none_or(|Flag(gzip)| gzip),
        timeout: *timeout,
        interval: *interval,
        queue: *queue,
    })
}

fn headers_of(
    entries: Option<&Entries<EnvironmentText>>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<(Box<str>, SecretText)> {
    let mut headers = Vec::new();
    for (name, EnvironmentText(value)) in entries.map_or(&[][..], |entries| &entries.0) {
        let place = at.key(name);
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            problems.key_error(&place, "this is no name of a header");
        } else if http::HeaderValue::from_str(value).is_err() {
            problems.error(&place, "this value cannot be sent as a header");
        } else {
            headers.push((name.to_ascii_lowercase().into(), SecretText(value.as_str().into())));
        }
    }
    headers
}

fn buckets_of(
    list: Option<&List<Span<1, 3_600_000>, 1, { document::MAX_BUCKETS }>>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<std::time::Duration> {
    let written = list.map_or(&[][..], |list| &list.0);
    for pair in written.windows(2) {
        if pair[1].1.0 <= pair[0].1.0 {
            let problem = problems.error(&at.index(pair[1].0), "this bound does not rise");
            problem.why("each bucket ends where the next begins");
            problem.related("the one before it", &at.index(pair[0].0));
        }
    }
    written.iter().map(|(_, Span(bound))| *bound).collect()
}

fn access_log(
    written: &document::AccessLog,
    folder: &Path,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<AccessLog> {
    let document::AccessLog { to, file, format, json, status, min_duration, routes, sample } =
        written;
    if let (Some(_), Some(_)) = (format, json) {
        let problem = scope.problems.key_error(&at.key("json"), "a line is text or JSON, not both");
        problem.related("the other is here", &at.key("format"));
    }
    let target = match (to, file) {
        (Some(word), _) if word.0 == LogTargetWord::Otlp => LogTarget::Otlp,
        (Some(_), _) => LogTarget::Stdout,
        (None, file) => LogTarget::File(folder.join(&file.as_ref()?.0).into()),
    };
    let routes_at = at.key("routes");
    let names: Vec<&(usize, Name)> = routes.iter().flat_map(|list| &list.0).collect();
    let mut resolved: Vec<(usize, RouteRef)> = Vec::with_capacity(names.len());
    for (index, name) in names {
        let route = scope.routes.resolve(name, &routes_at.index(*index), scope.problems);
        resolved.extend(route.map(|route| (*index, RouteRef(route))));
    }
    unique(&resolved, "this route is written twice", &routes_at, scope.problems);
    Some(AccessLog {
        target,
        format: format_of(format.as_ref(), json.as_ref()),
        status: status.iter().flat_map(|list| &list.0).map(|(_, range)| range.0).collect(),
        min_duration: min_duration.map(|Span(limit)| limit),
        routes: resolved.into_iter().map(|(_, route)| route).collect(),
        sample: sample.map(share_of),
    })
}

fn format_of(format: Option<&Line>, json: Option<&Entries<Line>>) -> LogFormat {
    match (format, json) {
        (Some(Line(text)), _) => LogFormat::Text(text.as_str().into()),
        (None, Some(Entries(fields))) => LogFormat::Json(
            fields
                .iter()
                .map(|(name, Line(text))| (name.as_str().into(), text.as_str().into()))
                .collect(),
        ),
        (None, None) => LogFormat::Default,
    }
}

fn receiver_of(written: &document::Receiver) -> Receiver {
    let document::Receiver { grpc, http, message: Bytes(message) } = written;
    Receiver {
        grpc: grpc.as_ref().map(|address| address.0),
        http: http.as_ref().map(|address| address.0),
        message: *message,
    }
}

impl Default for Telemetry {
    /// What holds where nothing is written.
    fn default() -> Self {
        Self {
            enabled: true,
            tracing: Tracing {
                sample: Share(1_000_000),
                parent: config::ParentDecision::Respect,
                max_per_second: 100,
                routes: Vec::new(),
                slow: std::time::Duration::from_secs(1),
                propagation: vec![Propagation::W3c],
            },
            exporters: Vec::new(),
            buckets: Vec::new(),
            access_logs: Vec::new(),
            store: Store { memory: 32 << 20, keep: std::time::Duration::from_secs(600) },
            receiver: None,
        }
    }
}
