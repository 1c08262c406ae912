//! How large the parts of a module may be, read before the compiler works on them: a small file can
//! ask for hours of compilation and gigabytes of tables.

use wasmparser::{Parser, Payload};

use super::LoadError;

/// Functions with code. The largest published filter, a firewall in Go, has about 20,000.
const FUNCTIONS: u64 = 200_000;

/// Bytes of one function. Compilers' time grows faster than a function does; generated tables of Go
/// and unrolled parsers reach some hundred kilobytes.
const FUNCTION_BYTES: u64 = 4 << 20;

/// Variables of all functions together. A few bytes in the file can declare 50,000 in each.
const LOCALS: u64 = 10_000_000;

/// Imports and exports; a filter has some hundred.
const NAMES: u64 = 10_000;

/// Types, globals, and segments of data or elements.
const PARTS: u64 = 1_000_000;

/// What cannot be read here is left to the compiler, which says better what is wrong.
pub(super) fn check(wasm: &[u8]) -> Result<(), LoadError> {
    let mut locals = 0_u64;
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(payload) = payload else { return Ok(()) };
        match payload {
            Payload::CodeSectionStart { count, .. } => {
                bound("functions", u64::from(count), FUNCTIONS)?;
            }
            Payload::CodeSectionEntry(body) => {
                let size = body.range().len() as u64;
                bound("bytes of one function", size, FUNCTION_BYTES)?;
                let Ok(groups) = body.get_locals_reader() else { return Ok(()) };
                let counts = groups.into_iter().map_while(Result::ok);
                locals = counts.fold(locals, |sum, (count, _)| sum.saturating_add(count.into()));
                bound("local variables", locals, LOCALS)?;
            }
            Payload::ImportSection(section) => bound("imports", section.count().into(), NAMES)?,
            Payload::ExportSection(section) => bound("exports", section.count().into(), NAMES)?,
            Payload::TypeSection(section) => bound("types", section.count().into(), PARTS)?,
            Payload::GlobalSection(section) => bound("globals", section.count().into(), PARTS)?,
            Payload::DataSection(section) => bound("data segments", section.count().into(), PARTS)?,
            Payload::ElementSection(section) => {
                bound("element segments", section.count().into(), PARTS)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn bound(what: &'static str, found: u64, limit: u64) -> Result<(), LoadError> {
    if found > limit { Err(LoadError::Bounds { what, found, limit }) } else { Ok(()) }
}
