//! What the README shows is what is there, and works.

use std::fs;

use anyhow::{Context, Result};
use portico_tests::{
    Folder, Setup, answering,
    command::{program, repository},
    get,
};

#[tokio::test]
async fn the_filter_of_the_readme_greets() -> Result<()> {
    let built = program()?.with_file_name("guests").join("hello.wasm");
    let module = fs::read(&built)
        .with_context(|| format!("`{}` is missing: run `make guests`", built.display()))?;
    let folder = Folder::new()?;
    fs::create_dir_all(folder.path().join("configuration"))?;
    fs::write(folder.path().join("configuration/hello.wasm"), module)?;
    let plugin = "plugins: [{ name: hello, file: hello.wasm, configuration: good morning }]\n";
    let text = answering("here").replace("respond:", "plugin: hello } , { respond:");
    folder.write("configuration/portico.yaml", &format!("{plugin}{text}"))?;
    let gateway = Setup::folder(folder, "configuration/portico.yaml").start().await?;
    let answer = get(gateway.address, "/").await?;
    assert_eq!((answer.status, answer.header("x-hello")), (200, Some("good morning")));
    Ok(())
}

#[test]
fn the_readme_shows_the_filter_as_it_is() -> Result<()> {
    let readme = fs::read_to_string(repository().join("README.md"))?;
    let source = fs::read_to_string(repository().join("examples/filters/hello/src/lib.rs"))?;
    assert!(readme.contains(&format!("```rust\n{source}```")), "copy the filter into the README");
    Ok(())
}
