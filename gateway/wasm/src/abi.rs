//! Numbers of the proxy-wasm ABI that guests and host agree on.
//!
//! Values have gaps on purpose; the specification leaves the same ones.

mod callback;

use std::fmt;

pub(crate) use self::callback::Callback;

/// What a host function answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub(crate) enum Status {
    Ok = 0,
    NotFound = 1,
    BadArgument = 2,
    SerializationFailure = 3,
    ParseFailure = 4,
    InvalidMemoryAccess = 6,
    Empty = 7,
    CasMismatch = 8,
    InternalFailure = 10,
    Unimplemented = 12,
}

/// What `proxy_get_status` answers after a call-out that got no answer at all; Envoy's number.
pub(crate) const BROKEN_CONNECTION: u32 = 11;

/// What a guest answers from a callback of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Go on with the next filter.
    Continue,
    /// Stop until something resumes the direction. After a headers callback, body callbacks wait
    /// too.
    Pause,
    /// After a headers callback: hold the head back, but go on with body callbacks. Only with
    /// [`crate::HeaderPause::Headers`].
    PauseHead,
}

/// A header map that a guest can name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MapKind {
    RequestHeaders,
    RequestTrailers,
    ResponseHeaders,
    ResponseTrailers,
    GrpcInitialMetadata,
    GrpcTrailingMetadata,
    CallHeaders,
    CallTrailers,
}

impl MapKind {
    pub(crate) fn from_guest(value: i32) -> Option<Self> {
        Some(match value {
            0 => Self::RequestHeaders,
            1 => Self::RequestTrailers,
            2 => Self::ResponseHeaders,
            3 => Self::ResponseTrailers,
            4 => Self::GrpcInitialMetadata,
            5 => Self::GrpcTrailingMetadata,
            6 => Self::CallHeaders,
            7 => Self::CallTrailers,
            _ => return None,
        })
    }
}

/// A buffer that a guest can name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BufferKind {
    RequestBody,
    ResponseBody,
    /// Data of a TCP connection: this data path has none.
    Tcp,
    CallBody,
    GrpcMessage,
    VmConfiguration,
    PluginConfiguration,
    ForeignArguments,
}

impl BufferKind {
    pub(crate) fn from_guest(value: i32) -> Option<Self> {
        Some(match value {
            0 => Self::RequestBody,
            1 => Self::ResponseBody,
            2 | 3 => Self::Tcp,
            4 => Self::CallBody,
            5 => Self::GrpcMessage,
            6 => Self::VmConfiguration,
            7 => Self::PluginConfiguration,
            8 => Self::ForeignArguments,
            _ => return None,
        })
    }
}

/// Which revision of the ABI a module was built for, read from its marker export.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AbiVersion {
    V0_1_0,
    V0_2_0,
    V0_2_1,
}

impl fmt::Display for AbiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
        })
    }
}

impl AbiVersion {
    /// Marker exports and what they mean. `0_2_100` is a vendor's: 0.2.1 with host functions of its
    /// own, which are linked to stubs.
    pub(crate) const MARKERS: [(&'static str, Self); 4] = [
        ("proxy_abi_version_0_2_1", Self::V0_2_1),
        ("proxy_abi_version_0_2_0", Self::V0_2_0),
        ("proxy_abi_version_0_1_0", Self::V0_1_0),
        ("proxy_abi_version_0_2_100", Self::V0_2_1),
    ];
}
