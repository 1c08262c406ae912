//! Tokens that were found good. A client shows the same token for minutes, and checking a
//! signature costs a thousand times what looking it up does.
//!
//! The token itself is not kept, only its SHA-256. What is remembered is what does not
//! change: times are compared anew for every request. Nothing is remembered of bad tokens,
//! which anybody can make without end.

use crate::digest::Digest;
use std::collections::HashMap;
use std::rc::Rc;

/// Half of what is kept for one provider: some hundred kilobytes in a guest of some megabytes.
const GENERATION: usize = 512;

/// Two generations: a full young one becomes the old one, whose entries are forgotten unless
/// they were asked for in time. Close to least recently used, without a list.
pub(crate) struct Cache<T> {
    young: HashMap<[u8; 32], Rc<T>>,
    old: HashMap<[u8; 32], Rc<T>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<T> Cache<T> {
    pub(crate) fn get(&mut self, token: Digest) -> Option<Rc<T>> {
        let key = token.bytes();
        if let Some(found) = self.young.get(&key) {
            return Some(Rc::clone(found));
        }
        let found = self.old.remove(&key)?;
        self.insert(token, Rc::clone(&found));
        Some(found)
    }

    pub(crate) fn insert(&mut self, token: Digest, value: Rc<T>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token.bytes(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_size_is_bounded() {
        let mut cache = Cache::default();
        let token = |number: usize| Digest::of(&number.to_le_bytes());
        for number in 0..10 * GENERATION {
            cache.insert(token(number), Rc::new(number));
            assert_eq!(cache.get(token(0)).as_deref(), Some(&0), "after {number}");
            assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION);
        }
        assert!(cache.get(token(1)).is_none());
    }
}
