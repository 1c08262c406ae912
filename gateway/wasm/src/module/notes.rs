//! What a module says about itself in custom sections: its version, and what its configuration
//! looks like.
//!
//! Both are for people and their editors. A section that cannot be read takes nothing from the
//! filter, so it is a remark and no error.

use wasmparser::{Parser, Payload};

/// The section with the version: text.
const VERSION: &str = "portico.version";

/// The section with the JSON Schema of the configuration.
const SCHEMA: &str = "portico.schema";

/// A version stands in a list of plugins; more than this is a story.
const VERSION_BYTES: usize = 64;

/// The schemas of the bundled filters have less than a tenth of it.
const SCHEMA_BYTES: usize = 64 << 10;

/// What a module says about itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Notes {
    /// In its author's words.
    pub version: Option<String>,
    /// JSON Schema of its configuration. Whether it is one, or JSON at all, is not known here.
    pub schema: Option<String>,
    /// What is wrong with the sections that were left out, in sentences.
    pub problems: Vec<String>,
}

impl Notes {
    /// Reads the sections of a module. What is no module says nothing.
    pub fn read(wasm: &[u8]) -> Self {
        let mut notes = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            let Ok(payload) = payload else { break };
            let Payload::CustomSection(section) = payload else { continue };
            match section.name() {
                VERSION => {
                    let text = notes.text(VERSION, section.data(), VERSION_BYTES);
                    notes.version = text.filter(|text| !text.is_empty());
                }
                SCHEMA => notes.schema = notes.text(SCHEMA, section.data(), SCHEMA_BYTES),
                _ => {}
            }
        }
        if notes.version.as_ref().is_some_and(|text| text.contains(char::is_control)) {
            notes.version = None;
            notes.problems.push(format!("its section `{VERSION}` is more than one line of text"));
        }
        notes
    }

    fn text(&mut self, name: &str, bytes: &[u8], limit: usize) -> Option<String> {
        if bytes.len() > limit {
            let size = bytes.len();
            let problem = format!(
                "its section `{name}` has {size} bytes, more than the {limit} that are read"
            );
            self.problems.push(problem);
            return None;
        }
        let text = std::str::from_utf8(bytes);
        if text.is_err() {
            self.problems.push(format!("its section `{name}` is not UTF-8"));
        }
        Some(text.ok()?.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &[(&str, &[u8])]) -> Vec<u8> {
        let mut wasm = wat::parse_str("(module)").unwrap();
        for (name, data) in sections {
            let size = 1 + name.len() + data.len();
            wasm.push(0);
            // LEB128 in three bytes, whatever the size.
            wasm.extend(
                [size | 0x80, (size >> 7) | 0x80, (size >> 14) & 0x7f].map(|byte| byte as u8),
            );
            wasm.push(name.len() as u8);
            wasm.extend(name.as_bytes());
            wasm.extend(*data);
        }
        wasm
    }

    #[test]
    fn both_are_read() {
        let notes = Notes::read(&module(&[(VERSION, b" 1.2.3\n"), (SCHEMA, b"{}"), ("x", b"y")]));
        let (version, schema) = (Some("1.2.3".to_owned()), Some("{}".to_owned()));
        assert_eq!(notes, Notes { version, schema, problems: Vec::new() });
        assert_eq!(Notes::read(&module(&[])), Notes::default());
        assert_eq!(Notes::read(b"no module"), Notes::default());
    }

    #[test]
    fn what_cannot_be_read_is_a_remark() {
        for (name, data, said) in [
            (VERSION, vec![b'1'; 65], "has 65 bytes"),
            (VERSION, vec![0xff], "is not UTF-8"),
            (VERSION, b"1\n2".to_vec(), "more than one line"),
            (SCHEMA, vec![b' '; SCHEMA_BYTES + 1], "has 65537 bytes"),
        ] {
            let notes = Notes::read(&module(&[(name, &data)]));
            assert_eq!((notes.version, notes.schema), (None, None));
            assert!(notes.problems[0].contains(said), "{:?}", notes.problems);
        }
    }
}
