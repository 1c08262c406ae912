//! What the loop has looked at last, so that it acts once on each change and says each problem
//! once, however often it looks.

use std::path::PathBuf;

use portico_config::Source;

use crate::plugins::{Stamp, stamp};

/// Texts and files as they were.
#[derive(Default)]
pub(super) struct Seen {
    texts: Option<Vec<(String, String)>>,
    files: Vec<(PathBuf, Option<Stamp>)>,
}

/// What differs now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Difference {
    Nothing,
    /// Only files of plugins.
    Plugins,
    Texts,
}

impl Seen {
    /// The configuration's texts, when they were read from its own files.
    pub(super) fn texts(&mut self, sources: &[Source]) {
        let texts = sources.iter().map(|source| (source.name.clone(), source.text.clone()));
        self.texts = Some(texts.collect());
    }

    /// The texts could not be read.
    pub(super) fn no_texts(&mut self) {
        self.texts = None;
    }

    /// The plugins' files, before they are read.
    pub(super) fn files(&mut self, paths: impl Iterator<Item = PathBuf>) {
        self.files = paths.map(|path| (stamp(&path).ok(), path)).map(|(s, p)| (p, s)).collect();
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(path, _)| path.clone()).collect()
    }

    pub(super) fn compare(&self, sources: &[Source]) -> Difference {
        let Some(texts) = &self.texts else { return Difference::Texts };
        let same = texts.len() == sources.len()
            && texts
                .iter()
                .zip(sources)
                .all(|((name, text), source)| *name == source.name && *text == source.text);
        if !same {
            return Difference::Texts;
        }
        let same = self.files.iter().all(|(path, known)| stamp(path).ok() == *known);
        if same { Difference::Nothing } else { Difference::Plugins }
    }
}
