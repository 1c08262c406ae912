//! The text of `COVERAGE.md`.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    Answers, Seen,
    abi::{ALWAYS, CALLBACKS, FUNCTIONS, NEVER, NOT_REACHED},
};

/// So many guests are named; the others are counted.
const SHOWN: usize = 4;

const HEAD: &str = "# What of the ABI the host's tests reach

Written by the tests themselves (`tests/host/coverage.rs`): they run every guest of `tests/guests` that has a
recorded transcript, and note each call of a host function with what it answered. `UPDATE=1 cargo test
--release -p portico-wasm --test host` writes it anew.

Every function is linked for modules of every version; *ABI* says which versions have it on Envoy. *Answers* are
numbers of the ABI, or of WASI, each with the guests that got it.
";

pub(super) fn text(seen: &Seen, wasi: &BTreeSet<&str>) -> String {
    let mut text = String::from(HEAD);
    text.push_str(
        "\n## Host functions\n\n| function | ABI | succeeds | fails |\n|---|---|---|---|\n",
    );
    for function in &FUNCTIONS {
        let word = if has_status(function.name) { status } else { |_| "" };
        row(&mut text, seen, function.name, Some(function.versions), word);
    }
    text.push_str("\n## WASI\n\n");
    text.push_str(
        "Under both names of the module: `wasi_snapshot_preview1` and `wasi_unstable`.\n\n",
    );
    text.push_str("| function | succeeds | fails |\n|---|---|---|\n");
    for name in wasi {
        row(&mut text, seen, name, None, errno);
    }
    text.push_str("\n## Callbacks\n\n");
    text.push_str(
        "Guests that called the host from each; `start` is what runs before the first one.\n\n",
    );
    text.push_str("| callback | ABI | guests |\n|---|---|---|\n");
    for callback in &CALLBACKS {
        let guests = seen.callbacks.get(callback.name).map_or_else(String::new, names);
        writeln!(text, "| `{}` | {} | {guests} |", callback.name, callback.versions)
            .expect("a string has room");
    }
    text.push_str("\n## Callbacks that requests do not reach\n\n");
    text.push_str("| callback | ABI | why |\n|---|---|---|\n");
    for (name, versions, why) in NOT_REACHED {
        writeln!(text, "| `{name}` | {versions} | {why} |").expect("a string has room");
    }
    text
}

fn row(
    text: &mut String,
    seen: &Seen,
    name: &str,
    versions: Option<&str>,
    word: fn(i32) -> &'static str,
) {
    let (good, bad) = split(name, seen.functions.get(name));
    let cell = |answers: &Answers, reasons: &[(&str, &str)]| {
        let reason = reasons.iter().find(|(of, _)| *of == name).map(|(_, why)| *why);
        let lists = answers.iter().map(|(answer, guests)| match answer {
            Some(answer) if word(*answer).is_empty() => format!("{answer} {}", names(guests)),
            Some(answer) => format!("{answer} {} {}", word(*answer), names(guests)),
            None => format!("no answer {}", names(guests)),
        });
        reason.map_or_else(|| lists.collect::<Vec<_>>().join("; "), |why| format!("never: {why}"))
    };
    let versions = versions.map_or_else(String::new, |versions| format!(" {versions} |"));
    writeln!(text, "| `{name}` |{versions} {} | {} |", cell(&good, &NEVER), cell(&bad, &ALWAYS))
        .expect("a string has room");
}

/// Answers that are success, and the others.
fn split(name: &str, answers: Option<&Answers>) -> (Answers, Answers) {
    let answers = answers.cloned().unwrap_or_default();
    answers.into_iter().partition(|(answer, _)| !has_status(name) || *answer == Some(0))
}

fn has_status(function: &str) -> bool {
    !matches!(function, "emscripten_notify_memory_growth" | "pthread_equal")
}

fn names(guests: &BTreeSet<String>) -> String {
    let shown = guests.iter().take(SHOWN).map(|name| format!("`{name}`"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if guests.len() > SHOWN {
        write!(text, " and {} more", guests.len() - SHOWN).expect("a string has room");
    }
    text
}

/// What was not seen and should have been; and reasons that are none any more.
pub(super) fn gaps(seen: &Seen, functions: &[&str]) -> Vec<String> {
    let mut gaps = Vec::new();
    for name in functions {
        let (good, bad) = split(name, seen.functions.get(*name));
        for (answers, reasons, what) in
            [(good, &NEVER[..], "succeeds"), (bad, &ALWAYS[..], "fails")]
        {
            let excused = reasons.iter().any(|(of, _)| of == name);
            if answers.is_empty() != excused {
                let which =
                    if excused { "has a reason not to, but" } else { "has no guest where it" };
                gaps.push(format!("`{name}` {which} {what}"));
            }
        }
    }
    let reached = seen.callbacks.keys().copied().collect::<BTreeSet<_>>();
    let listed = CALLBACKS.iter().map(|callback| callback.name).collect::<BTreeSet<_>>();
    for name in reached.symmetric_difference(&listed) {
        gaps.push(format!("`{name}` is listed and not reached, or the other way round"));
    }
    gaps
}

fn status(answer: i32) -> &'static str {
    match answer {
        1 => "not found",
        2 => "bad argument",
        3 => "serialization failure",
        4 => "parse failure",
        6 => "invalid memory access",
        7 => "empty",
        8 => "compare-and-swap mismatch",
        10 => "internal failure",
        12 => "unimplemented",
        _ => "",
    }
}

fn errno(answer: i32) -> &'static str {
    match answer {
        8 => "badf",
        21 => "fault",
        28 => "inval",
        44 => "noent",
        52 => "nosys",
        58 => "notsup",
        _ => "",
    }
}
