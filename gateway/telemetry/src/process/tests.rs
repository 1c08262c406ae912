use super::*;

#[test]
fn what_linux_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("self");
    fs::create_dir_all(own.join("fd")).unwrap();
    for number in 0..4 {
        fs::write(own.join("fd").join(number.to_string()), "").unwrap();
    }
    let rest = "0 0 0 0 1234 56 0 0 20 0 9 0 300 99 1";
    fs::write(own.join("stat"), format!("7 (a ) b) S 1 7 7 0 -1 0 {rest}")).unwrap();
    let status = "Name:\ta\nVmSize:\t 2000 kB\nVmRSS:\t  1000 kB\nThreads:\t9\n";
    fs::write(own.join("status"), status).unwrap();
    let limits = "Limit  Soft  Hard\nMax open files            1024   4096   files\n";
    fs::write(own.join("limits"), limits).unwrap();
    fs::write(folder.path().join("stat"), "cpu 1\nbtime 1000000\n").unwrap();
    let usage = Process { proc: folder.path().into() }.usage();
    let expected = Usage {
        cpu_user: Some(Duration::from_millis(12_340)),
        cpu_system: Some(Duration::from_millis(560)),
        resident_bytes: Some(1_024_000),
        virtual_bytes: Some(2_048_000),
        threads: Some(9),
        open_fds: Some(3),
        max_fds: Some(1_024),
        started: Some(UNIX_EPOCH + Duration::from_secs(1_000_003)),
    };
    assert_eq!(usage, expected);
}

#[test]
fn what_is_not_there_is_missing() {
    let usage = Process { proc: "/nowhere".into() }.usage();
    assert_eq!(usage, Usage::default());
    let samples: usize = usage.families(UNIX_EPOCH).iter().map(|family| family.samples.len()).sum();
    assert_eq!(samples, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn this_process_has_everything() {
    let usage = Process::default().usage();
    assert!(usage.resident_bytes.is_some_and(|bytes| bytes > 100_000));
    assert!(usage.started.is_some_and(|at| at < SystemTime::now()));
    let families = usage.families(SystemTime::now());
    assert!(families.iter().filter(|family| !family.samples.is_empty()).count() >= 7);
}
