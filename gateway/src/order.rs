//! The order of a head's lines, where a map of headers would lose it.
//!
//! pingora keeps headers in a map, which brings those of one name together. To a recipient that is
//! the same head (RFC 9110, section 5.3). Envoy keeps them as they came and as filters have added
//! them; so does this, for heads in which a name comes again after another one.

use http::{HeaderMap, HeaderName, header};
use portico_wasm::{FieldName, Fields};

/// The names of a head's lines, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Order(Box<[HeaderName]>);

impl Order {
    /// The order in which a head came. None if the map has it too.
    pub(crate) fn of_wire(bytes: &[u8], headers: &HeaderMap) -> Option<Self> {
        if headers.len() == headers.keys_len() {
            return None;
        }
        let lines = bytes.split(|byte| *byte == b'\n').skip(1);
        Self::of(lines.filter_map(name_of).collect())
    }

    /// The order that filters have made. None if the map that was made of it has it too.
    pub(crate) fn of_fields(fields: &Fields, headers: &HeaderMap) -> Option<Self> {
        if headers.len() == headers.keys_len() {
            return None;
        }
        let names = fields.iter().filter_map(|field| match &field.name {
            FieldName::Header(name) => Some(name.clone()),
            FieldName::Pseudo(":authority") => Some(header::HOST),
            FieldName::Pseudo(_) => None,
        });
        Self::of(names.collect())
    }

    /// The order of a list. None if a map of it has it too.
    pub(crate) fn of(names: Vec<HeaderName>) -> Option<Self> {
        let apart = names
            .iter()
            .enumerate()
            .any(|(at, name)| at > 0 && names[at - 1] != *name && names[..at].contains(name));
        apart.then(|| Self(names.into()))
    }

    /// Puts what filters are shown into this order; what it does not name comes last.
    pub(crate) fn sort_fields(&self, fields: Fields) -> Fields {
        let mut sorted = Fields::with_capacity(fields.len());
        let (pseudo, rest): (Vec<_>, Vec<_>) =
            fields.iter().cloned().partition(|field| matches!(field.name, FieldName::Pseudo(_)));
        let mut rest = rest.into_iter().map(Some).collect::<Vec<_>>();
        let named = self.take_each(
            &mut rest,
            |field, name| matches!(&field.name, FieldName::Header(own) if own == name),
        );
        for field in pseudo.into_iter().chain(named) {
            sorted.push(field.name, field.value);
        }
        sorted
    }

    /// The head in this order: the same lines, and those that it does not name last.
    pub(crate) fn sort_wire(&self, head: &[u8]) -> Vec<u8> {
        let mut lines = head.split_inclusive(|byte| *byte == b'\n');
        let mut sorted = Vec::with_capacity(head.len());
        sorted.extend_from_slice(lines.next().unwrap_or_default());
        let mut rest = lines.map(Some).collect::<Vec<_>>();
        // The empty line that ends the head has no name, and stays the last.
        let named = self.take_each(&mut rest, |line, name| {
            let own = line.split(|byte| *byte == b':').next().unwrap_or_default();
            own.eq_ignore_ascii_case(name.as_str().as_bytes())
        });
        named.into_iter().for_each(|line| sorted.extend_from_slice(line));
        sorted
    }

    /// Takes, for each name, the next entry that has it; then what is left.
    fn take_each<T>(
        &self,
        entries: &mut [Option<T>],
        is: impl Fn(&T, &HeaderName) -> bool,
    ) -> Vec<T> {
        let mut sorted = Vec::with_capacity(entries.len());
        for name in &self.0 {
            let found =
                entries.iter_mut().find(|entry| entry.as_ref().is_some_and(|e| is(e, name)));
            sorted.extend(found.and_then(Option::take));
        }
        sorted.extend(entries.iter_mut().filter_map(Option::take));
        sorted
    }
}

fn name_of(line: &[u8]) -> Option<HeaderName> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    HeaderName::from_bytes(&line[..colon]).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines.iter();
        lines.map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    const CAME: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-b: 2\r\nx-a: 3\r\n\r\n";

    fn headers() -> HeaderMap {
        let mut headers = map(&[("host", "a"), ("x-a", "1"), ("x-b", "2")]);
        headers.append("x-a", HeaderValue::from_static("3"));
        headers
    }

    #[test]
    fn a_head_goes_out_in_the_order_it_came() {
        let order = Order::of_wire(CAME, &headers()).unwrap();
        let grouped =
            b"GET / HTTP/1.1\r\nhost: a\r\nx-a: 1\r\nx-a: 3\r\nx-b: 2\r\nx-new: 4\r\n\r\n";
        assert_eq!(
            String::from_utf8(order.sort_wire(grouped)).unwrap(),
            "GET / HTTP/1.1\r\nhost: a\r\nx-a: 1\r\nx-b: 2\r\nx-a: 3\r\nx-new: 4\r\n\r\n"
        );
    }

    #[test]
    fn names_that_are_gone_leave_no_hole() {
        let order = Order::of_wire(CAME, &headers()).unwrap();
        let sorted = order.sort_wire(b"GET / HTTP/1.1\r\nx-a: 1\r\n\r\n");
        assert_eq!(sorted, b"GET / HTTP/1.1\r\nx-a: 1\r\n\r\n");
    }

    #[test]
    fn a_map_keeps_what_stands_together() {
        let together = b"GET / HTTP/1.1\r\na: 1\r\na: 2\r\nb: 3\r\n\r\n";
        let mut headers = map(&[("a", "1"), ("b", "3")]);
        headers.append("a", HeaderValue::from_static("2"));
        assert_eq!(Order::of_wire(together, &headers), None);
        assert_eq!(Order::of_wire(CAME, &map(&[("a", "1")])), None);
    }

    #[test]
    fn filters_see_the_order_too() {
        let order = Order::of_wire(CAME, &headers()).unwrap();
        let mut fields = Fields::default();
        fields.push(FieldName::Pseudo(":path"), HeaderValue::from_static("/"));
        for (name, value) in &headers() {
            fields.push(FieldName::Header(name.clone()), value.clone());
        }
        let sorted = order.sort_fields(fields);
        let names: Vec<_> = sorted.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, [":path", "host", "x-a", "x-b", "x-a"]);
    }
}
