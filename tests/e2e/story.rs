//! The story of the README, with the shipped configuration: the fleet lags, a line is added, and
//! it does not.

use std::{collections::HashMap, fs, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Gateway, answering,
    command::{program, repository},
    get, within,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, timeout},
};

/// The fleet's services, as one process. They end when it is dropped.
struct Fleet {
    addresses: HashMap<String, String>,
    _process: Child,
}

impl Fleet {
    /// Starts it with a `staff` that always hangs.
    async fn start(gateway: &Gateway) -> Result<Self> {
        let mut process = Command::new(program()?.with_file_name("fleet"))
            .args(["all", "--ports-from", "0", "--hang-rate", "1", "--hang", "30s..30s"])
            .args(["--gateway", &format!("http://{}", gateway.address)])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("`fleet` is missing: run `make build`")?;
        let mut lines = BufReader::new(process.stdout.take().context("no output")?).lines();
        let mut addresses = HashMap::new();
        while addresses.len() < 4 {
            let line = within("the fleet's addresses", async { Ok(lines.next_line().await?) });
            let line = line.await?.context("the fleet has ended")?;
            let (service, address) = line.split_once('=').context("not an address")?;
            addresses.insert(service.to_owned(), address.to_owned());
        }
        Ok(Self { addresses, _process: process })
    }

    /// The shipped configuration, with this fleet's ports.
    fn configuration(&self) -> Result<String> {
        let mut text = fs::read_to_string(repository().join("config/default.yaml"))?;
        text = text.replace("0.0.0.0:30080", "127.0.0.1:0");
        let shipped = [
            ("web", "127.0.0.1:32001"),
            ("position-tracker", "127.0.0.1:32002"),
            ("vehicle-telemetry", "127.0.0.1:32003"),
            ("staff", "127.0.0.1:32004"),
        ];
        for (service, address) in shipped {
            ensure!(text.contains(address), "{service} is not at {address} any more");
            let own = self.addresses.get(service).context(service)?;
            text = text.replace(address, own);
        }
        Ok(text)
    }
}

#[tokio::test]
async fn one_line_cures_the_fleet() -> Result<()> {
    let gateway = Gateway::start(&answering("nothing yet")).await?;
    let fleet = Fleet::start(&gateway).await?;
    let lagging = fleet.configuration()?;
    gateway.edit(&lagging).await?;
    assert_eq!(get(gateway.address, "/").await?.status, 200);

    let patience = Duration::from_secs(3);
    let lag = timeout(patience, get(gateway.address, "/api/positions")).await;
    assert!(lag.is_err(), "it answered, although `staff` hangs");

    let cured = lagging.replace("    # timeout: 1s", "    timeout: 1s");
    assert_ne!(cured, lagging, "the shipped file has no line to take the `# ` from");
    gateway.edit(&cured).await?;
    let began = Instant::now();
    let answer = get(gateway.address, "/api/positions").await?;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("504"), "{}", answer.text());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}
