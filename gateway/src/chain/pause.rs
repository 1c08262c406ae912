//! Filters that pause, and how the exchange goes on after them.

use bytes::BytesMut;
use pingora::http::{RequestHeader, ResponseHeader};
use portico_wasm::{Action, Locker};
use tokio::time::Instant;

use super::{
    Newer, Verdict, Visited,
    body::{self, way},
    outcome, request_from, response_from, rule_of,
    way::Paused,
};
use crate::{
    exchange::Exchange,
    proxy::Broken,
    snapshot::{PluginStep, Step},
};

/// The way of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direction {
    Request,
    Response,
}

impl From<Direction> for portico_wasm::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Request => Self::Request,
            Direction::Response => Self::Response,
        }
    }
}

/// A filter has paused at a head.
pub(super) fn keep_head(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    direction: Direction,
    action: Action,
) {
    let takes_bodies = action == Action::PauseHead;
    let way = way(exchange, direction);
    way.head_at = Some(index);
    way.waited = !takes_bodies;
    change(exchange, step, index, |visited| {
        let side = visited.side_mut(direction);
        (side.head, side.takes_bodies) = (true, takes_bodies);
    });
}

/// A filter has paused at a body; the bytes wait where its other callbacks can reach them.
pub(super) fn keep_body(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    direction: Direction,
    body: BytesMut,
    end: bool,
) {
    let held = body.len();
    let worker = exchange.worker;
    let visited = &exchange.filters.visits[index];
    if let Some(visit) = &visited.visit {
        step.of(visited.is_canary).hold(worker, visit, direction.into(), body);
    }
    change(exchange, step, index, |visited| {
        let side = visited.side_mut(direction);
        side.body = true;
        side.held = held;
        side.ended |= end;
    });
}

/// A body callback has said that the body goes on.
pub(super) fn continue_body(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    direction: Direction,
) {
    let side = exchange.filters.visits[index].side_mut(direction);
    side.held = 0;
    if side.body {
        change(exchange, step, index, |visited| visited.side_mut(direction).body = false);
    }
}

/// A filter lets go of the head. It goes on with the next `advance_…`.
pub(super) fn release_head(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    direction: Direction,
) {
    let way = way(exchange, direction);
    way.head_at = None;
    way.released = Some(index);
    change(exchange, step, index, |visited| visited.side_mut(direction).head = false);
}

/// A filter failed, and the exchange goes on without it.
pub(super) fn forget(exchange: &mut Exchange, index: usize) {
    exchange.filters.visits[index] = Visited::default();
    recount(exchange);
}

/// Changes what a filter has paused. It is parked while that is anything at all.
fn change(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    change: impl FnOnce(&mut Visited),
) {
    let worker = exchange.worker;
    let visited = &mut exchange.filters.visits[index];
    let before = visited.is_paused();
    change(visited);
    if visited.is_paused() != before {
        match visited.paused_at.take() {
            Some(since) => visited.waited += since.elapsed(),
            None => visited.paused_at = Some(Instant::now()),
        }
    }
    if let Some(visit) = &visited.visit {
        let plugin = step.of(visited.is_canary);
        match (before, visited.is_paused()) {
            (false, true) => {
                let locker = exchange.filters.locker.get_or_insert_with(Locker::new);
                plugin.park(worker, visit, locker);
            }
            (true, false) => plugin.unpark(worker, visit),
            _ => {}
        }
    }
    recount(exchange);
}

fn recount(exchange: &mut Exchange) {
    let filters = &mut exchange.filters;
    filters.paused = filters.visits.iter().filter(|visited| visited.is_paused()).count();
}

/// Something has happened to a paused filter: goes on with what it lets go.
///
/// # Errors
/// An answer that a filter gives, or the failure of one that lost its instance.
pub(crate) fn resume(exchange: &mut Exchange) -> Result<(), Broken> {
    let snapshot = exchange.snapshot.clone();
    let Some(matched) = exchange.matched else { return Ok(()) };
    let steps = &snapshot.rules[matched.rule].steps;
    for index in 0..exchange.filters.visits.len() {
        let visited = &exchange.filters.visits[index];
        let (Step::Plugin(step), true) = (&steps[index], visited.is_paused()) else { continue };
        let Some(visit) = &visited.visit else { continue };
        let is_canary = visited.is_canary;
        let resumed = step.of(is_canary).resumed(exchange.worker, visit);
        let status = if visited.request.is_paused() { 503 } else { 502 };
        outcome::check(exchange, step, status)?;
        match resumed {
            Ok(resumed) => {
                for (direction, goes) in
                    [(Direction::Request, resumed.request), (Direction::Response, resumed.response)]
                {
                    if goes {
                        let_go(exchange, step, index, direction)?;
                    }
                }
            }
            Err(fault) => {
                // What it held is lost with it.
                exchange.notes.fault(index, &fault);
                outcome::on_fault(step, is_canary, &fault)?;
                let_go(exchange, step, index, Direction::Request)?;
                let_go(exchange, step, index, Direction::Response)?;
                forget(exchange, index);
            }
        }
    }
    Ok(())
}

/// A filter resumes a direction: its head and what it holds of the body go on.
fn let_go(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    direction: Direction,
) -> Result<(), Broken> {
    let side = exchange.filters.visits[index].side(direction);
    let (head, body, ended) = (side.head, side.body, side.ended);
    let held = if body { take_held(exchange, step, index, direction) } else { BytesMut::new() };
    if body {
        change(exchange, step, index, |visited| visited.side_mut(direction).body = false);
    }
    if !head {
        let next = body::after(exchange, direction, index);
        return if body { body::push_from(exchange, direction, next, held, ended) } else { Ok(()) };
    }
    // A body that was held back in front of a filter is still to be seen by it.
    let next = body::after(exchange, direction, index);
    let goes_on = exchange.filters.visits[index].side(direction).takes_bodies;
    let way = way(exchange, direction);
    way.stash_for = if goes_on { next } else { Some(index) };
    if goes_on {
        (way.stash, way.stash_ended) = (held, ended);
    }
    release_head(exchange, step, index, direction);
    Ok(())
}

fn take_held(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    direction: Direction,
) -> BytesMut {
    let worker = exchange.worker;
    let visited = &mut exchange.filters.visits[index];
    let before = std::mem::take(&mut visited.side_mut(direction).held);
    let Some(visit) = &visited.visit else { return BytesMut::new() };
    let held = step.of(visited.is_canary).held(worker, visit, direction.into());
    // A call-out's answer may have led the filter to change what it held.
    way(exchange, direction).changed |= held.len() != before;
    held
}

/// Goes on with a request head that a filter has let go.
pub(crate) fn advance_request(
    exchange: &mut Exchange,
    head: &mut RequestHeader,
) -> Result<Verdict, Broken> {
    let mut verdict = waits(exchange, Direction::Request);
    while let Some(index) = exchange.filters.request.released.take() {
        if exchange.filters.stream.as_ref().is_some_and(|stream| stream.request.changed()) {
            exchange.filters.request.newer = Newer::Fields;
        }
        verdict = request_from(exchange, head, index + 1)?;
        if matches!(verdict, Verdict::Answer(_)) {
            return Ok(verdict);
        }
        push_stash(exchange, Direction::Request)?;
    }
    Ok(verdict)
}

/// The same for a response's head.
pub(crate) fn advance_response(
    exchange: &mut Exchange,
    head: &mut ResponseHeader,
) -> Result<Verdict, Broken> {
    let mut verdict = waits(exchange, Direction::Response);
    while let Some(index) = exchange.filters.response.released.take() {
        if exchange.filters.stream.as_ref().is_some_and(|stream| stream.response.changed()) {
            exchange.filters.response.newer = Newer::Fields;
        }
        verdict = response_from(exchange, head, index)?;
        push_stash(exchange, Direction::Response)?;
    }
    Ok(verdict)
}

fn waits(exchange: &mut Exchange, direction: Direction) -> Verdict {
    match way(exchange, direction).head_at {
        Some(_) => Verdict::Wait,
        None => Verdict::Forward,
    }
}

fn push_stash(exchange: &mut Exchange, direction: Direction) -> Result<(), Broken> {
    let way = way(exchange, direction);
    let stash = std::mem::take(&mut way.stash);
    let ended = std::mem::take(&mut way.stash_ended);
    let first = way.stash_for.take();
    // The end comes alone to a filter that has not seen any of it.
    if !stash.is_empty() {
        body::push_from(exchange, direction, first, stash, false)?;
    }
    if ended {
        body::push_from(exchange, direction, first, BytesMut::new(), true)?;
    }
    Ok(())
}

/// Whether a direction can take more of its body: not while a filter that stops everything keeps
/// the head.
pub(crate) fn takes_more(exchange: &Exchange, direction: Direction) -> bool {
    let way = match direction {
        Direction::Request => &exchange.filters.request,
        Direction::Response => &exchange.filters.response,
    };
    way.head_at.is_none_or(|index| exchange.filters.visits[index].side(direction).takes_bodies)
}

/// The request goes nowhere any more: what its filters hold of it is let go, unseen.
pub(crate) fn drop_request(exchange: &mut Exchange) {
    drop_side(exchange, Direction::Request);
    exchange.filters.request.head_at = None;
    exchange.filters.request.released = None;
}

/// Another response takes the place of one that filters may have paused.
pub(super) fn forget_response(exchange: &mut Exchange) {
    drop_side(exchange, Direction::Response);
}

fn drop_side(exchange: &mut Exchange, direction: Direction) {
    if exchange.filters.paused == 0 {
        return;
    }
    let snapshot = exchange.snapshot.clone();
    let Some(matched) = exchange.matched else { return };
    let steps = &snapshot.rules[matched.rule].steps;
    for (index, step) in steps.iter().enumerate().take(exchange.filters.visits.len()) {
        if let Step::Plugin(step) = step {
            change(exchange, step, index, |visited| {
                *visited.side_mut(direction) = Paused::default();
            });
        }
    }
}

/// The name of the filter that is waited for.
pub(crate) fn holder(exchange: &Exchange) -> Option<std::sync::Arc<str>> {
    let visits = rule_of(exchange)?.steps.iter().zip(&exchange.filters.visits);
    visits.into_iter().find_map(|(step, visited)| match step {
        Step::Plugin(step) if visited.is_paused() => Some(step.plugin.spec().name.clone()),
        _ => None,
    })
}
