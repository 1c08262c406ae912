//! What a person or a program is told about a problem.

use std::fmt;

use serde_json::{Value, json};

/// Something wrong in a configuration, with its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// The name of the source, usually a file.
    pub source: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Where it is in the document: `routes[2].rules[0].timeout`; empty for the whole document.
    pub path: String,
    /// What is wrong, in one line.
    pub message: String,
    /// Why that is a problem.
    pub why: Option<String>,
    /// A way out, such as "did you mean".
    pub help: Option<String>,
    /// The line as written, unless it may hold a secret. Values that may are cut off.
    pub excerpt: Option<String>,
    /// Another place that explains it: text, source and line.
    pub related: Option<(String, String, usize)>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, though hardly as meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Diagnostic {
    /// For programs. Fields that say nothing are `null`.
    pub fn to_json(&self) -> Value {
        let Self { severity, source, line, column, path, message, why, help, excerpt, related } =
            self;
        let related = related
            .as_ref()
            .map(|(text, source, line)| json!({ "text": text, "source": source, "line": line }));
        json!({
            "severity": severity.as_str(),
            "source": source,
            "line": line,
            "column": column,
            "path": path,
            "message": message,
            "why": why,
            "help": help,
            "excerpt": excerpt,
            "related": related,
        })
    }

    /// How many characters the caret marks: the word, or the quoted text, at the column.
    fn marked(&self, excerpt: &str) -> usize {
        let mut rest = excerpt.chars().skip(self.column - 1).peekable();
        let length = match rest.peek() {
            Some(quote @ ('"' | '\'')) => {
                let quote = *quote;
                1 + rest.skip(1).position(|c| c == quote).map_or(0, |inside| inside + 1)
            }
            _ => rest
                .take_while(|c| !c.is_whitespace() && !matches!(c, ',' | '{' | '}' | '[' | ']'))
                .collect::<String>()
                .trim_end_matches(':')
                .chars()
                .count(),
        };
        length.max(1)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, source, line, column, path, message, .. } = self;
        let gutter = " ".repeat(line.to_string().len());
        write!(f, "{}: {message}", severity.as_str())?;
        write!(f, "\n{gutter}--> {source}:{line}:{column}")?;
        if !path.is_empty() {
            write!(f, "  {path}")?;
        }
        if let Some(excerpt) = &self.excerpt {
            let kept = |c: char| if c == '\t' { '\t' } else { ' ' };
            let indent: String = excerpt.chars().take(column - 1).map(kept).collect();
            let carets = "^".repeat(self.marked(excerpt));
            write!(f, "\n{gutter} |\n{line} | {excerpt}\n{gutter} | {indent}{carets}")?;
        }
        for (label, text) in [("why", &self.why), ("help", &self.help)] {
            if let Some(text) = text {
                write!(f, "\n{gutter} = {label}: {text}")?;
            }
        }
        if let Some((text, source, line)) = &self.related {
            write!(f, "\n{gutter} = see: {text}: {source}:{line}")?;
        }
        Ok(())
    }
}
