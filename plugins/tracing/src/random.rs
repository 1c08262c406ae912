//! Ids nobody else has: xoshiro256++, seeded once by the host.
//!
//! This target has no randomness of its own. Every proxy-wasm host links `random_get` of
//! WASI preview 1, Envoy from its system's random source. Asking it for every request would
//! be a call to the host and, there, a system call; asking it once for 32 bytes leaves a few
//! multiplications. Seeding by the clock would not do: the workers of a proxy start their
//! instances in the same millisecond and would then make the same ids. Ids need to be
//! unique, not secret, so no cryptographic generator is needed.

/// The state; never all zeros.
#[derive(Clone, Debug)]
pub(crate) struct Random([u64; 4]);

impl Random {
    /// `None` where the host has no randomness to give.
    pub(crate) fn from_host() -> Option<Self> {
        let mut seed = [0; 32];
        host::fill(&mut seed).then(|| Self::new(seed))
    }

    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(seed.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        // Zeros are the one state the generator never leaves.
        if words == [0; 4] {
            words[0] = 1;
        }
        Self(words)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    pub(crate) fn span_id(&mut self) -> u64 {
        self.next().max(1)
    }

    pub(crate) fn trace_id(&mut self) -> u128 {
        (u128::from(self.next()) << 64 | u128::from(self.next())).max(1)
    }

    /// A UUID of version 4 (RFC 9562 section 5.4).
    pub(crate) fn uuid(&mut self) -> String {
        let high = self.next() & !0xf000 | 0x4000;
        let low = self.next() & (u64::MAX >> 2) | 1 << 63;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

#[expect(unsafe_code, reason = "the SDK has no call for randomness")]
mod host {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        fn random_get(buffer: *mut u8, size: usize) -> u32;
    }

    const SUCCESS: u32 = 0;

    pub(super) fn fill(seed: &mut [u8; 32]) -> bool {
        // SAFETY: the host writes exactly `size` bytes, and the buffer has as many.
        unsafe { random_get(seed.as_mut_ptr(), seed.len()) == SUCCESS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation for the state 1, 2, 3, 4.
    #[test]
    fn reference() {
        let mut seed = [0; 32];
        for (word, bytes) in (1u64..).zip(seed.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut random = Random::new(seed);
        let numbers = [random.next(), random.next(), random.next(), random.next()];
        assert_eq!(numbers, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn a_seed_of_zeros_is_as_good_as_any() {
        let mut random = Random::new([0; 32]);
        assert_ne!((0..8).map(|_| random.next()).fold(0, |all, number| all | number), 0);
    }

    proptest::proptest! {
        #[test]
        fn uuids_have_their_form(seed: [u8; 32]) {
            let uuid = Random::new(seed).uuid();
            let form = |(at, byte): (usize, u8)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                14 => byte == b'4',
                19 => b"89ab".contains(&byte),
                _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            };
            proptest::prop_assert!(uuid.len() == 36 && uuid.bytes().enumerate().all(form), "{}", uuid);
        }
    }
}
