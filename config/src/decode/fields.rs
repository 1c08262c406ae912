//! The fields of one record: which there are, which are missing, and which belong elsewhere.

use std::collections::HashMap;

use crate::{
    document,
    path::At,
    problem::Problems,
    shape::{Constraint, Presence, Record, records},
    suggest,
    tree::Tree,
};

use super::wrong_type;

/// What is written for each field of a record, in the record's order.
pub(crate) struct Fields<'t> {
    record: &'static Record,
    values: Vec<Option<&'t Tree>>,
    short: bool,
}

impl<'t> Fields<'t> {
    /// Finds the fields and reports those that are unknown, doubled or missing.
    pub(crate) fn of(
        record: &'static Record,
        tree: &'t Tree,
        at: &At<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let mut fields = Self { record, values: vec![None; record.fields.len()], short: false };
        let entries = match tree {
            Tree::Map(entries) => entries,
            Tree::Text(_) | Tree::Integer(_) if let Some(short) = record.short => {
                let place = record.fields.iter().position(|field| field.name == short)?;
                fields.values[place] = Some(tree);
                fields.short = true;
                return Some(fields);
            }
            _ => return wrong_type(&expected(record), tree, at, problems),
        };
        unique_keys(entries, at, problems, |name, value, problems| {
            match record.fields.iter().position(|field| field.name == name) {
                Some(place) => fields.values[place] = Some(value),
                None => unknown_field(record, entries, name, at, problems),
            }
        });
        fields.report_missing(at, problems);
        Some(fields)
    }

    /// What is written for a field.
    pub(crate) fn value(&self, name: &str) -> Option<&'t Tree> {
        let place = self.record.fields.iter().position(|field| field.name == name)?;
        self.values[place]
    }

    /// Where a field stands: in the short form, at the record itself.
    pub(crate) fn place<'a>(&self, name: &'a str, at: &'a At<'a>) -> At<'a> {
        if self.short { *at } else { at.key(name) }
    }

    /// The fields that are written.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&'static str, &'t Tree)> {
        let pairs = self.record.fields.iter().zip(&self.values);
        pairs.filter_map(|(field, value)| Some((field.name, (*value)?)))
    }

    fn report_missing(&self, at: &At<'_>, problems: &mut Problems) {
        for (field, value) in self.record.fields.iter().zip(&self.values) {
            if value.is_none() && matches!(field.presence, Presence::Required) {
                let noun = self.record.noun;
                let doc = field.doc.trim().split("\n\n").next().unwrap_or_default();
                let problem = problems.error(at, format!("{noun} needs `{}`", field.name));
                problem.help(format!("`{}`: {}", field.name, doc.replace("\n ", " ")));
            }
        }
        let written = |names: &[&'static str]| -> Vec<&'static str> {
            let written = |name: &&'static str| self.value(name).is_some();
            names.iter().copied().filter(written).collect()
        };
        match self.record.constraint {
            Constraint::Free => {}
            Constraint::AtLeastOne(names) if written(names).is_empty() => {
                let names = list_of(names, "or");
                problems.error(at, format!("{} needs {names}", self.record.noun));
            }
            Constraint::AtLeastOne(_) => {}
            Constraint::ExactlyOne(names) => match written(names).as_slice() {
                [] => {
                    let names = list_of(names, "or");
                    problems.error(at, format!("{} needs one of {names}", self.record.noun));
                }
                [_] => {}
                [first, second, ..] => {
                    let both = list_of(&[first, second], "and");
                    let message = format!("{} has only one of {both}", self.record.noun);
                    problems
                        .key_error(&at.key(second), message)
                        .related("the other is here", &at.key(first));
                }
            },
        }
    }
}

/// How often each key was seen.
enum Seen<'t> {
    /// Most maps are so small that looking at every key is quicker than hashing them.
    Few(Vec<&'t str>),
    Many(HashMap<&'t str, usize>),
}

impl<'t> Seen<'t> {
    fn of(count: usize) -> Self {
        match count {
            0..=16 => Self::Few(Vec::with_capacity(count)),
            _ => Self::Many(HashMap::with_capacity(count)),
        }
    }

    /// How often a key was seen before.
    fn count(&mut self, key: &'t str) -> usize {
        match self {
            Self::Few(keys) => {
                let count = keys.iter().filter(|seen| **seen == key).count();
                keys.push(key);
                count
            }
            Self::Many(counts) => {
                let count = counts.entry(key).or_insert(0);
                *count += 1;
                *count - 1
            }
        }
    }
}

/// Calls back for the first entry of each key, and reports the keys that come again.
pub(super) fn unique_keys<'t>(
    entries: &'t [(Tree, Tree)],
    at: &At<'_>,
    problems: &mut Problems,
    mut each: impl FnMut(&'t str, &'t Tree, &mut Problems),
) {
    let mut seen = Seen::of(entries.len());
    for (key, value) in entries {
        let Tree::Text(name) = key else {
            let problem = problems.error(at, format!("a name here is {}, not text", key.kind()));
            problem.help("write the name in quotes");
            continue;
        };
        if &**name == "<<" {
            let problem = problems.key_error(&at.key("<<"), "merge keys (`<<`) are not supported");
            problem.why("YAML 1.2 has none, and tools disagree on what they mean");
            problem.help("write the fields here, or share a whole value by `&name` and `*name`");
            continue;
        }
        let again = seen.count(name);
        if again == 0 {
            each(name, value, problems);
            continue;
        }
        let first = at.key(name);
        let problem = problems.key_error(
            &at.nth_key(name, again),
            format!("`{}` is written twice", name.escape_debug()),
        );
        problem.why("only one of them could count").related("first here", &first);
    }
}

fn unknown_field(
    record: &'static Record,
    entries: &[(Tree, Tree)],
    name: &str,
    at: &At<'_>,
    problems: &mut Problems,
) {
    let place = at.key(name);
    let shown = name.escape_debug();
    if problems.is_full() {
        problems.key_error(&place, format!("unknown field `{shown}`"));
        return;
    }
    let known = record.fields.iter().map(|field| field.name);
    let owners: Vec<&Record> =
        records(document::root()).into_iter().filter(|owner| owner.field(name).is_some()).collect();
    if owners.is_empty() {
        let problem = problems.key_error(&place, format!("unknown field `{shown}`"));
        problem.why(format!("{} has no such field, so it would do nothing", record.noun));
        let fields = || format!("{} has {}", record.noun, list_of_iter(known.clone()));
        let help = suggest::did_you_mean(name, known.clone()).unwrap_or_else(fields);
        problem.help(help);
        return;
    }
    let nouns: Vec<&str> = owners.iter().map(|owner| owner.noun).collect();
    let belongs = match nouns.as_slice() {
        [.., _, _, _, _] => "belongs elsewhere".to_owned(),
        few => format!("belongs to {}", few.join(" or ")),
    };
    let here = at
        .tail()
        .map_or_else(|| "stands at the top".to_owned(), |tail| format!("sits under `{tail}`"));
    let message = format!("`{name}` {belongs}; here it {here}");
    let help = indent_help(record, entries, name, at)
        .or_else(|| suggest::did_you_mean(name, known.clone()))
        .unwrap_or_else(|| format!("{} has {}", record.noun, list_of_iter(known)));
    problems.key_error(&place, message).why("here it would do nothing").help(help);
}

/// How to move a field that has a home nearby, above or below.
fn indent_help(
    record: &'static Record,
    entries: &[(Tree, Tree)],
    name: &str,
    at: &At<'_>,
) -> Option<String> {
    if let Some((_, way)) = at.owner_above(name) {
        return Some(format!("indent it to the column of `{way}`"));
    }
    let beside = entries.iter().filter_map(|(key, value)| match key {
        Tree::Text(key) => Some((record.field(key)?, value)),
        _ => None,
    });
    for (field, value) in beside {
        let Some(inner) = (field.shape)().record().filter(|inner| inner.field(name).is_some())
        else {
            continue;
        };
        return Some(match (value, inner.short) {
            (Tree::Text(text), Some(short)) => {
                format!("write `{}: {{ {short}: {text}, {name}: … }}`", field.name)
            }
            _ => format!("indent it deeper, so that it is part of `{}`", field.name),
        });
    }
    None
}

fn expected(record: &Record) -> String {
    let article = if record.short.is_some() { "text or a map" } else { "a map" };
    let names: Vec<&str> = record.fields.iter().map(|field| field.name).collect();
    match record.constraint {
        Constraint::ExactlyOne(among) if among.len() == names.len() => {
            format!("{article} with one of {}", list_of(&names, "or"))
        }
        _ => format!("{article} with {}", list_of(&names, "and")),
    }
}

fn list_of_iter<'a>(names: impl Iterator<Item = &'a str>) -> String {
    list_of(&names.collect::<Vec<_>>(), "and")
}

fn list_of(names: &[&str], joiner: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "no fields".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {joiner} {last}", rest.join(", ")),
    }
}
