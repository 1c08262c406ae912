//! The filter's configuration: lines of `name: value`. It knows nothing of the host, so that
//! `cargo test` can run it anywhere.

#[derive(Debug, PartialEq)]
pub struct Settings {
    /// The value of `x-hello`.
    pub greeting: String,
    /// What requests must carry in `x-api-key`. `None` lets all of them through.
    pub key: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { greeting: "hello".to_owned(), key: None }
    }
}

impl Settings {
    /// Reads the text of a configuration, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut settings = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            match (name.trim(), value.trim()) {
                ("greeting", value) => settings.greeting = value.to_owned(),
                ("key", "") => return Err("the key is empty".to_owned()),
                ("key", value) => settings.key = Some(value.to_owned()),
                (name, _) => return Err(format!("there is no setting `{name}`")),
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values() {
        let settings = Settings::parse("greeting: good: morning\n\n key: k1 \n").unwrap();
        assert_eq!(settings, Settings { greeting: "good: morning".into(), key: Some("k1".into()) });
        assert_eq!(Settings::parse(""), Ok(Settings::default()));
    }

    #[test]
    fn what_is_unknown_is_refused() {
        assert_eq!(Settings::parse("gretting: x"), Err("there is no setting `gretting`".into()));
        assert_eq!(Settings::parse("key:"), Err("the key is empty".into()));
    }
}
