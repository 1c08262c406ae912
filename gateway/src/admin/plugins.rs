//! Plugins, for whoever looks after them: what each is, where it runs, what it costs; trying one, and
//! bringing a new module.
//!
//! | call | answers |
//! |---|---|
//! | `GET /api/v1/plugins` | all plugins of the running configuration |
//! | `GET /api/v1/plugins/NAME` | one of them |
//! | `GET /api/v1/plugins/NAME/configuration` | its configuration; needs the token, it may hold secrets |
//! | `POST /api/v1/plugins/NAME/module?as=canary\|main&percent=&reason=` | checks the module in the body, stores it, puts it into the configuration |
//! | `POST /api/v1/plugins/NAME/try` | what it does to a request that was kept |

mod about;
mod limits;
mod module;
mod places;
mod tried;

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use portico_config::config;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::about::About;
use super::Admin;
use crate::{control::Status, snapshot::Snapshot};

/// What may be read by whoever may read anything.
pub(super) fn reads() -> Router<Admin> {
    Router::new().route("/api/v1/plugins", get(list)).route("/api/v1/plugins/{name}", get(one))
}

/// What changes something, or shows what may be secret.
pub(super) fn writes() -> Router<Admin> {
    Router::new()
        .route("/api/v1/plugins/{name}/configuration", get(configuration))
        .route("/api/v1/plugins/{name}/module", post(module::upload))
        .route("/api/v1/plugins/{name}/try", post(tried::run))
        .layer(Extension(Places::default()))
}

/// Modules that are run for somebody at once, besides those that serve: each may use a processor for
/// as long as the plugin's limits say, and one that is uploaded has to be compiled.
const AT_ONCE: usize = 2;

/// Who may run one.
#[derive(Clone)]
struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Places {
    fn take(self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.0.try_acquire_owned().map_err(|_| {
            let error = format!("{AT_ONCE} modules are tried already; try again in a moment");
            Refusal(StatusCode::TOO_MANY_REQUESTS, error)
        })
    }
}

/// Why a call is not answered.
#[derive(Debug)]
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// The running configuration and what is known of it at the moment.
struct Running {
    snapshot: Arc<Snapshot>,
    status: Arc<Status>,
}

impl Running {
    async fn now(admin: &Admin) -> Self {
        admin.control.refresh().await;
        Self {
            snapshot: admin.control.snapshot.load_full(),
            status: admin.control.status.load_full(),
        }
    }

    /// The place of a plugin in the configuration.
    fn find(&self, name: &str) -> Result<usize, Refusal> {
        let plugins = &self.snapshot.config.plugins;
        plugins.iter().position(|plugin| *plugin.name == *name).ok_or_else(|| {
            let known: Vec<_> =
                plugins.iter().take(8).map(|plugin| format!("`{}`", plugin.name)).collect();
            let known = match &*known {
                [] => "the configuration has none".to_owned(),
                known => format!("there is {}", known.join(", ")),
            };
            let name: String = name.chars().take(80).collect();
            Refusal(StatusCode::NOT_FOUND, format!("there is no plugin `{name}`; {known}"))
        })
    }

    fn plugin(&self, index: usize) -> &config::Plugin {
        &self.snapshot.config.plugins[index]
    }
}

async fn list(State(admin): State<Admin>) -> Json<Vec<About>> {
    let running = Running::now(&admin).await;
    let all = 0..running.snapshot.config.plugins.len();
    Json(all.map(|index| About::of(&running, index)).collect())
}

async fn one(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Json<About>, Refusal> {
    let running = Running::now(&admin).await;
    let index = running.find(&name)?;
    Ok(Json(About::of(&running, index)))
}

/// What the plugin gets is text; text that is JSON comes as the value it stands for, because that is
/// how it is mostly written, and both reach the filter alike.
async fn configuration(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let running = Running::now(&admin).await;
    let bytes = &running.plugin(running.find(&name)?).configuration.0;
    let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
    let value = match &**bytes {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).unwrap_or_else(|_| text()),
    };
    let path = json!(["plugins", { "name": name }, "configuration"]);
    Ok(Json(json!({ "value": value, "path": path })))
}
