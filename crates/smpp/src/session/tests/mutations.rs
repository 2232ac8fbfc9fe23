//! Every request gets a word, whatever happened to its octets on the way.

use super::hostile::{Dice, every_kind};
use super::*;
use crate::pdu::Header;

const MUTATIONS: usize = 30_000;

/// A PDU of the peer with some octets changed, cut or added; half of them with a length that is right all the same.
fn mutated(dice: &mut Dice, kinds: &[Pdu]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut pdu = kinds[dice.roll(kinds.len())].clone();
    pdu.sequence_number = match dice.roll(8) {
        0 => 0,
        1 => 0x8000_0000 + u32::try_from(dice.roll(9)).unwrap(),
        _ => 100 + u32::try_from(dice.roll(1_000)).unwrap(),
    };
    pdu.encode(&mut out).unwrap();
    let mut octets = out.to_vec();
    for _ in 0..dice.roll(4) {
        let (place, value) = (dice.roll(octets.len()), u8::try_from(dice.roll(256)).unwrap());
        octets[place] = value;
    }
    match dice.roll(6) {
        0 => octets.truncate(16 + dice.roll(octets.len() - 15)),
        1 => octets.extend(std::iter::repeat_n(7, dice.roll(40))),
        _ => {}
    }
    if dice.roll(2) == 0 {
        let length = u32::try_from(octets.len()).unwrap();
        octets[..4].copy_from_slice(&length.to_be_bytes());
    }
    octets
}

/// What an ESME owes the peer for a header.
#[derive(Debug, PartialEq)]
enum Owed {
    /// An answer or a nack with the same number.
    Word,
    /// A nack, and the end of the connection.
    End,
    /// Nothing: an answer to what we asked, a nack, or a request without an answer.
    Nothing,
}

fn owed(header: Header, decoded: bool, unbound: bool) -> Owed {
    let (id, length) = (header.command_id, header.command_length);
    if !(16..=u32::try_from(crate::FRAME_OCTETS_MAX).unwrap()).contains(&length) {
        return Owed::End;
    }
    match id {
        CommandId::GENERIC_NACK => Owed::Nothing,
        CommandId::ALERT_NOTIFICATION if decoded => Owed::Nothing,
        CommandId::OUTBIND if decoded && unbound => Owed::Nothing,
        // The only number that was given is that of our bind.
        _ if id.is_response() && header.sequence_number == 1 => Owed::Nothing,
        _ => Owed::Word,
    }
}

fn play(mut bench: Bench, octets: &[u8], unbound: bool) {
    let header = Header::decode(octets).unwrap();
    let (length, limit) = (usize::try_from(header.command_length).unwrap(), crate::FRAME_OCTETS_MAX);
    // The rest of a PDU that announces more than it has comes later, whatever it is.
    let mut whole = octets.to_vec();
    if length > whole.len() && length <= limit {
        whole.resize(length, 0);
    }
    let frame = Bytes::from(whole[..length.clamp(16, whole.len())].to_vec());
    let expected = owed(header, Pdu::decode(&frame).is_ok(), unbound);
    bench.session.handle_bytes(bench.now, &whole);
    let mut ended = false;
    for event in bench.events() {
        match event {
            SessionEvent::Request { sequence, body, .. } => {
                let answer = if let Body::DataSm(_) = body { data_sm_resp() } else { deliver_sm_resp() };
                // One whose session ended in the same octets was answered by that.
                bench.session.respond(bench.now, sequence, CommandStatus::ROK, answer);
            }
            SessionEvent::Close(_) => ended = true,
            SessionEvent::Bound { .. }
            | SessionEvent::Answers(_)
            | SessionEvent::Outcome { .. }
            | SessionEvent::Late { .. }
            | SessionEvent::Alert(_)
            | SessionEvent::Outbind(_)
            | SessionEvent::BindRequested(_)
            | SessionEvent::Note(_)
            | SessionEvent::Closed(_) => {}
        }
    }
    let sent = bench.sent_commands();
    let word = |(command, sequence, _): &(CommandId, u32, CommandStatus)| {
        *sequence == header.sequence_number
            && (*command == header.command_id.response() || *command == CommandId::GENERIC_NACK)
    };
    match expected {
        Owed::Word => assert!(sent.iter().any(word), "{header:?}: {sent:?} for {octets:02x?}"),
        Owed::End => assert!(ended && sent.iter().any(word), "{header:?}: {sent:?}, ended {ended}"),
        Owed::Nothing => {}
    }
}

#[test]
fn every_mutated_request_is_answered_or_nacked() {
    let kinds = every_kind();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..MUTATIONS {
        let octets = mutated(&mut dice, &kinds);
        play(Bench::bound(), &octets, false);
    }
}

#[test]
fn before_the_bind_and_after_the_unbind_too() {
    let kinds = every_kind();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    for _ in 0..3_000 {
        play(Bench::esme(), &mutated(&mut dice, &kinds), true);
        let mut ending = Bench::bound();
        ending.session.unbind(ending.now);
        ending.sent();
        let octets = mutated(&mut dice, &kinds);
        // Whatever looks like the answer to our unbind, which has number 2, ends the session.
        if Header::decode(&octets).unwrap().sequence_number != 2 {
            play(ending, &octets, false);
        }
    }
}

#[test]
fn what_waits_for_its_commit_is_asked_for_again_when_the_session_ends() {
    let mut bench = Bench::bound();
    bench.request(5, deliver_sm());
    bench.request(5, deliver_sm());
    bench.request(6, data_sm());
    bench.session.abort();
    let status = CommandStatus::RX_T_APPN;
    assert_eq!(
        bench.sent_commands(),
        [
            (CommandId::DELIVER_SM_RESP, 5, status),
            (CommandId::DELIVER_SM_RESP, 5, status),
            (CommandId::DATA_SM_RESP, 6, status)
        ]
    );
    assert!(!bench.session.respond(bench.now, 5, CommandStatus::ROK, deliver_sm_resp()));
}
