//! Guests that behave: everything they are told by the host's functions, and what becomes of the
//! heads, is recorded beside them. `UPDATE=1` records anew.

use anyhow::{Result, ensure};
use portico_wasm::Limits;

use crate::{
    guest::{Guest, compare, names},
    said::listen,
    transcript,
};

macro_rules! recorded {
    ($($name:ident)*) => {
        $(#[test] fn $name() -> Result<()> { record(stringify!($name)) })*

        /// All of them, one after the other.
        pub(crate) fn all() -> Result<()> {
            $($name()?;)*
            Ok(())
        }

        #[test]
        fn no_guest_is_forgotten() -> Result<()> {
            let mut tested = vec![$(stringify!($name)),*];
            tested.extend(["prelude", "misbehave", "lying_allocator", "chance", "slow_start"]);
            tested.extend(["bodies", "effective_context", "endings", "grpc", "header_pause"]);
            tested.extend(["http_call", "queue_ready", "trailers"]);
            tested.sort_unstable();
            ensure!(names("")? == tested);
            Ok(())
        }
    };
}

recorded! {
    abi_0_1_0
    abi_0_2_0
    callbacks
    canary_traps
    command
    configuration
    exit
    foreign
    foreign_expressions
    foreign_signature
    headers_change
    headers_invalid
    headers_pairs
    headers_read
    headers_too_large
    local_response
    logging
    metrics
    not_offered
    nothing
    pause
    properties
    properties_set
    refusals
    runtimes
    shared_data
    shared_queue
    time_and_chance
    wasi
    wasi_environment
    wasi_output
    wasi_stubs
}

fn record(name: &str) -> Result<()> {
    let guest = Guest::read(name)?;
    // Time is not what these are about, and the machine may be slow; and some say a lot.
    let cpu = std::time::Duration::from_secs(10);
    let limits = Limits { cpu, log_rate: 10_000, ..Limits::default() };
    let module = guest.compile()?;
    let mut text = format!("{:?}, not offered: {:?}\n", module.abi(), module.stubs());
    listen(|said| {
        let plugin = guest.start(name, limits)?;
        if guest.show_start {
            text.push_str("# start\n");
            transcript::lines(&mut text, said);
        }
        said.take();
        for configuration in 0..guest.configurations.len() {
            text.push_str(&transcript::visit(&plugin, configuration, said));
        }
        anyhow::Ok(())
    })?;
    let text = text.replace(|letter: char| letter.is_control() && letter != '\n', "·");
    match compare(&format!("{name}.txt"), &text)? {
        Some(difference) => anyhow::bail!("{difference}"),
        None => Ok(()),
    }
}
