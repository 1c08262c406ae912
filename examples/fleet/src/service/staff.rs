//! The driver monitor: who sits at each wheel and how they drive. It hangs most of the time.
//!
//! While it hangs nobody is answered: the calls already waiting and those that still come wait
//! for the same end, as behind one stuck database. Asking again does not help, then, and only a
//! caller (or a gateway) that stops waiting gets on with its work.

use crate::client::Client;
use crate::options::{Gateway, HangTime};
use crate::server::Stop;
use crate::world::{self, Random, Vehicle};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio::time::{Duration, Instant, sleep_until};

/// Calls that may hang at once. Each is a timer and a connection; more are refused with 503.
const WAITING: usize = 512;
/// From this speed on a driver is said to be in a hurry.
const HURRIED_KMH: f64 = 50.0;

struct Staff {
    vehicles: Vec<Vehicle>,
    client: Client,
    hang_ups: HangUps,
    waiting: Semaphore,
    stop: Stop,
}

/// Decides when the driver monitor hangs, and until when.
pub(super) struct HangUps {
    rate: f64,
    time: HangTime,
    state: Mutex<(Random, Option<Instant>)>,
}

impl HangUps {
    pub(super) const fn new(seed: u64, rate: f64, time: HangTime) -> Self {
        Self { rate, time, state: Mutex::new((Random::new(seed), None)) }
    }

    /// When a call that comes `now` is answered: at once, or at the end of a hang-up that it
    /// finds or begins.
    fn release(&self, now: Instant) -> Instant {
        // Nothing in here can be left half done, so a poisoned lock is as good as any.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (random, end) = &mut *state;
        if let Some(end) = end.filter(|end| now < *end) {
            return end;
        }
        if random.unit() >= self.rate {
            return now;
        }
        let HangTime { least, most } = self.time;
        *end.insert(now + least + (most - least).mul_f64(random.unit()))
    }
}

pub(super) fn routes(
    seed: u64,
    gateway: Gateway,
    propagate: bool,
    hang_ups: HangUps,
    stop: Stop,
) -> Router {
    let staff = Staff {
        vehicles: world::vehicles(seed),
        client: Client::new(gateway, propagate),
        hang_ups,
        waiting: Semaphore::new(WAITING),
        stop,
    };
    Router::new()
        .route("/api/staff", get(drivers))
        .route("/api/staff/drivers", get(drivers))
        .with_state(Arc::new(staff))
}

async fn drivers(State(staff): State<Arc<Staff>>, headers: HeaderMap) -> Response {
    let Ok(_waiting) = staff.waiting.try_acquire() else {
        return unavailable(format!("{WAITING} calls wait for the driver monitor already"));
    };
    let began = Instant::now();
    let answer = async {
        let manners = staff.manners(&headers).await;
        sleep_until(staff.hang_ups.release(began)).await;
        manners
    };
    let manners = tokio::select! {
        manners = answer => manners,
        () = staff.stop.wanted() => return unavailable("the driver monitor is stopping".to_owned()),
    };
    let name = |vehicle: &Vehicle| {
        let manner = manners.get(&vehicle.id).copied().unwrap_or("unknown");
        (vehicle.id.clone(), json!({ "name": vehicle.driver, "manner": manner }))
    };
    let drivers: Map<String, Value> = staff.vehicles.iter().map(name).collect();
    let hung: Duration = began.elapsed();
    Json(json!({ "drivers": drivers, "hung_ms": hung.as_millis() as u64 })).into_response()
}

impl Staff {
    /// How each vehicle is driven, judged by its telemetry; empty if that cannot be had.
    async fn manners(
        &self,
        headers: &HeaderMap,
    ) -> std::collections::HashMap<String, &'static str> {
        let answer = self.client.get("/api/telemetry", headers).await.unwrap_or_default();
        let readings = answer["readings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let judge = |reading: &Value| {
            let hurried = reading["speed_kmh"].as_f64()? >= HURRIED_KMH;
            Some((
                reading["vehicle"].as_str()?.to_owned(),
                if hurried { "hurried" } else { "steady" },
            ))
        };
        readings.iter().filter_map(judge).collect()
    }
}

fn unavailable(why: String) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, why + "\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: HangTime =
        HangTime { least: Duration::from_secs(10), most: Duration::from_secs(30) };

    #[test]
    fn hang_ups_are_shared_and_bounded() {
        let hang_ups = HangUps::new(7, 1.0, TIME);
        let now = Instant::now();
        let end = hang_ups.release(now);
        assert!((TIME.least..=TIME.most).contains(&(end - now)));
        assert_eq!(hang_ups.release(now + Duration::from_secs(9)), end);
        let next = hang_ups.release(end);
        assert!((TIME.least..=TIME.most).contains(&(next - end)));
    }

    #[test]
    fn the_rate_is_a_share_of_the_calls() {
        let hang_ups = HangUps::new(7, 0.8, TIME);
        let mut now = Instant::now();
        let mut hung = 0;
        for _ in 0..1000 {
            let end = hang_ups.release(now);
            hung += u32::from(end > now);
            now = end + Duration::from_secs(1);
        }
        assert!((750..850).contains(&hung), "{hung} of 1000");
        assert_eq!(HangUps::new(7, 0.0, TIME).release(now), now);
    }
}
