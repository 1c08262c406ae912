//! Counts what a decision looks at, in tests only.
//!
//! The cost of routing is a promise ("does not grow with the number of routes"). A clock cannot
//! keep it in a test, so tests count look-ups and comparisons instead.

#[cfg(test)]
std::thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes one look-up in a table or one check of a candidate; nothing outside tests.
#[inline]
pub(super) fn step() {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// The steps that `work` takes.
#[cfg(test)]
pub(super) fn count(work: impl FnOnce()) -> usize {
    STEPS.with(|steps| steps.set(0));
    work();
    STEPS.with(std::cell::Cell::get)
}
