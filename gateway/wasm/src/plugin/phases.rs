//! The phases of a stream, as the proxy calls them: enter, bodies, trailers, respond, log, end.

use std::sync::atomic::AtomicU64;

use super::{Fault, Phase, Plugin, Visit};
use crate::{
    abi::{Action, Callback},
    host::monotonic,
    instance::{Instance, Stopped},
    met::Limit,
    stream::Stream,
};

impl Plugin {
    /// A stream enters the filter: its context is created and the request phase runs. `worker` is
    /// the calling thread's number, `configuration` a place in
    /// [`crate::Spec::configurations`].
    ///
    /// # Errors
    /// [`Fault`]; the stream is untouched by what the guest did after its last complete change.
    pub fn enter(
        &self,
        worker: usize,
        configuration: usize,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<(Visit, Action), Fault> {
        self.seat_stream(worker, configuration, Phase::RequestHeaders, |instance, root| {
            instance.request_headers(root, stream, end_of_stream)
        })
    }

    /// A piece of the request's body: [`Stream::body`] holds it, behind what was held back.
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn request_body(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::RequestBody, |instance| {
            instance.body(Callback::RequestBody, visit.context, stream, end_of_stream)
        })
    }

    /// The request's trailers, in [`Stream::request_trailers`].
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn request_trailers(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::RequestTrailers, |instance| {
            instance.trailers(Callback::RequestTrailers, visit.context, stream)
        })
    }

    /// The response phase of a stream that has entered.
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn respond(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::ResponseHeaders, |instance| {
            instance.response_headers(visit.context, stream, end_of_stream)
        })
    }

    /// A piece of the response's body, as [`Plugin::request_body`].
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn response_body(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::ResponseBody, |instance| {
            instance.body(Callback::ResponseBody, visit.context, stream, end_of_stream)
        })
    }

    /// The response's trailers, in [`Stream::response_trailers`].
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn response_trailers(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::ResponseTrailers, |instance| {
            instance.trailers(Callback::ResponseTrailers, visit.context, stream)
        })
    }

    /// A context for a stream that never reached the filter, so that it can be logged: Envoy lets
    /// every filter of a chain log, also those behind one that answered.
    ///
    /// # Errors
    /// [`Fault`]
    pub fn create(
        &self,
        worker: usize,
        configuration: usize,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Visit, Fault> {
        let created = |instance: &mut Instance, root| Ok((instance.create(root, stream)?, ()));
        self.seat_stream(worker, configuration, Phase::Log, created).map(|(visit, ())| visit)
    }

    /// The stream is over: the guest logs. All filters of a chain log before any is ended.
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn log(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Fault> {
        self.run(worker, visit, Phase::Log, |instance| instance.log(visit.context, stream))
    }

    /// The guest forgets the stream.
    ///
    /// # Errors
    /// [`Fault`]; the stream itself is over. A lost instance has forgotten it already.
    pub fn end(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Fault> {
        let mut slot = self.slot(worker);
        let began = slot.phases[Phase::End as usize].is_sample().then(monotonic);
        let seat = slot.seats.get_mut(visit.seat).filter(|seat| seat.life == visit.life);
        let Some(instance) = seat.and_then(|seat| seat.instance.as_mut()) else { return Ok(()) };
        let ended = instance.end(visit.context, stream);
        let took = began.map(|began| monotonic().saturating_sub(began));
        slot.phases[Phase::End as usize].add_sample(took);
        match ended {
            Ok(()) => {
                Self::release(&mut slot, visit.seat);
                Ok(())
            }
            Err(stopped) => Err(self.replace(&mut slot, worker, visit.seat, stopped)),
        }
    }

    /// [`Plugin::log`] and [`Plugin::end`].
    ///
    /// # Errors
    /// The first of both.
    pub fn leave(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Fault> {
        match self.log(worker, visit, stream) {
            Err(Fault::Lost) => Ok(()),
            Err(fault) => Err(fault),
            Ok(()) => self.end(worker, visit, stream),
        }
    }

    /// Finds an instance for a stream and calls it, which makes the stream's context.
    fn seat_stream<T>(
        &self,
        worker: usize,
        configuration: usize,
        phase: Phase,
        call: impl FnOnce(&mut Instance, i32) -> Result<(i32, T), Stopped>,
    ) -> Result<(Visit, T), Fault> {
        let began = monotonic();
        let mut slot = self.slot(worker);
        slot.requests += u64::from(phase == Phase::RequestHeaders);
        let seat = self.sit(&mut slot, worker)?;
        let (life, limit) = (slot.seats[seat].life, self.spec.limits.contexts);
        let Some(instance) = &mut slot.seats[seat].instance else { return Err(Fault::Unavailable) };
        if instance.contexts() >= limit {
            slot.met.count(Limit::Contexts);
            return Err(Fault::Full { limit });
        }
        let root = i32::try_from(configuration).unwrap_or(i32::MAX - 1) + 1;
        let called = call(instance, root);
        let took = monotonic().saturating_sub(began);
        slot.phases[phase as usize].add(took);
        match called {
            Ok((context, value)) => {
                let (nanoseconds, calls) = (AtomicU64::new(0), AtomicU64::new(0));
                let visit = Visit { seat, life, context, configuration, nanoseconds, calls };
                visit.spend(took);
                Ok((visit, value))
            }
            Err(stopped) => Err(self.replace(&mut slot, worker, seat, stopped)),
        }
    }

    /// Calls the guest for a stream that is inside.
    fn run<T>(
        &self,
        worker: usize,
        visit: &Visit,
        phase: Phase,
        call: impl FnOnce(&mut Instance) -> Result<T, Stopped>,
    ) -> Result<T, Fault> {
        let began = monotonic();
        let mut slot = self.slot(worker);
        let seat = slot.seats.get_mut(visit.seat).filter(|seat| seat.life == visit.life);
        let instance = seat.and_then(|seat| seat.instance.as_mut()).ok_or(Fault::Lost)?;
        let result = call(instance);
        let took = monotonic().saturating_sub(began);
        visit.spend(took);
        slot.phases[phase as usize].add(took);
        result.map_err(|stopped| self.replace(&mut slot, worker, visit.seat, stopped))
    }
}
