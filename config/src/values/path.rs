//! Paths of URLs.

use crate::{
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// A path as a client sends it: `%`-encoding is compared as written.
#[derive(Clone, Debug)]
pub(crate) struct UrlPath(pub(crate) String);

/// As many bytes as most servers take for a whole request line.
const MAX_LENGTH: usize = 8192;

impl TextNode for UrlPath {
    const EXPECTED: &'static str = "a path such as `/api` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new(format!("`{}` is no path", shown(text)));
        if text.len() > MAX_LENGTH {
            return Err(fault().why(format!("paths have at most {MAX_LENGTH} characters")));
        }
        if let Some((_, rest)) = text.split_once("://") {
            let path = rest.find('/').map_or("/", |start| &rest[start..]);
            return Err(fault().help(format!("without scheme and host: `{}`", shown(path))));
        }
        if !text.starts_with('/') {
            return Err(fault().help(format!("paths begin with `/`: `/{}`", shown(text))));
        }
        if text.contains('?') {
            return Err(fault()
                .why("the query string is not part of the path")
                .help("match query parameters with `query`"));
        }
        if text.contains('#') {
            return Err(fault().why("what follows `#` is never sent to a server"));
        }
        if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic()) {
            let mut bytes = [0; 4];
            let encoded: String =
                bad.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect();
            let bad = bad.escape_debug();
            return Err(fault()
                .why(format!("`{bad}` is sent encoded, and paths are compared as they are sent"))
                .help(format!("write `{encoded}` for it")));
        }
        if text.split('/').any(|segment| segment == "." || segment == "..") {
            return Err(fault().why("clients resolve `.` and `..` before they ask"));
        }
        Ok(Self(text.to_owned()))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "path",
            doc: "Begins with `/`; no `?` and no `#`; `%`-encoding is compared as written."
                .to_owned(),
            pattern: Some("^/[!-\"$->@-~]*$"),
            examples: &["/api"],
        })
    }
}
