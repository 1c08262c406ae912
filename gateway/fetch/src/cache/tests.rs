//! What the cache keeps, and for how long.

use super::*;

fn content(text: &'static str) -> (Digest, Bytes) {
    (Digest::of(text.as_bytes()), Bytes::from_static(text.as_bytes()))
}

fn folder(limit: u64) -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().expect("there is room");
    let cache = Cache::new(Some(folder.path().join("made/when/needed")), limit);
    (folder, cache)
}

/// Makes a file look as if it had been used long ago.
fn age(cache: &Cache, name: &str, hours: u64) {
    let Cache::Folder { folder, .. } = cache else { panic!("it has a folder") };
    let file = fs::File::open(folder.join(name)).expect("it is there");
    let past = SystemTime::now() - Duration::from_secs(3600 * hours);
    file.set_modified(past).expect("it is ours");
}

#[test]
fn what_is_kept_is_found() {
    let (_folder, on_disk) = folder(1000);
    for cache in [on_disk, Cache::new(None, 0)] {
        let (digest, bytes) = content("module");
        assert_eq!(cache.content(digest, 1000), None);
        cache.keep(digest, Kind::Content, &bytes);
        cache.keep(digest, Kind::Tag, &Bytes::from_static(b"note"));
        assert_eq!(cache.content(digest, 1000), Some(bytes.clone()));
        assert_eq!(cache.note(digest, Kind::Tag).as_deref(), Some(&b"note"[..]));
        assert_eq!(cache.note(digest, Kind::Signatures), None);
        assert_eq!(cache.content(digest, bytes.len() - 1), None, "larger than asked for");
    }
}

#[test]
fn damage_is_noticed_and_mended() {
    let (_folder, cache) = folder(1000);
    let Cache::Folder { folder, .. } = &cache else { panic!("it has a folder") };
    let (digest, bytes) = content("module");
    let path = folder.join(file_name(digest, Kind::Content));
    for damage in ["modulE", "", "mod"] {
        cache.keep(digest, Kind::Content, &bytes);
        fs::write(&path, damage).expect("it can be written");
        assert_eq!(cache.content(digest, 1000), None, "{damage:?}");
        assert!(!path.exists(), "{damage:?}");
    }
    cache.keep(digest, Kind::Content, &bytes);
    assert_eq!(cache.content(digest, 1000), Some(bytes));
}

#[test]
fn what_was_used_least_recently_goes_first() {
    let (_folder, cache) = folder(12);
    let kept = [content("one 1"), content("two 2"), content("three")];
    for ((digest, bytes), hours) in kept[..2].iter().zip([9, 8]) {
        cache.keep(*digest, Kind::Content, bytes);
        age(&cache, &file_name(*digest, Kind::Content), hours);
    }
    assert!(cache.content(kept[0].0, 100).is_some(), "used, and so the younger one now");
    cache.keep(kept[2].0, Kind::Content, &kept[2].1);
    let found = kept.each_ref().map(|(digest, _)| cache.content(*digest, 100).is_some());
    assert_eq!(found, [true, false, true]);
}

#[test]
fn files_of_others_stay() {
    let (_folder, cache) = folder(0);
    let Cache::Folder { folder, .. } = &cache else { panic!("it has a folder") };
    fs::create_dir_all(folder).expect("there is room");
    let (digest, bytes) = content("module");
    let abandoned = format!("{}.content.0123456789abcdef.part", digest.hex());
    let unfinished = format!("{}.content.fedcba9876543210.part", digest.hex());
    let names = ["holiday.jpg", "0123.content", &digest.hex(), &abandoned, &unfinished];
    for name in names {
        fs::write(folder.join(name), "precious").expect("there is room");
        age(&cache, name, 2);
    }
    age(&cache, &unfinished, 0);
    cache.keep(digest, Kind::Content, &bytes);
    let left: Vec<_> = names.iter().filter(|name| folder.join(name).exists()).collect();
    assert_eq!(left, [&"holiday.jpg", &"0123.content", &&*digest.hex(), &&*unfinished]);
    assert_eq!(cache.content(digest, 100), None, "nothing fits into no bytes");
}

#[test]
fn a_folder_that_cannot_be_written_is_no_failure() {
    let file = tempfile::NamedTempFile::new().expect("there is room");
    let cache = Cache::new(Some(file.path().join("below/a/file")), 1000);
    let (digest, bytes) = content("module");
    cache.keep(digest, Kind::Content, &bytes);
    assert_eq!(cache.content(digest, 1000), None);
}

#[test]
fn memory_is_limited() {
    let cache = Cache::new(None, 0);
    let module = Bytes::from(vec![7; MEMORY_BYTES / 2]);
    let digests: Vec<_> = (0..3_u8).map(|number| Digest::of(&[number])).collect();
    for digest in &digests {
        cache.keep(*digest, Kind::Tag, &module);
    }
    let Cache::Memory(kept) = &cache else { panic!("it is in memory") };
    let kept = kept.lock().expect("nobody panicked");
    let kept: Vec<_> = kept.iter().map(|(digest, ..)| *digest).collect();
    assert_eq!(kept, digests[1..]);
}
