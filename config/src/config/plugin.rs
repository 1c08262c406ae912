//! Plugins: where a module comes from, how far it may go, and what applies where.

mod limits;
mod setting;

use std::{fmt, path::PathBuf, sync::Arc};

use super::EndpointAddress;

pub use self::{
    limits::PluginLimits,
    setting::{Override, PluginConfiguration, PluginStep, SetBy, Setting, StepPlace, Variant},
};

/// A WebAssembly module, how far it may go, and its default configuration.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Unique among plugins; a filter can read it as `plugin_name`.
    pub name: Arc<str>,
    /// Where the module is.
    pub source: PluginSource,
    /// What a request meets when the filter fails.
    pub on_failure: OnFailure,
    /// Who shares an instance.
    pub isolation: Isolation,
    /// What stops while the filter holds a head back.
    pub header_pause: HeaderPause,
    /// A filter can read it as `plugin_root_id`; empty by default.
    pub root_id: Arc<str>,
    /// A filter can read it as `plugin_vm_id`; plugins with the same one share data and queues.
    /// Empty by default: then the plugin has them for itself.
    pub vm_id: Arc<str>,
    /// What `proxy_on_vm_start` can read; empty by default.
    pub vm_configuration: PluginConfiguration,
    /// Environment variables, by name, each once.
    pub environment: Vec<(Arc<str>, EnvironmentValue)>,
    /// What the module may use; sorted, each once.
    pub capabilities: Vec<Capability>,
    /// Where it may call besides services, as written, each once.
    pub call_hosts: Vec<CallHost>,
    /// What the filter may use.
    pub limits: PluginLimits,
    /// A second module that takes a share of the requests.
    pub canary: Option<Canary>,
    /// Used where nothing more specific is written.
    pub configuration: PluginConfiguration,
    /// As written. Steps hold what follows from them.
    pub overrides: Vec<Override>,
}

/// Where a module comes from.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum PluginSource {
    /// One of the filters that come with Portico: `auth`, `timeouts`, `tracing`.
    Bundled(Box<str>),
    /// A file.
    File {
        /// A relative path starts at the folder of the configuration file that names it.
        path: PathBuf,
        /// Of the file's bytes.
        digest: Option<Digest>,
    },
    /// A URL.
    Http {
        url: Url,
        /// Of the bytes that come; always there if the URL is not secure.
        digest: Option<Digest>,
        access: Access,
    },
    /// A registry.
    Oci {
        /// With the digest of its manifest, whether it was written in it or beside it.
        reference: OciReference,
        access: Access,
        signature: SignaturePolicy,
    },
}

/// A SHA-256 digest. Prints as `sha256:…`.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest(pub [u8; 32]);

/// The URL of a module. Its query may hold a secret, so it prints without.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Url {
    /// As written.
    pub text: Box<str>,
    /// `https`, not `http`.
    pub secure: bool,
    /// Its host is `localhost` or a loopback address.
    pub loopback: bool,
}

/// A module in an OCI registry. Prints as it is written.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OciReference {
    /// Host and perhaps port.
    pub registry: Box<str>,
    /// Without the registry.
    pub repository: Box<str>,
    /// There is a tag, a digest, or both; then the digest counts.
    pub tag: Option<Box<str>>,
    /// Of the manifest.
    pub digest: Option<Digest>,
    /// The registry is `localhost` or a loopback address.
    pub loopback: bool,
}

/// How a server is asked. Secrets are in files, whose paths start at the folder of the
/// configuration file.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Access {
    /// By whom; with it comes a file with a password.
    pub username: Option<Box<str>>,
    pub password_file: Option<PathBuf>,
    /// A file with a bearer token, instead of name and password.
    pub token_file: Option<PathBuf>,
    /// A file with PEM certificates to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Speaks plain HTTP to a registry.
    pub insecure: bool,
}

/// What a missing or wrong signature of an image means. The files hold PEM public keys, one of
/// which must have signed; there is at least one.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum SignaturePolicy {
    /// Signatures are not looked at.
    #[default]
    Off,
    /// The module is not used.
    Require(Vec<PathBuf>),
    /// The module is used, and the log says so.
    Warn(Vec<PathBuf>),
}

/// What a request meets when its filter traps or exceeds a limit.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum OnFailure {
    /// The request fails: what guards a door must not open it by crashing.
    #[default]
    Closed,
    /// The request goes on without the filter.
    Open,
}

/// Who shares an instance of a plugin.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Isolation {
    /// A request has an instance to itself while it lasts.
    Stream,
    /// All requests of a worker thread.
    #[default]
    Worker,
}

/// What stops while a filter holds a head back.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum HeaderPause {
    /// Everything behind the head waits, as on Envoy.
    #[default]
    All,
    /// The filter goes on seeing the body, as on Envoy with `allow_on_headers_stop_iteration`.
    Headers,
}

/// A group of host functions that a module may use.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Capability {
    /// HTTP and gRPC calls.
    Calls,
    /// The time.
    Clock,
    /// The environment variables that the configuration gives it.
    Environment,
    /// `proxy_call_foreign_function`.
    ForeignFunctions,
    /// Metrics of its own.
    Metrics,
    /// Shared queues.
    Queues,
    /// Random bytes.
    Random,
    /// Shared data.
    SharedData,
    /// `proxy_set_tick_period_milliseconds`.
    Ticks,
}

/// A host that a plugin may call although it is no service.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CallHost {
    pub address: EndpointAddress,
    /// Speaks TLS: `https://` is written, or the port is 443 and `http://` is not.
    pub tls: bool,
}

/// The value of an environment variable. It may be a secret, so it is never printed.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct EnvironmentValue(pub Arc<str>);

impl fmt::Debug for EnvironmentValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

/// A second module that takes a share of a plugin's requests until it is promoted or rolled back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Canary {
    /// Where it is; it is fetched with the plugin's own access and signature policy.
    pub source: PluginSource,
    /// Its share of the requests: 0 to 100.
    pub percent: u8,
    /// It is rolled back when more than this many percent of its requests failed: 0 to 100; 100
    /// is never.
    pub max_failure_percent: u8,
    /// Nothing is rolled back before this many requests, so that the first is not all of them.
    pub max_failure_of: u32,
    /// What it gets where the plugin's own applies; the plugin's own by default.
    pub configuration: PluginConfiguration,
}

impl Plugin {
    /// Where its modules come from: its own, and that of its canary.
    pub fn sources(&self) -> impl Iterator<Item = &PluginSource> {
        [Some(&self.source), self.canary.as_ref().map(|canary| &canary.source)]
            .into_iter()
            .flatten()
    }
}

impl Capability {
    /// Every one, sorted.
    pub const ALL: [Self; 9] = [
        Self::Calls,
        Self::Clock,
        Self::Environment,
        Self::ForeignFunctions,
        Self::Metrics,
        Self::Queues,
        Self::Random,
        Self::SharedData,
        Self::Ticks,
    ];
}
