//! The choices of a step are what the configuration says, for every listener and host.

use std::sync::Arc;

use portico_config::config::HostPattern;
use proptest::prelude::*;

use super::{Choices, Variant, choose};

const HOSTS: [&str; 8] =
    ["a.io", "A.io:80", "x.a.io.", "x.y.a.io", "b.io", "", "[::1]:80", ".a.io"];

fn choices(variants: Vec<Variant>, otherwise: Option<usize>) -> Choices {
    Choices { variants: variants.into(), otherwise }
}

fn variant(listener: Option<usize>, host: Option<HostPattern>, place: Option<usize>) -> Variant {
    Variant { listener, host, place }
}

#[test]
fn the_first_that_fits_counts() {
    let exact = Some(HostPattern::Exact("a.io".into()));
    let below = Some(HostPattern::Suffix("a.io".into()));
    let choices = choices(
        vec![
            variant(Some(1), exact.clone(), None),
            variant(None, exact, Some(3)),
            variant(None, below, Some(4)),
            variant(Some(2), None, Some(5)),
        ],
        Some(0),
    );
    for (listener, host, expected) in [
        (1, "a.io", None),
        (0, "a.io", Some(3)),
        (0, "A.IO:8080", Some(3)),
        (1, "x.a.io.", Some(4)),
        (2, "x.y.a.io", Some(4)),
        (2, "io", Some(5)),
        (2, "", Some(5)),
        (0, ".a.io", Some(0)),
        (0, "[::1]:80", Some(0)),
    ] {
        assert_eq!(choose(&choices, listener, host), expected, "{listener} {host}");
    }
}

#[test]
fn a_plugin_that_runs_nowhere_is_known() {
    assert!(choices(Vec::new(), None).never_runs());
    assert!(choices(vec![variant(Some(0), None, None)], None).never_runs());
    assert!(!choices(vec![variant(Some(0), None, Some(0))], None).never_runs());
    assert!(!choices(Vec::new(), Some(0)).never_runs());
}

proptest! {
    /// Who settles without a host because none is asked for must get what every host gets.
    #[test]
    fn the_host_counts_only_where_it_is_asked_for(
        variants in proptest::collection::vec(
            (
                proptest::option::of(0_usize..3),
                proptest::option::of(proptest::sample::select(vec![
                    HostPattern::Any,
                    HostPattern::Exact("a.io".into()),
                    HostPattern::Suffix("a.io".into()),
                ])),
                proptest::option::of(0_usize..5),
            ),
            0..5,
        ),
        otherwise in proptest::option::of(0_usize..5),
        listener in 0_usize..3,
    ) {
        let variants: Arc<[Variant]> =
            variants.into_iter().map(|(listener, host, place)| variant(listener, host, place)).collect();
        let choices = Choices { variants, otherwise };
        let found = HOSTS.map(|host| choose(&choices, listener, host));
        if !choices.asks_for_host() {
            prop_assert!(found.iter().all(|found| *found == choose(&choices, listener, "")));
        }
        if choices.never_runs() {
            prop_assert!(found.iter().all(Option::is_none));
        }
    }
}
