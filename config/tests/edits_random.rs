//! Whatever the style of a text and whatever the edit: the new text says what the edited tree says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail there")]

use portico_config::{Edit, Source, Step, edit};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Texts that YAML might take for something else, and some that it would not.
const TEXTS: [&str; 24] = [
    "a",
    "staff",
    "1s",
    "web-2",
    "127.0.0.1:80",
    "/api/x",
    "two words",
    "*",
    "true",
    "12",
    "0x1f",
    "~",
    "",
    " lead",
    "trail ",
    "a: b",
    "a #b",
    "#c",
    "it's",
    "say \"hi\"",
    "a, b",
    "[x]",
    "grün",
    "a\nb",
];

/// What makes a text hard to edit.
const ODD: [&str; 20] = [
    "&a ", "*a", "? k", "- ", "[", "]", "{", "}", ",", ": ", "\t", "!t ", "|", ">\n", "\"", "'",
    "#", "\n", "<<: ", "\u{e9}",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => proptest::sample::select(TEXTS.to_vec()).prop_map(Value::from),
        1 => (-5_i64..1000).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let key = proptest::sample::select(vec!["k", "name", "two words", "on", "x-y", "a: b"]);
    scalar().prop_recursive(5, 40, 4, move |inner| {
        let entries = proptest::collection::vec((key.clone(), inner.clone()), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            entries.prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
                Value::Object(entries.collect())
            }),
        ]
    })
}

/// Writes a tree in styles that come from a stream of choices.
struct Author<'c> {
    choices: std::iter::Cycle<std::slice::Iter<'c, u8>>,
    comments: usize,
    text: String,
}

impl Author<'_> {
    fn one_in(&mut self, count: u8) -> bool {
        self.choices.next().is_some_and(|choice| choice % count == 0)
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}.", self.comments)
    }

    /// What may stand above a line.
    fn above(&mut self, column: usize) {
        if self.one_in(6) {
            self.text += "\n";
        }
        if self.one_in(5) {
            let comment = self.comment();
            self.text += &format!("{}{comment}\n", " ".repeat(column));
        }
    }

    fn end_of_line(&mut self) {
        if self.one_in(4) {
            let comment = self.comment();
            self.text += &format!(" {comment}");
        }
        self.text += "\n";
    }

    /// A value behind a key or a dash at a column, to the end of its line.
    fn value(&mut self, value: &Value, column: usize, dash: bool) {
        let collection = match value {
            Value::Array(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            _ => false,
        };
        if collection && !self.one_in(4) {
            let list = value.is_array();
            let inner = if list && !dash && self.one_in(3) { column } else { column + 2 };
            if dash && !self.one_in(4) {
                self.text += " ";
                self.block(value, inner, true);
            } else {
                self.end_of_line();
                self.block(value, inner, false);
            }
        } else if value.is_null() && self.one_in(2) {
            self.end_of_line();
        } else {
            let literal = value.as_str().filter(|text| text.contains('\n')).is_some();
            if literal && self.one_in(2) {
                let indent = " ".repeat(column + 2);
                let text = value.as_str().unwrap().replace('\n', &format!("\n{indent}"));
                self.text += &format!(" |-\n{indent}{text}\n");
                return;
            }
            let text = self.inline(value, false);
            self.text += &format!(" {text}");
            self.end_of_line();
        }
    }

    fn block(&mut self, value: &Value, column: usize, mut inside: bool) {
        let indent = " ".repeat(column);
        let items: Vec<(Option<&String>, &Value)> = match value {
            Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, value)| (Some(key), value)).collect()
            }
            _ => Vec::new(),
        };
        for (key, value) in items {
            if !std::mem::take(&mut inside) {
                self.above(column);
                self.text += &indent;
            }
            match key {
                None => self.text += "-",
                Some(key) => {
                    let key = self.inline(&json!(key), false);
                    self.text += &format!("{key}:");
                }
            }
            self.value(value, column, key.is_none());
        }
    }

    fn inline(&mut self, value: &Value, flow: bool) -> String {
        let blank = if self.one_in(2) { " " } else { "" };
        match value {
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.inline(item, true)).collect();
                format!("[{blank}{}{blank}]", items.join(&format!(",{blank}")))
            }
            Value::Object(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    format!("{}: {}", self.inline(&json!(key), true), self.inline(value, true))
                };
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{blank}{}{blank}}}", entries.join(&format!(",{blank}")))
            }
            Value::String(text) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || (!flow && c == ' ');
                let safe = text.starts_with(|c: char| c.is_ascii_lowercase())
                    && text.chars().all(plain)
                    && !text.ends_with(' ')
                    && !["true", "on"].contains(&text.as_str());
                match (safe, self.one_in(3)) {
                    (true, false) => text.clone(),
                    (_, true) if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
                    _ => serde_json::to_string(text).unwrap(),
                }
            }
            other => other.to_string(),
        }
    }
}

fn written(tree: &Value, choices: &[u8]) -> String {
    let mut author = Author { choices: choices.iter().cycle(), comments: 0, text: String::new() };
    let document = json!({ "x": tree, "y": 1 });
    author.block(&document, 0, false);
    let windows = author.one_in(5);
    let no_end = author.one_in(5);
    let text = if no_end { author.text.trim_end().to_owned() } else { author.text };
    if windows { text.replace('\n', "\r\n") } else { text }
}

fn read(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn edited(text: &str, change: &Edit) -> Result<String, TestCaseError> {
    let source = Source { name: "t.yaml".to_owned(), folder: ".".into(), text: text.to_owned() };
    let after = edit(&[source], std::slice::from_ref(change))
        .map_err(|error| TestCaseError::fail(format!("{error}\n{}\n{text}", change.to_json())))?;
    Ok(after[0].text.clone())
}

/// Every place below `x`.
fn places(value: &Value, path: &[Step], found: &mut Vec<Vec<Step>>) {
    found.push(path.to_vec());
    let mut go = |step: Step, value: &Value| {
        let mut path = path.to_vec();
        path.push(step);
        places(value, &path, found);
    };
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, item)| go(Step::Index(place), item));
        }
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| go(Step::Key(key.clone()), value));
        }
        _ => {}
    }
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Index(place) => &mut value[*place],
        Step::Key(key) | Step::Item { value: key, .. } => &mut value[key.as_str()],
    })
}

/// One of the edits that a tree allows, and the tree afterwards.
fn chosen(before: &Value, seed: usize, kind: u8, new: &Value) -> Option<(Edit, Value)> {
    let mut all = Vec::new();
    places(&before["x"], &[Step::Key("x".to_owned())], &mut all);
    let path = all[seed % all.len()].clone();
    let mut after = before.clone();
    let place = at(&mut after, &path);
    let edit = match (kind % 4, &mut *place) {
        (0, Value::Array(items)) => {
            let index = seed % (items.len() + 1);
            items.insert(index, new.clone());
            Edit::Insert { path, index: Some(index), value: new.clone() }
        }
        (1, Value::Object(entries)) => {
            entries.insert("new".to_owned(), new.clone());
            let mut path = path;
            path.push(Step::Key("new".to_owned()));
            Edit::Set { path, value: new.clone() }
        }
        (2, Value::Null) => {
            *place = json!({ "deep": { "er": new } });
            let mut path = path;
            path.extend(["deep", "er"].map(|key| Step::Key(key.to_owned())));
            Edit::Set { path, value: new.clone() }
        }
        (3, _) => {
            let (last, way) = path.split_last()?;
            match (at(&mut after, way), last) {
                (Value::Array(items), Step::Index(place)) => drop(items.remove(*place)),
                (Value::Object(entries), Step::Key(key)) => drop(entries.shift_remove(key)),
                _ => return None,
            }
            Edit::Remove { path }
        }
        _ => {
            *place = new.clone();
            Edit::Set { path, value: new.clone() }
        }
    };
    Some((edit, after))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_text_says_what_the_tree_says(
        tree in tree(), choices in proptest::collection::vec(any::<u8>(), 7..60),
        seed in any::<usize>(), kind in any::<u8>(), new in tree(),
    ) {
        let text = written(&tree, &choices);
        let before = read(&text);
        prop_assert_eq!(&before["x"], &tree, "{}", text);
        let Some((change, wanted)) = chosen(&before, seed, kind, &new) else { return Ok(()) };
        let after = edited(&text, &change)?;
        prop_assert_eq!(&read(&after), &wanted, "{}\n{}\n{}", text, change.to_json(), after);
        let bare = after.replace("\r\n", "").contains('\n');
        prop_assert!(!(bare && text.contains("\r\n")), "{}", after);
        // What is added takes nothing away.
        let new_keys = ["new", "er"].map(|key| Step::Key(key.to_owned()));
        let adds = match &change {
            Edit::Insert { .. } => true,
            Edit::Remove { .. } => false,
            Edit::Set { path, .. } => path.last().is_some_and(|step| new_keys.contains(step)),
        };
        let lost = (1..).map(|count| format!("# c{count}."))
            .take_while(|comment| text.contains(comment.as_str()))
            .find(|comment| !after.contains(comment.as_str()));
        if adds {
            prop_assert_eq!(lost, None, "{}\n{}\n{}", text, change.to_json(), after);
        }
    }

    /// Texts that hold something odd are edited rightly or not at all.
    #[test]
    fn no_text_is_edited_wrongly(
        tree in tree(), choices in proptest::collection::vec(any::<u8>(), 7..60),
        seed in any::<usize>(), kind in any::<u8>(), new in tree(),
        odd in proptest::collection::vec((any::<usize>(), proptest::sample::select(ODD.to_vec())), 1..4),
    ) {
        let mut text = written(&tree, &choices);
        for (place, odd) in odd {
            let place = text.char_indices().nth(place % text.chars().count()).unwrap().0;
            text.insert_str(place, odd);
        }
        let source = Source { name: "t".to_owned(), folder: ".".into(), text: text.clone() };
        let Ok(before) = serde_yaml::from_str::<Value>(&text) else {
            let change = Edit::Remove { path: vec![Step::Key("x".to_owned())] };
            let _explained = edit(&[source], &[change]);
            return Ok(());
        };
        if !before["x"].is_array() && !before["x"].is_object() {
            return Ok(());
        }
        let Some((change, wanted)) = chosen(&before, seed, kind, &new) else { return Ok(()) };
        // To JSON a key with a tag is the key without.
        if let Ok(after) = edit(&[source], std::slice::from_ref(&change))
            && !text.contains("!t")
        {
            let after = &after[0].text;
            let read: Value = serde_yaml::from_str(after).unwrap();
            // A text without anything is a document without fields.
            let read = if read.is_null() { json!({}) } else { read };
            prop_assert_eq!(read, wanted, "{}\n{}\n{}", text, change.to_json(), after);
        }
    }

    #[test]
    fn a_value_is_set_and_set_back(
        tree in tree(), choices in proptest::collection::vec(any::<u8>(), 7..60),
        seed in any::<usize>(),
        new in proptest::sample::select(vec!["b", "2s", "web", "x y"]),
    ) {
        let text = written(&tree, &choices);
        let before = read(&text);
        let mut all = Vec::new();
        places(&before["x"], &[Step::Key("x".to_owned())], &mut all);
        // Text over several lines, and nothing, can be written in ways that its value does not tell.
        let single = |path: &Vec<Step>| {
            at(&mut before.clone(), path).as_str().is_some_and(|text| !text.contains('\n'))
        };
        all.retain(|path| single(path));
        let Some(path) = all.get(seed % all.len().max(1)).cloned() else { return Ok(()) };
        let old = at(&mut before.clone(), &path).clone();
        let changed = edited(&text, &Edit::Set { path: path.clone(), value: json!(new) })?;
        let differing = text.lines().zip(changed.lines()).filter(|(a, b)| a != b).count();
        prop_assert!(differing <= 1 && text.lines().count() == changed.lines().count());
        let back = edited(&changed, &Edit::Set { path, value: old })?;
        prop_assert_eq!(back, text);
    }

    #[test]
    fn a_new_key_is_removed_again(
        tree in tree(), choices in proptest::collection::vec(any::<u8>(), 7..60),
        seed in any::<usize>(), new in tree(),
    ) {
        let text = written(&tree, &choices);
        let before = read(&text);
        let mut all = Vec::new();
        places(&before["x"], &[Step::Key("x".to_owned())], &mut all);
        all.retain(|path| {
            at(&mut before.clone(), path).as_object().is_some_and(|entries| !entries.is_empty())
        });
        let Some(mut path) = all.get(seed % all.len().max(1)).cloned() else { return Ok(()) };
        path.push(Step::Key("new".to_owned()));
        let changed = edited(&text, &Edit::Set { path: path.clone(), value: new })?;
        let back = edited(&changed, &Edit::Remove { path })?;
        prop_assert_eq!(back, text, "{}", changed);
    }
}
