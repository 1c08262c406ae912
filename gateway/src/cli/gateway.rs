//! The running gateway that a command asks, over its admin API.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{plain::plain, serve};

/// Where it is.
#[derive(ClapArgs, Clone, Debug)]
pub(super) struct Where {
    /// Where the gateway's admin API is
    #[arg(long, default_value = serve::ADMIN, value_name = "ADDRESS")]
    admin: SocketAddr,
    /// A file with the admin token. Also taken from PORTICO_ADMIN_TOKEN, or from the file that the
    /// gateway made at its start
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
}

/// Whether a call shows more than anybody on this machine may see.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Needs {
    Nothing,
    Token,
}

/// Reaching an address on this machine takes no time; a gateway far away a little.
const CONNECT: Duration = Duration::from_secs(5);

/// An answer that takes longer has been forgotten. A tap says something every 15 s.
const SILENCE: Duration = Duration::from_secs(60);

/// The head of an answer.
const HEAD: u64 = 64 << 10;

/// An answer: a trace has some MiB at worst, a list of a thousand requests one.
const ANSWER: u64 = 256 << 20;

/// The beginning of an answer; its body is still to be read.
pub(super) struct Answer {
    status: u16,
    pub(super) body: BufReader<TcpStream>,
}

impl Where {
    /// Reads an answer that is JSON.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> anyhow::Result<T> {
        let answer = self.ask(path, parameters, Needs::Nothing)?;
        understood(&text(answer.body)?)
    }

    /// Asks, and sees to it that the answer is what was asked for.
    pub(super) fn ask(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        needs: Needs,
    ) -> anyhow::Result<Answer> {
        self.send("GET", path, parameters, needs, None)?.expected()
    }

    /// Wants something changed, and reads an answer that is JSON.
    pub(super) fn change<T: DeserializeOwned>(
        &self,
        path: &str,
        change: &Value,
    ) -> anyhow::Result<T> {
        let body = Some(change.to_string());
        let answer = self.send("POST", path, &[], Needs::Token, body)?.expected()?;
        understood(&text(answer.body)?)
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        parameters: &[(&str, &str)],
        needs: Needs,
        body: Option<String>,
    ) -> anyhow::Result<Answer> {
        let admin = self.admin;
        let stream = TcpStream::connect_timeout(&admin, CONNECT);
        let mut stream = stream.with_context(|| {
            format!(
                "no gateway answers at {admin}: start one with `portico run`, or say where its \
                 admin API is with `--admin`"
            )
        })?;
        stream.set_read_timeout(Some(SILENCE))?;
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let authorization = match self.token(needs)? {
            Some(token) => format!("authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        // In HTTP/1.0 an answer ends with its connection, and comes in no chunks.
        let body = body.unwrap_or_default();
        let framing = match body.len() {
            0 => String::new(),
            length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        };
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let head = format!(
            "{method} {target} HTTP/1.0\r\nhost: {admin}\r\naccept: application/json\r\n\
             {authorization}{framing}\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        Answer::begin(stream).with_context(|| format!("what answers at {admin} is no gateway"))
    }

    /// One that was given is always sent; the one that a gateway has left on this machine only
    /// where it is needed.
    fn token(&self, needs: Needs) -> anyhow::Result<Option<String>> {
        let given = match &self.admin_token_file {
            Some(file) => Some(
                std::fs::read_to_string(file)
                    .with_context(|| format!("the token in `{}` cannot be read", file.display()))?,
            ),
            None => std::env::var("PORTICO_ADMIN_TOKEN").ok(),
        };
        let found = || match needs {
            Needs::Nothing => None,
            Needs::Token => {
                let name = format!("admin-token-{}", self.admin.port());
                std::fs::read_to_string(serve::state()?.join(name)).ok()
            }
        };
        let token = given.or_else(found).map(|token| token.trim().to_owned());
        let token = token.filter(|token| !token.is_empty());
        if token.iter().any(|token| token.bytes().any(|byte| !byte.is_ascii_graphic())) {
            bail!("the admin token has characters that no header may have");
        }
        Ok(token)
    }
}

impl Answer {
    fn begin(stream: TcpStream) -> anyhow::Result<Self> {
        let mut body = BufReader::new(stream);
        let mut head = (&mut body).take(HEAD);
        let mut line = String::new();
        head.read_line(&mut line)?;
        let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let status = status.context("it does not speak HTTP")?;
        while line.trim_end() != "" {
            line.clear();
            if head.read_line(&mut line)? == 0 {
                bail!("its answer is cut short");
            }
        }
        Ok(Self { status, body })
    }

    /// The answer, or the error that it is.
    fn expected(self) -> anyhow::Result<Self> {
        if self.status == 200 {
            return Ok(self);
        }
        let (status, text) = (self.status, text(self.body)?);
        let error = serde_json::from_str::<Value>(&text).unwrap_or_default();
        let said = error["error"].as_str().unwrap_or_else(|| text.trim());
        match said {
            "" => bail!("the gateway answers {status}"),
            said => bail!("{}{}", plain(said), problems(&error)),
        }
    }
}

/// What is wrong with a configuration, a line each.
fn problems(error: &Value) -> String {
    /// More is no help in a terminal.
    const SHOWN: usize = 20;
    let problems = error["diagnostics"].as_array().map_or(&[][..], Vec::as_slice);
    let line = |problem: &Value| {
        let text = |name: &str| plain(problem[name].as_str().unwrap_or_default());
        format!("\n{}:{}: {}", text("source"), problem["line"], text("message"))
    };
    problems.iter().take(SHOWN).map(line).collect()
}

fn understood<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    serde_json::from_str(text)
        .context("the gateway's answer is not understood; is it of another version?")
}

fn text(body: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    match body.take(ANSWER).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == ErrorKind::WouldBlock => bail!("the gateway does not answer"),
        Err(error) => Err(error).context("the gateway's answer cannot be read"),
    }
}
