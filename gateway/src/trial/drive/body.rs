//! Bodies in pieces, and waiting for what a filter has paused.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use portico_wasm::{Action, Direction, HeaderPause, Locker, Resumed, Visit};

use super::{MOST_EVENTS, Over, Run, WORKER};

impl Run<'_> {
    /// Hands a body over in pieces, after a head that the filter answered with `action`.
    pub(super) fn body(
        &mut self,
        visit: &Visit,
        direction: Direction,
        action: Action,
        body: &Bytes,
    ) -> Result<BytesMut, Over> {
        let waits_with_head = self.trial.spec.header_pause == HeaderPause::All || body.is_empty();
        if action != Action::Continue && waits_with_head {
            self.wait(visit, direction)?;
        }
        let mut sent = BytesMut::new();
        let mut held = false;
        let size = self.trial.chunk.unwrap_or(body.len()).max(1);
        let count = body.len().div_ceil(size);
        for (number, piece) in body.chunks(size).enumerate() {
            let mut shown =
                if held { self.plugin.held(WORKER, visit, direction) } else { BytesMut::new() };
            shown.extend_from_slice(piece);
            let left = self.piece(visit, direction, shown, number + 1 == count)?;
            held = left.is_none();
            sent.extend(left.unwrap_or_default());
        }
        if held {
            self.wait(visit, direction)?;
            sent.extend(self.plugin.held(WORKER, visit, direction));
        }
        Ok(sent)
    }

    /// One piece. `None`: it is held back.
    fn piece(
        &mut self,
        visit: &Visit,
        direction: Direction,
        shown: BytesMut,
        ends: bool,
    ) -> Result<Option<BytesMut>, Over> {
        if let Some(stream) = &mut self.stream {
            stream.body = shown;
        }
        let action = match direction {
            Direction::Request => self.call("request body", |plugin, stream| {
                plugin.request_body(WORKER, visit, stream, ends)
            }),
            Direction::Response => self.call("response body", |plugin, stream| {
                plugin.response_body(WORKER, visit, stream, ends)
            }),
        }?;
        let left = self.stream.as_mut().map(|stream| std::mem::take(&mut stream.body));
        let left = left.unwrap_or_default();
        if action == Action::Continue {
            return Ok(Some(left));
        }
        self.plugin.hold(WORKER, visit, direction, left);
        Ok(None)
    }

    /// Lets things happen until the filter resumes what it has paused.
    fn wait(&mut self, visit: &Visit, direction: Direction) -> Result<(), Over> {
        let locker = Locker::new();
        self.plugin.park(WORKER, visit, &locker);
        let began = Instant::now();
        let mut result = Ok("nothing is under way that would resume it");
        for _ in 0..MOST_EVENTS {
            if let Some(stream) = self.stream.take() {
                locker.put(stream);
            }
            let happened = self.world.step() || self.world.tick();
            self.stream = locker.take();
            let resumed = self.plugin.resumed(WORKER, visit);
            match resumed {
                Err(fault) => {
                    result = Err(fault);
                    break;
                }
                Ok(resumed) if resumes(resumed, direction) || self.has_ended() => {
                    self.plugin.unpark(WORKER, visit);
                    return self
                        .judge("while paused", Ok(Action::Continue), began.elapsed())
                        .map(drop);
                }
                Ok(_) if !happened => break,
                Ok(_) => result = Ok("much has happened since, and nothing resumed it"),
            }
        }
        match result {
            Ok(why) => {
                self.step("while paused", "never resumed", began.elapsed());
                self.report.stuck = true;
                self.report.fail(format!("it paused the {}, and {why}", name(direction)));
            }
            Err(fault) => self.fault("while paused", &fault, began.elapsed()),
        }
        Err(Over::Failed)
    }
}

fn resumes(resumed: Resumed, direction: Direction) -> bool {
    match direction {
        Direction::Request => resumed.request,
        Direction::Response => resumed.response,
    }
}

fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "request",
        Direction::Response => "response",
    }
}
