//! The JSON Schema of a document, for editors.

use serde_json::{Map, Value, json};

use crate::{
    document,
    shape::{Constraint, Field, Literal, Presence, Record, Shape, TextShape, records},
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

fn record(record: &Record) -> Value {
    let properties: Map<String, Value> =
        record.fields.iter().map(|each| (each.name.to_owned(), field(each))).collect();
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
        Some(short) => json!({ "anyOf": [shape(&(short.shape)()), object] }),
        None => object,
    };
    whole["description"] = json!(sentence(record.doc));
    whole
}

fn field(field: &Field) -> Value {
    let mut value = shape(&(field.shape)());
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
    value
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
    let TextShape { name: _, doc, pattern, examples } = form;
    let mut value = json!({ "type": kind, "description": doc, "examples": examples });
    if let Some(pattern) = pattern {
        value["pattern"] = json!(pattern);
    }
    value
}
