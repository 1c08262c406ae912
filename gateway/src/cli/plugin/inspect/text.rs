//! A report, for people.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    Found, Report,
    imports::{Group, Need},
    module::{Memory, Module},
};
use crate::cli::plugin::size;

/// Width of the names in front.
const NAMES: usize = 10;

pub(super) fn text(file: &str, report: &Report) -> String {
    let Report { bytes, digest, problems, found } = report;
    let mut lines = Lines(String::new());
    lines.line("file", &format!("{file}, {}", size(*bytes as u64)));
    lines.line("digest", digest);
    if let Some(Found { module, version, schema, remarks, needs, callbacks }) = found {
        if let Some(version) = version {
            lines.line("version", version);
        }
        describe(&mut lines, module);
        for need in needs {
            lines.line("needs", &described(need));
        }
        let called = callbacks.iter().filter(|callback| callback.never.is_none());
        lines.line("called", &called.map(|callback| callback.name).collect::<Vec<_>>().join(" "));
        let never = callbacks.iter().filter_map(|callback| Some((callback.never?, callback.name)));
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        never.for_each(|(why, name)| reasons.entry(why).or_default().push(name));
        for (why, names) in reasons {
            lines.line("never", &format!("{} ({why})", names.join(" ")));
        }
        if let Some(schema) = schema {
            lines.line("schema", &format!("{schema:#}"));
        }
        remarks.iter().for_each(|remark| lines.line("remark", remark));
    }
    for problem in problems {
        lines.line("problem", problem);
    }
    lines.0
}

fn describe(lines: &mut Lines, module: &Module) {
    let dotted = |abi: &String| abi.replace('_', ".");
    lines.line("abi", &module.abi.iter().map(dotted).collect::<Vec<_>>().join(", "));
    for (what, who) in &module.producers {
        lines.line(what_made(what), &who.join(", "));
    }
    if let Some(Memory { starts_with, at_most }) = &module.memory {
        let most = at_most.map_or_else(
            || "grows up to the plugin's limit".to_owned(),
            |most| format!("at most {}", size(most)),
        );
        lines.line("memory", &format!("starts with {}, {most}", size(*starts_with)));
    }
    let Module { functions, code_bytes, data_bytes, .. } = module;
    lines.line(
        "inside",
        &format!(
            "{functions} functions, {} of code, {} of data, {}",
            size(*code_bytes as u64),
            size(*data_bytes as u64),
            if module.names { "with names" } else { "without names: a trap shows numbers" },
        ),
    );
    let start = module.starts_with.unwrap_or("nothing to call");
    let early = if module.start_function { ", after a start function" } else { "" };
    lines.line("starts", &format!("{start}{early}"));
    if let Some(allocator) = module.allocator {
        lines.line("allocates", &format!("with {allocator}"));
    }
    if !module.custom.is_empty() {
        let custom = module.custom.iter();
        let custom = custom.map(|one| format!("{} ({})", one.name, size(one.bytes as u64)));
        lines.line("sections", &custom.collect::<Vec<_>>().join(", "));
    }
}

fn what_made(field: &str) -> &str {
    match field {
        "processed-by" => "made by",
        other => other,
    }
}

fn described(need: &Need) -> String {
    let Need { group, functions } = need;
    let name = group.name();
    match group {
        // Two dozen names that say nothing.
        Group::Always | Group::Library => format!("{name}: {} functions", functions.len()),
        _ => format!("{name}: {}", functions.join(" ")),
    }
}

struct Lines(String);

impl Lines {
    fn line(&mut self, name: &str, value: &str) {
        let _never_fails = writeln!(self.0, "{name:NAMES$} {value}");
    }
}
