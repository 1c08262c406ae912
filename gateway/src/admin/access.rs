//! Who may call the admin API, and how they show who they are.
//!
//! A token in `authorization`, the cookie of a session ([`super::session`]), or a certificate of
//! the connection. Browsers send cookies and certificates by themselves, also when a page from
//! elsewhere asks; so with these, whatever is not plain reading must come from a page of the
//! gateway's own origin, and with a cookie it must carry the session's `x-portico-csrf`.

mod attempts;

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{Extension, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::time::Instant;

use self::attempts::Attempts;
use super::{
    Admin, browser,
    door::Peer,
    is_private,
    session::Sessions,
    token::Token,
    who::{How, Role, Who},
};

/// What opens the admin API.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Allows everything; without it nobody changes anything but by a certificate.
    pub operator: Option<Token>,
    /// Allows to read.
    pub viewer: Option<Token>,
    /// Whether connections may show certificates.
    pub certificates: bool,
}

/// What the listener's address and the keys allow.
#[derive(Debug)]
pub struct Access {
    pub(super) keys: Keys,
    /// Reads need no token.
    pub(super) open_reads: bool,
    /// Whoever runs as the gateway's user is an operator without a token: see `session/neighbour.rs`.
    pub(super) automatic: bool,
    pub(super) sessions: Sessions,
    attempts: Attempts,
}

impl Access {
    /// For a listener at this address. `automatic` is what the user wants; it needs an address
    /// that is only reached from this machine, and a system that tells whose a connection is.
    pub fn new(address: SocketAddr, keys: Keys, automatic: bool, is_tls: bool) -> Self {
        let open_reads = is_private(address);
        Self {
            keys,
            open_reads,
            automatic: automatic && open_reads && cfg!(target_os = "linux"),
            sessions: Sessions::new(address.port(), is_tls),
            attempts: Attempts::default(),
        }
    }

    fn identify(&self, peer: &Peer, method: &Method, headers: &HeaderMap) -> Who {
        let nobody = Who::nobody(peer.address);
        if let Some(secret) = bearer(headers) {
            return match self.token(secret, peer) {
                Ok((role, name)) => Who::new(role, name.into(), How::Token, peer.address),
                Err(refusal) => nobody.but(refusal),
            };
        }
        let (who, csrf) = match self.sessions.find(headers, Instant::now()) {
            Some(session) => {
                let who = Who::new(session.role, session.name, How::Session, peer.address);
                (who, Some(session.csrf))
            }
            None => match &peer.certificate {
                Some(holder) => {
                    let name = holder.name.clone();
                    (Who::new(holder.role, name, How::Certificate, peer.address), None)
                }
                None => return nobody,
            },
        };
        if browser::only_reads(method) {
            return who;
        }
        if !browser::is_same_origin(headers) {
            return who.but(Refusal::OtherOrigin);
        }
        let given = headers.get(CSRF).and_then(|given| given.to_str().ok());
        match csrf {
            // Both sides are digests' worth of randomness: time tells a guesser nothing of use,
            // but comparing digests costs nothing either.
            Some(csrf) if !given.is_some_and(|given| Token::new(&csrf).is(given)) => {
                who.but(Refusal::Csrf)
            }
            _ => who,
        }
    }

    /// The role that a secret gives.
    pub(super) fn token(&self, secret: &str, peer: &Peer) -> Result<(Role, &'static str), Refusal> {
        let keys = [
            (&self.keys.operator, Role::Operator, "operator token"),
            (&self.keys.viewer, Role::Viewer, "viewer token"),
        ];
        if keys.iter().all(|(key, ..)| key.is_none()) {
            return Err(Refusal::NoToken);
        }
        let right = |secret: &str| {
            keys.iter().find(|(key, ..)| key.as_ref().is_some_and(|key| key.is(secret)))
        };
        self.guess(peer, || right(secret).map(|(_, role, name)| (*role, *name)))
    }

    /// Looks at something that could be guessed, but not too often.
    pub(super) fn guess<T>(
        &self,
        peer: &Peer,
        look: impl FnOnce() -> Option<T>,
    ) -> Result<T, Refusal> {
        let (from, now) = (peer.address.ip(), Instant::now());
        if let Err(wait) = self.attempts.allow(from, now) {
            return Err(Refusal::TooMany { seconds: wait.as_secs().max(1) });
        }
        look().ok_or_else(|| {
            self.attempts.wrong(from, now);
            Refusal::Wrong
        })
    }

    /// Whether somebody may read what is no secret.
    pub(super) fn reads_are_open(&self, headers: &HeaderMap) -> bool {
        self.open_reads
            && browser::names_this_machine(headers)
            && !browser::is_from_elsewhere(headers)
    }
}

/// The header that no page of another origin can send.
pub(super) const CSRF: HeaderName = HeaderName::from_static("x-portico-csrf");

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    Code,
    Csrf,
    Missing,
    NoToken,
    NotAutomatic,
    OtherOrigin,
    OtherUser,
    TooMany { seconds: u64 },
    Viewer,
    Wrong,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Code | Self::Missing | Self::NotAutomatic | Self::Wrong => {
                StatusCode::UNAUTHORIZED
            }
            Self::Csrf | Self::NoToken | Self::OtherOrigin | Self::OtherUser | Self::Viewer => {
                StatusCode::FORBIDDEN
            }
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Code => {
                "this link has been used, or is older than ten minutes; give the token instead"
            }
            Self::Csrf => {
                "this call needs the header `x-portico-csrf` with what `GET /api/v1/session` says"
            }
            Self::Missing => {
                "this call needs the header `authorization: Bearer TOKEN`, or to be signed in; the \
                 start of the gateway names the file with the token"
            }
            Self::NoToken => {
                "no admin token is configured, so nothing can be seen or changed here: set \
                 PORTICO_ADMIN_TOKEN or `--admin-token-file`"
            }
            Self::NotAutomatic => {
                "nobody is signed in without a token here: send `{\"token\": \"…\"}`"
            }
            Self::OtherUser => {
                "your browser does not run as the gateway's user on this machine: give the token"
            }
            Self::OtherOrigin => "this call comes from a page of another origin",
            Self::TooMany { .. } => "too many wrong tokens have come from there: wait a little",
            Self::Viewer => "this call needs the role operator, and you have the role viewer",
            Self::Wrong => "the token is not the right one",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = refusal(self.status(), self.sentence());
        let headers = response.headers_mut();
        if self.status() == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"portico\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Self::TooMany { seconds } = self {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Every refusal is `{"error": "a sentence"}`; the audit log tells the sentence too.
pub(super) fn refusal(status: StatusCode, sentence: &str) -> Response {
    let audited = super::audit::Audited::outcome(sentence);
    (status, Extension(audited), Json(json!({ "error": sentence }))).into_response()
}

/// Puts [`Who`] into every request.
pub(super) async fn identify(
    State(admin): State<Admin>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let who = admin.access.identify(&peer, request.method(), request.headers());
    request.extensions_mut().insert(who);
    next.run(request).await
}

/// A layer over calls that tell what is no secret.
pub(super) async fn may_read(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    request: Request,
    next: Next,
) -> Response {
    let open = who.trouble.is_none() && admin.access.reads_are_open(request.headers());
    if open || who.role >= Role::Viewer {
        return next.run(request).await;
    }
    admin.access.why_not(&who).into_response()
}

/// A layer over calls that change something.
pub(super) async fn may_change(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    request: Request,
    next: Next,
) -> Response {
    match admin.access.operator(&who) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A layer over calls that tell what may hold secrets: texts, bodies, values.
pub(super) async fn may_see_secrets(
    state: State<Admin>,
    who: Extension<Who>,
    request: Request,
    next: Next,
) -> Response {
    may_change(state, who, request, next).await
}

impl Access {
    /// Whether somebody may change things and see contents: for calls of which only a part needs it.
    pub(super) fn operator(&self, who: &Who) -> Result<(), Refusal> {
        if who.role == Role::Operator { Ok(()) } else { Err(self.why_not(who)) }
    }

    fn why_not(&self, who: &Who) -> Refusal {
        let Keys { operator, viewer, certificates } = &self.keys;
        match who.trouble {
            Some(trouble) => trouble,
            None if who.role == Role::Viewer => Refusal::Viewer,
            None if operator.is_none() && viewer.is_none() && !certificates => Refusal::NoToken,
            None => Refusal::Missing,
        }
    }

    /// The sentence for whoever is not signed in.
    pub(super) fn hint(&self, automatic: bool, headers: &HeaderMap) -> &'static str {
        let Keys { operator, viewer, certificates } = &self.keys;
        match () {
            () if automatic => {
                "this browser is signed in by itself, because it runs on this machine"
            }
            () if self.automatic && !browser::names_this_machine(headers) => {
                "open the console as `localhost` or `127.0.0.1` to be signed in by itself, or give \
                 the token: the start of the gateway names its file"
            }
            () if *certificates => {
                "show a certificate that the authority of `--admin-client-ca` has signed, or give \
                 a token"
            }
            () if operator.is_none() && viewer.is_none() => Refusal::NoToken.sentence(),
            () if self.open_reads => {
                "open the link that the start of the gateway prints, or give the token: the start \
                 names its file"
            }
            () => "give the token that the gateway was started with (PORTICO_ADMIN_TOKEN)",
        }
    }
}

#[cfg(test)]
mod tests;
