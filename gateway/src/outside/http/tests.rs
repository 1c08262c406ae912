//! Calls against peers on loopback that answer from a script. What is expected was recorded with
//! Envoy 1.40: the same call from a filter, the same bytes from its upstream.

use std::{net::SocketAddr, sync::Arc};

use portico_config::config::{self, EndpointAddress};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::*;
use crate::{
    backend::{Name, Service},
    outside::targets::Targets,
};

/// What a peer does with a connection, for one request after the other.
#[derive(Clone, Copy)]
enum Act {
    /// Answers, and waits for the next request.
    Say(&'static [u8]),
    /// Answers byte by byte and waits.
    Trickle(&'static [u8]),
    /// Sends this for ever.
    Flood(&'static [u8], &'static [u8]),
    /// Answers and closes.
    Close(&'static [u8]),
    /// Closes with a reset.
    Reset,
    /// Never answers.
    Stall(&'static [u8]),
}

const OK: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: a=1\r\nX-One: 1\r\nSet-Cookie: b=2\r\n\
    Content-Length: 5\r\nX-TWO:  2 \r\n\r\nhello";

struct Peer {
    address: SocketAddr,
    /// Each request as it came.
    requests: mpsc::UnboundedReceiver<String>,
}

impl Peer {
    /// Each connection plays the script from `acts[connection]` on, the last one again and again.
    async fn start(acts: &'static [&'static [Act]]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let script = acts[connection.min(acts.len() - 1)];
                tokio::spawn(play(stream, script, sender.clone()));
            }
        });
        Self { address, requests }
    }

    fn upstream(&self) -> Upstream {
        upstream(&[self.address])
    }
}

fn upstream(addresses: &[SocketAddr]) -> Upstream {
    let endpoint = |address: &SocketAddr| config::Endpoint {
        address: EndpointAddress::Ip(*address),
        weight: 1,
        suspended: None,
    };
    let service = config::Service {
        name: "up".into(),
        endpoints: addresses.iter().map(endpoint).collect(),
        connect_timeout: Duration::from_secs(2),
        suspended: None,
    };
    let service = Arc::new(Service::new(&service, Name::new, None));
    Targets::new([service]).find("plugin", "up").unwrap()
}

async fn play(
    mut stream: TcpStream,
    script: &'static [Act],
    requests: mpsc::UnboundedSender<String>,
) {
    for act in script {
        let Some(request) = read(&mut stream).await else { return };
        let _ended = requests.send(request);
        let _gone = match act {
            Act::Say(bytes) => stream.write_all(bytes).await,
            Act::Trickle(bytes) => {
                for byte in *bytes {
                    let _gone = stream.write_all(&[*byte]).await;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Act::Flood(first, bytes) => {
                let _gone = stream.write_all(first).await;
                while stream.write_all(bytes).await.is_ok() {}
                return;
            }
            Act::Close(bytes) => {
                let _gone = stream.write_all(bytes).await;
                return;
            }
            Act::Reset => {
                let _closes_at_once = stream.set_zero_linger();
                return;
            }
            Act::Stall(bytes) => {
                let _gone = stream.write_all(bytes).await;
                // Until the gateway gives up.
                while read(&mut stream).await.is_some() {}
                return;
            }
        };
    }
    while read(&mut stream).await.is_some() {}
}

/// One request with its body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(text);
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

fn call(method: &str, headers: &[(&str, &str)], body: &str) -> HttpCall {
    let mut all = vec![(":method", method), (":path", "/p"), (":authority", "example.com")];
    all.extend(headers);
    let pairs = all.iter().map(|(name, value)| {
        (Bytes::copy_from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
    });
    HttpCall {
        upstream: "up".into(),
        headers: pairs.collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        trailers: Vec::new(),
        timeout: Duration::from_secs(1),
    }
}

fn request(call: HttpCall) -> Request {
    Request::new(call, 1 << 20).unwrap()
}

/// `200 name=value … | body`
fn show(response: &HttpCallResponse) -> String {
    let pairs = response.headers.iter().map(|(name, value)| {
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        match &*name {
            ":status" => value.into_owned(),
            // A time is not the same twice.
            "x-envoy-upstream-service-time" => "service-time".to_owned(),
            _ => format!("{name}={value}"),
        }
    });
    let body = String::from_utf8_lossy(&response.body);
    format!("{} | {body}", pairs.collect::<Vec<_>>().join(" "))
}

fn show_ending(ending: &Ending) -> String {
    match ending {
        Ending::Answered(response) => show(response),
        Ending::Failed(None) => "failed".to_owned(),
        Ending::Failed(Some(response)) => format!("failed: {}", show(response)),
        Ending::TimedOut(None) => "timed out".to_owned(),
        Ending::TimedOut(Some(response)) => format!("timed out: {}", show(response)),
    }
}

const OK_SHOWN: &str = "200 server=x set-cookie=a=1 x-one=1 set-cookie=b=2 content-length=5 \
    x-two=2 service-time | hello";

#[tokio::test]
async fn heads_on_the_wire_are_envoys() {
    let mut peer = Peer::start(&[&[Act::Say(OK); 32]]).await;
    let dialer = Dialer::new(Arc::default());
    let ours = "x-envoy-internal: true\r\nx-envoy-expected-rq-timeout-ms: 1000\r\n";
    for (method, headers, body, expected) in [
        ("GET", &[][..], "", format!("{ours}\r\n")),
        ("GET", &[], "x", format!("content-length: 1\r\n{ours}\r\nx")),
        ("POST", &[], "", format!("{ours}content-length: 0\r\n\r\n")),
        ("DELETE", &[], "", format!("{ours}\r\n")),
        ("get", &[], "", format!("{ours}content-length: 0\r\n\r\n")),
        (
            "POST",
            &[("x-custom", "A"), ("content-type", "t"), ("user-agent", "me")],
            "hi there",
            format!(
                "x-custom: A\r\ncontent-type: t\r\nuser-agent: me\r\ncontent-length: 8\r\n{ours}\r\n\
                 hi there"
            ),
        ),
        (
            "DELETE",
            &[("content-length", "1"), ("x", "")],
            "abc",
            format!("content-length: 3\r\nx: \r\n{ours}\r\nabc"),
        ),
        // Envoy has one slot for some headers.
        (
            "GET",
            &[("accept", "a"), ("x", "1"), ("accept", "b"), ("x", "2"), ("accept", "")],
            "",
            format!("accept: a,b\r\nx: 1\r\nx: 2\r\n{ours}\r\n"),
        ),
        // Framing is not the guest's.
        (
            "GET",
            &[("transfer-encoding", "chunked"), ("content-length", "9")],
            "",
            format!("{ours}\r\n"),
        ),
        (
            "GET",
            &[("te", "trailers"), ("cookie", "a"), ("cookie", "b"), ("x-envoy-internal", "false")],
            "",
            "te: trailers\r\ncookie: a\r\ncookie: b\r\nx-envoy-internal: true\r\n\
             x-envoy-expected-rq-timeout-ms: 1000\r\n\r\n"
                .to_owned(),
        ),
        (
            "GET",
            &[("x-envoy-upstream-rq-timeout-ms", "700"), ("x-envoy-retry-on", "5xx")],
            "",
            "x-envoy-internal: true\r\nx-envoy-expected-rq-timeout-ms: 700\r\n\r\n".to_owned(),
        ),
    ] {
        let request = request(call(method, headers, body));
        let ending = perform(&dialer, &peer.upstream(), request).await;
        assert_eq!(show_ending(&ending), OK_SHOWN);
        let expected = format!("{method} /p HTTP/1.1\r\nhost: example.com\r\n{expected}");
        assert_eq!(peer.requests.recv().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn what_no_server_would_read_alike_is_not_sent() {
    for (name, value) in [
        (":method", "FO O"),
        (":method", ""),
        (":path", "/a b"),
        (":path", ""),
        (":path", "/a\r\nx: y"),
        (":path", "http://elsewhere/"),
        (":authority", "a\r\nb: c"),
    ] {
        let mut call = call("GET", &[], "");
        for pair in &mut call.headers {
            if pair.0 == name {
                pair.1 = Bytes::copy_from_slice(value.as_bytes());
            }
        }
        assert!(Request::new(call, 1).is_none(), "{name} {value:?}");
    }
    assert!(Request::new(call("GET", &[("x", "a\r\nb: c")], ""), 1).is_none());
}

#[tokio::test]
async fn answers_are_envoys() {
    const RESET: &str = "upstream connect error or disconnect/reset before headers. reset reason:";
    let reset = |status: &str, reason: &str| {
        let body = format!("{RESET} {reason}");
        let length = body.len();
        format!("failed: {status} content-length={length} content-type=text/plain | {body}")
    };
    let late =
        "timed out: 504 content-length=24 content-type=text/plain | upstream request timeout";
    let cases: [(&'static [&'static [Act]], String); 27] = [
        (&[&[Act::Say(OK)]], OK_SHOWN.to_owned()),
        (&[&[Act::Trickle(OK)]], OK_SHOWN.to_owned()),
        (
            &[&[Act::Close(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nKeep-Alive: timeout=5\r\n\
                  Transfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n",
            )]],
            "200 connection=close transfer-encoding=chunked trailer=x-t service-time | hello".into(),
        ),
        (&[&[Act::Close(b"HTTP/1.1 200 OK\r\nx: 1\r\n\r\nhello")]], "200 x=1 service-time | hello".into()),
        (&[&[Act::Close(b"HTTP/1.0 200 OK\r\nx: 1\r\n\r\nhello")]], "200 x=1 service-time | hello".into()),
        (&[&[Act::Say(b"HTTP/1.1 204 No Content\r\nx: 1\r\n\r\n")]], "204 x=1 service-time | ".into()),
        (
            &[&[Act::Say(
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
                  HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            )]],
            "200 content-length=2 service-time | ok".into(),
        ),
        (
            &[&[Act::Stall(
                b"HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\nok",
            )]],
            "101 upgrade=foo connection=upgrade service-time | ".into(),
        ),
        (
            &[&[Act::Say(
                b"HTTP/1.1 999 Odd\r\nx-envoy-upstream-service-time: 77\r\ncontent-length: 0\r\n\r\n",
            )]],
            "999 service-time content-length=0 | ".into(),
        ),
        (
            &[&[Act::Say(
                b"HTTP/1.1 200 OK\r\nX_under: 1\r\nx:\xff\r\ncontent-length: 5\r\n\r\nhelloEXTRA",
            )]],
            "200 x_under=1 x=\u{fffd} content-length=5 service-time | hello".into(),
        ),
        (
            &[&[Act::Say(
                b"HTTP/1.1 200 OK\r\ncontent-type: a\r\nx: 1\r\ncontent-type: b\r\nvary: a\r\n\
                  Vary: b\r\ndate: a\r\ndate: b\r\nproxy-connection: close\r\nx: 2\r\nempty:\r\n\
                  content-length: 0\r\n\r\n",
            )]],
            "200 content-type=a,b x=1 vary=a,b date=a,b proxy-connection=close x=2 empty= \
             content-length=0 service-time | "
                .into(),
        ),
        (&[&[Act::Stall(b"")]], late.into()),
        (&[&[Act::Stall(b"HTTP/1.1 200 OK\r\nx: 1\r\n")]], late.into()),
        (&[&[Act::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")]], "timed out".into()),
        (&[&[Act::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")]], "failed".into()),
        (&[&[Act::Close(b"")]], reset("503", "connection termination")),
        (&[&[Act::Reset]], reset("503", "connection termination")),
        (&[&[Act::Say(b"lkajsd\r\n\r\n")]], reset("502", "protocol error")),
        (&[&[Act::Say(b"HTTP/1.1 20 OK\r\ncontent-length: 5\r\n\r\nhello")]], reset("502", "protocol error")),
        (
            &[&[Act::Say(b"HTTP/1.1 200 OK\r\nx y: ab\r\ncontent-length: 5\r\n\r\nhello")]],
            reset("502", "protocol error"),
        ),
        (
            &[&[Act::Say(b"HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 5\r\n\r\nhello")]],
            reset("502", "protocol error"),
        ),
        (
            &[&[Act::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello")]],
            reset("502", "protocol error"),
        ),
        (
            &[&[Act::Say(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n\
                  5\r\nhello\r\n0\r\n\r\n",
            )]],
            reset("502", "protocol error"),
        ),
        (
            &[&[Act::Say(
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello",
            )]],
            reset("502", "protocol error"),
        ),
        (
            &[&[Act::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello")]],
            "failed".into(),
        ),
        // An endless body, and heads without end: nothing grows.
        (&[&[Act::Flood(b"HTTP/1.1 200 OK\r\n\r\n", &[b'a'; 1024])]], "failed".into()),
        (&[&[Act::Flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n")]], reset("502", "protocol error")),
    ];
    for (number, (script, expected)) in cases.into_iter().enumerate() {
        let peer = Peer::start(script).await;
        let mut call = call("GET", &[], "");
        call.timeout = Duration::from_millis(300);
        let ending = perform(&Dialer::new(Arc::default()), &peer.upstream(), request(call)).await;
        assert_eq!(show_ending(&ending), expected, "case {number}");
    }
}

#[tokio::test]
async fn heads_are_limited() {
    let many: Vec<u8> = [&b"HTTP/1.1 200 OK\r\n"[..], &b"x: a\r\n".repeat(150), b"\r\n"].concat();
    let many: &'static [u8] = many.leak();
    let script: &'static [&'static [Act]] = vec![&*vec![Act::Say(many)].leak()].leak();
    let peer = Peer::start(script).await;
    let ending =
        perform(&Dialer::new(Arc::default()), &peer.upstream(), request(call("GET", &[], "")))
            .await;
    assert!(show_ending(&ending).starts_with("failed: 502"), "{ending:?}");
    let peer = Peer::start(&[&[Act::Flood(b"HTTP/1.1 200 OK\r\nx: ", &[b'a'; 1024])]]).await;
    let ending =
        perform(&Dialer::new(Arc::default()), &peer.upstream(), request(call("GET", &[], "")))
            .await;
    assert!(show_ending(&ending).starts_with("failed"), "{ending:?}");
}

#[tokio::test]
async fn refused_connections_go_to_the_next_endpoint() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let dialer = Dialer::new(Arc::default());
    let ending = perform(&dialer, &upstream(&[nobody]), request(call("GET", &[], ""))).await;
    assert_eq!(
        show_ending(&ending),
        "failed: 503 content-length=98 content-type=text/plain | upstream connect error or \
         disconnect/reset before headers. reset reason: remote connection failure"
    );
    let peer = Peer::start(&[&[Act::Say(OK); 8]]).await;
    for _ in 0..8 {
        let to = upstream(&[nobody, peer.address]);
        let ending = perform(&dialer, &to, request(call("POST", &[], "x"))).await;
        assert_eq!(show_ending(&ending), OK_SHOWN);
    }
}

#[tokio::test]
async fn warm_connections_are_used_again_and_dead_ones_only_cost_a_repeatable_call_time() {
    // The first connection dies under the second request.
    let mut peer = Peer::start(&[&[Act::Say(OK), Act::Reset], &[Act::Say(OK); 8]]).await;
    let dialer = Dialer::new(Arc::default());
    for _ in 0..2 {
        let ending = perform(&dialer, &peer.upstream(), request(call("GET", &[], ""))).await;
        assert_eq!(show_ending(&ending), OK_SHOWN);
    }
    let mut seen = 0;
    while peer.requests.try_recv().is_ok() {
        seen += 1;
    }
    assert_eq!(seen, 3, "one of the two was sent twice");
    let peer = Peer::start(&[&[Act::Say(OK), Act::Reset], &[Act::Say(OK); 8]]).await;
    for expected in ["200", "failed: 503"] {
        let ending = perform(&dialer, &peer.upstream(), request(call("POST", &[], ""))).await;
        assert!(show_ending(&ending).starts_with(expected), "{ending:?}");
    }
}

/// A peer with a certificate for this name, and the roots that know it.
async fn secured(name: &str) -> (SocketAddr, rustls::RootCertStore) {
    let own = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let certificate = own.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|count| count > 0) {
                    let _gone = stream.write_all(OK).await;
                }
            });
        }
    });
    (address, roots)
}

#[tokio::test]
async fn granted_addresses_prove_their_name() {
    let (address, roots) = secured("localhost").await;
    let trust = Arc::new(crate::outside::tls::Trust::in_roots(roots));
    let dialer = Dialer::new(trust);
    let mut to = upstream(&[address]);
    for (name, expected) in [("localhost", OK_SHOWN), ("other.example.com", "failed: 503 ")] {
        to.tls = Some(name.into());
        let ending = perform(&dialer, &to, request(call("GET", &[], ""))).await;
        assert!(show_ending(&ending).starts_with(expected), "{ending:?}");
    }
    to.tls = Some("localhost".into());
    assert!(dialer.open(&to).await.unwrap().reused, "the first connection is kept");
    // A stranger's certificate is none.
    let dialer =
        Dialer::new(Arc::new(crate::outside::tls::Trust::in_roots(rustls::RootCertStore::empty())));
    let ending = perform(&dialer, &to, request(call("GET", &[], ""))).await;
    assert!(show_ending(&ending).starts_with("failed: 503 "), "{ending:?}");
}
