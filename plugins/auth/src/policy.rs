//! Whether a request may pass, and what is changed in it if so. Pure: headers and time in,
//! a decision out.

use crate::jwt::{Failure, Verifier};
use crate::path;
use crate::place::{Change, Found, Place, strip};
use crate::roster::Roster;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use request::Headers;
use request::rule::{Head, Rule};
use serde::Deserialize;
use std::borrow::Cow;
use std::time::Duration;

/// The settings, checked. The default lets nobody through and is never seen: a filter that
/// is not configured gets no requests.
#[derive(Default)]
pub(crate) struct Policy {
    pub(crate) providers: Vec<Provider>,
    pub(crate) require: Require,
    /// The first that matches says which providers count; without one all do.
    pub(crate) routes: Vec<Route>,
    pub(crate) strip: bool,
    /// In lower case.
    pub(crate) identity_header: Option<String>,
    /// Headers that only this filter may set, in lower case.
    pub(crate) forgeable: Vec<String>,
}

/// How many of the providers must accept a request.
#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Require {
    All,
    #[default]
    Any,
}

pub(crate) struct Route {
    pub(crate) rule: Rule,
    /// Indices into [`Policy::providers`]; none for a public path.
    pub(crate) providers: Vec<usize>,
}

pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) places: Vec<Place>,
    pub(crate) kind: Kind,
    /// Who is let through, empty for everyone. A token's are in its verifier.
    pub(crate) allowed_ids: Vec<String>,
}

pub(crate) enum Kind {
    ApiKey(Roster),
    Basic { realm: String, users: Roster },
    Jwt(Box<Verifier>),
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    Pass(Vec<Change>),
    Refuse(Refusal),
}

/// An answer of the filter's own.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u32,
    /// The values of `www-authenticate`, one header each.
    pub(crate) challenges: Vec<String>,
    pub(crate) reason: &'static str,
}

/// What one provider says to a request.
enum Verdict {
    Absent,
    Accepted {
        id: Option<String>,
        headers: Vec<(String, String)>,
    },
    Forbidden,
    Invalid(Invalid),
    /// Shown more than once.
    Several,
}

#[derive(Clone, Copy)]
enum Invalid {
    Credentials,
    Token(Failure),
}

struct Request<'a> {
    path: &'a [u8],
    headers: &'a Headers,
}

impl Head for Request<'_> {
    fn path(&self) -> &[u8] {
        self.path
    }

    fn method_is(&self, method: &str) -> bool {
        self.headers.first(":method") == Some(method.as_bytes())
    }

    fn has_header(&self, name: &str, value: Option<&str>) -> bool {
        self.headers.all(name).any(|found| value.is_none_or(|value| found == value.as_bytes()))
    }
}

impl Policy {
    /// `now`, the time since 1970, is asked for only where a token needs it.
    pub(crate) fn decide(&self, headers: &Headers, now: impl Fn() -> Duration) -> Decision {
        let Some(asked) = self.asked(headers) else {
            return Refusal::plain(400, "bad request: services differ on what this path means");
        };
        let mut changes = self.unforged(headers);
        if asked.is_empty() {
            return Decision::Pass(changes);
        }
        let mut identity = None;
        let mut claimed = Vec::new();
        let mut refused = Vec::new();
        for &provider in &asked {
            match provider.judge(headers, &now) {
                Verdict::Several => {
                    return Refusal::plain(400, "bad request: a credential was sent twice");
                }
                Verdict::Accepted { id, headers } => {
                    identity = identity.or(id);
                    claimed.extend(headers);
                    if self.require == Require::Any {
                        refused.clear();
                        break;
                    }
                }
                verdict => {
                    refused.push((provider, verdict));
                    if self.require == Require::All {
                        break;
                    }
                }
            }
        }
        if !refused.is_empty() {
            return refusal(&refused);
        }
        if self.strip {
            changes.extend(strip(shown(&asked, headers).iter().copied(), headers));
        }
        let identity = self.identity_header.clone().zip(identity);
        let told = claimed.into_iter().chain(identity);
        changes.extend(told.map(|(name, value)| Change::Set(name, value.into_bytes())));
        Decision::Pass(changes)
    }

    /// The providers that count for this request; `None` if its path has no clear meaning.
    fn asked(&self, headers: &Headers) -> Option<Vec<&Provider>> {
        if !self.routes.is_empty() {
            let path = headers.first(":path").unwrap_or_default();
            let path = path.split(|&byte| byte == b'?').next().unwrap_or_default();
            let path: Cow<'_, [u8]> = path::canonical(path)?;
            let request = Request { path: &path, headers };
            if let Some(route) = self.routes.iter().find(|route| route.rule.matches(&request)) {
                return Some(route.providers.iter().map(|&index| &self.providers[index]).collect());
            }
        }
        Some(self.providers.iter().collect())
    }

    /// Takes out what a client must not say itself. `_` counts as `-`, because services that
    /// speak CGI do not tell them apart.
    fn unforged(&self, headers: &Headers) -> Vec<Change> {
        if self.forgeable.is_empty() {
            return Vec::new();
        }
        let same = |name: &[u8], own: &str| {
            let plain = |&byte: &u8| if byte == b'_' { b'-' } else { byte };
            name.len() == own.len() && name.iter().map(plain).eq(own.as_bytes().iter().map(plain))
        };
        let forged = headers.iter().map(|(name, _)| name);
        let forged = forged.filter(|name| self.forgeable.iter().any(|own| same(name, own)));
        forged.map(|name| Change::Remove(String::from_utf8_lossy(name).into_owned())).collect()
    }
}

/// The places in which these providers' credentials stand, each once.
fn shown<'a>(asked: &[&'a Provider], headers: &Headers) -> Vec<&'a Place> {
    let mut places: Vec<&Place> = Vec::new();
    for place in asked.iter().flat_map(|provider| &provider.places) {
        if !places.contains(&place) && place.find(headers) != Found::Nothing {
            places.push(place);
        }
    }
    places
}

impl Provider {
    fn judge(&self, headers: &Headers, now: &impl Fn() -> Duration) -> Verdict {
        let mut shown = None;
        for place in &self.places {
            match (place.find(headers), &shown) {
                (Found::Nothing, _) => {}
                (Found::One(value), None) => shown = Some(value),
                (Found::One(_), Some(_)) | (Found::Several, _) => return Verdict::Several,
            }
        }
        let Some(shown) = shown else { return Verdict::Absent };
        let id = match &self.kind {
            Kind::ApiKey(keys) => keys.by_secret(&shown),
            Kind::Basic { users, .. } => basic(&shown, users),
            Kind::Jwt(verifier) => return token(verifier, &shown, now()),
        };
        match id {
            None => Verdict::Invalid(Invalid::Credentials),
            Some(id)
                if self.allowed_ids.is_empty() || self.allowed_ids.iter().any(|own| own == id) =>
            {
                Verdict::Accepted { id: Some(id.to_owned()), headers: Vec::new() }
            }
            Some(_) => Verdict::Forbidden,
        }
    }

    fn challenge(&self, verdict: &Verdict) -> String {
        let Self { name, kind, .. } = self;
        match (kind, verdict) {
            (Kind::ApiKey(_), _) => format!("ApiKey realm=\"{name}\""),
            (Kind::Basic { realm, .. }, _) => {
                format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")
            }
            (Kind::Jwt(_), Verdict::Invalid(Invalid::Token(failure))) => format!(
                "Bearer realm=\"{name}\", error=\"invalid_token\", error_description=\"{failure}\""
            ),
            (Kind::Jwt(_), Verdict::Forbidden) => {
                format!("Bearer realm=\"{name}\", error=\"insufficient_scope\"")
            }
            // RFC 6750 section 3.1: no error code where nothing was shown.
            (Kind::Jwt(_), _) => format!("Bearer realm=\"{name}\""),
        }
    }
}

/// RFC 7617: the name, a colon, the password, in base64.
fn basic<'a>(shown: &[u8], users: &'a Roster) -> Option<&'a str> {
    let pair = STANDARD.decode(shown).ok()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    users.by_name(&pair[..colon], &pair[colon + 1..])
}

fn token(verifier: &Verifier, shown: &[u8], now: Duration) -> Verdict {
    match verifier.verify(shown, now) {
        Ok(verified) if verified.permitted => {
            Verdict::Accepted { id: verified.subject.clone(), headers: verified.headers.clone() }
        }
        Ok(_) => Verdict::Forbidden,
        Err(failure) => Verdict::Invalid(Invalid::Token(failure)),
    }
}

/// Known but not permitted outweighs not known: showing something else would not be wrong,
/// but showing the same again would be no use.
fn refusal(refused: &[(&Provider, Verdict)]) -> Decision {
    let forbidden = refused.iter().find(|(_, verdict)| matches!(verdict, Verdict::Forbidden));
    if let Some((provider, verdict)) = forbidden {
        return Decision::Refuse(Refusal {
            status: 403,
            challenges: vec![provider.challenge(verdict)],
            reason: "forbidden",
        });
    }
    let invalid = refused.iter().any(|(_, verdict)| matches!(verdict, Verdict::Invalid(_)));
    Decision::Refuse(Refusal {
        status: 401,
        challenges: refused.iter().map(|(provider, verdict)| provider.challenge(verdict)).collect(),
        reason: match invalid {
            true => "unauthorized: the credentials are not valid",
            false => "unauthorized: credentials are missing",
        },
    })
}

impl Refusal {
    const fn plain(status: u32, reason: &'static str) -> Decision {
        Decision::Refuse(Self { status, challenges: Vec::new(), reason })
    }
}

#[cfg(test)]
mod tests;
