//! From settings to a policy: names resolved, secrets digested, keys read.

use super::{Allow, ApiKey, ApiKeyPlace, AuthRule, Basic, Jwk, Jwt, Provider, Settings, User};
use crate::digest::Digest;
use crate::jwt::claims::fits_header;
use crate::jwt::key::Key;
use crate::jwt::{self, Verifier};
use crate::place::Place;
use crate::policy::{Kind, Policy, Provider as Ready, Route};
use crate::roster::{Entry, MOST_ENTRIES, Roster};
use request::rule::{Rule, header_name};
use request::{SettingsError, rule::is_token};
use std::collections::HashSet;
use std::time::Duration;

/// Every provider is asked on every request that no rule is for.
const MOST_PROVIDERS: usize = 32;
/// An issuer publishes a handful; each is parsed when the filter starts.
const MOST_JWKS: usize = 64;
/// RFC 7519 section 4.1.4: usually no more than a few minutes.
const LONGEST_LEEWAY: Duration = Duration::from_secs(600);

/// Headers that say how a message is framed or where it goes: an identity never belongs there.
const NOT_FOR_IDENTITIES: [&str; 9] = [
    "connection",
    "content-length",
    "cookie",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

type Checked<T> = Result<T, SettingsError>;

fn wrong<T>(field: impl Into<String>, reason: impl Into<String>) -> Checked<T> {
    Err(SettingsError::new(field, reason))
}

pub(super) fn policy(settings: Settings) -> Checked<Policy> {
    let Settings { providers, require, rules, strip, identity_header } = settings;
    if !(1..=MOST_PROVIDERS).contains(&providers.len()) {
        return wrong("providers", format!("there must be 1 to {MOST_PROVIDERS}"));
    }
    let identity_header =
        identity_header.map(|name| identity_target("identity_header", &name)).transpose()?;
    let providers = each("providers", providers, provider)?;
    let mut names = HashSet::new();
    if let Some(index) = providers.iter().position(|provider| !names.insert(&provider.name)) {
        return wrong(format!("providers[{index}].name"), "another provider has this name");
    }
    let routes = each("rules", rules, |rule| route(rule, &providers))?;
    let mut forgeable: Vec<String> = identity_header.iter().cloned().collect();
    for provider in &providers {
        if let Kind::Jwt(verifier) = &provider.kind {
            forgeable.extend(verifier.claims_to_headers.iter().map(|(_, header)| header.clone()));
        }
    }
    let carries = |name: &String| {
        providers.iter().flat_map(|provider| &provider.places).any(|place| match place {
            Place::Header(header) => header == name,
            Place::Authorization(_) => name == "authorization",
            Place::Cookie(_) | Place::Query(_) => false,
        })
    };
    if let Some(name) = forgeable.iter().find(|name| carries(name)) {
        return wrong(
            "identity_header",
            format!("`{name}` carries a credential, it cannot carry an identity too"),
        );
    }
    Ok(Policy { providers, require, routes, strip, identity_header, forgeable })
}

fn provider(provider: Provider) -> Checked<Ready> {
    let Provider { name, api_key, keys, basic, jwt, allow } = provider;
    if !is_quotable(&name) {
        return wrong("name", "must be printable, without quotes and backslashes");
    }
    let (places, kind, allowed_ids) = match (api_key, keys, basic, jwt) {
        (Some(place), Some(keys), None, None) => {
            let roster = within("keys", api_keys(keys))?;
            let ids = allowed_ids(allow, &roster)?;
            (within("api_key", api_key_places(place))?, Kind::ApiKey(Roster::new(roster)), ids)
        }
        (None, None, Some(Basic { realm, users }), None) => {
            let realm = realm.unwrap_or_else(|| name.clone());
            if !is_quotable(&realm) {
                return wrong("basic.realm", "must be printable, without quotes and backslashes");
            }
            let roster = within("basic", each("users", users, user))?;
            check_roster("basic.users", &roster)?;
            let ids = allowed_ids(allow, &roster)?;
            let kind = Kind::Basic { realm, users: Roster::new(roster) };
            (vec![Place::Authorization("basic")], kind, ids)
        }
        (None, None, None, Some(settings)) => {
            let places = within("jwt", jwt_places(&settings))?;
            (places, Kind::Jwt(Box::new(within("jwt", verifier(settings, allow))?)), Vec::new())
        }
        (Some(_), None, None, None) => return wrong("keys", "is missing"),
        (None, Some(_), None, None) => return wrong("api_key", "is missing"),
        _ => return wrong(".", "needs one of `api_key` with `keys`, `basic`, `jwt`, and only one"),
    };
    Ok(Ready { name, places, kind, allowed_ids })
}

fn api_key_places(place: ApiKeyPlace) -> Checked<Vec<Place>> {
    let ApiKeyPlace { header, query } = place;
    let places = [
        header.map(|name| named("header", &name).map(Place::Header)).transpose()?,
        query.map(|name| not_empty("query", name).map(Place::Query)).transpose()?,
    ];
    let places: Vec<Place> = places.into_iter().flatten().collect();
    if places.is_empty() { wrong(".", "needs `header`, `query` or both") } else { Ok(places) }
}

fn jwt_places(jwt: &Jwt) -> Checked<Vec<Place>> {
    let header = match jwt.header.as_deref() {
        Some(name) if name.eq_ignore_ascii_case("authorization") => {
            Some(Place::Authorization("bearer"))
        }
        Some(name) => Some(Place::Header(named("header", name)?)),
        None if jwt.query.is_none() && jwt.cookie.is_none() => Some(Place::Authorization("bearer")),
        None => None,
    };
    let query = jwt.query.clone().map(|name| not_empty("query", name).map(Place::Query));
    let cookie = jwt.cookie.clone().map(|name| match is_token(&name) {
        true => Ok(Place::Cookie(name)),
        false => wrong("cookie", "not a cookie name"),
    });
    Ok([header, query.transpose()?, cookie.transpose()?].into_iter().flatten().collect())
}

fn api_keys(keys: Vec<ApiKey>) -> Checked<Vec<Entry>> {
    let mut entries = Vec::with_capacity(keys.len());
    for (index, ApiKey { id, key, sha256 }) in keys.into_iter().enumerate() {
        let entry = entry("id", id, ("key", key), sha256);
        entries.push(entry.map_err(|error| indexed(index, error))?);
    }
    check_roster(".", &entries)?;
    let mut secrets = HashSet::new();
    if let Some(index) = entries.iter().position(|entry| !secrets.insert(entry.secret.bytes())) {
        return wrong(format!("[{index}]"), "another id has the same key");
    }
    Ok(entries)
}

fn user(user: User) -> Checked<Entry> {
    let User { name, password, sha256 } = user;
    // RFC 7617 section 2: the first colon ends the name.
    if name.contains(':') {
        return wrong("name", "a user name has no colon");
    }
    entry("name", name, ("password", password), sha256)
}

fn entry(
    id_field: &str,
    id: String,
    (secret_field, secret): (&str, Option<String>),
    sha256: Option<String>,
) -> Checked<Entry> {
    if id.is_empty() || !fits_header(&id) {
        return wrong(id_field, "must be printable ASCII, without spaces at the ends");
    }
    let digest = match (secret, sha256) {
        (Some(secret), None) if secret.is_empty() => {
            return wrong(secret_field, "must not be empty");
        }
        (Some(secret), None) => Digest::of(secret.as_bytes()),
        (None, Some(hex)) => match Digest::from_hex(&hex) {
            Some(digest) => digest,
            None => return wrong("sha256", "not 64 hexadecimal digits"),
        },
        _ => return wrong(".", format!("needs `{secret_field}` or `sha256`, and only one")),
    };
    Ok(Entry::new(id, digest))
}

fn check_roster(field: &str, entries: &[Entry]) -> Checked<()> {
    if !(1..=MOST_ENTRIES).contains(&entries.len()) {
        return wrong(field, format!("there must be 1 to {MOST_ENTRIES}"));
    }
    let mut ids = HashSet::new();
    match entries.iter().position(|entry| !ids.insert(&entry.id)) {
        Some(index) => wrong(format!("{field}[{index}]"), "an entry before has this name"),
        None => Ok(()),
    }
}

fn allowed_ids(allow: Allow, entries: &[Entry]) -> Checked<Vec<String>> {
    let Allow { ids, claims } = allow;
    if !claims.is_empty() {
        return wrong("allow.claims", "only a `jwt` provider has claims");
    }
    match ids.iter().position(|id| !entries.iter().any(|entry| entry.id == *id)) {
        Some(index) => wrong(format!("allow.ids[{index}]"), "nobody here has this name"),
        None => Ok(ids),
    }
}

fn verifier(settings: Jwt, allow: Allow) -> Checked<Verifier> {
    let Jwt {
        issuer,
        audiences,
        algorithms,
        jwks,
        leeway,
        header: _,
        query: _,
        cookie: _,
        require_exp,
        claims_to_headers,
    } = settings;
    if leeway > LONGEST_LEEWAY {
        return wrong("leeway", format!("at most {}m", LONGEST_LEEWAY.as_secs() / 60));
    }
    if algorithms.is_empty() {
        return wrong("algorithms", "names none: say which ones the issuer signs with");
    }
    if jwks.keys.len() > MOST_JWKS {
        return wrong("jwks.keys", format!("more than {MOST_JWKS}"));
    }
    let keys: Vec<Key> = each("jwks.keys", jwks.keys, key)?.into_iter().flatten().collect();
    for algorithm in &algorithms {
        if !keys.iter().any(|key| key.algorithm() == *algorithm) {
            return wrong("jwks", format!("has no key for {}", algorithm.name()));
        }
    }
    let claims_to_headers = claims_to_headers
        .into_iter()
        .map(|(claim, header)| {
            Ok((claim.clone(), identity_target(&format!("claims_to_headers.{claim}"), &header)?))
        })
        .collect::<Checked<Vec<_>>>()?;
    let mut targets = HashSet::new();
    if !claims_to_headers.iter().all(|(_, header)| targets.insert(header)) {
        return wrong("claims_to_headers", "two claims are put in one header");
    }
    let Allow { ids, claims } = allow;
    if let Some((claim, _)) = claims.iter().find(|(_, values)| values.is_empty()) {
        return wrong(format!("allow.claims.{claim}"), "names no value: nobody could have it");
    }
    let allow = jwt::Allow { ids, claims: claims.into_iter().collect() };
    let known = jwt::Known::default();
    Ok(Verifier {
        issuer,
        audiences,
        algorithms,
        keys,
        leeway,
        require_exp,
        claims_to_headers,
        allow,
        known,
    })
}

fn key(jwk: Jwk) -> Checked<Option<Key>> {
    Key::new(jwk).map_err(|(member, reason)| SettingsError::new(member, reason))
}

fn route(rule: AuthRule, ready: &[Ready]) -> Checked<Route> {
    let AuthRule { path, method, providers } = rule;
    let rule = Rule::new(path, method, None)?;
    let providers = each("providers", providers, |name| {
        match ready.iter().position(|provider| provider.name == name) {
            Some(index) => Ok(index),
            None => wrong(".", format!("there is no provider `{name}`")),
        }
    })?;
    Ok(Route { rule, providers })
}

fn identity_target(field: &str, name: &str) -> Checked<String> {
    let name = named(field, name)?;
    if NOT_FOR_IDENTITIES.contains(&name.as_str()) {
        return wrong(field, "this header cannot carry an identity");
    }
    Ok(name)
}

fn named(field: &str, name: &str) -> Checked<String> {
    header_name(name).map_err(|error| SettingsError::new(field, error.reason))
}

fn not_empty(field: &str, text: String) -> Checked<String> {
    if text.is_empty() { wrong(field, "must not be empty") } else { Ok(text) }
}

/// What may stand between quotes in `www-authenticate` as it is.
fn is_quotable(text: &str) -> bool {
    !text.is_empty() && fits_header(text) && !text.contains(['"', '\\'])
}

fn each<A, B>(field: &str, items: Vec<A>, make: impl Fn(A) -> Checked<B>) -> Checked<Vec<B>> {
    let make = |(index, item)| make(item).map_err(|error| inside(field, indexed(index, error)));
    items.into_iter().enumerate().map(make).collect()
}

fn within<T>(field: &str, result: Checked<T>) -> Checked<T> {
    result.map_err(|error| inside(field, error))
}

fn indexed(index: usize, error: SettingsError) -> SettingsError {
    inside(&format!("[{index}]"), error)
}

/// `a` and `b` are `a.b`, `a` and `[1]` are `a[1]`, `a` and `.` are `a`.
fn inside(outer: &str, error: SettingsError) -> SettingsError {
    let SettingsError { field, reason } = error;
    let field = match field.as_str() {
        "." => outer.to_owned(),
        index if index.starts_with('[') => format!("{outer}{index}"),
        name => format!("{outer}.{name}"),
    };
    SettingsError { field, reason }
}
