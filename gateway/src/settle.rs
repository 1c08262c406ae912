//! What applies to a plugin's step for one request: which configuration, or that it does not run.
//!
//! The configuration has settled everything about route and rule. What may differ from request to
//! request is the listener and the host, so a step has a short list of variants, the most specific
//! first, and most steps have none.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use portico_config::config::HostPattern;

use crate::{router, snapshot::PluginStep};

/// What applies to a step. `None` is a plugin that does not run there; a number is the place of a
/// configuration in the plugin's list.
#[derive(Clone, Debug)]
pub struct Choices {
    /// The most specific first; at most as many as a plugin may have overrides, 256. Steps with
    /// the same ones share them.
    pub variants: Arc<[Variant]>,
    /// Where no variant fits.
    pub otherwise: Option<usize>,
}

/// What applies to some listeners and hosts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Variant {
    /// An index into the snapshot's listeners; `None` fits every one.
    pub listener: Option<usize>,
    /// `None` fits every host, and a request that names none.
    pub host: Option<HostPattern>,
    pub place: Option<usize>,
}

/// The place of the configuration that a step has for a request, or `None` if its plugin does not
/// run. The host is the one the request was routed by, as received; a filter in front may have
/// changed it since.
pub fn settle(step: &PluginStep, listener: usize, host: &str) -> Option<usize> {
    choose(&step.choices, listener, host)
}

fn choose(Choices { variants, otherwise }: &Choices, listener: usize, host: &str) -> Option<usize> {
    if variants.is_empty() {
        return *otherwise;
    }
    let mut buffer = [0; router::NAME_MAX];
    let host = router::host_name(host, &mut buffer);
    let fits = |variant: &&Variant| {
        variant.listener.is_none_or(|own| own == listener)
            && variant.host.as_ref().is_none_or(|own| own.fits(host))
    };
    variants.iter().find(fits).map_or(*otherwise, |variant| variant.place)
}

impl Choices {
    /// Whether what applies can depend on the host.
    pub fn asks_for_host(&self) -> bool {
        self.variants.iter().any(|variant| variant.host.is_some())
    }

    /// Whether the plugin runs for no request at all.
    pub fn never_runs(&self) -> bool {
        self.otherwise.is_none() && self.variants.iter().all(|variant| variant.place.is_none())
    }
}
