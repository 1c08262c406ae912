//! A gateway as its own process, on ports that the system chose.

mod log;

use std::{net::SocketAddr, path::PathBuf, process::ExitStatus};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::Child;

pub use self::log::Log;
use crate::{
    client::Request,
    command::command,
    folder::Folder,
    wait::{eventually, within},
    wire::Response,
};

/// The token of every gateway's admin API here.
pub const TOKEN: &str = "a-token-for-tests";

/// The name of the configuration's file in the folder.
pub const FILE: &str = "configuration/portico.yaml";

/// A running gateway. It is killed when it is dropped.
#[derive(Debug)]
pub struct Gateway {
    /// The first listener's.
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub log: Log,
    pub folder: Folder,
    process: Child,
}

/// How a gateway is started.
#[derive(Debug)]
pub struct Setup {
    folder: Folder,
    config: PathBuf,
    arguments: Vec<String>,
}

impl Setup {
    /// With a configuration in one file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn file(text: &str) -> Result<Self> {
        let folder = Folder::new()?;
        let config = folder.write(FILE, text)?;
        Ok(Self { folder, config, arguments: Vec::new() })
    }

    /// With a configuration that is somewhere in this folder.
    pub fn folder(folder: Folder, config: &str) -> Self {
        let config = folder.path().join(config);
        Self { folder, config, arguments: Vec::new() }
    }

    /// Further arguments of `portico run`.
    #[must_use]
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Starts it, and waits until it serves.
    ///
    /// # Errors
    /// If it ends instead, with its log.
    pub async fn start(self) -> Result<Gateway> {
        let Self { folder, config, arguments } = self;
        std::fs::create_dir_all(folder.path().join("runtime"))?;
        let mut command = command(&folder)?;
        command.arg("run").arg("--config").arg(&config).args(["--admin", "127.0.0.1:0"]);
        command.arg("--show-generation").args(&arguments);
        command.env("PORTICO_ADMIN_TOKEN", TOKEN);
        let mut process = command.spawn()?;
        let banner = Log::follow(process.stdout.take().context("no standard output")?);
        let log = Log::follow(process.stderr.take().context("no standard error")?);
        let admin = eventually(async || {
            let line = banner.find("admin API");
            if line.is_none() && process.try_wait()?.is_some() {
                // Waiting any longer is of no use.
                return Ok(None);
            }
            line.context("no banner").map(Some)
        });
        let admin = admin.await?;
        let admin = admin.with_context(|| format!("it has ended:\n{}", log.text()))?;
        let port = admin.rsplit(':').next().context("no port in the banner")?.parse()?;
        let admin = SocketAddr::from(([127, 0, 0, 1], port));
        let mut gateway = Gateway { address: admin, admin, log, folder, process };
        gateway.address = gateway.listeners().await?.first().context("no listener")?.1;
        Ok(gateway)
    }
}

impl Gateway {
    /// Starts one with this configuration.
    ///
    /// # Errors
    /// If it does not come to serve.
    pub async fn start(text: &str) -> Result<Self> {
        Setup::file(text)?.start().await
    }

    /// Replaces the configuration's file as an editor does, and waits until it is served.
    ///
    /// # Errors
    /// If that does not happen in time.
    pub async fn edit(&self, text: &str) -> Result<u64> {
        let before = self.generation().await?;
        self.folder.replace(FILE, text)?;
        self.after(before).await
    }

    /// Waits for a generation after `before`, and says which it is.
    ///
    /// # Errors
    /// If none comes in time.
    pub async fn after(&self, before: u64) -> Result<u64> {
        eventually(async || {
            let now = self.generation().await?;
            ensure!(now > before, "generation {now} still runs");
            Ok(now)
        })
        .await
    }

    /// Applies a configuration over the admin API.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn put(&self, text: &str) -> Result<Response> {
        let request = Request::new("PUT", "/api/v1/configuration").body(text.as_bytes());
        self.authorized(request).await
    }

    /// Like [`Gateway::put`], for one that must be accepted. Says its generation.
    ///
    /// # Errors
    /// If it is refused, with the reason.
    pub async fn apply(&self, text: &str) -> Result<u64> {
        let answer = self.put(text).await?;
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
        let answer: Value = serde_json::from_slice(&answer.body)?;
        answer["generation"].as_u64().context("no generation")
    }

    /// Calls the admin API with the token.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn authorized(&self, request: Request) -> Result<Response> {
        request.header("authorization", &format!("Bearer {TOKEN}")).send(self.admin).await
    }

    /// Reads from the admin API.
    ///
    /// # Errors
    /// If there is no answer, or it is not JSON.
    pub async fn read(&self, target: &str) -> Result<Value> {
        let answer = Request::get(target).send(self.admin).await?;
        ensure!(answer.status == 200, "{target}: {} {}", answer.status, answer.text());
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// The number of the running generation.
    ///
    /// # Errors
    /// If the admin API does not answer.
    pub async fn generation(&self) -> Result<u64> {
        let status = self.read("/api/v1/status").await?;
        status["generation"].as_u64().context("no generation runs")
    }

    /// What was refused last, if nothing was accepted since; otherwise null.
    ///
    /// # Errors
    /// If the admin API does not answer.
    pub async fn rejected(&self) -> Result<Value> {
        Ok(self.read("/api/v1/configuration").await?["rejected"].take())
    }

    /// Waits until something is refused, and says what.
    ///
    /// # Errors
    /// If nothing is in time.
    pub async fn rejects(&self) -> Result<Value> {
        eventually(async || {
            let rejected = self.rejected().await?;
            ensure!(!rejected.is_null(), "nothing is rejected");
            Ok(rejected)
        })
        .await
    }

    /// Names and real addresses of all listeners.
    ///
    /// # Errors
    /// If the admin API does not answer.
    pub async fn listeners(&self) -> Result<Vec<(String, SocketAddr)>> {
        let status = self.read("/api/v1/status").await?;
        let listeners = status["listeners"].as_array().context("no listeners")?;
        let listeners = listeners.iter().map(|listener| {
            let name = listener["name"].as_str().context("no name")?.to_owned();
            Ok((name, listener["address"].as_str().context("no address")?.parse()?))
        });
        listeners.collect()
    }

    /// The address of a listener.
    ///
    /// # Errors
    /// If there is none with this name.
    pub async fn listener(&self, name: &str) -> Result<SocketAddr> {
        let all = self.listeners().await?;
        let found = all.iter().find(|(own, _)| own == name);
        found.map(|(_, address)| *address).with_context(|| format!("no listener `{name}`"))
    }

    /// Sends the process a signal.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(self.pid()?, signal)?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If it does not end in time.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        within("the gateway's end", async { Ok(self.process.wait().await?) }).await
    }

    /// Resident memory in KiB.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn memory(&self) -> Result<u64> {
        let status = format!("/proc/{}/status", self.pid()?.as_raw_nonzero());
        let status = std::fs::read_to_string(status)?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).context("no number")?.parse()?)
    }

    fn pid(&self) -> Result<Pid> {
        let pid = self.process.id().context("the gateway has ended")?;
        Pid::from_raw(i32::try_from(pid)?).context("no process")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Shown only if the test fails.
        self.log.show();
        let _ended_already = self.process.start_kill();
    }
}
