//! Who is known by what secret: the keys of an API key provider, the users of a Basic one.

use crate::digest::Digest;
use subtle::{ConditionallySelectable, ConstantTimeEq};

/// All entries are looked at for every request, so that the time says nothing about which
/// one was meant; the limit keeps that scan within some five microseconds.
pub(crate) const MOST_ENTRIES: usize = 1000;

pub(crate) struct Roster(Vec<Entry>);

pub(crate) struct Entry {
    /// The key's id or the user's name.
    pub(crate) id: String,
    /// What a request must show: the digest of the secret.
    pub(crate) secret: Digest,
    /// The digest of the id.
    pub(crate) name: Digest,
}

impl Entry {
    pub(crate) fn new(id: String, secret: Digest) -> Self {
        let name = Digest::of(id.as_bytes());
        Self { id, secret, name }
    }
}

impl Roster {
    pub(crate) const fn new(entries: Vec<Entry>) -> Self {
        Self(entries)
    }

    /// The id that a secret alone belongs to.
    pub(crate) fn by_secret(&self, secret: &[u8]) -> Option<&str> {
        let secret = Digest::of(secret);
        self.select(|entry| entry.secret.equals(&secret))
    }

    /// The id, if the secret is its own. An unknown name takes as long as a wrong password.
    pub(crate) fn by_name(&self, name: &[u8], secret: &[u8]) -> Option<&str> {
        let (name, secret) = (Digest::of(name), Digest::of(secret));
        self.select(|entry| entry.name.equals(&name) & entry.secret.equals(&secret))
    }

    fn select(&self, is_it: impl Fn(&Entry) -> subtle::Choice) -> Option<&str> {
        let nobody = u32::MAX;
        let mut found = nobody;
        for (index, entry) in (0..nobody).zip(&self.0) {
            found.conditional_assign(&index, is_it(entry));
        }
        if bool::from(found.ct_eq(&nobody)) {
            return None;
        }
        self.0.get(usize::try_from(found).ok()?).map(|entry| entry.id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_names() {
        let entry = |id: &str, secret: &str| Entry::new(id.into(), Digest::of(secret.as_bytes()));
        let roster = Roster::new(vec![entry("alice", "a"), entry("bob", "b"), entry("eve", "")]);
        assert_eq!(roster.by_secret(b"b"), Some("bob"));
        assert_eq!(roster.by_secret(b"a"), Some("alice"));
        assert_eq!(roster.by_secret(b"c"), None);
        assert_eq!(roster.by_name(b"bob", b"b"), Some("bob"));
        assert_eq!(roster.by_name(b"bob", b"a"), None);
        assert_eq!(roster.by_name(b"carol", b"a"), None);
        assert_eq!(Roster::new(Vec::new()).by_secret(b""), None);
    }
}
