//! Edits as JSON, as programs send them.

use serde_json::{Map, Value, json};

use super::{Edit, EditError, Step};

impl Edit {
    /// Reads `{"op": "set" | "remove" | "insert", "path": […], "value": …, "index": …}`.
    pub fn from_json(edit: &Value) -> Result<Self, EditError> {
        let object = edit.as_object().ok_or_else(|| form("it is no object"))?;
        let known = ["op", "path", "value", "index"];
        if let Some(name) = object.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(form(format!("unknown field `{}`", name.escape_debug())));
        }
        let value = || object.get("value").cloned().ok_or_else(|| form("`value` is missing"));
        let steps = object.get("path").and_then(Value::as_array);
        let steps = steps.ok_or_else(|| form("`path` must be a list of steps"))?;
        let path = steps.iter().map(Step::from_json).collect::<Result<Vec<Step>, EditError>>()?;
        match object.get("op").and_then(Value::as_str) {
            Some("set") => Ok(Self::Set { path, value: value()? }),
            Some("remove") => Ok(Self::Remove { path }),
            Some("insert") => {
                let index = match object.get("index") {
                    None | Some(Value::Null) => None,
                    Some(index) => Some(whole(index)?),
                };
                Ok(Self::Insert { path, index, value: value()? })
            }
            _ => Err(form("`op` must be `set`, `remove` or `insert`")),
        }
    }

    /// Writes what [`Self::from_json`] reads.
    pub fn to_json(&self) -> Value {
        let steps = |path: &[Step]| path.iter().map(Step::to_json).collect::<Vec<_>>();
        match self {
            Self::Insert { path, index: None, value } => {
                json!({ "op": "insert", "path": steps(path), "value": value })
            }
            Self::Insert { path, index, value } => {
                json!({ "op": "insert", "path": steps(path), "index": index, "value": value })
            }
            Self::Remove { path } => json!({ "op": "remove", "path": steps(path) }),
            Self::Set { path, value } => {
                json!({ "op": "set", "path": steps(path), "value": value })
            }
        }
    }
}

impl Step {
    /// Reads a name, a number, or an object with one field.
    pub fn from_json(step: &Value) -> Result<Self, EditError> {
        match step {
            Value::String(name) => Ok(Self::Key(name.clone())),
            Value::Number(_) => Ok(Self::Index(whole(step)?)),
            Value::Object(fields) if fields.len() == 1 => {
                let (field, value) = fields.iter().next().ok_or_else(step_form)?;
                let value = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => return Err(step_form()),
                };
                Ok(Self::Item { field: field.clone(), value })
            }
            _ => Err(step_form()),
        }
    }

    /// Writes what [`Self::from_json`] reads.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Key(name) => json!(name),
            Self::Index(index) => json!(index),
            Self::Item { field, value } => {
                Value::Object(Map::from_iter([(field.clone(), json!(value))]))
            }
        }
    }
}

fn whole(value: &Value) -> Result<usize, EditError> {
    let index = value.as_u64().and_then(|index| usize::try_from(index).ok());
    index.ok_or_else(|| form("an index is a whole number from 0"))
}

fn step_form() -> EditError {
    form("a step is a name, an index, or an object such as `{\"name\": \"staff\"}`")
}

fn form(text: impl Into<String>) -> EditError {
    EditError::Form(text.into())
}
