//! The JSON Schema of a document, for editors and forms.
//!
//! What JSON Schema has no word for stands in keywords of our own, which others ignore:
//!
//! | keyword | meaning |
//! |---|---|
//! | `x-portico-type` | the form of a text: `duration`, `size`, `host`, …; `weight`; `name-of: services` |
//! | `x-portico-min`, `x-portico-max` | limits of a duration in milliseconds, of a size in bytes |
//! | `x-portico-short` | the field of a record that plain text stands for |
//! | `x-portico-default` | in words, what holds where nothing is written: `every host` |
//! | `x-portico-inherited` | the same field of what is around holds then |
//! | `x-portico-secret` | the value may be a secret and is never shown |
//!
//! Properties are in the order in which they are written by convention.

use serde_json::{Map, Value, json};

use crate::{
    document,
    shape::{Constraint, Field, Literal, Presence, Record, Shape, TextShape, records},
    values::{duration, size},
};

/// The JSON Schema (draft 2020-12) of a configuration file.
///
/// It knows the form of every value; what must hold between values is checked by
/// [`crate::load`] alone. So every good configuration is valid, and not the other way round.
pub fn schema() -> Value {
    let root = document::root();
    let definitions: Map<String, Value> =
        records(root).into_iter().map(|each| (each.name.to_owned(), record(each))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Portico",
        "description": sentence(root.doc),
        "$ref": reference(root),
        "$defs": definitions,
    })
}

fn reference(record: &Record) -> String {
    format!("#/$defs/{}", record.name)
}

/// A doc text on one line per paragraph.
pub(crate) fn sentence(doc: &str) -> String {
    doc.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// What a doc text says about the field's absence: behind `Default: `, to the end of the sentence.
pub(crate) fn said_default(doc: &str) -> Option<String> {
    let doc = sentence(doc);
    let (_, words) = doc.split_once("Default: ")?;
    let end = words.find(". ").unwrap_or(words.len());
    Some(words[..end].trim_end_matches('.').replace('`', ""))
}

fn record(record: &Record) -> Value {
    let properties: Map<String, Value> =
        record.fields.iter().map(|each| (each.name.to_owned(), field(record, each))).collect();
    let required: Vec<&str> = record
        .fields
        .iter()
        .filter(|field| matches!(field.presence, Presence::Required))
        .map(|field| field.name)
        .collect();
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    let one = |names: &[&str]| names.iter().map(|name| json!({ "required": [name] })).collect();
    match record.constraint {
        Constraint::Free => {}
        Constraint::AtLeastOne(names) => object["anyOf"] = one(names),
        Constraint::ExactlyOne(names) => object["oneOf"] = one(names),
    }
    object["additionalProperties"] = json!(false);
    let mut whole = match record.short.and_then(|short| record.field(short)) {
        Some(short) => {
            json!({ "anyOf": [field(record, short), object], "x-portico-short": short.name })
        }
        None => object,
    };
    whole["description"] = json!(sentence(record.doc));
    whole
}

fn field(record: &Record, field: &Field) -> Value {
    let kind = (field.shape)();
    let mut value = shape(&kind);
    // The field says more than the form of its value, so it comes first.
    let form = value["description"].as_str().map_or(String::new(), |form| format!(" {form}"));
    value["description"] = json!(sentence(field.doc) + &form);
    if let Presence::Default(literal) = field.presence {
        value["default"] = match literal {
            Literal::Empty => json!({}),
            Literal::Number(number) => json!(number),
            Literal::Text(text) => json!(text),
        };
    }
    if let Some(words) = said_default(field.doc) {
        value["x-portico-default"] = json!(words);
    }
    if matches!(field.presence, Presence::Inherited) {
        value["x-portico-inherited"] = json!(true);
    }
    if kind.may_be_secret() {
        value["x-portico-secret"] = json!(true);
    }
    if field.name == "weight" {
        value["x-portico-type"] = json!("weight");
    }
    if let Some(list) = list_of_names(record, field) {
        let named = json!(format!("name-of: {list}"));
        match kind {
            Shape::List { .. } => value["items"]["x-portico-type"] = named,
            _ => value["x-portico-type"] = named,
        }
    }
    value
}

/// The list at the top whose items a field names: it is called like the list, or like one of it.
fn list_of_names(record: &Record, field: &Field) -> Option<&'static str> {
    let named = match (field.shape)() {
        Shape::List { item, .. } => *item,
        other => other,
    };
    if !matches!(named, Shape::Text(TextShape { name: "name", .. })) {
        return None;
    }
    // What stands for the whole record is called by the record: `plugin: tracing`.
    let called = match (field.name, record.short) {
        ("name", Some("name")) => record.noun.rsplit(' ').next()?,
        (name, _) => name,
    };
    let lists = document::root().fields.iter().map(|list| list.name);
    lists.into_iter().find(|list| *list == called || list.strip_suffix('s') == Some(called))
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Any => json!({ "not": { "type": "null" } }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Word(words) => json!({ "type": "string", "enum": words }),
        Shape::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Numbers(numbers) => json!({ "type": "integer", "enum": numbers }),
        Shape::Text(form) => text(form, json!("string")),
        Shape::TextOrNumber(form) => text(form, json!(["integer", "string"])),
        Shape::List { item, min, max } => {
            let mut list = json!({ "type": "array", "items": self::shape(item) });
            if *min > 0 {
                list["minItems"] = json!(min);
            }
            if let Some(max) = max {
                list["maxItems"] = json!(max);
            }
            list
        }
        Shape::Entries { value, max } => json!({
            "type": "object",
            "additionalProperties": self::shape(value),
            "maxProperties": max,
        }),
        Shape::Record(record) | Shape::Choice(record) => json!({ "$ref": reference(record) }),
    }
}

fn text(form: &TextShape, kind: Value) -> Value {
    let TextShape { name, doc, pattern, examples } = form;
    let mut value = json!({ "type": kind, "description": doc, "examples": examples });
    if let Some(pattern) = pattern {
        value["pattern"] = json!(pattern);
    }
    value["x-portico-type"] = json!(name);
    if let Some((low, high)) = form.limits() {
        for (keyword, limit) in [("x-portico-min", low), ("x-portico-max", high)] {
            let duration = |limit| u64::try_from(duration::parse(limit).ok()?.as_millis()).ok();
            if let Some(limit) = duration(limit).or_else(|| size::parse(limit).ok()) {
                value[keyword] = json!(limit);
            }
        }
    }
    value
}
