//! What the outside brings: answers of call-outs, ticks, items in queues. All of it is told to root
//! contexts, which make a stream's context the effective one to act on it.

use super::{Instance, Stopped};
use crate::{
    abi::{BROKEN_CONNECTION, Callback},
    host::OpenCall,
    outside::{GrpcEvent, HttpCallResponse},
};

impl Instance {
    /// The answer to an HTTP call. A call that was cancelled meanwhile has none.
    pub(crate) fn http_response(
        &mut self,
        root: i32,
        token: u32,
        response: Option<HttpCallResponse>,
    ) -> Result<(), Stopped> {
        let host = self.store.data_mut();
        let Some(OpenCall::Http(_)) = host.calls.get(token) else { return Ok(()) };
        host.calls.ended(token, response.as_ref().and_then(status));
        let Some(OpenCall::Http(running)) = host.calls.remove(token) else { return Ok(()) };
        running.answered();
        if response.is_none() {
            host.delivery.status = (BROKEN_CONNECTION, "reset".to_owned());
        }
        let sizes = response.as_ref().map_or((0, 0, 0), |response| {
            let HttpCallResponse { headers, body, trailers } = response;
            (count(headers.len()), count(body.len()), count(trailers.len()))
        });
        host.delivery.http = response;
        let params = (root, token.cast_signed(), sizes.0, sizes.1, sizes.2);
        self.deliver(Callback::HttpCallResponse, root, |this, callback| {
            this.call(callback, root, |e| &e.on_http_call_response, params)
        })
    }

    /// An event of a gRPC call or stream. False: nobody listens for more.
    pub(crate) fn grpc(&mut self, root: i32, token: u32, event: GrpcEvent) -> (bool, Outcome) {
        let host = self.store.data_mut();
        let (unary, closed_there) = match host.calls.get(token) {
            Some(OpenCall::GrpcCall(_)) => (true, false),
            Some(OpenCall::GrpcStream { closed_there, .. }) => (false, *closed_there),
            _ => return (false, Ok(())),
        };
        if closed_there {
            return (false, Ok(()));
        }
        let number = token.cast_signed();
        let outcome = match event {
            // A unary call tells nothing but its message, or why there is none.
            GrpcEvent::InitialMetadata(_) | GrpcEvent::TrailingMetadata(_) if unary => Ok(()),
            GrpcEvent::InitialMetadata(pairs) => {
                let params = (root, number, count(pairs.len()));
                host.delivery.initial_metadata = Some(pairs);
                self.deliver(Callback::GrpcInitialMetadata, root, |this, callback| {
                    this.call(callback, root, |e| &e.on_grpc_initial_metadata, params)
                })
            }
            GrpcEvent::Message(message) => {
                if unary {
                    host.calls.ended(token, Some(0));
                    drop(host.calls.remove(token));
                }
                let params = (root, number, count(message.len()));
                host.delivery.message = Some(message);
                self.deliver(Callback::GrpcReceive, root, |this, callback| {
                    this.call(callback, root, |e| &e.on_grpc_receive, params)
                })
            }
            GrpcEvent::TrailingMetadata(pairs) => {
                let params = (root, number, count(pairs.len()));
                host.delivery.trailing_metadata = Some(pairs);
                self.deliver(Callback::GrpcTrailingMetadata, root, |this, callback| {
                    this.call(callback, root, |e| &e.on_grpc_trailing_metadata, params)
                })
            }
            GrpcEvent::Closed { status, message } => {
                let limit = self.limits.calls;
                host.calls.ended(token, u16::try_from(status).ok());
                host.calls.close_there(token, limit);
                host.delivery.status = (status.cast_unsigned(), message);
                let params = (root, number, status);
                self.deliver(Callback::GrpcClose, root, |this, callback| {
                    this.call(callback, root, |e| &e.on_grpc_close, params)
                })
            }
        };
        let listens =
            self.store.data().calls.get(token).is_some_and(|call| {
                !matches!(call, OpenCall::GrpcStream { closed_there: true, .. })
            });
        (listens, outcome)
    }

    pub(crate) fn tick(&mut self, root: i32) -> Result<(), Stopped> {
        self.deliver(Callback::Tick, root, |this, callback| {
            this.call(callback, root, |e| &e.on_tick, root)
        })
    }

    pub(crate) fn queue_ready(&mut self, root: i32, queue: u32) -> Result<(), Stopped> {
        let params = (root, queue.cast_signed());
        self.deliver(Callback::QueueReady, root, |this, callback| {
            this.call(callback, root, |e| &e.on_queue_ready, params)
        })
    }

    fn deliver(
        &mut self,
        callback: Callback,
        root: i32,
        call: impl FnOnce(&mut Self, Callback) -> Result<Option<()>, Stopped>,
    ) -> Result<(), Stopped> {
        self.store.data_mut().begin(callback, root, None, false);
        let result = call(self, callback);
        let host = self.store.data_mut();
        host.finish();
        host.delivery.clear();
        result.map(drop)
    }
}

/// Whether the callback returned.
pub(crate) type Outcome = Result<(), Stopped>;

/// The status of an answer.
fn status(response: &HttpCallResponse) -> Option<u16> {
    let (_, value) = response.headers.iter().find(|(name, _)| &**name == b":status")?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
