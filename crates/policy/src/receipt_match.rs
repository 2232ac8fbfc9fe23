//! Decides which send a carrier's receipt is about, and learns how the carrier writes its ids.
//!
//! A carrier may name a message in hexadecimal in its answer and in decimal in its receipt. While nobody knows whether this
//! one does, `256` may be about `256` or about `0x100`: then the number alone decides nothing. A receipt that can only be
//! about one send proves the form; a second form proved for the same carrier is a contradiction, and none is believed.

use postrider_model::{IdRelation, Sender, State, TAIL_DIGITS_MIN, is_written};

/// A shorter id may be another send's by accident: small counters are written alike in both bases.
const TELLING_LEN: usize = 6;

/// Whether an address is the one that it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// It certainly is another one.
    Other,
    /// It is a whole number without country code that does not fit. Only an id that tells by itself overrules it.
    Unlikely,
    /// It cannot be compared: a name, a short or a national number, or nothing.
    Unknown,
    /// It is the one.
    Same,
}

/// Whether `address` is the number `digits` (country code first, no plus), in one of the ways in which carriers write it.
pub fn is_number(address: &Sender, digits: &str) -> bool {
    let text = address.as_str().trim_start_matches('+');
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && is_written(digits, text)
}

/// Whether the receipt between these addresses is about the handset `digits`, whose message had the sender `own`.
pub fn handset(source: Option<&Sender>, destination: Option<&Sender>, digits: &str, own: Option<&Sender>) -> Agreement {
    let is = |address: Option<&Sender>| address.is_some_and(|address| is_number(address, digits));
    if is(source) || is(destination) {
        return Agreement::Same;
    }
    // A carrier that leaves both addresses as they were in the submission names our sender first.
    let unswapped = source.is_some_and(|source| own.is_some_and(|own| is_sender(source, own)));
    match if unswapped { destination } else { source } {
        Some(Sender::International(_)) => Agreement::Other,
        Some(Sender::Digits(digits)) if digits.len() >= TAIL_DIGITS_MIN => Agreement::Unlikely,
        Some(Sender::Digits(_) | Sender::Alphanumeric(_)) | None => Agreement::Unknown,
    }
}

/// Whether the receipt between these addresses is about a message of the sender `own`.
pub fn sender(source: Option<&Sender>, destination: Option<&Sender>, digits: &str, own: Option<&Sender>) -> Agreement {
    // Where the handset is the destination, the sender is the source.
    let unswapped = destination.is_some_and(|address| is_number(address, digits));
    match (if unswapped { source } else { destination }, own) {
        (None, None) => Agreement::Same,
        (Some(told), Some(own)) if is_sender(told, own) => Agreement::Same,
        (Some(_), Some(_)) => Agreement::Other,
        (Some(_), None) | (None, Some(_)) => Agreement::Unknown,
    }
}

fn is_sender(told: &Sender, own: &Sender) -> bool {
    let bare = |sender: &Sender| sender.as_str().trim_start_matches(['+', '0']).to_ascii_lowercase();
    let (told, own) = (bare(told), bare(own));
    let (long, short) = if told.len() >= own.len() { (&told, &own) } else { (&own, &told) };
    let digits = short.bytes().all(|byte| byte.is_ascii_digit());
    long == short || (digits && short.len() >= TAIL_DIGITS_MIN && long.ends_with(short.as_str()))
}

/// A send whose id a receipt may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// In which ways the receipt's ids name it: which of them, and how it is written then.
    pub named: Vec<(usize, IdRelation)>,
    /// Whether the receipt is about its handset.
    pub handset: Agreement,
    /// Whether the receipt is about its sender.
    pub sender: Agreement,
    /// Where it stands.
    pub state: State,
}

impl Candidate {
    fn is_named_by(&self, relation: IdRelation) -> bool {
        self.named.iter().any(|&(_, by)| by == relation)
    }

    /// How many of the receipt's ids name it.
    fn ids(&self) -> usize {
        let mut ids: Vec<usize> = self.named.iter().map(|&(id, _)| id).collect();
        ids.dedup();
        ids.len()
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Sent | State::Uncertain)
    }
}

/// What is known of the way in which a carrier writes its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is configured, or was proved.
    Is(IdRelation),
    /// Nothing yet, or pairs that contradict each other.
    Nothing,
}

/// What a receipt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The send at this place.
    Send {
        /// Its place among the candidates.
        place: usize,
        /// What the pair proves of the carrier's ids, if it is certain.
        proves: Option<IdRelation>,
    },
    /// One of several, and nobody can tell yet which.
    Ambiguous,
    /// None of them.
    Nothing,
}

/// Which of `candidates`, newest first, a receipt is about. `id_len` is the significant length of its ids' shortest;
/// `unnamed` says whether other sends to that handset have an id that was not learned yet.
pub fn choose(candidates: &[Candidate], known: Known, id_len: usize, unnamed: bool) -> Choice {
    let exact = if let Known::Is(relation) = known { relation } else { IdRelation::Same };
    let may_be = |candidate: &Candidate| match candidate.handset {
        Agreement::Other => false,
        Agreement::Unlikely => id_len >= TELLING_LEN && candidate.is_named_by(exact),
        Agreement::Unknown | Agreement::Same => true,
    };
    let mut meant: Vec<usize> = (0..candidates.len()).filter(|&place| may_be(&candidates[place])).collect();
    // More than the number: both ids of the receipt, then the handset.
    let ids = meant.iter().map(|&place| candidates[place].ids()).max().unwrap_or(0);
    meant.retain(|&place| candidates[place].ids() == ids);
    let best = meant.iter().map(|&place| candidates[place].handset).max();
    meant.retain(|&place| Some(candidates[place].handset) == best);
    let mistakable = unnamed && id_len < TELLING_LEN;
    if let Known::Is(relation) = known {
        let fitting: Vec<usize> =
            meant.iter().copied().filter(|&place| candidates[place].is_named_by(relation)).collect();
        if let Some(place) = newest(candidates, &fitting) {
            return Choice::Send { place, proves: None };
        }
        // The carrier does not write as it did. Its word is taken where nobody else can be meant.
        return match meant.as_slice() {
            [place] if is_certain(&candidates[*place]) && !unnamed => {
                Choice::Send { place: *place, proves: proof(&candidates[*place]) }
            }
            [] => Choice::Nothing,
            _ => Choice::Ambiguous,
        };
    }
    let shared = IdRelation::ALL.into_iter().any(|one| meant.iter().all(|&place| candidates[place].is_named_by(one)));
    match (newest(candidates, &meant), meant.len()) {
        (None, _) => Choice::Nothing,
        (Some(_), _) if mistakable => Choice::Ambiguous,
        (Some(place), 1) => {
            let proves = if is_certain(&candidates[place]) { proof(&candidates[place]) } else { None };
            Choice::Send { place, proves }
        }
        // One id for several: the carrier gave it out again.
        (Some(place), _) if shared => Choice::Send { place, proves: None },
        (Some(_), _) => Choice::Ambiguous,
    }
}

/// The first that still waits for a receipt, or the first.
fn newest(candidates: &[Candidate], places: &[usize]) -> Option<usize> {
    places.iter().copied().find(|&place| candidates[place].is_open()).or(places.first().copied())
}

fn is_certain(candidate: &Candidate) -> bool {
    candidate.handset == Agreement::Same && candidate.sender != Agreement::Other && candidate.is_open()
}

/// What a pair proves, if its id can be read in one way only.
fn proof(candidate: &Candidate) -> Option<IdRelation> {
    match candidate.named.as_slice() {
        [(_, relation)] => Some(*relation),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(named: &[(usize, IdRelation)]) -> Candidate {
        Candidate { named: named.to_vec(), handset: Agreement::Same, sender: Agreement::Same, state: State::Sent }
    }

    fn text(text: &str) -> Sender {
        Sender::from_network(text)
    }

    const SAME: (usize, IdRelation) = (0, IdRelation::Same);
    const HEX: (usize, IdRelation) = (0, IdRelation::HexThenDecimal);

    #[test]
    fn a_number_that_two_sends_may_have_decides_nothing_until_the_form_is_known() {
        let both = [named(&[SAME]), named(&[HEX])];
        assert_eq!(choose(&both, Known::Nothing, 3, false), Choice::Ambiguous);
        let is = |relation| choose(&both, Known::Is(relation), 3, false);
        assert_eq!(is(IdRelation::Same), Choice::Send { place: 0, proves: None });
        assert_eq!(is(IdRelation::HexThenDecimal), Choice::Send { place: 1, proves: None });
    }

    #[test]
    fn a_pair_that_can_be_read_in_one_way_proves_it() {
        let proved = |candidate: Candidate| choose(&[candidate], Known::Nothing, 3, false);
        assert_eq!(proved(named(&[HEX])), Choice::Send { place: 0, proves: Some(IdRelation::HexThenDecimal) });
        assert_eq!(proved(named(&[SAME, HEX])), Choice::Send { place: 0, proves: None }, "7 is 7 in both bases");
        let unknown = Candidate { handset: Agreement::Unknown, ..named(&[HEX]) };
        assert_eq!(proved(unknown), Choice::Send { place: 0, proves: None });
        let settled = Candidate { state: State::Delivered, ..named(&[SAME]) };
        assert_eq!(proved(settled), Choice::Send { place: 0, proves: None });
    }

    #[test]
    fn a_short_id_waits_while_a_send_to_that_handset_has_none_yet() {
        assert_eq!(choose(&[named(&[SAME])], Known::Nothing, 3, true), Choice::Ambiguous);
        assert!(matches!(choose(&[named(&[SAME])], Known::Nothing, 7, true), Choice::Send { .. }));
        assert!(matches!(choose(&[named(&[SAME])], Known::Is(IdRelation::Same), 3, true), Choice::Send { .. }));
    }

    #[test]
    fn what_contradicts_the_known_form_is_taken_only_where_nobody_else_can_be_meant() {
        let known = Known::Is(IdRelation::Same);
        let proves = Some(IdRelation::HexThenDecimal);
        assert_eq!(choose(&[named(&[HEX])], known, 8, false), Choice::Send { place: 0, proves });
        assert_eq!(choose(&[named(&[HEX])], known, 8, true), Choice::Ambiguous);
        let unknown = Candidate { handset: Agreement::Unknown, ..named(&[HEX]) };
        assert_eq!(choose(&[unknown], known, 8, false), Choice::Ambiguous);
    }

    #[test]
    fn two_ids_of_one_receipt_tell_more_than_one() {
        let both = [named(&[(1, IdRelation::Same)]), named(&[SAME, (1, IdRelation::HexThenDecimal)])];
        assert_eq!(choose(&both, Known::Nothing, 3, false), Choice::Send { place: 1, proves: None });
    }

    #[test]
    fn a_unique_id_stands_alone_and_another_handset_vetoes_it() {
        let unknown = Candidate { handset: Agreement::Unknown, ..named(&[SAME]) };
        assert!(matches!(
            choose(std::slice::from_ref(&unknown), Known::Nothing, 7, false),
            Choice::Send { place: 0, .. }
        ));
        assert!(matches!(choose(&[unknown, named(&[SAME])], Known::Nothing, 7, false), Choice::Send { place: 1, .. }));
        let unlikely = Candidate { handset: Agreement::Unlikely, ..named(&[SAME]) };
        let alone = std::slice::from_ref(&unlikely);
        assert!(matches!(choose(alone, Known::Nothing, 7, false), Choice::Send { .. }), "the id tells by itself");
        assert_eq!(choose(alone, Known::Nothing, 3, false), Choice::Nothing, "a counter does not");
        let other = Candidate { handset: Agreement::Other, ..named(&[SAME]) };
        assert_eq!(choose(&[other], Known::Is(IdRelation::Same), 7, false), Choice::Nothing);
    }

    #[test]
    fn an_id_that_was_given_out_again_is_the_newest_that_waits() {
        let settled = Candidate { state: State::Delivered, ..named(&[SAME]) };
        assert!(matches!(
            choose(&[settled.clone(), named(&[SAME])], Known::Nothing, 7, false),
            Choice::Send { place: 1, .. }
        ));
        assert!(matches!(choose(&[settled.clone(), settled], Known::Nothing, 7, false), Choice::Send { place: 0, .. }));
    }

    #[test]
    fn a_handset_is_known_in_every_writing_and_either_place() {
        let own = text("+18005550123");
        let agreement = |source: &str, destination: &str| {
            handset(Some(&text(source)), Some(&text(destination)), "821012345678", Some(&own))
        };
        for (source, destination, expected) in [
            ("+821012345678", "+18005550123", Agreement::Same),
            ("821012345678", "Shop", Agreement::Same),
            ("01012345678", "+18005550123", Agreement::Same),
            ("+18005550123", "+821012345678", Agreement::Same),
            ("+18005550123", "Shop", Agreement::Unknown),
            ("Shop", "Shop", Agreement::Unknown),
            ("91234567", "Shop", Agreement::Unlikely),
            ("12345678", "Shop", Agreement::Same),
            ("9123", "Shop", Agreement::Unknown),
            ("+18005550123", "+821099999999", Agreement::Other),
            ("+821099999999", "+18005550123", Agreement::Other),
        ] {
            assert_eq!(agreement(source, destination), expected, "{source} to {destination}");
        }
    }

    #[test]
    fn a_sender_is_compared_where_both_are_known() {
        let number = "821012345678";
        let agreement = |told: Option<&str>, own: Option<&str>| {
            let (told, own) = (told.map(text), own.map(text));
            sender(Some(&text("+821012345678")), told.as_ref(), number, own.as_ref())
        };
        for (told, own, expected) in [
            (Some("Shop"), Some("SHOP"), Agreement::Same),
            (Some("+18005550123"), Some("18005550123"), Agreement::Same),
            (Some("0225550123"), Some("+82225550123"), Agreement::Same),
            (Some("Shop"), Some("Shop2"), Agreement::Other),
            (Some("1588"), Some("15881588"), Agreement::Other),
            (Some("Shop"), None, Agreement::Unknown),
            (None, Some("Shop"), Agreement::Unknown),
            (None, None, Agreement::Same),
        ] {
            assert_eq!(agreement(told, own), expected, "{told:?} and {own:?}");
        }
        let unswapped = sender(Some(&text("Shop")), Some(&text("+821012345678")), number, Some(&text("Shop")));
        assert_eq!(unswapped, Agreement::Same);
    }
}
