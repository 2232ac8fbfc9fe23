//! Packs septets into octets and back (3GPP TS 23.038, 6.1.2.1): septet i takes bits 7i to 7i+6, lowest bit first.
//!
//! Behind a user data header the text starts on a septet border, so up to six fill bits come first: [`fill_bits`].

/// The fill bits between a user data header of `header_octets` (its length octet included) and the text.
pub const fn fill_bits(header_octets: usize) -> usize {
    header_septets(header_octets) * 7 - header_octets * 8
}

/// How many septets a user data header of `header_octets` (its length octet included) takes, fill bits included.
pub const fn header_septets(header_octets: usize) -> usize {
    (header_octets * 8).div_ceil(7)
}

/// Packs `septets`, one in each octet, behind `fill` zero bits (0 to 6). The highest bit of each is dropped.
pub fn pack(septets: &[u8], fill: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity((septets.len() * 7 + fill).div_ceil(8));
    let (mut bits, mut held) = (0_u16, fill.min(6));
    for &septet in septets {
        bits |= u16::from(septet & 0x7f) << held;
        held += 7;
        if held >= 8 {
            out.push(bits.to_le_bytes()[0]);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        out.push(bits.to_le_bytes()[0]);
    }
    out
}

/// Unpacks `count` septets that begin after `fill` bits, one into each octet; fewer if `octets` holds fewer.
pub fn unpack(octets: &[u8], fill: usize, count: usize) -> Vec<u8> {
    let there = (octets.len() * 8).saturating_sub(fill) / 7;
    let septet = |index: usize| {
        let bit = fill + index * 7;
        let low = octets.get(bit / 8).copied().unwrap_or(0);
        let high = octets.get(bit / 8 + 1).copied().unwrap_or(0);
        (u16::from_le_bytes([low, high]) >> (bit % 8)).to_le_bytes()[0] & 0x7f
    };
    (0..count.min(there)).map(septet).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_texts_pack_as_the_networks_pack_them() {
        let vectors: [(&[u8], &[u8]); 3] = [
            (b"hello", &[0xe8, 0x32, 0x9b, 0xfd, 0x06]),
            (b"hellohello", &[0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37]),
            (b"12345678", &[0x31, 0xd9, 0x8c, 0x56, 0xb3, 0xdd, 0x70]),
        ];
        for (text, packed) in vectors {
            assert_eq!(pack(text, 0), packed);
            assert_eq!(unpack(packed, 0, text.len()), text);
        }
    }

    #[test]
    fn headers_are_filled_up_to_a_septet() {
        let known = [(0, 0, 0), (4, 5, 3), (6, 7, 1), (7, 8, 0), (9, 11, 5), (10, 12, 4), (12, 14, 2), (13, 15, 1)];
        for (octets, septets, fill) in known {
            assert_eq!((header_septets(octets), fill_bits(octets)), (septets, fill), "{octets} octets");
        }
    }

    #[test]
    fn a_full_segment_behind_a_header_is_140_octets() {
        let text = [b'a'; 153];
        let packed = pack(&text, fill_bits(6));
        assert_eq!(packed.len(), 134);
        assert_eq!(packed[0] & 1, 0, "the fill bit");
        assert_eq!(unpack(&packed, 1, 153), text);
    }

    #[test]
    fn a_count_beyond_the_octets_gives_what_is_there() {
        assert_eq!(unpack(&[0xe8, 0x32], 0, 160), [0x68, 0x65]);
        assert!(unpack(&[], 6, 160).is_empty());
        assert!(unpack(&[0xff], 5, 1).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(text in prop::collection::vec(0_u8..0x80, 0..200), fill in 0_usize..7) {
            let packed = pack(&text, fill);
            prop_assert_eq!(packed.len(), (text.len() * 7 + fill).div_ceil(8));
            prop_assert_eq!(unpack(&packed, fill, text.len()), text);
        }
    }
}
