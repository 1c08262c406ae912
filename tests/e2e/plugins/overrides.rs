//! One plugin, another configuration in each place, or none.

use anyhow::Result;
use portico_tests::{Backend, Request};

use super::{stamp, start, with_plugins};

#[tokio::test]
async fn the_most_specific_override_applies() -> Result<()> {
    let backend = Backend::start("web").await?;
    let plugin = "  - name: stamp
    file: stamp.wasm
    configuration: everywhere
    overrides:
      - { host: '*.internal', configuration: inside }
      - { host: quiet.internal, disabled: true }
      - { route: api, configuration: api }
      - { route: api, rule: admin, disabled: true }
      - { listener: web, host: both.internal, configuration: both }";
    let routes = "  - name: api
    filters: [{ plugin: stamp }]
    rules:
      - { name: admin, matches: [{ path: { prefix: /api/admin } }], backends: [web] }
      - { name: rest, matches: [{ path: { prefix: /api } }], backends: [web] }
  - name: site
    filters: [{ plugin: stamp }]
    rules:
      - { name: plain, matches: [{ path: { prefix: /plain } }],
          filters: [{ plugin: { name: stamp, disabled: true } }], backends: [web] }
      - { name: all, backends: [web] }";
    let text = with_plugins(backend.address, plugin, routes);
    let gateway = start(&[("stamp.wasm", stamp(1)?)], &text).await?;
    for (host, path, expected) in [
        ("a.example", "/", Some("everywhere")),
        ("a.internal", "/", Some("inside")),
        ("quiet.internal", "/", None),
        ("both.internal", "/", Some("both")),
        ("a.example", "/api/x", Some("api")),
        ("a.internal", "/api/x", Some("api")),
        ("a.example", "/api/admin", None),
        ("a.example", "/plain", None),
    ] {
        let answer = Request::get(path).host(host).send(gateway.address).await?;
        assert_eq!(answer.header("x-stamp"), expected, "{host}{path}");
    }
    Ok(())
}
