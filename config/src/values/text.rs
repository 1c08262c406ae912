//! Text that is taken as it is.

use crate::{
    decode::TextNode,
    problem::Fault,
    shape::{SECRET_FORM, Shape, TextShape},
};

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Body(pub(crate) String);

impl TextNode for Body {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Result<Self, Fault> {
        /// It is kept in memory and sent in one piece; files belong to a web server.
        const MAX_LENGTH: usize = 1 << 20;
        match text.len() > MAX_LENGTH {
            true => {
                Err(Fault::new("this body has more than 1 MiB")
                    .help("let a service answer with files"))
            }
            false => Ok(Self(text.to_owned())),
        }
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "text",
            doc: "At most 1 MiB.".to_owned(),
            pattern: None,
            examples: &["hello"],
        })
    }
}

/// The path of a file.
#[derive(Clone, Debug)]
pub(crate) struct FilePath(pub(crate) String);

impl TextNode for FilePath {
    const EXPECTED: &'static str = "the path of a file (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() || text.contains('\0') {
            return Err(Fault::new("this is no path of a file"));
        }
        if text.contains("://") {
            return Err(Fault::new("this is a URL, not the path of a file")
                .help("a module on a server is named with `url:`, one in a registry with `oci:`"));
        }
        Ok(Self(text.to_owned()))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "file",
            doc: "A relative path starts at the folder of the configuration file.".to_owned(),
            pattern: Some("^.+$"),
            examples: &["./my-filter.wasm"],
        })
    }
}

/// A short text that a filter can read: an identifier, not a document.
#[derive(Clone, Debug)]
pub(crate) struct Label(pub(crate) String);

impl TextNode for Label {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Result<Self, Fault> {
        /// As Kubernetes' names; it is handed to guests and stands in status and logs.
        const MAX_LENGTH: usize = 253;
        if text.len() > MAX_LENGTH {
            return Err(Fault::new(format!("this text has more than {MAX_LENGTH} bytes")));
        }
        match text.chars().any(char::is_control) {
            true => Err(Fault::new("this text has control characters in it")),
            false => Ok(Self(text.to_owned())),
        }
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "label",
            doc: "One line, at most 253 bytes.".to_owned(),
            pattern: Some("^[^\\x00-\\x1f\\x7f-\\x9f]{0,253}$"),
            examples: &["guard"],
        })
    }
}

/// The value of an environment variable. It may be a secret, so faults never show it.
pub(crate) struct EnvironmentText(pub(crate) String);

impl std::fmt::Debug for EnvironmentText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl TextNode for EnvironmentText {
    const EXPECTED: &'static str = "text";

    fn parse(text: &str) -> Result<Self, Fault> {
        /// Every instance gets a copy of all of them.
        const MAX_LENGTH: usize = 32 << 10;
        if text.len() > MAX_LENGTH {
            return Err(Fault::new("this value has more than 32 KiB"));
        }
        match text.contains('\0') {
            // It ends the value where programs in C read it.
            true => Err(Fault::new("an environment variable has no NUL in it")),
            false => Ok(Self(text.to_owned())),
        }
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: SECRET_FORM,
            doc: "At most 32 KiB.".to_owned(),
            pattern: None,
            examples: &["info"],
        })
    }
}
