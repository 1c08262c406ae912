//! gRPC's frames: a flag, a length, a message.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes in front of each message.
const PREFIX: usize = 5;

/// A message as it is sent.
pub(super) fn encode(message: &[u8]) -> Option<Bytes> {
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).ok()?);
    frame.put_slice(message);
    Some(frame.freeze())
}

/// What is no message that a guest can get.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadFrame {
    /// Compressed, which was not offered, or no frame at all.
    Flag,
    TooLarge,
}

/// Takes messages out of what has come.
pub(super) struct Decoder {
    bytes: BytesMut,
    /// Longest message.
    limit: usize,
}

impl Decoder {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: BytesMut::new(), limit }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message.
    ///
    /// # Errors
    /// If what comes is no message; nothing behind it can be understood either.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, BadFrame> {
        let Some((prefix, rest)) = self.bytes.split_at_checked(PREFIX) else { return Ok(None) };
        let mut prefix = prefix;
        if prefix.get_u8() != 0 {
            return Err(BadFrame::Flag);
        }
        let length = usize::try_from(prefix.get_u32()).map_err(|_| BadFrame::TooLarge)?;
        if length > self.limit {
            return Err(BadFrame::TooLarge);
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.bytes.advance(PREFIX);
        Ok(Some(self.bytes.split_to(length).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn messages_survive_any_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
            piece in 1_usize..9,
        ) {
            let sent: Vec<u8> = messages.iter().flat_map(|m| encode(m).unwrap()).collect();
            let mut decoder = Decoder::new(20);
            let mut got = Vec::new();
            for piece in sent.chunks(piece) {
                decoder.push(piece);
                while let Some(message) = decoder.next().unwrap() {
                    got.push(message.to_vec());
                }
            }
            prop_assert_eq!(got, messages);
        }
    }

    #[test]
    fn what_is_no_message() {
        for (bytes, limit, expected) in [
            (&b"\x00\x00\x00\x00\x05hello"[..], 4, Err(BadFrame::TooLarge)),
            (b"\x00\xff\xff\xff\xff", 4, Err(BadFrame::TooLarge)),
            (b"\x01\x00\x00\x00\x01x", 4, Err(BadFrame::Flag)),
            (b"<html>", 4, Err(BadFrame::Flag)),
            (b"\x00\x00\x00\x00\x02h", 4, Ok(None)),
            (b"\x00\x00\x00", 4, Ok(None)),
        ] {
            let mut decoder = Decoder::new(limit);
            decoder.push(bytes);
            assert_eq!(decoder.next(), expected, "{bytes:?}");
        }
    }
}
