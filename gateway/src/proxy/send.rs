//! Answers that no service gave.

use http::header;
use pingora::{
    Error, ErrorType,
    protocols::http::{HttpTask, ServerSession},
};
use tokio::time::Instant;

use super::{
    Broken, Proxy,
    blame::report,
    gather::{PAUSE, woken},
};
use crate::{
    answer::Answer,
    chain::{
        self, Verdict, body,
        pause::{self, Direction},
    },
    exchange::Exchange,
    failure, forward, heads,
    order::Order,
};

impl Proxy {
    /// Puts an answer of our own on the wire, through the filters that the request has met.
    pub(super) async fn send(
        &self,
        client: &mut ServerSession,
        exchange: &mut Exchange,
        mut answer: Answer,
    ) -> pingora::Result<()> {
        // A filter may put another answer in its place; each time fewer filters are left.
        loop {
            match through_filters(client, exchange, &answer).await {
                Ok(tasks) => return client.response_duplex_vec(tasks).await.map(drop),
                Err(Broken::Answered(instead)) => answer = instead,
                Err(Broken::Failed(failure)) => {
                    report(client.req_header(), exchange, &failure);
                    answer = failure.answer(wants_json(client), &exchange.request_id);
                }
                Err(Broken::Closed) => {
                    return Error::e_explain(ErrorType::ConnectionClosed, "by a filter");
                }
                Err(Broken::Pingora(error)) => return Err(error),
            }
        }
    }
}

/// Runs an answer through the response's filters, waiting for those that pause.
async fn through_filters(
    client: &mut ServerSession,
    exchange: &mut Exchange,
    answer: &Answer,
) -> Result<Vec<HttpTask>, Broken> {
    // Whatever the request's filters still hold has no way to go any more.
    pause::drop_request(exchange);
    let mut head = Box::new(answer.head()?);
    let names = answer.headers.iter().map(|(name, _)| name.clone());
    exchange.filters.response.order = Order::of(names.collect());
    let alone = answer.body.is_empty();
    let mut verdict = chain::on_response(exchange, &mut head, alone)?;
    let seen = !alone && body::is_seen(exchange, Direction::Response);
    if alone {
        exchange.filters.response.ended = true;
    } else if seen {
        // As one piece that is the end, as from Envoy.
        body::push_whole(exchange, Direction::Response, answer.body.clone())?;
    } else {
        exchange.filters.response.out.push(answer.body.clone());
        exchange.filters.response.ended = true;
    }
    let late = Instant::now() + PAUSE;
    while matches!(verdict, Verdict::Wait) || !exchange.filters.response.ended {
        let locker = exchange.filters.wait();
        let woke = tokio::time::timeout_at(late, woken(locker.as_ref())).await;
        exchange.filters.go_on();
        if woke.is_err() {
            return Err(super::gather::too_long(exchange).into());
        }
        pause::resume(exchange)?;
        verdict = pause::advance_response(exchange, &mut head)?;
    }
    let way = &mut exchange.filters.response;
    let pieces = std::mem::take(&mut way.out);
    let length = pieces.iter().map(bytes::Bytes::len).sum::<usize>();
    head.insert_header(header::CONTENT_LENGTH, length)?;
    heads::retain_response(&mut head, |name, _| *name != header::TRANSFER_ENCODING)?;
    exchange.note_head(Some(&head), client.get_keepalive().is_none());
    forward::response(exchange, &mut head)?;
    let bodiless = matches!(head.status.as_u16(), 204 | 304);
    if bodiless {
        head.remove_header(&header::CONTENT_LENGTH);
    }
    if exchange.connection.is_gone() {
        client.set_keepalive(None);
    }
    exchange.notes.answered(head.status.as_u16());
    let order = exchange.filters.response.order.take();
    exchange.connection.answering(client.req_header().version, order);
    if length == 0 || bodiless || client.req_header().method == http::Method::HEAD {
        return Ok(vec![HttpTask::Header(head, true)]);
    }
    pieces.iter().for_each(|piece| exchange.notes.goes(piece));
    let mut tasks = vec![HttpTask::Header(head, false)];
    tasks.extend(pieces.into_iter().map(|piece| HttpTask::Body(Some(piece), false)));
    tasks.push(HttpTask::Done);
    Ok(tasks)
}

pub(super) fn wants_json(client: &ServerSession) -> bool {
    failure::wants_json(client.req_header().headers.get(header::ACCEPT))
}
