//! What is written down is read as it was meant.

mod run;

use bytes::Bytes;

use portico::trial::{Change, Changed};

use super::{har, written};

fn shown(fields: &portico_wasm::Fields) -> Vec<String> {
    let line = |field: &portico_wasm::Field| {
        format!("{}: {}", field.name.as_str(), field.value.to_str().unwrap())
    };
    fields.iter().map(line).collect()
}

#[test]
fn a_request_is_read_with_either_line_end() {
    for end in ["\n", "\r\n"] {
        let text = format!("POST /a?b HTTP/1.1{end}Host: x.test{end}X-A: 1{end}{end}body");
        let request = written::request(text.as_bytes()).unwrap();
        assert_eq!(
            shown(&request.fields()),
            [
                ":authority: x.test",
                ":path: /a?b",
                ":method: POST",
                ":scheme: http",
                "x-a: 1",
                "content-length: 4"
            ]
        );
        assert_eq!(request.message.body, Bytes::from_static(b"body"));
    }
}

#[test]
fn a_line_makes_a_request() {
    let fields = written::line("PUT https://x.test:8443").unwrap().fields();
    assert_eq!(
        shown(&fields),
        [":authority: x.test:8443", ":path: /", ":method: PUT", ":scheme: https"]
    );
    assert_eq!(written::line("http://x.test/").unwrap().method, http::Method::GET);
    for wrong in ["", "get http://x.test/", "GET http://", "no such file.http"] {
        let request = written::line(wrong);
        assert!(request.is_err(), "{wrong}: {request:?}");
    }
}

#[test]
fn a_response_is_read() {
    let response = written::response(b"HTTP/1.1 404 Not Found\nx-a: 1\n\nno\n").unwrap();
    assert_eq!(shown(&response.fields()), [":status: 404", "x-a: 1", "content-length: 3"]);
    for wrong in ["", "200 OK\n\n", "HTTP/1.1 abc\n\n", "HTTP/1.1 200\nno header\n\n"] {
        assert!(written::response(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn an_entry_of_an_archive_is_an_exchange() {
    let text = r#"{"log": {"entries": [{
        "request": {"method": "POST", "url": "https://x.test/a",
            "headers": [{"name": ":method", "value": "POST"}, {"name": "Host", "value": "x.test"},
                        {"name": "X-A", "value": "1"}],
            "postData": {"text": "in"}},
        "response": {"status": 201,
            "headers": [{"name": "content-encoding", "value": "br"}],
            "content": {"text": "b3V0Cg==", "encoding": "base64"}}}]}}"#;
    let (request, response) = har::read(text, 1).unwrap();
    assert_eq!(shown(&request.fields())[4..], ["x-a: 1", "content-length: 2"]);
    assert_eq!(shown(&response.fields()), [":status: 201", "content-length: 4"]);
    assert_eq!(response.message.body, Bytes::from_static(b"out\n"));
    for number in [0, 2] {
        assert!(har::read(text, number).is_err());
    }
}

#[test]
fn differences_keep_the_order() {
    let fields = |lines: &str| {
        let text = format!("HTTP/1.1 200\n{lines}\n");
        written::response(text.as_bytes()).unwrap().fields()
    };
    let changed = Changed::between(&fields("a: 1\nb: 2\nc: 3\n"), &fields("a: 1\nc: 3\nd: 4\n"));
    let changes = changed.headers.iter().map(|line| (line.change, &*line.header.name));
    assert_eq!(
        changes.collect::<Vec<_>>(),
        [
            (Change::Kept, ":status"),
            (Change::Kept, "a"),
            (Change::Removed, "b"),
            (Change::Kept, "c"),
            (Change::Added, "d")
        ]
    );
}
