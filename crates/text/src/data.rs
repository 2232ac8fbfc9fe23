//! Decides the segments of octets with the caller's own header elements.

use postrider_model::{Alphabet, Concatenation, Data, Encoded, Indication};

use super::choose::tie;
use super::elements;
use super::error::TextError;
use super::profile::TextProfile;
use super::split::{capacity, header_octets};

/// Splits `data` for a link with `profile`; every segment repeats the caller's elements and the ports.
pub(super) fn encode(data: &Data, indication: &Indication, profile: &TextProfile) -> Result<Encoded, TextError> {
    elements::check(&data.elements, indication.ports.is_some())?;
    if indication.waiting.is_some() {
        return Err(TextError::Indication("a waiting sign carries text, not data"));
    }
    let mut all = elements::ports(indication.ports);
    all.extend_from_slice(&data.elements);
    let header = header_octets(all.len());
    let room = capacity(Alphabet::Binary, header);
    if room == 0 {
        return Err(TextError::Header("the header leaves no room for data"));
    }
    let encoded = |concatenation, segments| Encoded {
        alphabet: Alphabet::Binary,
        indication: *indication,
        concatenation,
        reference: 0,
        elements: all.clone(),
        segments,
    };
    if data.octets.len() <= room {
        return Ok(encoded(Concatenation::None, vec![data.octets.clone()]));
    }
    if elements::concatenated(&all) {
        return Err(TextError::Header("the data needs several segments, and the header already numbers one"));
    }
    let (concatenation, octets) = tie(profile.long, &all);
    let room = capacity(Alphabet::Binary, header_octets(all.len() + octets));
    if room == 0 {
        return Err(TextError::Header("the header leaves no room for data"));
    }
    let (count, segments_max) = (data.octets.len().div_ceil(room), profile.segments_max.max(1));
    if count > usize::from(segments_max) {
        return Err(TextError::TooLong { segments: count, segments_max, alphabet: Alphabet::Binary });
    }
    if concatenation == Concatenation::Payload {
        return Ok(encoded(concatenation, vec![data.octets.clone()]));
    }
    Ok(encoded(concatenation, data.octets.chunks(room).map(<[u8]>::to_vec).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LongForm;

    fn split(octets: usize, elements: &[u8], ports: Option<(u16, u16)>, long: LongForm) -> Result<Encoded, TextError> {
        let data = Data { octets: (0..octets).map(|i| i.to_le_bytes()[0]).collect(), elements: elements.to_vec() };
        let indication = Indication { ports, ..Indication::default() };
        encode(&data, &indication, &TextProfile { long, ..TextProfile::default() })
    }

    fn lengths(encoded: &Encoded) -> Vec<usize> {
        encoded.segments.iter().map(Vec::len).collect()
    }

    #[test]
    fn octets_fill_each_segment_beside_every_header() {
        let ports = Some((2948, 9200));
        let table = [
            (140, None, LongForm::Udh8, vec![140]),
            (141, None, LongForm::Udh8, vec![134, 7]),
            (141, None, LongForm::Sar, vec![134, 7]),
            (141, None, LongForm::Udh16, vec![133, 8]),
            (133, ports, LongForm::Udh8, vec![133]),
            (134, ports, LongForm::Udh8, vec![128, 6]),
            (134, ports, LongForm::Udh16, vec![127, 7]),
            (134, ports, LongForm::Sar, vec![128, 6]),
            (500, None, LongForm::Payload, vec![500]),
            (0, None, LongForm::Udh8, vec![0]),
        ];
        for (octets, ports, long, expected) in table {
            let encoded = split(octets, &[], ports, long).unwrap();
            assert_eq!(lengths(&encoded), expected, "{octets} octets, {ports:?}, {long}");
            for (index, payload) in encoded.segments.iter().enumerate() {
                let fits = encoded.user_data_header(index).len() + payload.len() <= 140;
                assert!(fits || encoded.concatenation == Concatenation::Payload);
            }
        }
    }

    #[test]
    fn the_callers_elements_stand_in_every_segment() {
        let encoded = split(200, &[0x70, 1, 9], Some((1, 2)), LongForm::Udh8).unwrap();
        assert_eq!(encoded.elements, [0x05, 4, 0, 1, 0, 2, 0x70, 1, 9]);
        assert_eq!(encoded.user_data_header(1)[..7], [14, 0x00, 3, 0, 2, 2, 0x05]);
        assert_eq!(encoded.segments.concat().len(), 200);
        assert_eq!(split(200, &[0x70, 1, 9], None, LongForm::Sar).unwrap().concatenation, Concatenation::Reference8);
    }

    #[test]
    fn a_part_that_numbers_itself_is_taken_and_not_split_further() {
        let own = [0x00, 3, 7, 2, 1];
        assert_eq!(lengths(&split(134, &own, None, LongForm::Udh8).unwrap()), [134]);
        assert!(matches!(split(135, &own, None, LongForm::Udh8), Err(TextError::Header(_))));
    }

    #[test]
    fn too_much_is_refused_with_the_count() {
        let refused = split(1341, &[], None, LongForm::Udh8).unwrap_err();
        let expected = TextError::TooLong { segments: 11, segments_max: 10, alphabet: Alphabet::Binary };
        assert_eq!(refused, expected);
        assert_eq!(refused.to_string(), "the message needs 11 segments in binary, and 10 are allowed");
        assert_eq!(split(1341, &[], None, LongForm::Payload).unwrap_err(), expected);
        let mut header = vec![0x70, 137];
        header.extend([0; 137]);
        assert!(matches!(split(1, &header, None, LongForm::Udh8), Err(TextError::Header(_))));
        header.splice(.., [0x70, 132].into_iter().chain([0; 132]));
        assert_eq!(lengths(&split(5, &header, None, LongForm::Udh8).unwrap()), [5]);
        assert!(split(6, &header, None, LongForm::Udh8).is_err());
        header.splice(.., [0x70, 200].into_iter().chain([0; 200]));
        assert!(split(0, &header, None, LongForm::Udh8).is_err());
    }
}
