//! Why a filter could not do its work on a stream.

use std::{fmt, time::Duration};

use crate::instance::{StopCause, Stopped};

/// Why a filter could not do its work on a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// It used more CPU time than one callback may.
    Deadline { callback: &'static str, limit: Duration },
    /// As many streams are inside as may be.
    Full { limit: usize },
    /// Its instance was replaced since the stream began, because another stream made it fail.
    Lost,
    /// It used more CPU time than all callbacks of one request may.
    Spent { callback: &'static str, limit: Duration },
    /// It trapped. `trace` names the guest's functions that were running, innermost first.
    Trap { callback: &'static str, message: String, out_of_memory: bool, trace: Vec<String> },
    /// Its instance failed and is not replaced yet: that failed too, or it starts so slowly that it
    /// may not be replaced more often.
    Unavailable,
}

impl From<Stopped> for Fault {
    fn from(stopped: Stopped) -> Self {
        let callback = stopped.callback.name();
        match stopped.cause {
            StopCause::Deadline { limit, of_request: false } => Self::Deadline { callback, limit },
            StopCause::Deadline { limit, of_request: true } => Self::Spent { callback, limit },
            StopCause::Trap { message, out_of_memory, trace } => {
                Self::Trap { callback, message, out_of_memory, trace }
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline { callback, limit } => {
                write!(f, "used more than its {limit:?} of CPU time in `{callback}`")
            }
            Self::Full { limit } => write!(f, "has {limit} streams inside, as many as it may"),
            Self::Lost => f.write_str("lost its instance to the failure of another request"),
            Self::Spent { callback, limit } => {
                write!(
                    f,
                    "used more than its {limit:?} of CPU time for one request in `{callback}`"
                )
            }
            Self::Trap { callback, message, out_of_memory, trace } => {
                write!(f, "trapped in `{callback}`: {message}")?;
                if *out_of_memory {
                    f.write_str(" (its memory limit was reached)")?;
                }
                if !trace.is_empty() {
                    write!(f, ", at {}", trace.join(" < "))?;
                }
                Ok(())
            }
            Self::Unavailable => f.write_str("has no instance: the failed one is not replaced yet"),
        }
    }
}

impl std::error::Error for Fault {}
