//! The modem machine and the simulated modem, one against one: every maker, every fault, a cut at every octet.

use std::time::Duration;

use postrider::model::{Random, SubmitOutcome};
use postrider::sim::modem::{Fault, ModemFaults, Persona, SimModemSettings};

use super::modem_duel::Duel;

const SECOND: Duration = Duration::from_secs(1);
const LONG: &str = "안녕하세요. 긴 문자는 여러 부분으로 나누어 보냅니다. 휴대전화에서는 하나로 보입니다. 감사합니다. 좋은 하루 보내세요! 다음 주에도 새로운 소식으로 찾아뵙겠습니다. 무료 수신거부는 080-000-0000 입니다.";

fn settings(name: &str) -> SimModemSettings {
    let mut settings = SimModemSettings::numbered(7, Persona::named(name).unwrap());
    settings.cold = true;
    settings.part_time = 2 * SECOND;
    settings.network.report_delay = (SECOND, 3 * SECOND);
    settings
}

#[test]
fn every_maker_sends_reports_and_receives() {
    for name in Persona::names() {
        let mut duel = Duel::new(settings(name), 1);
        duel.until_ready();
        duel.send(1, "+821012345678", "Hello from the gateway");
        duel.send(2, "+821012345679", LONG);
        let now = duel.now;
        duel.sim.receive(now, "+821099999999", "수신거부").unwrap();
        duel.sim.receive(now, "15771234", &"long ".repeat(60)).unwrap();
        duel.run(700 * SECOND, |duel| duel.receipts.len() == 3 && duel.inbound.len() == 3 && duel.sim.stored() == 0);
        let sent: Vec<&str> = duel.sim.ledger().messages().map(|message| message.text.as_str()).collect();
        assert_eq!(sent, ["Hello from the gateway", LONG], "{name}");
        let got = (duel.receipts.len(), duel.inbound.len(), duel.sim.stored());
        assert_eq!(got, (3, 3, 0), "{name}\n{}", duel.transcript());
        assert_eq!(duel.inbound.concat().replace("수신거부", ""), "long ".repeat(60), "{name}");
    }
}

/// What a send costs in octets of both directions, prompt and result included.
const DIALOGUE_MAX: usize = 400;

#[test]
fn unplugged_at_any_octet_of_a_send_nothing_goes_out_twice() {
    for name in ["generic", "huawei-e173", "quectel-ec25", "simcom-sim800"] {
        let mut ends = [0; 3];
        for cut in 0..DIALOGUE_MAX {
            let mut duel = Duel::new(settings(name), 1);
            duel.until_ready();
            duel.cut_after = Some(cut);
            duel.send(1, "+821012345678", "Hello from the gateway");
            let taken = duel.sim.ledger().counts.taken;
            match duel.last().expect("an outcome") {
                SubmitOutcome::Accepted { .. } => {
                    assert_eq!(taken, 1, "{name} cut at {cut}");
                    ends[0] += 1;
                }
                SubmitOutcome::NotSent { .. } => {
                    assert_eq!(taken, 0, "{name} cut at {cut}\n{}", duel.transcript());
                    ends[1] += 1;
                }
                SubmitOutcome::Unanswered { .. } => ends[2] += 1,
                SubmitOutcome::Refused { .. } => panic!("{name} cut at {cut}\n{}", duel.transcript()),
            }
            assert_eq!(duel.outcomes.len(), 1, "{name} cut at {cut}: one outcome for one send");
            // The stick is plugged in again two seconds later, and ready within five.
            let since = duel.now;
            duel.until_ready();
            let away = Duration::from_secs(2);
            assert!(duel.now - since <= away + 5 * SECOND, "{name} cut at {cut}: {:?}", duel.now - since);
            duel.send(2, "+821012345679", "The next one");
            assert!(matches!(duel.last(), Some(SubmitOutcome::Accepted { .. })), "{name} cut at {cut}");
            assert_eq!(duel.sim.ledger().doubled(), []);
            if ends[0] > 3 {
                break;
            }
        }
        assert!(ends.iter().all(|count| *count > 0), "{name}: {ends:?} of accepted, not sent, in doubt");
    }
}

/// Chances of every fault that a modem may have in one run.
pub fn faults(random: &mut Random) -> ModemFaults {
    let mut faults = ModemFaults { hang_time: Some(600 * SECOND), ..ModemFaults::default() };
    let all = [
        (Fault::NoPrompt, 200),
        (Fault::RefusePrompt(302), 100),
        (Fault::Silent, 30),
        (Fault::AnswerLost, 150),
        (Fault::SendLost, 150),
        (Fault::Refuse(38), 150),
        (Fault::Refuse(331), 100),
        (Fault::SentYetError(500), 150),
        (Fault::NoFinal, 200),
        (Fault::Slow, 200),
        (Fault::RebootAfterSend, 60),
        (Fault::RebootBeforeSend, 60),
        (Fault::Reboot, 8),
        (Fault::SilentReboot, 15),
        (Fault::Hang, 5),
        (Fault::Garbage, 100),
        (Fault::Indication, 300),
        (Fault::ReportLost, 150),
        (Fault::ReportDoubled, 300),
        (Fault::ReportLate, 150),
        (Fault::ReportEarly, 300),
        (Fault::ReportMisplaced, 100),
        (Fault::ReportNational, 300),
    ];
    for (fault, most) in all {
        if random.chance(250) {
            faults = faults.with(fault, u16::try_from(1 + random.below(most)).unwrap());
        }
    }
    faults.echo = random.chance(150);
    faults.split = random.chance(300);
    faults.latency = (Duration::ZERO, Duration::from_millis(random.below(400)));
    faults
}

/// Holds each outcome against the network's ledger.
fn check(duel: &Duel, number: i64, to: &str) -> Result<(), String> {
    let mut outcomes = duel.outcomes.iter().filter(|result| result.message.as_i64() == number);
    let (Some(result), None) = (outcomes.next(), outcomes.next()) else {
        return Err("it has not one outcome".to_owned());
    };
    let mut taken = duel.sim.ledger().parts().filter(|part| to.ends_with(&part.content.recipient));
    let part = taken.next();
    if taken.next().is_some() {
        return Err("it went out twice".to_owned());
    }
    match (&result.outcome, part) {
        (SubmitOutcome::Accepted { .. }, None) => Err("it was accepted and never went out".to_owned()),
        (SubmitOutcome::Accepted { carrier_id: Some(id) }, Some(part)) => {
            let told = id.as_str().rsplit_once(':').map(|(_, reference)| reference.to_owned());
            if told == Some(part.reference.to_string()) { Ok(()) } else { Err(format!("{id:?} is {}", part.reference)) }
        }
        (SubmitOutcome::NotSent { .. } | SubmitOutcome::Refused { .. }, Some(_)) => {
            Err("it is called unsent, and went out".to_owned())
        }
        _ => Ok(()),
    }
}

fn faulty_run(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed ^ 0x6d6f_6465);
    let names: Vec<&str> = Persona::names().collect();
    let mut settings = settings(names[usize::try_from(random.below(names.len() as u64)).unwrap()]);
    settings.first_reference = 250;
    settings.slots = random.chance(200).then_some(2);
    let name = settings.persona.name;
    let mut duel = Duel::new(settings, seed);
    duel.until_ready();
    let now = duel.now;
    duel.sim.set_faults(now, faults(&mut random));
    let mut written = Vec::new();
    for number in 1..=12 {
        let to = format!("+8210{number:08}");
        if random.chance(150) {
            duel.cut_after = Some(usize::try_from(random.below(1500)).unwrap());
        }
        if random.chance(300) {
            let now = duel.now;
            duel.sim.receive(now, "+821099999999", &format!("message {number}")).unwrap();
            written.push(format!("message {number}"));
        }
        if !duel.run(7200 * SECOND, |duel| duel.modem.is_ready()) {
            return Err(format!("{name}: it is not ready within two hours\n{}", duel.transcript()));
        }
        duel.send(number, &to, &format!("text {number}"));
        check(&duel, number, &to)
            .map_err(|wrong| format!("{name}: message {number}: {wrong}\n{}", duel.transcript()))?;
    }
    // Everything works again.
    let now = duel.now;
    duel.cut_after = None;
    duel.sim.set_faults(now, ModemFaults::default());
    let quiet = |duel: &Duel| duel.sim.waiting() == 0 && duel.sim.stored() == 0 && duel.modem.is_ready();
    if !duel.run(7200 * SECOND, quiet) {
        return Err(format!("{name}: {} wait, {} lie\n{}", duel.sim.waiting(), duel.sim.stored(), duel.transcript()));
    }
    if let Some(lost) = written.iter().find(|text| !duel.inbound.contains(text)) {
        return Err(format!("{name}: {lost:?} never came\n{}", duel.transcript()));
    }
    let strange = duel.receipts.iter().find(|receipt| {
        let to = receipt.source.as_ref().map(ToString::to_string);
        receipt.ids.iter().any(|id| {
            let reference = id.as_str().rsplit_once(':').and_then(|(_, reference)| reference.parse().ok());
            let mut parts = duel.sim.ledger().parts();
            let part = parts.find(|part| Some(part.reference) == reference);
            // In national form it says no more than the end of the number.
            let is_to = |to: &String, recipient: &str| recipient.ends_with(to.trim_start_matches(['+', '0']));
            part.is_none_or(|part| to.as_ref().is_some_and(|to| !is_to(to, &part.content.recipient)))
        })
    });
    strange.map_or(Ok(()), |receipt| Err(format!("{name}: {receipt:?} is nobody's\n{}", duel.transcript())))
}

#[test]
fn outcomes_agree_with_the_network_whatever_goes_wrong() {
    let seeds: Vec<u64> = match super::asked("POSTRIDER_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (0..super::asked("POSTRIDER_SIM_SEEDS").unwrap_or(100)).collect(),
    };
    for seed in seeds {
        faulty_run(seed).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}
