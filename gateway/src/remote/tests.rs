//! A server that says what each test wants, and a clock that runs as fast as it can.

use std::{
    collections::VecDeque,
    fs,
    sync::{Mutex, PoisonError},
};

use portico_config::config::{Access, OciReference, SignaturePolicy};
use tokio::time::Instant;

use super::*;

type Answer = Result<Fetched, FetchError>;

/// Answers in order; the last one for ever.
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<(Instant, Request)>>,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Answer>) -> (Arc<Self>, Remote) {
        let answers = Mutex::new(answers.into_iter().collect());
        let script = Arc::new(Self { answers, asked: Mutex::default() });
        let shared = script.clone();
        let remote = Remote::with(Arc::new(move |request| {
            let answer = shared.answer(request);
            Box::pin(async move { answer })
        }));
        (script, remote)
    }

    fn answer(&self, request: Request) -> Answer {
        lock(&self.asked).push((Instant::now(), request));
        let mut answers = lock(&self.answers);
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().expect("a script has an answer"),
        }
    }

    /// Whole seconds between the attempts.
    fn pauses(&self) -> Vec<u64> {
        let asked = lock(&self.asked);
        asked.windows(2).map(|pair| (pair[1].0 - pair[0].0).as_secs()).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tagged(tag: &str) -> PluginSource {
    image(Some(tag), None)
}

fn image(tag: Option<&str>, digest: Option<portico_config::config::Digest>) -> PluginSource {
    let reference = OciReference {
        registry: "registry.example.com".into(),
        repository: "team/guard".into(),
        tag: tag.map(Into::into),
        digest,
        loopback: false,
    };
    let (access, signature) = (Access::default(), SignaturePolicy::Off);
    PluginSource::Oci { reference, access, signature }
}

fn fetched(text: &'static str) -> Answer {
    let digest = portico_fetch::Digest::of(text.as_bytes());
    Ok(Fetched {
        wasm: Bytes::from_static(text.as_bytes()),
        wasm_digest: digest,
        resolved: digest,
        signature: None,
        from_cache: false,
        unconfirmed: None,
    })
}

fn status(status: u16, retry_after: Option<u64>) -> Answer {
    let retry_after = retry_after.map(Duration::from_secs);
    Err(FetchError::Status { at: "registry".to_owned(), status, code: None, retry_after })
}

fn not_found() -> Answer {
    Err(FetchError::NotFound { at: "registry".to_owned(), status: 404 })
}

async fn arrival(remote: &mut Remote, source: &PluginSource) -> Arrived {
    let news = remote.news();
    loop {
        match remote.module(source) {
            Ok(arrived) => return arrived,
            Err(_) => news.notified().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_module_arrives_and_is_applied() {
    let (_script, mut remote) = Script::new([fetched("one")]);
    let source = tagged("1");
    assert_eq!(remote.module(&source), Err(NotHere::Fetching));
    remote.news().notified().await;
    let arrived = remote.module(&source).expect("that was the news");
    assert_eq!((&*arrived.wasm, arrived.digest), (&b"one"[..], Digest::of(b"one")));
    assert_eq!(arrived.resolved, Digest::of(b"one").to_string());
    assert!(remote.missing([&source]).is_none(), "nothing to wait for");
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_the_first_attempt_and_with_patience() {
    let (_script, mut remote) = Script::new([not_found()]);
    let source = tagged("1");
    remote.missing([&source]).expect("it is missing").settled().await;
    let Err(NotHere::Failing(why)) = remote.module(&source) else { panic!("it failed") };
    assert!(why.contains("does not exist"), "{why}");
    let never = Remote::with(Arc::new(|_| Box::pin(std::future::pending())));
    let (mut remote, began) = (never, Instant::now());
    remote.missing([&source]).expect("it is missing").settled().await;
    assert_eq!(began.elapsed(), PATIENCE);
    assert_eq!(remote.module(&source), Err(NotHere::Fetching));
    let file = PluginSource::Bundled("auth".into());
    assert!(remote.missing([&file]).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_is_asked_less_and_less() {
    let answers = (0..8).map(|_| status(503, None)).chain([fetched("one")]);
    let (script, mut remote) = Script::new(answers);
    arrival(&mut remote, &tagged("1")).await;
    for (pause, longest) in script.pauses().iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
        assert!(*pause <= longest && pause + 1 > longest / 2, "{pause} s of {longest} s");
    }
    assert_eq!(script.pauses().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_must_be_mended_and_what_asks_for_patience() {
    let (script, mut remote) = Script::new([not_found(), status(429, Some(600)), fetched("one")]);
    arrival(&mut remote, &tagged("1")).await;
    assert_eq!(script.pauses(), [60, 600]);
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_moves_is_news_and_one_that_does_not_is_none() {
    let mut unconfirmed = fetched("one").expect("it is fetched");
    unconfirmed.unconfirmed = Some("the registry is down".to_owned());
    let answers = [fetched("one"), fetched("one"), Ok(unconfirmed), not_found(), fetched("two")];
    let (script, mut remote) = Script::new(answers);
    let source = tagged("1");
    arrival(&mut remote, &source).await;
    remote.news().notified().await;
    let second = remote.module(&source).expect("it has been there all the time");
    assert_eq!(&*second.wasm, b"two");
    let pauses = script.pauses();
    assert!(pauses[..2].iter().all(|pause| (150..=300).contains(pause)), "{pauses:?}");
    assert!(pauses[2] < 2 && pauses[3] == 60, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_there_stays_while_its_registry_fails() {
    let (script, mut remote) = Script::new([fetched("one"), status(503, None)]);
    let source = tagged("1");
    let first = arrival(&mut remote, &source).await;
    let asked = lock(&script.asked).len();
    remote.look_again();
    let mut state = remote.want(&source);
    state.wait_for(|state| state.trouble.is_some()).await.expect("the task lives");
    assert_eq!(lock(&script.asked).len(), asked + 1, "at once");
    assert_eq!(remote.module(&source), Ok(first));
    let state = remote.state(&source).expect("it is wanted");
    assert!(state.trouble.is_some_and(|why| why.contains("503")));
}

#[tokio::test(start_paused = true)]
async fn a_pinned_module_is_not_asked_for_again() {
    let (script, mut remote) = Script::new([fetched("one")]);
    let source = image(None, Some(portico_config::config::Digest([7; 32])));
    arrival(&mut remote, &source).await;
    tokio::time::advance(Duration::from_secs(1_000_000)).await;
    tokio::task::yield_now().await;
    assert_eq!(lock(&script.asked).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wants_is_forgotten() {
    let (script, mut remote) = Script::new([status(503, None)]);
    let (one, two) = (tagged("1"), tagged("2"));
    remote.missing([&one, &two]).expect("both are missing").settled().await;
    remote.retain(|source| *source == one);
    assert!(remote.state(&two).is_none() && remote.state(&one).is_some());
    remote.retain(|_| false);
    tokio::task::yield_now().await;
    let asked = lock(&script.asked).len();
    tokio::time::advance(Duration::from_secs(1_000)).await;
    tokio::task::yield_now().await;
    assert_eq!(lock(&script.asked).len(), asked);
}

#[tokio::test(start_paused = true)]
async fn files_are_read_for_each_attempt() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = |name: &str| folder.path().join(name);
    let (script, mut remote) = Script::new([fetched("one")]);
    let PluginSource::Oci { reference, .. } = tagged("1") else { panic!("it is an image") };
    let access = Access {
        username: Some("gateway".into()),
        password_file: Some(file("password")),
        ca_file: Some(file("ca.pem")),
        ..Access::default()
    };
    let signature = SignaturePolicy::Require(vec![file("cosign.pub")]);
    let source = PluginSource::Oci { reference, access, signature };
    let refusal = async |remote: &mut Remote, part: &str| {
        remote.look_again();
        let mut state = remote.want(&source);
        let says = |state: &State| state.trouble.as_ref().is_some_and(|why| why.contains(part));
        state.wait_for(says).await.expect("the task lives");
    };
    refusal(&mut remote, "password` cannot be read").await;
    fs::write(file("password"), " \n").expect("there is room");
    refusal(&mut remote, "password` holds no text").await;
    fs::write(file("password"), "secret\r\n").expect("there is room");
    refusal(&mut remote, "ca.pem` cannot be read").await;
    fs::write(file("ca.pem"), "certificates").expect("there is room");
    refusal(&mut remote, "cosign.pub` cannot be read").await;
    fs::write(file("cosign.pub"), "nothing").expect("there is room");
    refusal(&mut remote, "cosign.pub` is no key").await;
    let key = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
        -----END PUBLIC KEY-----\n";
    fs::write(file("cosign.pub"), key).expect("there is room");
    remote.look_again();
    arrival(&mut remote, &source).await;
    let asked = lock(&script.asked);
    let [(_, request)] = &asked[..] else { panic!("only the last one was asked") };
    assert_eq!(request.access.password, Some(portico_fetch::Secret::new("secret")));
    assert_eq!(request.access.ca_pem.as_deref(), Some(&b"certificates"[..]));
    let portico_fetch::SignaturePolicy::Require(keys) = &request.signature else {
        panic!("it must be signed")
    };
    assert_eq!(&*keys[0].id().name, "cosign.pub");
}
