//! Text that is taken as it is.

use crate::{
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
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
            return Err(Fault::new("modules are read from files, not from URLs")
                .help("fetch the module first and name the file"));
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
