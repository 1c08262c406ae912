//! What lives how long: contexts, instances, workers, the rate of a log.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use portico_wasm::{Fault, Limits, Plugin, Services};

use rustix::time::{ClockId, clock_gettime};

use crate::{
    guest::Guest,
    said::listen,
    transcript::{leave, request},
};

#[test]
fn a_visit_whose_instance_was_replaced_is_lost() -> Result<()> {
    let plugin = Guest::read("misbehave")?.start("misbehave", Limits::default())?;
    let mut bystander = request(&[]);
    let (visit, _) = plugin.enter(0, 0, &mut bystander, true)?;
    let trapped = plugin.enter(0, 0, &mut request(&[("x-do", "u"), ("x-when", "q")]), true);
    ensure!(matches!(trapped, Err(Fault::Trap { .. })));
    ensure!(plugin.respond(0, &visit, &mut bystander, true) == Err(Fault::Lost));
    ensure!(leave(&plugin, &visit, &mut bystander).is_ok(), "there is nothing to leave");
    ensure!(bystander.is_some());
    Ok(())
}

#[test]
fn workers_do_not_share_instances() -> Result<()> {
    let guest = Guest::read("misbehave")?;
    let spec = guest.spec("misbehave", Limits::default());
    let plugin = Plugin::start(guest.compile()?, spec, 2, Services::silent())?;
    let contexts = |worker| {
        let mut stream = request(&[]);
        plugin.enter(worker, 0, &mut stream, true)?;
        let stream = stream.context("the stream is lost")?;
        anyhow::Ok(stream.request.first(b"x-contexts").context("no header")?.to_str()?.to_owned())
    };
    ensure!((contexts(0)?, contexts(0)?, contexts(1)?) == ("1".into(), "2".into(), "1".into()));
    let trapped = plugin.enter(1, 0, &mut request(&[("x-do", "u"), ("x-when", "q")]), true);
    ensure!(trapped.is_err());
    ensure!(contexts(0)? == "3", "a trap on one worker is no matter of another's");
    Ok(())
}

#[test]
fn requests_leave_nothing_behind() -> Result<()> {
    let plugin = Guest::read("headers_change")?.start("headers_change", Limits::default())?;
    let round = || {
        let mut stream = request(&[]);
        let (visit, _) = plugin.enter(0, 0, &mut stream, true)?;
        plugin.respond(0, &visit, &mut stream, true)?;
        leave(&plugin, &visit, &mut stream)
    };
    round()?;
    let before = plugin.memory_bytes();
    for _ in 0..20_000 {
        round()?;
    }
    ensure!(plugin.memory_bytes() == before, "{} bytes instead of {before}", plugin.memory_bytes());
    ensure!(plugin.stats().requests == 20_001);
    Ok(())
}

#[test]
fn a_talkative_guest_is_cut_short_and_the_rest_counted() -> Result<()> {
    let plugin = Guest::read("misbehave")?.start("misbehave", Limits::default())?;
    let lines = listen(|said| {
        let stopped = plugin.enter(0, 0, &mut request(&[("x-do", "h"), ("x-when", "q")]), true);
        stopped.err().context("it ended by itself")?;
        anyhow::Ok(said.take().iter().filter(|line| line.contains("again")).count())
    })?;
    // At most two seconds are touched, and a second takes 200.
    ensure!((1..=400).contains(&lines), "{lines} lines");
    Ok(())
}

#[test]
fn limits_hold_for_each_plugin_by_itself() -> Result<()> {
    let guest = Guest::read("misbehave")?;
    let small = Limits { memory: 3 << 20, ..Limits::default() };
    let plugin = guest.start("misbehave", small)?;
    let large = guest.start("misbehave", Limits::default())?;
    ensure!(plugin.memory_bytes() == 40 << 16 && large.memory_bytes() == 40 << 16);
    for plugin in [&plugin, &large] {
        let grown = plugin.enter(0, 0, &mut request(&[("x-do", "g"), ("x-when", "q")]), true);
        ensure!(matches!(grown, Err(Fault::Trap { out_of_memory: true, .. })), "{grown:?}");
    }
    let tiny = Limits { memory: 1 << 20, ..Limits::default() };
    let refused = guest.start("misbehave", tiny).map(drop).unwrap_err().to_string();
    ensure!(
        refused
            == "it needs more than its memory limit of 1048576 bytes to start; raise `limits.memory`"
    );
    Ok(())
}

/// Replacing takes a processor's time. A client that can make a slow starter trap must neither stall
/// the worker with it nor do that all the time.
#[test]
fn a_slow_starter_is_replaced_beside_the_worker_and_not_all_the_time() -> Result<()> {
    let plugin = Guest::read("slow_start")?.start("slow_start", Limits::default())?;
    let trap = || plugin.enter(0, 0, &mut request(&[("x-do", "trap")]), true).err();
    let good = || plugin.enter(0, 0, &mut request(&[]), true).map(drop);
    let recover = || {
        let began = Instant::now();
        while good() == Err(Fault::Unavailable) {
            ensure!(began.elapsed() < Duration::from_secs(20), "it never comes back");
            std::thread::yield_now();
        }
        Ok(began.elapsed())
    };
    let began = cpu();
    ensure!(matches!(trap(), Some(Fault::Trap { .. })));
    let stalled = cpu() - began;
    ensure!(stalled < Duration::from_millis(20), "the worker was stalled for {stalled:?}");
    ensure!(good() == Err(Fault::Unavailable), "it takes 40 ms to start");
    recover()?;
    ensure!(matches!(trap(), Some(Fault::Trap { .. })));
    // The first replacement took 40 ms, so the second may begin when that is a tenth of the time.
    let took = recover()?;
    ensure!(took > Duration::from_millis(200), "it was replaced again after {took:?}");
    ensure!(good().is_ok() && plugin.stats().replaced == 2, "{:?}", plugin.stats());
    Ok(())
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
