//! A new module for a plugin: checked, stored beside the configuration, and put into it.

mod edits;
mod file;

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use portico_config::config::{self, PluginSource, SignaturePolicy};
use portico_wasm::{Digest, Engine, LoadError, Plugin, Services, Spec};
use serde::Deserialize;
use tracing::subscriber::{NoSubscriber, with_default};

use super::{Admin, Places, Refusal, Running};
use crate::{
    admin::{Who, changes},
    change::Change,
};

/// What a canary gets if nobody says how much.
const PERCENT: u8 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(rename = "as", default)]
    role: Role,
    /// Of the requests, for a canary; 10 by default.
    percent: Option<u8>,
    reason: Option<String>,
}

/// What the module becomes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    #[default]
    Canary,
    Main,
}

pub(super) async fn upload(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    Extension(places): Extension<Places>,
    Path(name): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let refused = |refused: QueryRejection| Refusal(refused.status(), refused.body_text());
    let Query(asked) = asked.map_err(refused)?;
    let wasm = body.map_err(|refused| Refusal(refused.status(), refused.body_text()))?;
    let percent = asked.percent.unwrap_or(PERCENT);
    if percent > 100 {
        let error = format!("`percent`: {percent} is more than 100");
        return Err(Refusal(StatusCode::BAD_REQUEST, error));
    }
    let running = Running::now(&admin).await;
    let index = running.find(&name)?;
    let plugin = running.plugin(index);
    may_be_unsigned(plugin)?;
    let place = places.take()?;
    let digest = check(wasm.clone(), running.snapshot.plugins[index].spec().clone()).await?;
    drop(place);
    let (source, written) = edits::written(&running, index)?;
    let stored = file::store(&source.folder, &name, digest, wasm).await?;
    let edits = match asked.role {
        Role::Canary => edits::canary(plugin, &written, &stored.relative, percent, digest),
        Role::Main => edits::main(plugin, &written, &stored.relative, digest),
    };
    let reason = asked.reason.unwrap_or_else(|| match asked.role {
        Role::Canary => format!("a new module of `{name}` for {percent} % of its requests"),
        Role::Main => format!("a new module of `{name}`"),
    });
    let answer = changes::carry_out(&admin, Change::of(edits, Some(reason)), &who).await;
    if !answer.status().is_success() {
        stored.withdraw().await;
    }
    Ok(answer)
}

/// What is uploaded has no signature that could be looked at.
fn may_be_unsigned(plugin: &config::Plugin) -> Result<(), Refusal> {
    let looked_at = plugin.sources().any(|source| match source {
        PluginSource::Oci { signature, .. } => *signature != SignaturePolicy::Off,
        PluginSource::Bundled(_) | PluginSource::File { .. } | PluginSource::Http { .. } => false,
    });
    if !looked_at {
        return Ok(());
    }
    let name = &plugin.name;
    let error = format!("the modules of `{name}` must be signed; push a signed image instead");
    Err(Refusal(StatusCode::CONFLICT, error))
}

/// Compiles it and starts it once, as the plugin is configured, so that what is refused is refused
/// before anything is written. In an engine of its own: whatever it does ends with it.
async fn check(wasm: Bytes, spec: Spec) -> Result<Digest, Refusal> {
    let start = move || {
        let module = Engine::new(None)?.compile(&wasm)?;
        // What it says while it is only looked at is about no request.
        with_default(NoSubscriber::default(), || {
            Plugin::start(Arc::clone(&module), spec, 1, Services::silent())
        })?;
        Ok(module.digest())
    };
    let started: Result<Digest, LoadError> = tokio::task::spawn_blocking(start)
        .await
        .unwrap_or_else(|_| Err(LoadError::Engine("it has failed".to_owned())));
    started.map_err(|error| {
        let status = match error {
            LoadError::Engine(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Refusal(status, format!("the module cannot be used: {error}"))
    })
}
