//! What lies behind the edge: spans that services report, the calls they tell of, and where
//! sight ends.
//!
//! A gateway sees one hop. Services that send their spans to the receiver let it see further;
//! about those that do not, [`Behind::sight_ends`] says so instead of pretending.

pub mod behind;
mod calls;
mod memory;
mod sight;
pub mod span;

pub use behind::{Behind, OnCall};
pub use calls::Call;
pub use memory::{Held, Limits};
pub use sight::Sight;
pub use span::{Kind, Span, Value};

pub(crate) use memory::Memory;
