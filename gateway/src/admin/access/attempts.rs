//! How often somebody may be wrong about a token.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Wrong tokens in a row: more than anybody mistypes, and nothing against 256 bits.
const BURST: u32 = 10;

/// After them, one more each time.
const REFILL: Duration = Duration::from_secs(5);

/// Places that are remembered. A place is forgotten when it may try as often as at first, and the
/// one that has been quiet for longest when there are too many.
const PLACES: usize = 1_024;

/// Wrong tokens of the last minute, by the address they came from: one address that guesses does
/// not lock others out.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<IpAddr, Instant>>);

impl Attempts {
    /// Whether a token from there may be looked at now; if not, when to come back.
    pub(super) fn allow(&self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(debt) = places.get(&place(from)) else { return Ok(()) };
        // The debt of a place is the moment when it is paid off.
        let most = REFILL * (BURST - 1);
        match debt.saturating_duration_since(now).checked_sub(most) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(too_much) => Err(too_much),
        }
    }

    /// It was wrong.
    pub(super) fn wrong(&self, from: IpAddr, now: Instant) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, debt| *debt > now);
        let place = place(from);
        if places.len() >= PLACES
            && !places.contains_key(&place)
            && let Some(oldest) = places.iter().min_by_key(|(_, debt)| **debt)
        {
            let oldest = *oldest.0;
            places.remove(&oldest);
        }
        let debt = places.entry(place).or_insert(now);
        *debt += REFILL;
    }
}

/// One customer of IPv6 has 2⁶⁴ addresses.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_guesses_has_to_wait() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let [bad, good] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        for _ in 0..BURST {
            assert_eq!(attempts.allow(bad, start), Ok(()));
            attempts.wrong(bad, start);
        }
        assert_eq!(attempts.allow(bad, start), Err(REFILL));
        assert_eq!(attempts.allow(good, start), Ok(()));
        assert_eq!(attempts.allow(bad, start + REFILL), Ok(()));
        attempts.wrong(bad, start + REFILL);
        assert_eq!(attempts.allow(bad, start + REFILL), Err(REFILL));
        assert_eq!(attempts.allow(bad, start + REFILL * BURST * 2), Ok(()));
    }

    #[test]
    fn places_are_bounded_and_a_network_is_one() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..2 * u32::try_from(PLACES).unwrap() {
            attempts.wrong(IpAddr::V4(number.into()), now);
        }
        assert_eq!(attempts.0.lock().unwrap().len(), PLACES);
        let network = ["2001:db8::1", "2001:db8::2"].map(|address| place(address.parse().unwrap()));
        assert_eq!(network[0], network[1]);
    }
}
