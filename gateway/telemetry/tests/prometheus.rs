//! A real Prometheus reads what is exposed. It is looked for in `PATH`, and in the folder that the
//! variable `PROMETHEUS` names; Debian has it in the package `prometheus`.

#![expect(clippy::print_stdout, reason = "who runs the tests should know what was not tested")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use portico_telemetry::{
    expose::{Detail, Family, Format, Histogram, Value, render, requests},
    process::Process,
    series::{Edge, Registry, Sample, Settings, Verb},
};

fn program(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PROMETHEUS").into_iter().chain(env::var_os("PATH"));
    let folders: Vec<_> =
        folders.flat_map(|list| env::split_paths(&list).collect::<Vec<_>>()).collect();
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: no `{name}` in PATH or PROMETHEUS");
    }
    found
}

/// A gateway that has served something, with an exemplar.
fn families() -> Vec<Family> {
    let now = SystemTime::now();
    let registry = Registry::new(&Settings::default(), 1, now).unwrap();
    let entry = registry.series(Edge::entry(&"web".into(), &"shop \"1\"".into(), &"shop/0".into()));
    for millis in [3, 30, 300] {
        let took = Duration::from_millis(millis);
        let sample = Sample { verb: Verb::Get, status: 200, took, ..Sample::default() };
        entry.add(0, &sample);
    }
    let leaf = registry.series(Edge::leaf(&"staff".into(), ([127, 0, 0, 1], 80).into()));
    leaf.add(0, &Sample { reason: Some("refused"), is_retry: true, ..Sample::default() });
    let mut families = requests(&registry, None, Detail::Explicit, now);
    if let Some(Value::Histogram(histogram)) = families
        .first_mut()
        .and_then(|family| family.samples.first_mut())
        .map(|sample| &mut sample.value)
    {
        mark(histogram, now);
    }
    families.extend(Process::default().usage().families(now));
    families
}

fn mark(histogram: &mut Histogram, at: SystemTime) {
    let exemplar = portico_telemetry::expose::Exemplar {
        trace_id: [0xab; 16],
        span_id: [0xcd; 8],
        took: 3_000_000,
        at,
    };
    histogram.exemplars = vec![Some(exemplar)];
}

#[test]
fn promtool_finds_nothing() {
    let Some(promtool) = program("promtool") else { return };
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let page = render(&families(), Format::Prometheus);
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn prometheus_scrapes_series_and_exemplars() {
    let Some(prometheus) = program("prometheus") else { return };
    let folder = tempfile::tempdir().unwrap();
    let target = serve();
    let own = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let config = folder.path().join("prometheus.yml");
    std::fs::write(
        &config,
        format!(
            "global: {{scrape_interval: 1s}}\n\
             scrape_configs: [{{job_name: gateway, static_configs: [{{targets: ['{target}']}}]}}]\n"
        ),
    )
    .unwrap();
    let child = Command::new(prometheus)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={own}"))
        .arg("--enable-feature=exemplar-storage")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running(child);
    let count = "http_server_request_duration_seconds_bucket%7Ble%3D%220.05%22%7D";
    let found = eventually(own, &format!("/api/v1/query?query={count}"), r#","2"]"#);
    for part in [
        r#""http_route":"shop \"1\"""#,
        r#""http_response_status_code":"200""#,
        r#""url_scheme":"http""#,
    ] {
        assert!(found.contains(part), "{found}");
    }
    let query = "/api/v1/query?query=http_client_request_duration_seconds_count";
    let found = eventually(own, query, r#","1"]"#);
    assert!(found.contains(r#""error_type":"refused""#), "{found}");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let name = "http_server_request_duration_seconds_bucket";
    let range = format!("start={}&end={}", now - 600, now + 600);
    let query = format!("/api/v1/query_exemplars?query={name}&{range}");
    eventually(own, &query, &format!(r#""trace_id":"{}""#, "ab".repeat(16)));
    let found = eventually(own, "/api/v1/query?query=process_resident_memory_bytes", "\"value\"");
    assert!(found.contains(r#""job":"gateway""#), "{found}");
    let found =
        eventually(own, "/api/v1/metadata?metric=http_server_request_duration_seconds", "unit");
    assert!(found.contains(r#""type":"histogram""#) && found.contains(r#""unit":"seconds""#));
}

/// A server with one page, in the format that each scraper asks for.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let families = Arc::new(families());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, families) = (stream.unwrap(), families.clone());
            thread::spawn(move || answer(stream, &families));
        }
    });
    address
}

fn answer(mut stream: TcpStream, families: &[Family]) {
    let mut accept = None;
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let Ok(line) = line else { return };
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("accept")
        {
            accept = Some(value.trim().to_owned());
        }
    }
    let format = Format::of(accept.as_deref());
    let (kind, page) = (format.content_type(), render(families, format));
    let head = format!("content-type: {kind}\r\ncontent-length: {}", page.len());
    let _ = write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n\r\n{page}");
}

/// Asks until the answer has a text in it. Prometheus needs a second to start and one to scrape.
fn eventually(of: SocketAddr, path: &str, text: &str) -> String {
    let began = std::time::Instant::now();
    let mut answer = String::new();
    while began.elapsed() < Duration::from_secs(30) {
        answer = get(of, path).unwrap_or_default();
        if answer.contains(text) {
            return answer;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{path}: no {text} in {answer}");
}

fn get(of: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(of)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
