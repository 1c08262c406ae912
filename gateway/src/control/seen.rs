//! What the loop has looked at last, so that it acts once on each change and says each problem
//! once, however often it looks.

use std::path::{Path, PathBuf};

use portico_config::Source;

use crate::{
    generation::Digest,
    plugins::{Stamp, stamp},
    sources,
};

/// Texts and files as they were.
#[derive(Default)]
pub(super) struct Seen {
    /// Names and digests.
    texts: Option<Vec<(String, Digest)>>,
    looks: Looks,
    /// What differed when it was last looked.
    unsettled: Option<Looks>,
    files: Vec<(PathBuf, Option<Stamp>)>,
}

type Looks = Vec<(PathBuf, Option<Stamp>)>;

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
        let texts = sources
            .iter()
            .map(|source| (source.name.clone(), Digest::of_texts(std::slice::from_ref(source))));
        self.texts = Some(texts.collect());
    }

    /// What the configuration's files look like, before they are read.
    pub(super) fn look(&mut self, path: &Path) {
        self.looks = look(path);
    }

    /// Whether any file, of the configuration or of a plugin, has come to look different, and has
    /// stayed so since the last time this was asked.
    pub(super) fn has_settled_into_another(&mut self, path: &Path) -> bool {
        let mut now = look(path);
        if self.texts.is_some() && self.looks == now && self.plugins_look_the_same() {
            self.unsettled = None;
            return false;
        }
        now.extend(self.files.iter().map(|(path, _)| (path.clone(), stamp(path).ok())));
        let settled = self.unsettled.as_ref() == Some(&now);
        self.unsettled = Some(now);
        settled
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
            && texts.iter().zip(sources).all(|((name, digest), source)| {
                *name == source.name && *digest == Digest::of_texts(std::slice::from_ref(source))
            });
        if !same {
            return Difference::Texts;
        }
        if self.plugins_look_the_same() { Difference::Nothing } else { Difference::Plugins }
    }

    fn plugins_look_the_same(&self) -> bool {
        self.files.iter().all(|(path, known)| stamp(path).ok() == *known)
    }
}

fn look(path: &Path) -> Looks {
    let files = sources::list(path).unwrap_or_default();
    files.into_iter().map(|file| (stamp(&file).ok(), file)).map(|(s, f)| (f, s)).collect()
}
