//! Header fields, methods and query parameters (RFC 9110, sections 5 and 9).

use http::{HeaderName, HeaderValue};

use crate::{
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// As much as most servers take for all headers of a request.
const MAX_VALUE: usize = 8192;

/// A header's name, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct FieldName(pub(crate) HeaderName);

impl TextNode for FieldName {
    const EXPECTED: &'static str = "a header's name (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        HeaderName::from_bytes(text.as_bytes()).map(Self).map_err(|_| {
            let fault = Fault::new(format!("`{}` is no name of a header", shown(text)))
                .why("names have letters, digits and some signs such as `-` (RFC 9110, 5.1)");
            let trimmed = text.trim().trim_end_matches(':').replace([' ', '\t'], "-");
            match HeaderName::from_bytes(trimmed.as_bytes()) {
                Ok(name) => fault.help(format!("did you mean `{name}`?")),
                Err(_) => fault,
            }
        })
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "header name",
            doc: "Upper and lower case are the same.".to_owned(),
            pattern: Some("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"),
            examples: &["x-my-header"],
        })
    }
}

/// A header's value. It may be a secret, so messages never show it.
#[derive(Clone, Debug)]
pub(crate) struct FieldValue(pub(crate) HeaderValue);

impl TextNode for FieldValue {
    const EXPECTED: &'static str = "a header's value (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        let fault = |message: &str| Err(Fault::new(message));
        if text.len() > MAX_VALUE {
            return fault("this value has more than 8192 bytes");
        }
        if text.trim_matches([' ', '\t']).len() != text.len() {
            return fault("a header's value neither begins nor ends with a space");
        }
        match HeaderValue::from_str(text) {
            Ok(value) => Ok(Self(value)),
            Err(_) if text.contains(['\n', '\r']) => Err(Fault::new("a header is one line")
                .help("quote the value, or write it behind `>-` instead of `|`")),
            Err(_) => fault("a header's value has printable ASCII characters only"),
        }
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "header value",
            doc: "Printable ASCII, no space at either end.".to_owned(),
            pattern: Some("^([!-~]([ -~\\t]*[!-~])?)?$"),
            examples: &["canary"],
        })
    }
}

/// A request method.
#[derive(Clone, Debug)]
pub(crate) struct Method(pub(crate) Box<str>);

impl TextNode for Method {
    const EXPECTED: &'static str = "a method such as `GET` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        /// Longer than any registered method.
        const MAX_LENGTH: usize = 32;
        let fault = || Fault::new(format!("`{}` is no method", shown(text)));
        let upper = text.trim().to_ascii_uppercase();
        if http::Method::from_bytes(upper.as_bytes()).is_err() || upper.len() > MAX_LENGTH {
            return Err(fault().help("one method per match; several matches are alternatives"));
        }
        if upper != text {
            return Err(fault()
                .why("methods are case-sensitive, and all known ones are in upper case")
                .help(format!("did you mean `{upper}`?")));
        }
        Ok(Self(upper.into()))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "method",
            doc: "In upper case.".to_owned(),
            pattern: Some("^[A-Z0-9!#$%&'*+.^_`|~-]{1,32}$"),
            examples: &["GET"],
        })
    }
}

/// The value of a header or query parameter that a request is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(pub(crate) String);

impl TextNode for Wanted {
    const EXPECTED: &'static str = "a value (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        match text.len() > MAX_VALUE {
            true => Err(Fault::new("this value has more than 8192 bytes")),
            false => Ok(Self(text.to_owned())),
        }
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "value",
            doc: "Compared byte for byte.".to_owned(),
            pattern: None,
            examples: &["canary"],
        })
    }
}
