//! Fetching from servers that are right, wrong, slow and hostile, through real sockets.

mod images;
mod oci;
mod real;
mod registry;
mod server;
mod signed;
mod web;

use portico_fetch::{
    Access, FetchError, Fetched, Fetcher, Request, Secret, SignaturePolicy, Source,
};

/// A module: what every one begins with, and a text to tell them apart.
fn wasm(text: &str) -> Vec<u8> {
    [b"\0asm\x01\0\0\0", text.as_bytes()].concat()
}

const PASSWORD: &str = "correct-horse";
const TOKEN: &str = "battery-staple";
/// Of modules in these tests.
const MAX_BYTES: usize = 64 << 10;

fn request(source: Source) -> Request {
    let access = Access::default();
    Request { source, access, signature: SignaturePolicy::Off, max_bytes: MAX_BYTES }
}

fn with_password(mut request: Request) -> Request {
    request.access.username = Some("gateway".to_owned());
    request.access.password = Some(Secret::new(PASSWORD));
    request
}

fn with_token(mut request: Request) -> Request {
    request.access.token = Some(Secret::new(TOKEN));
    request
}

/// What must fail, and without showing a secret.
async fn failure(fetcher: &Fetcher, request: &Request) -> FetchError {
    let error = match fetcher.fetch(request).await {
        Err(error) => error,
        Ok(fetched) => panic!("{request:?} was fetched: {fetched:?}"),
    };
    let shown = format!("{error} {error:?} {request:?}");
    for secret in [PASSWORD, TOKEN, "Z2F0ZXdheTpjb3JyZWN0"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    error
}

async fn success(fetcher: &Fetcher, request: &Request) -> Fetched {
    match fetcher.fetch(request).await {
        Ok(fetched) => fetched,
        Err(error) => panic!("{request:?} was not fetched: {error}"),
    }
}
