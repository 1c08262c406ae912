//! What must not start, and what its author is told.

use std::thread;

use anyhow::{Result, ensure};
use portico_wasm::{Limits, LoadError, MODULE_BYTES, Plugin, Services};

use crate::{
    guest::{ENGINE, Guest, compare, names},
    said::listen,
};

#[test]
fn each_refused_guest_is_told_why() -> Result<()> {
    // At the same time, because some of them use all the time they are given.
    let names = names("refused")?;
    ensure!(names.len() > 30, "only {} were found", names.len());
    let workers = names.into_iter().map(|name| thread::spawn(move || (refuse(&name), name)));
    let mut differences = String::new();
    for worker in workers.collect::<Vec<_>>() {
        let (reason, name) = worker.join().expect("a refusal does not panic");
        let difference = compare(&format!("refused/{name}.txt"), &format!("{}\n", reason?))?;
        differences.extend(difference);
    }
    ensure!(differences.is_empty(), "{differences}");
    Ok(())
}

fn refuse(name: &str) -> Result<String> {
    let guest = Guest::read(&format!("refused/{name}"))?;
    let wasm = guest.wasm()?;
    let started = listen(|_| {
        let module = ENGINE.compile(&wasm)?;
        Plugin::start(module, guest.spec(name, Limits::default()), 1, Services::silent())
    });
    match started {
        Ok(_) => anyhow::bail!("{name} has started"),
        Err(error) => Ok(error.to_string()),
    }
}

#[test]
fn what_is_no_module_is_named() -> Result<()> {
    let good = Guest::read("nothing")?.wasm()?;
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend_from_slice(&good[8..]);
    let said = |wasm: &[u8]| ENGINE.compile(wasm).map(drop).unwrap_err().to_string();
    assert_eq!(said(b""), "the file is empty; a WebAssembly module starts with the bytes `\\0asm`");
    assert_eq!(
        said(b"<html>\n<body>"),
        "the file is not WebAssembly: it starts with `<html>\\n<`, a module starts with `\\0asm`"
    );
    assert!(matches!(ENGINE.compile(&component), Err(LoadError::Component)));
    assert!(matches!(
        ENGINE.compile(&vec![0; MODULE_BYTES + 1]),
        Err(LoadError::TooLarge { size }) if size == MODULE_BYTES + 1
    ));
    Ok(())
}

/// A watcher may read a file while it is written.
#[test]
fn no_prefix_of_a_module_without_all_of_its_code_loads() -> Result<()> {
    // Code is the last section: what may follow it, data and names, no engine would miss.
    let good = wat::parse_str(
        r#"(module (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 16)))"#,
    )?;
    ensure!(ENGINE.compile(&good).is_ok());
    for end in 0..good.len() {
        let compiled = ENGINE.compile(&good[..end]);
        ensure!(compiled.is_err(), "the first {end} of {} bytes have loaded", good.len());
    }
    Ok(())
}

/// A guest that starts only by luck does not serve on some workers and fail on others.
#[test]
fn one_worker_that_fails_to_start_refuses_the_plugin() -> Result<()> {
    let guest = Guest::read("chance")?;
    let module = guest.compile()?;
    let started =
        Plugin::start(module, guest.spec("chance", Limits::default()), 96, Services::silent());
    ensure!(matches!(started, Err(LoadError::Start { callback: "proxy_on_configure", .. })));
    Ok(())
}
