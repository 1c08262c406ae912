//! A configuration changes while the gateway serves.

mod admin;
mod files;
mod rejected;
mod traffic;
