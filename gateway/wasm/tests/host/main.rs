//! The plugin host through its public face, with guests written as WebAssembly text.
//!
//! Guests in `tests/guests` are found by name. Those that have a recorded transcript beside them
//! (`name.txt`) are run by `recorded`; those in `tests/guests/refused` must not start, for the
//! reason recorded; the others misbehave, and `hostile` says how. `coverage` tells which of the host's
//! functions they call.

mod fake;
mod guest;
mod said;
mod transcript;

mod coverage;
mod flow;
mod hostile;
mod lifetime;
mod limits;
mod recorded;
mod refused;
