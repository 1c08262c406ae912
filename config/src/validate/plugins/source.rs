//! Where modules come from, and how those who have them are asked.

use std::path::{Path, PathBuf};

use crate::{
    config::{Access, Canary, Digest, PluginConfiguration, PluginSource, SignaturePolicy},
    document::plugin::{self as document, MaxFailures, Registry, Signature},
    path::At,
    problem::Problems,
    values::{
        digest,
        number::Whole,
        origin::{ModuleUrl, Reference},
        text::FilePath,
        word::{Bundled, SignatureWord},
    },
};

/// One module as a plugin or its canary names it.
struct Written<'d> {
    bundled: Option<&'d Bundled>,
    file: Option<&'d FilePath>,
    oci: Option<&'d Reference>,
    url: Option<&'d ModuleUrl>,
    digest: Option<&'d digest::Digest>,
}

/// The module of a plugin.
pub(super) fn build(
    plugin: &document::Plugin,
    folder: &Path,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<PluginSource> {
    let document::Plugin { bundled, file, oci, url, digest, registry, signature, .. } = plugin;
    let written = Written {
        bundled: bundled.as_ref(),
        file: file.as_ref(),
        oci: oci.as_ref(),
        url: url.as_ref(),
        digest: digest.as_ref(),
    };
    let canary = plugin.canary.as_ref();
    let any_oci = oci.is_some() || canary.is_some_and(|canary| canary.oci.is_some());
    let any_url = url.is_some() || canary.is_some_and(|canary| canary.url.is_some());
    if let Some(registry) = registry {
        let registry_at = at.key("registry");
        if !any_oci && !any_url {
            let problem = problems.key_error(&registry_at, "nothing is fetched from a server here");
            problem.why("`registry` belongs to `url` and `oci`");
        }
        if registry.insecure.is_some() && any_url && !any_oci {
            let insecure = registry_at.key("insecure");
            let problem = problems.key_error(&insecure, "`insecure` belongs to `oci`");
            problem.why("the scheme of a URL says whether it is");
        }
        check_access(registry, &registry_at, problems);
    }
    check_signature(signature, &at.key("signature"), problems);
    one(&written, plugin, folder, at, problems)
}

/// The canary of a plugin; `None` if it has a problem.
#[expect(clippy::option_option, reason = "no canary is as good as a valid one")]
pub(super) fn canary(
    plugin: &document::Plugin,
    own: &PluginConfiguration,
    folder: &Path,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<Option<Canary>> {
    let Some(canary) = &plugin.canary else { return Some(None) };
    let document::Canary { bundled, file, oci, url, digest, percent, max_failures, configuration } =
        canary;
    let written = Written {
        bundled: bundled.as_ref(),
        file: file.as_ref(),
        oci: oci.as_ref(),
        url: url.as_ref(),
        digest: digest.as_ref(),
    };
    let source = one(&written, plugin, folder, &at.key("canary"), problems)?;
    let MaxFailures { percent: Whole(max_failure_percent), of: Whole(max_failure_of) } =
        *max_failures;
    let Whole(percent) = (*percent)?;
    Some(Some(Canary {
        source,
        percent: u8::try_from(percent).ok()?,
        max_failure_percent: u8::try_from(max_failure_percent).ok()?,
        max_failure_of,
        configuration: super::configuration(configuration.as_ref()).unwrap_or_else(|| own.clone()),
    }))
}

fn one(
    written: &Written<'_>,
    plugin: &document::Plugin,
    folder: &Path,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<PluginSource> {
    let digest = written.digest.map(|digest| digest.0);
    let signed = plugin.signature.policy.0 != SignatureWord::Off;
    if let (true, None, Some(kind)) = (signed, written.oci, written.kind()) {
        let problem = problems.error(&at.key(kind), "this module cannot be signed");
        problem.why("`signature` is about images of a registry");
        problem.help("name the module with `oci`, or leave out `signature`; `digest` fits all");
    }
    Some(match *written {
        Written { bundled: Some(bundled), file: None, oci: None, url: None, .. } => {
            if digest.is_some() {
                let problem = problems.key_error(&at.key("digest"), "this digest is not needed");
                problem.why("what is bundled comes with this gateway, and changes with it");
            }
            PluginSource::Bundled(bundled.0.into())
        }
        Written { file: Some(file), bundled: None, oci: None, url: None, .. } => {
            PluginSource::File { path: folder.join(&file.0), digest }
        }
        Written {
            oci: Some(Reference(reference)), bundled: None, file: None, url: None, ..
        } => {
            let mut reference = reference.clone();
            if let (Some(_), Some(_)) = (digest, reference.digest) {
                let problem = problems.key_error(&at.key("digest"), "there are two digests");
                problem.why("the reference has one behind `@`").related("it", &at.key("oci"));
            }
            reference.digest = reference.digest.or(digest);
            let access = access(plugin.registry.as_ref(), folder, reference.loopback);
            warn_of_plain(&access, access.insecure && !reference.loopback, at, problems);
            let signature = policy(&plugin.signature, folder);
            PluginSource::Oci { reference, access, signature }
        }
        Written { url: Some(ModuleUrl(url)), bundled: None, file: None, oci: None, .. } => {
            let access = access(plugin.registry.as_ref(), folder, false);
            let plain = !url.secure;
            check_plain(digest, plain, at, problems);
            warn_of_plain(&access, plain && !url.loopback, at, problems);
            PluginSource::Http { url: url.clone(), digest, access }
        }
        // Reported when the fields were read.
        _ => return None,
    })
}

impl Written<'_> {
    /// The name of the field that names the module, if there is exactly one.
    fn kind(&self) -> Option<&'static str> {
        match self {
            Self { bundled: Some(_), .. } => Some("bundled"),
            Self { file: Some(_), .. } => Some("file"),
            Self { oci: Some(_), .. } => Some("oci"),
            Self { url: Some(_), .. } => Some("url"),
            _ => None,
        }
    }
}

fn check_plain(digest: Option<Digest>, plain: bool, at: &At<'_>, problems: &mut Problems) {
    if plain && digest.is_none() {
        let problem = problems.error(&at.key("url"), "a module by `http:` needs a `digest`");
        problem.why("whoever is on the way could replace it");
        problem.help("write `digest: sha256:…`, as `sha256sum` prints it, or use `https:`");
    }
}

fn warn_of_plain(access: &Access, plain: bool, at: &At<'_>, problems: &mut Problems) {
    let secret = access.password_file.is_some() || access.token_file.is_some();
    if plain && secret {
        let at = at.key("registry");
        let problem = problems.warning(&at, "the password or token is sent in the clear");
        problem.why("plain HTTP is spoken with this server").help("use `https`");
    }
}

fn check_access(registry: &Registry, at: &At<'_>, problems: &mut Problems) {
    let Registry { username, password_file, token_file, ca_file: _, insecure: _ } = registry;
    match (username, password_file) {
        (Some(_), None) => {
            let problem = problems.error(&at.key("username"), "`username` needs `password_file`");
            problem.help("write the password into a file of its own and name it there");
        }
        (None, Some(_)) => {
            problems.error(&at.key("password_file"), "`password_file` needs `username`");
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    if token_file.is_some() && (username.is_some() || password_file.is_some()) {
        let problem = problems.key_error(&at.key("token_file"), "there are two ways to log in");
        problem.why("a token is sent instead of a name and password");
        problem.related("the other", &at.key("username"));
    }
}

fn check_signature(signature: &Signature, at: &At<'_>, problems: &mut Problems) {
    let Signature { policy, keys } = signature;
    let any = keys.as_ref().is_some_and(|keys| !keys.0.is_empty());
    match (policy.0, any) {
        (SignatureWord::Off, true) => {
            let problem = problems.warning(&at.key("keys"), "these keys are not used");
            problem.why("the policy is `off`").help("write `policy: require` beside them");
        }
        (SignatureWord::Require | SignatureWord::Warn, false) => {
            let problem = problems.error(at, "this policy needs `keys`");
            problem.help("name files with PEM public keys, of which one must have signed");
        }
        (SignatureWord::Off, false) | (_, true) => {}
    }
}

fn access(registry: Option<&Registry>, folder: &Path, loopback: bool) -> Access {
    let Some(registry) = registry else {
        return Access { insecure: loopback, ..Access::default() };
    };
    let Registry { username, password_file, token_file, ca_file, insecure } = registry;
    let path = |file: &Option<FilePath>| file.as_ref().map(|file| folder.join(&file.0));
    Access {
        username: username.as_ref().map(|username| username.0.as_str().into()),
        password_file: path(password_file),
        token_file: path(token_file),
        ca_file: path(ca_file),
        insecure: insecure.map_or(loopback, |insecure| insecure.0),
    }
}

fn policy(signature: &Signature, folder: &Path) -> SignaturePolicy {
    let keys = || -> Vec<PathBuf> {
        let keys = signature.keys.as_ref().map_or(&[][..], |keys| &keys.0);
        keys.iter().map(|(_, file)| folder.join(&file.0)).collect()
    };
    match signature.policy.0 {
        SignatureWord::Off => SignaturePolicy::Off,
        SignatureWord::Require => SignaturePolicy::Require(keys()),
        SignatureWord::Warn => SignaturePolicy::Warn(keys()),
    }
}
