//! Protobuf's wire format, as far as flat messages need it
//! (<https://protobuf.dev/programming-guides/encoding/>).

use crate::abi::Status;

/// The value of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes; none of our messages has one.
    Fixed,
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Status> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Status::BadArgument),
        }
    }

    /// A `string`, which is UTF-8 or the message is broken.
    pub(super) fn text(self) -> Result<&'a str, Status> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Status::BadArgument)
    }

    pub(super) fn number(self) -> Result<u64, Status> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(Status::BadArgument),
        }
    }
}

/// The fields of a message in their order: number and value. Ends behind the first broken one.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<(u64, Value<'_>), Status>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(&mut rest);
        if field.is_none() {
            rest = &[];
        }
        Some(field.ok_or(Status::BadArgument))
    })
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let tag = varint(rest)?;
    let value = match tag & 7 {
        0 => Value::Number(varint(rest)?),
        1 => take(rest, 8).map(|_| Value::Fixed)?,
        2 => {
            let size = usize::try_from(varint(rest)?).ok()?;
            Value::Bytes(take(rest, size)?)
        }
        5 => take(rest, 4).map(|_| Value::Fixed)?,
        _ => return None,
    };
    let number = tag >> 3;
    (number > 0).then_some((number, value))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(size)?;
    *rest = after;
    Some(taken)
}

/// Writes a field of bytes or text; an empty one is left out.
pub(super) fn write_bytes(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    message.push(number << 3 | 2);
    let mut size = bytes.len();
    while size >= 0x80 {
        message.push(u8::try_from(size & 0x7f).unwrap_or_default() | 0x80);
        size >>= 7;
    }
    message.push(u8::try_from(size).unwrap_or_default());
    message.extend_from_slice(bytes);
}

/// Writes a flag; false is left out.
pub(super) fn write_flag(message: &mut Vec<u8>, number: u8, flag: bool) {
    if flag {
        message.extend([number << 3, 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for size in [1, 127, 128, 300, 70_000] {
            let mut message = Vec::new();
            write_flag(&mut message, 1, true);
            write_flag(&mut message, 2, false);
            write_bytes(&mut message, 3, &vec![7; size]);
            write_bytes(&mut message, 4, b"");
            let read = fields(&message).collect::<Result<Vec<_>, _>>().unwrap();
            assert_eq!(read, [(1, Value::Number(1)), (3, Value::Bytes(&vec![7; size]))]);
        }
    }

    #[test]
    fn every_cut_and_every_lie_ends_it() {
        let mut message = vec![0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8];
        write_bytes(&mut message, 3, b"text");
        assert_eq!(fields(&message).filter(Result::is_ok).count(), 3);
        for end in (1..message.len()).filter(|end| ![5, 14].contains(end)) {
            assert_eq!(fields(&message[..end]).last(), Some(Err(Status::BadArgument)), "{end}");
        }
        let lies: [&[u8]; 5] = [
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x0b],
            &[0xff; 12],
            &[0, 0],
            &[0x0f],
        ];
        for lie in lies {
            assert_eq!(fields(lie).collect::<Vec<_>>(), [Err(Status::BadArgument)]);
        }
    }
}
