//! Changes to headers.

use std::collections::HashMap;

use http::{HeaderName, HeaderValue};

use crate::{
    config::HeaderChanges,
    decode::{Entries, TextNode},
    document::filter as document,
    path::At,
    problem::Problems,
    values::header::{FieldName, FieldValue},
};

/// Headers that say how messages are framed and connections are used (RFC 9110, section 7.6.1).
/// A change to them would make the next server read another request than this one.
const FRAMING: [&str; 8] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn changes(
    changes: &document::HeaderChanges,
    request: bool,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<HeaderChanges> {
    let document::HeaderChanges { set, add, remove } = changes;
    let set = values(set.as_ref(), request, &at.key("set"), problems);
    let add = values(add.as_ref(), request, &at.key("add"), problems);
    let remove_at = at.key("remove");
    let mut removed = Vec::new();
    let mut right = true;
    for (index, FieldName(name)) in remove.as_ref().map_or(&[][..], |list| &list.0) {
        right &= allowed(name, request, Part::Value, &remove_at.index(*index), problems);
        removed.push(name.clone());
    }
    let (set, add) = (set?, add?);
    right.then_some(HeaderChanges { set, add, remove: removed })
}

/// Header names and values, in the order of the document; `request` is false for responses.
pub(super) fn values(
    entries: Option<&Entries<FieldValue>>,
    request: bool,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let entries = entries.map_or(&[][..], |entries| &entries.0);
    let mut values = Vec::with_capacity(entries.len());
    let mut seen: HashMap<HeaderName, &str> = HashMap::with_capacity(entries.len());
    for (written, FieldValue(value)) in entries {
        let place = at.key(written);
        let name = match FieldName::parse(written) {
            Ok(FieldName(name)) => name,
            Err(fault) => {
                let problem = problems.key_error(&place, fault.message);
                (problem.why, problem.help) = (fault.why, fault.help);
                continue;
            }
        };
        if !allowed(&name, request, Part::Key, &place, problems) {
            continue;
        }
        if let Some(first) = seen.insert(name.clone(), written) {
            let problem = problems.key_error(&place, format!("`{name}` is written twice"));
            problem.why(format!("`{first}` is the same header; upper and lower case are the same"));
            continue;
        }
        values.push((name, value.clone()));
    }
    (values.len() == entries.len()).then_some(values)
}

/// Whether the name is a map's key or a list's item.
#[derive(Clone, Copy)]
enum Part {
    Key,
    Value,
}

fn allowed(
    name: &HeaderName,
    request: bool,
    part: Part,
    at: &At<'_>,
    problems: &mut Problems,
) -> bool {
    let host = request && *name == http::header::HOST;
    if !host && !FRAMING.contains(&name.as_str()) {
        return true;
    }
    let message = format!("a configuration must not change `{name}`");
    let problem = match part {
        Part::Key => problems.key_error(at, message),
        Part::Value => problems.error(at, message),
    };
    match host {
        true => problem
            .why("the host decides where a request goes")
            .help("use the filter `rewrite: { host: … }`"),
        false => problem
            .why("it says where a message ends or what a connection is used for; that is ours"),
    };
    false
}
