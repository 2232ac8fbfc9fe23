//! Names how the digits of an address are to be dialled (Type-of-number; 3GPP TS 23.040, 9.1.2.5).

/// Type of number: how the digits are to be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeOfNumber {
    /// The network's habit decides: short codes and numbers as they are dialled.
    Unknown,
    /// With country code.
    International,
    /// Without country code and trunk prefix.
    National,
    /// The network's own service.
    NetworkSpecific,
    /// A short code within the service centre.
    Subscriber,
    /// A name in GSM 7-bit.
    Alphanumeric,
    /// An abbreviated number.
    Abbreviated,
    /// Not assigned.
    Reserved,
}

impl TypeOfNumber {
    /// All types, in the order of their three bits.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::International,
        Self::National,
        Self::NetworkSpecific,
        Self::Subscriber,
        Self::Alphanumeric,
        Self::Abbreviated,
        Self::Reserved,
    ];

    /// The type that a Type-of-Address octet names.
    pub(super) fn from_octet(octet: u8) -> Self {
        Self::ALL.get(usize::from(octet >> 4 & 7)).copied().unwrap_or(Self::Reserved)
    }

    /// The three bits.
    pub fn bits(self) -> u8 {
        (0..).zip(Self::ALL).find(|&(_, known)| known == self).map_or(7, |(bits, _)| bits)
    }
}
