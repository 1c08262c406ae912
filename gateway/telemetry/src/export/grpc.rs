//! OTLP over gRPC.

use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, Uri, uri::PathAndQuery};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tonic::{
    Request, Status, client,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

use super::{
    Settings, Signal, StartError,
    retry::{Verdict, of_code},
    tls,
};

/// An answer holds a number and a sentence.
pub(super) const ANSWER_BYTES: usize = 64 << 10;

#[derive(Clone, Debug)]
pub(super) struct Grpc {
    endpoint: Endpoint,
    /// Made inside of the runtime that uses it.
    channel: Option<Channel>,
    metadata: MetadataMap,
    gzip: bool,
}

impl Grpc {
    pub(super) fn new(settings: &Settings, headers: HeaderMap) -> Result<Self, StartError> {
        let wrong = StartError::Endpoint;
        let uri: Uri = settings.endpoint.parse().map_err(|_| wrong("is no address"))?;
        super::http::check(&uri)?;
        if !matches!(uri.path(), "" | "/") {
            return Err(wrong("has a path, which gRPC cannot use"));
        }
        let secure = uri.scheme_str() == Some("https");
        let mut endpoint = Endpoint::from(uri).connect_timeout(settings.timeout);
        if secure {
            let config = tls::grpc(&settings.tls)?;
            endpoint = endpoint.tls_config(config).map_err(|error| tls::error(&error))?;
        }
        endpoint = endpoint
            .user_agent(super::http::AGENT)
            .map_err(|_| wrong("cannot be given our name"))?;
        let metadata = MetadataMap::from_headers(headers);
        Ok(Self { endpoint, channel: None, metadata, gzip: settings.gzip })
    }

    pub(super) fn forget(&mut self) {
        self.channel = None;
    }

    pub(super) async fn send(&mut self, signal: Signal, body: Bytes) -> Verdict {
        let channel = self.channel.get_or_insert_with(|| self.endpoint.connect_lazy());
        // Some receivers answer as they are asked, whatever we said that we accept.
        let mut client = client::Grpc::new(channel.clone())
            .max_decoding_message_size(ANSWER_BYTES)
            .accept_compressed(CompressionEncoding::Gzip);
        if self.gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        if let Err(error) = client.ready().await {
            let why = tls::last_cause(&error);
            return Verdict::Later { why, after: None };
        }
        let mut request = Request::new(body);
        *request.metadata_mut() = self.metadata.clone();
        match client.unary(request, path(signal), Raw).await {
            Ok(answer) => accepted(answer.into_inner()),
            Err(status) => refused(&status),
        }
    }
}

/// All three signals answer with the same fields.
pub(super) fn accepted(answer: Bytes) -> Verdict {
    let partial = ExportTraceServiceResponse::decode(answer).ok().and_then(|it| it.partial_success);
    let (rejected, message) = partial.map_or((0, String::new()), |partial| {
        (usize::try_from(partial.rejected_spans).unwrap_or(0), partial.error_message)
    });
    Verdict::Accepted { rejected, message }
}

fn refused(status: &Status) -> Verdict {
    let message = match std::error::Error::source(status) {
        Some(cause) => tls::last_cause(cause),
        None => status.message().to_owned(),
    };
    let why = format!("{:?}: {message}", status.code());
    of_code(status.code(), status.details(), why)
}

fn path(signal: Signal) -> PathAndQuery {
    PathAndQuery::from_static(match signal {
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    })
}

/// Messages that are encoded already.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
