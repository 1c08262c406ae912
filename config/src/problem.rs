//! What is wrong, while places are still paths.
//!
//! Reading and validating collect [`Problem`]s and go on. Only when there are any is the text
//! looked at again to turn paths into lines and columns ([`crate::locate`]).

use crate::{
    diagnostic::Severity,
    path::{At, Path},
};

/// Something wrong at a place that is known by its path.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    pub(crate) source: usize,
    pub(crate) path: Path,
    pub(crate) spot: Spot,
    pub(crate) message: String,
    pub(crate) why: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) related: Option<Related>,
}

/// Which part of a field a problem points at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Spot {
    /// Its name: the field itself should not be there.
    Key,
    /// What is written there.
    Value,
}

/// Another place that explains a problem.
#[derive(Debug)]
pub(crate) struct Related {
    pub(crate) text: String,
    pub(crate) source: usize,
    pub(crate) path: Path,
}

/// What is wrong with a single value, before it is known where the value stands. Never holds
/// the value itself unless it cannot be a secret.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) why: Option<String>,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), why: None, help: None }
    }

    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// How many errors, and how many warnings, are kept. Nobody reads more at once, and a generated
/// file can hold a million; what is beyond is counted.
pub(crate) const MAX_KEPT: usize = 100;

/// Everything that was found.
#[derive(Default)]
pub(crate) struct Problems {
    pub(crate) errors: Kept,
    pub(crate) warnings: Kept,
}

/// The first problems of one severity.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) list: Vec<Problem>,
    /// Takes the details of a problem that is only counted.
    spare: Option<Problem>,
    /// How many were only counted.
    pub(crate) more: usize,
}

impl Problems {
    /// Adds an error about a value.
    pub(crate) fn error(&mut self, at: &At<'_>, message: impl Into<String>) -> &mut Problem {
        self.errors.add(Problem::new(Severity::Error, at, Spot::Value, message.into()))
    }

    /// Adds an error about a field that should not be there.
    pub(crate) fn key_error(&mut self, at: &At<'_>, message: impl Into<String>) -> &mut Problem {
        self.errors.add(Problem::new(Severity::Error, at, Spot::Key, message.into()))
    }

    /// Adds a warning: the configuration works, though hardly as meant.
    pub(crate) fn warning(&mut self, at: &At<'_>, message: impl Into<String>) -> &mut Problem {
        self.warnings.add(Problem::new(Severity::Warning, at, Spot::Value, message.into()))
    }

    /// Adds an error about a value.
    pub(crate) fn fault(&mut self, at: &At<'_>, fault: Fault) -> &mut Problem {
        let problem = self.error(at, fault.message);
        problem.why = fault.why;
        problem.help = fault.help;
        problem
    }

    /// Whether the configuration cannot be used.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.list.is_empty()
    }

    /// Drops errors that only follow from earlier ones, of which there are so many: a rule whose
    /// backends could not be read is not one that leads nowhere.
    pub(crate) fn drop_consequences(&mut self, earlier: usize) {
        let later = self.errors.list.split_off(earlier.min(self.errors.list.len()));
        let follows = |problem: &Problem| {
            self.errors.list.iter().any(|cause| {
                let below = |source: usize, path: &Path| {
                    cause.source == source && cause.path.0.starts_with(&path.0)
                };
                let related = problem.related.as_ref();
                below(problem.source, &problem.path)
                    || related.is_some_and(|related| below(related.source, &related.path))
            })
        };
        let later: Vec<Problem> = later.into_iter().filter(|later| !follows(later)).collect();
        self.errors.list.extend(later);
    }

    /// Whether further errors are only counted, so that looking for help is wasted.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.list.len() >= MAX_KEPT
    }
}

impl Kept {
    fn add(&mut self, problem: Problem) -> &mut Problem {
        if self.list.len() >= MAX_KEPT {
            self.more += 1;
            return self.spare.insert(problem);
        }
        self.list.push(problem);
        let last = self.list.len() - 1;
        &mut self.list[last]
    }
}

impl Problem {
    fn new(severity: Severity, at: &At<'_>, spot: Spot, message: String) -> Self {
        let (source, path) = (at.source(), at.to_path());
        Self { severity, source, path, spot, message, why: None, help: None, related: None }
    }

    pub(crate) fn why(&mut self, why: impl Into<String>) -> &mut Self {
        self.why = Some(why.into());
        self
    }

    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Helps if there is something to say.
    pub(crate) fn maybe_help(&mut self, help: Option<String>) -> &mut Self {
        self.help = help.or_else(|| self.help.take());
        self
    }

    pub(crate) fn related(&mut self, text: impl Into<String>, at: &At<'_>) -> &mut Self {
        self.related = Some(Related { text: text.into(), source: at.source(), path: at.to_path() });
        self
    }
}
