//! The position tracker: where each vehicle is, and who drives it.
//!
//! The second half is the flaw the demo is about: before it answers, the tracker waits for the
//! driver monitor. If that brings nothing, the answer says so and comes without drivers, which
//! is all the page needs to let the vehicles move.

use crate::client::Client;
use crate::options::Gateway;
use crate::server::Stop;
use crate::world::{self, Moment, Vehicle};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Requests that may wait for the driver monitor at once: some dozens of browsers. Those
/// beyond are answered without drivers at once instead of piling up.
const WAITING: usize = 256;

struct Tracker {
    vehicles: Vec<Vehicle>,
    client: Client,
    waiting: Semaphore,
    stop: Stop,
}

pub(super) fn routes(seed: u64, gateway: Gateway, propagate: bool, stop: Stop) -> Router {
    let tracker = Tracker {
        vehicles: world::vehicles(seed),
        client: Client::new(gateway, propagate),
        waiting: Semaphore::new(WAITING),
        stop,
    };
    Router::new().route("/api/positions", get(positions)).with_state(Arc::new(tracker))
}

async fn positions(State(tracker): State<Arc<Tracker>>, headers: HeaderMap) -> Json<Value> {
    let began = Instant::now();
    let drivers = tracker.drivers(&headers).await;
    let waited = began.elapsed().as_millis() as u64;

    // Only now, so that however long the wait was, the positions are those of this moment.
    let now = Moment::now();
    let known = drivers.as_ref().ok();
    let vehicles: Vec<Value> =
        tracker.vehicles.iter().map(|vehicle| describe(vehicle, now, known)).collect();
    let drivers = drivers.map_or_else(|why| format!("unknown: {why}"), |_| "known".to_owned());
    Json(json!({
        "at": now.milliseconds(),
        "drivers": drivers,
        "waited_for_drivers_ms": waited,
        "vehicles": vehicles,
    }))
}

impl Tracker {
    /// Who drives each vehicle, by its id, or why that is unknown.
    async fn drivers(&self, headers: &HeaderMap) -> Result<Map<String, Value>, String> {
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(format!("{WAITING} requests wait for the driver monitor already"));
        };
        let answer = tokio::select! {
            answer = self.client.get("/api/staff/drivers", headers) => answer,
            () = self.stop.wanted() => return Err("the position tracker is stopping".to_owned()),
        };
        match answer.map_err(|error| error.to_string())?.get_mut("drivers").map(Value::take) {
            Some(Value::Object(drivers)) => Ok(drivers),
            _ => Err("the answer names no drivers".to_owned()),
        }
    }
}

fn describe(vehicle: &Vehicle, now: Moment, drivers: Option<&Map<String, Value>>) -> Value {
    let place = vehicle.position(now);
    let driver = drivers.and_then(|drivers| drivers.get(&vehicle.id)).unwrap_or(&Value::Null);
    json!({
        "id": vehicle.id,
        "name": vehicle.name,
        "kind": vehicle.kind,
        "x": place.x,
        "y": place.y,
        "heading": place.heading,
        "speed_kmh": place.speed_kmh,
        "driver": driver,
    })
}
