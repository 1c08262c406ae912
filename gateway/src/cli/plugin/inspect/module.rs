//! A module's bytes, read section by section.

use std::collections::BTreeMap;

use serde::Serialize;
use wasmparser::{
    BinaryReaderError, Encoding, ExternalKind, KnownCustom, Parser, Payload, ProducersFieldValue,
    ProducersSectionReader, TypeRef,
};

/// What a module is made of.
#[derive(Debug, Default, Serialize)]
pub(super) struct Module {
    /// Its marker exports: which ABI it was built for.
    pub(super) abi: Vec<String>,
    pub(super) memory: Option<Memory>,
    /// Functions of its own.
    pub(super) functions: u32,
    /// Bytes of code and of data that memory starts with.
    pub(super) code_bytes: usize,
    pub(super) data_bytes: usize,
    /// What the host calls first: `_initialize`, `_start`, or neither.
    pub(super) starts_with: Option<&'static str>,
    /// Whether it has code that runs before anything is called.
    pub(super) start_function: bool,
    /// What the host gets memory from.
    pub(super) allocator: Option<&'static str>,
    /// Whether a trap can be told with the names of its functions.
    pub(super) names: bool,
    /// Who made it, as the tools have noted: `language`, `processed-by`, `sdk`.
    pub(super) producers: BTreeMap<String, Vec<String>>,
    /// Custom sections and their sizes.
    pub(super) custom: Vec<Custom>,
    #[serde(skip)]
    pub(super) imports: Vec<Import>,
    #[serde(skip)]
    pub(super) exports: Vec<String>,
}

/// Linear memory, in bytes.
#[derive(Debug, Serialize)]
pub(super) struct Memory {
    pub(super) starts_with: u64,
    /// `None`: up to what the host's limit allows.
    pub(super) at_most: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Custom {
    pub(super) name: String,
    pub(super) bytes: usize,
}

/// What it wants from the host.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) module: String,
    pub(super) name: String,
    /// `None` for a function, which is what a host can offer.
    pub(super) kind: Option<&'static str>,
}

/// Bytes that are no module.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAModule {
    #[error("it is not a WebAssembly module: {0}")]
    Broken(#[from] BinaryReaderError),
    #[error("it is a WebAssembly component; a proxy-wasm filter is a core module")]
    Component,
}

/// Markers of the ABI versions that run here.
const KNOWN_ABI: [&str; 4] = ["0_1_0", "0_2_0", "0_2_1", "0_2_100"];

const MARKER: &str = "proxy_abi_version_";

/// Bytes of a page where a memory says nothing else.
const PAGE_LOG2: u32 = 16;

impl Module {
    pub(super) fn read(wasm: &[u8]) -> Result<Self, NotAModule> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            module.take(payload?)?;
        }
        let has = |name: &&str| module.exports.iter().any(|export| export == name);
        module.starts_with = ["_initialize", "_start"].into_iter().find(has);
        module.allocator = ["proxy_on_memory_allocate", "malloc"].into_iter().find(has);
        let markers = module.exports.iter().filter_map(|export| export.strip_prefix(MARKER));
        module.abi = markers.map(str::to_owned).collect();
        Ok(module)
    }

    fn take(&mut self, payload: Payload<'_>) -> Result<(), NotAModule> {
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => {
                return Err(NotAModule::Component);
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let (module, name) = (import.module.to_owned(), import.name.to_owned());
                    self.imports.push(Import { module, name, kind: kind(import.ty) });
                }
            }
            Payload::FunctionSection(functions) => self.functions = functions.count(),
            Payload::MemorySection(memories) => {
                if let Some(memory) = memories.into_iter().next() {
                    let memory = memory?;
                    let page = 1_u64 << memory.page_size_log2.unwrap_or(PAGE_LOG2).min(16);
                    let bytes = |pages: u64| pages.saturating_mul(page);
                    self.memory = Some(Memory {
                        starts_with: bytes(memory.initial),
                        at_most: memory.maximum.map(bytes),
                    });
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if matches!(export.kind, ExternalKind::Func | ExternalKind::Memory) {
                        self.exports.push(export.name.to_owned());
                    }
                }
            }
            Payload::StartSection { .. } => self.start_function = true,
            Payload::CodeSectionStart { size, .. } => self.code_bytes = size as usize,
            Payload::DataSection(data) => self.data_bytes = data.range().len(),
            Payload::CustomSection(section) => {
                match section.as_known() {
                    KnownCustom::Producers(producers) => self.note(producers)?,
                    KnownCustom::Name(_) => self.names = true,
                    _ => {}
                }
                let (name, bytes) = (section.name().to_owned(), section.data().len());
                self.custom.push(Custom { name, bytes });
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, producers: ProducersSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for field in producers {
            let field = field?;
            let values = self.producers.entry(field.name.to_owned()).or_default();
            for value in field.values {
                let ProducersFieldValue { name, version } = value?;
                values.push(format!("{name} {version}").trim_end().to_owned());
            }
        }
        Ok(())
    }

    /// Why it would not load here.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.abi.is_empty() {
            problems.push(format!("it is not a proxy-wasm filter: it exports no `{MARKER}…`"));
        } else if !self.abi.iter().any(|abi| KNOWN_ABI.contains(&&**abi)) {
            let found = self.abi.join(", ");
            problems.push(format!("it is for an ABI that does not run here: {found}"));
        }
        if self.memory.is_none() || !self.exports.iter().any(|export| export == "memory") {
            problems.push("it exports no memory named `memory`".to_owned());
        }
        if self.allocator.is_none() {
            problems.push("it exports no `proxy_on_memory_allocate` and no `malloc`".to_owned());
        }
        for Import { module, name, kind } in &self.imports {
            if let Some(kind) = kind {
                problems.push(format!(
                    "it imports the {kind} `{module}.{name}`; a filter brings its own"
                ));
            }
        }
        problems
    }
}

fn kind(import: TypeRef) -> Option<&'static str> {
    match import {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => None,
        TypeRef::Global(_) => Some("global"),
        TypeRef::Memory(_) => Some("memory"),
        TypeRef::Table(_) => Some("table"),
        TypeRef::Tag(_) => Some("tag"),
    }
}
