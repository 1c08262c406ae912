//! Bodies on their way through the filters.
//!
//! A filter sees a body as it comes, or, after it has paused, all that has come since. The end
//! comes alone, with no bytes, as from Envoy.

use bytes::{Bytes, BytesMut};
use portico_wasm::Action;

use super::{
    Way,
    outcome::{self, failed},
    pause::{self, Direction},
    rule_of,
};
use crate::{
    exchange::Exchange,
    failure::Failure,
    proxy::Broken,
    snapshot::{PluginStep, Step},
};

/// Whether any filter of this exchange looks at bodies of a direction.
pub(crate) fn is_seen(exchange: &Exchange, direction: Direction) -> bool {
    let Some(rule) = rule_of(exchange) else { return false };
    let mut visits = rule.steps.iter().zip(&exchange.filters.visits);
    visits.any(|(step, visited)| match step {
        Step::Plugin(step) => visited.visit.is_some() && sees(step, direction),
        _ => false,
    })
}

fn sees(step: &PluginStep, direction: Direction) -> bool {
    match direction {
        Direction::Request => step.sees_bodies[0],
        Direction::Response => step.sees_bodies[1],
    }
}

/// Hands a piece of a body to the first filter of the direction.
pub(crate) fn push(
    exchange: &mut Exchange,
    direction: Direction,
    piece: Bytes,
    end: bool,
) -> Result<(), Broken> {
    let first = match direction {
        Direction::Request => Some(0),
        Direction::Response => exchange.filters.reached.checked_sub(1),
    };
    if let Some(stream) = &mut exchange.filters.stream {
        let progress = &mut stream.facts.progress;
        match direction {
            Direction::Request => progress.request_body += piece.len() as u64,
            Direction::Response => progress.response_body += piece.len() as u64,
        }
    }
    // What has come while a filter kept the head is given in one call, as from Envoy.
    if std::mem::take(&mut way(exchange, direction).waited) {
        return push_from(exchange, direction, first, BytesMut::from(piece), end);
    }
    if !piece.is_empty() {
        push_from(exchange, direction, first, BytesMut::from(piece), false)?;
    }
    if !end {
        return Ok(());
    }
    match push_from(exchange, direction, first, BytesMut::new(), true) {
        // Too late: the whole response has gone to the client.
        Err(Broken::Answered(_))
            if direction == Direction::Response && exchange.filters.response.passed =>
        {
            exchange.filters.response.ended = true;
            Ok(())
        }
        done => done,
    }
}

/// The step after another one, in a direction.
pub(super) fn after(exchange: &Exchange, direction: Direction, index: usize) -> Option<usize> {
    match direction {
        Direction::Request => Some(index + 1).filter(|next| *next < exchange.filters.visits.len()),
        Direction::Response => index.checked_sub(1),
    }
}

/// Hands a piece to a step and, as far as they let it, to those after it.
pub(super) fn push_from(
    exchange: &mut Exchange,
    direction: Direction,
    first: Option<usize>,
    mut piece: BytesMut,
    end: bool,
) -> Result<(), Broken> {
    let snapshot = exchange.snapshot.clone();
    let Some(matched) = exchange.matched else { return Ok(()) };
    let steps = &snapshot.rules[matched.rule].steps;
    let mut next = first.filter(|first| *first < exchange.filters.visits.len());
    while let Some(index) = next {
        if let Step::Plugin(step) = &steps[index] {
            let waits = way(exchange, direction).head_at == Some(index);
            if waits && !exchange.filters.visits[index].side(direction).takes_bodies {
                let way = way(exchange, direction);
                way.stash.unsplit(piece);
                way.stash_ended |= end;
                return limit(step, way.stash.len(), direction).map_err(Broken::from);
            }
            if let Some(passed) = offer(exchange, step, index, direction, piece, end)? {
                piece = passed;
            } else {
                return Ok(());
            }
            if way(exchange, direction).head_at == Some(index) {
                // It has let go of the body, and so of the head before it: both go on together.
                let rest = after(exchange, direction, index);
                let way = way(exchange, direction);
                (way.stash, way.stash_ended, way.stash_for) = (piece, end, rest);
                pause::release_head(exchange, step, index, direction);
                return Ok(());
            }
        }
        next = after(exchange, direction, index);
    }
    let way = way(exchange, direction);
    if !piece.is_empty() {
        way.passed = true;
        way.out.push(piece.freeze());
    }
    way.ended |= end;
    Ok(())
}

/// Lets a filter look at a piece. Answers with what goes on, or nothing if it keeps it.
fn offer(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    direction: Direction,
    piece: BytesMut,
    end: bool,
) -> Result<Option<BytesMut>, Broken> {
    let worker = exchange.worker;
    let visited = &mut exchange.filters.visits[index];
    let Some(visit) = &visited.visit else { return Ok(Some(piece)) };
    let (is_canary, plugin) = (visited.is_canary, step.of(visited.is_canary));
    if !sees(step, direction) && !visited.side(direction).head {
        return Ok(Some(piece));
    }
    let Some(stream) = &mut exchange.filters.stream else { return Ok(Some(piece)) };
    let before = visited.side(direction).held + piece.len();
    stream.body = if visited.side(direction).body {
        // Another callback may have changed what was held back, also from nothing to something.
        let mut held = plugin.held(worker, visit, direction.into());
        held.unsplit(piece);
        held
    } else {
        piece
    };
    stream.body_changed = false;
    let called = match direction {
        Direction::Request => plugin.request_body(worker, visit, &mut exchange.filters.stream, end),
        Direction::Response => {
            plugin.response_body(worker, visit, &mut exchange.filters.stream, end)
        }
    };
    let action = match called {
        Ok(action) => action,
        Err(fault) => {
            pause::forget(exchange, index);
            exchange.notes.fault(index, &fault);
            outcome::on_fault(step, is_canary, &fault)?;
            Action::Continue
        }
    };
    let body = take_body(exchange, direction, before);
    let status = if direction == Direction::Request { 503 } else { 502 };
    outcome::check(exchange, step, status)?;
    if action == Action::Continue {
        pause::continue_body(exchange, step, index, direction);
        return Ok(Some(body));
    }
    limit(step, body.len(), direction)?;
    pause::keep_body(exchange, step, index, direction, body, end);
    Ok(None)
}

/// Takes what the callback left, and notes whether it is something else.
fn take_body(exchange: &mut Exchange, direction: Direction, before: usize) -> BytesMut {
    let Some(stream) = &mut exchange.filters.stream else { return BytesMut::new() };
    let changed = stream.body_changed || stream.body.len() != before;
    let body = std::mem::take(&mut stream.body);
    way(exchange, direction).changed |= changed;
    body
}

/// What a paused body may hold: past this, 413 for a request and 500 for a response, as on Envoy.
fn limit(step: &PluginStep, held: usize, direction: Direction) -> Result<(), Failure> {
    let most = step.plugin.spec().limits.body;
    if held <= most {
        return Ok(());
    }
    let status = if direction == Direction::Request { 413 } else { 500 };
    let cause = format!("it holds back a body of more than {most} bytes");
    Err(failed(step.plugin.spec().name.clone(), cause, status))
}

pub(super) fn way(exchange: &mut Exchange, direction: Direction) -> &mut Way {
    match direction {
        Direction::Request => &mut exchange.filters.request,
        Direction::Response => &mut exchange.filters.response,
    }
}

/// Hands over a body that is complete, in one call.
pub(crate) fn push_whole(
    exchange: &mut Exchange,
    direction: Direction,
    body: Bytes,
) -> Result<(), Broken> {
    let first = match direction {
        Direction::Request => Some(0),
        Direction::Response => exchange.filters.reached.checked_sub(1),
    };
    push_from(exchange, direction, first, BytesMut::from(body), true)
}
