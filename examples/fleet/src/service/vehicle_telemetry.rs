//! Vehicle telemetry: speed, fuel and temperature, always at once. It depends on nobody,
//! so its numbers keep moving while the map stands still.

use crate::world::{self, Moment, Vehicle};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn routes(seed: u64) -> Router {
    let vehicles: Arc<[Vehicle]> = world::vehicles(seed).into();
    Router::new().route("/api/telemetry", get(telemetry)).with_state(vehicles)
}

async fn telemetry(State(vehicles): State<Arc<[Vehicle]>>) -> Json<Value> {
    let now = Moment::now();
    let read = |vehicle: &Vehicle| {
        let reading = vehicle.reading(now);
        json!({
            "vehicle": vehicle.id,
            "name": vehicle.name,
            "kind": vehicle.kind,
            "speed_kmh": reading.speed_kmh,
            "fuel_percent": reading.fuel_percent,
            "engine_celsius": reading.engine_celsius,
            "odometer_km": reading.odometer_km,
        })
    };
    let readings: Vec<Value> = vehicles.iter().map(read).collect();
    Json(json!({ "at": now.milliseconds(), "readings": readings }))
}
