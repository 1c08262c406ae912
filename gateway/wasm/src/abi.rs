//! Numbers of the proxy-wasm ABI 0.2.1 that guests and host agree on.
//!
//! Values have gaps on purpose; the specification leaves the same ones.

/// What a host function answers: those of the ABI's numbers that this host uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub(crate) enum Status {
    Ok = 0,
    NotFound = 1,
    BadArgument = 2,
    SerializationFailure = 3,
    InvalidMemoryAccess = 6,
    Empty = 7,
    CasMismatch = 8,
    InternalFailure = 10,
    Unimplemented = 12,
}

/// What a guest answers from a header callback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Go on with the next filter.
    Continue,
    /// Stop until something resumes the stream.
    Pause,
}

impl Action {
    /// Envoy reads everything but 0 as pause.
    pub(crate) fn from_guest(value: i32) -> Self {
        if value == 0 { Self::Continue } else { Self::Pause }
    }
}

/// A header map that a guest can name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MapKind {
    RequestHeaders,
    ResponseHeaders,
    /// A kind the ABI knows and this data path never fills: it reads as empty.
    Never,
}

impl MapKind {
    pub(crate) fn from_guest(value: i32) -> Option<Self> {
        match value {
            0 => Some(Self::RequestHeaders),
            2 => Some(Self::ResponseHeaders),
            1 | 3..=7 => Some(Self::Never),
            _ => None,
        }
    }
}

/// A buffer that a guest can name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BufferKind {
    VmConfiguration,
    PluginConfiguration,
    /// A kind the ABI knows and this data path never fills.
    Never,
}

impl BufferKind {
    pub(crate) fn from_guest(value: i32) -> Option<Self> {
        match value {
            6 => Some(Self::VmConfiguration),
            7 => Some(Self::PluginConfiguration),
            0..=5 | 8 => Some(Self::Never),
            _ => None,
        }
    }
}

/// Which revision of the ABI a module was built for, read from its marker export.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AbiVersion {
    V0_2_0,
    V0_2_1,
}

impl AbiVersion {
    /// The name of the marker export.
    pub fn marker(self) -> &'static str {
        match self {
            Self::V0_2_0 => "proxy_abi_version_0_2_0",
            Self::V0_2_1 => "proxy_abi_version_0_2_1",
        }
    }
}
