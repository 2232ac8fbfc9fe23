//! Dialogues played to a gateway that asks in its own order.

use std::time::{Duration, Instant};

use super::fixture::Fixture;
use super::fixture_player::{Player, PlayerSettings};
use super::modem::PortChange;

const DIALOGUE: &str = "\
< RDY
> ATE0
<< ATE0\\r\\r\\nOK\\r\\n
> AT+CGMI
< huawei
< OK
> AT+CNMI=1,1,0,1,0
< OK
> AT+CMGS=23
<< \\r\\n> 
>> 0031000A9154020000300000A70BCCF79C0E0ABBE7F7B21C\\x1A
@ 6
< ^BOOT:1
@ 8.4
< +CMGS: 64
< OK
@ 6
< +CDS: 25
< 0791
> AT+CNMA
< OK
";

struct Bench {
    player: Player,
    now: Instant,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no zero; everything is counted from this one")]
    fn new(dialogue: &str, settings: PlayerSettings) -> Self {
        let now = Instant::now();
        let fixture = Fixture::parse("e173.txt", dialogue).unwrap();
        Self { player: Player::new(now, &fixture, settings), now }
    }

    fn put(&mut self, octets: &str) -> String {
        self.player.handle_bytes(self.now, octets.as_bytes());
        self.wait(0)
    }

    fn wait(&mut self, seconds: u64) -> String {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.player.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.player.handle_timeout(self.now);
        }
        self.now = end;
        String::from_utf8(self.player.poll_transmit().unwrap_or_default()).unwrap()
    }
}

#[test]
fn queries_come_in_any_order_and_a_send_in_its_own() {
    let mut bench = Bench::new(DIALOGUE, PlayerSettings::default());
    assert_eq!(bench.wait(0), "\r\nRDY\r\n");
    assert_eq!(bench.put("AT+CGMI\r"), "\r\nhuawei\r\n\r\nOK\r\n");
    assert_eq!(bench.put("\x1bATE0\r"), "ATE0\r\r\nOK\r\n");
    assert_eq!(bench.put("AT+CGMI\rAT+CSQ\r"), "\r\nhuawei\r\n\r\nOK\r\n\r\n+CSQ: 22,99\r\n\r\nOK\r\n");
    assert_eq!(bench.put("AT+CNMI=1,1,0,1,0\r"), "\r\nOK\r\n");
    assert_eq!(bench.put("AT+CMGS=23\r"), "\r\n> ");
    assert_eq!(bench.player.missing().len(), 1);
    // Another TP-MR and another validity are the gateway's own choice.
    assert_eq!(bench.put("0031070A91540200003000000B0BCCF79C0E0ABBE7F7B21C\x1a"), "");
    assert_eq!(bench.wait(14), "\r\n^BOOT:1\r\n");
    assert_eq!(bench.wait(1), "\r\n+CMGS: 64\r\n\r\nOK\r\n");
    assert_eq!(bench.wait(10), "\r\n+CDS: 25\r\n\r\n0791\r\n");
    assert_eq!(bench.put("AT+CNMA\r"), "\r\nOK\r\n");
    assert_eq!((bench.player.errors().len(), bench.player.missing().len()), (0, 0));
}

#[test]
fn another_message_is_complained_of_with_file_and_line() {
    let mut bench = Bench::new(DIALOGUE, PlayerSettings { haste: 100, any_message: false });
    bench.put("AT+CMGS=22\r");
    bench.put("0031000A9154020000310000A70BCCF79C0E0ABBE7F7B21C\x1a");
    assert!(bench.player.errors()[0].starts_with("e173.txt:9: expected Line(\"AT+CMGS=23\")"));
    assert!(bench.player.errors()[1].starts_with("e173.txt:11: expected Pdu("));
    assert!(bench.wait(1).contains("+CMGS: 64"));
    assert_eq!(bench.put("AT+CMGS=22\r"), "\r\nERROR\r\n");
    assert_eq!(bench.player.errors().len(), 3);
    let mut any = Bench::new(DIALOGUE, PlayerSettings { haste: 100, any_message: true });
    any.put("AT+CMGS=22\r0031\x1a");
    assert!(any.player.errors().is_empty());
}

#[test]
fn messages_wait_until_the_gateway_is_set_up_and_quiet() {
    let dialogue = "< +CMTI: \"ME\",0\n> AT+CMGR=0\n< +CMGR: 0,,29\n< 07\n< OK\n> AT+CMGD=0\n< OK\n< +CMTI: \"ME\",1\n";
    let mut bench = Bench::new(dialogue, PlayerSettings::default());
    assert_eq!(bench.wait(60), "");
    bench.put("AT+CNMI=1,1,0,1,0\r");
    assert_eq!(bench.wait(1), "\r\n+CMTI: \"ME\",0\r\n");
    assert!(bench.put("AT+CMGR=0\r").starts_with("\r\n+CMGR: 0,,29"));
    // The gateway keeps the slot, and the dialogue goes on.
    assert_eq!(bench.wait(6), "\r\n+CMTI: \"ME\",1\r\n");
}

#[test]
fn the_port_goes_and_comes_as_in_the_dialogue() {
    let dialogue = "> AT+CMGS=23\n<< \\r\\n> \n>> 00\\x1A\n! close\n! open 25\n> AT\n< OK\n";
    let mut bench = Bench::new(dialogue, PlayerSettings { haste: 1, any_message: true });
    bench.put("AT+CMGS=23\r");
    bench.put("00\x1a");
    assert_eq!(bench.player.poll_port(), Some(PortChange::Gone));
    bench.wait(24);
    assert_eq!(bench.player.poll_port(), None);
    bench.wait(1);
    assert_eq!(bench.player.poll_port(), Some(PortChange::Back));
    assert_eq!(bench.put("AT\r"), "\r\nOK\r\n");
}
