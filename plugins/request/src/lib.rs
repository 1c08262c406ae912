//! What the bundled filters have in common: how they read the head of a request
//! ([`headers`]), how a rule says which requests it is for ([`rule`]), and how settings are
//! read and refused ([`settings`], [`duration`]), and how they are described ([`schema`]).
//!
//! Nothing here calls the host except [`Headers::read`], so all of it is tested as an
//! ordinary library.

pub mod duration;
pub mod headers;
pub mod rule;
pub mod schema;
pub mod settings;

pub use headers::Headers;
pub use rule::{PathMatch, Rule};
pub use settings::SettingsError;
