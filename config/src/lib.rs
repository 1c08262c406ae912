//! Portico's configuration: text in, meaning out.
//!
//! [`load`] reads YAML and returns either a [`config::Config`] that cannot be wrong or every
//! problem at once, each with its place, its reason and a way out. The steps: `tree` parses,
//! `decode` reads the tree into a `document`, `validate` turns documents into a `config`, and
//! `locate` finds lines and columns if anything was wrong. Schema and reference are rendered
//! from the same definition.
//!
//! This crate knows neither network nor runtime nor file system: it never opens a file.
#![forbid(unsafe_code)]

pub mod config;
mod diagnostic;
mod path;
mod problem;
mod shape;
mod suggest;
mod tree;
mod values;
#[macro_use]
mod decode;
mod document;
mod edit;
mod effective;
mod excerpt;
mod load;
mod locate;
mod reference;
mod schema;
mod validate;

pub use self::{
    diagnostic::{Diagnostic, Severity},
    edit::{Edit, EditError, MAX_EDITS, Step, edit},
    effective::{Effective, EffectiveField, ItemKind, Origin, effective},
    load::{Loaded, Source, load},
    locate::{Locator, locate, locate_item},
    reference::reference,
    schema::schema,
};
