//! The command line: which services to start, where, and how badly `staff` hangs.

mod values;

use crate::service::Service;
use clap::{Args, Parser, Subcommand, ValueEnum};
use values::Rate;

pub(crate) use values::{Gateway, HangTime};

/// The demo application behind Portico: vehicles on a map, and a service that hangs
///
/// Without a command, all four services start in this process. Once they listen, one line
/// `service=address` for each is printed.
#[derive(Debug, Parser)]
#[command(name = "fleet", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    all: All,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start all four services in one process (also what happens without a command)
    All(All),
    /// Start the web page
    Web {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        seed: Seed,
    },
    /// Start the position tracker: where each vehicle is, and who drives it
    PositionTracker {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        seed: Seed,
        #[command(flatten)]
        calls: Calls,
        /// Do not pass the trace headers of a request on to the calls made for it
        #[arg(long)]
        no_header_propagation: bool,
    },
    /// Start the vehicle telemetry: speed, fuel and temperature
    VehicleTelemetry {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        seed: Seed,
    },
    /// Start the driver monitor, which hangs on most calls
    Staff {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        seed: Seed,
        #[command(flatten)]
        calls: Calls,
        #[command(flatten)]
        hangs: Hangs,
        /// Do not pass the trace headers of a request on to the calls made for it
        #[arg(long)]
        no_header_propagation: bool,
    },
}

#[derive(Args, Debug)]
struct All {
    /// First of the four ports: web, position-tracker, vehicle-telemetry, staff; 0 takes free ones
    #[arg(long, value_name = "PORT", default_value_t = 32001, value_parser = first_port)]
    ports_from: u16,
    #[command(flatten)]
    seed: Seed,
    #[command(flatten)]
    calls: Calls,
    #[command(flatten)]
    hangs: Hangs,
    /// A service that drops the trace headers of a request instead of passing them on; repeatable
    #[arg(long, value_name = "SERVICE")]
    no_header_propagation: Vec<Caller>,
}

#[derive(Args, Debug)]
struct Listen {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8080")]
    listen: String,
}

#[derive(Args, Clone, Copy, Debug)]
struct Seed {
    /// What the town, the vehicles and the hang-ups are drawn from; the same for all services
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

#[derive(Args, Clone, Debug)]
struct Calls {
    /// The gateway through which the services call one another
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:30080")]
    gateway: Gateway,
}

#[derive(Args, Clone, Copy, Debug)]
struct Hangs {
    /// How likely the driver monitor hangs when it is asked, from 0 (never) to 1 (always)
    #[arg(long, value_name = "SHARE", default_value = "0.8")]
    hang_rate: Rate,
    /// How long it hangs, from..to; calls that arrive meanwhile wait as well
    #[arg(long, value_name = "RANGE", default_value = "10s..30s")]
    hang: HangTime,
}

/// A service that calls others, and so has headers to pass on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Caller {
    PositionTracker,
    Staff,
}

/// One service to start.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) service: Service,
    pub(crate) listen: String,
}

impl Options {
    pub(crate) fn starts(self) -> Vec<Start> {
        let (service, listen) = match self.command {
            None => return self.all.starts(),
            Some(Command::All(all)) => return all.starts(),
            Some(Command::Web { listen, seed }) => (Service::Web { seed: seed.seed }, listen),
            Some(Command::PositionTracker { listen, seed, calls, no_header_propagation }) => {
                (tracker(seed, calls, !no_header_propagation), listen)
            }
            Some(Command::VehicleTelemetry { listen, seed }) => {
                (Service::VehicleTelemetry { seed: seed.seed }, listen)
            }
            Some(Command::Staff { listen, seed, calls, hangs, no_header_propagation }) => {
                (staff(seed, calls, hangs, !no_header_propagation), listen)
            }
        };
        vec![Start { service, listen: listen.listen }]
    }
}

impl All {
    fn starts(self) -> Vec<Start> {
        let propagates = |caller| !self.no_header_propagation.contains(&caller);
        let services = [
            Service::Web { seed: self.seed.seed },
            tracker(self.seed, self.calls.clone(), propagates(Caller::PositionTracker)),
            Service::VehicleTelemetry { seed: self.seed.seed },
            staff(self.seed, self.calls, self.hangs, propagates(Caller::Staff)),
        ];
        let numbered = services.into_iter().zip(0_u16..);
        let start = |(service, place)| {
            let port = if self.ports_from == 0 { 0 } else { self.ports_from + place };
            Start { service, listen: format!("127.0.0.1:{port}") }
        };
        numbered.map(start).collect()
    }
}

fn tracker(seed: Seed, calls: Calls, propagate: bool) -> Service {
    Service::PositionTracker { seed: seed.seed, gateway: calls.gateway, propagate }
}

fn staff(seed: Seed, calls: Calls, hangs: Hangs, propagate: bool) -> Service {
    let Hangs { hang_rate, hang } = hangs;
    let gateway = calls.gateway;
    Service::Staff { seed: seed.seed, gateway, propagate, rate: hang_rate.0, hang }
}

/// A port with room for three more after it.
fn first_port(text: &str) -> Result<u16, String> {
    let port: u16 = text.parse().map_err(|_| format!("`{text}` is not a port"))?;
    if port > u16::MAX - 3 {
        return Err(format!("four ports starting at {port} would pass 65535"));
    }
    Ok(port)
}
