//! Where plugins come from that are not on this machine: web servers and OCI registries.
//!
//! A [`Fetcher`] turns a [`Request`] into bytes that are what they claim to be: their digest is
//! checked, their size is limited, and, if the request demands it, a key of the operator has
//! signed them. It knows nothing of pingora, wasmtime and configuration files, and decides nothing
//! about retries: [`FetchError::is_temporary`] and [`Backoff`] are for whoever does.
//!
//! Servers are not trusted: every answer has a size, a depth and a time that it may take.

mod archive;
mod backoff;
mod cache;
mod digest;
mod error;
mod fetcher;
mod manifest;
mod reference;
mod registry;
mod request;
mod secret;
mod signature;
mod transport;

pub use self::{
    backoff::Backoff,
    digest::{Digest, NotADigest},
    error::FetchError,
    fetcher::Fetcher,
    reference::{Reference, ReferenceError},
    request::{Access, Fetched, Request, SignaturePolicy, Source},
    secret::Secret,
    signature::{KeyError, KeyId, PublicKey, Why},
    transport::Timeouts,
};
