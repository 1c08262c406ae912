//! What the host calls in a guest.

use super::Action;
use crate::{host::Open, plugin::Direction, spec::HeaderPause};

/// A callback, or another stretch of time in which the guest runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Callback {
    /// Nothing runs.
    None,
    /// Instantiation and what a language runtime does before the first callback.
    Start,
    ContextCreate,
    VmStart,
    Configure,
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
    Log,
    Done,
    Delete,
    Tick,
    QueueReady,
    HttpCallResponse,
    GrpcInitialMetadata,
    GrpcReceive,
    GrpcTrailingMetadata,
    GrpcClose,
}

impl Callback {
    /// The name of the export.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None | Self::Start => "start",
            Self::ContextCreate => "proxy_on_context_create",
            Self::VmStart => "proxy_on_vm_start",
            Self::Configure => "proxy_on_configure",
            Self::RequestHeaders => "proxy_on_request_headers",
            Self::RequestBody => "proxy_on_request_body",
            Self::RequestTrailers => "proxy_on_request_trailers",
            Self::ResponseHeaders => "proxy_on_response_headers",
            Self::ResponseBody => "proxy_on_response_body",
            Self::ResponseTrailers => "proxy_on_response_trailers",
            Self::Log => "proxy_on_log",
            Self::Done => "proxy_on_done",
            Self::Delete => "proxy_on_delete",
            Self::Tick => "proxy_on_tick",
            Self::QueueReady => "proxy_on_queue_ready",
            Self::HttpCallResponse => "proxy_on_http_call_response",
            Self::GrpcInitialMetadata => "proxy_on_grpc_receive_initial_metadata",
            Self::GrpcReceive => "proxy_on_grpc_receive",
            Self::GrpcTrailingMetadata => "proxy_on_grpc_receive_trailing_metadata",
            Self::GrpcClose => "proxy_on_grpc_close",
        }
    }

    /// The map or buffer that it is about.
    pub(crate) fn opens(self) -> Open {
        match self {
            Self::RequestHeaders => Open::REQUEST_HEADERS,
            Self::RequestBody => Open::REQUEST_BODY,
            Self::RequestTrailers => Open::REQUEST_TRAILERS,
            Self::ResponseHeaders => Open::RESPONSE_HEADERS,
            Self::ResponseBody => Open::RESPONSE_BODY,
            Self::ResponseTrailers => Open::RESPONSE_TRAILERS,
            _ => Open::NOTHING,
        }
    }

    /// The half of the exchange that its answer decides about.
    pub(crate) fn direction(self) -> Option<Direction> {
        match self {
            Self::RequestHeaders | Self::RequestBody | Self::RequestTrailers => {
                Some(Direction::Request)
            }
            Self::ResponseHeaders | Self::ResponseBody | Self::ResponseTrailers => {
                Some(Direction::Response)
            }
            _ => None,
        }
    }

    /// What its answer means, in Envoy's reading of numbers that the ABI does not name.
    pub(crate) fn action(self, answer: i32, pause: HeaderPause) -> Action {
        let headers = matches!(self, Self::RequestHeaders | Self::ResponseHeaders);
        match (answer, pause) {
            (0, _) => Action::Continue,
            // A number that was given up: "continue, and end the stream".
            (2, _) if headers => Action::Continue,
            (1, HeaderPause::Headers) if headers => Action::PauseHead,
            _ => Action::Pause,
        }
    }
}
