//! The doctor's sentences.

use super::{Case, Finding, Verdict, chance::Suspicion};

pub(super) fn finding(finding: &Finding, minutes: u64) -> String {
    let Finding { service, dropped, calls, by_chance, trace_id, lost_trace_id, .. } = finding;
    let called: Vec<String> = finding.called.iter().map(|name| format!("`{name}`")).collect();
    let span = if minutes <= 1 { "minute".to_owned() } else { format!("{minutes} minutes") };
    format!(
        "`{service}` received a trace context and called {} without it: {dropped} of {calls} calls \
         in the last {span}. They came while it served a traced request; by chance {} would have. \
         Its traces break there: see trace {trace_id}, which should contain {lost_trace_id}. Let \
         `{service}` copy the headers `traceparent`, `tracestate` and `baggage` of the request it \
         serves to the requests that it makes for it, or instrument its HTTP client with \
         OpenTelemetry, which does that.",
        called.join(" and "),
        few(*by_chance)
    )
}

pub(super) fn checked(service: &str, case: &Case, verdict: Verdict) -> String {
    let Case { works, passed_on, reports, suspicions } = case;
    match verdict {
        Verdict::Drops if *passed_on > 0 => format!(
            "`{service}` drops the trace context in some of its calls; {passed_on} others carry it."
        ),
        Verdict::Drops => format!("`{service}` drops the trace context."),
        Verdict::NoCalls if *reports => format!(
            "No call of `{service}` was seen while it served {works} traced requests, neither \
             through this gateway nor in the spans that were reported."
        ),
        Verdict::NoCalls => format!(
            "No call from the address of `{service}` came through this gateway while it served \
             {works} traced requests. If it calls others directly, or through something that \
             changes addresses, that cannot be seen here: it reports no spans."
        ),
        Verdict::PassesOn => {
            format!("`{service}` passes the trace context on: {passed_on} calls carry it.")
        }
        Verdict::Unclear => {
            let odd = || suspicions.values().filter(|suspicion| suspicion.is_odd());
            let cases: usize = odd().map(Suspicion::cases).sum();
            let expected: f64 = odd().map(Suspicion::by_chance).sum();
            format!(
                "`{service}` may have dropped the trace context in {cases} calls; {} would look so \
                 by chance, so nothing can be said yet. More requests will tell, or an address of \
                 its own for `{service}`, or its spans.",
                few(expected)
            )
        }
    }
}

fn few(count: f64) -> String {
    if count < 0.1 { "less than 0.1".to_owned() } else { format!("{count:.1}") }
}
