//! A running gateway's admin API, asked by its author's program.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, SystemTime},
};

use anyhow::Context;
use serde_json::Value;

/// For everything but the log, which waits for lines.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long the gateway is asked to hold an answer back until there is a line.
const WAIT: u64 = 20;

/// Bytes of an answer: the status of a thousand plugins has a few hundred thousand.
const MOST: u64 = 16 << 20;

#[derive(Clone, Debug)]
pub(super) struct Gateway(SocketAddr);

/// What became of a module.
pub(super) enum Fate {
    /// It serves, under this name.
    Serves(String),
    Refused(String),
    /// The gateway has not looked at it yet, or does not know of it.
    Unknown,
}

impl Gateway {
    pub(super) fn at(address: SocketAddr) -> Self {
        Self(address)
    }

    /// What became of the module with this digest, which was put in its place after `since`.
    pub(super) fn fate(&self, digest: &str, since: SystemTime) -> anyhow::Result<Fate> {
        let status = self.get("/api/v1/status", TIMEOUT)?;
        let plugins = status["plugins"].as_array().into_iter().flatten();
        let mut serving = plugins.filter(|plugin| {
            plugin["digest"].as_str() == Some(digest) && plugin["state"] == "serving"
        });
        if let Some(name) = serving.find_map(|plugin| plugin["name"].as_str()) {
            return Ok(Fate::Serves(name.to_owned()));
        }
        let configuration = self.get("/api/v1/configuration", TIMEOUT)?;
        let rejected = &configuration["rejected"];
        let at = rejected["at"].as_str().and_then(|at| humantime::parse_rfc3339(at).ok());
        if at.is_some_and(|at| at >= since) {
            return Ok(Fate::Refused(problems(rejected)));
        }
        Ok(Fate::Unknown)
    }

    /// Lines of a plugin, as they are shown, after the one with this number; without a number none
    /// of those that were there before. And the number to ask after next time.
    pub(super) fn log(
        &self,
        plugin: &str,
        level: &str,
        after: Option<u64>,
    ) -> anyhow::Result<(Vec<String>, u64)> {
        let wait = if after.is_some() { WAIT } else { 0 };
        let number = after.unwrap_or(0);
        let target =
            format!("/api/v1/plugins/{plugin}/log?after={number}&level={level}&wait={wait}");
        let answer = self.get(&target, TIMEOUT + Duration::from_secs(WAIT))?;
        let next = answer["next"].as_u64().context("the gateway is too old to tell its log")?;
        let lines = answer["lines"].as_array().into_iter().flatten();
        let shown = lines.filter(|_| after.is_some()).map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            format!("{:5} {}", text("level"), text("text"))
        });
        Ok((shown.collect(), next))
    }

    fn get(&self, target: &str, timeout: Duration) -> anyhow::Result<Value> {
        let address = self.0;
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)
            .with_context(|| format!("{address} is not open"))?;
        stream.set_read_timeout(Some(timeout))?;
        write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer)?;
        let answer = String::from_utf8(answer).context("its answer is not text")?;
        let (head, body) = answer.split_once("\r\n\r\n").context("it does not speak HTTP")?;
        let status = head.lines().next().unwrap_or_default();
        anyhow::ensure!(status.starts_with("HTTP/1.1 200"), "{address} says: {status}");
        serde_json::from_str(body).context("its answer is not JSON")
    }
}

fn problems(rejected: &Value) -> String {
    let diagnostics = rejected["diagnostics"].as_array().into_iter().flatten();
    let messages = diagnostics.filter_map(|diagnostic| diagnostic["message"].as_str());
    messages.collect::<Vec<_>>().join("; ")
}
