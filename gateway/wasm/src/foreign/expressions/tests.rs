use super::*;

fn accepted(source: &str) -> bool {
    compile(&Env::stdlib(), source).is_some()
}

#[test]
fn ordinary_expressions_are_accepted() {
    for source in [
        "request.path",
        "request.headers['x-a'] == 'a' && !(source.port in [80, 443]) || 1 + 2 * 3 > 4",
        "request.headers.exists(h, h.startsWith('x-') && request.headers[h].matches('^a+$'))",
        "[1, 2, 3].map(x, x * 2).size() == 3 ? {'a': [1]} : {}",
        "'it\\'s' + \"a \\\" b\" + '''three ' ''' + r'raw\\' + b'bytes' // and so on",
    ] {
        assert!(accepted(source), "{source}");
    }
    let many = (0..200).map(|n| format!("a == 'x{n}'")).collect::<Vec<_>>();
    assert!(accepted(&many.join(" || ")), "wide is not deep");
}

#[test]
fn what_is_deep_or_dear_is_refused() {
    let deep = |begin: &str, end: &str| format!("{}1{}", begin.repeat(200), end.repeat(200));
    for source in [
        deep("(", ")"),
        deep("[", "]"),
        deep("!", ""),
        deep("-", ""),
        deep("{1:", "}"),
        deep("true ? 1 : ", ""),
        deep("", " + 1"),
        deep("a.", ""),
        deep("true && true ? 1 : ", ""),
        format!("a{}", "['&&']".repeat(200)),
        format!("a{}", ".b".repeat(2_000)),
        format!("'{}'", "x".repeat(5_000)),
    ] {
        assert!(!accepted(&source), "{source}");
    }
    for source in [
        "[1].map(x, [2].map(y, x + y))",
        "['a'].map(x, x + x).map(x, x + x)",
        "request.headers.map(x, request.headers.map(y, x + y))",
        "'not ended",
        "'''not ended''",
        "(",
        "1)",
        "'a\nb'",
        "",
        "1 +",
    ] {
        assert!(!accepted(source), "{source}");
    }
    let dear = format!("request.headers.all(h, {})", ["h.matches('a')"; 20].join(" && "));
    assert!(!accepted(&dear));
}

/// The deepest and widest that is accepted must fit a small stack, with much to spare: a worker's
/// has two megabytes.
#[test]
fn what_is_accepted_fits_the_stack() {
    let sources = [
        format!("{}1{}", "(".repeat(60), ")".repeat(60)),
        format!("{}1{}", "[".repeat(60), "]".repeat(60)),
        format!("{}true", "!".repeat(60)),
        format!("{}1", "true ? 1 : ".repeat(30)),
        format!("1{}", " + 1".repeat(60)),
        format!("a{}", ".b".repeat(60)),
        format!("a{}", "['&&']".repeat(30)),
        format!("{}1", "true && true ? 1 : ".repeat(60)),
        format!("a{}", "||a".repeat(1_300)),
        format!("a{}", "&&a||a".repeat(600)),
        format!("[a{}]", ",a".repeat(2_000)),
    ];
    let thread = std::thread::Builder::new().stack_size(768 << 10);
    let run = move || {
        let environment = Arc::new(Env::stdlib());
        for source in sources {
            let program = compile(&environment, &source).expect("it is accepted");
            drop(program.execute(&Context::with_env(environment.clone())));
        }
    };
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_pattern_that_grows_is_refused() {
    let context = || {
        let mut context = Context::with_env(Arc::new(Env::stdlib()));
        context.add_function("matches", matches).unwrap();
        context
    };
    let worth = |source: &str| compile(&Env::stdlib(), source).unwrap().execute(&context());
    assert_eq!(worth("'abc'.matches('^[a-c]+$')"), Ok(cel::Value::Bool(true)));
    assert_eq!(worth("matches('abc', 'x')"), Ok(cel::Value::Bool(false)));
    assert!(worth("'abc'.matches('(\\\\w{100}){100}')").is_err());
    assert!(worth("'abc'.matches('(')").is_err());
}
