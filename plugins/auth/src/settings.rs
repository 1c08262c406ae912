//! The filter's settings as they are written. [`compile`] makes a [`Policy`] of them.
//!
//! Nothing here has `Debug`: half of it is secret.

mod compile;

use crate::jwt::key::Algorithm;
use crate::policy::{Policy, Require};
use request::rule::PathMatch;
use request::{SettingsError, duration};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// # Errors
/// The first field that is wrong, and why; never what it says.
pub(crate) fn read(json: &[u8]) -> Result<Policy, SettingsError> {
    compile::policy(request::settings::parse(json)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    providers: Vec<Provider>,
    #[serde(default)]
    require: Require,
    #[serde(default)]
    rules: Vec<AuthRule>,
    #[serde(default)]
    strip: bool,
    identity_header: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    name: String,
    api_key: Option<ApiKeyPlace>,
    keys: Option<Vec<ApiKey>>,
    basic: Option<Basic>,
    jwt: Option<Jwt>,
    #[serde(default)]
    allow: Allow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiKeyPlace {
    header: Option<String>,
    query: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiKey {
    id: String,
    key: Option<String>,
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Basic {
    realm: Option<String>,
    users: Vec<User>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    password: Option<String>,
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwt {
    issuer: Option<String>,
    #[serde(default)]
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    jwks: Jwks,
    #[serde(default = "one_minute", deserialize_with = "duration::deserialize")]
    leeway: Duration,
    header: Option<String>,
    query: Option<String>,
    cookie: Option<String>,
    #[serde(default = "yes")]
    require_exp: bool,
    #[serde(default)]
    claims_to_headers: BTreeMap<String, String>,
}

/// RFC 7517 section 5. Members that are not known here belong to somebody else.
#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// RFC 7517 section 4, with the members of all the key types that can be of use here.
#[derive(Deserialize)]
pub(crate) struct Jwk {
    pub(crate) kty: String,
    #[serde(rename = "use")]
    pub(crate) purpose: Option<String>,
    pub(crate) key_ops: Option<Vec<String>>,
    pub(crate) alg: Option<String>,
    pub(crate) kid: Option<String>,
    pub(crate) n: Option<String>,
    pub(crate) e: Option<String>,
    pub(crate) crv: Option<String>,
    pub(crate) x: Option<String>,
    pub(crate) y: Option<String>,
    pub(crate) k: Option<String>,
    pub(crate) d: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Allow {
    ids: Vec<String>,
    claims: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthRule {
    path: Option<PathMatch>,
    method: Option<String>,
    #[serde(deserialize_with = "names_or_none")]
    providers: Vec<String>,
}

const fn yes() -> bool {
    true
}

const fn one_minute() -> Duration {
    Duration::from_secs(60)
}

/// A list of names, or the word `none` for an empty one.
fn names_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of provider names or `none`")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            if text == "none" {
                return Ok(Vec::new());
            }
            Err(E::custom("neither a list of provider names nor `none`"))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            let names = Vec::<String>::deserialize(SeqAccessDeserializer::new(list))?;
            if names.is_empty() {
                return Err(A::Error::custom("names no provider: write `none` for a public path"));
            }
            Ok(names)
        }
    }
    from.deserialize_any(Names)
}

#[cfg(test)]
mod tests;
