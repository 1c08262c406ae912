//! Numbers as one would say them.

use std::time::Duration;

/// `350 ms`, `1.2 s`, `5 s`, `2 min`.
pub(super) fn time(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 0.001 {
        "less than 1 ms".to_owned()
    } else if seconds < 0.995 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 99.5 {
        let tenths = (seconds * 10.0).round() / 10.0;
        let whole = (tenths - tenths.round()).abs() < 0.05 || tenths >= 10.0;
        if whole { format!("{tenths:.0} s") } else { format!("{tenths:.1} s") }
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

/// `12 %`; less than one is `0.4 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 1.0 || percent == 0.0 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

/// `one request`, `7 requests`.
pub(super) fn count(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("one {one}"),
        _ => format!("{count} {many}"),
    }
}

/// `1 request` would begin a sentence badly.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// No more of what a stranger sent than a sentence bears.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

/// `a`, `b` and `c`
pub(super) fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match &*quoted {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
