//! What the console asks of the gateway.

mod changes;
mod overview;
mod plugins;
mod send;
mod stream;
mod topology;
