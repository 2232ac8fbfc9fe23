//! A carrier, a link, and what passes between the link and the settler.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use postrider::link::connector::ConnectorSettings;
use postrider::link::{AckResult, HostPort, LinkHandle, SmppLinkSettings, spawn};
use postrider::model::{
    AckToken, Alphabet, Class, Concatenation, Encoded, InboundPart, Indication, LinkEvent, LinkHealth, LinkName,
    MessageId, Receipt, SegmentTurn, Sender, Submission, SubmitOutcome, SubmitResult, Timestamp,
};
use postrider::sim::{CarrierServer, CarrierSettings, ServerSettings};
use postrider::smpp::profile::CarrierProfile;
use tokio::sync::mpsc;

/// A test that waits for longer than this waits in vain.
const GUARD: Duration = Duration::from_secs(20);

/// A link with the settler's end of its channel.
pub struct Rig {
    pub link: LinkHandle,
    pub events: mpsc::Receiver<(LinkName, Vec<LinkEvent>)>,
    seen: VecDeque<LinkEvent>,
}

/// A carrier with these settings on a free port.
pub async fn carrier(settings: CarrierSettings) -> CarrierServer {
    listen("127.0.0.1:0".parse().unwrap(), settings).await
}

pub async fn listen(address: SocketAddr, carrier: CarrierSettings) -> CarrierServer {
    CarrierServer::listen(address, ServerSettings { carrier, ..ServerSettings::default() }).await.unwrap()
}

/// The account "shop1" with the password "secret".
pub fn accounts() -> BTreeMap<String, String> {
    [("shop1".to_owned(), "secret".to_owned())].into()
}

/// A profile for that account with a window of ten.
pub fn profile() -> CarrierProfile {
    let mut profile = CarrierProfile::default();
    profile.account.system_id = "shop1".to_owned();
    profile.account.password = "secret".to_owned().into();
    profile
}

/// A link to `address` that loses no time between tries.
pub fn settings(address: SocketAddr, profile: CarrierProfile) -> SmppLinkSettings {
    let host = HostPort::new(&address.ip().to_string(), address.port());
    let mut settings = SmppLinkSettings::new(LinkName::new("north", 1), Arc::new(profile), vec![host]);
    settings.connector = ConnectorSettings {
        pause_first: Duration::from_millis(5),
        pause_max: Duration::from_millis(20),
        bind_gap_min: Duration::from_millis(5),
        ..ConnectorSettings::default()
    };
    settings
}

impl Rig {
    pub fn start(settings: SmppLinkSettings) -> Self {
        let (sender, events) = mpsc::channel(16);
        Self { link: spawn(settings, sender), events, seen: VecDeque::new() }
    }

    /// A link with the usual settings, once it is up.
    pub async fn up(carrier: &CarrierServer) -> Self {
        let mut rig = Self::start(settings(carrier.address(), profile()));
        rig.until_up().await;
        rig
    }

    pub async fn next(&mut self) -> LinkEvent {
        while self.seen.is_empty() {
            let waited = tokio::time::timeout(GUARD, self.events.recv()).await;
            self.seen.extend(waited.expect("an event within the guard").expect("the link still runs").1);
        }
        self.seen.pop_front().expect("not empty")
    }

    /// What has come so far and was not looked at.
    pub fn at_hand(&mut self) -> Vec<LinkEvent> {
        while let Ok((_, batch)) = self.events.try_recv() {
            self.seen.extend(batch);
        }
        self.seen.drain(..).collect()
    }

    pub async fn health(&mut self) -> LinkHealth {
        loop {
            if let LinkEvent::Health(health) = self.next().await {
                return health;
            }
        }
    }

    pub async fn until_up(&mut self) {
        while self.health().await != LinkHealth::Up {}
    }

    /// Waits for the link to go down and gives the reason.
    pub async fn down(&mut self) -> String {
        loop {
            if let LinkHealth::Down(why) = self.health().await {
                return why;
            }
        }
    }

    pub async fn submitted(&mut self) -> SubmitResult {
        loop {
            if let LinkEvent::Submit(result) = self.next().await {
                return result;
            }
        }
    }

    pub async fn outcomes(&mut self, count: usize) -> Vec<SubmitOutcome> {
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            outcomes.push(self.submitted().await.outcome);
        }
        outcomes
    }

    pub async fn receipt(&mut self) -> (Receipt, AckToken) {
        loop {
            if let LinkEvent::Receipt { receipt, ack } = self.next().await {
                return (receipt, ack.expect("a receipt over SMPP waits for its answer"));
            }
        }
    }

    pub async fn inbound(&mut self) -> (InboundPart, AckToken) {
        loop {
            if let LinkEvent::Inbound { part, ack } = self.next().await {
                return (part, ack.expect("a message over SMPP waits for its answer"));
            }
        }
    }

    pub fn ack(&self, token: AckToken) {
        self.link.ack(token, AckResult::Ok);
    }

    /// Hands over one text of one segment.
    pub fn offer(&self, id: i64) {
        self.link.offer(submission(id, &["Hello"])).expect("the link takes it");
    }
}

/// The guard for waits that are not for events.
pub async fn guarded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(GUARD, work).await.expect("done within the guard")
}

pub fn wall() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "turns are planned on the real clock here")]
    jiff::Timestamp::now().into()
}

/// A message whose segments are due at once.
pub fn submission(id: i64, segments: &[&str]) -> Submission {
    let concatenation = if segments.len() > 1 { Concatenation::Reference8 } else { Concatenation::None };
    Submission {
        message: MessageId::from_i64(id).unwrap(),
        attempt: 1,
        from: Some(Sender::parse("SHOP").unwrap()),
        to: "+821012345678".parse().unwrap(),
        class: Class::Transactional,
        encoded: Arc::new(Encoded {
            alphabet: Alphabet::Gsm7,
            indication: Indication::default(),
            concatenation,
            reference: 0x42,
            elements: Vec::new(),
            segments: segments.iter().map(|text| text.as_bytes().to_vec()).collect(),
        }),
        turns: (0..).zip(segments).map(|(index, _)| SegmentTurn { index, not_before: Timestamp::default() }).collect(),
        gap: std::time::Duration::ZERO,
        allowance: None,
        valid_until: wall().plus(Duration::from_secs(86_400)),
        parameters: BTreeMap::new(),
    }
}

pub fn is_accepted(outcome: &SubmitOutcome) -> bool {
    matches!(outcome, SubmitOutcome::Accepted { carrier_id: Some(_) })
}

pub fn is_unanswered(outcome: &SubmitOutcome) -> bool {
    matches!(outcome, SubmitOutcome::Unanswered { .. })
}

pub fn is_not_sent(outcome: &SubmitOutcome) -> bool {
    matches!(outcome, SubmitOutcome::NotSent { .. })
}
