//! Edits of texts: `tests/edits/NAME.yaml` and the edits in `NAME.json` give `NAME.txt`.
//!
//! The JSON is a list of steps; each is a list of edits, made one after another on what the step
//! before left. What each step leaves is shown as a difference, so that a reader sees what changed
//! and that nothing else did. Further files of the same configuration are named `NAME.2.yaml`.
//! `UPDATE=1` rewrites what is expected.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail there")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use portico_config::{Edit, EditError, Source, edit, load};
use serde_json::Value;

fn source(path: &Path) -> Source {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    Source { name, folder: "conf".into(), text: fs::read_to_string(path).unwrap() }
}

fn default() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("default.yaml")
}

/// The sources of a case; one without any edits the default configuration.
fn sources(case: &Path) -> Vec<Source> {
    let others = (2..).map(|number| case.with_extension(format!("{number}.yaml")));
    let paths = std::iter::once(case.with_extension("yaml")).chain(others);
    let sources: Vec<Source> =
        paths.take_while(|path| path.exists()).map(|path| source(&path)).collect();
    if sources.is_empty() { vec![source(&default())] } else { sources }
}

/// Lines that differ, and the line above each group. Line ends are shown, so that none changes unseen.
fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut length = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            length[i][j] = match old[i] == new[j] {
                true => length[i + 1][j + 1] + 1,
                false => length[i + 1][j].max(length[i][j + 1]),
            };
        }
    }
    let shown = |line: &str| match line.strip_suffix('\n') {
        Some(line) => format!("{}\n", line.replace('\r', "\\r")),
        None => format!("{line} (no end of line)\n"),
    };
    let (mut i, mut j, mut text, mut same) = (0, 0, String::new(), true);
    while i < old.len() || j < new.len() {
        let (sign, line) = if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j, same) = (i + 1, j + 1, true);
            continue;
        } else if j < new.len() && (i == old.len() || length[i][j + 1] > length[i + 1][j]) {
            j += 1;
            ('+', new[j - 1])
        } else {
            i += 1;
            ('-', old[i - 1])
        };
        if same && i > 0 {
            let above = if sign == '-' { i.checked_sub(2) } else { Some(i - 1) };
            text += &above.map_or(String::new(), |above| format!("  {}", shown(old[above])));
        }
        same = false;
        write!(text, "{sign} {}", shown(line)).unwrap();
    }
    text
}

fn run(case: &Path) -> String {
    let steps: Vec<Vec<Value>> =
        serde_json::from_str(&fs::read_to_string(case.with_extension("json")).unwrap()).unwrap();
    let original = sources(case);
    let mut now = original.clone();
    let mut text = String::new();
    for step in steps {
        let edits: Result<Vec<Edit>, EditError> = step.iter().map(Edit::from_json).collect();
        for edit in &step {
            writeln!(text, "{edit}").unwrap();
        }
        match edits.and_then(|edits| edit(&now, &edits)) {
            Err(error) => writeln!(text, "error: {error}\n").unwrap(),
            Ok(after) => {
                for (before, after) in now.iter().zip(&after).filter(|(a, b)| a != b) {
                    writeln!(text, "--- {}\n{}", after.name, difference(&before.text, &after.text))
                        .unwrap();
                }
                if now == after {
                    text += "nothing changes\n\n";
                } else if original == after {
                    text += "as at the beginning\n\n";
                }
                now = after;
            }
        }
    }
    let errors: Vec<String> =
        load(&now).diagnostics.iter().map(|each| each.message.clone()).collect();
    if !errors.is_empty() {
        writeln!(text, "diagnostics: {errors:#?}").unwrap();
    }
    text
}

#[test]
fn edits_change_what_they_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edits");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    cases.sort();
    assert!(cases.len() >= 8, "only {} cases found", cases.len());
    let mut failures = Vec::new();
    for case in cases {
        let (actual, path) = (run(&case), case.with_extension("txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &actual).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != actual {
            failures.push(format!("{} differs; UPDATE=1 rewrites it:\n{actual}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
