//! Logging in to a registry: basic authentication, or a token from the service that the registry
//! names ("Token Authentication Specification" of Docker's registry).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    Method, StatusCode, Url,
    header::{HeaderMap, HeaderValue},
};
use serde::Deserialize;

use super::{
    Registry,
    challenge::{self, Challenge},
};
use crate::{
    error::FetchError,
    request::Access,
    transport::{Ask, place},
};

/// Tokens are a few KiB; some services put whole certificates into them.
const TOKEN_BYTES: usize = 256 << 10;

#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry<'_> {
    /// What to send from now on, if one of the challenges can be met.
    pub(super) async fn log_in(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, FetchError> {
        let challenges = challenge::all(headers);
        if let Some(bearer) = challenges.iter().find(|challenge| challenge.scheme == "bearer") {
            return self.token(bearer).await.map(Some);
        }
        match challenges.iter().any(|challenge| challenge.scheme == "basic") {
            true => basic(self.access, &self.name),
            false => Ok(None),
        }
    }

    /// Asks the token service for the right to pull, as the user or as nobody.
    async fn token(&self, challenge: &Challenge) -> Result<HeaderValue, FetchError> {
        let malformed = |why: &str| FetchError::malformed(&self.name, why);
        let realm = challenge.parameter("realm").and_then(|realm| Url::parse(realm).ok());
        let mut url = realm.ok_or_else(|| malformed("its token service has no valid address"))?;
        // No less protected than the registry itself: what is sent are credentials.
        if url.scheme() != "https" && url.scheme() != self.base.scheme() {
            return Err(malformed(&format!(
                "its token service `{}` is not encrypted",
                place(&url)
            )));
        }
        let own_scope = format!("repository:{}:pull", self.repository);
        let scope = challenge.parameter("scope").unwrap_or(&own_scope);
        if let Some(service) = challenge.parameter("service") {
            url.query_pairs_mut().append_pair("service", service);
        }
        url.query_pairs_mut().append_pair("scope", scope);
        let at = place(&url);
        let authorization = basic(self.access, &self.name)?;
        let ask = Ask {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            authorization: authorization.as_ref(),
            limit: TOKEN_BYTES,
        };
        let answer = self.transport.ask(ask).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.complaint(at, authorization.is_some()));
        }
        let granted: Option<Granted> = serde_json::from_slice(&answer.body).ok();
        let token = granted.and_then(|granted| granted.token.or(granted.access_token));
        match token.filter(|token| !token.is_empty()) {
            Some(token) => bearer(&token, &at),
            None => Err(FetchError::malformed(at, "the token service sent no token")),
        }
    }
}

/// User name and password, if there are any.
pub(crate) fn basic(access: &Access, at: &str) -> Result<Option<HeaderValue>, FetchError> {
    let (Some(username), Some(password)) = (&access.username, &access.password) else {
        return Ok(None);
    };
    // RFC 7617, section 2: the colon ends the user name.
    if username.contains(':') {
        return Err(FetchError::unusable(at, "a user name cannot contain `:`"));
    }
    let pair = STANDARD.encode(format!("{username}:{}", password.reveal()));
    header(&format!("Basic {pair}"), at).map(Some)
}

/// A token as it is sent.
pub(crate) fn bearer(token: &str, at: &str) -> Result<HeaderValue, FetchError> {
    header(&format!("Bearer {token}"), at)
}

fn header(text: &str, at: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        FetchError::unusable(at, "its token has letters that no token has, such as a line break")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
