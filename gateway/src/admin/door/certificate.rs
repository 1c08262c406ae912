//! Who a client certificate is of.
//!
//! rustls has verified it against `--admin-client-ca` by then, and tells nothing but its bytes. Of
//! these only the subject matters here: `OU=viewer` makes a viewer, everybody else whom the
//! authority has signed is an operator.

use std::sync::Arc;

use der::{Decode, Reader, SliceReader, Tag, TagNumber, asn1::AnyRef};
use sha2::{Digest, Sha256};

use crate::admin::{token::hex, who::Role};

/// The organizational unit whose members only read.
const VIEWER: &str = "viewer";

/// Characters of a name that are shown.
const NAME: usize = 128;

/// `commonName` and `organizationalUnitName`, as they stand in a certificate.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const UNIT: &[u8] = &[0x55, 0x04, 0x0b];

/// Whom a certificate was made for.
#[derive(Debug)]
pub(in crate::admin) struct Holder {
    /// `certificate alice`; so that nobody can be called what others are called here.
    pub(in crate::admin) name: Arc<str>,
    pub(in crate::admin) role: Role,
}

#[derive(Default)]
struct Subject {
    common_name: Option<String>,
    units: Vec<String>,
}

impl Holder {
    pub(super) fn of(certificate: &[u8]) -> Self {
        // A subject that cannot be read has no unit that takes rights away, so it gets the least.
        let Ok(subject) = subject(certificate) else {
            return Self { name: digest(certificate).into(), role: Role::Viewer };
        };
        let is_viewer = subject.units.iter().any(|unit| unit == VIEWER);
        let role = if is_viewer { Role::Viewer } else { Role::Operator };
        let shown = subject.common_name.map(|name| {
            let letters = name.chars().filter(|letter| !letter.is_control()).take(NAME);
            format!("certificate {}", letters.collect::<String>())
        });
        Self { name: shown.unwrap_or_else(|| digest(certificate)).into(), role }
    }
}

fn digest(certificate: &[u8]) -> String {
    format!("certificate SHA256:{}", hex(&Sha256::digest(certificate)))
}

/// RFC 5280, 4.1: the sixth field of the first part of a certificate, or the fifth where the version
/// is left out.
fn subject(certificate: &[u8]) -> der::Result<Subject> {
    SliceReader::new(certificate)?.sequence(|outer| {
        let subject = outer.sequence(|inner| {
            let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
            if Tag::peek(inner)? == version {
                AnyRef::decode(inner)?;
            }
            for _serial_algorithm_issuer_validity in 0..4 {
                AnyRef::decode(inner)?;
            }
            let subject = inner.sequence(names);
            inner.drain(inner.remaining_len())?;
            subject
        });
        outer.drain(outer.remaining_len())?;
        subject
    })
}

/// A sequence of sets of attributes, of which most have one.
fn names<'a>(sets: &mut SliceReader<'a>) -> der::Result<Subject> {
    let mut subject = Subject::default();
    while !sets.is_finished() {
        let mut set = SliceReader::new(AnyRef::decode(sets)?.value())?;
        while !set.is_finished() {
            let (kind, value) = set.sequence(|pair| {
                Ok::<_, der::Error>((AnyRef::decode(pair)?, AnyRef::decode(pair)?))
            })?;
            match kind.value() {
                COMMON_NAME => subject.common_name = Some(text(value)?.to_owned()),
                UNIT => subject.units.push(text(value)?.to_owned()),
                _ => {}
            }
        }
    }
    Ok(subject)
}

/// In UTF-8 or a subset of it, which is what authorities write today. Another encoding could hide
/// the word that takes rights away.
fn text(value: AnyRef<'_>) -> der::Result<&str> {
    let tag = value.header().tag();
    if !matches!(tag, Tag::Ia5String | Tag::PrintableString | Tag::Utf8String) {
        return Err(tag.unexpected_error(None).into());
    }
    std::str::from_utf8(value.value()).map_err(|_| tag.value_error().into())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn certificate(subject: &[(DnType, &str)]) -> Vec<u8> {
        let mut params = CertificateParams::new(["client.example".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_unit_makes_the_role_and_the_common_name_the_name() {
        let (name, unit) = (DnType::CommonName, DnType::OrganizationalUnitName);
        for (subject, expected, role) in [
            (vec![(name.clone(), "alice")], "certificate alice", Role::Operator),
            (
                vec![(unit.clone(), "viewer"), (name.clone(), "bob")],
                "certificate bob",
                Role::Viewer,
            ),
            (vec![(name.clone(), "ops"), (unit, "staff")], "certificate ops", Role::Operator),
            (vec![(name.clone(), "viewer")], "certificate viewer", Role::Operator),
            (vec![(name, "a\nb")], "certificate ab", Role::Operator),
        ] {
            let holder = Holder::of(&certificate(&subject));
            assert_eq!((&*holder.name, holder.role), (expected, role));
        }
    }

    #[test]
    fn without_a_name_it_is_called_by_its_digest() {
        let holder = Holder::of(&certificate(&[(DnType::OrganizationName, "example")]));
        assert!(holder.name.starts_with("certificate SHA256:"), "{}", holder.name);
        assert_eq!(holder.role, Role::Operator);
    }

    #[test]
    fn what_cannot_be_read_gives_the_least() {
        let whole = certificate(&[(DnType::CommonName, "alice")]);
        for length in [0, 1, 10, 100] {
            assert_eq!(Holder::of(&whole[..length]).role, Role::Viewer, "{length}");
        }
    }
}
