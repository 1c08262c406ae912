//! Who may call the admin API.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{Admin, is_private};

/// The secret that allows changes. It is never printed.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// What the listener's address and the token allow.
#[derive(Clone, Debug)]
pub struct Access {
    /// `None` allows no change at all.
    pub token: Option<Token>,
    /// Reads need no token.
    pub open_reads: bool,
}

impl Token {
    /// Keeps the digest only: it is all that a comparison needs.
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Compares digests, so that time tells nothing about the secret.
    fn is(&self, secret: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        self.0.iter().zip(other).fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Access {
    pub fn new(address: SocketAddr, token: Option<Token>) -> Self {
        Self { token, open_reads: is_private(address) }
    }

    /// Whether somebody may change things, or see contents.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = &self.token else { return Err(Refusal::NoToken) };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer "));
        match given {
            Some(secret) if token.is(secret.trim()) => Ok(()),
            Some(_) => Err(Refusal::Wrong),
            None => Err(Refusal::Missing),
        }
    }
}

/// Why somebody may not.
pub(super) enum Refusal {
    Missing,
    NoToken,
    Wrong,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Missing => (
                StatusCode::UNAUTHORIZED,
                "this call needs the header `authorization: Bearer TOKEN`; the gateway's log \
                 names the file with the token\n",
            ),
            Self::NoToken => (
                StatusCode::FORBIDDEN,
                "no admin token is configured, so nothing can be changed here: set \
                 PORTICO_ADMIN_TOKEN or `--admin-token-file`\n",
            ),
            Self::Wrong => (StatusCode::UNAUTHORIZED, "the token is not the right one\n"),
        };
        (status, [(header::WWW_AUTHENTICATE, "Bearer realm=\"portico\"")], text).into_response()
    }
}

pub(super) async fn may_change(
    State(admin): State<Admin>,
    request: Request,
    next: Next,
) -> Response {
    match admin.access.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

pub(super) async fn may_read(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    if admin.access.open_reads && names_this_machine(request.headers()) {
        return next.run(request).await;
    }
    may_change(State(admin), request, next).await
}

/// Whether the request asked for this machine by a name that only means this machine. A page from
/// elsewhere can point its own name at 127.0.0.1 (DNS rebinding), but the browser then sends that
/// name.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_trusted() {
        for (host, trusted) in [
            ("localhost:31000", true),
            ("127.0.0.1:31000", true),
            ("127.0.0.1", true),
            ("[::1]:31000", true),
            ("evil.example:31000", false),
            ("localhost.evil.example", false),
            ("10.0.0.1:31000", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(names_this_machine(&headers), trusted, "{host}");
        }
        assert!(!names_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn only_the_secret_opens() {
        let token = Token::new("secret");
        assert!(token.is("secret"));
        assert!(!token.is("secre"));
        assert!(!token.is(""));
        assert_eq!(format!("{token:?}"), "[redacted]");
    }
}
