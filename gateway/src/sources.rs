//! Where the configuration's text comes from: a file, or a folder of files.

mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use portico_config::{Diagnostic, Severity, Source};

pub use self::write::{Write, WriteError, unchanged, writable, write};

/// A configuration file larger than this is not read at all. The parser refuses it anyway.
const FILE_BYTES: u64 = 64 << 20;

/// Files in one folder. A Kubernetes ConfigMap holds at most 1 MiB.
const FILES: usize = 1_000;

/// Reads the file, or every `*.yaml` and `*.yml` of the folder in order of name. Hidden files,
/// such as an editor's and the `..data` of a ConfigMap, are left out.
///
/// # Errors
/// What cannot be read, in the form of any other problem with a configuration.
pub fn read(path: &Path) -> Result<Vec<Source>, Vec<Diagnostic>> {
    let files = list(path).map_err(|error| vec![unreadable(path, &error)])?;
    let mut sources = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    for file in files {
        match read_file(&file) {
            Ok(source) => sources.push(source),
            Err(error) => problems.push(unreadable(&file, &error)),
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}

/// The files that [`read`] reads.
///
/// # Errors
/// If there are none.
pub fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = files_of(path)?;
    if files.is_empty() {
        return Err(io::Error::other("no file in it ends in `.yaml` or `.yml`"));
    }
    Ok(files)
}

fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_one(&path) && !path.is_dir() {
            files.push(path);
        }
    }
    if files.len() > FILES {
        return Err(io::Error::other(format!("it holds more than {FILES} files")));
    }
    files.sort_unstable();
    Ok(files)
}

/// Whether a file of this name in a folder is a part of the configuration.
pub fn is_one(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes()[0] == b'.');
    !hidden && path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml")
}

fn read_file(path: &Path) -> io::Result<Source> {
    let size = fs::metadata(path)?.len();
    if size > FILE_BYTES {
        return Err(io::Error::other(format!("it has {size} bytes; {FILE_BYTES} are accepted")));
    }
    let text = fs::read(path)?;
    let text = String::from_utf8(text).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::other(format!("it is not UTF-8: see byte {at}"))
    })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(Source {
        name: path.display().to_string(),
        folder: folder.unwrap_or_else(|| Path::new(".")).to_owned(),
        text,
    })
}

/// A source's name, a line and a column, and a path.
pub type Place = (String, usize, usize, String);

/// Where something in the telemetry section is; what holds it, if it is not written out.
pub fn telemetry_place(sources: &[Source], path: &str) -> Place {
    let whole = format!("telemetry.{path}");
    let mut path = &*whole;
    loop {
        let found = sources.iter().find_map(|source| {
            let (line, column) = portico_config::locate(source, path)?;
            Some((source.name.clone(), line, column, path.to_owned()))
        });
        if let Some(found) = found {
            return found;
        }
        let Some(end) = path.rfind(['.', '[']) else { break };
        path = &path[..end];
    }
    (sources.first().map_or_else(String::new, |source| source.name.clone()), 1, 1, whole)
}

/// Where in some sources an item of a list is, for a problem that was found after parsing.
pub fn place(sources: &[Source], list: &str, index: usize) -> Place {
    let mut left = index;
    for source in sources {
        let mut own = 0;
        while portico_config::locate(source, &format!("{list}[{own}]")).is_some() {
            if own == left {
                let path = format!("{list}[{own}]");
                let (line, column) = portico_config::locate(source, &path).unwrap_or((1, 1));
                return (source.name.clone(), line, column, path);
            }
            own += 1;
        }
        left -= own;
    }
    (sources.first().map_or_else(String::new, |source| source.name.clone()), 1, 1, list.to_owned())
}

/// A problem that only the running gateway can find.
pub fn problem((source, line, column, path): Place, message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        source,
        line,
        column,
        path,
        message,
        why: None,
        help: None,
        excerpt: None,
        related: None,
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let place = (path.display().to_string(), 1, 1, String::new());
    Diagnostic {
        help: (error.kind() == io::ErrorKind::NotFound)
            .then(|| "`portico run --config PATH` names a file or a folder".to_owned()),
        ..problem(place, format!("the configuration cannot be read: {error}"))
    }
}
