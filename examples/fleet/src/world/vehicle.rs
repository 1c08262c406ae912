//! The vehicles: where each drives, how fast, and what its instruments say.

use super::curve::{Curve, Point};
use super::random::Random;
use super::town::Road;
use super::{Moment, Position};
use serde::Serialize;
use std::f64::consts::TAU;

pub(crate) struct Vehicle {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) driver: &'static str,
    circuit: Curve,
    length: f64,
    /// Metres ahead of the circuit's start at the beginning of time.
    head_start: f64,
    /// Metres per second, on average.
    cruise: f64,
    /// Seconds from one slow spot to the next.
    rhythm: f64,
    /// A number of its own, so that no two vehicles move or run dry in step.
    phase: f64,
}

/// What a vehicle's instruments say.
#[derive(Debug, Serialize)]
pub(crate) struct Reading {
    pub(crate) speed_kmh: f64,
    pub(crate) fuel_percent: f64,
    pub(crate) engine_celsius: f64,
    pub(crate) odometer_km: f64,
}

/// The road to follow and the place to leave it at, for the next one.
type Leg = (&'static str, (f64, f64));

struct Plan {
    name: &'static str,
    kind: &'static str,
    driver: &'static str,
    legs: &'static [Leg],
    backwards: bool,
}

const RING: &[Leg] = &[("Ring Road", (0.0, 0.0))];
const OLD_TOWN: &[Leg] = &[
    ("Harbour Street", (625.0, 290.0)),
    ("Cathedral Street", (640.0, 588.0)),
    ("Mill Street", (400.0, 574.0)),
    ("North Avenue", (365.0, 315.0)),
];
const STATION: &[Leg] = &[
    ("Harbour Street", (870.0, 308.0)),
    ("Station Road", (862.0, 568.0)),
    ("Mill Street", (640.0, 590.0)),
    ("Cathedral Street", (625.0, 290.0)),
];
const GARDENS: &[Leg] = &[
    ("Garden Lane", (618.0, 192.0)),
    ("Cathedral Street", (630.0, 368.0)),
    ("North Quay", (372.0, 384.0)),
    ("North Avenue", (350.0, 205.0)),
];
const ORCHARD: &[Leg] = &[
    ("Garden Lane", (880.0, 212.0)),
    ("Station Road", (868.0, 364.0)),
    ("North Quay", (746.0, 366.0)),
    ("Orchard Lane", (745.0, 200.0)),
];
const SOUTH: &[Leg] = &[
    ("South Quay", (745.0, 496.0)),
    ("Tannery Lane", (744.0, 703.0)),
    ("Ring Road", (512.0, 715.0)),
    ("Brewery Lane", (522.0, 504.0)),
];
const WEST: &[Leg] = &[
    ("Harbour Street", (362.0, 314.0)),
    ("North Avenue", (398.0, 574.0)),
    ("Mill Street", (180.0, 586.0)),
    ("Ring Road", (165.0, 291.0)),
];
const EAST: &[Leg] = &[
    ("Mill Street", (1030.0, 580.0)),
    ("Ring Road", (1078.0, 290.0)),
    ("Harbour Street", (870.0, 307.0)),
    ("Station Road", (862.0, 568.0)),
];

const PLANS: [Plan; 12] = [
    Plan { name: "Heron", kind: "bus", driver: "Amara Okafor", legs: RING, backwards: false },
    Plan {
        name: "Kestrel",
        kind: "van",
        driver: "Jonas Lindqvist",
        legs: OLD_TOWN,
        backwards: false,
    },
    Plan { name: "Otter", kind: "truck", driver: "Mei Tanaka", legs: STATION, backwards: false },
    Plan { name: "Wren", kind: "van", driver: "Priya Raman", legs: GARDENS, backwards: false },
    Plan { name: "Badger", kind: "truck", driver: "Tomás Herrera", legs: SOUTH, backwards: false },
    Plan { name: "Marten", kind: "van", driver: "Leila Haddad", legs: WEST, backwards: false },
    Plan { name: "Plover", kind: "van", driver: "Owen Price", legs: EAST, backwards: false },
    Plan { name: "Curlew", kind: "bus", driver: "Sofia Marković", legs: RING, backwards: true },
    Plan { name: "Stoat", kind: "van", driver: "Kwame Mensah", legs: ORCHARD, backwards: false },
    Plan { name: "Lynx", kind: "truck", driver: "Ingrid Solberg", legs: OLD_TOWN, backwards: true },
    Plan { name: "Swift", kind: "van", driver: "Mateus Rocha", legs: STATION, backwards: true },
    Plan { name: "Hare", kind: "van", driver: "Nadia Petrova", legs: EAST, backwards: true },
];

/// Vehicles keep to the right of the road's middle by this much.
const LANE: f64 = 3.6;
/// Share of its average speed by which a vehicle slows down and speeds up; below one, so that
/// none ever drives backwards.
const SWING: f64 = 0.8;

pub(crate) fn fleet(roads: &[Road], seed: u64) -> Vec<Vehicle> {
    let mut random = Random::new(seed ^ 0xf1ee7);
    let build = |(index, plan): (usize, &Plan)| {
        let circuit = circuit(roads, plan);
        let length = circuit.length();
        Vehicle {
            id: format!("v-{:02}", index + 1),
            name: plan.name,
            kind: plan.kind,
            driver: plan.driver,
            head_start: random.unit() * length,
            cruise: random.between(7.5, 11.0),
            rhythm: random.between(35.0, 60.0),
            phase: random.unit(),
            circuit,
            length,
        }
    };
    PLANS.iter().enumerate().map(build).collect()
}

impl Vehicle {
    pub(crate) fn position(&self, now: Moment) -> Position {
        let placed = self.circuit.at(self.head_start + self.driven(now) % self.length);
        // Right of travel is a quarter turn clockwise, as y grows downwards.
        let (sin, cos) = placed.heading.sin_cos();
        Position {
            x: tenths(placed.point.x - sin * LANE),
            y: tenths(placed.point.y + cos * LANE),
            heading: tenths(placed.heading.to_degrees()),
            speed_kmh: tenths(self.speed(now)),
        }
    }

    pub(crate) fn reading(&self, now: Moment) -> Reading {
        // A tank lasts a shift of eight hours and is filled up when a sixth is left.
        let used = (now.0 / 28_800.0 + self.phase).fract();
        Reading {
            speed_kmh: tenths(self.speed(now)),
            fuel_percent: tenths(100.0 - used * 84.0),
            engine_celsius: tenths(88.0 + 6.0 * (now.0 / 97.0 + self.phase * TAU).sin()),
            // The last thousand hours only: an odometer of half a century would look silly.
            odometer_km: tenths(self.driven(Moment(now.0 % 3_600_000.0)) / 1000.0),
        }
    }

    /// Metres driven until `now`: steady travel plus a swing, so that speed varies smoothly.
    fn driven(&self, now: Moment) -> f64 {
        let turn = (now.0 / self.rhythm + self.phase) * TAU;
        self.cruise * (now.0 + SWING * self.rhythm / TAU * turn.sin())
    }

    /// The derivative of `driven`, in kilometres per hour.
    fn speed(&self, now: Moment) -> f64 {
        let turn = (now.0 / self.rhythm + self.phase) * TAU;
        self.cruise * (1.0 + SWING * turn.cos()) * 3.6
    }
}

/// Joins the legs of a plan to one closed line along the town's roads.
fn circuit(roads: &[Road], plan: &Plan) -> Curve {
    let road = |leg: &Leg| roads.iter().find(|road| road.name == leg.0).map(|road| &road.curve);
    let mut points: Vec<Point> = Vec::new();
    let count = plan.legs.len();
    for (index, leg) in plan.legs.iter().enumerate() {
        let Some(here) = road(leg) else { continue };
        let before = &plan.legs[(index + count - 1) % count];
        let after = &plan.legs[(index + 1) % count];
        let enter = road(before).and_then(|from| here.crossing(from, place(before)));
        let leave = road(after).and_then(|to| here.crossing(to, place(leg)));
        match (enter, leave) {
            (Some((from, _)), Some((to, _))) if count > 1 => points.extend(here.stretch(from, to)),
            _ => points.extend(&here.points),
        }
    }
    if plan.backwards {
        points.reverse();
    }
    points.extend(points.first().copied());
    Curve { points, closed: true }
}

const fn place(leg: &Leg) -> Point {
    Point::new(leg.1.0, leg.1.1)
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
