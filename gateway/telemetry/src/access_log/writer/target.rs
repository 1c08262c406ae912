//! Writes whole lines to a file or a stream.

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    thread,
    time::Duration,
};

use super::{OpenError, file::LogFile};

/// A pipe takes this many bytes in one piece (`PIPE_BUF`, POSIX `write`); more could be mixed with
/// what others write to the same pipe, such as this process's own log.
const PIPE_BYTES: usize = 4096;

/// How often, and how long, a stream that another process made non-blocking is asked again.
const RETRY: Duration = Duration::from_millis(5);
const RETRIES: u32 = 200;

/// Where lines go.
#[derive(Debug)]
pub(super) enum Target {
    File(LogFile),
    Stream(Stream),
}

/// Something that is not opened again.
#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    /// Bytes that are written in one piece.
    piece: usize,
    /// What is left of a line of which a part has been written.
    tail: Vec<u8>,
}

/// Lines that were not written.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) lines: u64,
    pub(super) error: io::Error,
}

impl Target {
    pub(super) fn stdout() -> Result<Self, OpenError> {
        let owned = io::stdout().as_fd().try_clone_to_owned();
        let file = File::from(owned.map_err(|source| OpenError::Stdout { source })?);
        Ok(Self::Stream(Stream::new(file)))
    }

    /// Opens a file again if that is due. Says whether it was.
    pub(super) fn renew(&mut self, is_asked: bool) -> io::Result<bool> {
        match self {
            Self::File(file) => file.renew(is_asked),
            Self::Stream(_) => Ok(false),
        }
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Lost> {
        match self {
            Self::File(file) => file.write(lines),
            Self::Stream(stream) => stream.write(lines),
        }
    }

    /// It could not be opened again, and what was open before is still written to.
    pub(super) fn is_stale(&self) -> bool {
        matches!(self, Self::File(file) if file.is_stale())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.fmt(f),
            Self::Stream(_) => f.write_str("stdout"),
        }
    }
}

impl Stream {
    pub(super) fn new(file: File) -> Self {
        let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let piece = if is_regular { usize::MAX } else { PIPE_BYTES };
        Self { file, piece, tail: Vec::new() }
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Lost> {
        let mut rest = lines;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(piece_end(rest, self.piece));
            if let Err(lost) = write_lines(&mut self.file, &mut self.tail, piece) {
                let lines = lost.lines + count(after);
                return Err(Lost { lines, error: lost.error });
            }
            rest = after;
        }
        Ok(())
    }
}

/// Writes lines, with one call if that does. If it fails in the middle of a line, what is left of
/// this line is kept in `tail` and written first, the next time: no line is torn for good.
pub(super) fn write_lines(file: &mut File, tail: &mut Vec<u8>, lines: &[u8]) -> Result<(), Lost> {
    if !tail.is_empty() {
        let (written, error) = write_until_error(file, tail);
        tail.drain(..written);
        if let Some(error) = error {
            return Err(Lost { lines: count(lines), error });
        }
    }
    let (written, error) = write_until_error(file, lines);
    let Some(error) = error else { return Ok(()) };
    let (done, rest) = lines.split_at(written);
    let mut lost = count(rest);
    if done.last().is_some_and(|byte| *byte != b'\n') {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        tail.extend_from_slice(&rest[..end]);
        lost -= 1;
    }
    Err(Lost { lines: lost, error })
}

/// Says how many bytes were written, and why not all.
fn write_until_error(file: &mut File, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let (mut written, mut tries) = (0, 0);
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
            Ok(bytes) => (written, tries) = (written + bytes, 0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries < RETRIES => {
                tries += 1;
                thread::sleep(RETRY);
            }
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}

/// The end of the last line that ends within `piece` bytes, or of the first line if it is longer.
fn piece_end(lines: &[u8], piece: usize) -> usize {
    if lines.len() <= piece {
        return lines.len();
    }
    if let Some(at) = lines[..piece].iter().rposition(|byte| *byte == b'\n') {
        return at + 1;
    }
    lines.iter().position(|byte| *byte == b'\n').map_or(lines.len(), |at| at + 1)
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}
