//! The gateway itself: what serves, since when, and how it came to.

use std::time::{Duration, SystemTime};

use portico_telemetry::expose::{Family, Kind, Number, Sample, Unit};

use crate::control::Status;

pub(super) fn families(status: &Status) -> Vec<Family> {
    let version = Sample::new(1_u32).label("version", env!("CARGO_PKG_VERSION"));
    let help = "The version of the gateway.";
    let mut families = vec![Family::new("portico.build_info", Kind::Gauge, help).with([version])];
    families.extend(swaps(status));
    let (connections, workers) = (status.connections, status.workers);
    let things = |name, help, unit, value: usize| {
        one(Family::new(name, Kind::UpDown, help).unit(Unit::Count(unit)), value)
    };
    let help = "Configurations that some request may be using.";
    families.push(things("portico.snapshots", help, "snapshot", status.snapshots));
    families.push(things("portico.workers", "Worker threads.", "thread", workers));
    let help = "Open connections of clients.";
    families.push(things("portico.connections", help, "connection", connections));
    families
}

fn swaps(status: &Status) -> Vec<Family> {
    let history = &status.history;
    let running = history.running();
    let number = running.map_or(0, |running| running.number);
    let seconds = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = running.map(|running| seconds(running.at).as_secs_f64());
    let took = running.map(|running| Duration::as_secs_f64(&running.took));
    let gauge = |name, help| Family::new(name, Kind::Gauge, help);
    let count =
        |name, help| Family::new(name, Kind::Counter, help).unit(Unit::Count("configuration"));
    let help = "Number of the configuration that serves.";
    let generation = one(gauge("portico.generation", help), number);
    // Each one that is accepted has the next number.
    let swaps = one(count("portico.swaps", "Configurations that were swapped in."), number);
    let help = "Configurations that were refused; what ran before ran on.";
    let rejected = one(count("portico.swaps_rejected", help), history.rejections);
    let help = "Whether the last configuration was refused.";
    let is_rejected = one(gauge("portico.swap_rejected", help), history.rejected.is_some());
    let help = "From reading the configuration that serves until it served.";
    let took = gauge("portico.swap", help).unit(Unit::Seconds).with(took.map(Sample::new));
    let help = "When the configuration that serves began to.";
    let at = gauge("portico.swap_timestamp", help).unit(Unit::Seconds).with(at.map(Sample::new));
    vec![generation, swaps, rejected, is_rejected, took, at]
}

fn one(family: Family, value: impl Into<Number>) -> Family {
    family.with([Sample::new(value)])
}
