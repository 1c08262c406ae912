//! What the outside brings: found the instance that asked, or kept until it is in its place.

use super::{Fault, Phase, Plugin, seats::Slot};
use crate::{
    host::monotonic,
    instance::{Instance, Stopped},
    limits::EARLY,
    origin::Origin,
    outside::{GrpcEvent, HttpCallResponse},
};

/// An answer for an instance that is not in its place yet: it asked while it was configured.
pub(super) struct Early {
    life: u64,
    root: i32,
    token: u32,
    what: What,
}

pub(super) enum What {
    Http(Option<HttpCallResponse>),
    Grpc(GrpcEvent),
    Queue(u32),
    Tick,
}

impl What {
    fn phase(&self) -> Phase {
        match self {
            Self::Http(_) | Self::Grpc(_) => Phase::Calls,
            Self::Queue(_) => Phase::Queues,
            Self::Tick => Phase::Ticks,
        }
    }
}

impl Plugin {
    pub(crate) fn deliver_http(&self, origin: &Origin, response: Option<HttpCallResponse>) {
        self.deliver(origin, What::Http(response));
    }

    pub(crate) fn deliver_grpc(&self, origin: &Origin, event: GrpcEvent) -> bool {
        self.deliver(origin, What::Grpc(event))
    }

    pub(crate) fn deliver_tick(&self, origin: &Origin) -> bool {
        !self.is_retired() && self.deliver(origin, What::Tick)
    }

    pub(crate) fn deliver_queue(&self, origin: &Origin, queue: u32) {
        self.deliver(origin, What::Queue(queue));
    }

    /// Whether the instance that asked is still there.
    pub(crate) fn has(&self, origin: &Origin) -> bool {
        let slot = self.slot(origin.worker);
        slot.seats.get(origin.seat).is_some_and(|seat| seat.is(origin.life))
    }

    /// True while someone listens.
    fn deliver(&self, origin: &Origin, what: What) -> bool {
        let mut slot = self.slot(origin.worker);
        let Some(seat) = slot.seats.get_mut(origin.seat) else { return false };
        if !seat.is(origin.life) {
            return false;
        }
        let early = Early { life: origin.life, root: origin.root, token: origin.token, what };
        if seat.instance.is_none() {
            // The next tick will do; and no guest may pile up answers.
            if !matches!(early.what, What::Tick) && seat.early.len() < EARLY {
                seat.early.push(early);
            }
            return true;
        }
        self.tell_instance(&mut slot, origin.worker, origin.seat, early)
    }

    pub(super) fn deliver_early(&self, slot: &mut Slot, worker: usize, seat: usize, early: Early) {
        if slot.seats[seat].is(early.life) {
            self.tell_instance(slot, worker, seat, early);
        }
    }

    fn tell_instance(&self, slot: &mut Slot, worker: usize, seat: usize, early: Early) -> bool {
        let Some(instance) = &mut slot.seats[seat].instance else { return false };
        let (began, phase) = (monotonic(), early.what.phase());
        let (listens, outcome) = tell(instance, early);
        slot.phases[phase as usize].add(monotonic().saturating_sub(began));
        match outcome {
            Ok(()) => listens,
            Err(stopped) => {
                let fault: Fault = self.replace(slot, worker, seat, stopped);
                tracing::warn!(target: "portico::plugin", plugin = &*self.spec.name,
                    "beside a request it {fault}");
                false
            }
        }
    }
}

fn tell(instance: &mut Instance, early: Early) -> (bool, Result<(), Stopped>) {
    let Early { root, token, what, .. } = early;
    match what {
        What::Http(response) => (false, instance.http_response(root, token, response)),
        What::Grpc(event) => instance.grpc(root, token, event),
        What::Queue(queue) => (true, instance.queue_ready(root, queue)),
        What::Tick => (true, instance.tick(root)),
    }
}
