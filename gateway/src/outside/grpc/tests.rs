//! Calls against an HTTP/2 peer on loopback that does what the name of the method says. The
//! events were recorded with Envoy 1.40: the same call from a filter, the same peer.

use std::net::SocketAddr;

use h2::{Reason, RecvStream, server::SendResponse};
use http::{HeaderMap, Response};
use portico_config::config::{self, EndpointAddress};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    backend::{Name, Service},
    outside::targets::Targets,
};

type Head = Vec<String>;

/// A peer, and the heads of the requests that it gets.
async fn start() -> (SocketAddr, UnboundedReceiver<Head>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heads, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, heads.clone()));
        }
    });
    (address, received)
}

async fn serve(stream: TcpStream, heads: UnboundedSender<Head>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, respond))) = connection.accept().await {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let lines = head
            .headers
            .iter()
            .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value.as_bytes())));
        let first = format!("{} {}", head.method, head.uri);
        let _ended = heads.send(std::iter::once(first).chain(lines).collect());
        if path.ends_with("/closeconn") {
            return;
        }
        tokio::spawn(answer(path.rsplit('/').next().unwrap().to_owned(), body, respond));
    }
}

fn frame(message: &str) -> Bytes {
    frame::encode(message.as_bytes()).unwrap()
}

fn flagged(message: &str) -> Bytes {
    [&[1], &frame(message)[1..]].concat().into()
}

fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

async fn answer(method: String, mut body: RecvStream, mut respond: SendResponse<Bytes>) {
    let head = |status: u16, kind: &str| {
        Response::builder().status(status).header("content-type", kind).body(()).unwrap()
    };
    let grpc = head(200, "application/grpc");
    let trailers_only = |pairs: &[(&'static str, &'static str)]| {
        let mut head = head(200, "application/grpc");
        head.headers_mut().extend(fields(pairs));
        head
    };
    let end = |pairs: &[(&'static str, &'static str)]| Some(fields(pairs));
    // What is sent behind the head, and the trailers.
    let (head, data, trailers): (_, Vec<Bytes>, _) = match &*method {
        "echo" => return echo(body, respond).await,
        "stall" => return std::future::pending().await,
        "reset" => return respond.send_reset(Reason::CANCEL),
        "refuse" => return respond.send_reset(Reason::REFUSED_STREAM),
        "resetafter" => {
            let mut stream = respond.send_response(grpc, false).unwrap();
            // The head goes out before the reset replaces it.
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            return stream.send_reset(Reason::INTERNAL_ERROR);
        }
        "trailonly" => {
            let pairs = [("grpc-status", "7"), ("grpc-message", "no%20way"), ("x-t", "1")];
            let _ = respond.send_response(trailers_only(&pairs), true);
            return;
        }
        "http503" => {
            let _ = respond.send_response(head(503, "text/plain"), true);
            return;
        }
        "ok" => (grpc, vec![frame("reply")], end(&[("grpc-status", "0"), ("x-t", "1")])),
        "two" => {
            (grpc, vec![[frame("one"), frame("two")].concat().into()], end(&[("grpc-status", "0")]))
        }
        "cut" => {
            let sent = frame("three");
            (grpc, vec![sent.slice(..3), sent.slice(3..)], end(&[("grpc-status", "0")]))
        }
        "err" => (grpc, vec![], end(&[("grpc-status", "5"), ("grpc-message", "not%20found")])),
        "errmsg" => (grpc, vec![frame("x")], end(&[("grpc-status", "5"), ("grpc-message", "x")])),
        "nomsg" => (grpc, vec![], end(&[("grpc-status", "0")])),
        "short" => (grpc, vec![frame("one").slice(..6)], end(&[("grpc-status", "0")])),
        "nostatus" => (grpc, vec![frame("one")], end(&[("x", "1")])),
        "badstatus" => (grpc, vec![], end(&[("grpc-status", "abc")])),
        "bigstatus" => (grpc, vec![], end(&[("grpc-status", "99")])),
        "notrailers" => (grpc, vec![frame("one")], None),
        "compressed" => (grpc, vec![flagged("one")], end(&[("grpc-status", "0")])),
        "html" => (head(200, "text/html"), vec![Bytes::from_static(b"<html>")], None),
        "http404" => (head(404, "text/plain"), vec![Bytes::from_static(b"nope")], None),
        "huge" => {
            (grpc, vec![Bytes::from_static(&[0, 0, 0x20, 0, 0])], end(&[("grpc-status", "0")]))
        }
        "endless" => {
            let mut stream = respond.send_response(grpc, false).unwrap();
            while stream.send_data(Bytes::from_static(&[0; 5]), false).is_ok() {
                tokio::task::yield_now().await;
            }
            return;
        }
        other => panic!("no method `{other}`"),
    };
    // Streams are answered at once, unary calls when they are complete.
    if !body.is_end_stream() {
        while let Some(Ok(_)) = body.data().await {}
    }
    let mut stream = respond.send_response(head, false).unwrap();
    for (number, piece) in data.iter().enumerate() {
        let last = trailers.is_none() && number + 1 == data.len();
        let _gone = stream.send_data(piece.clone(), last);
    }
    if let Some(trailers) = trailers {
        let _gone = stream.send_trailers(trailers);
    }
}

/// Sends back what comes, at once.
async fn echo(mut body: RecvStream, mut respond: SendResponse<Bytes>) {
    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let mut stream = respond.send_response(head, false).unwrap();
    while let Some(Ok(piece)) = body.data().await {
        let _gone = body.flow_control().release_capacity(piece.len());
        stream.send_data(piece, false).unwrap();
    }
    stream.send_trailers(fields(&[("grpc-status", "0")])).unwrap();
}

fn call(method: &str, first: Option<&str>) -> GrpcCall {
    GrpcCall {
        upstream: "up".into(),
        service: "pkg.S".into(),
        method: method.into(),
        metadata: Vec::new(),
        first: first.map(|first| Bytes::copy_from_slice(first.as_bytes())),
        timeout: Some(Duration::from_millis(500)),
    }
}

fn upstream(address: SocketAddr) -> Upstream {
    let endpoint =
        config::Endpoint { address: EndpointAddress::Ip(address), weight: 1, suspended: None };
    let connect_timeout = Duration::from_secs(2);
    let service = config::Service {
        name: "up".into(),
        endpoints: vec![endpoint],
        connect_timeout,
        suspended: None,
    };
    Targets::new([Arc::new(Service::new(&service, Name::new, None))]).find("plugin", "up").unwrap()
}

struct Client {
    dialer: Arc<Dialer>,
    channels: Arc<Channels>,
    to: Upstream,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let (dialer, channels) = (Arc::new(Dialer::new(Arc::default())), Arc::default());
        Self { dialer, channels, to: upstream(address) }
    }

    /// Makes the call, with what a guest says on its stream; one line for each event.
    async fn perform(&self, call: GrpcCall, saying: impl FnOnce(&Open)) -> String {
        let request = Request::new(call, &self.to, 1 << 20).unwrap();
        let (open, outbox) = outbox();
        // The task that a dropped end would abort is this test's own.
        let open = open(tokio::spawn(async {}).abort_handle());
        saying(&open);
        let line = Line {
            dialer: self.dialer.clone(),
            channels: self.channels.clone(),
            to: self.to.clone(),
        };
        let mut events = Vec::new();
        perform(line, request, outbox, |event| {
            events.push(show(event));
            true
        })
        .await;
        events.join("\n")
    }
}

fn show(event: GrpcEvent) -> String {
    let pairs = |pairs: Vec<(Bytes, Bytes)>| {
        let pairs = pairs.into_iter().map(|(name, value)| match &*name {
            b"x-envoy-upstream-service-time" => "service-time".to_owned(),
            _ => format!("{}={}", String::from_utf8_lossy(&name), String::from_utf8_lossy(&value)),
        });
        pairs.collect::<Vec<_>>().join(" ")
    };
    match event {
        GrpcEvent::InitialMetadata(head) => format!("head {}", pairs(head)),
        GrpcEvent::Message(message) => format!("message {}", String::from_utf8_lossy(&message)),
        GrpcEvent::TrailingMetadata(trailers) => format!("trailers {}", pairs(trailers)),
        GrpcEvent::Closed { status, message } => format!("closed {status} {message}"),
    }
}

const RESET: &str = "upstream connect error or disconnect/reset before headers. reset reason:";

#[tokio::test]
async fn unary_calls_end_as_on_envoy() {
    let (address, _heads) = start().await;
    let client = Client::new(address);
    let before = |reason: &str| {
        let detail = reason.replace(' ', "_");
        format!("closed 14 {RESET} {reason}{{upstream_reset_before_response_started{{{detail}}}}}")
    };
    for (method, expected) in [
        ("ok", "message reply".to_owned()),
        ("two", "message two".into()),
        ("cut", "message three".into()),
        ("err", "closed 5 not%20found{via_upstream}".into()),
        ("errmsg", "closed 5 x{via_upstream}".into()),
        ("trailonly", "closed 7 no%20way{via_upstream}".into()),
        ("nomsg", "closed 13 ".into()),
        ("short", "closed 13 ".into()),
        ("nostatus", "closed 2 via_upstream".into()),
        ("notrailers", "closed 2 via_upstream".into()),
        ("badstatus", "closed -1 via_upstream".into()),
        ("bigstatus", "closed -1 via_upstream".into()),
        ("http503", "closed 14 via_upstream".into()),
        ("http404", "closed 12 via_upstream".into()),
        ("html", "closed 13 via_upstream".into()),
        ("compressed", "closed 13 via_upstream".into()),
        ("huge", "closed 8 a message is larger than the plugin gets".into()),
        ("reset", before("remote reset")),
        ("refuse", before("remote refused stream reset")),
        ("resetafter", "closed 13 upstream_reset_after_response_started{remote_reset}".into()),
        ("stall", "closed 14 upstream request timeout{response_timeout}".into()),
        ("closeconn", before("connection termination")),
        ("ok", "message reply".into()),
    ] {
        let events = client.perform(call(method, Some("hi")), |_| ()).await;
        assert_eq!(events, expected, "{method}");
    }
    // Nothing grows: only the last message is kept, until time is up or HTTP/2 has had enough of
    // frames without content.
    let events = client.perform(call("endless", Some("hi")), |_| ()).await;
    assert!(events.starts_with("closed 13 "), "{events}");
}

#[tokio::test]
async fn streams_end_as_on_envoy() {
    let (address, _heads) = start().await;
    let client = Client::new(address);
    let head = "head :status=200 content-type=application/grpc service-time";
    for (method, expected) in [
        ("cut", format!("{head}\nmessage three\ntrailers grpc-status=0\nclosed 0 via_upstream")),
        (
            "trailonly",
            "head \ntrailers :status=200 content-type=application/grpc grpc-status=7 \
             grpc-message=no%20way x-t=1\nclosed 7 no%20way{via_upstream}"
                .to_owned(),
        ),
        ("nostatus", format!("{head}\nmessage one\ntrailers x=1\nclosed 2 via_upstream")),
        ("notrailers", format!("{head}\nmessage one\ntrailers \nclosed 2 via_upstream")),
        ("compressed", format!("{head}\ntrailers \nclosed 13 via_upstream")),
        ("short", format!("{head}\ntrailers grpc-status=0\nclosed 0 via_upstream")),
        ("http404", "head \ntrailers \nclosed 12 via_upstream".into()),
        ("http503", "head \ntrailers \nclosed 14 via_upstream".into()),
        (
            "reset",
            format!(
                "head \ntrailers :status=200 content-type=application/grpc grpc-status=14 \
                 grpc-message={RESET} remote reset\nclosed 14 {RESET} remote reset\
                 {{upstream_reset_before_response_started{{remote_reset}}}}"
            ),
        ),
    ] {
        let events = client.perform(call(method, None), |open| open.close()).await;
        // Whether the peer had all of the request when it sent its head is a race.
        let (events, expected) =
            (events.replace(" service-time", ""), expected.replace(" service-time", ""));
        assert_eq!(events, expected, "{method}");
    }
}

#[tokio::test]
async fn a_guest_talks_with_its_peer() {
    let (address, _heads) = start().await;
    let client = Client::new(address);
    let large = Bytes::from(vec![b'x'; 300_000]);
    let events = client
        .perform(call("echo", None), |open| {
            open.send(Bytes::from_static(b"one"), false);
            // Larger than what the peer takes at once.
            open.send(large.clone(), false);
            open.send(Bytes::from_static(b"two"), true);
        })
        .await;
    let large = String::from_utf8_lossy(&large).into_owned();
    let expected = format!(
        "head :status=200 content-type=application/grpc\nmessage one\nmessage {large}\n\
         message two\ntrailers grpc-status=0\nclosed 0 via_upstream"
    );
    assert!(events == expected, "{}", &events[..events.len().min(300)]);
    // A guest that says more than anybody takes is stopped.
    let events = client
        .perform(call("stall", None), |open| {
            for _ in 0..16 {
                open.send(Bytes::from(vec![b'x'; 300_000]), false);
            }
        })
        .await;
    assert!(events.ends_with("closed 8 the peer does not take what is sent"), "{events}");
}

#[tokio::test]
async fn heads_are_envoys() {
    let (address, mut heads) = start().await;
    let client = Client::new(address);
    let mut with_metadata = call("ok", Some("hi"));
    with_metadata.metadata = [("x-b-bin", "\u{1}\u{2}"), ("x-a", "1"), ("te", "x"), ("host", "h")]
        .map(|(name, value)| (Bytes::from(name), Bytes::from(value)))
        .to_vec();
    client.perform(with_metadata, |_| ()).await;
    let expected = "POST http://up/pkg.S/ok te=trailers grpc-timeout=500m \
        content-type=application/grpc x-a=1 x-b-bin=AQI= x-envoy-internal=true \
        x-envoy-expected-rq-timeout-ms=500";
    assert_eq!(heads.recv().await.unwrap().join(" "), expected);
    let mut stream = call("ok", None);
    stream.timeout = None;
    client.perform(stream, |open| open.close()).await;
    let expected =
        "POST http://up/pkg.S/ok te=trailers content-type=application/grpc x-envoy-internal=true";
    assert_eq!(heads.recv().await.unwrap().join(" "), expected);
    for method in ["a b", "a\r\nb", "a#b"] {
        assert!(Request::new(call(method, None), &client.to, 1).is_none(), "{method:?}");
    }
}

#[tokio::test]
async fn peers_that_do_not_speak_http2() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            // Held open: the call must end by itself.
            std::mem::forget(stream);
        }
    });
    let events = client.perform(call("ok", Some("hi")), |_| ()).await;
    assert!(events.starts_with("closed 14 "), "{events}");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Client::new(closed.local_addr().unwrap());
    drop(closed);
    let events = nobody.perform(call("ok", Some("hi")), |_| ()).await;
    assert_eq!(
        events,
        format!(
            "closed 14 {RESET} remote connection failure{{upstream_reset_before_response_started\
             {{remote_connection_failure|delayed_connect_error:_Connection_refused}}}}"
        )
    );
}
