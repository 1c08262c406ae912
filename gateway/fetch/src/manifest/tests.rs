//! Which layer of which image.

use super::*;

fn layer(media_type: &str, content: &str) -> String {
    let digest = Digest::of(content.as_bytes());
    format!(r#"{{"mediaType": "{media_type}", "digest": "{digest}", "size": {}}}"#, content.len())
}

fn image(config: &str, layers: &[(&str, &str)]) -> Result<Layers, ManifestError> {
    let config = layer(config, "{}");
    let layers: Vec<_> = layers.iter().map(|(of, content)| layer(of, content)).collect();
    let json =
        format!(r#"{{"schemaVersion": 2, "config": {config}, "layers": [{}]}}"#, layers.join(","));
    match Manifest::parse(json.as_bytes())? {
        Manifest::Image(image) => image.module(),
        Manifest::Index(_) => panic!("{json} is an image"),
    }
}

fn index(platforms: &[&str]) -> Result<String, ManifestError> {
    let entry = |platform: &&str| {
        let digest = Digest::of(platform.as_bytes());
        let platform = platform.split_once('/').map_or_else(String::new, |(os, architecture)| {
            format!(r#", "platform": {{"os": "{os}", "architecture": "{architecture}"}}"#)
        });
        format!(r#"{{"digest": "{digest}", "size": 1{platform}}}"#)
    };
    let entries: Vec<_> = platforms.iter().map(entry).collect();
    let json = format!(r#"{{"schemaVersion": 2, "manifests": [{}]}}"#, entries.join(","));
    let Manifest::Index(images) = Manifest::parse(json.as_bytes())? else {
        panic!("{json} is an index")
    };
    let picked = pick(images)?.digest;
    let of = platforms.iter().find(|platform| Digest::of(platform.as_bytes()) == picked);
    Ok((*of.expect("it is one of them")).to_owned())
}

#[test]
fn layers_that_are_modules() {
    for (config, media_type) in [
        ("application/vnd.wasm.config.v0+json", "application/wasm"),
        ("application/vnd.wasm.config.v1+json", "application/vnd.wasm.content.layer.v1+wasm"),
        (
            "application/vnd.module.wasm.config.v1+json",
            "application/vnd.module.wasm.content.layer.v1+wasm",
        ),
    ] {
        let besides = [("application/vnd.module.wasm.config.v1+json", "c"), (media_type, "module")];
        let found = image(config, &besides).expect(config);
        let Layers::Module(found) = found else { panic!("{media_type} is a module") };
        assert_eq!((found.digest, found.size), (Digest::of(b"module"), 6));
    }
    let twice = [("application/wasm", "a"), ("application/wasm", "b")];
    assert_eq!(image("", &twice).expect_err("which?"), ManifestError::Modules(2));
}

#[test]
fn layers_that_are_archives_are_searched_from_the_top() {
    let layers = [
        ("application/vnd.oci.image.layer.v1.tar+gzip", "below"),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", "between"),
        ("application/vnd.oci.image.layer.v1.tar", "above"),
    ];
    let found = image("application/vnd.oci.image.config.v1+json", &layers).expect("it is an image");
    let Layers::Archives(found) = found else { panic!("they are archives") };
    let found: Vec<_> = found.iter().map(|(layer, packing)| (layer.digest, *packing)).collect();
    let expected = [
        (Digest::of(b"above"), Packing::Tar),
        (Digest::of(b"between"), Packing::TarGzip),
        (Digest::of(b"below"), Packing::TarGzip),
    ];
    assert_eq!(found, expected);
}

#[test]
fn other_media_types_are_named() {
    let chart = [("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "x")];
    let error = image("application/vnd.cncf.helm.config.v1+json", &chart).expect_err("a chart");
    let said = error.to_string();
    assert!(said.contains("`application/vnd.cncf.helm.chart.content.v1.tar+gzip`"), "{said}");
    assert!(said.contains("`application/vnd.cncf.helm.config.v1+json`"), "{said}");
    let packed = [("application/vnd.oci.image.layer.v1.tar+zstd", "x")];
    assert!(image("", &packed).expect_err("not understood").to_string().contains("tar+zstd"));
    assert!(image("", &[]).expect_err("empty").to_string().contains("no layers"));
}

#[test]
fn documents_that_mean_two_things_are_refused() {
    let parse = |json: &str| Manifest::parse(json.as_bytes()).expect_err(json);
    assert_eq!(
        parse(r#"{"schemaVersion": 2, "layers": [], "manifests": []}"#),
        ManifestError::Both
    );
    assert_eq!(parse(r#"{"schemaVersion": 2}"#), ManifestError::Neither);
    assert_eq!(parse(r#"{"schemaVersion": 1, "fsLayers": []}"#), ManifestError::Schema(1));
    assert!(matches!(parse("<html>"), ManifestError::Json(_)));
    let digest = r#"{"schemaVersion": 2, "layers": [{"digest": "sha512:00", "size": 1}]}"#;
    assert_eq!(parse(digest), ManifestError::Digest("sha512:00".to_owned()));
}

#[test]
fn an_index_is_picked_from() {
    assert_eq!(index(&["linux/amd64", "wasip1/wasm"]).as_deref(), Ok("wasip1/wasm"));
    assert_eq!(index(&["linux/s390x", "linux/amd64"]).as_deref(), Ok("linux/amd64"));
    assert_eq!(index(&["unknown/unknown", "linux/s390x"]).as_deref(), Ok("linux/s390x"));
    assert_eq!(index(&["", "linux/amd64"]).as_deref(), Ok(""));
    let foreign = index(&["linux/s390x", "windows/amd64"]).expect_err("none of them runs here");
    assert_eq!(foreign, ManifestError::Platforms("linux/s390x, windows/amd64".to_owned()));
    assert!(index(&[]).is_err());
}
