//! What the process uses, as Linux tells it in `/proc`. Elsewhere, nothing is known.
//!
//! On pages of Prometheus the families have the names that all its clients use
//! (`process_cpu_seconds_total`); for OTLP, those of the semantic conventions.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::expose::{Family, Kind, Sample, Unit};

/// How often a second Linux counts CPU time for its users; the same on all machines.
const TICKS: f64 = 100.0;

/// Where to look.
#[derive(Clone, Debug)]
pub struct Process {
    proc: PathBuf,
}

/// What was found. What could not be read is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// By the process itself, and by the kernel for it.
    pub cpu_user: Option<Duration>,
    pub cpu_system: Option<Duration>,
    pub resident_bytes: Option<u64>,
    pub virtual_bytes: Option<u64>,
    pub threads: Option<u64>,
    pub open_fds: Option<u64>,
    /// The soft limit; missing too if there is none.
    pub max_fds: Option<u64>,
    pub started: Option<SystemTime>,
}

impl Default for Process {
    fn default() -> Self {
        Self { proc: "/proc".into() }
    }
}

impl Process {
    /// Reads what is there: five small files and a folder, about 50 µs. Not for workers.
    pub fn usage(&self) -> Usage {
        let own = self.proc.join("self");
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let (stat, status) = (read(&own.join("stat")), read(&own.join("status")));
        let limits = read(&own.join("limits"));
        let ticks = |index| field::<f64>(&stat, index).map(|ticks| ticks / TICKS);
        let duration = |index| Duration::try_from_secs_f64(ticks(index)?).ok();
        let kilobytes = |name| line(&status, name)?.parse::<u64>().ok().map(|kb| kb * 1_024);
        let boot = line(&read(&self.proc.join("stat")), "btime").and_then(|at| at.parse().ok());
        let boot = boot.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        let files = fs::read_dir(own.join("fd")).map(Iterator::count).ok();
        Usage {
            cpu_user: duration(14),
            cpu_system: duration(15),
            resident_bytes: kilobytes("VmRSS:"),
            virtual_bytes: kilobytes("VmSize:"),
            threads: line(&status, "Threads:").and_then(|count| count.parse().ok()),
            // One of them is open only to count them.
            open_fds: files.map(|count| count.saturating_sub(1) as u64),
            max_fds: line(&limits, "Max open files").and_then(|count| count.parse().ok()),
            started: boot.zip(duration(22)).map(|(boot, after)| boot + after),
        }
    }
}

impl Usage {
    /// As families.
    pub fn families(&self, now: SystemTime) -> Vec<Family> {
        let family = |name, page_name, kind, unit, help, value: Option<Sample>| Family {
            page_name: Some(page_name),
            ..Family::new(name, kind, help).unit(unit).with(value)
        };
        let counted = |value: Option<u64>| value.map(Sample::new);
        let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).ok();
        let started = self.started.and_then(seconds).map(|at| Sample::new(at.as_secs_f64()));
        let uptime = self.started.and_then(|started| now.duration_since(started).ok());
        let cpu = self.cpu_user.zip(self.cpu_system);
        let cpu = cpu.map(|(user, system)| Sample::new((user + system).as_secs_f64()));
        let cpu = cpu.map(|sample| sample.created(self.started.unwrap_or(now)));
        let (bytes, time, none) = (Unit::Bytes, Unit::Seconds, Unit::None);
        let (up_down, gauge) = (Kind::UpDown, Kind::Gauge);
        let (memory, space) = (counted(self.resident_bytes), counted(self.virtual_bytes));
        let (threads, open, most) = (self.threads, self.open_fds, self.max_fds);
        let threads_unit = Unit::Count("thread");
        let fds_unit = Unit::Count("file_descriptor");
        let uptime = uptime.map(|uptime| Sample::new(uptime.as_secs_f64()));
        let help = "CPU time used, in user and system mode.";
        let cpu = family("process.cpu.time", "process_cpu_seconds", Kind::Counter, time, help, cpu);
        let help = "Physical memory in use.";
        let name = "process_resident_memory_bytes";
        let memory = family("process.memory.usage", name, up_down, bytes, help, memory);
        let help = "Virtual memory.";
        let name = "process_virtual_memory_bytes";
        let space = family("process.memory.virtual", name, up_down, bytes, help, space);
        let help = "Threads.";
        let name = "process_threads";
        let threads =
            family("process.thread.count", name, up_down, threads_unit, help, counted(threads));
        let help = "Open file descriptors.";
        let name = "process.unix.file_descriptor.count";
        let open = family(name, "process_open_fds", up_down, fds_unit, help, counted(open));
        let help = "Most file descriptors there may be.";
        let name = "process.unix.file_descriptor.limit";
        let most = family(name, "process_max_fds", gauge, none, help, counted(most));
        let help = "When the process started, in seconds since 1970.";
        let name = "process_start_time_seconds";
        let started = family("process.start_time", name, gauge, time, help, started);
        let help = "How long the process runs.";
        let uptime = family("process.uptime", "process_uptime", gauge, time, help, uptime);
        vec![cpu, memory, space, threads, open, most, started, uptime]
    }
}

/// A field of `/proc/self/stat`, counted from 1 as in proc(5). The second one, the name, is in
/// brackets and may hold anything.
fn field<T: FromStr>(stat: &str, number: usize) -> Option<T> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(number - 3)?.parse().ok()
}

/// The first word after a name at the begin of a line.
fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_ascii_whitespace().next()
}

#[cfg(test)]
mod tests;
