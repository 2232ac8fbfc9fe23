//! Our link bound to an SMSC that nobody here wrote: the server of the crate `smpp34`.
//!
//! Every script of the promise, in 1 to 10 segments, arrives there octet by octet, and its receipts come back.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use postrider::link::{AckResult, HostPort, LinkHandle, SmppLinkSettings, spawn};
use postrider::model::{
    Alphabet, Body, Class, Data, Encoded, Indication, LinkEvent, LinkHealth, LinkName, MessageId, SegmentTurn, Sender,
    State, Submission, SubmitOutcome, Timestamp,
};
use postrider::smpp::profile::CarrierProfile;
use postrider::text::{self, TextProfile};
use smpp34::server::ESME;
use smpp34::{
    SmppConnectionInformation, SmppError, SmppServer, SmppServerListener, TlvTag, bind_transceiver,
    bind_transceiver_resp, submit_sm, submit_sm_resp,
};
use tokio::sync::mpsc;

const GUARD: Duration = Duration::from_secs(30);

/// What arrived, and the sessions to send receipts on.
#[derive(Default)]
struct Smsc {
    arrived: Mutex<Vec<submit_sm>>,
    sessions: Mutex<HashMap<String, Arc<ESME>>>,
}

#[async_trait]
impl SmppServerListener for Smsc {
    async fn on_bind_transceiver(
        &self,
        request: bind_transceiver,
        _: &SmppConnectionInformation,
        _: &String,
    ) -> bind_transceiver_resp {
        if request.system_id == "shop1" && request.password == "secret" {
            request.accept("smpp34".to_owned(), Some(0x34))
        } else {
            request.reject(SmppError::ESME_RINVPASWD)
        }
    }

    async fn on_esme_bound(&self, esme: ESME, session: &String) {
        self.sessions.lock().unwrap().insert(session.clone(), Arc::new(esme));
    }

    async fn on_submit_sm(
        &self,
        request: submit_sm,
        _: &SmppConnectionInformation,
        session: &String,
    ) -> submit_sm_resp {
        let id = {
            let mut arrived = self.arrived.lock().unwrap();
            arrived.push(request.clone());
            format!("peer-{}", arrived.len())
        };
        let esme = self.sessions.lock().unwrap().get(session).cloned();
        if let Some(esme) = esme {
            let (handset, sender, id) = (request.destination_addr.clone(), request.source_addr.clone(), id.clone());
            tokio::spawn(async move {
                let text = format!(
                    "id:{id} sub:001 dlvrd:001 submit date:2611220000 done date:2611220001 stat:DELIVRD err:000 text:"
                );
                let receipt = esme.deliver_sm().source_addr_ton(1).source_addr_npi(1).source_addr(handset);
                let receipt = receipt.destination_addr(sender).esm_class(0x04).short_message(text.into_bytes());
                let receipt = receipt.tlv(TlvTag::ReceiptedMessageId, format!("{id}\0").into_bytes());
                receipt.tlv(TlvTag::MessageStateTlv, [2]).send().await.expect("the receipt is answered");
            });
        }
        request.accept(id)
    }
}

/// A free port: taken for a moment and given back.
async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap().port()
}

struct Peer {
    smsc: Arc<Smsc>,
    server: SmppServer,
    link: LinkHandle,
    events: mpsc::Receiver<(LinkName, Vec<LinkEvent>)>,
}

async fn start() -> Peer {
    let smsc = Arc::new(Smsc::default());
    let port = free_port().await;
    let mut server = SmppServer::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port, smsc.clone());
    server.start().await;
    let mut profile = CarrierProfile { window: 50, ..CarrierProfile::default() };
    profile.account.system_id = "shop1".to_owned();
    profile.account.password = "secret".to_owned().into();
    let (sender, events) = mpsc::channel(64);
    let hosts = vec![HostPort::new("127.0.0.1", port)];
    let link = spawn(SmppLinkSettings::new(LinkName::new("peer", 1), Arc::new(profile), hosts), sender);
    Peer { smsc, server, link, events }
}

impl Peer {
    async fn batch(&mut self) -> Vec<LinkEvent> {
        tokio::time::timeout(GUARD, self.events.recv()).await.expect("an event in time").expect("the link runs").1
    }

    async fn until_up(&mut self) {
        while !self.batch().await.contains(&LinkEvent::Health(LinkHealth::Up)) {}
    }

    /// Submits everything, and gives the carrier's ids and those of the receipts.
    async fn carry(&mut self, messages: &[Submission]) -> (Vec<String>, Vec<String>) {
        let total: usize = messages.iter().map(|message| message.turns.len()).sum();
        let mut waiting = messages.iter().cloned().collect::<std::collections::VecDeque<_>>();
        let (mut accepted, mut delivered) = (Vec::new(), Vec::new());
        while accepted.len() < total || delivered.len() < total {
            while let Some(next) = waiting.pop_front() {
                if let Err(back) = self.link.offer(next) {
                    waiting.push_front(back);
                    break;
                }
            }
            for event in self.batch().await {
                match event {
                    LinkEvent::Submit(result) => match result.outcome {
                        SubmitOutcome::Accepted { carrier_id: Some(id) } => accepted.push(id.as_str().to_owned()),
                        other => panic!("{other:?}"),
                    },
                    LinkEvent::Receipt { receipt, ack } => {
                        assert_eq!(receipt.state, State::Delivered);
                        assert_eq!(receipt.source, Some(Sender::International(messages[0].to.clone())));
                        delivered.push(receipt.ids[0].as_str().to_owned());
                        self.link.ack(ack.unwrap(), AckResult::Ok);
                    }
                    LinkEvent::Inbound { part, .. } => panic!("{part:?}"),
                    LinkEvent::Modem { notice, .. } => panic!("{notice:?}"),
                    LinkEvent::Session { .. } => {}
                    LinkEvent::Health(health) => assert_eq!(health, LinkHealth::Up),
                }
            }
        }
        (accepted, delivered)
    }
}

/// `phrase` repeated until it needs exactly `segments` segments.
fn text_of(phrase: &str, segments: usize) -> (String, Encoded) {
    let alphabets = vec![Alphabet::Gsm7, Alphabet::Ucs2];
    let profile = TextProfile { alphabets, ..TextProfile::default() };
    let mut text = String::new();
    loop {
        text.push_str(phrase);
        let body = Body::Text(text.clone());
        let encoded = text::encode(&body, &Indication::default(), &profile, None).unwrap().encoded;
        if encoded.segments.len() == segments {
            return (text, encoded);
        }
        assert!(encoded.segments.len() < segments, "the phrase is too long");
    }
}

fn data_of(segments: usize) -> Encoded {
    let octets = if segments == 1 { 100 } else { 134 * (segments - 1) + 50 };
    let octets = (0..octets).map(|place: usize| place.to_le_bytes()[0]).collect();
    let body = Body::Data(Data { octets, elements: Vec::new() });
    text::encode(&body, &Indication::default(), &TextProfile::default(), None).unwrap().encoded
}

fn submission(id: i64, mut encoded: Encoded) -> Submission {
    encoded.reference = u16::try_from(id).unwrap();
    let count = u8::try_from(encoded.segments.len()).unwrap();
    Submission {
        message: MessageId::from_i64(id).unwrap(),
        attempt: 1,
        from: Some(Sender::parse("SHOP").unwrap()),
        to: "+821012345678".parse().unwrap(),
        class: Class::Transactional,
        encoded: Arc::new(encoded),
        turns: (0..count).map(|index| SegmentTurn { index, not_before: Timestamp::default() }).collect(),
        gap: std::time::Duration::ZERO,
        valid_until: "2026-12-31T00:00:00Z".parse().unwrap(),
        parameters: BTreeMap::new(),
    }
}

#[tokio::test]
async fn every_script_in_one_to_ten_segments_arrives_octet_by_octet() {
    let phrases = [
        "안녕하세요, 주문이 도착했습니다. ",
        "สวัสดีครับ ",
        "Siparişiniz yola çıktı, ğüşiöç. ",
        "주문 🎉👍🏽 ",
        "Order ready [1€]. ",
    ];
    let mut texts = Vec::new();
    let mut messages = Vec::new();
    for phrase in phrases {
        for segments in 1..=10 {
            let (text, encoded) = text_of(phrase, segments);
            texts.push(Some(text));
            messages.push(submission(i64::try_from(texts.len()).unwrap(), encoded));
        }
    }
    for segments in 1..=10 {
        texts.push(None);
        messages.push(submission(i64::try_from(texts.len()).unwrap(), data_of(segments)));
    }

    let mut peer = start().await;
    peer.until_up().await;
    let (mut accepted, mut delivered) = peer.carry(&messages).await;
    accepted.sort();
    delivered.sort();
    assert_eq!(accepted, delivered, "every receipt names an id that was given out, each once");
    assert_eq!(accepted.len(), 55 * 6);

    let arrived = peer.smsc.arrived.lock().unwrap().clone();
    let mut place = arrived.iter();
    for (message, text) in messages.iter().zip(&texts) {
        let encoded = &message.encoded;
        let mut whole = Vec::new();
        for index in 0..encoded.segments.len() {
            let seen = place.next().expect("it arrived");
            let header = encoded.user_data_header(index);
            assert_eq!(seen.short_message, [&header[..], &encoded.segments[index]].concat());
            assert_eq!(seen.esm_class & 0x40 != 0, !header.is_empty());
            let coding = match encoded.alphabet {
                Alphabet::Gsm7 => 0x00,
                Alphabet::Ucs2 => 0x08,
                Alphabet::Binary => 0x04,
                Alphabet::Latin1 | Alphabet::EucKr => panic!("not among them"),
            };
            assert_eq!(seen.data_coding, coding);
            assert_eq!((seen.source_addr.as_str(), seen.source_addr_ton), ("SHOP", 5));
            assert_eq!((seen.destination_addr.as_str(), seen.dest_addr_ton), ("821012345678", 1));
            whole.extend_from_slice(&seen.short_message[header.len()..]);
        }
        if let Some(text) = text {
            assert_eq!(&text::decode(encoded.alphabet, &whole, &encoded.elements), text);
        }
    }
    tokio::time::timeout(GUARD, peer.link.shutdown(Duration::from_secs(5))).await.expect("the link stops");
    peer.server.stop().await;
}
