//! An OTLP receiver that does as it is told.

use std::{
    collections::VecDeque,
    io::Read as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::HeaderMap;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use prost::Message as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tonic::{
    Code, Request, Response, Status,
    codec::CompressionEncoding,
    transport::{
        Server,
        server::{ServerTlsConfig, TcpIncoming},
    },
};

use crate::export::Protocol;

/// What to do with a request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Over gRPC, a code with details and a message.
    Code(Code, Vec<u8>, String),
    /// Close the connection after the request was read. HTTP only.
    Cut,
    Hang,
    Partial(i64, &'static str),
    /// Over HTTP, a status and further headers.
    Status(u16, &'static str),
    Take,
}

/// What it got, and what it shall do next; when there is nothing left to do, it takes.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) acts: VecDeque<Act>,
    pub(super) traces: Vec<ExportTraceServiceRequest>,
    pub(super) logs: Vec<ExportLogsServiceRequest>,
    pub(super) metrics: Vec<ExportMetricsServiceRequest>,
    pub(super) headers: Vec<HeaderMap>,
    /// Also those that it did not take.
    pub(super) requests: usize,
}

/// Stops when it is dropped.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    pub(super) book: Arc<Mutex<Book>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Service(Arc<Mutex<Book>>);

impl Receiver {
    pub(super) async fn start(protocol: Protocol, acts: Vec<Act>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), protocol, acts).await
    }

    pub(super) async fn start_at(at: SocketAddr, protocol: Protocol, acts: Vec<Act>) -> Self {
        let book = Arc::new(Mutex::new(Book { acts: acts.into(), ..Book::default() }));
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = Service(Arc::clone(&book));
        let task = match protocol {
            Protocol::Grpc => tokio::spawn(serve_grpc(listener, service, None)),
            Protocol::Http => tokio::spawn(serve_http(listener, service)),
        };
        Self { address, book, task }
    }

    pub(super) async fn with_tls(tls: ServerTlsConfig) -> Self {
        let book = Arc::<Mutex<Book>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve_grpc(listener, Service(Arc::clone(&book)), Some(tls)));
        Self { address, book, task }
    }

    pub(super) async fn with_https(config: rustls::ServerConfig) -> Self {
        let book = Arc::<Mutex<Book>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = Service(Arc::clone(&book));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    connection(stream, service.clone()).await;
                }
            }
        });
        Self { address, book, task }
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        look(&mut self.book.lock().unwrap())
    }

    /// The names of all spans that it took, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.look(|book| {
            let resources = book.traces.iter().flat_map(|request| &request.resource_spans);
            let scopes = resources.flat_map(|resource| &resource.scope_spans);
            let mut names: Vec<_> =
                scopes.flat_map(|scope| scope.spans.iter().map(|span| span.name.clone())).collect();
            names.sort();
            names
        })
    }

    /// Closes its socket and every connection.
    pub(super) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    async fn act(&self, headers: HeaderMap) -> Result<Option<ExportTracePartialSuccess>, Status> {
        let act = {
            let mut book = self.0.lock().unwrap();
            book.requests += 1;
            book.headers.push(headers);
            book.acts.pop_front().unwrap_or(Act::Take)
        };
        match act {
            Act::Code(code, details, message) => {
                Err(Status::with_details(code, message, details.into()))
            }
            Act::Cut | Act::Hang => {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                Ok(None)
            }
            Act::Partial(rejected_spans, message) => Ok(Some(ExportTracePartialSuccess {
                rejected_spans,
                error_message: message.into(),
            })),
            Act::Status(..) | Act::Take => Ok(None),
        }
    }
}

async fn serve_grpc(listener: TcpListener, service: Service, tls: Option<ServerTlsConfig>) {
    let gzip = CompressionEncoding::Gzip;
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).unwrap();
    }
    server
        .add_service(
            TraceServiceServer::new(service.clone()).accept_compressed(gzip).send_compressed(gzip),
        )
        .add_service(
            LogsServiceServer::new(service.clone()).accept_compressed(gzip).send_compressed(gzip),
        )
        .add_service(
            MetricsServiceServer::new(service).accept_compressed(gzip).send_compressed(gzip),
        )
        .serve_with_incoming(TcpIncoming::from(listener))
        .await
        .unwrap();
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let partial_success = self.act(metadata.into_headers()).await?;
        self.0.lock().unwrap().traces.push(request);
        Ok(Response::new(ExportTraceServiceResponse { partial_success }))
    }
}

#[tonic::async_trait]
impl LogsService for Service {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        self.act(metadata.into_headers()).await?;
        self.0.lock().unwrap().logs.push(request);
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Service {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        self.act(metadata.into_headers()).await?;
        self.0.lock().unwrap().metrics.push(request);
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

async fn serve_http(listener: TcpListener, service: Service) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, service.clone()));
    }
}

/// As much of HTTP/1.1 as the exporter's client speaks.
async fn connection(mut stream: impl AsyncRead + AsyncWrite + Unpin, service: Service) {
    while let Some((path, headers, body)) = read(&mut stream).await {
        let act = {
            let mut book = service.0.lock().unwrap();
            book.requests += 1;
            book.headers.push(headers);
            book.acts.pop_front().unwrap_or(Act::Take)
        };
        let (status, more, answer) = match act {
            Act::Code(..) | Act::Cut => return,
            Act::Hang => std::future::pending().await,
            Act::Partial(rejected_spans, message) => {
                take(&service, &path, &body);
                let partial =
                    ExportTracePartialSuccess { rejected_spans, error_message: message.into() };
                let answer = ExportTraceServiceResponse { partial_success: Some(partial) };
                (200, "", answer.encode_to_vec())
            }
            Act::Status(status, more) => {
                let message = "you said Bearer s3cr3t-s3cr3t".to_owned();
                let said = crate::export::retry::RpcStatus { message, ..Default::default() };
                (status, more, said.encode_to_vec())
            }
            Act::Take => {
                take(&service, &path, &body);
                (200, "", Vec::new())
            }
        };
        let length = answer.len();
        let head = format!("HTTP/1.1 {status} so\r\n{more}content-length: {length}\r\n\r\n");
        if stream.write_all(&[head.as_bytes(), &answer].concat()).await.is_err() {
            return;
        }
    }
}

fn take(service: &Service, path: &str, body: &[u8]) {
    let mut book = service.0.lock().unwrap();
    match path.rsplit('/').next().unwrap() {
        "traces" => book.traces.push(ExportTraceServiceRequest::decode(body).unwrap()),
        "logs" => book.logs.push(ExportLogsServiceRequest::decode(body).unwrap()),
        "metrics" => book.metrics.push(ExportMetricsServiceRequest::decode(body).unwrap()),
        other => panic!("nobody expects `{other}`"),
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, HeaderMap, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let fields = lines.filter_map(|line| line.split_once(": "));
    let headers: HeaderMap =
        fields.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let mut body = bytes.split_off(end);
    if headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&*body).read_to_end(&mut plain).unwrap();
        body = plain;
    }
    Some((path, headers, body))
}
