//! One repository of an OCI registry, read by the distribution specification.

mod challenge;
mod cosign;
pub(crate) mod login;

use bytes::Bytes;
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, HeaderMap, HeaderValue},
};

use crate::{
    digest::Digest,
    error::FetchError,
    manifest::{self, Descriptor, MANIFEST_BYTES},
    reference::Reference,
    request::Access,
    transport::{Answer, Ask, Transport, is_loopback},
};

/// A conversation with a registry about one repository.
pub(crate) struct Registry<'a> {
    transport: Transport,
    access: &'a Access,
    /// `https://host/v2/repository/`
    base: Url,
    repository: &'a str,
    /// What messages call it.
    name: String,
    authorization: Option<HeaderValue>,
}

/// The address under which a registry answers for a repository.
pub(crate) fn base(reference: &Reference, insecure: bool) -> Result<Url, FetchError> {
    let scheme = if insecure { "http" } else { "https" };
    let text = format!("{scheme}://{}/v2/{}/", reference.host(), reference.repository());
    Url::parse(&text)
        .map_err(|error| FetchError::unusable(reference.to_string(), error.to_string()))
}

impl<'a> Registry<'a> {
    pub(crate) fn new(
        transport: Transport,
        base: Url,
        reference: &'a Reference,
        access: &'a Access,
    ) -> Result<Self, FetchError> {
        let authorization = match &access.token {
            Some(token) => Some(login::bearer(token.reveal(), &reference.to_string())?),
            None => None,
        };
        let (repository, name) = (reference.repository(), reference.to_string());
        Ok(Self { transport, access, base, repository, name, authorization })
    }

    /// What a tag stands for now, if the registry says so without sending it.
    pub(crate) async fn tag(&mut self, tag: &str) -> Result<Option<Digest>, FetchError> {
        let url = self.url("manifests", tag)?;
        let answer = self.ask(Method::HEAD, url, manifest::ACCEPT, 0).await?;
        match answer.status {
            StatusCode::OK => {
                let digest = answer.headers.get("docker-content-digest");
                Ok(digest.and_then(|digest| digest.to_str().ok()?.parse().ok()))
            }
            // Some registries know only GET.
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ok(None),
            _ => Err(self.complaint(&answer, self.name.clone())),
        }
    }

    /// A manifest or index, by its digest or by a tag.
    pub(crate) async fn manifest(&mut self, digest: Digest) -> Result<Bytes, FetchError> {
        let (found, manifest) = self.tagged(&digest.to_string()).await?;
        self.expect(self.name.clone(), digest, found)?;
        Ok(manifest)
    }

    /// What a tag stands for now, and its digest.
    pub(crate) async fn tagged(&mut self, tag: &str) -> Result<(Digest, Bytes), FetchError> {
        let url = self.url("manifests", tag)?;
        let answer = self.ask(Method::GET, url, manifest::ACCEPT, MANIFEST_BYTES).await?;
        match answer.status {
            StatusCode::OK => Ok((answer.digest(), answer.body)),
            _ => Err(self.complaint(&answer, self.name.clone())),
        }
    }

    /// A layer, no larger than `limit` bytes.
    pub(crate) async fn blob(
        &mut self,
        of: &Descriptor,
        limit: usize,
    ) -> Result<Bytes, FetchError> {
        let at = format!("{}, layer {}", self.name, of.digest);
        if of.size > limit {
            return Err(FetchError::TooLarge { at, limit });
        }
        let url = self.url("blobs", &of.digest.to_string())?;
        // One byte more, so that one that is too long is known by its digest.
        let answer = self.ask(Method::GET, url, "*/*", of.size.saturating_add(1)).await?;
        if answer.status != StatusCode::OK {
            return Err(self.complaint(&answer, at));
        }
        self.expect(at, of.digest, answer.digest())?;
        Ok(answer.body)
    }

    fn expect(&self, at: String, expected: Digest, found: Digest) -> Result<(), FetchError> {
        match expected == found {
            true => Ok(()),
            false => Err(FetchError::OtherContent { at, expected, found }),
        }
    }

    /// Asks, and logs in if the registry wants it.
    async fn ask(
        &mut self,
        method: Method,
        url: Url,
        accept: &'static str,
        limit: usize,
    ) -> Result<Answer, FetchError> {
        let answer = self.ask_once(&method, &url, accept, limit).await?;
        // A token of the operator's own is all there is; nothing better would come of asking.
        if answer.status != StatusCode::UNAUTHORIZED || self.access.token.is_some() {
            return Ok(answer);
        }
        match self.log_in(&answer.headers).await? {
            Some(authorization) => self.authorization = Some(authorization),
            None => return Ok(answer),
        }
        self.ask_once(&method, &url, accept, limit).await
    }

    async fn ask_once(
        &self,
        method: &Method,
        url: &Url,
        accept: &'static str,
        limit: usize,
    ) -> Result<Answer, FetchError> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        let (method, url) = (method.clone(), url.clone());
        let authorization = self.authorization.as_ref();
        self.transport.ask(Ask { method, url, headers, authorization, limit }).await
    }

    fn url(&self, kind: &str, what: &str) -> Result<Url, FetchError> {
        let joined =
            self.base.join(&format!("{kind}/")).and_then(|base| base.join(&format!("./{what}")));
        joined.map_err(|error| FetchError::unusable(&self.name, error.to_string()))
    }

    fn complaint(&self, answer: &Answer, at: String) -> FetchError {
        let Access { username, token, .. } = self.access;
        answer.complaint(at, username.is_some() || token.is_some())
    }

    pub(crate) fn is_local(base: &Url) -> bool {
        is_loopback(base)
    }
}
