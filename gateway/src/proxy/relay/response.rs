//! The way back: from the service through the filters to the client.

use bytes::{Bytes, BytesMut};
use http::{StatusCode, header};
use pingora::{
    Error, ErrorType,
    http::{RequestHeader, ResponseHeader},
    protocols::http::HttpTask,
};

use super::{AT_ONCE, Relay, at_once, framing};
use crate::{
    chain::{
        self, Newer, Verdict, body,
        pause::{self, Direction},
    },
    forward, intake,
    order::Order,
    proxy::{Broken, expired},
};

impl Relay<'_> {
    /// Something came from the service.
    pub(super) async fn on_task(&mut self, task: HttpTask) -> Result<(), Broken> {
        match task {
            HttpTask::Header(head, end) => {
                self.on_response_head(head, end).await?;
                if self.answer.is_some() && !self.exchange.filters.response.ended {
                    // The first piece of the body has mostly come with the head; then both leave
                    // in one packet.
                    self.on_first_piece().await?;
                }
            }
            HttpTask::Body(piece, end) => self.on_body_piece(piece, end).await?,
            HttpTask::UpgradedBody(piece, end) => return self.on_upgraded_piece(piece, end).await,
            HttpTask::Done | HttpTask::Trailer(_) => self.on_piece(None, true)?,
            HttpTask::Failed(error) => return Err(error.into_up().into()),
        }
        self.send_response().await
    }

    async fn on_first_piece(&mut self) -> Result<(), Broken> {
        if !pause::takes_more(self.exchange, Direction::Response) {
            return Ok(());
        }
        match self.already_there().await {
            Some(Ok(HttpTask::Body(piece, end))) => self.on_body_piece(piece, end).await,
            Some(Ok(HttpTask::Done | HttpTask::Trailer(_))) => self.on_piece(None, true),
            Some(Ok(_)) | None => Ok(()),
            Some(Err(error)) => Err(error.into_up().into()),
        }
    }

    /// What the service has sent already.
    async fn already_there(&mut self) -> Option<pingora::Result<HttpTask>> {
        at_once(self.upstream.read_response_task()).await
    }

    /// A piece of the body. Filters are shown what is there at once, as by Envoy, and not as it was
    /// cut by a buffer.
    async fn on_body_piece(&mut self, piece: Option<Bytes>, mut end: bool) -> Result<(), Broken> {
        if !self.seen[1] || end {
            return self.on_piece(piece, end);
        }
        let mut whole = BytesMut::from(piece.unwrap_or_default());
        while whole.len() < AT_ONCE && !end {
            match self.already_there().await {
                Some(Ok(HttpTask::Body(more, ended))) => {
                    whole.extend_from_slice(&more.unwrap_or_default());
                    end = ended;
                }
                Some(Ok(_)) => end = true,
                Some(Err(error)) => return Err(error.into_up().into()),
                None => break,
            }
        }
        self.on_piece(Some(whole.freeze()), end)
    }

    async fn on_response_head(
        &mut self,
        mut head: Box<ResponseHeader>,
        end: bool,
    ) -> Result<(), Broken> {
        let upgraded = head.status == StatusCode::SWITCHING_PROTOCOLS;
        if upgraded && !self.client.is_upgrade_req() {
            let error = Error::explain(ErrorType::InvalidHTTPHeader, "101 was not asked for");
            return Err(error.into_up().into());
        }
        if head.status.is_informational() && !upgraded {
            return self.write(vec![HttpTask::Header(head, false)]).await.map(drop);
        }
        let now = self.exchange.notes.now();
        if let Some(attempt) = self.exchange.notes.current() {
            (attempt.first_byte, attempt.status) = (now, head.status.as_u16());
        }
        if let Some(failure) = expired(self.exchange) {
            return Err(failure.into());
        }
        if self.exchange.connection.is_gone() {
            self.client.set_keepalive(None);
        }
        self.limit_rest(upgraded);
        if !upgraded {
            let order = Order::of_wire(&self.upstream.get_headers_raw_bytes(), &head.headers);
            self.exchange.filters.response.order = order;
            intake::strip_response(&mut head)?;
        }
        forward::service_time(self.exchange, &mut head)?;
        if self.exchange.filters.stream.is_some() {
            self.exchange.note_details("via_upstream".into());
        }
        if end {
            self.exchange.note_upstream_done();
        }
        let alone = end || has_no_body(self.client.req_header(), &head);
        let verdict = chain::on_response(self.exchange, &mut head, alone && !upgraded)?;
        if let Verdict::Answer(answer) = verdict {
            return Err(answer.into());
        }
        self.answer = Some(head);
        self.upstream_done |= end && !upgraded;
        self.exchange.filters.response.ended |= alone || upgraded;
        Ok(())
    }

    /// From here on the connection's clock counts.
    fn limit_rest(&mut self, upgraded: bool) {
        if upgraded {
            // A conversation lasts as long as it does.
            self.exchange.deadline = None;
            self.client.set_read_timeout(None);
        }
        match &self.exchange.deadline {
            Some(deadline) => self.exchange.connection.cut_at(deadline.at),
            None => self.exchange.connection.release(),
        }
    }

    /// A piece of the response's body, or its end.
    fn on_piece(&mut self, piece: Option<Bytes>, end: bool) -> Result<(), Broken> {
        self.upstream_done |= end;
        if end {
            self.exchange.note_upstream_done();
        }
        if self.exchange.filters.response.ended {
            return Ok(());
        }
        let piece = piece.unwrap_or_default();
        if self.seen[1] {
            return body::push(self.exchange, Direction::Response, piece, end);
        }
        let way = &mut self.exchange.filters.response;
        way.ended |= end;
        if !piece.is_empty() {
            way.out.push(piece);
        }
        Ok(())
    }

    async fn on_upgraded_piece(&mut self, piece: Option<Bytes>, end: bool) -> Result<(), Broken> {
        self.write(vec![HttpTask::UpgradedBody(piece, end)]).await?;
        if end {
            self.upstream_done = true;
            self.response_done = true;
            self.request_done = true;
            self.reusable = false;
        }
        Ok(())
    }

    /// Sends what has passed the filters of the response.
    pub(super) async fn send_response(&mut self) -> Result<(), Broken> {
        let mut tasks = Vec::with_capacity(3);
        if let Some(mut head) = self.answer.take() {
            let verdict = pause::advance_response(self.exchange, &mut head)?;
            if matches!(verdict, Verdict::Wait) || !self.frame(&mut head)? {
                self.answer = Some(head);
                return Ok(());
            }
            let upgraded = head.status == StatusCode::SWITCHING_PROTOCOLS;
            self.exchange.notes.answered(head.status.as_u16());
            let order = self.exchange.filters.response.order.take();
            self.exchange.connection.answering(self.client.req_header().version, order);
            let own = self.exchange.filters.response.newer == Newer::Head;
            let closes = self.client.get_keepalive().is_none();
            self.exchange.note_head(own.then_some(&*head), closes);
            forward::response(self.exchange, &mut head)?;
            tasks.push(HttpTask::Header(head, false));
            if upgraded {
                return self.switch(tasks).await;
            }
        } else if self.client.response_written().is_none_or(|head| head.status.is_informational()) {
            return Ok(());
        }
        self.send_pieces(tasks).await
    }

    async fn send_pieces(&mut self, mut tasks: Vec<HttpTask>) -> Result<(), Broken> {
        if self.response_done {
            return Ok(());
        }
        let way = &mut self.exchange.filters.response;
        let ended = way.ended;
        way.out.iter().for_each(|piece| self.exchange.notes.goes(piece));
        tasks.extend(way.out.drain(..).map(|piece| HttpTask::Body(Some(piece), false)));
        if ended {
            match tasks.last_mut() {
                Some(HttpTask::Header(_, end) | HttpTask::Body(_, end)) => *end = true,
                _ => tasks.push(HttpTask::Done),
            }
        }
        if !tasks.is_empty() {
            self.response_done = self.write(tasks).await? || ended;
        }
        Ok(())
    }

    /// The client's connection becomes something else.
    async fn switch(&mut self, tasks: Vec<HttpTask>) -> Result<(), Broken> {
        self.write(tasks).await?;
        if self.client.was_upgraded() {
            self.client_done = false;
            self.request_done = false;
        }
        Ok(())
    }

    /// False if the head must wait for the length of its body.
    fn frame(&self, head: &mut ResponseHeader) -> Result<bool, Broken> {
        let way = &self.exchange.filters.response;
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(true);
        }
        if way.head_ended {
            framing::alone(head, &self.client.req_header().method)?;
            return Ok(true);
        }
        Ok(framing::response(head, way, self.seen[1])?)
    }

    async fn write(&mut self, tasks: Vec<HttpTask>) -> Result<bool, Broken> {
        Ok(self.client.response_duplex_vec(tasks).await.map_err(|error| error.into_down())?)
    }
}

/// Whether the head is all there is (RFC 9112, section 6.3).
fn has_no_body(request: &RequestHeader, head: &ResponseHeader) -> bool {
    let empty = head.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    let method = &request.method;
    empty || *method == http::Method::HEAD || matches!(head.status.as_u16(), 204 | 304)
}
