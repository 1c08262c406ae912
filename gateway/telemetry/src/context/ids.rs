//! Ids, and their hexadecimal form.

use std::{
    cell::RefCell,
    hash::{BuildHasher as _, Hasher as _, RandomState},
};

use fastrand::Rng;

thread_local! {
    /// Two generators: one alone has 64 bits of state, and the ids of a trace have 128. Both are
    /// seeded from the system's randomness, so that no two gateways make the same ids.
    static GENERATORS: RefCell<(Rng, Rng)> = RefCell::new((seeded(), seeded()));
}

/// A new trace's id: 128 random bits, never all zero.
pub fn trace_id() -> [u8; 16] {
    GENERATORS.with_borrow_mut(|(high, low)| {
        let id = u128::from(high.u64(..)) << 64 | u128::from(low.u64(1..));
        id.to_be_bytes()
    })
}

/// A new span's id: never all zero.
pub fn span_id() -> [u8; 8] {
    GENERATORS.with_borrow_mut(|(_, low)| low.u64(1..).to_be_bytes())
}

/// Ids are no secrets, so that `RandomState` is good enough: its keys are the system's.
fn seeded() -> Rng {
    Rng::with_seed(RandomState::new().build_hasher().finish())
}

/// Reads exactly `N` bytes of lower-case hexadecimal. An id that is all zero is none.
pub(super) fn id<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    if hex.len() != 2 * N {
        return None;
    }
    let mut id = [0; N];
    let mut bad = 0;
    for (byte, pair) in id.iter_mut().zip(hex.as_chunks::<2>().0) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        bad |= high | low;
        *byte = high << 4 | low & 15;
    }
    (bad < 16 && id != [0; N]).then_some(id)
}

/// As [`id`], padded on the left if it is shorter, in either case.
pub(super) fn short_id<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    let mut padded = [b'0'; 32];
    let padded = &mut padded[..2 * N];
    let start = padded.len().checked_sub(hex.len())?;
    padded[start..].copy_from_slice(hex);
    padded.make_ascii_lowercase();
    id(padded)
}

/// One byte of lower-case hexadecimal.
pub(super) fn byte(hex: &[u8]) -> Option<u8> {
    let [high, low] = hex else { return None };
    let (high, low) = (NIBBLES[usize::from(*high)], NIBBLES[usize::from(*low)]);
    (high | low < 16).then_some(high << 4 | low & 15)
}

/// As [`byte`], of one digit or two, in either case.
pub(super) fn short_byte(hex: &[u8]) -> Option<u8> {
    match hex.to_ascii_lowercase()[..] {
        [low] => byte(&[b'0', low]),
        [high, low] => byte(&[high, low]),
        _ => None,
    }
}

/// Writes lower-case hexadecimal; `into` is twice as long as `bytes`.
pub(super) fn write_hex(bytes: &[u8], into: &mut [u8]) {
    for (byte, pair) in bytes.iter().zip(into.as_chunks_mut::<2>().0) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// 16 and more for what is no lower-case digit.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        nibbles[DIGITS[digit] as usize] = digit as u8;
        digit += 1;
    }
    nibbles
};
