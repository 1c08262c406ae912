//! A head as filters see it: an ordered list of names and values in which duplicates stay apart.
//!
//! The rules for `add` and `replace` are Envoy's: filters are written against them.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

/// A head. Names are in lower case.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    entries: Vec<Field>,
    changed: bool,
}

/// One line of a head.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: FieldName,
    pub value: HeaderValue,
}

/// The name of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FieldName {
    /// `:path` and its like.
    Pseudo(&'static str),
    /// Everything else.
    Header(HeaderName),
}

/// A name or value that no peer would accept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Invalid;

const PSEUDO: [&str; 6] = [":authority", ":method", ":path", ":protocol", ":scheme", ":status"];

impl FieldName {
    /// `host` is another word for `:authority`, as in Envoy.
    fn parse(name: &[u8]) -> Result<Self, Invalid> {
        if name.first() == Some(&b':') {
            let known = PSEUDO.iter().find(|known| known.as_bytes() == name);
            return known.map(|name| Self::Pseudo(name)).ok_or(Invalid);
        }
        match HeaderName::from_bytes(name) {
            Ok(header::HOST) => Ok(Self::Pseudo(":authority")),
            Ok(name) => Ok(Self::Header(name)),
            Err(_) => Err(Invalid),
        }
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pseudo(name) => name,
            Self::Header(name) => name.as_str(),
        }
    }
}

impl Fields {
    /// An empty head with room for `capacity` lines.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), changed: false }
    }

    /// Appends a line while the proxy fills the head; this does not count as a change.
    pub fn push(&mut self, name: FieldName, value: HeaderValue) {
        self.entries.push(Field { name, value });
    }

    /// Whether a guest has changed it since it was filled.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Takes note that the proxy has carried over all changes.
    pub fn settle(&mut self) {
        self.changed = false;
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.entries.iter()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first value of a name. Names are compared without regard to case.
    pub fn first(&self, name: &[u8]) -> Option<&HeaderValue> {
        let name = if name.eq_ignore_ascii_case(b"host") { b":authority" } else { name };
        self.entries
            .iter()
            .find(|field| field.name.as_str().as_bytes().eq_ignore_ascii_case(name))
            .map(|field| &field.value)
    }

    pub(crate) fn replace_all(&mut self, pairs: &[(&[u8], &[u8])]) -> Result<(), Invalid> {
        let mut entries = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            entries.push(Field { name: FieldName::parse(name)?, value: parse_value(value)? });
        }
        self.entries = entries;
        self.changed = true;
        Ok(())
    }

    /// Adds a value. A header that Envoy keeps in a fixed slot (`content-type`, `cache-control`, …)
    /// is joined with a comma; any other, and cookies, become a line of their own.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), Invalid> {
        let name = FieldName::parse(name)?;
        let value = parse_value(value)?;
        self.changed = true;
        if is_single(&name)
            && let Some(field) = self.entries.iter_mut().find(|field| field.name == name)
        {
            let joined = [field.value.as_bytes(), b",", value.as_bytes()].concat();
            field.value = parse_value(&joined)?;
            return Ok(());
        }
        self.entries.push(Field { name, value });
        Ok(())
    }

    /// Collapses all values of a name into one at the end of the head, as Envoy does. A pseudo
    /// header keeps its place in front.
    pub(crate) fn replace(&mut self, name: &[u8], value: &[u8]) -> Result<(), Invalid> {
        let name = FieldName::parse(name)?;
        let value = parse_value(value)?;
        self.changed = true;
        if matches!(name, FieldName::Pseudo(_))
            && let Some(field) = self.entries.iter_mut().find(|field| field.name == name)
        {
            field.value = value;
            return Ok(());
        }
        self.entries.retain(|field| field.name != name);
        self.entries.push(Field { name, value });
        Ok(())
    }

    /// Removes all values of a name; a name that is not there is no error.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        let Ok(name) = FieldName::parse(name) else { return };
        let before = self.entries.len();
        self.entries.retain(|field| field.name != name);
        self.changed |= self.entries.len() != before;
    }
}

fn parse_value(value: &[u8]) -> Result<HeaderValue, Invalid> {
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(value)).map_err(|_| Invalid)
}

/// Headers for which Envoy has one slot, so that a second value is joined to the first.
fn is_single(name: &FieldName) -> bool {
    let FieldName::Header(name) = name else { return true };
    SINGLE.binary_search(&name.as_str()).is_ok()
}

/// Sorted. Envoy's fixed header slots, as far as HTTP filters meet them.
const SINGLE: [&str; 53] = [
    "accept",
    "accept-encoding",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "age",
    "authentication",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "grpc-accept-encoding",
    "grpc-message",
    "grpc-status",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "location",
    "origin",
    "pragma",
    "proxy-connection",
    "proxy-status",
    "referer",
    "server",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-service-time",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Fields {
        let mut fields = Fields::default();
        fields.push(FieldName::Pseudo(":path"), HeaderValue::from_static("/"));
        for (name, value) in [("x-a", "1"), ("accept", "a"), ("x-a", "2")] {
            fields.push(FieldName::Header(name.parse().unwrap()), HeaderValue::from_static(value));
        }
        fields
    }

    fn text(fields: &Fields) -> String {
        let lines =
            fields.iter().map(|f| format!("{}={}", f.name.as_str(), f.value.to_str().unwrap()));
        lines.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn singles_are_sorted_for_the_search() {
        assert!(SINGLE.is_sorted());
    }

    #[test]
    fn replace_collapses_and_moves_to_the_end() {
        let mut fields = head();
        fields.replace(b"X-A", b"3").unwrap();
        assert_eq!(text(&fields), ":path=/ accept=a x-a=3");
        fields.replace(b":path", b"/new").unwrap();
        assert_eq!(text(&fields), ":path=/new accept=a x-a=3");
    }

    #[test]
    fn add_joins_only_what_envoy_keeps_in_one_slot() {
        let mut fields = head();
        fields.add(b"accept", b"b").unwrap();
        fields.add(b"x-a", b"3").unwrap();
        fields.add(b"set-cookie", b"c").unwrap();
        fields.add(b"set-cookie", b"d").unwrap();
        assert_eq!(text(&fields), ":path=/ x-a=1 accept=a,b x-a=2 x-a=3 set-cookie=c set-cookie=d");
    }

    #[test]
    fn removing_nothing_is_no_change() {
        let mut fields = head();
        fields.remove(b"absent");
        assert!(!fields.changed());
        fields.remove(b"x-a");
        assert_eq!(text(&fields), ":path=/ accept=a");
        assert!(fields.changed());
    }

    #[test]
    fn what_no_peer_accepts_is_refused() {
        let mut fields = head();
        assert_eq!(fields.add(b"bad name", b"x"), Err(Invalid));
        assert_eq!(fields.add(b"x", b"a\r\nb: c"), Err(Invalid));
        assert_eq!(fields.add(b":nonsense", b"x"), Err(Invalid));
        assert_eq!(text(&fields), ":path=/ x-a=1 accept=a x-a=2");
    }

    #[test]
    fn host_is_the_authority() {
        let mut fields = head();
        fields.replace(b"host", b"fleet.local").unwrap();
        assert_eq!(fields.first(b":authority").unwrap(), "fleet.local");
        assert_eq!(fields.first(b"Host").unwrap(), "fleet.local");
    }
}
