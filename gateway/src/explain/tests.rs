use portico_config::{Source, load};

use super::*;

const TEXT: &str = "listeners:
  - { name: web, address: '127.0.0.1:80' }
  - { name: inner, address: '127.0.0.1:81', hosts: [in.io, '*.in.io'] }
services:
  - { name: old, suspended: moving, endpoints: ['127.0.0.1:1'] }
  - name: new
    endpoints: [{ address: 'a.io:2', suspended: slow }, '127.0.0.1:3']
  - { name: other, endpoints: ['127.0.0.1:4'] }
routes:
  - name: split
    hosts: [split.io]
    timeout: 1s
    rules:
      - { matches: [{ path: { prefix: /old } }], backends: [old] }
      - { matches: [{ path: { prefix: /none } }], backends: [{ service: new, weight: 0 }] }
      - backends: [{ service: old, weight: 8 }, new, other]
  - name: closed
    hosts: [closed.io]
    suspended: night
    rules: [{ filters: [{ respond: {} }] }]
  - name: moved
    hosts: [moved.io, in.io]
    rules:
      - matches: [{ path: { prefix: /a } }]
        filters: [{ redirect: { host: new.io, path: { replace_prefix: /b } } }]
      - filters: [{ respond: { status: 418 } }]
";

fn asked(method: &str, url: &str) -> Explained {
    let source = Source { name: "x.yaml".into(), folder: ".".into(), text: TEXT.to_owned() };
    let config = load(std::slice::from_ref(&source)).config.unwrap();
    explain(&config, &[source], &Question::new(method, url, &[]).unwrap())
}

#[test]
fn what_the_gateway_itself_answers() {
    for (url, expected) in [
        ("http://split.io/", None),
        ("http://split.io/old", Some("503 suspended: service `old` is suspended: moving")),
        ("http://split.io/none", Some("503 no_backend")),
        (
            "http://closed.io/",
            Some("503 suspended: route `closed` is suspended: night; its filters do not run"),
        ),
        ("http://moved.io/a/x?y", Some("302 redirect to http://new.io/b/x?y")),
        ("http://in.io:81/a/x?y", Some("302 redirect to http://new.io:81/b/x?y")),
        ("http://moved.io/", Some("418 respond")),
        ("http://lost.io/", Some("404 no_route")),
        ("http://lost.io:81/", Some("404 no_listener")),
    ] {
        let answer = asked("GET", url).answer;
        assert_eq!(answer.as_deref(), expected, "{url}");
    }
}

#[test]
fn the_share_of_what_is_suspended_goes_to_the_others() {
    let answer = asked("post", "http://split.io/x?y=1");
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(
        json["backends"],
        serde_json::json!([
            {
                "service": "old", "share": "none", "suspended": "moving",
                "endpoints": ["127.0.0.1:1"],
            },
            {
                "service": "new", "share": "1 of 2", "suspended": null,
                "endpoints": ["a.io:2 (suspended: slow)", "127.0.0.1:3"],
            },
            {
                "service": "other", "share": "1 of 2", "suspended": null,
                "endpoints": ["127.0.0.1:4"],
            },
        ])
    );
    assert_eq!(json["request"]["target"], "/x?y=1");
    assert_eq!((&json["listener"]["line"], &json["rule"]["line"]), (&2.into(), &16.into()));
    assert_eq!(json["rule"]["source"], "x.yaml");
    assert_eq!(json["lost"][0]["line"], 15);
    assert_eq!(
        answer.text,
        "request   POST /x?y=1, host `split.io`
listener  `web` on 127.0.0.1:80
host      `split.io` matches
rule      `split/2`, path starts with `/`
backend   `old` at 127.0.0.1:1, suspended: moving
          `new` at a.io:2 (suspended: slow), 127.0.0.1:3, 1 of 2
          `other` at 127.0.0.1:4, 1 of 2
timeout   1s, then 504 `timeout`
lost      `split/1`: the path is not at or below `/none`
          `split/0`: the path is not at or below `/old`
          `closed/0`: its host `closed.io` does not match
          `moved/0`: its host `moved.io` does not match
          `moved/1`: its host `moved.io` does not match
"
    );
}

#[test]
fn a_path_alone_is_asked_of_the_first_listener() {
    let answer = asked("GET", "/api?x");
    assert_eq!((&*answer.request.host, &*answer.request.target), ("localhost", "/api?x"));
    assert_eq!(answer.listener.unwrap().name, "web");
    assert_eq!(answer.notes, ["no host is given; asking listener `web` for host `localhost`"]);
    assert!(answer.text.contains("\nnote      no host is given;"), "{}", answer.text);

    let header = ["Host: in.io".to_owned()];
    let question = Question::new("GET", "/a", &header).unwrap();
    assert_eq!(question.host.as_deref(), Some("in.io"));
    for url in ["::", "http:///x", ""] {
        assert!(Question::new("GET", url, &[]).is_err(), "{url}");
    }
}

#[test]
fn an_unknown_port_is_noted() {
    let answer = asked("GET", "http://in.io:9/");
    assert_eq!(answer.notes, ["nothing listens on port 9; looking at every listener"]);
    assert_eq!(answer.listener.unwrap().name, "inner");
}
