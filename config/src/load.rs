//! From sources to a configuration or to everything that is wrong.

use std::path::PathBuf;

use crate::{
    config::Config,
    decode::Node,
    diagnostic::{Diagnostic, Severity},
    document::Document,
    excerpt,
    locate::{Place, Places},
    path::At,
    problem::{MAX_KEPT, Problem, Problems},
    tree::{Malformed, Tree},
    validate,
};

/// A text and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    /// Shown in diagnostics; usually the file's path.
    pub name: String,
    /// Where relative paths of plugin files start.
    pub folder: PathBuf,
    /// YAML.
    pub text: String,
}

/// What came of loading.
#[derive(Debug)]
pub struct Loaded {
    /// `None` if and only if there is an error among the diagnostics.
    pub config: Option<Config>,
    /// Everything that is wrong or odd, in order of source and line.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads sources as one configuration: their lists are joined in order.
///
/// At most 100 errors and 100 warnings are described; the last of each says how many more there
/// are.
pub fn load(sources: &[Source]) -> Loaded {
    let mut problems = Problems::default();
    let mut broken = Vec::new();
    let mut documents = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match Tree::parse(&source.text) {
            Ok(Tree::Null) => {}
            Ok(tree) => {
                let document = Document::decode(&tree, &At::root(index), &mut problems);
                documents.extend(document.map(|document| (index, document)));
            }
            Err(malformed) => broken.push(broken_source(source, malformed)),
        }
    }
    // A file that cannot be parsed would make every reference to it dangle.
    let config = match broken.is_empty() {
        true => validate::config(sources, &documents, &mut problems),
        false => None,
    };
    let config = config.filter(|_| !problems.has_errors());
    let mut diagnostics = located(sources, problems);
    diagnostics.extend(broken);
    let order = |source: &str| sources.iter().position(|other| other.name == source);
    diagnostics.sort_by_cached_key(|diagnostic| {
        let Diagnostic { source, line, column, severity, .. } = diagnostic;
        (order(source), *line, *column, *severity)
    });
    Loaded { config, diagnostics }
}

fn broken_source(source: &Source, malformed: Malformed) -> Diagnostic {
    let (line, column) = malformed.place.unwrap_or((1, 1));
    let excerpt = malformed.place.and_then(|_| excerpt::of_broken(&source.text, line, column));
    // The parser may stop in blanks that are not shown.
    let shown = excerpt.as_ref().map(|excerpt| excerpt.chars().count() + 1);
    let column = shown.map_or(column, |end| column.min(end));
    let tab = || {
        source
            .text
            .lines()
            .nth(line - 1)
            .is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'))
    };
    let help = match malformed.message.as_str() {
        text if text.contains("aliases (") => Some("write out some of the aliases"),
        _ if tab() => Some("indent with spaces: YAML does not allow tabs"),
        text if text.contains("mapping values are not allowed") => {
            Some("a value that holds `: ` wants quotes, or this line is indented too deeply")
        }
        text if text.contains("expected ',' or") => {
            Some("a bracket is open before this; close it, or put a comma between items")
        }
        text if text.contains("expected key") || text.contains("'-' indicator") => {
            Some("what belongs together begins in the same column; check this line and those above")
        }
        text if text.contains("expected node content") => {
            Some("a value is missing, or a bracket is not closed")
        }
        text if text.contains("end of stream") && text.contains("quoted scalar") => {
            Some("a quote is not closed")
        }
        text if text.contains("second one begins") => {
            Some("remove the `---`, or write the rest into a file of its own")
        }
        text if text.contains("unknown anchor") => {
            Some("`*` begins a reference to an anchor; a text that begins with `*` wants quotes")
        }
        text if text.contains("expected alphabetic or numeric") => {
            Some("a text that begins with `*` or `&` wants quotes: `\"*\"`")
        }
        _ => None,
    };
    let ours = ["MiB", "one document", "aliases (", "nested too deeply"];
    let message = match ours.iter().any(|part| malformed.message.contains(part)) {
        true => malformed.message,
        false => format!("this is not YAML: {}", malformed.message),
    };
    Diagnostic {
        severity: Severity::Error,
        source: source.name.clone(),
        line,
        column,
        path: String::new(),
        message,
        why: None,
        help: help.map(str::to_owned),
        excerpt,
        related: None,
    }
}

/// Finds lines and columns. Only sources that are spoken of are parsed again.
fn located(sources: &[Source], problems: Problems) -> Vec<Diagnostic> {
    let mut places: Vec<Option<Places<'_>>> = sources.iter().map(|_| None).collect();
    let mut place = |index: usize, find: &dyn Fn(&Places<'_>) -> Place| {
        let (Some(slot), Some(source)) = (places.get_mut(index), sources.get(index)) else {
            return Place { line: 1, column: 1, excerpt: None };
        };
        find(slot.get_or_insert_with(|| Places::of(&source.text)))
    };
    let name = |index: usize| {
        sources.get(index).map_or("(no source)", |source| source.name.as_str()).to_owned()
    };
    let mut diagnostics = Vec::new();
    for kept in [problems.errors, problems.warnings] {
        let more = kept.more;
        for problem in kept.list {
            let Problem { severity, source, path, spot, message, why, help, related } = problem;
            let found = place(source, &|places| places.find(&path, spot));
            let related = related.map(|related| {
                let found = place(related.source, &|places| places.find(&related.path, spot));
                (related.text, name(related.source), found.line)
            });
            diagnostics.push(Diagnostic {
                severity,
                source: name(source),
                line: found.line,
                column: found.column,
                path: path.to_string(),
                message,
                why,
                help,
                excerpt: found.excerpt,
                related,
            });
        }
        if more > 0
            && let Some(last) = diagnostics.last().cloned()
        {
            diagnostics.push(Diagnostic {
                message: format!("{more} more like these are not shown"),
                path: String::new(),
                why: None,
                help: Some(format!("at most {MAX_KEPT} are described at once")),
                excerpt: None,
                related: None,
                ..last
            });
        }
    }
    diagnostics
}
