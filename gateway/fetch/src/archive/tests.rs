//! Layers as images have them, and as nobody should send them.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, Header};

use super::*;

const MAX: usize = 4096;

fn tar(files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, contents) in files {
        let mut header = Header::new_gnu();
        // Written by hand: the crate refuses the paths that are tested here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *contents).expect("a vector takes all");
    }
    builder.into_inner().expect("a vector takes all")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fn find(files: &[(&str, EntryType, &[u8])]) -> Result<Found, ArchiveError> {
    let plain = tar(files);
    let found = module(&plain, Packing::Tar, MAX);
    assert_eq!(module(&gzip(&plain), Packing::TarGzip, MAX), found, "packed or not");
    found
}

fn is(contents: &'static [u8]) -> Result<Found, ArchiveError> {
    Ok(Found::Module(Bytes::from_static(contents)))
}

#[test]
fn the_plugin_is_found_wherever_it_is() {
    use EntryType::{Directory, Regular};
    assert_eq!(find(&[("plugin.wasm", Regular, b"p")]), is(b"p"));
    assert_eq!(find(&[("./plugin.wasm", Regular, b"p")]), is(b"p"));
    assert_eq!(find(&[("a", Directory, b""), ("a/b/plugin.wasm", Regular, b"p")]), is(b"p"));
    assert_eq!(find(&[("other.wasm", Regular, b"o"), ("plugin.wasm", Regular, b"p")]), is(b"p"));
    assert_eq!(find(&[("guard.wasm", Regular, b"g"), ("LICENSE", Regular, b"l")]), is(b"g"));
    assert_eq!(find(&[("plugin.wasm", Regular, b"1"), ("plugin.wasm", Regular, b"2")]), is(b"2"));
}

#[test]
fn paths_that_climb_are_only_names() {
    use EntryType::Regular;
    assert_eq!(find(&[("../../etc/plugin.wasm", Regular, b"p")]), is(b"p"));
    assert_eq!(find(&[("/plugin.wasm", Regular, b"p")]), is(b"p"));
    assert_eq!(
        find(&[("../../etc/passwd", Regular, b"p")]),
        Ok(Found::Nothing(vec!["passwd".to_owned()]))
    );
}

#[test]
fn links_and_devices_are_no_plugins() {
    use EntryType::{Block, Char, Fifo, Link, Symlink};
    for kind in [Block, Char, Fifo, Link, Symlink] {
        assert_eq!(find(&[("plugin.wasm", kind, b"")]), Ok(Found::Nothing(Vec::new())), "{kind:?}");
    }
}

#[test]
fn several_modules_are_too_many() {
    let files = [("a.wasm", EntryType::Regular, &b"a"[..]), ("b.wasm", EntryType::Regular, b"b")];
    let names = vec!["a.wasm".to_owned(), "b.wasm".to_owned()];
    assert_eq!(find(&files), Err(ArchiveError::Several(names)));
}

#[test]
fn sizes_are_limited() {
    let large = vec![7; MAX + 1];
    let found = find(&[("plugin.wasm", EntryType::Regular, &large)]);
    assert_eq!(found, Err(ArchiveError::Large("plugin.wasm".to_owned(), MAX)));
    assert!(find(&[("plugin.wasm", EntryType::Regular, &large[..MAX])]).is_ok());
    let besides = vec![0; MAX + BESIDES];
    let found =
        find(&[("zeros", EntryType::Regular, &besides), ("plugin.wasm", EntryType::Regular, b"p")]);
    assert_eq!(found, Err(ArchiveError::Bomb(MAX + BESIDES)));
    let many: Vec<_> = (0..=FILES).map(|_| ("x", EntryType::Directory, &b""[..])).collect();
    assert_eq!(find(&many), Err(ArchiveError::Files));
}

#[test]
fn a_long_name_is_not_read_to_its_end() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_cksum();
    let mut layer = header.as_bytes().to_vec();
    layer.resize(2 << 20, b'n');
    let found = module(&layer, Packing::Tar, MAX);
    assert!(matches!(found, Err(ArchiveError::Bomb(_) | ArchiveError::Damaged(_))), "{found:?}");
}

proptest::proptest! {
    #[test]
    fn damage_is_answered(at in 0_usize..3000, with: u8, cut in 0_usize..3000, packed: bool) {
        let files = [("x.txt", EntryType::Regular, &b"x"[..]), ("plugin.wasm", EntryType::Regular, b"p")];
        let (mut layer, packing) = match packed {
            true => (gzip(&tar(&files)), Packing::TarGzip),
            false => (tar(&files), Packing::Tar),
        };
        let end = layer.len();
        layer[at % end] = with;
        layer.truncate(end - cut % end);
        let _any_answer = module(&layer, packing, MAX);
    }
}
