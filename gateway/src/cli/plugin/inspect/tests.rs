//! Modules in the text format, and what is said of them.

use super::*;

fn report(text: &str) -> Report {
    Report::of(&wat::parse_str(text).unwrap())
}

const GOOD: &str = r#"(module
    (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
    (import "env" "proxy_http_call" (func (param i32)))
    (import "env" "proxy_redis_call" (func (param i32)))
    (import "wasi_snapshot_preview1" "path_open" (func))
    (memory (export "memory") 2 10)
    (func (export "malloc") (param i32) (result i32) i32.const 0)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_request_trailers") (param i32 i32) (result i32) i32.const 0)
    (func (export "proxy_on_log") (param i32)))"#;

#[test]
fn imports_are_grouped_by_what_they_need() {
    let report = report(GOOD);
    assert_eq!(report.problems, Vec::<String>::new());
    let found = report.found.unwrap();
    let needs = found.needs.iter().map(|need| (need.group, &*need.functions[0]));
    assert_eq!(
        needs.collect::<Vec<_>>(),
        [
            (Group::Always, "proxy_log"),
            (Group::Calls, "proxy_http_call"),
            (Group::Library, "wasi_snapshot_preview1.path_open"),
            (Group::Unknown, "proxy_redis_call"),
        ]
    );
    assert_eq!(found.callbacks[0].name, "proxy_on_request_trailers");
    assert!(found.callbacks[0].never.is_some());
    assert_eq!(found.callbacks[1], Callback { name: "proxy_on_log", never: None });
    let memory = found.module.memory.unwrap();
    assert_eq!((memory.starts_with, memory.at_most), (131_072, Some(655_360)));
}

/// Functions that need a capability, one or two of each, with what they take.
const GRANTED: &str = r#"(module
    (import "env" "proxy_http_call"
        (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_grpc_cancel" (func (param i32) (result i32)))
    (import "env" "proxy_get_current_time_nanoseconds" (func (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
    (import "env" "proxy_call_foreign_function"
        (func (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_define_metric" (func (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_metric" (func (param i32 i32) (result i32)))
    (import "env" "proxy_register_shared_queue" (func (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    (import "env" "proxy_set_shared_data" (func (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_tick_period_milliseconds" (func (param i32) (result i32)))
    (import "env" "proxy_get_property" (func (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "malloc") (param i32) (result i32) i32.const 0)
    (func (export "proxy_abi_version_0_2_1")))"#;

#[test]
fn groups_are_those_that_the_host_asks_for() {
    let engine = portico_wasm::Engine::new(None).unwrap();
    let module = engine.compile(&wat::parse_str(GRANTED).unwrap()).unwrap();
    let mut host = module.needs().to_vec();
    host.sort();
    let needs = report(GRANTED).found.unwrap().needs;
    let mut own = Vec::new();
    for need in needs.iter().filter(|need| need.group != Group::Always) {
        for function in &need.functions {
            let bare = function.rsplit('.').next().unwrap();
            own.push((bare.to_owned(), need.group.name()));
        }
    }
    own.sort();
    let host = host.iter().map(|(name, group)| (name.clone(), group.word())).collect::<Vec<_>>();
    assert_eq!(own, host);
}

#[test]
fn what_would_not_load_is_said() {
    for (module, problem) in [
        ("(module)", "no `proxy_abi_version_"),
        (
            "(module (func (export \"proxy_abi_version_0_3_0\")))",
            "ABI that does not run here: 0_3_0",
        ),
        ("(module (func (export \"proxy_abi_version_0_2_1\")))", "no memory"),
        ("(module (memory (export \"memory\") 1))", "no `malloc`"),
        ("(module (import \"env\" \"memory\" (memory 1)))", "imports the memory `env.memory`"),
    ] {
        let problems = report(module).problems.join("\n");
        assert!(problems.contains(problem), "{module}: {problems}");
    }
    for (bytes, problem) in [
        (&b"<html>"[..], "not a WebAssembly module"),
        (b"", "not a WebAssembly module"),
        (b"\0asm\x0d\0\x01\0", "component"),
    ] {
        let problems = Report::of(bytes).problems.join("\n");
        assert!(problems.contains(problem), "{problems}");
    }
}

#[test]
fn broken_modules_are_read_without_a_panic() {
    let good = wat::parse_str(GOOD).unwrap();
    for end in 0..good.len() {
        let _report = Report::of(&good[..end]);
        let mut changed = good.clone();
        changed[end] ^= 0x55;
        let _report = Report::of(&changed);
    }
}

#[test]
fn what_it_says_about_itself_is_shown() {
    let with = |sections: &str| {
        let text = report(&GOOD.replacen("(memory", &format!("{sections} (memory"), 1));
        text::text("x.wasm", &text)
    };
    let text = with(r#"(@custom "portico.version" "1.2") (@custom "portico.schema" "{\"a\": 1}")"#);
    assert!(text.contains("\nversion    1.2\n"), "{text}");
    assert!(text.contains("\nschema     {\n  \"a\": 1\n}\n"), "{text}");
    let text = with(r#"(@custom "portico.schema" "{")"#);
    assert!(text.contains("\nremark     its section `portico.schema` is no JSON"), "{text}");
}
