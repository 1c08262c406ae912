//! The callbacks of a stream, from its creation to its end.

use super::{Instance, Stopped};
use crate::{
    abi::{Action, Callback},
    stream::Stream,
};

/// What a body callback answers whose bytes are not to be kept; Envoy reads larger numbers so too.
const NO_BUFFER: i32 = 3;

impl Instance {
    /// Creates a context for a stream under a root, and calls the request phase. Answers the
    /// context's id.
    pub(crate) fn request_headers(
        &mut self,
        root: i32,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<(i32, Action), Stopped> {
        let fields = count(stream.as_ref().map_or(0, |stream| stream.request.len()));
        let context = self.begin_created(root, stream, end_of_stream);
        let callback = Callback::RequestHeaders;
        let result = self.call_create(context, root).and_then(|()| {
            self.store.data_mut().go_on(callback);
            if self.exports.on_request_headers_0_1.is_some() {
                let params = (context, fields);
                return self.call(callback, context, |e| &e.on_request_headers_0_1, params);
            }
            let params = (context, fields, i32::from(end_of_stream));
            self.call(callback, context, |e| &e.on_request_headers, params)
        });
        let action = self.conclude(callback, context, result, stream)?;
        Ok((context, action))
    }

    /// Creates a context for a stream that never reached the filter, so that it can be logged.
    pub(crate) fn create(
        &mut self,
        root: i32,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<i32, Stopped> {
        let context = self.begin_created(root, stream, true);
        let result = self.call_create(context, root);
        *stream = self.store.data_mut().finish().0;
        result.map(|()| context)
    }

    fn begin_created(
        &mut self,
        root: i32,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> i32 {
        let host = self.store.data_mut();
        let context = host.contexts.create(root);
        host.begin(Callback::ContextCreate, context, stream.take(), end_of_stream);
        context
    }

    fn call_create(&mut self, context: i32, root: i32) -> Result<(), Stopped> {
        let params = (context, root);
        self.call(Callback::ContextCreate, context, |e| &e.on_context_create, params).map(drop)
    }

    pub(crate) fn response_headers(
        &mut self,
        context: i32,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Stopped> {
        let fields = count(stream.as_ref().map_or(0, |stream| stream.response.len()));
        let callback = Callback::ResponseHeaders;
        self.store.data_mut().begin(callback, context, stream.take(), end_of_stream);
        let result = if self.exports.on_response_headers_0_1.is_some() {
            self.call(callback, context, |e| &e.on_response_headers_0_1, (context, fields))
        } else {
            let params = (context, fields, i32::from(end_of_stream));
            self.call(callback, context, |e| &e.on_response_headers, params)
        };
        self.conclude(callback, context, result, stream)
    }

    /// A piece of a body, of the request or the response.
    pub(crate) fn body(
        &mut self,
        callback: Callback,
        context: i32,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Stopped> {
        let size = count(stream.as_ref().map_or(0, |stream| stream.body.len()));
        self.store.data_mut().begin(callback, context, stream.take(), end_of_stream);
        let params = (context, size, i32::from(end_of_stream));
        let result = if callback == Callback::RequestBody {
            self.call(callback, context, |e| &e.on_request_body, params)
        } else {
            self.call(callback, context, |e| &e.on_response_body, params)
        };
        let kept = !matches!(result, Ok(Some(answer)) if !(0..NO_BUFFER).contains(&answer));
        let action = self.conclude(callback, context, result, stream)?;
        if let (Action::Pause, false, Some(stream)) = (action, kept, stream) {
            stream.body.clear();
        }
        Ok(action)
    }

    pub(crate) fn trailers(
        &mut self,
        callback: Callback,
        context: i32,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Stopped> {
        let of_request = callback == Callback::RequestTrailers;
        let fields = stream.as_ref().map_or(0, |stream| {
            if of_request { stream.request_trailers.len() } else { stream.response_trailers.len() }
        });
        self.store.data_mut().begin(callback, context, stream.take(), true);
        let params = (context, count(fields));
        let result = if of_request {
            self.call(callback, context, |e| &e.on_request_trailers, params)
        } else {
            self.call(callback, context, |e| &e.on_response_trailers, params)
        };
        self.conclude(callback, context, result, stream)
    }

    /// The stream is over, and the filter may say so.
    pub(crate) fn log(
        &mut self,
        context: i32,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Stopped> {
        self.store.data_mut().begin(Callback::Log, context, stream.take(), true);
        let result = self.call(Callback::Log, context, |e| &e.on_log, context);
        *stream = self.store.data_mut().finish().0;
        result.map(drop)
    }

    /// The end of a context, once: `done`, then `delete`. As on Envoy, a stream's context is deleted
    /// whatever `done` answers; only root contexts are waited for.
    pub(crate) fn end(
        &mut self,
        context: i32,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Stopped> {
        if !self.store.data().contexts.knows(context) {
            return Ok(());
        }
        self.store.data_mut().begin(Callback::Done, context, stream.take(), true);
        let result = self.call(Callback::Done, context, |e| &e.on_done, context).and_then(|_| {
            self.store.data_mut().go_on(Callback::Delete);
            self.call(Callback::Delete, context, |e| &e.on_delete, context)
        });
        let host = self.store.data_mut();
        *stream = host.finish().0;
        host.contexts.remove(context);
        result.map(drop)
    }

    /// Gives the stream back, and reads what the guest has decided. A callback that is left out
    /// decides to go on.
    fn conclude(
        &mut self,
        callback: Callback,
        context: i32,
        result: Result<Option<i32>, Stopped>,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Stopped> {
        let pause = self.store.data().spec.header_pause;
        let host = self.store.data_mut();
        let (back, resumed) = host.finish();
        *stream = back;
        let answer = result?.filter(|_| !resumed);
        let action = answer.map_or(Action::Continue, |answer| callback.action(answer, pause));
        if action == Action::Continue {
            let open = host.contexts.open(context).without(callback.opens());
            host.contexts.set_open(context, open);
        }
        Ok(action)
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
