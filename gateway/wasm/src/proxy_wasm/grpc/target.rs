//! Whom a guest wants to call: a plain name, or Envoy's `config.core.v3.GrpcService` as a protobuf
//! message, which C++ filters send.

/// An upstream in one of its two spellings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target<'a> {
    Plain(&'a [u8]),
    Message(&'a [u8]),
}

/// `GrpcService.envoy_grpc`, whose first field is `cluster_name`.
const ENVOY_GRPC: u64 = 1;
/// `GrpcService.google_grpc`, whose first field is `target_uri`.
const GOOGLE_GRPC: u64 = 2;
const NAME: u64 = 1;

impl<'a> Target<'a> {
    /// Bytes that are no such message, or one that names nobody, are a name.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let service = field(bytes, ENVOY_GRPC).or_else(|| field(bytes, GOOGLE_GRPC));
        let name = service.and_then(|service| field(service, NAME));
        match name {
            Some(name) if !name.is_empty() => Self::Message(name),
            _ => Self::Plain(bytes),
        }
    }

    pub(super) fn name(self) -> &'a [u8] {
        match self {
            Self::Plain(name) | Self::Message(name) => name,
        }
    }
}

/// The last value of a length-delimited field, if all of the message can be read.
fn field(mut bytes: &[u8], wanted: u64) -> Option<&[u8]> {
    let mut found = None;
    while !bytes.is_empty() {
        let (key, rest) = varint(bytes)?;
        let (number, rest) = (key >> 3, rest);
        bytes = match key & 7 {
            0 => varint(rest)?.1,
            1 => rest.get(8..)?,
            2 => {
                let (size, rest) = varint(rest)?;
                let (value, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
                if number == wanted {
                    found = Some(value);
                }
                rest
            }
            5 => rest.get(4..)?,
            _ => return None,
        };
        if number == 0 {
            return None;
        }
    }
    found
}

/// A number in groups of seven bits, the lowest first.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        assert_eq!(Target::read(b"staff"), Target::Plain(b"staff"));
        assert_eq!(
            Target::read(b"outbound|80||staff.local"),
            Target::Plain(b"outbound|80||staff.local")
        );
        let envoy = b"\x0a\x07\x0a\x05staff";
        assert_eq!(Target::read(envoy), Target::Message(b"staff"));
        let google = b"\x12\x07\x0a\x05staff\x1a\x02\x08\x05";
        assert_eq!(Target::read(google), Target::Message(b"staff"));
    }

    #[test]
    fn what_is_no_message_is_a_name() {
        for bytes in
            [&b""[..], b"\x0a\x00", b"\x0a\x07\x0a\x06staff", b"\x0a\xff", b"x1", b"\xff\xff"]
        {
            assert_eq!(Target::read(bytes), Target::Plain(bytes));
        }
        let long = [0xff; 40];
        assert_eq!(Target::read(&long), Target::Plain(&long));
    }
}
