use std::{fs::OpenOptions, io::Write, os::unix::fs::symlink};

use tokio::time::timeout;

use super::*;

/// What should come at once may take this long on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Watches for changes of these files, as the gateway does.
struct Watched {
    events: mpsc::Receiver<bool>,
    _watcher: Option<RecommendedWatcher>,
}

impl Watched {
    fn new(files: &[&Path]) -> Self {
        let (sender, events) = mpsc::channel(QUEUE);
        let names = Names::default();
        let mut watcher = watcher(sender, names.clone());
        rewatch(&mut watcher, &mut HashSet::new(), &names, files);
        Self { events, _watcher: watcher }
    }

    async fn next(&mut self) {
        let event = timeout(LIMIT, self.events.recv()).await;
        assert!(event.is_ok_and(|event| event.is_some()), "no event");
    }
}

/// Opens it, writes a line and closes it.
fn append(path: &Path) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(b"a line\n").unwrap();
}

#[tokio::test]
async fn what_else_is_in_the_folder_wakes_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (config, plugin) in [(folder.path().to_owned(), "own.wasm"), (at("portico.conf"), "x.bin")]
    {
        fs::write(at("portico.conf"), "").unwrap();
        let plugin = at(plugin);
        let mut watched = Watched::new(&[&config, &plugin]);
        // Events come in order: had one of these counted, it would be there first.
        for _ in 0..20 {
            append(&at("access.log"));
            append(&at(".portico.yaml.swp"));
        }
        fs::rename(at("access.log"), at("access.log.1")).unwrap();
        for meant in ["portico.yaml", "more.yml"].map(at).iter().chain([&plugin]) {
            append(meant);
            watched.next().await;
        }
        if !config.is_dir() {
            append(&config);
            watched.next().await;
        }
        assert!(watched.events.is_empty());
    }
}

#[tokio::test]
async fn a_link_and_what_it_leads_to_are_watched() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for version in ["..1", "..2"] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("portico.conf"), "").unwrap();
    }
    // As the kubelet lays out a ConfigMap.
    symlink("..1", at("..data")).unwrap();
    symlink("..data/portico.conf", at("portico.conf")).unwrap();
    // And a file behind two links.
    fs::create_dir(at("store")).unwrap();
    fs::write(at("store/real"), "").unwrap();
    symlink("store/real", at("middle")).unwrap();
    symlink("middle", at("first")).unwrap();
    // A watcher of its own for each: a rename is more than one event.
    let files = [at("portico.conf"), at("first")];
    let watch = || Watched::new(&[&files[0], &files[1]]);

    let mut watched = watch();
    symlink("..2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    watched.next().await;

    let mut watched = watch();
    append(&at("store/real"));
    watched.next().await;

    symlink("store/real", at("new")).unwrap();
    let mut watched = watch();
    fs::rename(at("new"), at("middle")).unwrap();
    watched.next().await;
}
