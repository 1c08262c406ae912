//! Who may do what over the admin API, what browsers are told, and what is written of it.

mod audit;
mod pages;
mod roles;
mod session;
mod tls;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Folder, Request, Response, answering,
    command::command,
    eventually,
    gateway::{FILE, Log, TOKEN},
};
use serde_json::Value;
use tokio::process::Child;

/// What a viewer shows in these tests.
const VIEWER: &str = "a-viewer-in-tests";

/// A gateway whose admin API need not answer everybody. It is killed when it is dropped.
struct Guarded {
    admin: SocketAddr,
    banner: Log,
    log: Log,
    folder: Folder,
    process: Child,
}

impl Guarded {
    /// With these arguments of `portico run`, and these variables.
    async fn start(folder: Folder, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let config = folder.write(FILE, &answering("hello"))?;
        std::fs::create_dir_all(folder.path().join("runtime"))?;
        let mut command = command(&folder)?;
        command.arg("run").arg("--config").arg(&config).args(arguments);
        command.envs(variables.iter().copied());
        let mut process = command.spawn()?;
        let banner = Log::follow(process.stdout.take().context("no standard output")?);
        let log = Log::follow(process.stderr.take().context("no standard error")?);
        let said = eventually(async || {
            let line = banner.find("admin API");
            ensure!(line.is_some() || process.try_wait()?.is_some(), "no banner");
            Ok(line)
        });
        let said = said.await?.with_context(|| format!("it has ended:\n{}", log.text()))?;
        let port = said.rsplit(':').next().context("no port in the banner")?.parse()?;
        let admin = SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Self { admin, banner, log, folder, process })
    }

    /// On a loopback address, with both tokens.
    async fn local(arguments: &[&str]) -> Result<Self> {
        let arguments = [&["--admin", "127.0.0.1:0"], arguments].concat();
        let tokens = [("PORTICO_ADMIN_TOKEN", TOKEN), ("PORTICO_VIEWER_TOKEN", VIEWER)];
        Self::start(Folder::new()?, &arguments, &tokens).await
    }

    async fn ask(&self, request: Request) -> Result<Response> {
        request.send(self.admin).await
    }

    /// Like a page of the console does.
    async fn post(&self, target: &str, body: &str, session: Option<&Session>) -> Result<Response> {
        let host = self.admin.to_string();
        let mut request = Request::new("POST", target)
            .host(&host)
            .header("origin", &format!("http://{host}"))
            .header("sec-fetch-site", "same-origin")
            .body(body.as_bytes());
        if let Some(session) = session {
            request = session.put_into(request);
        }
        self.ask(request).await
    }

    async fn sign_in(&self, body: &str) -> Result<Session> {
        Session::of(&self.post("/api/v1/session", body, None).await?)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Shown only if the test fails.
        self.log.show();
        let _ended_already = self.process.start_kill();
    }
}

/// What a browser keeps.
struct Session {
    cookie: String,
    attributes: String,
    csrf: String,
    told: Value,
}

impl Session {
    fn of(answer: &Response) -> Result<Self> {
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
        let told: Value = serde_json::from_slice(&answer.body)?;
        let set = answer.header("set-cookie").context("no cookie")?;
        let (cookie, attributes) = set.split_once("; ").context("no attributes")?;
        let csrf = told["csrf"].as_str().context("no csrf")?.to_owned();
        Ok(Self { cookie: cookie.to_owned(), attributes: attributes.to_owned(), csrf, told })
    }

    fn put_into(&self, request: Request) -> Request {
        request.header("cookie", &self.cookie).header("x-portico-csrf", &self.csrf)
    }
}

/// The sentence of a refusal with this status.
fn refused(answer: &Response, status: u16) -> Result<String> {
    ensure!(answer.status == status, "{}: {}", answer.status, answer.text());
    let body: Value = serde_json::from_slice(&answer.body)?;
    Ok(body["error"].as_str().context("no sentence")?.to_owned())
}

fn bearer(request: Request, token: &str) -> Request {
    request.header("authorization", &format!("Bearer {token}"))
}
