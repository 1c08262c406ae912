//! All headers of a request in one call to the host.
//!
//! proxy-wasm's `get` answers only the first of several headers with one name, which is not
//! enough where a second one matters (two `authorization` headers: which one would the
//! service believe?). The SDK's call for the whole map allocates twice for each header; this
//! one keeps the bytes as the host wrote them and hands out slices.

/// The headers as proxy-wasm serialises a map: the count, two lengths for each pair, then
/// for each pair the name, a zero, the value, a zero; numbers are 32 bits, little-endian.
#[derive(Debug)]
pub struct Headers(Vec<u8>);

impl Headers {
    /// Asks the host for the headers of the request. Empty where the host has none to give,
    /// which outside of the request's header phase is every time.
    #[must_use]
    pub fn read() -> Self {
        Self(host::request_headers())
    }

    /// A map in serialised form. Anything that is cut short or contradicts itself ends the
    /// iteration, nothing panics.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The headers in the order in which they arrived; names are in lower case.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let bytes = self.0.as_slice();
        let count = number(bytes, 0).unwrap_or(0);
        let mut next = count.checked_mul(8).and_then(|table| table.checked_add(4));
        (0..count).map_while(move |index| {
            let name = slice(bytes, next?, number(bytes, 4 + index * 8)?)?;
            let value_at = next?.checked_add(name.len() + 1)?;
            let value = slice(bytes, value_at, number(bytes, 8 + index * 8)?)?;
            next = value_at.checked_add(value.len() + 1);
            Some((name, value))
        })
    }

    /// The values of every header with this name, which must be in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
    }

    /// The first header with this name, which must be in lower case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
    }
}

/// For tests: the same form that a host writes.
impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs: Vec<(N, V)> = pairs.into_iter().collect();
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = u32::try_from(pairs.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        for (name, value) in &pairs {
            bytes.extend(length(name.as_ref()));
            bytes.extend(length(value.as_ref()));
        }
        for (name, value) in &pairs {
            bytes.extend([name.as_ref(), b"\0", value.as_ref(), b"\0"].concat());
        }
        Self(bytes)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(four.try_into().ok()?)).ok()
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

#[expect(unsafe_code, reason = "the SDK has no call for the map in its serialised form")]
mod host {
    use std::ptr::null_mut;

    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    }

    const REQUEST_HEADERS: u32 = 0;
    const OK: u32 = 0;

    pub(super) fn request_headers() -> Vec<u8> {
        let (mut data, mut size) = (null_mut(), 0);
        // SAFETY: both pointers are valid for the one write each that the ABI promises.
        let status = unsafe { proxy_get_header_map_pairs(REQUEST_HEADERS, &mut data, &mut size) };
        if status != OK || data.is_null() {
            return Vec::new();
        }
        // SAFETY: the host got `data` from the SDK's exported allocator, which makes it from a
        // `Vec<u8>` whose capacity is the size asked for, and gives it up to the caller.
        unsafe { Vec::from_raw_parts(data, size, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #[test]
        fn what_was_written_is_read(pairs in vec((vec(any::<u8>(), 0..9), vec(any::<u8>(), 0..9)), 0..9)) {
            let headers: Headers = pairs.iter().map(|(name, value)| (name, value)).collect();
            let read: Vec<_> =
                headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(read, pairs);
        }

        #[test]
        fn garbage_ends_the_iteration(bytes in vec(any::<u8>(), 0..64), count in 0u8..4) {
            let mut bytes = bytes;
            // Most random counts are absurd: small ones reach further.
            bytes.splice(0..bytes.len().min(4), [count, 0, 0, 0]);
            let length = bytes.len();
            prop_assert!(Headers::from_bytes(bytes).iter().count() <= length);
        }
    }

    #[test]
    fn every_header_of_a_name() {
        let headers: Headers = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(headers.all("a").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(headers.first("b"), Some(&b"2"[..]));
        assert_eq!(headers.first("c"), None);
    }
}
