//! Starts the fleet on free ports, and a stand-in for the gateway that answers as told and
//! remembers what it was asked.

#![expect(clippy::unwrap_used, reason = "a step that fails here is a test that failed")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// Far more than any step takes on a busy machine; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Fleet {
    child: Child,
    addresses: HashMap<String, SocketAddr>,
}

impl Fleet {
    /// All four services, calling one another through `gateway`.
    pub(crate) fn start(gateway: &Gateway, flags: &[&str]) -> Self {
        let gateway = format!("http://{}", gateway.address);
        let all = ["--ports-from", "0", "--gateway", &gateway];
        Self::spawn(&[all.as_slice(), flags].concat(), 4)
    }

    pub(crate) fn start_one(service: &str, flags: &[&str]) -> Self {
        Self::spawn(&[&[service], flags].concat(), 1)
    }

    fn spawn(arguments: &[&str], services: usize) -> Self {
        let mut child = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(services);
        let addresses: HashMap<_, _> = lines
            .map(|line| {
                let line = line.unwrap();
                let (service, address) = line.split_once('=').unwrap();
                (service.to_owned(), address.parse().unwrap())
            })
            .collect();
        let fleet = Self { child, addresses };
        assert_eq!(fleet.addresses.len(), services, "the fleet did not start");
        fleet
    }

    pub(crate) fn address(&self, service: &str) -> SocketAddr {
        self.addresses[service]
    }

    /// A request whose answer nobody reads; dropping it hangs up.
    pub(crate) fn ask(&self, service: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address(service)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: fleet\r\n\r\n").unwrap();
        stream
    }

    /// A request that is answered whenever the service likes.
    pub(crate) fn call(&self, service: &str, path: &'static str) -> JoinHandle<Answer> {
        let address = self.address(service);
        spawn(move || get(address, path, &[]))
    }

    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs the fleet with arguments it refuses: how it ended, and what it said.
pub(crate) fn refused(arguments: &[&str]) -> (ExitStatus, String) {
    let output = command(arguments).output().unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.args(arguments);
    command
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, headers: lines.map(field).collect(), body: body.to_owned() }
}

/// How the stand-in answers a call.
pub(crate) enum Reply {
    /// A body that never ends.
    Endless,
    /// Closes the connection without a word.
    HangUp,
    Json(&'static str),
    /// Never answers, and holds the connection.
    Silence,
    Status(u16),
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// The stand-in for the gateway. Its threads end with the test process.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    calls: Receiver<Call>,
    hang_ups: Receiver<()>,
}

impl Gateway {
    pub(crate) fn new(reply: fn(&str) -> Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, calls) = channel();
        let (ended, hang_ups) = channel();
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, ended) = (sender.clone(), ended.clone());
                spawn(move || {
                    answer(stream, reply, &sender);
                    // As below: the test may have ended.
                    let _noted = ended.send(());
                });
            }
        });
        Self { address, calls, hang_ups }
    }

    pub(crate) fn last_call(&self) -> Call {
        let mut last = self.calls.recv_timeout(PATIENCE).unwrap();
        while let Ok(call) = self.calls.try_recv() {
            last = call;
        }
        last
    }

    pub(crate) fn await_calls(&self, count: usize) {
        for _ in 0..count {
            self.calls.recv_timeout(PATIENCE).unwrap();
        }
    }

    /// Waits until `count` connections have ended.
    pub(crate) fn await_hang_ups(&self, count: usize) {
        for _ in 0..count {
            self.hang_ups.recv_timeout(PATIENCE).unwrap();
        }
    }
}

/// One call per connection; a peer that leaves while it is answered is none of our business.
fn answer(mut stream: TcpStream, reply: fn(&str) -> Reply, calls: &Sender<Call>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers = lines.take_while(|line| !line.is_empty()).map(|line| field(&line)).collect();
    let reply = reply(&path);
    // The test may have ended, and its end of the channel with it.
    let _noted = calls.send(Call { path, headers });
    let head = |status: u16, rest: &str| {
        format!("HTTP/1.1 {status} -\r\nconnection: close\r\n{rest}\r\n").into_bytes()
    };
    let _written = match reply {
        Reply::HangUp => Ok(()),
        Reply::Json(body) => stream
            .write_all(&head(200, "content-type: application/json\r\n"))
            .and_then(|()| stream.write_all(body.as_bytes())),
        Reply::Silence => stream.read(&mut [0]).map(drop),
        Reply::Status(status) => stream.write_all(&head(status, "content-length: 0\r\n")),
        Reply::Endless => stream.write_all(&head(200, "")).and_then(|()| {
            loop {
                stream.write_all(&[b' '; 4096])?;
            }
        }),
    };
}

fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    (name.to_ascii_lowercase(), value.trim().to_owned())
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
}
