//! What the console asks of the gateway.

mod changes;
mod plugins;
