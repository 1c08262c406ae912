//! Header maps as bytes: a count, the lengths of each name and value, then name and value each
//! followed by a zero byte. Numbers are little-endian `u32`.

use crate::abi::Status;

/// A name and its value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// Bytes of a map.
pub(crate) fn encode<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let size = pairs.clone().map(|(name, value)| 10 + name.len() + value.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(4 + size);
    bytes.extend_from_slice(&length(pairs.clone().count()));
    for (name, value) in pairs.clone() {
        bytes.extend_from_slice(&length(name.len()));
        bytes.extend_from_slice(&length(value.len()));
    }
    for (name, value) in pairs {
        for part in [name, value] {
            bytes.extend_from_slice(part);
            bytes.push(0);
        }
    }
    bytes
}

/// The pairs in `bytes`, which a guest wrote, `most` of them at most. No bytes at all are an empty
/// map.
pub(super) fn decode(bytes: &[u8], most: usize) -> Result<Vec<Pair<'_>>, Status> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let (count, mut lengths) = take_u32(bytes)?;
    if count > most {
        return Err(Status::BadArgument);
    }
    let mut rest = lengths.get(count * 8..).ok_or(Status::BadArgument)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let (name_size, after) = take_u32(lengths)?;
        let (value_size, after) = take_u32(after)?;
        lengths = after;
        let (name, after) = take_text(rest, name_size)?;
        let (value, after) = take_text(after, value_size)?;
        rest = after;
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn length(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

fn take_u32(bytes: &[u8]) -> Result<(usize, &[u8]), Status> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or(Status::BadArgument)?;
    Ok((u32::from_le_bytes(*number) as usize, rest))
}

fn take_text(bytes: &[u8], size: usize) -> Result<(&[u8], &[u8]), Status> {
    let (text, rest) = bytes.split_at_checked(size).ok_or(Status::BadArgument)?;
    let (_zero, rest) = rest.split_first().ok_or(Status::BadArgument)?;
    Ok((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let pairs: [Pair<'_>; 3] = [(b"a", b"1"), (b"", b""), (b"long-name", b"v\0v")];
        let bytes = encode(pairs.iter().copied());
        assert_eq!(decode(&bytes, 3).unwrap(), pairs);
        assert_eq!(decode(b"", 0).unwrap(), []);
    }

    #[test]
    fn every_cut_is_refused() {
        let pairs: [Pair<'_>; 2] = [(b"name", b"value"), (b"x", b"y")];
        let bytes = encode(pairs.iter().copied());
        for end in 1..bytes.len() {
            assert_eq!(decode(&bytes[..end], 2), Err(Status::BadArgument), "cut at {end}");
        }
    }

    #[test]
    fn lying_counts_and_lengths_are_refused() {
        assert_eq!(decode(&u32::MAX.to_le_bytes(), 1_024), Err(Status::BadArgument));
        let mut bytes = encode([(&b"a"[..], &b"b"[..])].into_iter());
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode(&bytes, 1), Err(Status::BadArgument));
    }
}
