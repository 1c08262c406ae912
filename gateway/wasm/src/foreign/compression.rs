//! `compress` and `uncompress`: zlib's format (RFC 1950), the data alone as argument and result.

use std::io::{self, Read as _};

use flate2::{
    Compression,
    bufread::{ZlibDecoder, ZlibEncoder},
};

use crate::abi::Status;

/// What may come out of `uncompress`: eight times the largest argument. Zlib makes a thousand
/// bytes of one, so that without a limit a megabyte would take a gigabyte of the host's memory.
const UNCOMPRESSED: u64 = 8 << 20;

pub(super) fn compress(data: &[u8]) -> Result<Vec<u8>, Status> {
    let mut compressed = Vec::new();
    let read = ZlibEncoder::new(data, Compression::default()).read_to_end(&mut compressed);
    read.map(|_| compressed).map_err(|_| Status::SerializationFailure)
}

/// What stands behind the compressed data is ignored, as by Envoy.
pub(super) fn uncompress(data: &[u8]) -> Result<Vec<u8>, Status> {
    let mut uncompressed = Vec::new();
    let mut decoder = ZlibDecoder::new(data).take(UNCOMPRESSED + 1);
    let read: io::Result<usize> = decoder.read_to_end(&mut uncompressed);
    match read {
        Ok(size) if size as u64 > UNCOMPRESSED => Err(Status::InternalFailure),
        Ok(_) => Ok(uncompressed),
        Err(_) => Err(Status::SerializationFailure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_is_uncompressed() {
        let texts: [&[u8]; 3] = [b"", b"hello hello hello hello", &[0; 100_000]];
        for text in texts {
            let mut compressed = compress(text).unwrap();
            assert_eq!(uncompress(&compressed).as_deref(), Ok(text));
            for end in 0..compressed.len().min(100) {
                let cut = uncompress(&compressed[..end]);
                assert_eq!(cut, Err(Status::SerializationFailure), "cut at {end}");
            }
            compressed.extend(b"more");
            assert_eq!(uncompress(&compressed).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let within = compress(&vec![0; 8 << 20]).unwrap();
        assert_eq!(uncompress(&within).map(|data| data.len()), Ok(8 << 20));
        let bomb = compress(&vec![0; (8 << 20) + 1]).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(uncompress(&bomb), Err(Status::InternalFailure));
    }
}
