//! CNCF Distribution, the registry behind most others, as `tests/registry.sh` builds it: TLS,
//! passwords, uploads and signatures as in production.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
};

use portico_fetch::{Digest, FetchError, Fetcher, Request, Secret, SignaturePolicy, Source};
use reqwest::{Client, Method, StatusCode, Url, header::CONTENT_TYPE};
use tokio_rustls::rustls;

use crate::{
    PASSWORD, failure,
    images::{Image, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, gzip, index, tar},
    request,
    server::Authority,
    signed::{key, signature},
    success, wasm, with_password,
};

/// The version that `tests/registry.sh` builds.
const FOLDER: &str = "portico/registry-v3.1.2";
/// User `gateway` with the password of these tests.
const USERS: &str = "gateway:$2b$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS\n";

struct Distribution {
    process: Child,
    address: String,
    client: Client,
}

impl Distribution {
    /// A registry in this folder. Only who knows the password is let in.
    fn start(binary: &Path, folder: &Path, authority: &Authority) -> Self {
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).expect("there is room");
            path.display().to_string()
        };
        let (certificate, key) = authority.issue();
        let (certificate, key) = (file("server.pem", &certificate), file("server.key", &key));
        let (users, storage) = (file("users", USERS), folder.join("storage"));
        let configuration = format!(
            "version: 0.1\n\
             log: {{level: info, formatter: text}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:0', tls: {{certificate: {certificate}, key: {key}}}}}\n\
             auth: {{htpasswd: {{realm: test, path: {users}}}}}\n",
            storage.display()
        );
        let mut process = Command::new(binary)
            .args(["serve", &file("registry.yml", &configuration)])
            .env("OTEL_TRACES_EXPORTER", "none")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it can be started");
        let log = BufReader::new(process.stderr.take().expect("it is piped"));
        let (found, address) = mpsc::channel();
        // To its end, or the registry would wait for someone to read.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let address = rest.split([',', '"', ' ']).next().unwrap_or_default();
                    let _known_already = found.send(address.to_owned());
                }
            }
        });
        let address = address.recv().expect("it says where it listens");
        Self { process, address, client: client(authority) }
    }

    async fn push(&self, image: &Image, tag: &str) -> Digest {
        for blob in &image.blobs {
            self.push_blob(blob).await;
        }
        self.push_manifest(image.json(), OCI_MANIFEST, tag).await
    }

    async fn push_blob(&self, blob: &[u8]) {
        let uploads = format!("https://{}/v2/team/guard/blobs/uploads/", self.address);
        let started = self.ask(Method::POST, &uploads, "", Vec::new()).await;
        let location = started.headers()["location"].to_str().expect("it is text");
        let mut upload = Url::parse(&uploads).and_then(|base| base.join(location)).expect("a URL");
        upload.query_pairs_mut().append_pair("digest", &Digest::of(blob).to_string());
        let put = self.ask(Method::PUT, upload.as_str(), "application/octet-stream", blob.into());
        assert_eq!(put.await.status(), StatusCode::CREATED);
    }

    async fn push_manifest(&self, json: Vec<u8>, media_type: &str, tag: &str) -> Digest {
        let digest = Digest::of(&json);
        let url = format!("https://{}/v2/team/guard/manifests/{tag}", self.address);
        let put = self.ask(Method::PUT, &url, media_type, json).await;
        assert_eq!(put.status(), StatusCode::CREATED, "{tag}");
        digest
    }

    async fn ask(&self, method: Method, url: &str, of: &str, body: Vec<u8>) -> reqwest::Response {
        let request = self.client.request(method, url).basic_auth("gateway", Some(PASSWORD));
        request.header(CONTENT_TYPE, of).body(body).send().await.expect("it answers")
    }

    fn image(&self, what: &str, authority: &Authority) -> Request {
        let reference = format!("{}/team/guard{what}", self.address).parse().expect("a reference");
        let mut request = with_password(request(Source::Oci { reference, digest: None }));
        request.access.ca_pem = Some(authority.pem.as_bytes().into());
        request
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended_already = self.process.wait();
    }
}

fn client(authority: &Authority) -> Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der()).expect("it is a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the default ones")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).no_proxy();
    client.build().expect("all of it is valid")
}

fn binary() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join(FOLDER).join("registry")).filter(|path| path.is_file())
}

#[tokio::test]
async fn a_real_registry() {
    let Some(binary) = binary() else {
        println!("skipped: there is no registry in ~/.cache/{FOLDER}; tests/registry.sh builds it");
        return;
    };
    let folder = tempfile::tempdir().expect("there is room");
    let authority = Authority::new();
    let registry = Distribution::start(&binary, folder.path(), &authority);
    let cached = || Fetcher::new(Some(folder.path().join("cache")));

    // A tag that moves.
    let one = registry.push(&Image::wasm(&wasm("1")), "1").await;
    let tagged = registry.image(":1", &authority);
    let first = success(&cached(), &tagged).await;
    assert_eq!((&*first.wasm, first.resolved, first.from_cache), (&*wasm("1"), one, false));
    assert!(success(&cached(), &tagged).await.from_cache);
    let two = registry.push(&Image::wasm(&wasm("2")), "1").await;
    let moved = success(&cached(), &tagged).await;
    assert_eq!((&*moved.wasm, moved.resolved), (&*wasm("2"), two));
    let pinned = registry.image(&format!(":1@{one}"), &authority);
    assert_eq!(&*success(&Fetcher::new(None), &pinned).await.wasm, wasm("1"));

    // Other layouts.
    let layer = gzip(&tar(&[("plugin.wasm", &wasm("3"))]));
    let archive = Image::new(OCI_CONFIG, &[(OCI_LAYER, layer)]);
    registry.push(&archive, "archive").await;
    let images = index(&[(&archive, "linux", "amd64")]);
    registry.push_manifest(images, OCI_INDEX, "index").await;
    for tag in [":archive", ":index"] {
        let fetched = success(&Fetcher::new(None), &registry.image(tag, &authority)).await;
        assert_eq!(&*fetched.wasm, wasm("3"), "{tag}");
    }

    // Signatures.
    let (own, public) = key();
    let mut signed = registry.image(":1", &authority);
    signed.signature = SignaturePolicy::Require([public.clone()].into());
    assert!(matches!(failure(&cached(), &signed).await, FetchError::Untrusted { .. }));
    registry.push(&signature(&[&own], two), &format!("sha256-{}.sig", two.hex())).await;
    let fetched = success(&cached(), &signed).await;
    assert_eq!(fetched.signature, Some(Ok(public.id().clone())));

    // Those who are not let in, and what is not there.
    let mut wrong = tagged.clone();
    wrong.access.password = Some(Secret::new("guess"));
    assert!(matches!(failure(&cached(), &wrong).await, FetchError::Denied { status: 401, .. }));
    wrong.access.username = None;
    assert!(matches!(failure(&cached(), &wrong).await, FetchError::Denied { status: 401, .. }));
    let missing = registry.image(":missing", &authority);
    assert!(matches!(failure(&cached(), &missing).await, FetchError::NotFound { .. }));
    drop(registry);
    assert!(success(&cached(), &tagged).await.unconfirmed.is_some());
}
