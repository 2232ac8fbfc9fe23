//! Decides whether the elements of a user data header are well-formed, and builds the one for ports
//! (3GPP TS 23.040, 9.2.3.24).

use super::error::TextError;

pub(super) const CONCATENATION_8: u8 = 0x00;
const PORTS_8: u8 = 0x04;
const PORTS_16: u8 = 0x05;
pub(super) const CONCATENATION_16: u8 = 0x08;
pub(super) const SINGLE_SHIFT: u8 = 0x24;
pub(super) const LOCKING_SHIFT: u8 = 0x25;

/// Identifier and value of each element, up to the first that runs past the end.
pub(super) fn iter(elements: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = elements;
    std::iter::from_fn(move || {
        let (&[id, length], tail) = rest.split_first_chunk()?;
        let (value, tail) = tail.split_at_checked(usize::from(length))?;
        rest = tail;
        Some((id, value))
    })
}

/// Checks the elements that a caller brings along; `ports` tells whether another field adds ports to them.
pub(super) fn check(elements: &[u8], ports: bool) -> Result<(), TextError> {
    let read: usize = iter(elements).map(|(_, value)| value.len() + 2).sum();
    if read != elements.len() {
        return Err(TextError::Header("an element is an identifier, a length and as many octets as it says"));
    }
    for (id, value) in iter(elements) {
        let expected = match id {
            CONCATENATION_8 => 3,
            CONCATENATION_16 | PORTS_16 => 4,
            PORTS_8 => 2,
            SINGLE_SHIFT | LOCKING_SHIFT => 1,
            _ => continue,
        };
        if value.len() != expected {
            return Err(TextError::Header("a concatenation, port or language element has the wrong length"));
        }
        if ports && matches!(id, PORTS_8 | PORTS_16) {
            return Err(TextError::Header("the ports stand both in the header and in a field of their own"));
        }
    }
    Ok(())
}

/// Whether the elements already say that the message is part of a longer one.
pub(super) fn concatenated(elements: &[u8]) -> bool {
    iter(elements).any(|(id, _)| matches!(id, CONCATENATION_8 | CONCATENATION_16))
}

/// The element for 16-bit application ports, destination first (9.2.3.24.4); nothing without ports.
pub(super) fn ports(ports: Option<(u16, u16)>) -> Vec<u8> {
    let Some((destination, source)) = ports else { return Vec::new() };
    let ([d1, d2], [s1, s2]) = (destination.to_be_bytes(), source.to_be_bytes());
    vec![PORTS_16, 4, d1, d2, s1, s2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_until_one_runs_past_the_end() {
        let read: Vec<_> = iter(&[0x05, 4, 1, 2, 3, 4, 0x70, 0, 0x24, 2, 1]).collect();
        assert_eq!(read, [(0x05, &[1, 2, 3, 4][..]), (0x70, &[])]);
    }

    #[test]
    fn a_header_that_is_not_well_formed_is_refused() {
        for bad in [&[0x05][..], &[0x05, 4, 1, 2, 3], &[0x05, 2, 1, 2], &[0x00, 4, 1, 2, 3, 4], &[0x24, 0]] {
            assert!(matches!(check(bad, false), Err(TextError::Header(_))), "{bad:02x?}");
        }
        assert_eq!(check(&[], true), Ok(()));
        assert_eq!(check(&[0x70, 0, 0x0a, 3, 0, 5, 0], true), Ok(()));
        let wap = ports(Some((2948, 9200)));
        assert_eq!(wap, [0x05, 4, 0x0b, 0x84, 0x23, 0xf0]);
        assert_eq!(check(&wap, false), Ok(()));
        assert!(check(&wap, true).is_err());
    }
}
