//! Modules that are files on web servers.

use reqwest::{
    Method, StatusCode, Url,
    header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH},
};

use super::{Fetcher, memory::Memory, module};
use crate::{
    cache::Kind,
    digest::Digest,
    error::FetchError,
    registry::login,
    request::{Access, Fetched, Request, SignaturePolicy},
    transport::{Answer, Ask, is_loopback, place},
};

impl Fetcher {
    pub(super) async fn web(
        &self,
        request: &Request,
        url: &str,
        pinned: Option<Digest>,
    ) -> Result<Fetched, FetchError> {
        let url = address(request, url, pinned)?;
        let at = place(&url);
        if let Some(digest) = pinned
            && let Some(fetched) = self.web_cached(digest, request, None).await
        {
            return Ok(fetched);
        }
        let memory = match pinned {
            Some(_) => Memory::default(),
            None => self.remembered(url.as_str()).await.unwrap_or_default(),
        };
        let known = match memory.digest() {
            Some(digest) => self.web_cached(digest, request, None).await,
            None => None,
        };
        let etag = known.as_ref().and(memory.etag.as_deref());
        let answer = self.download(request, &url, etag).await;
        let answer = match (answer, known) {
            (Ok(answer), Some(known)) if answer.status == StatusCode::NOT_MODIFIED => {
                return Ok(known);
            }
            (Err(error), Some(known)) if error.is_temporary() => {
                return Ok(Fetched { unconfirmed: Some(error.to_string()), ..known });
            }
            (answer, _) => answer?,
        };
        let found = answer.digest();
        if let Some(expected) = pinned.filter(|pinned| *pinned != found) {
            return Err(FetchError::OtherContent { at, expected, found });
        }
        module(at, &answer.body)?;
        self.keep(found, Kind::Content, &answer.body).await;
        if pinned.is_none() {
            let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
            self.remember(url.as_str(), &Memory::new(found, etag)).await;
        }
        let (wasm, wasm_digest) = (answer.body, found);
        Ok(Fetched {
            wasm,
            wasm_digest,
            resolved: found,
            signature: None,
            from_cache: false,
            unconfirmed: None,
        })
    }

    async fn web_cached(
        &self,
        digest: Digest,
        request: &Request,
        unconfirmed: Option<String>,
    ) -> Option<Fetched> {
        let wasm = self.cached(digest, request.max_bytes).await?;
        module(String::new(), &wasm).ok()?;
        Some(Fetched {
            wasm,
            wasm_digest: digest,
            resolved: digest,
            signature: None,
            from_cache: true,
            unconfirmed,
        })
    }

    /// The whole file, or status 304 if it still has this mark.
    async fn download(
        &self,
        request: &Request,
        url: &Url,
        etag: Option<&str>,
    ) -> Result<Answer, FetchError> {
        let transport = self.transport(request, is_loopback(url)).await?;
        let at = place(url);
        let authorization = authorization(&request.access, &at)?;
        let mark = etag.and_then(|etag| HeaderValue::from_str(etag).ok());
        let headers = HeaderMap::from_iter(mark.map(|mark| (IF_NONE_MATCH, mark)));
        let ask = Ask {
            method: Method::GET,
            url: url.clone(),
            headers,
            authorization: authorization.as_ref(),
            limit: request.max_bytes,
        };
        let answer = transport.ask(ask).await?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            StatusCode::NOT_MODIFIED if etag.is_some() => Ok(answer),
            _ => Err(answer.complaint(at, authorization.is_some())),
        }
    }
}

fn authorization(access: &Access, at: &str) -> Result<Option<HeaderValue>, FetchError> {
    match &access.token {
        Some(token) => login::bearer(token.reveal(), at).map(Some),
        None => login::basic(access, at),
    }
}

/// The address, if fetching from it can be safe.
fn address(request: &Request, text: &str, pinned: Option<Digest>) -> Result<Url, FetchError> {
    let url = Url::parse(text)
        .map_err(|error| FetchError::unusable(request.source.name(), error.to_string()))?;
    let refuse = |why: &str| Err(FetchError::unusable(place(&url), why));
    let Access { username, token, insecure, .. } = &request.access;
    match url.scheme() {
        "https" => {}
        "http" if pinned.is_none() => {
            return refuse("anyone on the way can change what comes over `http:`: give its digest");
        }
        "http" if !insecure && (username.is_some() || token.is_some()) => {
            return refuse("credentials are not sent over `http:` (unless `insecure` is set)");
        }
        "http" => {}
        _ => return refuse("only `https:` and `http:` are fetched"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("credentials do not belong into an address: logs and status show it");
    }
    if request.signature != SignaturePolicy::Off {
        return refuse("only images in registries can be signed: pin its digest instead");
    }
    Ok(url)
}
