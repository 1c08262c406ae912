//! The sessions that are open. Nothing of them is written anywhere: they end with the process.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, header};
use tokio::time::Instant;

use crate::admin::{
    token::{Token, digest, hex, random},
    who::Role,
};

/// A working day and a half.
const LIFE: Duration = Duration::from_hours(12);

/// Long enough for lunch.
const IDLE: Duration = Duration::from_hours(2);

/// Each is some hundred bytes. Beyond, the one that was unused for longest goes.
const SESSIONS: usize = 1_000;

/// How long the code of a link may be used.
const CODE_LIFE: Duration = Duration::from_mins(10);

/// Where the cookie goes: to the calls, and to nothing else on this host. Browsers keep cookies
/// apart by path but not by port, so other services of `localhost` would get one of `/` as well.
const PATH: &str = "/api/v1";

/// All sessions, by the digest of the secret in their cookie.
#[derive(Debug)]
pub(in crate::admin) struct Sessions {
    open: Mutex<HashMap<[u8; 32], Open>>,
    code: Mutex<Option<(Token, Instant)>>,
    /// With the port, because two gateways of one host would otherwise sign each other out.
    cookie: String,
    is_secure: bool,
}

/// A session as a call finds it.
pub(in crate::admin) struct Found {
    pub(in crate::admin) role: Role,
    pub(in crate::admin) name: Arc<str>,
    pub(in crate::admin) csrf: String,
}

/// A session that has just begun.
pub(in crate::admin) struct Begun {
    /// The whole value of `set-cookie`.
    pub(in crate::admin) cookie: String,
    pub(in crate::admin) csrf: String,
}

#[derive(Debug)]
struct Open {
    role: Role,
    name: Arc<str>,
    begun: Instant,
    used: Instant,
}

impl Sessions {
    pub(in crate::admin) fn new(port: u16, is_secure: bool) -> Self {
        let cookie = format!("portico_session_{port}");
        Self { open: Mutex::default(), code: Mutex::default(), cookie, is_secure }
    }

    /// The session whose cookie is there; it counts as used.
    pub(in crate::admin) fn find(&self, headers: &HeaderMap, now: Instant) -> Option<Found> {
        let secret = self.secret(headers)?;
        let key = digest(secret);
        let mut open = lock(&self.open);
        let session = open.get_mut(&key)?;
        if session.is_over(now) {
            open.remove(&key);
            return None;
        }
        session.used = now;
        Some(Found { role: session.role, name: session.name.clone(), csrf: csrf(secret) })
    }

    /// Begins one, in the place of the one whose cookie is there.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub(in crate::admin) fn begin(
        &self,
        role: Role,
        name: Arc<str>,
        headers: &HeaderMap,
        now: Instant,
    ) -> io::Result<Begun> {
        let secret = random()?;
        let mut open = lock(&self.open);
        if let Some(before) = self.secret(headers) {
            open.remove(&digest(before));
        }
        open.retain(|_, session| !session.is_over(now));
        if open.len() >= SESSIONS
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.used)
        {
            let oldest = *oldest.0;
            open.remove(&oldest);
        }
        open.insert(digest(&secret), Open { role, name, begun: now, used: now });
        Ok(Begun { cookie: self.cookie(&secret, LIFE), csrf: csrf(&secret) })
    }

    /// Ends the session whose cookie is there. The answer makes the browser forget the cookie.
    pub(in crate::admin) fn end(&self, headers: &HeaderMap) -> String {
        if let Some(secret) = self.secret(headers) {
            lock(&self.open).remove(&digest(secret));
        }
        self.cookie("", Duration::ZERO)
    }

    /// A code for a link that signs in once, within [`CODE_LIFE`]. There is one at a time.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub(in crate::admin) fn code(&self, now: Instant) -> io::Result<String> {
        let code = random()?;
        *lock(&self.code) = Some((Token::new(&code), now + CODE_LIFE));
        Ok(code)
    }

    /// Whether this is the code; it is none any more.
    pub(in crate::admin) fn use_code(&self, code: &str, now: Instant) -> bool {
        let mut kept = lock(&self.code);
        let is_right = kept.as_ref().is_some_and(|(own, until)| own.is(code) && now < *until);
        if is_right {
            *kept = None;
        }
        is_right
    }

    fn secret<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let pairs = cookies.filter_map(|cookies| cookies.to_str().ok()).flat_map(|cookies| {
            cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='))
        });
        pairs.filter(|(name, _)| *name == self.cookie).map(|(_, secret)| secret).next()
    }

    fn cookie(&self, secret: &str, life: Duration) -> String {
        let Self { cookie, is_secure, .. } = self;
        let secure = if *is_secure { "; Secure" } else { "" };
        let age = life.as_secs();
        format!("{cookie}={secret}; Path={PATH}; HttpOnly; SameSite=Strict; Max-Age={age}{secure}")
    }
}

impl Open {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.begun) >= LIFE || now.duration_since(self.used) >= IDLE
    }
}

/// What a page of the gateway's own origin is told and sends back: made from the cookie, so that it
/// belongs to this session only, and useless without it.
fn csrf(secret: &str) -> String {
    hex(&digest(&format!("x-portico-csrf {secret}")))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(begun: &Begun) -> HeaderMap {
        let cookie = begun.cookie.split(';').next().unwrap();
        let value = format!("theme=dark; {cookie}").parse().unwrap();
        [(header::COOKIE, value)].into_iter().collect()
    }

    fn begin(sessions: &Sessions, now: Instant) -> HeaderMap {
        let begun = sessions.begin(Role::Viewer, "somebody".into(), &HeaderMap::new(), now);
        with(&begun.unwrap())
    }

    #[test]
    fn a_session_ends_when_it_is_old_or_unused() {
        let (sessions, start) = (Sessions::new(31000, false), Instant::now());
        let unused = begin(&sessions, start);
        assert!(sessions.find(&unused, start + IDLE - Duration::from_secs(1)).is_some());
        assert!(sessions.find(&unused, start + 2 * IDLE).is_none());
        let used = begin(&sessions, start);
        for hour in 1..12 {
            let found = sessions.find(&used, start + Duration::from_hours(hour)).unwrap();
            assert_eq!((found.role, &*found.name), (Role::Viewer, "somebody"));
        }
        assert!(sessions.find(&used, start + LIFE).is_none());
        let ended = begin(&sessions, start);
        assert!(sessions.end(&ended).contains("Max-Age=0"));
        assert!(sessions.find(&ended, start).is_none());
    }

    #[test]
    fn a_new_session_takes_the_place_of_the_one_before() {
        let (sessions, now) = (Sessions::new(31000, true), Instant::now());
        let first = begin(&sessions, now);
        let second = sessions.begin(Role::Operator, "somebody".into(), &first, now).unwrap();
        assert!(sessions.find(&first, now).is_none());
        let found = sessions.find(&with(&second), now).unwrap();
        assert_eq!(found.csrf, second.csrf);
        assert!(!second.cookie.contains(&second.csrf));
        let rest = second.cookie.split_once("; ").unwrap().1;
        assert_eq!(rest, "Path=/api/v1; HttpOnly; SameSite=Strict; Max-Age=43200; Secure");
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let (sessions, start) = (Sessions::new(31000, false), Instant::now());
        let first = begin(&sessions, start);
        let second = begin(&sessions, start + Duration::from_secs(1));
        let now = start + Duration::from_secs(2);
        assert!(sessions.find(&first, now).is_some());
        for _ in 2..=SESSIONS {
            begin(&sessions, now);
        }
        assert_eq!(lock(&sessions.open).len(), SESSIONS);
        assert!(sessions.find(&first, now).is_some());
        assert!(sessions.find(&second, now).is_none());
    }

    #[test]
    fn a_code_signs_in_once_and_soon() {
        let (sessions, now) = (Sessions::new(31000, false), Instant::now());
        let code = sessions.code(now).unwrap();
        assert!(!sessions.use_code("", now));
        assert!(!sessions.use_code(&code, now + CODE_LIFE));
        assert!(sessions.use_code(&code, now));
        assert!(!sessions.use_code(&code, now));
    }
}
