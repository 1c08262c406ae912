//! Lines of JSON: fields in the order in which they were chosen.

use super::{escape, format::FormatError, operators::Scene, template::Template};
use crate::{record::Record, redact::Redactor};

/// A line may have this many fields. Nobody reads more, and each costs time on every request.
const FIELDS: usize = 128;

/// A compiled set of fields.
#[derive(Clone, Debug)]
pub(super) struct Json {
    fields: Vec<Field>,
    nulls: bool,
}

#[derive(Clone, Debug)]
struct Field {
    /// `"name":`, escaped.
    key: Box<[u8]>,
    template: Template,
}

impl Json {
    pub(super) fn new(
        fields: &[(String, String)],
        nulls: bool,
        scene: &Scene<'_>,
    ) -> Result<Self, FormatError> {
        if fields.len() > FIELDS {
            return Err(FormatError::Fields { count: fields.len(), limit: FIELDS });
        }
        let mut compiled = Vec::with_capacity(fields.len());
        for (index, (name, format)) in fields.iter().enumerate() {
            if fields[..index].iter().any(|(other, _)| other == name) {
                return Err(FormatError::FieldTwice { name: name.clone() });
            }
            let template = Template::parse(format, scene).map_err(|source| FormatError::Field {
                name: name.clone(),
                source: source.into(),
            })?;
            let mut key = vec![b'"'];
            escape::json(&mut key, name.as_bytes());
            key.extend(b"\":");
            compiled.push(Field { key: key.into(), template });
        }
        Ok(Self { fields: compiled, nulls })
    }

    /// Appends an object, without a line break.
    pub(super) fn write(&self, out: &mut Vec<u8>, record: &Record, redactor: &Redactor) {
        out.push(b'{');
        let begin = out.len();
        for Field { key, template } in &self.fields {
            let before = out.len();
            if before > begin {
                out.push(b',');
            }
            out.extend_from_slice(key);
            let is_missing = template.write_json(out, record, redactor);
            if is_missing && !self.nulls {
                out.truncate(before);
            }
        }
        out.push(b'}');
    }
}
