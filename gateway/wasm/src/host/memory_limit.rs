//! Memory and tables of an instance, within limits.

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// Keeps memory and tables of an instance within limits, and remembers that it had to.
pub(crate) struct MemoryLimit {
    inner: StoreLimits,
    bytes: usize,
    /// Memory was refused in the running callback.
    pub(crate) reached: bool,
    /// How often memory, and elements of a table, were refused.
    pub(crate) memory_refused: u64,
    pub(crate) table_refused: u64,
}

impl MemoryLimit {
    pub(super) fn new(bytes: usize, table: usize) -> Self {
        let inner = StoreLimitsBuilder::new()
            .memory_size(bytes)
            .table_elements(table)
            .instances(1)
            .memories(1)
            .tables(4)
            .build();
        Self { inner, bytes, reached: false, memory_refused: 0, table_refused: 0 }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = self.inner.memory_growing(current, desired, maximum)?;
        self.reached |= !granted;
        self.memory_refused += u64::from(!granted);
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = self.inner.table_growing(current, desired, maximum)?;
        self.table_refused += u64::from(!granted);
        Ok(granted)
    }

    fn instances(&self) -> usize {
        self.inner.instances()
    }

    fn tables(&self) -> usize {
        self.inner.tables()
    }

    fn memories(&self) -> usize {
        self.inner.memories()
    }
}
