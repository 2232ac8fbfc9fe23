//! Claims about whole sessions, with made-up instants and a peer made of PDUs.

mod begin_and_end;
mod hostile;
mod mutations;
mod requests;
mod two_sided;

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::{CloseReason, Note, Outcome, Session, SessionEvent, SessionSettings, SubmitError};
use crate::pdu::{Bind, BindKind, BindResp, DataSm, DataSmResp, DeliverSm, DeliverSmResp, SubmitSm, SubmitSmResp};
use crate::profile::{CarrierProfile, Timers};
use crate::{Body, CommandId, CommandStatus, FrameSplitter, Pdu};

/// One session, its clock, and what the test sends and gets in the peer's place.
struct Bench {
    session: Session<u64>,
    now: Instant,
    from_session: FrameSplitter,
}

fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the tests' zero")]
    Instant::now()
}

fn profile() -> CarrierProfile {
    CarrierProfile {
        window: 4,
        inbound_window: 3,
        timers: Timers { inactivity: Some(Duration::from_secs(300)), ..Timers::default() },
        ..CarrierProfile::default()
    }
}

impl Bench {
    fn new(settings: SessionSettings) -> Self {
        let now = start();
        Self { session: Session::new(now, settings), now, from_session: FrameSplitter::default() }
    }

    /// An ESME that is not bound.
    fn esme() -> Self {
        Self::new(SessionSettings::esme(&profile()))
    }

    /// An ESME that is bound as transceiver; the bind had number 1.
    fn bound() -> Self {
        Self::bound_with(SessionSettings::esme(&profile()))
    }

    fn bound_with(settings: SessionSettings) -> Self {
        let first = settings.first_sequence;
        let mut bench = Self::new(settings);
        bench.session.bind(bench.now, profile().account.bind(BindKind::Transceiver)).unwrap();
        bench.sent();
        bench.answer(first, CommandStatus::ROK, Body::BindResp(bind_resp(BindKind::Transceiver)));
        assert!(matches!(bench.events()[..], [SessionEvent::Bound { .. }]));
        bench
    }

    /// An SMSC that an ESME has bound to.
    fn smsc(kind: BindKind) -> Self {
        Self::smsc_with(kind, SessionSettings { inbound_window: 3, ..SessionSettings::smsc() })
    }

    fn smsc_with(kind: BindKind, settings: SessionSettings) -> Self {
        let mut bench = Self::new(settings);
        bench.request(1, Body::Bind(Bind { kind, interface_version: 0x34, ..Bind::default() }));
        assert!(bench.session.accept_bind(bench.now, "smsc"));
        bench.events();
        bench.sent();
        bench
    }

    fn wait(&mut self, span: Duration) {
        self.now += span;
        self.session.handle_timeout(self.now);
    }

    fn receive(&mut self, pdu: &Pdu) {
        let mut octets = BytesMut::new();
        pdu.encode(&mut octets).unwrap();
        self.session.handle_bytes(self.now, &octets);
    }

    fn request(&mut self, sequence: u32, body: Body) {
        self.receive(&Pdu::request(sequence, body));
    }

    fn answer(&mut self, sequence: u32, status: CommandStatus, body: Body) {
        self.receive(&Pdu::answer(status, sequence, body));
    }

    fn submit(&mut self, token: u64) -> Result<u32, SubmitError> {
        self.session.submit(self.now, submit_sm(), token)
    }

    fn events(&mut self) -> Vec<SessionEvent<u64>> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    /// What the session sends, decoded.
    fn sent(&mut self) -> Vec<Pdu> {
        while let Some(octets) = self.session.poll_transmit() {
            self.from_session.handle_bytes(&octets);
        }
        std::iter::from_fn(|| self.from_session.next_frame().unwrap())
            .map(|frame: Bytes| Pdu::decode(&frame).unwrap().pdu)
            .collect()
    }

    /// The commands and statuses of what the session sends.
    fn sent_commands(&mut self) -> Vec<(CommandId, u32, CommandStatus)> {
        self.sent().iter().map(|pdu| (pdu.body.command_id(), pdu.sequence_number, pdu.command_status)).collect()
    }
}

fn submit_sm() -> Body {
    Body::SubmitSm(SubmitSm { short_message: Bytes::from_static(b"hello"), ..SubmitSm::default() })
}

fn submit_sm_resp(id: &str) -> Body {
    Body::SubmitSmResp(SubmitSmResp { message_id: id.into(), ..SubmitSmResp::default() })
}

fn deliver_sm() -> Body {
    Body::DeliverSm(DeliverSm { short_message: Bytes::from_static(b"reply"), ..DeliverSm::default() })
}

fn deliver_sm_resp() -> Body {
    Body::DeliverSmResp(DeliverSmResp::default())
}

fn data_sm() -> Body {
    Body::DataSm(DataSm::default())
}

fn data_sm_resp() -> Body {
    Body::DataSmResp(DataSmResp::default())
}

fn bind_resp(kind: BindKind) -> BindResp {
    BindResp { kind, system_id: "carrier".into(), ..BindResp::default() }
}

/// The tokens and kinds of the outcomes among events.
fn outcomes(events: &[SessionEvent<u64>]) -> Vec<(u64, Outcome)> {
    let mut found = Vec::new();
    for event in events {
        if let SessionEvent::Outcome { token, outcome } = event {
            found.push((*token, outcome.clone()));
        }
    }
    found
}

fn close_reason(events: &[SessionEvent<u64>]) -> Option<CloseReason> {
    events.iter().find_map(|event| if let SessionEvent::Close(reason) = event { Some(*reason) } else { None })
}

fn notes(events: Vec<SessionEvent<u64>>) -> Vec<Note> {
    let mut found = Vec::new();
    for event in events {
        if let SessionEvent::Note(note) = event {
            found.push(note);
        }
    }
    found
}
