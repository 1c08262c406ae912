//! The town the vehicles drive through: roads, a river, parks and houses.
//!
//! Roads and river are drawn by hand, houses and trees are sown from the seed wherever there
//! is room. The page draws exactly this, so vehicles never leave the road.

use super::curve::{Curve, Point};
use super::random::Random;
use serde::Serialize;

/// The map's size in metres; also the page's drawing units.
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 800.0;
/// The town goes on this far beyond the map, for windows of another shape.
const OUTSKIRTS: f64 = 400.0;

#[derive(Debug, Serialize)]
pub(crate) struct Town {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) roads: Vec<Road>,
    pub(crate) river: Curve,
    pub(crate) parks: Vec<Park>,
    /// Left, top, width, height.
    pub(crate) houses: Vec<[f64; 4]>,
    /// Centre and radius.
    pub(crate) trees: Vec<[f64; 3]>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Road {
    pub(crate) name: &'static str,
    /// Broad, and named on the map.
    pub(crate) main: bool,
    #[serde(flatten)]
    pub(crate) curve: Curve,
}

#[derive(Debug, Serialize)]
pub(crate) struct Park {
    pub(crate) name: &'static str,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) rx: f64,
    pub(crate) ry: f64,
}

/// Name, whether it is a main road, whether it closes, and the points it passes through.
type Sketch = (&'static str, bool, bool, &'static [(f64, f64)]);

const ROADS: [Sketch; 13] = [
    (
        "Ring Road",
        true,
        true,
        &[
            (150.0, 400.0),
            (190.0, 205.0),
            (380.0, 112.0),
            (640.0, 95.0),
            (900.0, 118.0),
            (1060.0, 240.0),
            (1085.0, 430.0),
            (1010.0, 612.0),
            (800.0, 700.0),
            (540.0, 715.0),
            (300.0, 680.0),
            (178.0, 560.0),
        ],
    ),
    (
        "Harbour Street",
        true,
        false,
        &[
            (-420.0, 300.0),
            (180.0, 290.0),
            (400.0, 318.0),
            (620.0, 290.0),
            (840.0, 308.0),
            (1080.0, 290.0),
            (1620.0, 300.0),
        ],
    ),
    (
        "Mill Street",
        true,
        false,
        &[
            (-420.0, 596.0),
            (200.0, 585.0),
            (420.0, 572.0),
            (640.0, 590.0),
            (860.0, 568.0),
            (1040.0, 580.0),
            (1620.0, 560.0),
        ],
    ),
    (
        "North Avenue",
        true,
        false,
        &[
            (325.0, -420.0),
            (340.0, 130.0),
            (365.0, 320.0),
            (400.0, 560.0),
            (380.0, 690.0),
            (392.0, 1220.0),
        ],
    ),
    (
        "Cathedral Street",
        true,
        false,
        &[
            (606.0, -420.0),
            (615.0, 100.0),
            (625.0, 290.0),
            (640.0, 560.0),
            (620.0, 710.0),
            (632.0, 1220.0),
        ],
    ),
    (
        "Station Road",
        true,
        false,
        &[
            (895.0, -420.0),
            (885.0, 120.0),
            (870.0, 310.0),
            (862.0, 560.0),
            (850.0, 690.0),
            (862.0, 1220.0),
        ],
    ),
    (
        "Garden Lane",
        false,
        false,
        &[(184.0, 215.0), (350.0, 205.0), (618.0, 192.0), (880.0, 212.0), (1058.0, 232.0)],
    ),
    (
        "North Quay",
        false,
        false,
        &[(150.0, 372.0), (375.0, 384.0), (630.0, 368.0), (868.0, 364.0), (1090.0, 356.0)],
    ),
    (
        "South Quay",
        false,
        false,
        &[(152.0, 505.0), (390.0, 508.0), (638.0, 500.0), (864.0, 492.0), (1076.0, 494.0)],
    ),
    ("School Lane", false, false, &[(488.0, 98.0), (498.0, 198.0), (508.0, 305.0), (500.0, 380.0)]),
    (
        "Orchard Lane",
        false,
        false,
        &[(752.0, 94.0), (745.0, 202.0), (742.0, 300.0), (746.0, 370.0)],
    ),
    ("Brewery Lane", false, false, &[(520.0, 500.0), (526.0, 580.0), (512.0, 718.0)]),
    ("Tannery Lane", false, false, &[(745.0, 490.0), (752.0, 580.0), (744.0, 712.0)]),
];

const RIVER: [(f64, f64); 7] = [
    (-420.0, 500.0),
    (190.0, 446.0),
    (420.0, 448.0),
    (660.0, 434.0),
    (900.0, 426.0),
    (1080.0, 424.0),
    (1620.0, 470.0),
];

/// Half the river's breadth, and the room every house keeps from the middle of a road.
const RIVER_REACH: f64 = 44.0;
const MAIN_REACH: f64 = 22.0;
const LANE_REACH: f64 = 17.0;

/// The roads alone, which is all that driving needs.
pub(crate) fn roads() -> Vec<Road> {
    let road = |&(name, main, closed, through): &Sketch| Road {
        name,
        main,
        curve: Curve::smooth(through, closed),
    };
    ROADS.iter().map(road).collect()
}

impl Town {
    pub(crate) fn new(seed: u64) -> Self {
        let mut town = Self {
            width: WIDTH,
            height: HEIGHT,
            roads: roads(),
            river: Curve::smooth(&RIVER, false),
            parks: vec![
                Park { name: "Castle Park", x: 270.0, y: 645.0, rx: 58.0, ry: 34.0 },
                Park { name: "Botanic Garden", x: 970.0, y: 282.0, rx: 62.0, ry: 44.0 },
                Park { name: "Meadow", x: 560.0, y: 246.0, rx: 38.0, ry: 30.0 },
            ],
            houses: Vec::new(),
            trees: Vec::new(),
        };
        let mut random = Random::new(seed);
        town.build(&mut random);
        town.plant(&mut random);
        town
    }

    /// A house on most of the places of a loose grid that are free.
    fn build(&mut self, random: &mut Random) {
        const STEP: f64 = 25.0;
        for row in 0..((HEIGHT + 2.0 * OUTSKIRTS) / STEP) as usize {
            for column in 0..((WIDTH + 2.0 * OUTSKIRTS) / STEP) as usize {
                let (width, height) = (random.between(11.0, 20.0), random.between(10.0, 18.0));
                let middle = Point::new(
                    (column as f64 + 0.5) * STEP - OUTSKIRTS + random.between(-2.5, 2.5),
                    (row as f64 + 0.5) * STEP - OUTSKIRTS + random.between(-2.5, 2.5),
                );
                let wanted = random.unit() < 0.86;
                if wanted && self.is_free(middle, width.max(height) / 2.0) {
                    let corner = (middle.x - width / 2.0, middle.y - height / 2.0);
                    self.houses.push([corner.0, corner.1, width, height].map(f64::round));
                }
            }
        }
    }

    /// Trees in the parks, and a loose row of them on both banks.
    fn plant(&mut self, random: &mut Random) {
        let mut trees = Vec::new();
        for park in &self.parks {
            for _ in 0..34 {
                let (angle, reach) =
                    (random.between(0.0, std::f64::consts::TAU), random.unit().sqrt() * 0.9);
                trees.push([
                    park.x + park.rx * reach * angle.cos(),
                    park.y + park.ry * reach * angle.sin(),
                    random.between(2.5, 5.5),
                ]);
            }
        }
        let length = self.river.length();
        for step in 0..(length / 13.0) as usize {
            let spot = self.river.at(step as f64 * 13.0 + random.between(-4.0, 4.0));
            let off = if step % 2 == 0 { 43.0 } else { -43.0 };
            let (x, y) =
                (spot.point.x - spot.heading.sin() * off, spot.point.y + spot.heading.cos() * off);
            trees.push([x, y, random.between(2.2, 4.2)]);
        }
        let roads = &self.roads;
        trees.retain(|&[x, y, _]| {
            roads.iter().all(|road| road.curve.distance(Point::new(x, y)) > 13.0)
        });
        self.trees =
            trees.into_iter().map(|tree| tree.map(|value| (value * 10.0).round() / 10.0)).collect();
    }

    fn is_free(&self, middle: Point, reach: f64) -> bool {
        let off_roads = self.roads.iter().all(|road| {
            road.curve.distance(middle)
                > reach + if road.main { MAIN_REACH } else { LANE_REACH } - 8.0
        });
        let off_parks = self.parks.iter().all(|park| {
            ((middle.x - park.x) / (park.rx + reach)).hypot((middle.y - park.y) / (park.ry + reach))
                > 1.0
        });
        off_roads && off_parks && self.river.distance(middle) > RIVER_REACH + reach
    }
}
