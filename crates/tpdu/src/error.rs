//! Says what is wrong with octets that are no TPDU, and with values that no TPDU can carry.

use postrider_model::Alphabet;

/// Why octets or their hexadecimal form are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A character that is no hexadecimal digit, at this place from 0.
    #[error("character {0} is no hexadecimal digit")]
    Hex(usize),
    /// Half an octet is missing.
    #[error("the hexadecimal form has an odd number of digits")]
    OddHex,
    /// More octets than any TPDU has.
    #[error("{0} octets are more than any message has")]
    TooLong(usize),
    /// The service centre's address says more than there is, or more than an address may have.
    #[error("the service centre's address has a wrong length ({0})")]
    ServiceCentre(u8),
    /// The line that announced the TPDU says another length.
    #[error("the TPDU was announced with {announced} octets and has {present}")]
    Cut {
        /// What was announced.
        announced: usize,
        /// What is there.
        present: usize,
    },
    /// The octets end before this field does.
    #[error("the TPDU ends before {0} does")]
    Truncated(&'static str),
    /// The kind of TPDU does not occur in this direction, or is another than was asked for.
    #[error("TP-MTI {0} is no such TPDU")]
    Kind(u8),
}

/// Why values cannot be written as a TPDU. Each is the caller's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// An address with more digits or characters than the specification allows (9.1.2.5).
    #[error("the address \"{0}\" is too long: 20 digits or 11 characters are possible")]
    AddressTooLong(String),
    /// A character that no address of its kind has.
    #[error("the address \"{0}\" has characters that no such address can hold")]
    AddressCharacter(String),
    /// No digit at all.
    #[error("the address is empty")]
    AddressEmpty,
    /// The alphabet has no TP-DCS.
    #[error("no data coding scheme says {}", .0.as_str())]
    NoCoding(Alphabet),
    /// A waiting sign on data, which no TP-DCS says.
    #[error("a waiting sign carries text, not data")]
    WaitingData,
    /// The message is tied together in a way that a TPDU does not have.
    #[error("the segments are tied together by SMPP parameters, which a TPDU does not have")]
    Concatenation,
    /// There is no such segment.
    #[error("the message has no segment {0}")]
    NoSegment(usize),
    /// The header's first octet does not count the octets behind it.
    #[error("the user data header does not have the length that it says")]
    Header,
    /// Septets where the coding says octets, or octets where it says septets.
    #[error("the user data is not in the units of its data coding scheme")]
    Units,
    /// More user data than fits.
    #[error("{0} octets of user data are more than the {1} that fit")]
    UserDataTooLong(usize, usize),
    /// A failure cause below 0x80 would be read as something else.
    #[error("0x{0:02X} is no failure cause")]
    Cause(u8),
}
