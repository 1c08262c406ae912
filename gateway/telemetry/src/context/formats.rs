//! A set of formats.

use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

/// Formats of trace context.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Formats(u8);

impl Formats {
    pub const NONE: Self = Self(0);
    /// `traceparent` and `tracestate`
    pub const W3C: Self = Self(1);
    /// `b3`
    pub const B3: Self = Self(2);
    /// `x-b3-traceid` and those beside it
    pub const B3_MULTI: Self = Self(4);
    /// `uber-trace-id`
    pub const JAEGER: Self = Self(8);
    /// `baggage` and `uberctx-*`
    pub const BAGGAGE: Self = Self(16);
    /// Those that name a place in a trace.
    pub const CONTEXT: Self = Self(15);
    pub const ALL: Self = Self(31);

    /// Every format of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// There is none in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The format of a name: `w3c`, `b3`, `b3multi`, `jaeger`, `baggage`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "b3" => Self::B3,
            "b3multi" => Self::B3_MULTI,
            "baggage" => Self::BAGGAGE,
            "jaeger" => Self::JAEGER,
            "w3c" => Self::W3C,
            _ => return None,
        })
    }
}

impl BitAnd for Formats {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Formats {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Formats {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Sub for Formats {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}
