use std::{sync::Arc, time::Duration};

use super::*;
use crate::admin::door::Holder;

fn access(address: &str, keys: Keys) -> Access {
    Access::new(address.parse().unwrap(), keys, true, false)
}

fn keys() -> Keys {
    let [operator, viewer] = ["operate", "view"].map(|secret| Some(Token::new(secret)));
    Keys { operator, viewer, certificates: false }
}

fn peer() -> Peer {
    let [address, local] = ["192.0.2.7:4000", "192.0.2.1:31000"].map(|text| text.parse().unwrap());
    Peer { address, local, certificate: None }
}

fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = given.iter().map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

/// What somebody may do, and why not more.
fn seen(
    access: &Access,
    method: &Method,
    given: &[(&'static str, &str)],
) -> (Role, Option<Refusal>) {
    let who = access.identify(&peer(), method, &headers(given));
    (who.role, who.trouble)
}

#[test]
fn a_token_gives_its_role() {
    let access = access("192.0.2.1:31000", keys());
    for (given, role, trouble) in [
        ("Bearer operate", Role::Operator, None),
        ("bearer  view", Role::Viewer, None),
        ("Bearer other", Role::None, Some(Refusal::Wrong)),
        ("Bearer ", Role::None, Some(Refusal::Wrong)),
        ("Basic operate", Role::None, None),
    ] {
        let given = [("authorization", given), ("origin", "https://elsewhere.example")];
        assert_eq!(seen(&access, &Method::POST, &given), (role, trouble), "{given:?}");
    }
}

#[test]
fn without_keys_nothing_opens() {
    let access = access("192.0.2.1:31000", Keys::default());
    let given = [("authorization", "Bearer ")];
    assert_eq!(seen(&access, &Method::GET, &given), (Role::None, Some(Refusal::NoToken)));
    let nobody = Who::nobody(peer().address);
    assert_eq!(access.operator(&nobody), Err(Refusal::NoToken));
}

#[test]
fn a_cookie_alone_only_reads() {
    let access = access("127.0.0.1:31000", keys());
    let session = access
        .sessions
        .begin(Role::Operator, "local".into(), &HeaderMap::new(), Instant::now())
        .unwrap();
    let cookie = session.cookie.split(';').next().unwrap();
    let base = [("cookie", cookie), ("host", "localhost:31000")];
    let with = |more: &[(&'static str, &'static str)]| [&base[..], more].concat();
    assert_eq!(seen(&access, &Method::GET, &base), (Role::Operator, None));
    assert_eq!(seen(&access, &Method::POST, &base), (Role::None, Some(Refusal::Csrf)));
    let wrong = with(&[("x-portico-csrf", "0")]);
    assert_eq!(seen(&access, &Method::DELETE, &wrong), (Role::None, Some(Refusal::Csrf)));
    let csrf = [&base[..], &[("x-portico-csrf", &*session.csrf)]].concat();
    assert_eq!(seen(&access, &Method::POST, &csrf), (Role::Operator, None));
    let elsewhere = [&csrf[..], &[("origin", "http://localhost:30080")]].concat();
    assert_eq!(seen(&access, &Method::POST, &elsewhere), (Role::None, Some(Refusal::OtherOrigin)));
}

#[test]
fn a_certificate_does_nothing_for_pages_from_elsewhere() {
    let access = access("192.0.2.1:31000", Keys { certificates: true, ..Keys::default() });
    let holder = Holder { name: "certificate alice".into(), role: Role::Operator };
    let peer = Peer { certificate: Some(Arc::new(holder)), ..peer() };
    let who = access.identify(&peer, &Method::POST, &HeaderMap::new());
    assert_eq!(
        (who.role, who.name(), who.how),
        (Role::Operator, "certificate alice", How::Certificate)
    );
    let elsewhere = headers(&[("host", "192.0.2.1"), ("origin", "https://elsewhere.example")]);
    let who = access.identify(&peer, &Method::POST, &elsewhere);
    assert_eq!((who.role, who.trouble), (Role::None, Some(Refusal::OtherOrigin)));
}

#[test]
fn reads_are_open_on_this_machine_by_its_names_only() {
    let own = headers(&[("host", "localhost:31000")]);
    let other = headers(&[("host", "evil.example:31000")]);
    let silent = headers(&[("host", "localhost:31000"), ("sec-fetch-site", "cross-site")]);
    for (address, given, open) in [
        ("127.0.0.1:31000", &own, true),
        ("[::1]:31000", &own, true),
        ("127.0.0.1:31000", &other, false),
        ("127.0.0.1:31000", &silent, false),
        ("0.0.0.0:31000", &own, false),
        ("192.0.2.1:31000", &own, false),
    ] {
        assert_eq!(access(address, keys()).reads_are_open(given), open, "{address} {given:?}");
    }
    assert!(!access("0.0.0.0:31000", keys()).automatic);
}

#[test]
fn who_is_wrong_too_often_waits_even_with_the_right_token() {
    let access = access("192.0.2.1:31000", keys());
    let wrong = [("authorization", "Bearer guess")];
    while seen(&access, &Method::GET, &wrong).1 == Some(Refusal::Wrong) {}
    let (role, trouble) = seen(&access, &Method::GET, &[("authorization", "Bearer operate")]);
    assert_eq!(role, Role::None);
    let Some(Refusal::TooMany { seconds }) = trouble else { panic!("{trouble:?}") };
    assert!(Duration::from_secs(seconds) <= Duration::from_secs(5));
}
