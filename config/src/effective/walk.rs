//! Walking through the definition of an item beside what is written of it.

use crate::{
    document,
    edit::inline,
    excerpt,
    locate::Places,
    path::{Path, Step},
    schema::{said_default, sentence},
    shape::{Field, Literal, Presence, Record, Shape},
    tree::Tree,
};

use super::{EffectiveField, Origin};

/// A page that shows more is not read, and a route may have thousands of rules.
const MAX_FIELDS: usize = 500;

/// A body may have 1 MiB; its beginning tells which one it is.
const MAX_VALUE: usize = 200;

const REDACTED: &str = "[redacted]";

/// The walk through one item.
pub(super) struct Walk<'s> {
    source: &'s str,
    places: &'s Places<'s>,
    /// The item's own steps come first.
    way: Vec<Step>,
    fields: Vec<EffectiveField>,
    /// Fields beyond the limit.
    more: usize,
}

/// A record on the way down, from which inner ones inherit.
struct Around<'a> {
    outer: Option<&'a Self>,
    record: &'static Record,
    tree: Option<&'a Tree>,
    way: usize,
}

impl<'s> Walk<'s> {
    pub(super) fn new(source: &'s str, places: &'s Places<'s>, list: &str, index: usize) -> Self {
        let way = vec![Step::Key { name: list.to_owned(), nth: 0 }, Step::Index(index)];
        Self { source, places, way, fields: Vec::new(), more: 0 }
    }

    /// The line of where the walk is.
    pub(super) fn line(&self) -> usize {
        self.places.line(&Path(self.way.clone())).unwrap_or(1)
    }

    pub(super) fn item(&mut self, tree: &Tree) {
        let Some(Step::Key { name, .. }) = self.way.first() else { return };
        let shape = document::root().field(name).map(|field| (field.shape)());
        if let Some(record) = shape.as_ref().and_then(Shape::record) {
            self.record(record, Some(tree), None);
        }
    }

    pub(super) fn fields(mut self) -> Vec<EffectiveField> {
        if self.more > 0 {
            self.fields.push(EffectiveField {
                path: "…".to_owned(),
                value: format!("{} more", self.more),
                origin: Origin::Written,
                place: None,
                doc: format!("At most {MAX_FIELDS} fields are shown."),
            });
        }
        self.fields
    }

    fn record(&mut self, record: &'static Record, tree: Option<&Tree>, outer: Option<&Around<'_>>) {
        let around = Around { outer, record, tree, way: self.way.len() };
        for field in record.fields {
            if let (Some(value @ (Tree::Text(_) | Tree::Integer(_))), Some(short)) =
                (tree, record.short)
                && short == field.name
            {
                // The short form stands where its record does, and is shown as the field.
                self.shown(field, &(field.shape)(), value, Some(field.name), &around);
                continue;
            }
            let way = self.way.len();
            self.way.push(Step::Key { name: field.name.to_owned(), nth: 0 });
            match tree.and_then(|tree| tree.entry(field.name)) {
                Some(value) => self.shown(field, &(field.shape)(), value, None, &around),
                None => self.absent(field, &around),
            }
            self.way.truncate(way);
        }
    }

    /// A value that is written: in parts, if it has fields.
    fn shown(
        &mut self,
        field: &Field,
        shape: &Shape,
        value: &Tree,
        short: Option<&str>,
        around: &Around<'_>,
    ) {
        let way = self.way.len();
        match (shape, value) {
            (Shape::Record(record) | Shape::Choice(record), _) => {
                self.record(record, Some(value), Some(around));
            }
            (Shape::List { item, .. }, Tree::List(items)) if item.record().is_some() => {
                for (index, value) in items.iter().enumerate() {
                    self.way.push(Step::Index(index));
                    self.shown(field, item, value, None, around);
                    self.way.truncate(way);
                }
            }
            (Shape::Entries { value: inner, .. }, Tree::Map(entries)) => {
                for (key, value) in entries {
                    let Tree::Text(name) = key else { continue };
                    self.way.push(Step::Key { name: name.to_string(), nth: 0 });
                    match excerpt::may_be_secret(name) {
                        true => self.add(field, REDACTED.to_owned(), Origin::Written, None),
                        false => self.shown(field, inner, value, None, around),
                    }
                    self.way.truncate(way);
                }
            }
            _ => {
                let secret = shape.may_be_secret() || holds_login(value);
                let text = if secret { REDACTED.to_owned() } else { short_text(value) };
                self.add(field, text, Origin::Written, short);
            }
        }
    }

    /// A field that is not written.
    fn absent(&mut self, field: &Field, around: &Around<'_>) {
        let chosen = around.record.constraint.names().contains(&field.name);
        match field.presence {
            Presence::Default(Literal::Empty) => {
                if let Shape::Record(record) = (field.shape)() {
                    self.record(record, None, Some(around));
                }
            }
            Presence::Default(literal) => {
                let value = match literal {
                    Literal::Number(number) => number.to_string(),
                    Literal::Text(text) => text.to_owned(),
                    Literal::Empty => String::new(),
                };
                self.add(field, value, Origin::Default, None);
            }
            Presence::Inherited => self.inherited(field, around),
            Presence::Optional if !chosen => {
                if let Some(words) = said_default(field.doc) {
                    self.add(field, words, Origin::Default, None);
                }
            }
            Presence::Optional | Presence::Required => {}
        }
    }

    /// A field that the closest record around has, too.
    fn inherited(&mut self, field: &Field, around: &Around<'_>) {
        let mut next = around.outer;
        while let Some(Around { outer, record, tree, way }) = next {
            if let Some(above) = record.field(field.name) {
                let Some(value) = tree.and_then(|tree| tree.entry(field.name)) else {
                    let words = said_default(above.doc).unwrap_or_default();
                    return self.add(field, words, Origin::Default, None);
                };
                let mut steps = self.way[..*way].to_vec();
                steps.push(Step::Key { name: field.name.to_owned(), nth: 0 });
                let secret = (above.shape)().may_be_secret() || holds_login(value);
                let value = if secret { REDACTED.to_owned() } else { short_text(value) };
                return self.add_from(field, value, Origin::Inherited, &Path(steps), None);
            }
            next = *outer;
        }
    }

    fn add(&mut self, field: &Field, value: String, origin: Origin, short: Option<&str>) {
        let path = Path(self.way.clone());
        self.add_from(field, value, origin, &path, short);
    }

    fn add_from(
        &mut self,
        field: &Field,
        value: String,
        origin: Origin,
        from: &Path,
        short: Option<&str>,
    ) {
        if self.fields.len() >= MAX_FIELDS {
            self.more += 1;
            return;
        }
        let mut steps = self.way[2..].to_vec();
        steps.extend(short.map(|name| Step::Key { name: name.to_owned(), nth: 0 }));
        let line = self.places.line(from).filter(|_| origin != Origin::Default);
        self.fields.push(EffectiveField {
            path: Path(steps).to_string(),
            value,
            origin,
            place: line.map(|line| (self.source.to_owned(), line)),
            doc: sentence(field.doc),
        });
    }
}

fn holds_login(value: &Tree) -> bool {
    match value {
        Tree::Text(text) => excerpt::holds_login(text),
        Tree::List(items) => items.iter().any(holds_login),
        _ => false,
    }
}

fn short_text(value: &Tree) -> String {
    let text = inline(value);
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
