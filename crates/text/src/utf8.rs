//! UTF-8 as UTF-16 that loses nothing: an octet that is no character stands as a surrogate of its own, U+DC80 to U+DCFF, until
//! the part that completes it is there.

/// The octets in UTF-16, most significant octet first.
pub fn to_utf16(octets: &[u8]) -> Vec<u8> {
    let mut units: Vec<u16> = Vec::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        units.extend(chunk.valid().encode_utf16());
        units.extend(chunk.invalid().iter().map(|&octet| 0xdc00 | u16::from(octet)));
    }
    units.into_iter().flat_map(u16::to_be_bytes).collect()
}

/// The octet that a lone surrogate stands for.
pub fn octet_of(surrogate: u16) -> Option<u8> {
    let [high, low] = surrogate.to_be_bytes();
    (high == 0xdc && low >= 0x80).then_some(low)
}
