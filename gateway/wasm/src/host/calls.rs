//! The call-outs of an instance that are on their way, by the numbers the guest knows them by.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    outside::{GrpcRunning, Running},
    stream::CallNote,
};

/// Numbers as Envoy gives them: the two lowest bits tell the kind.
#[derive(Default)]
pub(crate) struct Calls {
    open: BTreeMap<u32, OpenCall>,
    /// The last number of each kind.
    last: [u32; 4],
    /// Streams that only the peer has closed.
    half_closed: usize,
    /// What is told about those that were made for a stream.
    notes: BTreeMap<u32, Arc<CallNote>>,
}

pub(crate) enum OpenCall {
    Http(Running),
    #[expect(dead_code, reason = "it is there to be dropped, which resets the call")]
    GrpcCall(Box<dyn GrpcRunning>),
    GrpcStream {
        running: Box<dyn GrpcRunning>,
        /// The guest has said all.
        closed_here: bool,
        /// The peer has closed; the guest may still close or cancel.
        closed_there: bool,
    },
}

/// What a number is the number of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CallKind {
    Http = 0,
    GrpcCall = 1,
    GrpcStream = 2,
}

impl CallKind {
    pub(crate) fn of(token: u32) -> Option<Self> {
        match token & 3 {
            0 => Some(Self::Http),
            1 => Some(Self::GrpcCall),
            2 => Some(Self::GrpcStream),
            _ => None,
        }
    }
}

impl Calls {
    /// Calls that wait for something.
    pub(crate) fn len(&self) -> usize {
        self.open.len() - self.half_closed
    }

    /// The number of the next call of a kind. It is the next one's until a call has it.
    pub(crate) fn next(&self, kind: CallKind) -> u32 {
        let mut token = self.last[kind as usize];
        loop {
            token = token.wrapping_add(4) | kind as u32;
            // Not 0, which some guests take for no call; and none that is still open, after 2³⁰.
            if token >= 4 && !self.open.contains_key(&token) {
                return token;
            }
        }
    }

    pub(crate) fn insert(&mut self, token: u32, call: OpenCall) {
        self.last[token as usize & 3] = token;
        self.open.insert(token, call);
    }

    /// Something will be told about it.
    pub(crate) fn note(&mut self, token: u32, note: Arc<CallNote>) {
        self.notes.insert(token, note);
    }

    /// It is over, with this status or without an answer. Again does nothing.
    pub(crate) fn ended(&mut self, token: u32, status: Option<u16>) {
        if let Some(note) = self.notes.remove(&token) {
            note.ended(status);
        }
    }

    pub(crate) fn get(&self, token: u32) -> Option<&OpenCall> {
        self.open.get(&token)
    }

    /// Dropping what this answers cancels the call.
    pub(crate) fn remove(&mut self, token: u32) -> Option<OpenCall> {
        let call = self.open.remove(&token)?;
        self.ended(token, None);
        if matches!(call, OpenCall::GrpcStream { closed_there: true, .. }) {
            self.half_closed -= 1;
        }
        Some(call)
    }

    /// The guest has said all on a stream. False if there is none.
    pub(crate) fn close_here(&mut self, token: u32) -> bool {
        let Some(OpenCall::GrpcStream { running, closed_here, closed_there }) =
            self.open.get_mut(&token)
        else {
            return false;
        };
        running.close();
        *closed_here = true;
        if *closed_there {
            self.remove(token);
        }
        true
    }

    /// The peer has closed. A stream that the guest has not closed is kept, so that closing it is
    /// no error; `limit` of these at most.
    pub(crate) fn close_there(&mut self, token: u32, limit: usize) {
        let half = self.half_closed;
        match self.open.get_mut(&token) {
            Some(OpenCall::GrpcStream { closed_here: false, closed_there, .. })
                if !*closed_there && half < limit =>
            {
                *closed_there = true;
                self.half_closed += 1;
            }
            Some(_) => drop(self.remove(token)),
            None => {}
        }
    }
}
