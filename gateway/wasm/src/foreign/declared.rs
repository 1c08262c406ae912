//! `declare_property`: what kind of thing a property is, before it is set.

use std::collections::BTreeMap;

use super::protobuf::fields;
use crate::{abi::Status, host::Host};

/// Properties that an instance may declare: as many as a stream can hold by default.
const DECLARED: usize = 64;

/// Bytes of a property's name.
const NAME: usize = 1_024;

/// What the root contexts of an instance have declared, by root and path.
#[derive(Debug, Default)]
pub(crate) struct Declared(BTreeMap<(i32, Vec<u8>), Kind>);

#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    text: bool,
    read_only: bool,
}

impl Declared {
    /// Whether a property is text, and whether it can be set only once.
    pub(crate) fn of(&self, root: i32, path: &[u8]) -> (bool, bool) {
        if self.0.is_empty() {
            return (false, false);
        }
        let kind = self.0.get(&(root, path.to_vec())).copied().unwrap_or_default();
        (kind.text, kind.read_only)
    }
}

/// A root context declares for the streams below it. A stream that declares does so for itself,
/// where nobody looks, as in Envoy. How long a property lives makes no difference here: all live as
/// long as the request. A schema is only of use to those who look into a property, which needs
/// generated code.
pub(super) fn declare(host: &mut Host, arguments: &[u8]) -> Result<Vec<u8>, Status> {
    let (mut name, mut kind) = ("", Kind::default());
    for field in fields(arguments) {
        match field? {
            (1, value) => name = value.text()?,
            (2, value) => kind.read_only = value.number()? != 0,
            (3, value) => kind.text = value.number()? == 1,
            (4, value) => drop(value.bytes()?),
            (5, value) => drop(value.number()?),
            _ => {}
        }
    }
    if host.stream.is_some() {
        return Ok(Vec::new());
    }
    let key = (host.root(), name.as_bytes().to_vec());
    let declared = &mut host.declared.0;
    if declared.contains_key(&key) {
        return Err(Status::BadArgument);
    }
    if declared.len() >= DECLARED || name.len() > NAME {
        return Err(Status::InternalFailure);
    }
    declared.insert(key, kind);
    Ok(Vec::new())
}
