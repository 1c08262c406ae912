//! Values that are one of a few words.

use crate::{
    config,
    decode::{Node, wrong_type},
    path::At,
    problem::Problems,
    shape::Shape,
    suggest,
    tree::Tree,
};

/// Declares a value from its words and what each of them means.
macro_rules! word {
    (
        $(#[doc = $doc:literal])+
        $name:ident($meaning:ty) { $($word:literal => $value:expr,)+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name(pub(crate) $meaning);

        impl $name {
            const WORDS: &'static [&'static str] = &[$($word),+];
        }

        impl Node for $name {
            fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
                match word(Self::WORDS, tree, at, problems)? {
                    $($word => Some(Self($value)),)+
                    _ => None,
                }
            }

            fn shape() -> Shape {
                Shape::Word(Self::WORDS)
            }
        }
    };
}

word! {
    /// What a failing plugin means for its request.
    OnFailure(config::OnFailure) {
        "closed" => config::OnFailure::Closed,
        "open" => config::OnFailure::Open,
    }
}

word! {
    /// A URL scheme.
    Scheme(config::Scheme) {
        "http" => config::Scheme::Http,
        "https" => config::Scheme::Https,
    }
}

word! {
    /// One of the plugins that come with Portico.
    Bundled(&'static str) {
        "auth" => "auth",
        "timeouts" => "timeouts",
        "tracing" => "tracing",
    }
}

word! {
    /// Who shares an instance of a plugin.
    Isolation(config::Isolation) {
        "worker" => config::Isolation::Worker,
        "stream" => config::Isolation::Stream,
    }
}

word! {
    /// What stops while a filter holds a head back.
    HeaderPause(config::HeaderPause) {
        "all" => config::HeaderPause::All,
        "headers" => config::HeaderPause::Headers,
    }
}

word! {
    /// What a missing or wrong signature means.
    SignaturePolicy(SignatureWord) {
        "off" => SignatureWord::Off,
        "warn" => SignatureWord::Warn,
        "require" => SignatureWord::Require,
    }
}

/// A signature policy before its keys are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SignatureWord {
    Off,
    Require,
    Warn,
}

word! {
    /// What a guest may be granted.
    Capability(config::Capability) {
        "calls" => config::Capability::Calls,
        "clock" => config::Capability::Clock,
        "environment" => config::Capability::Environment,
        "foreign_functions" => config::Capability::ForeignFunctions,
        "metrics" => config::Capability::Metrics,
        "queues" => config::Capability::Queues,
        "random" => config::Capability::Random,
        "shared_data" => config::Capability::SharedData,
        "ticks" => config::Capability::Ticks,
    }
}

word! {
    /// What the caller's decision about a trace means.
    ParentDecision(config::ParentDecision) {
        "respect" => config::ParentDecision::Respect,
        "ignore" => config::ParentDecision::Ignore,
    }
}

word! {
    /// A form in which a trace's context is passed on.
    Propagation(config::Propagation) {
        "w3c" => config::Propagation::W3c,
        "b3" => config::Propagation::B3,
        "b3_multi" => config::Propagation::B3Multi,
        "jaeger" => config::Propagation::Jaeger,
    }
}

word! {
    /// How a receiver is spoken to.
    Protocol(config::ExportProtocol) {
        "grpc" => config::ExportProtocol::Grpc,
        "http" => config::ExportProtocol::Http,
    }
}

word! {
    /// What is exported.
    Signal(config::Signal) {
        "logs" => config::Signal::Logs,
        "metrics" => config::Signal::Metrics,
        "traces" => config::Signal::Traces,
    }
}

word! {
    /// Where an access log goes besides files.
    LogTarget(LogTargetWord) {
        "stdout" => LogTargetWord::Stdout,
        "otlp" => LogTargetWord::Otlp,
    }
}

/// A target that needs no path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LogTargetWord {
    Otlp,
    Stdout,
}

/// Reads one of a few words.
fn word(
    words: &'static [&'static str],
    tree: &Tree,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<&'static str> {
    let choices = || words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let Tree::Text(text) = tree else {
        return wrong_type(&format!("one of {}", choices()), tree, at, problems);
    };
    let found = words.iter().copied().find(|word| *word == &**text);
    if found.is_none() {
        let shown = crate::values::shown(text);
        let problem = problems.error(at, format!("expected one of {}, found `{shown}`", choices()));
        problem.maybe_help(suggest::did_you_mean(text, words.iter().copied()));
    }
    found
}
