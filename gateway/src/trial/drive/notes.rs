//! What is written down of each callback.

use std::time::{Duration, Instant};

use portico_wasm::{Action, Fault, Plugin, Stream};

use super::{Over, Run, microseconds};
use crate::trial::report::Step;

impl Run<'_> {
    pub(super) fn call(
        &mut self,
        phase: &'static str,
        call: impl FnOnce(&Plugin, &mut Option<Box<Stream>>) -> Result<Action, Fault>,
    ) -> Result<Action, Over> {
        let began = Instant::now();
        let result = call(self.plugin, &mut self.stream);
        let took = began.elapsed();
        self.judge(phase, result, took)
    }

    /// Writes down how a callback ended, and looks at what it left in the stream.
    pub(super) fn judge(
        &mut self,
        phase: &'static str,
        result: Result<Action, Fault>,
        took: Duration,
    ) -> Result<Action, Over> {
        let action = match result {
            Ok(action) => action,
            Err(fault) => {
                self.fault(phase, &fault, took);
                return Err(Over::Failed);
            }
        };
        let stream = self.stream.as_ref();
        let invalid = stream.and_then(|stream| stream.invalid.clone());
        let answers = stream.is_some_and(|stream| stream.local_response.is_some());
        let closes = stream.is_some_and(|stream| stream.close);
        let (verdict, over) = match (action, invalid) {
            (_, Some(invalid)) => {
                let why = format!("it put a header that cannot be sent: `{}`", invalid.name);
                self.report.fail(why);
                ("invalid header", Some(Over::Failed))
            }
            _ if answers => ("answers itself", Some(Over::Answered)),
            _ if closes => ("closes the stream", Some(Over::Closed)),
            (Action::Continue, None) => ("continue", None),
            _ => ("pause", None),
        };
        self.step(phase, verdict, took);
        over.map_or(Ok(action), Err)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| {
            stream.local_response.is_some() || stream.close || stream.invalid.is_some()
        })
    }

    pub(super) fn fault(&mut self, phase: &'static str, fault: &Fault, took: Duration) {
        self.step(phase, "failed", took);
        self.report.fail(format!("{fault}"));
    }

    pub(super) fn step(&mut self, phase: &'static str, verdict: &str, took: Duration) {
        let (calls, log) = (self.world.take_calls(), self.said.take());
        let steps = &mut self.report.steps;
        let known = if self.writes {
            // Pieces of one body are one step.
            steps.last_mut().filter(|last| last.phase == phase)
        } else {
            steps.iter_mut().find(|step| step.phase == phase)
        };
        let took = microseconds(took);
        match known {
            Some(step) => {
                step.took.push(took);
                if self.writes {
                    verdict.clone_into(&mut step.verdict);
                    step.calls.extend(calls);
                    step.log.extend(log);
                }
            }
            None => steps.push(Step {
                phase,
                verdict: verdict.to_owned(),
                took: vec![took],
                microseconds: took,
                calls,
                log,
            }),
        }
    }
}
