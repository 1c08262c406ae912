//! Consistent probability sampling
//! (<https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>): whoever
//! decides by the same 56 bits samples the same traces, so that gateways agree.
//!
//! No threshold (`th`) is written into `tracestate`: a limit per second decides too, and a
//! consumer that multiplied by the threshold alone would be wrong.

const BITS: u32 = 56;

/// Traces whose randomness is at least this are sampled.
pub(super) fn threshold(rate: f64) -> u64 {
    ((1.0 - rate) * (1u64 << BITS) as f64).round() as u64
}

/// The explicit randomness (`ot=rv:…` in `tracestate`), or the last 56 bits of the trace id.
pub(super) fn of(trace_id: &[u8; 16], state: Option<&str>) -> u64 {
    state.and_then(explicit).unwrap_or_else(|| {
        let low = trace_id.last_chunk().copied().map_or(0, u64::from_be_bytes);
        low & ((1 << BITS) - 1)
    })
}

fn explicit(state: &str) -> Option<u64> {
    let own = state.split(',').find_map(|member| member.trim().strip_prefix("ot="))?;
    let value = own.split(';').find_map(|field| field.strip_prefix("rv:"))?;
    let hex = value.len() == 14 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u64::from_str_radix(value, 16).ok())?
}
