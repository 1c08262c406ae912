//! Every way in which files change is noticed.

use std::{fs, os::unix::fs::symlink};

use anyhow::{Result, ensure};
use portico_tests::{
    Folder, Gateway, Request, Setup, answering, configuration, eventually, gateway::FILE, get,
};
use rustix::process::Signal;

/// Waits until the gateway answers `target` with this body.
async fn answers(gateway: &Gateway, target: &str, body: &str) -> Result<()> {
    eventually(async || {
        let answer = get(gateway.address, target).await?;
        ensure!(answer.text() == body, "{} `{}`", answer.status, answer.text());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_file_that_an_editor_renames_over_is_live() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "one");
    gateway.folder.replace(FILE, &answering("two"))?;
    answers(&gateway, "/", "two").await?;
    // The watch must not have stayed with the file that is gone.
    gateway.folder.replace(FILE, &answering("three"))?;
    answers(&gateway, "/", "three").await
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_live() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    for body in ["two", "three"] {
        gateway.folder.write(FILE, &answering(body))?;
        answers(&gateway, "/", body).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_removed_and_written_again_is_live() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    fs::remove_file(gateway.folder.path().join(FILE))?;
    gateway.rejects().await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "one");
    gateway.folder.write(FILE, &answering("two"))?;
    answers(&gateway, "/", "two").await
}

/// A route of its own in a file of its own.
fn route(name: &str, body: &str) -> String {
    format!(
        "routes:
  - name: {name}
    rules:
      - matches: [{{ path: {{ prefix: /{name} }} }}]
        filters: [{{ respond: {{ body: '{body}' }} }}]
"
    )
}

#[tokio::test]
async fn files_of_a_folder_come_change_and_go() -> Result<()> {
    let folder = Folder::new()?;
    folder.write("conf/listeners.yaml", configuration::LISTENERS)?;
    folder.write("conf/a.yaml", &route("a", "first"))?;
    folder.write("conf/.hidden.yaml", "not: read")?;
    folder.write("conf/notes.txt", "not: read")?;
    let gateway = Setup::folder(folder, "conf").start().await?;
    assert_eq!(get(gateway.address, "/a").await?.text(), "first");

    gateway.folder.write("conf/b.yml", &route("b", "second"))?;
    answers(&gateway, "/b", "second").await?;
    gateway.folder.write("conf/a.yaml", &route("a", "changed"))?;
    answers(&gateway, "/a", "changed").await?;
    fs::remove_file(gateway.folder.path().join("conf/a.yaml"))?;
    eventually(async || {
        let answer = get(gateway.address, "/a").await?;
        ensure!(answer.status == 404, "{}", answer.status);
        Ok(())
    })
    .await?;
    assert_eq!(get(gateway.address, "/b").await?.text(), "second");
    Ok(())
}

#[tokio::test]
async fn a_folder_that_is_removed_and_made_again_is_followed() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    let folder = gateway.folder.path().join("configuration");
    fs::remove_dir_all(&folder)?;
    gateway.rejects().await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "one");
    gateway.folder.write(FILE, &answering("two"))?;
    answers(&gateway, "/", "two").await?;
    gateway.folder.write(FILE, &answering("three"))?;
    answers(&gateway, "/", "three").await
}

/// Lays a ConfigMap out as the kubelet does: visible files are links through `..data`, which is
/// itself a link to a folder of this revision, and is replaced in one rename.
fn kubelet(folder: &Folder, revision: &str, text: &str) -> Result<()> {
    folder.write(&format!("mount/..{revision}/portico.yaml"), text)?;
    let mount = folder.path().join("mount");
    symlink(format!("..{revision}"), mount.join("..data_tmp"))?;
    fs::rename(mount.join("..data_tmp"), mount.join("..data"))?;
    Ok(())
}

#[tokio::test]
async fn a_config_map_that_kubernetes_swaps_is_live() -> Result<()> {
    for config in ["mount", "mount/portico.yaml"] {
        let folder = Folder::new()?;
        kubelet(&folder, "2026_01", &answering("one"))?;
        symlink("..data/portico.yaml", folder.path().join("mount/portico.yaml"))?;
        let gateway = Setup::folder(folder, config).start().await?;
        assert_eq!(get(gateway.address, "/").await?.text(), "one");
        for (revision, old, body) in
            [("2026_02", "2026_01", "two"), ("2026_03", "2026_02", "three")]
        {
            kubelet(&gateway.folder, revision, &answering(body))?;
            fs::remove_dir_all(gateway.folder.path().join(format!("mount/..{old}")))?;
            answers(&gateway, "/", body).await?;
        }
        assert!(gateway.rejected().await?.is_null(), "no half of a swap was ever applied");
    }
    Ok(())
}

#[tokio::test]
async fn a_hangup_reads_the_file_again() -> Result<()> {
    let gateway = Gateway::start(&answering("file")).await?;
    // The file has not changed, so that only the signal can bring it back.
    let number = gateway.apply(&answering("admin")).await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "admin");
    gateway.signal(Signal::HUP)?;
    gateway.after(number).await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "file");
    let running = gateway.read("/api/v1/configuration").await?;
    assert_eq!(running["running"]["origin"], "signal");
    Ok(())
}

#[tokio::test]
async fn an_unchanged_file_makes_no_generation() -> Result<()> {
    let text = configuration(&[], "  []");
    let gateway = Gateway::start(&text).await?;
    gateway.folder.replace(FILE, &text)?;
    let reload = Request::new("POST", "/api/v1/configuration/reload");
    let answer = gateway.authorized(reload).await?;
    assert_eq!((answer.status, answer.text().contains("\"unchanged\":true")), (200, true));
    assert_eq!(gateway.generation().await?, 1);
    Ok(())
}
