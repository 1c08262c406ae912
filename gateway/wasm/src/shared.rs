//! Data and queues that instances share. (Empty: the next part fills it.)

/// Shared data and queues of all scopes.
#[derive(Debug, Default)]
pub struct SharedStore {}
