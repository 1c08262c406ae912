//! Matches: what a rule takes.

use std::collections::HashMap;

use crate::{
    config::{FieldMatch, Match, PathMatch, Pattern, ValueMatch},
    decode::{Entries, List, TextNode},
    document::matching,
    path::At,
    values::{header::FieldName, pattern::PatternText},
};

use super::Scope;

pub(super) fn build(
    list: Option<&List<matching::Match, 1>>,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<Match>> {
    let Some(list) = list else {
        let (path, method) = (PathMatch::Prefix("/".into()), None);
        return Some(vec![Match { path, method, headers: Vec::new(), query: Vec::new() }]);
    };
    let built: Vec<Option<Match>> = list
        .0
        .iter()
        .map(|(index, document)| build_one(document, &at.index(*index), scope))
        .collect();
    built.into_iter().collect()
}

fn build_one(document: &matching::Match, at: &At<'_>, scope: &mut Scope<'_, '_>) -> Option<Match> {
    let matching::Match { path, method, headers, query } = document;
    let path = match path {
        Some(path) => path_match(path, &at.key("path"), scope),
        None => Some(PathMatch::Prefix("/".into())),
    };
    let lower = |name: &str| FieldName::parse(name).map(|name| name.0.as_str().to_owned());
    let headers = fields(headers.as_ref(), &at.key("headers"), scope, lower);
    let query = fields(query.as_ref(), &at.key("query"), scope, |name| Ok(name.to_owned()));
    let method = method.as_ref().map(|method| method.0.clone());
    Some(Match { path: path?, method, headers: headers?, query: query? })
}

fn path_match(
    document: &matching::PathMatch,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<PathMatch> {
    Some(match document {
        matching::PathMatch::Exact(path) => PathMatch::Exact(path.0.as_str().into()),
        matching::PathMatch::Prefix(path) => {
            if let Some(prefix) = path.0.strip_suffix("/*") {
                let problem = scope.problems.warning(&at.key("prefix"), "`*` is taken literally");
                let prefix = if prefix.is_empty() { "/" } else { prefix };
                problem.why("a prefix matches everything below it without a sign for it");
                problem.help(format!("did you mean `{prefix}`?"));
            }
            let trimmed = path.0.trim_end_matches('/');
            PathMatch::Prefix(if trimmed.is_empty() { "/" } else { trimmed }.into())
        }
        matching::PathMatch::Regex(text) => {
            PathMatch::Regex(pattern(text, &at.key("regex"), scope)?)
        }
    })
}

fn pattern(text: &PatternText, at: &At<'_>, scope: &mut Scope<'_, '_>) -> Option<Pattern> {
    scope.patterns.compile(text).unwrap_or_else(|fault| {
        scope.problems.fault(at, fault);
        None
    })
}

/// Conditions on headers or query parameters, sorted by name.
fn fields(
    entries: Option<&Entries<matching::ValueMatch>>,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
    normal: impl Fn(&str) -> Result<String, crate::problem::Fault>,
) -> Option<Vec<FieldMatch>> {
    let entries = entries.map_or(&[][..], |entries| &entries.0);
    let mut fields = Vec::with_capacity(entries.len());
    let mut seen: HashMap<String, &str> = HashMap::with_capacity(entries.len());
    for (written, value) in entries {
        let at = &at.nth_key(written, 0);
        let value = match value {
            matching::ValueMatch::Exact(value) => Some(ValueMatch::Exact(value.0.as_str().into())),
            matching::ValueMatch::Regex(text) => {
                pattern(text, &at.key("regex"), scope).map(ValueMatch::Regex)
            }
        };
        let name = match normal(written) {
            Ok(name) if !name.is_empty() => name,
            Ok(_) => {
                scope.problems.key_error(at, "a query parameter has a name");
                continue;
            }
            Err(fault) => {
                let problem = scope.problems.key_error(at, fault.message);
                (problem.why, problem.help) = (fault.why, fault.help);
                continue;
            }
        };
        if let Some(first) = seen.insert(name.clone(), written) {
            let problem = scope.problems.key_error(at, format!("`{name}` is written twice"));
            problem.why(format!("`{first}` is the same header; upper and lower case are the same"));
            continue;
        }
        fields.extend(value.map(|value| FieldMatch { name: name.into(), value }));
    }
    fields.sort_unstable();
    (fields.len() == entries.len()).then_some(fields)
}
