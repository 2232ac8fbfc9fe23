//! Decides where the service centre's address ends and the TPDU begins, in the hexadecimal form that modems speak.

use super::reader::Reader;
use super::{Address, DecodeError};

/// More octets than any modem sends: an address, the longest TPDU, and padding.
const OCTETS_MAX: usize = 512;
/// Type and digits of the service centre's address (3GPP TS 27.005, 3.1; TS 24.011, 8.2.5.2).
const SERVICE_CENTRE_OCTETS_MAX: u8 = 12;

/// A TPDU with the service centre that it comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// The service centre; `None` leaves it to the SIM's own setting.
    pub smsc: Option<Address>,
    /// The TPDU.
    pub tpdu: Vec<u8>,
}

impl Pdu {
    /// Reads the hexadecimal form, in either case, with blanks around it.
    ///
    /// # Errors
    /// On what is not hexadecimal, and on a service centre's address that does not end.
    pub fn parse_hex(text: &str) -> Result<Self, DecodeError> {
        Self::parse(&parse_hex(text)?)
    }

    /// Reads the hexadecimal form whose TPDU has `tpdu_len` octets, as `+CMT`, `+CDS`, `+CMGR` and `+CMGL` announce it.
    ///
    /// It knows so when a modem leaves out the service centre, and when octets were lost on the way. Octets behind the
    /// TPDU are dropped.
    ///
    /// # Errors
    /// As [`Pdu::parse_hex`], and when fewer octets came than were announced.
    pub fn parse_hex_sized(text: &str, tpdu_len: usize) -> Result<Self, DecodeError> {
        let octets = parse_hex(text)?;
        if octets.len() == tpdu_len {
            return Ok(Self { smsc: None, tpdu: octets });
        }
        let mut pdu = Self::parse(&octets)?;
        if pdu.tpdu.len() < tpdu_len {
            return Err(DecodeError::Cut { announced: tpdu_len, present: pdu.tpdu.len() });
        }
        pdu.tpdu.truncate(tpdu_len);
        Ok(pdu)
    }

    /// Reads octets that begin with the service centre's address.
    ///
    /// # Errors
    /// When that address does not end.
    pub fn parse(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let length = reader.octet("the service centre's address")?;
        if length > SERVICE_CENTRE_OCTETS_MAX {
            return Err(DecodeError::ServiceCentre(length));
        }
        let address = reader.slice(usize::from(length), "").map_err(|_| DecodeError::ServiceCentre(length))?;
        Ok(Self { smsc: Address::from_service_centre(address), tpdu: reader.rest().to_vec() })
    }

    /// The octets, service centre first.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.tpdu.len() + 12);
        match &self.smsc {
            None => out.push(0),
            Some(address) => address.write_service_centre(&mut out),
        }
        out.extend_from_slice(&self.tpdu);
        out
    }

    /// The hexadecimal form, in upper case, as it is written behind the prompt of `AT+CMGS`.
    pub fn to_hex(&self) -> String {
        to_hex(&self.to_octets())
    }

    /// The number that `AT+CMGS=` announces: octets of the TPDU, without the service centre.
    pub fn tpdu_len(&self) -> usize {
        self.tpdu.len()
    }
}

/// Octets in hexadecimal, in upper case.
pub fn to_hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or('0', |c| c.to_ascii_uppercase());
    octets.iter().flat_map(|&octet| [digit(octet >> 4), digit(octet & 0x0f)]).collect()
}

/// Octets from hexadecimal, in either case, with blanks around it.
///
/// # Errors
/// Names what is not hexadecimal, and refuses more than any message has.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, DecodeError> {
    let digits = text.trim().as_bytes();
    if digits.len() > OCTETS_MAX * 2 {
        return Err(DecodeError::TooLong(digits.len() / 2));
    }
    let (pairs, odd) = digits.as_chunks::<2>();
    let value = |place: usize, digit: u8| {
        char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(DecodeError::Hex(place))
    };
    let mut octets = Vec::with_capacity(pairs.len());
    for (index, &[high, low]) in pairs.iter().enumerate() {
        octets.push(value(index * 2, high)? << 4 | value(index * 2 + 1, low)?);
    }
    if odd.is_empty() { Ok(octets) } else { Err(DecodeError::OddHex) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_centre_is_split_off_and_put_back() {
        let pdu = Pdu::parse_hex(" 0791361907002039010005912143f500000bc8329bfd06dddf723619\r").unwrap();
        assert_eq!(pdu.smsc.as_ref().map(ToString::to_string), Some("+639170000293".to_owned()));
        assert_eq!(pdu.tpdu_len(), 20);
        assert_eq!(pdu.to_hex(), "0791361907002039010005912143F500000BC8329BFD06DDDF723619");
        let own = Pdu::parse_hex("00010005912143F50000").unwrap();
        assert_eq!((own.smsc.clone(), own.tpdu_len()), (None, 9));
        assert_eq!(own.to_hex(), "00010005912143F50000");
    }

    #[test]
    fn a_modem_that_leaves_the_service_centre_out_is_noticed_by_the_length() {
        let bare = "06040D91945152991136F00160124130340A0160124130940A00";
        assert_eq!(Pdu::parse_hex_sized(bare, 26).unwrap().tpdu[0], 0x06);
        let whole = format!("00{bare}");
        assert_eq!(Pdu::parse_hex_sized(&whole, 26).unwrap().tpdu.len(), 26);
        let padded = format!("00{bare}FFFF");
        assert_eq!(Pdu::parse_hex_sized(&padded, 26).unwrap().tpdu.len(), 26);
        let cut = Pdu::parse_hex_sized(&whole, 30).unwrap_err();
        assert_eq!(cut, DecodeError::Cut { announced: 30, present: 26 });
    }

    #[test]
    fn what_is_no_pdu_is_named() {
        for (text, error) in [
            ("0", DecodeError::OddHex),
            ("0G", DecodeError::Hex(1)),
            ("", DecodeError::Truncated("the service centre's address")),
            ("07912143", DecodeError::ServiceCentre(7)),
            ("0D91214365870921436587092143", DecodeError::ServiceCentre(13)),
        ] {
            assert_eq!(Pdu::parse_hex(text), Err(error), "{text}");
        }
        assert_eq!(Pdu::parse_hex(&"00".repeat(513)), Err(DecodeError::TooLong(513)));
        assert_eq!(Pdu::parse_hex("00").unwrap().tpdu_len(), 0);
    }
}
