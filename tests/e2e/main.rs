//! What a user meets: the real program, real sockets, real files. One module an idea.

mod author;
mod big;
mod bundled;
mod cli;
mod console;
mod console_security;
mod drain;
mod examples;
mod failures;
mod hardening;
mod listeners;
mod plugins;
mod routing;
mod story;
mod suspend;
mod swap;
mod telemetry;
mod telemetry_out;
mod timeouts;
