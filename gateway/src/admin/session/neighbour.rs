//! Whose the other end of a connection on this machine is.
//!
//! Linux lists every TCP socket of the machine with the user it belongs to. The other end of a
//! connection is the socket that has our two addresses the other way round.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use crate::admin::door::Peer;

/// Sockets that speak IPv6 reach IPv4 addresses too, and are listed in the second.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// What the kernel says for users that have no number here (in a user namespace): nobody to trust.
const OVERFLOW: u32 = 65_534;

/// Whether the socket at the other end belongs to the gateway's user, or to root.
///
/// # Errors
/// If the system does not tell.
pub(super) async fn is_ours(peer: &Peer) -> io::Result<bool> {
    let (from, to) = (peer.address, peer.local);
    let own = rustix::process::geteuid().as_raw();
    // Lists of sockets are long where many connections are.
    let user = tokio::task::spawn_blocking(move || user(from, to));
    let user = user.await.map_err(io::Error::other)??;
    Ok(user.is_some_and(|user| user == 0 || (user == own && user != OVERFLOW)))
}

fn user(from: SocketAddr, to: SocketAddr) -> io::Result<Option<u32>> {
    for table in TABLES {
        match File::open(table) {
            Ok(file) => {
                let found = search(BufReader::new(file), from, to)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            // A system without IPv6 has no second table.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn search(table: impl BufRead, from: SocketAddr, to: SocketAddr) -> io::Result<Option<u32>> {
    for line in table.lines().skip(1) {
        let line = line?;
        if let Some(entry) = Entry::read(&line)
            && same(entry.local, from)
            && same(entry.remote, to)
            && entry.is_held()
        {
            return Ok(Some(entry.user));
        }
    }
    Ok(None)
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
struct Entry {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    user: u32,
    inode: u64,
}

impl Entry {
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let [local, remote] = [fields.next()?, fields.next()?];
        let state = u8::from_str_radix(fields.next()?, 16).ok()?;
        let user = fields.nth(3)?.parse().ok()?;
        let inode = fields.nth(1)?.parse().ok()?;
        Some(Self { local: address(local)?, remote: address(remote)?, state, user, inode })
    }

    /// Whether a process holds it. What nobody holds any more, or not yet, is listed as root's.
    fn is_held(&self) -> bool {
        const ESTABLISHED: u8 = 1;
        self.state == ESTABLISHED && self.inode != 0
    }
}

/// `0100007F:7918`: words of the address as the processor reads them, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (words, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    for word in words.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let ip = match <[u8; 4]>::try_from(&*bytes) {
        Ok(bytes) => IpAddr::from(Ipv4Addr::from(bytes)),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
    };
    Some(SocketAddr::new(ip, port))
}

/// An IPv4 address is the same one when it is written as an IPv6 address.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when ...\n";

    fn find(lines: &str, from: &str, to: &str) -> Option<u32> {
        let table = format!("{HEAD}{lines}");
        search(table.as_bytes(), from.parse().unwrap(), to.parse().unwrap()).unwrap()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_other_end_is_found_with_its_user() {
        let (from, to) = ("127.0.0.1:40000", "127.0.0.1:31000");
        let ours = "   1: 0100007F:7918 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  \
                    0        0 11 1\n";
        let theirs = "   2: 0100007F:9C40 0100007F:7918 01 00000000:00000000 00:00000000 00000000 \
                      1000        0 12 1\n";
        assert_eq!(find(&format!("{ours}{theirs}"), from, to), Some(1000));
        assert_eq!(find(ours, from, to), None);
        let waiting = theirs.replace(" 01 00000000", " 06 00000000").replace("1000  ", "0  ");
        assert_eq!(find(&waiting, from, to), None, "what is closed is listed as root's");
        let orphan = theirs.replace("0 12 1", "0 0 1").replace("1000  ", "0  ");
        assert_eq!(find(&orphan, from, to), None, "and so is what nobody holds");
        let mapped = theirs
            .replace("0100007F:9C40", "0000000000000000FFFF00000100007F:9C40")
            .replace("0100007F:7918", "0000000000000000FFFF00000100007F:7918");
        assert_eq!(find(&mapped, from, to), Some(1000));
        let six = theirs
            .replace("0100007F:9C40", "00000000000000000000000001000000:9C40")
            .replace("0100007F:7918", "00000000000000000000000001000000:7918");
        assert_eq!(find(&six, "[::1]:40000", "[::1]:31000"), Some(1000));
        assert_eq!(find("nonsense\n 1: zz:1 yy:2 01\n", from, to), None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_connection_of_this_process_is_ours() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = listener.local_addr().unwrap();
        let client = tokio::net::TcpStream::connect(local).await.unwrap();
        let (_server, address) = listener.accept().await.unwrap();
        let peer = Peer { address, local, certificate: None };
        assert!(is_ours(&peer).await.unwrap());
        drop(client);
        assert!(!is_ours(&peer).await.unwrap());
    }
}
