//! Puts the console, as `console/build.sh` made it, into the program: every file as it is, and
//! compressed where that makes it smaller. Without `console/dist` the table is empty and the
//! gateway says at `/` how to get the console.

use std::{
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let console = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("console");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let dist = console.join("dist");
    // A path that is not there would run this again at every build, and build the gateway again.
    let watched = if dist.is_dir() { &dist } else { &console };
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(&dist, "", &mut files)?;
    }
    // By the text of the path, as it is searched for.
    files.sort();
    let mut table = "&[\n".to_owned();
    for (number, (path, file)) in files.iter().enumerate() {
        table += &entry(path, file, &out.join(format!("console-{number}.gz")))?;
    }
    fs::write(out.join("console.rs"), table + "]\n")?;
    Ok(())
}

/// All files but source maps, which nobody needs who has no sources.
fn collect(
    folder: &Path,
    under: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_name().and_then(|name| name.to_str());
        let path = format!("{under}/{}", name.ok_or("a file's name is not UTF-8")?);
        if file.is_dir() {
            collect(&file, &path, files)?;
        } else if file.extension().is_none_or(|extension| extension != "map") {
            files.push((path, file));
        }
    }
    Ok(())
}

/// A line of the table that `admin/console.rs` includes.
fn entry(path: &str, file: &Path, packed: &Path) -> Result<String, Box<dyn Error>> {
    let bytes = fs::read(file)?;
    let digest = Sha256::digest(&bytes);
    let etag: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    let smaller = encoder.finish()?;
    let gzip = if smaller.len() < bytes.len() {
        fs::write(packed, &smaller)?;
        format!("Some(include_bytes!({packed:?}))")
    } else {
        "None".to_owned()
    };
    Ok(format!(
        "    File {{ path: {path:?}, content_type: {:?}, etag: {etag:?}, \
         bytes: include_bytes!({file:?}), gzip: {gzip} }},\n",
        content_type(file),
    ))
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("ico") => "image/x-icon",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "webmanifest") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
