//! The configuration reference, for people.

use std::fmt::Write;

use crate::{
    document,
    schema::sentence,
    shape::{Constraint, Field, Literal, Presence, Record, Shape, TextShape, records},
};

/// The configuration reference as Markdown: every record with its fields, and every form of text.
pub fn reference() -> String {
    let all = records(document::root());
    let mut text = "# Configuration reference\n\n\
        This file is generated from the definition in `config/src/document.rs`; \
        `UPDATE=1 cargo test -p portico-config` rewrites it.\n"
        .to_owned();
    for record in &all {
        section(&mut text, record);
    }
    text.push_str("\n## Forms of text\n\n| form | what it is | for example |\n|---|---|---|\n");
    let mut forms: Vec<TextShape> = Vec::new();
    let shapes = all.iter().flat_map(|record| record.fields.iter().map(|field| (field.shape)()));
    for form in shapes.filter_map(|shape| text_of(&shape)) {
        if !forms.iter().any(|known| known.name == form.name) {
            forms.push(form);
        }
    }
    forms.sort_by_key(|form| form.name);
    for TextShape { name, doc, pattern: _, examples } in forms {
        // The limits of a form differ from field to field and stand there.
        let doc = doc.split("; from ").next().unwrap_or_default().trim_end_matches('.');
        let examples: Vec<String> = examples.iter().map(|example| format!("`{example}`")).collect();
        push(
            &mut text,
            format_args!("| {name} | {} | {} |\n", cell(doc), cell(&examples.join(", "))),
        );
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes any text");
}

fn section(text: &mut String, record: &Record) {
    let title = title(record);
    push(text, format_args!("\n## {title}\n\n{}\n", sentence(record.doc)));
    match record.constraint {
        Constraint::Free => {}
        Constraint::AtLeastOne(names) => {
            push(text, format_args!("\nAt least one of {} is given.\n", quoted(names)));
        }
        Constraint::ExactlyOne(names) => {
            push(text, format_args!("\nExactly one of {} is given.\n", quoted(names)));
        }
    }
    text.push_str("\n| field | value | default | meaning |\n|---|---|---|---|\n");
    for Field { name, doc, presence, shape } in record.fields {
        let default = match presence {
            Presence::Default(Literal::Empty) => "`{}`".to_owned(),
            Presence::Default(Literal::Number(number)) => format!("`{number}`"),
            Presence::Default(Literal::Text(text)) => format!("`{text}`"),
            Presence::Inherited | Presence::Optional => String::new(),
            Presence::Required => "**required**".to_owned(),
        };
        let (value, doc) = (cell(&value(&shape())), cell(&sentence(doc)));
        push(text, format_args!("| `{name}` | {value} | {default} | {doc} |\n"));
    }
}

/// `a path match` → `Path match`
fn title(record: &Record) -> String {
    let noun = record.noun;
    let words = ["a ", "an ", "the "].iter().find_map(|article| noun.strip_prefix(article));
    let words = words.unwrap_or(noun);
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn value(shape: &Shape) -> String {
    match shape {
        Shape::Any => "anything".to_owned(),
        Shape::Flag => "`true`, `false`".to_owned(),
        Shape::Word(words) => quoted(words),
        Shape::Integer { min, max } => format!("number, {min} to {max}"),
        Shape::Numbers(numbers) => {
            numbers.iter().map(|number| format!("`{number}`")).collect::<Vec<_>>().join(", ")
        }
        Shape::Text(form) | Shape::TextOrNumber(form) => match form.doc.split_once("; from ") {
            Some((_, limits)) => format!("{}, {}", form.name, limits.trim_end_matches('.')),
            None => form.name.to_owned(),
        },
        Shape::List { item, min: 0, .. } => format!("list: {}", value(item)),
        Shape::List { item, .. } => format!("list, not empty: {}", value(item)),
        Shape::Entries { value: inner, .. } => format!("map of names to: {}", value(inner)),
        Shape::Record(record) | Shape::Choice(record) => {
            let title = title(record);
            let anchor = title.to_lowercase().replace(' ', "-").replace('\'', "");
            format!("[{title}](#{anchor})")
        }
    }
}

fn text_of(shape: &Shape) -> Option<TextShape> {
    match shape {
        Shape::Text(form) | Shape::TextOrNumber(form) => Some(form.clone()),
        Shape::List { item, .. } => text_of(item),
        Shape::Entries { value, .. } => text_of(value),
        _ => None,
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Text that may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
