//! A head as filters see it: an ordered list of names and values in which duplicates stay apart.
//!
//! The rules for `add` and `replace` are Envoy's: filters are written against them.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use crate::{limits::Limits, met::Limit};

/// A head. Names are in lower case.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    entries: Vec<Field>,
    /// Of all names and values.
    bytes: usize,
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

/// Why a guest's change was not made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Rejected {
    /// No peer would accept this name or its value.
    Invalid { name: String },
    /// The head would be larger than the host keeps for a guest, by this limit.
    TooLarge(Limit),
}

/// How large a guest may make a head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
}

impl From<&Limits> for HeadLimits {
    fn from(limits: &Limits) -> Self {
        Self { lines: limits.headers, bytes: limits.header_bytes }
    }
}

const PSEUDO: [&str; 6] = [":authority", ":method", ":path", ":protocol", ":scheme", ":status"];

impl FieldName {
    /// `host` is another word for `:authority`, as in Envoy.
    fn parse(name: &[u8]) -> Result<Self, Rejected> {
        if name.first() == Some(&b':') {
            let known = PSEUDO.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name));
            return known.map(|name| Self::Pseudo(name)).ok_or_else(|| Rejected::invalid(name));
        }
        match HeaderName::from_bytes(name) {
            Ok(header::HOST) => Ok(Self::Pseudo(":authority")),
            Ok(name) => Ok(Self::Header(name)),
            Err(_) => Err(Rejected::invalid(name)),
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
        Self { entries: Vec::with_capacity(capacity), bytes: 0, changed: false }
    }

    /// Appends a line while the proxy fills the head; this does not count as a change.
    pub fn push(&mut self, name: FieldName, value: HeaderValue) {
        self.bytes += name.as_str().len() + value.len();
        self.entries.push(Field { name, value });
    }

    /// Takes a line out while the proxy completes the head; this does not count as a change.
    pub fn withdraw(&mut self, name: &FieldName) {
        let changed = self.changed;
        self.take_out(name);
        self.changed = changed;
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

    /// Of all names and values.
    pub fn bytes(&self) -> usize {
        self.bytes
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

    /// Takes these lines in place of all that were there, each as by `add`.
    pub(crate) fn replace_all(
        &mut self,
        pairs: &[(&[u8], &[u8])],
        limits: HeadLimits,
    ) -> Result<(), Rejected> {
        let mut new = Self::with_capacity(pairs.len());
        for (name, value) in pairs {
            new.add(name, value, limits)?;
        }
        *self = Self { changed: true, ..new };
        Ok(())
    }

    /// Adds a value. A header that Envoy keeps in a fixed slot (`content-type`, `cache-control`, …)
    /// is joined with a comma; any other, and cookies, become a line of their own.
    pub(crate) fn add(
        &mut self,
        name: &[u8],
        value: &[u8],
        limits: HeadLimits,
    ) -> Result<(), Rejected> {
        let parsed = FieldName::parse(name)?;
        let added = parse_value(name, value)?;
        if is_single(&parsed)
            && let Some(field) = self.entries.iter_mut().find(|field| field.name == parsed)
        {
            let comma: &[u8] = if value.is_empty() || field.value.is_empty() { b"" } else { b"," };
            let joined = [field.value.as_bytes(), comma, value].concat();
            let grown = self.bytes + joined.len() - field.value.len();
            if grown > limits.bytes {
                return Err(Rejected::TooLarge(Limit::HeaderBytes));
            }
            field.value = parse_value(name, &joined)?;
            (self.bytes, self.changed) = (grown, true);
            return Ok(());
        }
        self.insert(parsed, added, limits)
    }

    /// Collapses all values of a name into one at the end of the head, as Envoy does.
    pub(crate) fn replace(
        &mut self,
        name: &[u8],
        value: &[u8],
        limits: HeadLimits,
    ) -> Result<(), Rejected> {
        let parsed = FieldName::parse(name)?;
        let value = parse_value(name, value)?;
        let old = self.entries.iter().filter(|field| field.name == parsed);
        let old = old.map(Field::bytes).sum::<usize>();
        if self.bytes - old + parsed.as_str().len() + value.len() > limits.bytes {
            return Err(Rejected::TooLarge(Limit::HeaderBytes));
        }
        self.take_out(&parsed);
        self.insert(parsed, value, limits)
    }

    /// Removes all values of a name; a name that is not there is no error.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        if let Ok(name) = FieldName::parse(name) {
            self.take_out(&name);
        }
    }

    fn take_out(&mut self, name: &FieldName) {
        let before = self.entries.len();
        let bytes = &mut self.bytes;
        self.entries.retain(|field| {
            let stays = field.name != *name;
            *bytes -= if stays { 0 } else { field.bytes() };
            stays
        });
        self.changed |= self.entries.len() != before;
    }

    /// At the end, which for pseudo headers is before the first header.
    fn insert(
        &mut self,
        name: FieldName,
        value: HeaderValue,
        limits: HeadLimits,
    ) -> Result<(), Rejected> {
        let field = Field { name, value };
        let grown = self.bytes + field.bytes();
        if grown > limits.bytes {
            return Err(Rejected::TooLarge(Limit::HeaderBytes));
        }
        if self.entries.len() >= limits.lines {
            return Err(Rejected::TooLarge(Limit::Headers));
        }
        let is_header = |field: &Field| matches!(field.name, FieldName::Header(_));
        let pseudo = !is_header(&field);
        let place = self.entries.iter().position(is_header).filter(|_| pseudo);
        self.entries.insert(place.unwrap_or(self.entries.len()), field);
        (self.bytes, self.changed) = (grown, true);
        Ok(())
    }
}

impl Field {
    fn bytes(&self) -> usize {
        self.name.as_str().len() + self.value.len()
    }
}

impl Rejected {
    /// The value is not repeated: it may be a secret.
    fn invalid(name: &[u8]) -> Self {
        Self::Invalid { name: Self::shown(name) }
    }

    /// A name as errors show it.
    pub(crate) fn shown(name: &[u8]) -> String {
        name[..name.len().min(NAME_SHOWN)].escape_ascii().to_string()
    }
}

/// How much of a bad name an error repeats.
const NAME_SHOWN: usize = 64;

fn parse_value(name: &[u8], value: &[u8]) -> Result<HeaderValue, Rejected> {
    let value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(value));
    value.map_err(|_| Rejected::invalid(name))
}

/// Headers for which Envoy has one slot, so that a second value is joined to the first.
fn is_single(name: &FieldName) -> bool {
    let FieldName::Header(name) = name else { return true };
    joins(name.as_str())
}

/// Whether Envoy has one slot for a header (its name in lower case), so that further values are
/// joined to the first with a comma.
pub fn joins(name: &str) -> bool {
    SINGLE.binary_search(&name).is_ok()
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

    const LIMITS: HeadLimits = HeadLimits { lines: 1_024, bytes: 256 << 10 };

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
        fields.replace(b"X-A", b"3", LIMITS).unwrap();
        assert_eq!(text(&fields), ":path=/ accept=a x-a=3");
        fields.replace(b":path", b"/new", LIMITS).unwrap();
        assert_eq!(text(&fields), ":path=/new accept=a x-a=3");
    }

    #[test]
    fn add_joins_only_what_envoy_keeps_in_one_slot() {
        let mut fields = head();
        fields.add(b"accept", b"b", LIMITS).unwrap();
        fields.add(b"x-a", b"3", LIMITS).unwrap();
        fields.add(b"set-cookie", b"c", LIMITS).unwrap();
        fields.add(b"set-cookie", b"d", LIMITS).unwrap();
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
        for (name, value) in [("bad name", "x"), ("x", "a\r\nb: c"), (":nonsense", "x"), ("", "")] {
            let rejected = Rejected::Invalid { name: name.into() };
            assert_eq!(
                fields.add(name.as_bytes(), value.as_bytes(), LIMITS),
                Err(rejected.clone())
            );
            assert_eq!(fields.replace(name.as_bytes(), value.as_bytes(), LIMITS), Err(rejected));
        }
        assert!(!fields.changed());
        assert_eq!(text(&fields), ":path=/ x-a=1 accept=a x-a=2");
    }

    #[test]
    fn pseudo_headers_stay_in_front() {
        let mut fields = head();
        fields.add(b":Method", b"GET", LIMITS).unwrap();
        fields.replace(b":path", b"/new", LIMITS).unwrap();
        assert_eq!(text(&fields), ":method=GET :path=/new x-a=1 accept=a x-a=2");
    }

    #[test]
    fn a_whole_new_head_joins_like_add_and_is_all_or_nothing() {
        let mut fields = head();
        let bad: [(&[u8], &[u8]); 2] = [(b"x", b"1"), (b"y y", b"2")];
        assert_eq!(fields.replace_all(&bad, LIMITS), Err(Rejected::Invalid { name: "y y".into() }));
        assert_eq!(text(&fields), ":path=/ x-a=1 accept=a x-a=2");
        let good: [(&[u8], &[u8]); 5] = [
            (b"accept", b"a"),
            (b"x", b"1"),
            (b"accept", b""),
            (b":path", b"/"),
            (b"accept", b"b"),
        ];
        fields.replace_all(&good, LIMITS).unwrap();
        assert_eq!(text(&fields), ":path=/ accept=a,b x=1");
    }

    #[test]
    fn a_head_stops_growing() {
        let mut fields = head();
        let value = [b'v'; 1 << 10];
        let adds = |fields: &mut Fields, name: &[u8]| {
            (0..10_000).take_while(|_| fields.add(name, &value, LIMITS).is_ok()).count()
        };
        assert_eq!(adds(&mut fields, b"x"), (LIMITS.bytes - 20) / (value.len() + 1));
        fields.remove(b"x");
        assert_eq!(adds(&mut fields, b"accept"), (LIMITS.bytes - 20) / (value.len() + 1));
        fields.remove(b"accept");
        let lines = (0..10_000).take_while(|_| fields.add(b"x", b"", LIMITS).is_ok()).count();
        assert_eq!(lines + 3, LIMITS.lines);
    }

    #[test]
    fn host_is_the_authority() {
        let mut fields = head();
        fields.replace(b"host", b"fleet.local", LIMITS).unwrap();
        assert_eq!(fields.first(b":authority").unwrap(), "fleet.local");
        assert_eq!(fields.first(b"Host").unwrap(), "fleet.local");
    }
}
