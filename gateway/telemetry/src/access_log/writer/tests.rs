use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, pipe},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, net::UnixStream},
    },
    path::Path,
    time::Instant,
};

use super::{target::Stream, *};

const LIMIT: Duration = Duration::from_secs(20);

/// Waits until it holds.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn stream(end: impl Into<OwnedFd>) -> Writer {
    Writer::start(Target::Stream(Stream::new(File::from(end.into())))).unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn lines_reach_a_file_with_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    fs::write(&path, "before\n").unwrap();
    let writer = Writer::file(path.clone()).unwrap();
    let handle = writer.handle();
    writer.send(b"a\nb\n", 2);
    assert!(writer.close(LIMIT));
    assert_eq!(read(&path), "before\na\nb\n");
    assert_eq!(handle.status(), Status { written: 2, ..Status::default() });
    let other = folder.path().join("new.log");
    assert!(Writer::file(other.clone()).unwrap().close(LIMIT));
    assert_eq!(fs::metadata(other).unwrap().permissions().mode() & 0o777 & !0o640, 0);
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| Writer::file(path.to_owned()).unwrap_err().to_string();
    let missing = folder.path().join("logs");
    assert_eq!(
        refused(&missing.join("access.log")),
        format!(
            "the folder `{}` is missing; logs are only written to folders that are there",
            missing.display()
        )
    );
    assert!(!missing.exists());
    let expected =
        format!("`{}` is a folder, no file that can be appended to", folder.path().display());
    assert_eq!(refused(folder.path()), expected);
    assert!(matches!(Writer::file("/".into()), Err(OpenError::Kind { .. })));
    let _socket = std::os::unix::net::UnixListener::bind(&missing).unwrap();
    assert!(refused(&missing).contains("is a socket"));
}

#[test]
fn a_file_that_was_moved_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let moved = folder.path().join("access.log.1");
    let writer = Writer::file(path.clone()).unwrap();
    let handle = writer.handle();
    writer.send(b"1\n", 1);
    eventually("written", || handle.status().written == 1);
    fs::rename(&path, &moved).unwrap();
    // On demand, at once.
    handle.reopen();
    eventually("opened again", || handle.status().reopened == 1);
    writer.send(b"2\n", 1);
    eventually("written", || handle.status().written == 2);
    assert_eq!((read(&moved), read(&path)), ("1\n".into(), "2\n".into()));
    // By itself, when lines come and the file has gone.
    fs::remove_file(&path).unwrap();
    eventually("noticed", || {
        writer.send(b"3\n", 1);
        path.exists()
    });
    assert!(writer.close(LIMIT));
    assert!(read(&path).lines().all(|line| line == "3"));
    assert_eq!(handle.status().reopened, 2);
}

#[test]
fn a_folder_that_went_away_is_said_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, aside) = (folder.path().join("logs"), folder.path().join("aside"));
    fs::create_dir(&logs).unwrap();
    let writer = Writer::file(logs.join("access.log")).unwrap();
    let handle = writer.handle();
    fs::rename(&logs, &aside).unwrap();
    handle.reopen();
    eventually("failing", || handle.status().is_failing);
    writer.send(b"1\n", 1);
    eventually("written", || handle.status().written == 1);
    assert!(handle.status().is_failing);
    assert_eq!(read(&aside.join("access.log")), "1\n");
    fs::create_dir(&logs).unwrap();
    handle.reopen();
    writer.send(b"2\n", 1);
    eventually("well again", || !handle.status().is_failing);
    assert_eq!(read(&logs.join("access.log")), "2\n");
    assert_eq!(handle.status().dropped_write_failed, 0);
}

/// Several writers on one file, as after a reload or with two gateways, and the file is moved
/// aside again and again: every line is there once, whole, and in the order of its writer.
#[test]
fn no_line_is_torn_or_lost_while_files_rotate() {
    const WRITERS: usize = 4;
    const BATCHES: usize = 150;
    const LINES: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let writers: Vec<_> = (0..WRITERS).map(|_| Writer::file(path.clone()).unwrap()).collect();
    let mut sent = 0;
    for batch in 0..BATCHES {
        for (id, writer) in writers.iter().enumerate() {
            let line = |n| format!("{id} {:06} {}\n", batch * LINES + n, "x".repeat(n * 7));
            writer.send((0..LINES).map(line).collect::<String>().as_bytes(), LINES as u64);
        }
        sent += LINES;
        if batch % 30 == 29 {
            let written = || writers.iter().map(|writer| writer.handle().status().written);
            // Somebody is in the middle of it, most likely.
            eventually("half of it", || written().sum::<u64>() as usize > sent * WRITERS / 2);
            fs::rename(&path, folder.path().join(format!("access.log.{batch}"))).unwrap();
            writers.iter().for_each(|writer| writer.handle().reopen());
            eventually("a new file", || path.exists());
        }
    }
    for writer in writers {
        assert!(writer.close(LIMIT));
    }
    let mut seen = BTreeMap::<usize, Vec<usize>>::new();
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path()).collect();
    // The oldest first; the one without a number is the last.
    files.sort_by_key(|file| {
        file.extension().and_then(|end| end.to_str()?.parse().ok()).unwrap_or(usize::MAX)
    });
    for file in files {
        for line in read(&file).lines() {
            let words: Vec<_> = line.split(' ').collect();
            let [id, number, tail] = words[..] else { panic!("torn: {line}") };
            let number: usize = number.parse().unwrap();
            assert_eq!(tail, "x".repeat(number % LINES * 7), "torn: {line}");
            seen.entry(id.parse().unwrap()).or_default().push(number);
        }
    }
    assert_eq!(seen.len(), WRITERS);
    for numbers in seen.into_values() {
        assert_eq!(numbers, (0..BATCHES * LINES).collect::<Vec<_>>());
    }
}

#[test]
fn a_full_disk_costs_lines_and_is_counted() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let writer = Writer::file(full.to_owned()).unwrap();
    let handle = writer.handle();
    for _ in 0..10 {
        writer.send(b"a\nb\n", 2);
    }
    assert!(writer.close(LIMIT));
    let expected = Status { dropped_write_failed: 20, is_failing: true, ..Status::default() };
    assert_eq!(handle.status(), expected);
}

#[test]
fn a_pipe_that_nobody_reads_delays_nobody() {
    let (mut reader, end) = pipe().unwrap();
    let writer = stream(end);
    let handle = writer.handle();
    let line = format!("{}\n", "x".repeat(999));
    let batch = line.repeat(64);
    let began = Instant::now();
    for _ in 0..1_000 {
        writer.send(batch.as_bytes(), 64);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let stuck = handle.status();
    assert!(stuck.dropped_queue_full > 0);
    assert!(stuck.queued_bytes <= QUEUE_BYTES);
    // Nor does closing.
    assert!(!writer.close(Duration::from_millis(20)));
    // Somebody comes and reads: what was queued is there, in whole lines.
    let mut all = String::new();
    reader.read_to_string(&mut all).unwrap();
    assert!(all.lines().all(|read| read.len() == 999));
    let status = handle.status();
    assert_eq!(status.written + status.dropped_queue_full, 64_000);
    assert_eq!(all.lines().count() as u64, status.written);
}

#[test]
fn a_pipe_whose_reader_left_is_counted() {
    let (reader, end) = pipe().unwrap();
    drop(reader);
    let writer = stream(end);
    let handle = writer.handle();
    writer.send(b"a\nb\nc\n", 3);
    eventually("counted", || handle.status().dropped_write_failed == 3);
    assert!(handle.status().is_failing);
}

/// A pipe takes 4 KiB in one piece, so that several processes can write to it.
#[test]
fn lines_of_two_writers_share_a_pipe() {
    let (mut reader, end) = pipe().unwrap();
    let writers = [stream(end.try_clone().unwrap()), stream(end)];
    for (writer, letter) in writers.iter().zip(["a", "b"]) {
        for length in 1..400 {
            writer.send(format!("{}\n", letter.repeat(length)).repeat(10).as_bytes(), 10);
        }
    }
    drop(writers);
    let mut all = String::new();
    reader.read_to_string(&mut all).unwrap();
    assert_eq!(all.lines().count(), 2 * 399 * 10);
    for line in all.lines() {
        let first = &line[..1];
        assert!(line.len() < 400 && line.replace(first, "").is_empty(), "torn: {line}");
    }
}

/// A reader that stalls in the middle of a long line, for longer than is waited: the line is
/// completed when the reader goes on, and what follows begins a line of its own.
#[test]
fn no_line_is_torn_by_a_reader_that_stalls() {
    let (mut reader, end) = UnixStream::pair().unwrap();
    end.set_nonblocking(true).unwrap();
    let writer = stream(end);
    let handle = writer.handle();
    let line = |letter: &str| format!("{}\n", letter.repeat(30_000));
    writer.send(line("a").repeat(100).as_bytes(), 100);
    eventually("given up", || handle.status().dropped_write_failed > 0);
    writer.send(line("b").as_bytes(), 1);
    drop(writer);
    let mut all = String::new();
    reader.read_to_string(&mut all).unwrap();
    for read in all.lines() {
        assert!([line("a"), line("b")].contains(&format!("{read}\n")), "torn: {}", read.len());
    }
    let status = handle.status();
    assert_eq!(status.written + status.dropped_write_failed, 101);
    assert_eq!(all.lines().count() as u64, status.written);
    assert!(all.ends_with(&line("b")));
}

#[test]
fn a_line_that_was_cut_off_is_completed_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut file = File::create(&path).unwrap();
    let mut tail = b"rest\n".to_vec();
    target::write_lines(&mut file, &mut tail, b"next\n").unwrap();
    assert!(tail.is_empty());
    assert_eq!(read(&path), "rest\nnext\n");
}
