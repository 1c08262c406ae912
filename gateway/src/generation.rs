//! What has run and what was refused: the history of configurations.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration, time::SystemTime};

use portico_config::{Diagnostic, Source};

/// Generations that can be rolled back to. Their texts are kept in memory.
const KEPT: usize = 16;

/// A configuration that ran or runs.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Counts from 1; a rollback is a new generation with an old text.
    pub number: u64,
    pub origin: Origin,
    pub sources: Arc<[Source]>,
    pub at: SystemTime,
    /// From reading to serving.
    pub took: Duration,
    /// What is odd about it, though it works.
    pub warnings: Vec<Diagnostic>,
}

/// Who asked for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    Admin,
    File,
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
}

impl History {
    pub fn running(&self) -> Option<&Generation> {
        self.generations.back()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Generation> {
        self.generations.iter()
    }

    /// The one before the running one, or the one with a number.
    pub fn find(&self, number: Option<u64>) -> Option<&Generation> {
        match number {
            Some(number) => self.generations.iter().find(|kept| kept.number == number),
            None => self.generations.iter().rev().nth(1),
        }
    }

    /// The number that the next one gets.
    pub fn next(&self) -> u64 {
        self.running().map_or(1, |running| running.number + 1)
    }

    pub fn accept(&mut self, generation: Generation) {
        if self.generations.len() == KEPT {
            self.generations.pop_front();
        }
        self.generations.push_back(generation);
        self.rejected = None;
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => f.write_str("admin"),
            Self::File => f.write_str("file"),
            Self::Rollback(number) => write!(f, "rollback to {number}"),
            Self::Signal => f.write_str("signal"),
            Self::Start => f.write_str("start"),
        }
    }
}
