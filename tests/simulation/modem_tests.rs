//! The modem machine and the simulated modem, one against one: every maker, every fault, a cut at every octet.

use std::time::Duration;

use postrider::model::SubmitOutcome;
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
