//! Changes of the configuration that somebody makes while it runs: by edits, by whole texts, or
//! back to a generation. What they come to is told here; the control loop does it.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use portico_config::{Edit, Source};
use serde::Deserialize;
use serde_json::Value;
use similar::TextDiff;

use crate::{
    generation::{Author, Generation, Held, History},
    sources::Write,
};

/// What somebody wants.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    edits: Option<Vec<Value>>,
    texts: Option<Vec<NamedText>>,
    back_to: Option<u64>,
    pub reason: Option<String>,
    /// The generation that it was made for.
    pub base: Option<u64>,
    /// Keep the edits here if the source cannot be written.
    #[serde(default)]
    pub hold: bool,
}

/// The text of one source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedText {
    source: String,
    text: String,
}

/// What it comes to.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The generation that runs.
    pub base: u64,
    pub sources: Arc<[Source]>,
    /// With what the gateway holds itself already.
    pub held: Arc<[Held]>,
    /// What differs from what runs.
    pub writes: Vec<Write>,
    /// The texts are no files of this gateway, or not the same ones: they can only be applied.
    pub is_elsewhere: bool,
}

/// Why there is nothing to do.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("say exactly one of `edits`, `texts` and `back_to`")]
    Kind,
    #[error("no configuration runs yet")]
    NotRunning,
    #[error("this was made for generation {base}, but generation {running} runs: look again")]
    Outdated { base: u64, running: u64 },
    #[error("generation {0} is not kept any more")]
    Forgotten(u64),
    #[error("there is no source `{0}` in what runs")]
    NoSource(String),
    #[error(transparent)]
    Edit(#[from] portico_config::EditError),
}

impl Change {
    /// Edits, for callers of the gateway itself.
    pub fn of(edits: Vec<Value>, reason: Option<String>) -> Self {
        Self { edits: Some(edits), reason, ..Self::default() }
    }

    /// What would run after it.
    ///
    /// # Errors
    /// If it makes no sense, or not for what runs now.
    pub fn outlook(&self, history: &History) -> Result<Outlook, ChangeError> {
        let running = history.running().ok_or(ChangeError::NotRunning)?;
        if let Some(base) = self.base.filter(|base| *base != running.number) {
            return Err(ChangeError::Outdated { base, running: running.number });
        }
        let (sources, held) = match (&self.edits, &self.texts, self.back_to) {
            (Some(edits), None, None) => (edited(&running.sources, edits)?, running.held.clone()),
            (None, Some(texts), None) => (replaced(&running.sources, texts)?, running.held.clone()),
            (None, None, Some(number)) => {
                let kept = history.iter().find(|kept| kept.number == number);
                let kept = kept.ok_or(ChangeError::Forgotten(number))?;
                (kept.sources.clone(), kept.held.clone())
            }
            _ => return Err(ChangeError::Kind),
        };
        Ok(Outlook::new(running, sources, held))
    }

    /// The edits as the gateway may hold them.
    pub fn to_hold(&self, author: &Author) -> Option<Held> {
        let edits = self.edits.clone()?;
        Some(Held { edits, author: author.clone(), at: SystemTime::now(), trouble: None })
    }

    /// What is done, in a few words without values: they may be secret.
    pub fn words(&self) -> String {
        match (&self.edits, &self.texts, self.back_to) {
            (Some(edits), ..) => {
                let places = edits.iter().take(3).map(place).collect::<Vec<_>>().join(", ");
                let more = if edits.len() > 3 { ", …" } else { "" };
                format!("{places}{more}")
            }
            (None, Some(texts), _) => {
                let names = texts.iter().map(|text| text.source.as_str()).collect::<Vec<_>>();
                format!("rewrite {}", names.join(", "))
            }
            (None, None, Some(number)) => format!("go back to generation {number}"),
            (None, None, None) => "change nothing".to_owned(),
        }
    }

    /// Whether the gateway can do it by itself where the source cannot be written. Edits can be made
    /// again at each reload, and an old generation is kept as it was; a text has nowhere to be.
    pub fn can_be_held(&self) -> bool {
        self.edits.is_some() || self.back_to.is_some()
    }

    /// The generation that it goes back to.
    pub fn goes_back_to(&self) -> Option<u64> {
        self.back_to
    }
}

/// `set routes.staff.timeout`
fn place(edit: &Value) -> String {
    let step = |step: &Value| match step {
        Value::String(key) => key.clone(),
        Value::Object(item) => {
            item.values().next().and_then(Value::as_str).unwrap_or("?").to_owned()
        }
        other => other.to_string(),
    };
    let path = edit["path"].as_array().map(Vec::as_slice).unwrap_or_default();
    let path = path.iter().map(step).collect::<Vec<_>>().join(".");
    format!("{} {path}", edit["op"].as_str().unwrap_or("?"))
}

impl Outlook {
    fn new(running: &Generation, sources: Arc<[Source]>, held: Arc<[Held]>) -> Self {
        let same_places = running.sources.len() == sources.len()
            && running.sources.iter().zip(&*sources).all(|(old, new)| old.name == new.name);
        let pairs = running.sources.iter().zip(&*sources).filter(|_| same_places);
        let writes = pairs.filter(|(old, new)| old.text != new.text).map(|(old, new)| Write {
            path: PathBuf::from(&old.name),
            before: old.text.clone(),
            after: new.text.clone(),
        });
        Self {
            base: running.number,
            writes: writes.collect(),
            is_elsewhere: !same_places,
            sources,
            held,
        }
    }
}

fn edited(sources: &[Source], edits: &[Value]) -> Result<Arc<[Source]>, ChangeError> {
    let edits = edits.iter().map(Edit::from_json).collect::<Result<Vec<_>, _>>()?;
    Ok(portico_config::edit(sources, &edits)?.into())
}

fn replaced(sources: &[Source], texts: &[NamedText]) -> Result<Arc<[Source]>, ChangeError> {
    let mut sources = sources.to_vec();
    for NamedText { source, text } in texts {
        let own = sources.iter_mut().find(|own| own.name == *source);
        own.ok_or_else(|| ChangeError::NoSource(source.clone()))?.text.clone_from(text);
    }
    Ok(sources.into())
}

/// Makes held edits again on texts that were read anew. Those that say what the texts say by now are
/// let go; those whose place is not there wait until it is.
pub fn hold(sources: Vec<Source>, held: &[Held]) -> (Vec<Source>, Vec<Held>) {
    let mut sources = sources;
    let mut kept = Vec::new();
    for held in held {
        let trouble = match edited(&sources, &held.edits) {
            Ok(after) if same_texts(&after, &sources) => {
                tracing::info!(author = %held.author.name,
                    "the configuration says by now what was held: {}", reason(&held.author));
                continue;
            }
            Ok(after) => {
                sources = after.to_vec();
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = trouble.as_ref().filter(|_| held.trouble.is_none()) {
            tracing::warn!(author = %held.author.name, error,
                "a change that is held cannot be made any more: {}", reason(&held.author));
        }
        kept.push(Held { trouble, ..held.clone() });
    }
    (sources, kept)
}

fn reason(author: &Author) -> &str {
    author.reason.as_deref().unwrap_or("no reason given")
}

fn same_texts(a: &[Source], b: &[Source]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.text == b.text)
}

/// A unified difference of two texts, with three lines around each place.
pub fn difference(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(3).header(name, name).to_string()
}

/// What to do to a file that cannot be written here.
pub fn patch(write: &Write) -> String {
    difference(&write.path.display().to_string(), &write.before, &write.after)
}

/// What made a generation out of the one before it.
pub fn difference_of(before: &Generation, after: &Generation) -> String {
    let old = |name: &str| before.sources.iter().find(|own| own.name == name);
    let gone = before
        .sources
        .iter()
        .filter(|own| !after.sources.iter().any(|other| other.name == own.name))
        .map(|own| difference(&own.name, &own.text, ""));
    let new = after.sources.iter().map(|own| {
        let before = old(&own.name).map_or("", |before| &before.text);
        difference(&own.name, before, &own.text)
    });
    gone.chain(new).collect()
}
