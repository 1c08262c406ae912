//! `portico check`

use std::{path::PathBuf, process::ExitCode};

use portico::{sources, telemetry};
use portico_config::{Diagnostic, Loaded, Severity};

use super::{USAGE, complain, say};

/// Reads all of `paths` as one configuration.
pub(super) fn check(paths: &[PathBuf], json: bool) -> anyhow::Result<ExitCode> {
    let mut texts = Vec::new();
    let mut diagnostics = Vec::new();
    for path in paths {
        match sources::read(path) {
            Ok(read) => texts.extend(read),
            Err(problems) => diagnostics.extend(problems),
        }
    }
    let mut routes = 0;
    if diagnostics.is_empty() {
        let Loaded { config, diagnostics: found } = portico_config::load(&texts);
        diagnostics = found;
        let failed = config.iter().flat_map(telemetry::check);
        diagnostics.extend(failed.map(|failed| failed.diagnostic(&texts)));
        routes = config.map_or(0, |config| config.routes.len());
    }
    for diagnostic in &diagnostics {
        if json {
            say(&diagnostic.to_json().to_string());
        } else {
            complain(&format!("{diagnostic}\n"));
        }
    }
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    if errors > 0 {
        complain(&summary(errors, &diagnostics));
        return Ok(ExitCode::from(USAGE));
    }
    if !json {
        let names = texts.iter().map(|text| text.name.as_str()).collect::<Vec<_>>().join(", ");
        say(&format!("{names}: good, {routes} routes"));
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(errors: usize, diagnostics: &[Diagnostic]) -> String {
    let warnings = diagnostics.len() - errors;
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    match warnings {
        0 => format!("{errors} error{}", plural(errors)),
        _ => format!("{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings)),
    }
}
