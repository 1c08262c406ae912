//! What a path leads to, with its type: expressions need it, and the bytes depend on it.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{abi::Status, proxy_wasm::pairs, stream::Fields};

/// A name and its value.
pub(crate) type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The value of a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Text as it was sent, which need not be UTF-8.
    Text(Cow<'a, [u8]>),
    Bytes(&'a [u8]),
    Int(i64),
    Uint(u64),
    Bool(bool),
    Duration(Duration),
    Time(SystemTime),
    /// A head or trailers: each name once, its values joined with commas.
    Map(Vec<Pair<'a>>),
    /// A protobuf message without anything in it.
    Message,
    /// It has parts, but no form of its own.
    Opaque,
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text.as_bytes()))
    }
}

impl Value<'_> {
    /// The bytes that guests get. Numbers have eight, times and durations are nanoseconds, a
    /// boolean is one byte, all little-endian; texts are themselves.
    pub(crate) fn serialize(self) -> Result<Vec<u8>, Status> {
        match self {
            Self::Text(text) => Ok(text.into_owned()),
            Self::Bytes(bytes) => Ok(bytes.to_vec()),
            Self::Int(number) => Ok(number.to_le_bytes().into()),
            Self::Uint(number) => Ok(number.to_le_bytes().into()),
            Self::Bool(flag) => Ok(vec![flag.into()]),
            Self::Duration(duration) => Ok(nanoseconds(duration)),
            Self::Time(time) => {
                Ok(nanoseconds(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
            }
            Self::Map(pairs) => {
                Ok(pairs::encode(pairs.iter().map(|(name, value)| (&**name, &**value))))
            }
            Self::Message => Ok(Vec::new()),
            Self::Opaque => Err(Status::SerializationFailure),
        }
    }
}

fn nanoseconds(duration: Duration) -> Vec<u8> {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX).to_le_bytes().into()
}

/// A head as a map, or the value of one name in it.
pub(super) fn headers<'a>(head: Option<&'a Fields>, path: &[&[u8]]) -> Option<Value<'a>> {
    match path {
        [] => Some(Value::Map(head.map(map).unwrap_or_default())),
        [name] => joined(head?, name).map(Value::Text),
        _ => None,
    }
}

/// All values of a name with commas between.
fn joined<'a>(head: &'a Fields, name: &[u8]) -> Option<Cow<'a, [u8]>> {
    let name = if name.eq_ignore_ascii_case(b"host") { b":authority" } else { name };
    let same = |other: &str| other.as_bytes().eq_ignore_ascii_case(name);
    let mut values =
        head.iter().filter(|field| same(field.name.as_str())).map(|f| f.value.as_bytes());
    let first = values.next()?;
    Some(values.fold(Cow::Borrowed(first), |mut all, value| {
        let joined = all.to_mut();
        joined.push(b',');
        joined.extend_from_slice(value);
        all
    }))
}

fn map(head: &Fields) -> Vec<Pair<'_>> {
    let mut pairs = Vec::<Pair<'_>>::with_capacity(head.len());
    for field in head.iter() {
        let (name, value) = (field.name.as_str().as_bytes(), field.value.as_bytes());
        if let Some((_, all)) = pairs.iter_mut().find(|(other, _)| **other == *name) {
            let all = all.to_mut();
            all.push(b',');
            all.extend_from_slice(value);
        } else {
            pairs.push((Cow::Borrowed(name), Cow::Borrowed(value)));
        }
    }
    pairs
}
