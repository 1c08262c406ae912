//! Receives spans at the usual ports and prints them: for trying an
//! SDK out. `cargo run --release -p portico-telemetry --example receive_spans`.

#![expect(clippy::print_stdout, reason = "printing is all it does")]

use std::{error::Error, sync::Arc};

use portico_telemetry::{
    far::Span,
    receiver::{Receiver, Settings, Sink},
};

struct Print;

impl Sink for Print {
    fn receive(&self, spans: Vec<Span>) {
        for span in spans {
            println!("{span:?}");
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let handle = Receiver::start(Settings::default(), Arc::new(Print)).await?;
    println!("gRPC at {:?}, HTTP at {:?}", handle.grpc(), handle.http());
    tokio::signal::ctrl_c().await?;
    println!("{:?}", handle.received());
    Ok(())
}
