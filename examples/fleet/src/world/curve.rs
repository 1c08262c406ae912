//! Lines on the map: smooth curves through a few points, where two of them cross, and where
//! one is after so many metres.

use serde::{Serialize, Serializer};

/// A place on the map, in metres from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Where something on a curve is and which way the curve leads there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) point: Point,
    /// Direction of travel in radians, 0 along x, growing clockwise as y grows downwards.
    pub(crate) heading: f64,
}

/// A line of straight pieces, fine enough to look bent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Curve {
    pub(crate) points: Vec<Point>,
    pub(crate) closed: bool,
}

/// Pieces per pair of given points: at the map's scale the bends have no visible corners.
const PIECES: usize = 10;

impl Point {
    pub(crate) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    pub(crate) fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    pub(crate) fn toward(self, other: Self, share: f64) -> Self {
        Self::new(self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share)
    }
}

impl Serialize for Point {
    /// As `[x, y]` in decimetres' precision: the page draws nothing finer.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [(self.x * 10.0).round() / 10.0, (self.y * 10.0).round() / 10.0].serialize(serializer)
    }
}

impl Curve {
    /// A Catmull-Rom curve through `through`; a closed one returns to its first point.
    pub(crate) fn smooth(through: &[(f64, f64)], closed: bool) -> Self {
        let at = |index: isize| {
            let count = through.len() as isize;
            let index =
                if closed { index.rem_euclid(count) } else { index.clamp(0, count - 1) } as usize;
            Point::new(through[index].0, through[index].1)
        };
        let spans = if closed { through.len() } else { through.len().saturating_sub(1) };
        let mut points = Vec::with_capacity(spans * PIECES + 1);
        for span in 0..spans as isize {
            for piece in 0..PIECES {
                let t = piece as f64 / PIECES as f64;
                points.push(blend([at(span - 1), at(span), at(span + 1), at(span + 2)], t));
            }
        }
        points.push(at(spans as isize));
        Self { points, closed }
    }

    pub(crate) fn length(&self) -> f64 {
        self.points.windows(2).map(|pair| pair[0].distance(pair[1])).sum()
    }

    /// The place `metres` along the curve, beginning anew after its end.
    pub(crate) fn at(&self, metres: f64) -> Placed {
        let mut left = metres.rem_euclid(self.length().max(f64::MIN_POSITIVE));
        let mut last = Placed { point: self.points[0], heading: 0.0 };
        for pair in self.points.windows(2) {
            let step = pair[0].distance(pair[1]);
            if step == 0.0 {
                continue;
            }
            let heading = (pair[1].y - pair[0].y).atan2(pair[1].x - pair[0].x);
            last = Placed { point: pair[1], heading };
            if left <= step {
                return Placed { point: pair[0].toward(pair[1], left / step), heading };
            }
            left -= step;
        }
        last
    }

    pub(crate) fn distance(&self, point: Point) -> f64 {
        let distances = self.points.windows(2).map(|pair| {
            let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            let square = (dx * dx + dy * dy).max(f64::MIN_POSITIVE);
            let share = ((point.x - pair[0].x) * dx + (point.y - pair[0].y) * dy) / square;
            pair[0].toward(pair[1], share.clamp(0.0, 1.0)).distance(point)
        });
        distances.fold(f64::INFINITY, f64::min)
    }

    /// Where this curve crosses `other`, as metres along each of them; of several crossings
    /// the one nearest to `near`.
    pub(crate) fn crossing(&self, other: &Self, near: Point) -> Option<(f64, f64)> {
        let mut best: Option<(f64, (f64, f64))> = None;
        let mut here = 0.0;
        for a in self.points.windows(2) {
            let mut there = 0.0;
            for b in other.points.windows(2) {
                if let Some((s, t)) = meet(a, b) {
                    let off = a[0].toward(a[1], s).distance(near);
                    if best.is_none_or(|(least, _)| off < least) {
                        let along = here + s * a[0].distance(a[1]);
                        best = Some((off, (along, there + t * b[0].distance(b[1]))));
                    }
                }
                there += b[0].distance(b[1]);
            }
            here += a[0].distance(a[1]);
        }
        best.map(|(_, along)| along)
    }

    /// The stretch between two places, in travelling order. On a closed curve the shorter way
    /// round is taken.
    pub(crate) fn stretch(&self, from: f64, to: f64) -> Vec<Point> {
        let length = self.length();
        let mut by = to - from;
        if self.closed && by.abs() > length / 2.0 {
            by -= length.copysign(by);
        }
        // Every metre or so at most six: fine enough for the bends, and evenly spaced.
        let steps = (by.abs() / 6.0).ceil().max(1.0);
        (0..=steps as usize).map(|step| self.at(from + by * step as f64 / steps).point).collect()
    }
}

/// One point of the uniform Catmull-Rom blend between `p[1]` and `p[2]`.
fn blend(p: [Point; 4], t: f64) -> Point {
    let axis = |a: f64, b: f64, c: f64, d: f64| {
        0.5 * (2.0 * b
            + (c - a) * t
            + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
            + (3.0 * b - a - 3.0 * c + d) * t * t * t)
    };
    Point::new(axis(p[0].x, p[1].x, p[2].x, p[3].x), axis(p[0].y, p[1].y, p[2].y, p[3].y))
}

/// Where two straight pieces meet, as shares of each.
fn meet(a: &[Point], b: &[Point]) -> Option<(f64, f64)> {
    let (rx, ry) = (a[1].x - a[0].x, a[1].y - a[0].y);
    let (sx, sy) = (b[1].x - b[0].x, b[1].y - b[0].y);
    let cross = rx * sy - ry * sx;
    if cross == 0.0 {
        return None;
    }
    let (dx, dy) = (b[0].x - a[0].x, b[0].y - a[0].y);
    let s = (dx * sy - dy * sx) / cross;
    let t = (dx * ry - dy * rx) / cross;
    ((0.0..=1.0).contains(&s) && (0.0..=1.0).contains(&t)).then_some((s, t))
}
