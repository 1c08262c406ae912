use super::curve::Point;
use super::*;

/// Any moment will do; this one is fixed so that a failure can be repeated.
const THEN: f64 = 1_790_000_000.0;

#[test]
fn the_same_seed_and_moment_give_the_same_world() {
    let describe = |seed| {
        let places: Vec<_> =
            vehicles(seed).iter().map(|vehicle| vehicle.position(Moment(THEN))).collect();
        serde_json::to_string(&(places, Town::new(seed))).unwrap()
    };
    assert_eq!(describe(7), describe(7));
    assert_ne!(describe(7), describe(8));
}

#[test]
fn vehicles_keep_to_the_roads_and_never_jump() {
    let (vehicles, roads) = (vehicles(7), town::roads());
    for vehicle in &vehicles {
        let mut last: Option<Point> = None;
        // Ten minutes in tenths of a second: every circuit at least once.
        for tick in 0..6000 {
            let place = vehicle.position(Moment(THEN + f64::from(tick) / 10.0));
            let point = Point::new(place.x, place.y);
            let nearest = roads.iter().map(|road| road.curve.distance(point));
            let off = nearest.fold(f64::INFINITY, f64::min);
            assert!(off < 6.0, "{} is {off} m off the road at {point:?}", vehicle.name);
            // 25 m/s is the fastest any may drive; changing lanes in a turn adds a little.
            let moved = last.map_or(0.0, |last| last.distance(point));
            assert!(moved < 11.0, "{} jumped {moved} m to {point:?}", vehicle.name);
            last = Some(point);
        }
    }
}

#[test]
fn instruments_show_what_a_vehicle_can_do() {
    for vehicle in vehicles(7) {
        for second in 0..60 {
            let reading = vehicle.reading(Moment(THEN + f64::from(second)));
            assert!((1.0..95.0).contains(&reading.speed_kmh), "{reading:?}");
            assert!((15.0..=100.0).contains(&reading.fuel_percent), "{reading:?}");
            assert!((80.0..=96.0).contains(&reading.engine_celsius), "{reading:?}");
        }
    }
}

#[test]
fn houses_stand_clear_of_roads_and_river() {
    let town = Town::new(7);
    assert!(town.houses.len() > 200, "only {} houses", town.houses.len());
    for &[x, y, width, height] in &town.houses {
        let middle = Point::new(x + width / 2.0, y + height / 2.0);
        assert!(town.river.distance(middle) > 44.0, "a house in the river at {middle:?}");
        for road in &town.roads {
            assert!(road.curve.distance(middle) > 12.0, "a house on {} at {middle:?}", road.name);
        }
    }
}
