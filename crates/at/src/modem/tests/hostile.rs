//! Whatever a modem says, the machine neither panics nor grows nor stands still.

use std::time::Duration;

use super::bench::{Bench, S};
use crate::{ModemProfile, Settings};
use postrider_model::{ModemRequest, Random, ResetKind, SubmitOutcome};

/// Pieces of what modems say, to be put together wrongly.
const PIECES: &[&str] = &[
    "\r\n",
    "\r",
    "\n",
    "OK",
    "ERROR",
    "+CMS ERROR: ",
    "+CME ERROR: ",
    "> ",
    ">",
    "+CMGS: ",
    "+CMTI: \"ME\",",
    "+CDSI: ",
    "+CDS: 25",
    "+CMT: ,31",
    "+CMGL: 1,0,,",
    "+CMGR: 0,,",
    "+CUSD: 1,\"",
    "+CREG: ",
    "+CPIN: ",
    "READY",
    "SIM PIN",
    "RDY",
    "SMS Ready",
    "^SMMEMFULL: \"SM\"",
    "+CPMS: ",
    "(\"ME\"",
    "+CNMI: (0-",
    "+CSCA: \"",
    "\"",
    ",",
    "0",
    "1",
    "7",
    "65535",
    "99999999999",
    "-1",
    "0791",
    "07916608000000F0040B916608000000F30008621022806100820C0E220E01",
    "RING",
    "+QUSIM: 1",
    "\u{1a}",
    "\u{1b}",
    "\0",
    "\u{fffd}",
    "AT+CMGS=",
    "UNDER-VOLTAGE",
    "^RSSI:",
    "+CSQ: ",
    "+CCID: ",
];

fn pick<'a, T>(random: &mut Random, of: &'a [T]) -> &'a T {
    let count = u64::try_from(of.len()).unwrap();
    &of[usize::try_from(random.below(count)).unwrap()]
}

/// Adds up what was written and told, and forgets it.
fn count(bench: &mut Bench, pdus: &mut usize, outcomes: &mut usize, doubts: &mut usize) {
    *pdus += bench.sent.iter().filter(|line| line.starts_with("0071000C91")).count();
    let found = bench.outcomes();
    *outcomes += found.len();
    *doubts += found.iter().filter(|outcome| matches!(outcome, SubmitOutcome::Unanswered { .. })).count();
    bench.forget();
}

#[test]
fn nonsense_in_any_order_is_survived() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut profile = ModemProfile::default();
        profile.init.command_gap = Duration::from_millis(if seed % 3 == 0 { 100 } else { 0 });
        profile.send.chunks = (seed % 5 == 0).then_some((18, Duration::from_millis(10)));
        profile.init.service = u8::from(seed % 4 == 0);
        let mut bench = Bench::with(Settings::default(), profile);
        if seed % 2 == 1 {
            bench.open();
            bench.forget();
        }
        let (mut submits, mut pdus, mut outcomes, mut doubts) = (0, 0, 0, 0);
        bench.modem.handle_opened(bench.now, bench.wall());
        for _ in 0..400 {
            match random.below(12) {
                0 => {
                    submits += 1;
                    bench.submit(0, random.below(2) == 0);
                }
                1 => bench.pass(S * u32::try_from(random.below(40)).unwrap()),
                2 => bench.commit(u32::try_from(random.below(30)).unwrap(), random.below(3) > 0),
                3 => {
                    let requests = [
                        ModemRequest::At("AT+CSQ".to_owned()),
                        ModemRequest::Ussd("*100#".to_owned()),
                        ModemRequest::UssdEnd,
                        ModemRequest::Refresh,
                        ModemRequest::Reset(ResetKind::Init),
                        ModemRequest::Reset(ResetKind::Usb),
                    ];
                    let what = pick(&mut random, &requests).clone();
                    bench.modem.request(bench.now, 1, what);
                }
                4 if random.below(6) == 0 => {
                    bench.close(usize::try_from(random.below(3)).unwrap());
                    bench.open();
                }
                5 => bench.alive = random.below(4) > 0,
                _ => {
                    let text: String = (0..1 + random.below(12)).map(|_| *pick(&mut random, PIECES)).collect();
                    bench.bytes(text.as_bytes());
                }
            }
            count(&mut bench, &mut pdus, &mut outcomes, &mut doubts);
            assert!(pdus <= submits, "seed {seed}: a PDU was written twice");
        }
        bench.alive = true;
        bench.close(0);
        count(&mut bench, &mut pdus, &mut outcomes, &mut doubts);
        // A doubt may have a late outcome besides.
        assert!((submits..=submits + doubts).contains(&outcomes), "seed {seed}: {outcomes} outcomes of {submits}");
        bench.open();
        bench.pass(S * 2400);
        bench.close(0);
        bench.open();
        bench.pass(S * 60);
        assert!(bench.modem.is_ready(), "seed {seed}: {:?}", bench.modem.phase);
        assert!(bench.modem.recent_lines().count() <= 400);
    }
}
