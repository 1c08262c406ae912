//! Signing in and out: `GET`, `POST` and `DELETE /api/v1/session`.
//!
//! A session begins with a token, with the one-time code of the link that the start of the gateway
//! prints, with a certificate, or with nothing at all: **automatic sign-in**. Whoever runs as the
//! gateway's user can read the file with its token (root anyway), so asking their browser for it
//! protects nothing, and costs everybody the first minute. A call is such a person's if
//!
//! - the listener is bound to a loopback address, so it comes from this machine,
//! - the system says that the socket at its other end belongs to the gateway's user or to root
//!   ([`neighbour`]; on Linux),
//! - it asks for this machine by name: no page from elsewhere that points its name here,
//! - no page of another origin asks,
//! - nobody says that they pass it on for others.
//!
//! `--no-auto-sign-in` switches it off.

mod neighbour;
mod store;

use axum::{
    Json,
    body::Bytes,
    extract::{Extension, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(super) use self::store::Sessions;
use super::{
    Admin,
    access::{Refusal, refusal},
    audit::Audited,
    browser,
    door::Peer,
    who::{How, Role, Who},
};

/// A sign-in has a token or a code in its body, and nothing else.
pub(super) const BODY_BYTES: usize = 4 << 10;

/// `POST` with neither asks to be signed in by itself.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    token: Option<String>,
    code: Option<String>,
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
) -> Response {
    let csrf = admin.access.sessions.find(&headers, Instant::now()).map(|session| session.csrf);
    let csrf = csrf.filter(|_| who.how == How::Session);
    Json(told(&admin, who.role, who.name.as_deref(), csrf.as_deref(), &headers)).into_response()
}

/// Begins a session. It needs no `x-portico-csrf`, because what it does nobody gains from but who
/// can sign in anyway; but it must not come from a page of another origin.
pub(super) async fn begin(
    State(admin): State<Admin>,
    Extension(peer): Extension<Peer>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let audited = |outcome: &str| Extension(Audited::act("sign in", outcome));
    let given = match signs_in(&body) {
        Ok(given) => given,
        Err(sentence) => {
            let refused = refusal(StatusCode::BAD_REQUEST, sentence);
            return (audited(sentence), refused).into_response();
        }
    };
    let (role, name) = match known(&admin, &peer, &who, &headers, &given).await {
        Ok(known) => known,
        Err(refused) => {
            // The name of the action is to be there for refusals too.
            let outcome = refused.sentence();
            return (audited(outcome), refused.into_response()).into_response();
        }
    };
    let sessions = &admin.access.sessions;
    let begun = match sessions.begin(role, name.into(), &headers, Instant::now()) {
        Ok(begun) => begun,
        Err(error) => {
            tracing::error!(%error, "no session can be made");
            let sentence = "the system has no randomness for a session";
            return refusal(StatusCode::SERVICE_UNAVAILABLE, sentence);
        }
    };
    let answer = told(&admin, role, Some(name), Some(&begun.csrf), &headers);
    let outcome = format!("signed in as {name}, {role}");
    (audited(&outcome), [(header::SET_COOKIE, begun.cookie)], Json(answer)).into_response()
}

/// Ends the session, if there is one.
pub(super) async fn end(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
) -> Response {
    if let Some(trouble) = who.trouble {
        return trouble.into_response();
    }
    let cookie = admin.access.sessions.end(&headers);
    let answer = told(&admin, Role::None, None, None, &headers);
    let audited = Extension(Audited::act("sign out", "signed out"));
    (audited, [(header::SET_COOKIE, cookie)], Json(answer)).into_response()
}

fn signs_in(body: &[u8]) -> Result<SignIn, &'static str> {
    if body.trim_ascii().is_empty() {
        return Ok(SignIn::default());
    }
    serde_json::from_slice(body)
        .map_err(|_| "the body is none of `{}`, `{\"token\": \"…\"}` and `{\"code\": \"…\"}`")
}

/// Who signs in, by what they gave.
async fn known<'a>(
    admin: &Admin,
    peer: &Peer,
    who: &'a Who,
    headers: &HeaderMap,
    given: &SignIn,
) -> Result<(Role, &'a str), Refusal> {
    if !browser::is_same_origin(headers) {
        return Err(Refusal::OtherOrigin);
    }
    let access = &admin.access;
    if let Some(secret) = &given.token {
        return access.token(secret.trim(), peer);
    }
    if let Some(code) = &given.code {
        let now = Instant::now();
        let right =
            || access.sessions.use_code(code.trim(), now).then_some((Role::Operator, LOCAL));
        return access.guess(peer, right).map_err(|refusal| match refusal {
            Refusal::Wrong => Refusal::Code,
            other => other,
        });
    }
    match (who.how, who.trouble) {
        (How::Token | How::Certificate, None) => return Ok((who.role, who.name())),
        (How::Nothing, Some(wrong)) => return Err(wrong),
        _ => {}
    }
    if !may_be_automatic(admin, headers) {
        return Err(Refusal::NotAutomatic);
    }
    match neighbour::is_ours(peer).await {
        Ok(true) => Ok((Role::Operator, LOCAL)),
        Ok(false) => Err(Refusal::OtherUser),
        Err(error) => {
            tracing::warn!(%error, "whose a connection is cannot be found out");
            Err(Refusal::OtherUser)
        }
    }
}

/// Who is signed in by themselves, or by a link.
const LOCAL: &str = "local";

/// As far as can be said without looking at the connection.
fn may_be_automatic(admin: &Admin, headers: &HeaderMap) -> bool {
    admin.access.automatic
        && browser::names_this_machine(headers)
        && !browser::is_passed_on(headers)
}

fn told(
    admin: &Admin,
    role: Role,
    name: Option<&str>,
    csrf: Option<&str>,
    headers: &HeaderMap,
) -> Value {
    let automatic = may_be_automatic(admin, headers);
    let sign_in = match automatic {
        true => "automatic",
        false if admin.access.keys.certificates => "certificate",
        false => "token",
    };
    let hint = (role == Role::None).then(|| admin.access.hint(automatic, headers));
    json!({ "role": role.word(), "name": name, "csrf": csrf, "sign_in": sign_in, "hint": hint })
}
