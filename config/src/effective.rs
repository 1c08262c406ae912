//! What holds for one item of a configuration, and where each part of that was written.
//!
//! The definition is walked, not the configuration that was built from it: so fields that are added
//! later appear by themselves, with the text that explains them.

mod walk;

use serde_json::{Value, json};

use crate::{edit::Step, load::Source, locate::Places, tree::Tree};

use self::walk::Walk;

/// What kind of item: each has a list at the top of the document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ItemKind {
    Listener,
    Plugin,
    Route,
    Service,
}

/// Everything that holds for an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Effective {
    pub kind: ItemKind,
    pub name: String,
    /// Where it is in the document, for edits.
    pub path: Vec<Step>,
    /// The source that it is in.
    pub source: String,
    /// From 1.
    pub line: usize,
    /// In the order of the definition.
    pub fields: Vec<EffectiveField>,
}

/// A field of an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EffectiveField {
    /// Below the item: `rules[0].timeout`.
    pub path: String,
    /// As it would be written; what is only said in words, such as `every host`, in those words;
    /// `[redacted]` if it may be secret.
    pub value: String,
    pub origin: Origin,
    /// Source and line, if it is written somewhere.
    pub place: Option<(String, usize)>,
    /// What the field means; Markdown.
    pub doc: String,
}

/// Who says what a field is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Nobody: the definition.
    Default,
    /// What the item, or a part of it, is in.
    Inherited,
    /// It stands there.
    Written,
}

impl ItemKind {
    /// Reads `listener`, `plugin`, `route` or `service`.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Listener, Self::Plugin, Self::Route, Self::Service];
        all.into_iter().find(|kind| kind.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Plugin => "plugin",
            Self::Route => "route",
            Self::Service => "service",
        }
    }

    /// The list that it is an item of.
    pub fn list(self) -> &'static str {
        match self {
            Self::Listener => "listeners",
            Self::Plugin => "plugins",
            Self::Route => "routes",
            Self::Service => "services",
        }
    }
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Inherited => "inherited",
            Self::Written => "written",
        }
    }
}

impl Effective {
    /// For programs.
    pub fn to_json(&self, generation: u64) -> Value {
        let Self { kind, name, path, source, line, fields } = self;
        json!({
            "generation": generation,
            "kind": kind.as_str(),
            "name": name,
            "path": path.iter().map(Step::to_json).collect::<Vec<_>>(),
            "source": source,
            "line": line,
            "fields": fields.iter().map(EffectiveField::to_json).collect::<Vec<_>>(),
        })
    }
}

impl EffectiveField {
    fn to_json(&self) -> Value {
        let Self { path, value, origin, place, doc } = self;
        json!({
            "path": path,
            "value": value,
            "origin": origin.as_str(),
            "source": place.as_ref().map(|(source, _)| source),
            "line": place.as_ref().map(|(_, line)| line),
            "doc": doc,
        })
    }
}

/// What holds for the item of this name. `None` if no source has one.
pub fn effective(sources: &[Source], kind: ItemKind, name: &str) -> Option<Effective> {
    let has_name = |item: &Tree| item.entry("name").is_some_and(|value| value.is_text(name));
    for source in sources {
        // A name that is not in the text is not in the tree, and parsing takes longer.
        if !source.text.contains(name) {
            continue;
        }
        let Ok(tree) = Tree::parse(&source.text) else { continue };
        let Some(Tree::List(items)) = tree.entry(kind.list()) else { continue };
        let Some(index) = items.iter().position(has_name) else { continue };
        let places = Places::of(&source.text);
        let mut walk = Walk::new(&source.name, &places, kind.list(), index);
        let line = walk.line();
        walk.item(&items[index]);
        let item = Step::Item { field: "name".to_owned(), value: name.to_owned() };
        return Some(Effective {
            kind,
            name: name.to_owned(),
            path: vec![Step::Key(kind.list().to_owned()), item],
            source: source.name.clone(),
            line,
            fields: walk.fields(),
        });
    }
    None
}
