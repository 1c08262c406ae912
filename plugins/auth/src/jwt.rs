//! JSON Web Tokens: compact JWS (RFC 7515), claims (RFC 7519), and the advice of RFC 8725.

mod cache;
pub(crate) mod claims;
pub(crate) mod key;

use crate::digest::Digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cache::Cache;
use claims::{Claims, Times};
use key::{Algorithm, Key};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Tokens with many groups reach some four kilobytes; a head this long few servers take.
const LONGEST_TOKEN: usize = 16 * 1024;

/// A token without `kid` is tried with so many keys at most: each costs a signature check.
pub(crate) const MOST_TRIED_KEYS: usize = 8;

pub(crate) struct Verifier {
    pub(crate) issuer: Option<String>,
    /// One of them must be among the token's; none means that it is not checked.
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) keys: Vec<Key>,
    pub(crate) leeway: Duration,
    pub(crate) require_exp: bool,
    /// Claim, and the header it is put in.
    pub(crate) claims_to_headers: Vec<(String, String)>,
    pub(crate) allow: Allow,
    pub(crate) known: Known,
}

/// Who of those with a good token is let through. Empty lists let everyone.
#[derive(Default)]
pub(crate) struct Allow {
    pub(crate) ids: Vec<String>,
    /// Each claim named must have one of its values.
    pub(crate) claims: Vec<(String, Vec<String>)>,
}

#[derive(Default)]
pub(crate) struct Known(RefCell<Cache<Verified>>);

/// What stays true of a token for as long as it lives.
pub(crate) struct Verified {
    times: Times,
    /// `sub`, where the token has one that fits a header.
    pub(crate) subject: Option<String>,
    /// Header and value.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) permitted: bool,
}

/// Why a token is refused, in the words of the `error_description`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the algorithm is not accepted")]
    Algorithm,
    #[error("the audience is not accepted")]
    Audience,
    #[error("critical header parameters are not supported")]
    Critical,
    #[error("the token has expired")]
    Expired,
    #[error("the token was issued in the future")]
    IssuedInFuture,
    #[error("the issuer is not accepted")]
    Issuer,
    #[error("the token is malformed")]
    Malformed,
    #[error("the token has no expiry")]
    NoExpiry,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the signature is not valid")]
    Signature,
    #[error("the token is too long")]
    TooLong,
    #[error("a claim does not fit in a header")]
    UnfitClaim,
    #[error("the key of the token is not known")]
    UnknownKey,
}

impl Verifier {
    /// `now` is the time since 1970.
    pub(crate) fn verify(&self, token: &[u8], now: Duration) -> Result<Rc<Verified>, Failure> {
        if token.len() > LONGEST_TOKEN {
            return Err(Failure::TooLong);
        }
        let digest = Digest::of(token);
        let known = self.known.0.borrow_mut().get(digest);
        if let Some(verified) = known {
            return self.in_time(&verified.times, now).map(|()| verified);
        }
        let verified = Rc::new(self.examine(token, now)?);
        self.known.0.borrow_mut().insert(digest, Rc::clone(&verified));
        Ok(verified)
    }

    /// The signature comes last: it costs a thousand times what the rest does, and most
    /// tokens that are refused are old.
    fn examine(&self, token: &[u8], now: Duration) -> Result<Verified, Failure> {
        let parts: Vec<&[u8]> = token.split(|&byte| byte == b'.').take(4).collect();
        let [header, payload, signature] = parts[..] else { return Err(Failure::Malformed) };
        let message = &token[..header.len() + 1 + payload.len()];
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Failure::Malformed)?;
        let keys = self.keys_for(&object(header)?)?;
        let verified = self.check_claims(&Claims(object(payload)?))?;
        self.in_time(&verified.times, now)?;
        if keys.iter().any(|key| key.verifies(message, &signature)) {
            Ok(verified)
        } else {
            Err(Failure::Signature)
        }
    }

    /// The keys that may have signed the token, at least one.
    fn keys_for(&self, header: &Map<String, Value>) -> Result<Vec<&Key>, Failure> {
        // RFC 7515 section 4.1.11: what is not understood must be refused, and nothing is.
        if header.contains_key("crit") {
            return Err(Failure::Critical);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
        let algorithm = algorithm
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or(Failure::Algorithm)?;
        let id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id),
            Some(_) => return Err(Failure::Malformed),
        };
        let fits =
            |key: &&Key| key.algorithm() == algorithm && (id.is_none() || key.id.as_ref() == id);
        let keys: Vec<&Key> = self.keys.iter().filter(fits).take(MOST_TRIED_KEYS).collect();
        if keys.is_empty() { Err(Failure::UnknownKey) } else { Ok(keys) }
    }

    fn check_claims(&self, claims: &Claims) -> Result<Verified, Failure> {
        let times = claims.times().ok_or(Failure::Malformed)?;
        if self.issuer.as_deref().is_some_and(|issuer| claims.text("iss") != Some(issuer)) {
            return Err(Failure::Issuer);
        }
        let audiences = &self.audiences;
        if !audiences.is_empty() && !audiences.iter().any(|audience| claims.has("aud", audience)) {
            return Err(Failure::Audience);
        }
        if self.require_exp && times.expires.is_none() {
            return Err(Failure::NoExpiry);
        }
        let mut headers = Vec::new();
        for (claim, header) in &self.claims_to_headers {
            let value = claims.header(claim).map_err(|claims::Unfit| Failure::UnfitClaim)?;
            headers.extend(value.map(|value| (header.clone(), value)));
        }
        let subject = claims.text("sub").filter(|subject| claims::fits_header(subject));
        Ok(Verified {
            times,
            subject: subject.map(str::to_owned),
            headers,
            permitted: self.allow.permits(claims),
        })
    }

    fn in_time(&self, times: &Times, now: Duration) -> Result<(), Failure> {
        let Times { expires, not_before, issued } = *times;
        let (now, leeway) = (now.as_secs_f64(), self.leeway.as_secs_f64());
        // RFC 7519 section 4.1.4: on or after the expiry is too late.
        if expires.is_some_and(|expires| now >= expires + leeway) {
            return Err(Failure::Expired);
        }
        if not_before.is_some_and(|start| now + leeway < start) {
            return Err(Failure::NotYetValid);
        }
        if issued.is_some_and(|issued| now + leeway < issued) {
            return Err(Failure::IssuedInFuture);
        }
        Ok(())
    }
}

impl Allow {
    fn permits(&self, claims: &Claims) -> bool {
        let Self { ids, claims: wanted } = self;
        let subject = claims.text("sub");
        (ids.is_empty() || ids.iter().any(|id| subject == Some(id)))
            && wanted
                .iter()
                .all(|(name, values)| values.iter().any(|value| claims.has(name, value)))
    }
}

fn object(part: &[u8]) -> Result<Map<String, Value>, Failure> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Failure::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| Failure::Malformed)
}

#[cfg(test)]
mod tests;
