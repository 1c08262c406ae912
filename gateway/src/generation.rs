//! What has run and what was refused: the history of configurations.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration, time::SystemTime};

use portico_config::{Diagnostic, Source};
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
    pub sources: Arc<[Source]>,
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

/// Who asked for it.
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
