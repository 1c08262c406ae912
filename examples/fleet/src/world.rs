//! The simulated world: a town, and vehicles that drive through it for ever.
//!
//! Everything follows from a seed and the clock. The position tracker, the telemetry and the
//! driver monitor therefore agree on where a vehicle is without asking one another, in one
//! process as in four containers, and a test can look at any moment it likes.

mod curve;
mod random;
mod town;
mod vehicle;

pub(crate) use random::Random;
pub(crate) use town::Town;
pub(crate) use vehicle::Vehicle;

use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Moment(pub(crate) f64);

/// Where a vehicle is, as the page draws it.
#[derive(Debug, Serialize)]
pub(crate) struct Position {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Degrees clockwise from the right edge of the map.
    pub(crate) heading: f64,
    pub(crate) speed_kmh: f64,
}

impl Moment {
    pub(crate) fn now() -> Self {
        // A clock before 1970 leaves the vehicles standing at their start: harmless.
        Self(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()))
    }

    pub(crate) fn milliseconds(self) -> u64 {
        (self.0 * 1000.0) as u64
    }
}

/// The vehicles of the town that grows from `seed`.
pub(crate) fn vehicles(seed: u64) -> Vec<Vehicle> {
    vehicle::fleet(&town::roads(), seed)
}

#[cfg(test)]
mod tests;
