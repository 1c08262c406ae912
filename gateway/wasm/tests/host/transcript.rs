//! One request through a plugin, written down.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use portico_wasm::{
    Action, ConnectionFacts, End, Facts, Fault, FieldName, Fields, Plugin, Progress, RouteFacts,
    Stream, Visit,
};

use crate::said::Said;

/// A request as the proxy would lend it, with these lines behind the usual ones.
pub(crate) fn request(more: &[(&str, &str)]) -> Option<Box<Stream>> {
    let usual = [
        (":authority", "fleet.local"),
        (":path", "/api/staff?id=7"),
        (":method", "GET"),
        (":scheme", "http"),
        ("accept", "a/a"),
        ("x-one", "1"),
        ("cookie", "a=1"),
        ("x-empty", ""),
        ("x-one", "2"),
        ("user-agent", "test"),
        ("referer", "elsewhere"),
        ("x-request-id", "id-1"),
    ];
    Some(Stream::new(fields(usual.iter().chain(more)), facts()))
}

pub(crate) fn response() -> Fields {
    let lines = [
        (":status", "200"),
        ("cache-control", "no-store"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("x-one", "r"),
        ("grpc-status", "5"),
    ];
    fields(lines.iter())
}

pub(crate) fn fields<'a>(lines: impl Iterator<Item = &'a (&'a str, &'a str)>) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in lines {
        let pseudo = [":authority", ":path", ":method", ":scheme", ":status"];
        let name = pseudo.into_iter().find(|pseudo| pseudo == name).map_or_else(
            || FieldName::Header(name.parse().expect("a header's name")),
            FieldName::Pseudo,
        );
        fields.push(name, HeaderValue::from_str(value).expect("a header's value"));
    }
    fields
}

/// A downstream connection of this number.
pub(crate) fn connection(id: u64) -> Arc<ConnectionFacts> {
    Arc::new(ConnectionFacts {
        id,
        source: SocketAddr::from(([192, 0, 2, 1], 50_000)),
        destination: SocketAddr::from(([192, 0, 2, 2], 30_080)),
    })
}

fn facts() -> Facts {
    Facts {
        connection: connection(42),
        route: Arc::new(RouteFacts {
            route: "staff/1".into(),
            service: "staff".into(),
            host: "fleet.local".into(),
        }),
        listener: "web".into(),
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000),
        protocol: "HTTP/1.1",
        request_headers_bytes: 321,
        upstream: None,
        end: None,
        progress: Progress::default(),
    }
}

/// What is known when the response's head has come.
fn progress() -> Progress {
    Progress {
        request_body: 10,
        response_body: 0,
        details: Some("via_upstream".into()),
        flags: 4,
        attempts: 2,
        endpoints: Some(3),
        upstream_local: Some(SocketAddr::from(([192, 0, 2, 2], 40_000))),
        upstream_failure: None,
        upstream_ready: Some(Duration::from_micros(7)),
        backend_latency: Some(Duration::from_micros(8)),
    }
}

/// All phases of a request, as a proxy calls them.
pub(crate) fn visit(plugin: &Plugin, configuration: usize, said: &Said) -> String {
    let mut text = String::new();
    let mut stream = request(&[]);
    let entered = plugin.enter(0, configuration, &mut stream, true);
    text.push_str("# request\n");
    lines(&mut text, said);
    let visit = match entered {
        Ok((visit, action)) => {
            outcome(&mut text, action, &mut stream, |stream| &stream.request);
            visit
        }
        Err(fault) => return text + &format!("! {fault}\n"),
    };
    text.push_str("# response\n");
    if let Some(stream) = &mut stream {
        stream.response = response();
        stream.facts.upstream = Some(SocketAddr::from(([192, 0, 2, 3], 8_080)));
        stream.facts.progress = progress();
    }
    let responded = plugin.respond(0, &visit, &mut stream, false);
    lines(&mut text, said);
    match responded {
        Ok(action) => outcome(&mut text, action, &mut stream, |stream| &stream.response),
        Err(fault) => return text + &format!("! {fault}\n"),
    }
    text.push_str("# end\n");
    let left = leave(plugin, &visit, &mut stream);
    lines(&mut text, said);
    left.err().map(|fault| writeln!(text, "! {fault}"));
    text
}

pub(crate) fn leave(
    plugin: &Plugin,
    visit: &Visit,
    stream: &mut Option<Box<Stream>>,
) -> Result<(), Fault> {
    if let Some(stream) = stream {
        let duration = Duration::from_millis(1_500);
        stream.facts.end = Some(End { duration, request_body: 10, response_body: 20 });
    }
    plugin.leave(0, visit, stream)
}

/// Writes down what was said, with bytes that are no text made readable.
pub(crate) fn lines(text: &mut String, said: &Said) {
    said.take().into_iter().for_each(|line| {
        text.push_str(&line);
        text.push('\n');
    });
}

fn outcome(
    text: &mut String,
    action: Action,
    stream: &mut Option<Box<Stream>>,
    head: impl FnOnce(&Stream) -> &Fields,
) {
    let stream = stream.as_deref_mut().expect("the stream comes back from every callback");
    text.push_str(&format!("= {action:?}\n"));
    if let Some(answer) = stream.local_response.take() {
        text.push_str(&format!("= {answer:?}\n"));
    }
    if let Some(invalid) = stream.invalid.take() {
        text.push_str(&format!("= {invalid:?}\n"));
    }
    let head = head(stream);
    if head.changed() {
        for field in head.iter().map(|field| (field.name.as_str(), &field.value)) {
            let value = format!("{:?}", field.1);
            let value = if value.len() > 80 { format!("{} bytes", field.1.len()) } else { value };
            text.push_str(&format!("> {}: {value}\n", field.0));
        }
    }
}
