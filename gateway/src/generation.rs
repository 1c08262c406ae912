//! What has run and what was refused: the history of configurations.

use std::{
    collections::VecDeque,
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use portico_config::{Diagnostic, Source};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Generations that can be rolled back to. Their texts are kept in memory.
const KEPT: usize = 16;

/// Bytes of their texts, so that sixteen large configurations do not outweigh the gateway.
const KEPT_BYTES: usize = 16 << 20;

/// A configuration that ran or runs.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Counts from 1; a rollback is a new generation with an old text.
    pub number: u64,
    pub origin: Origin,
    pub author: Option<Author>,
    pub sources: Arc<[Source]>,
    /// What in them is in no file.
    pub held: Arc<[Held]>,
    /// Files that the gateway wrote for it.
    pub written: Vec<PathBuf>,
    /// Of all texts.
    pub digest: Digest,
    pub at: SystemTime,
    /// From reading to serving.
    pub took: Duration,
    /// What is odd about it, though it works.
    pub warnings: Vec<Diagnostic>,
}

/// SHA-256 of a configuration's texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Digest([u8; 32]);

/// Somebody who asked for a configuration, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Author {
    pub name: String,
    pub reason: Option<String>,
}

/// Edits that the gateway keeps itself and makes again at each reload, because the source cannot be
/// written. They last until the source says the same, or the process ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// In the form of the admin API.
    pub edits: Vec<Value>,
    pub author: Author,
    pub at: SystemTime,
    /// Why they cannot be made in what the source says at the moment. They are tried again.
    pub trouble: Option<String>,
}

/// Where it came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    Admin,
    File,
    /// A module that comes over the network has arrived, or has become another one.
    Module,
    /// To the generation with this number.
    Rollback(u64),
    Signal,
    Start,
}

/// A configuration that was refused. What ran before runs on.
#[derive(Clone, Debug)]
pub struct Rejection {
    pub origin: Origin,
    pub author: Option<Author>,
    pub at: SystemTime,
    pub problems: Vec<Diagnostic>,
}

/// The last generations, and the last rejection if nothing was accepted since.
#[derive(Clone, Debug, Default)]
pub struct History {
    generations: VecDeque<Generation>,
    pub rejected: Option<Rejection>,
    /// All rejections since the process began.
    pub rejections: u64,
}

impl History {
    pub fn running(&self) -> Option<&Generation> {
        self.generations.back()
    }

    /// What the gateway holds itself at the moment.
    pub fn held(&self) -> Arc<[Held]> {
        self.running().map_or_else(Arc::default, |running| running.held.clone())
    }

    /// The source says some of it by now.
    pub fn hold(&mut self, held: Arc<[Held]>) {
        if let Some(running) = self.generations.back_mut() {
            running.held = held;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Generation> {
        self.generations.iter()
    }

    /// The one with a number, or the one before the running one. After a rollback that is the one
    /// before the one that was gone back to: undoing twice goes back two steps.
    pub fn find(&self, number: Option<u64>) -> Option<&Generation> {
        if let Some(number) = number {
            return self.generations.iter().find(|kept| kept.number == number);
        }
        let running = self.running()?;
        let from = match running.origin {
            Origin::Rollback(number) => number,
            _ => running.number,
        };
        let mut before = self.generations.iter().rev().filter(|kept| kept.number < from);
        before.find(|kept| {
            !matches!(kept.origin, Origin::Rollback(_)) && kept.digest != running.digest
        })
    }

    /// The number that the next one gets.
    pub fn next(&self) -> u64 {
        self.running().map_or(1, |running| running.number + 1)
    }

    fn bytes(&self) -> usize {
        let sources = self.generations.iter().flat_map(|kept| kept.sources.iter());
        sources.map(|source| source.text.len()).sum()
    }

    pub fn reject(&mut self, rejection: Rejection) {
        self.rejected = Some(rejection);
        self.rejections += 1;
    }

    pub fn accept(&mut self, generation: Generation) {
        self.generations.push_back(generation);
        // The running one and the one before it are kept whatever they weigh.
        while self.generations.len() > 2
            && (self.generations.len() > KEPT || self.bytes() > KEPT_BYTES)
        {
            self.generations.pop_front();
        }
        self.rejected = None;
    }
}

impl Digest {
    pub fn of_texts(sources: &[Source]) -> Self {
        let mut digest = Sha256::new();
        sources.iter().for_each(|source| digest.update(&source.text));
        Self(digest.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => f.write_str("admin"),
            Self::File => f.write_str("file"),
            Self::Module => f.write_str("module"),
            Self::Rollback(number) => write!(f, "rollback to {number}"),
            Self::Signal => f.write_str("signal"),
            Self::Start => f.write_str("start"),
        }
    }
}
