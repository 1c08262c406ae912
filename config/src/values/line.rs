//! Lines of text for telemetry: log formats, addresses of receivers, ranges of status codes.

use crate::{
    config,
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// One line: a log format.
#[derive(Clone, Debug)]
pub(crate) struct Line(pub(crate) String);

impl TextNode for Line {
    const EXPECTED: &'static str = "a line of text";

    fn parse(text: &str) -> Result<Self, Fault> {
        /// It is rendered for each request.
        const MAX_LENGTH: usize = 4096;
        let text = text.strip_suffix('\n').unwrap_or(text);
        if text.len() > MAX_LENGTH {
            return Err(Fault::new(format!("this line has more than {MAX_LENGTH} bytes")));
        }
        match text.chars().any(|character| character.is_control() && character != '\t') {
            true => Err(Fault::new("a line has no line breaks or control characters in it")),
            false => Ok(Self(text.to_owned())),
        }
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "line",
            doc: "One line, at most 4096 bytes.".to_owned(),
            pattern: None,
            examples: &["%REQ(:METHOD)% %RESPONSE_CODE%"],
        })
    }
}

/// Where an OpenTelemetry receiver listens.
#[derive(Clone, Debug)]
pub(crate) struct ReceiverUrl(pub(crate) Box<str>);

impl TextNode for ReceiverUrl {
    const EXPECTED: &'static str = "a URL such as `http://localhost:4317` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new(format!("`{}` is no URL of a receiver", shown(text)));
        let example = "write it like `http://localhost:4317`, or with `https://`";
        let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))
        else {
            return Err(fault().help(example));
        };
        if rest.split('/').next().unwrap_or_default().contains('@') {
            return Err(Fault::new("a URL that is logged must not hold a password")
                .help("send it in a header: `headers: { authorization: … }`"));
        }
        let parsed: Option<http::Uri> = text.parse().ok();
        let parsed = parsed.filter(|uri| uri.host().is_some() && uri.query().is_none());
        match parsed {
            Some(_) => Ok(Self(text.trim_end_matches('/').into())),
            None => Err(fault().help(example)),
        }
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "receiver URL",
            doc: "`http://` or `https://`, a host, and a port unless it is the scheme's own."
                .to_owned(),
            pattern: Some("^https?://[^@]+$"),
            examples: &["http://localhost:4317"],
        })
    }
}

/// Status codes: `404`, `5xx`, `400-499`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusRange(pub(crate) config::StatusRange);

impl TextNode for StatusRange {
    const EXPECTED: &'static str = "status codes such as `5xx`, `404` or `400-499`";

    fn parse(text: &str) -> Result<Self, Fault> {
        let code = |text: &str| text.parse::<u16>().ok().filter(|code| (100..=599).contains(code));
        let range = match (text.strip_suffix("xx"), text.split_once('-')) {
            (Some(class), _) => class
                .parse::<u16>()
                .ok()
                .filter(|class| (1..=5).contains(class))
                .map(|class| (class * 100, class * 100 + 99)),
            (None, Some((first, last))) => code(first).zip(code(last)),
            (None, None) => code(text).map(|code| (code, code)),
        };
        match range.filter(|(first, last)| first <= last) {
            Some((first, last)) => Ok(Self(config::StatusRange { first, last })),
            None => Err(Fault::new(format!("`{}` are no status codes", shown(text)))
                .help("write `5xx`, `404` or `400-499`; the codes are 100 to 599")),
        }
    }

    fn parse_number(number: i64) -> Option<Result<Self, Fault>> {
        Some(Self::parse(&number.to_string()))
    }

    fn text_shape() -> Shape {
        Shape::TextOrNumber(TextShape {
            name: "status codes",
            doc: "A code, a class or a range.".to_owned(),
            pattern: Some("^([1-5]xx|[1-5][0-9]{2}(-[1-5][0-9]{2})?)$"),
            examples: &["5xx", "404", "400-499"],
        })
    }
}
