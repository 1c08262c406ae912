//! Plugins: where their modules come from, what they may do, and where they differ.

use crate::{
    decode::{Anything, Entries, List},
    shape::Literal::{Empty, Number, Text},
    values::{
        address::CallHost,
        digest::Digest,
        flag::Flag,
        host,
        name::Name,
        number::Whole,
        origin::{ModuleUrl, Reference},
        text::{EnvironmentText, FilePath, Label},
        word::{Bundled, Capability, HeaderPause, Isolation, OnFailure, SignaturePolicy},
    },
};

use super::limits::Limits;

/// How many overrides a plugin may have. A request may have to be compared with all of them.
pub(crate) const MAX_OVERRIDES: usize = 256;

record! {
    /// A WebAssembly module that speaks proxy-wasm, how far it may go, and its configuration.
    "a plugin" struct Plugin [exactly_one bundled file oci url] {
        /// Unique among plugins. Filters refer to it.
        required name: Name,
        /// One of the filters that come with Portico.
        optional bundled: Bundled,
        /// A `.wasm` file. A relative path starts at the folder of the configuration file.
        optional file: FilePath,
        /// A module in an OCI registry, by tag or digest. A tag is looked up again at each reload.
        optional oci: Reference,
        /// A `.wasm` file on a server. With `http:`, `digest` must be given.
        optional url: ModuleUrl,
        /// What the module must be: the digest of the `.wasm` file (`file`, `url`) or of the
        /// manifest (`oci`). Anything else is refused. Default: whatever is there.
        optional digest: Digest,
        /// How the server of `url` or `oci` is asked. Default: without a name.
        optional registry: Registry,
        /// Whether an image of `oci` must be signed.
        default signature: Signature = Empty,
        /// What a request meets when the filter traps or exceeds a limit: `closed` fails it,
        /// `open` lets it go on without the filter.
        default on_failure: OnFailure = Text("closed"),
        /// Who shares an instance: `worker`, all requests of a worker thread, one after the other;
        /// `stream`, a request has one to itself while it lasts, so that what a request leaves in
        /// its memory, or a trap takes with it, is only its own. The latter costs memory.
        default isolation: Isolation = Text("worker"),
        /// What stops when the filter pauses in a headers callback: `all`, the body waits and the
        /// filter does not see it, as on Envoy; `headers`, the filter goes on seeing the body,
        /// as on Envoy with `allow_on_headers_stop_iteration`.
        default header_pause: HeaderPause = Text("all"),
        /// Which of several filters in one module is meant; the filter reads it as
        /// `plugin_root_id`. Default: empty.
        optional root_id: Label,
        /// The virtual machine as the filter sees it.
        optional vm: Vm,
        /// Environment variables, which grant the capability `environment`. Their values are
        /// never printed.
        optional environment: Entries<EnvironmentText>,
        /// What the module may use; a module that imports more is refused. `calls`: HTTP and gRPC
        /// calls; `clock`: the time; `environment`: the variables in `environment`;
        /// `foreign_functions`: the gateway's extra functions; `metrics`: metrics of its own;
        /// `queues`: shared queues; `random`: random bytes; `shared_data`: shared data; `ticks`:
        /// timers. Default: all but `environment`.
        optional capabilities: List<Capability>,
        /// Where the filter may call besides services: `host:port`. Port 443 speaks TLS;
        /// `https://` or `http://` in front says it for others.
        optional call_hosts: List<CallHost, 0, { crate::decode::MAX_ENTRIES }>,
        /// How far it may go.
        default limits: Limits = Empty,
        /// A new version of the module that takes a share of the requests.
        optional canary: Canary,
        /// Handed to the filter: text as it is, anything else as JSON. Used where no step and no
        /// override gives another; default empty. It may hold secrets and is never printed.
        optional configuration: Anything,
        /// Where the plugin gets another configuration or does not run. They change steps that
        /// are there and add none. The most specific wins: `rule`, then `route`, then `host`,
        /// then `listener`; a step's own word beats overrides for its place and wider ones.
        optional overrides: List<Override, 0, MAX_OVERRIDES>,
    }
}

record! {
    /// How a server is asked for a module. Secrets stand in files of their own; relative paths
    /// start at the folder of the configuration file.
    "the access to a registry" struct Registry [at_least_one username password_file token_file ca_file insecure] {
        /// Who asks; needs `password_file`.
        optional username: Label,
        /// A file with the password. Blanks at its end do not count.
        optional password_file: FilePath,
        /// A file with a bearer token, instead of name and password.
        optional token_file: FilePath,
        /// A file with PEM certificates to trust besides the system's.
        optional ca_file: FilePath,
        /// Speaks plain HTTP to the registry: whoever is on the way can read the password, and
        /// replace a module that is not named by its digest. Default: `true` for `localhost` and
        /// loopback addresses, `false` for all others.
        optional insecure: Flag,
    }
}

record! {
    /// Whether an image must be signed, as `cosign` does with a key.
    "a signature policy" struct Signature {
        /// What a missing or wrong signature means: `off`, nothing is checked; `warn`, the log
        /// says so; `require`, the module is not used.
        default policy: SignaturePolicy = Text("off"),
        /// Files with PEM public keys, of which one must have signed.
        optional keys: List<FilePath, 0, 16>,
    }
}

record! {
    /// The virtual machine of a plugin as its filter sees it. It decides what is shared; each
    /// plugin runs in instances of its own all the same.
    "a virtual machine" struct Vm [at_least_one id configuration] {
        /// Plugins with the same id share data and queues; the filter reads it as `plugin_vm_id`.
        /// Default: empty, and the plugin has data and queues for itself.
        optional id: Label,
        /// Handed to the filter when an instance starts: text as it is, anything else as JSON.
        /// Default: empty. It may hold secrets and is never printed.
        optional configuration: Anything,
    }
}

record! {
    /// A new version of a plugin's module that takes a share of its requests, until it is
    /// promoted or rolled back. Everything but what stands here is as the plugin has it.
    "a canary" struct Canary [exactly_one bundled file oci url] {
        /// One of the filters that come with Portico.
        optional bundled: Bundled,
        /// A `.wasm` file. A relative path starts at the folder of the configuration file.
        optional file: FilePath,
        /// A module in an OCI registry.
        optional oci: Reference,
        /// A `.wasm` file on a server. With `http:`, `digest` must be given.
        optional url: ModuleUrl,
        /// What the module must be, as in a plugin.
        optional digest: Digest,
        /// Its share of the requests, in percent.
        required percent: Whole<0, 100>,
        /// When it is rolled back by itself.
        default max_failures: MaxFailures = Empty,
        /// Handed to it where the plugin's own `configuration` would be. Default: that one.
        optional configuration: Anything,
    }
}

record! {
    /// How often a canary may fail. A request fails in it by a trap or by a limit.
    "a canary's limit" struct MaxFailures {
        /// It is rolled back when more of its requests failed, in percent. 100 is never.
        default percent: Whole<0, 100> = Number(5),
        /// Before it had so many requests it stays: the first failure would be all of them.
        default of: Whole<1, 100_000> = Number(20),
    }
}

record! {
    /// A place where a plugin gets another configuration or does not run. All that is named must
    /// hold; at least one of `listener`, `host`, `route` and `rule` is. `host: "*"` alone is
    /// everywhere.
    "an override" struct Override [exactly_one configuration disabled] {
        /// Requests of this listener.
        optional listener: Name,
        /// Requests for these hosts.
        optional host: host::Pattern,
        /// Requests of this route.
        optional route: Name,
        /// Requests of this rule of the route: its name, or its place, `0` for the first.
        optional rule: Name,
        /// `true`: the plugin does not run there. `false`: it runs there with its own
        /// configuration, although a wider override says otherwise.
        optional disabled: Flag,
        /// What the filter gets there: text as it is, anything else as JSON. It may hold secrets
        /// and is never printed.
        optional configuration: Anything,
    }
}
