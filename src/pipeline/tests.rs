//! The stages against a database in memory, with made-up instants.

use std::time::Duration;

use super::*;
use crate::model::*;
use crate::store::message::{self, Filter};
use crate::store::{Database, callback, event, inbound, submission};
use crate::text::TextProfile;

const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const SECOND: Duration = Duration::from_secs(1);

mod callbacks;
mod clocks;
mod damage;
mod doubts;
mod id_forms;
mod long_texts;
mod modems;
mod parts;
mod restored;

/// A gateway with one route over the groups `north` and `south`, and nothing but rows behind it.
struct Gateway {
    database: Database,
    settings: Settings,
    dispatcher: Dispatcher,
    now: Timestamp,
}

impl Gateway {
    fn new() -> Self {
        let mut settings = Settings {
            routes: vec![crate::policy::routes::Route::over("all", &["north", "south"])],
            callback_target: Some("http://tool/".to_owned()),
            inbound_target: Some("http://tool/in".to_owned()),
            // The law has tests of its own.
            consent: std::sync::Arc::new(crate::campaign::Rules::off()),
            ..Settings::default()
        };
        for name in ["north", "south"] {
            settings.groups.insert(name.into(), Group::new(TextProfile::default(), None));
        }
        Self { database: Database::in_memory().unwrap(), settings, dispatcher: Dispatcher::default(), now: START }
    }

    fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, crate::store::StoreError>) -> T {
        let (settings, now) = (&self.settings, self.now);
        self.database.write(|tx| work(&Turn::new(tx, settings, now))).unwrap()
    }

    fn post(&mut self, new: NewMessage) -> MessageId {
        let prepared = prepare(&self.settings, new, self.now).unwrap();
        self.turn(|turn| accept(turn, 1, std::slice::from_ref(&prepared)))[0].id
    }

    fn post_text(&mut self, text: &str) -> MessageId {
        self.post(NewMessage::text("+821012345678".parse().unwrap(), text))
    }

    fn dispatch_to(&mut self, links: &[(&str, usize)]) -> Dispatched {
        let offers = links.iter().map(|(name, free)| LinkOffer::new(LinkName::new(name, 1), *free, false)).collect();
        let mut dispatcher = self.dispatcher.clone();
        let out = self.turn(|turn| dispatch(turn, &mut dispatcher, offers));
        self.dispatcher = dispatcher;
        out
    }

    fn dispatch(&mut self) -> Vec<Submission> {
        self.dispatch_to(&[("north", 100)]).submissions.into_iter().map(|(_, submission)| submission).collect()
    }

    fn outcome(&mut self, message: MessageId, attempt: u32, index: u8, outcome: SubmitOutcome) {
        let event = LinkEvent::Submit(SubmitResult { message, attempt, index, outcome });
        self.turn(|turn| settle(turn, &LinkName::new("north", 1), std::slice::from_ref(&event)));
    }

    fn accepted(&mut self, message: MessageId, attempt: u32, index: u8, carrier_id: &str) {
        let carrier_id = CarrierMessageId::new(carrier_id);
        self.outcome(message, attempt, index, SubmitOutcome::Accepted { carrier_id });
    }

    fn receipt(&mut self, id: &str, state: State) {
        self.receipt_for(id, state, Some("+821012345678"));
    }

    fn receipt_for(&mut self, id: &str, state: State, recipient: Option<&str>) {
        self.receipt_between(id, state, recipient, None);
    }

    fn receipt_between(&mut self, id: &str, state: State, source: Option<&str>, destination: Option<&str>) {
        let receipt = Receipt {
            ids: CarrierMessageId::new(id).into_iter().collect(),
            state,
            unread: Vec::new(),
            raw_state: state.as_str().to_uppercase(),
            error: String::new(),
            source: source.map(Sender::from_network),
            destination: destination.map(Sender::from_network),
            done_at: None,
        };
        let event = LinkEvent::Receipt { receipt, ack: None };
        self.turn(|turn| settle(turn, &LinkName::new("north", 2), std::slice::from_ref(&event)));
    }

    fn state(&self, id: MessageId) -> State {
        self.database.read(|c| message::state_of(c, id)).unwrap().unwrap()
    }

    fn story(&self, id: MessageId) -> Vec<State> {
        self.database.read(|c| event::of(c, id)).unwrap().into_iter().map(|event| event.state).collect()
    }

    /// The kinds of the callbacks that are due, which are then done.
    fn told(&mut self) -> Vec<String> {
        let mut kinds = Vec::new();
        loop {
            let (due, _) = self.turn(|turn| notify::take(turn, 100));
            if due.is_empty() {
                return kinds;
            }
            let endings: Vec<_> =
                due.into_iter().map(|callback| (callback, callback::Ending::Done, "200".to_owned())).collect();
            for (callback, ..) in &endings {
                let body: serde_json::Value = serde_json::from_str(&callback.body).unwrap();
                kinds.push(body["type"].as_str().unwrap().to_owned());
            }
            self.turn(|turn| notify::record(turn, &endings));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }
}

fn refused(class: ErrorClass) -> SubmitOutcome {
    SubmitOutcome::Refused { class, code: 8, reason: "refused".to_owned(), retry_after: None }
}

fn lost() -> SubmitOutcome {
    SubmitOutcome::Unanswered { reason: "the link dropped".to_owned() }
}

fn part(text: &str, number: u8, total: u8) -> LinkEvent {
    let payload = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let part = InboundPart {
        from: Sender::from_network("+821012345678"),
        to: Sender::from_network("15771234"),
        alphabet: Alphabet::Ucs2,
        payload,
        elements: Vec::new(),
        part_of: (total > 1).then_some(PartOf { reference: 9, wide: false, total, number }),
        network_time: None,
    };
    LinkEvent::Inbound { part, ack: Some(AckToken { session: 1, sequence: 5, ..AckToken::default() }) }
}

fn long_korean() -> String {
    "안녕하세요 고객님 ".repeat(15)
}

#[test]
fn a_message_goes_from_accept_to_delivered_and_the_tool_is_told_once() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    assert_eq!(gateway.state(id), State::Queued);
    let sent = gateway.dispatch();
    assert_eq!((sent[0].message, sent[0].attempt, sent[0].turns.len()), (id, 1, 1));
    assert!(gateway.dispatch().is_empty(), "leased once");
    gateway.accepted(id, 1, 0, "ab12");
    gateway.receipt("AB12", State::Delivered);
    gateway.receipt("AB12", State::Delivered);
    assert_eq!(gateway.story(id), [State::Leased, State::Sent, State::Delivered]);
    assert_eq!(gateway.told(), ["message.delivered"]);
}

#[test]
fn early_receipt_waits_for_its_submit_response() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    gateway.dispatch();
    gateway.receipt("00ab12", State::Delivered);
    assert_eq!(gateway.state(id), State::Leased);
    gateway.accepted(id, 1, 0, "AB12");
    assert_eq!(gateway.state(id), State::Delivered);
}

#[test]
fn a_receipt_matches_whatever_the_writing_of_its_id_but_only_for_its_handset() {
    for (answer, receipt) in [("39F99DD5", "0972660181"), ("0972660181", "39f99dd5"), ("00B8BE19", "B8BE19")] {
        for early in [false, true] {
            let mut gateway = Gateway::new();
            let id = gateway.post_text("hello");
            gateway.dispatch();
            if early {
                gateway.receipt(receipt, State::Delivered);
            }
            gateway.accepted(id, 1, 0, answer);
            if !early {
                gateway.receipt_for(receipt, State::Delivered, Some("+821099999999"));
                assert_eq!(gateway.state(id), State::Sent, "another handset's receipt");
                gateway.receipt(receipt, State::Delivered);
            }
            assert_eq!(gateway.state(id), State::Delivered, "{answer} and {receipt}, early {early}");
        }
    }
}

#[test]
fn a_retryable_refusal_goes_again_and_gives_up_after_the_last_try() {
    let mut gateway = Gateway::new();
    let id = gateway.post(NewMessage {
        valid_for: Some(Duration::from_secs(1_000_000)),
        ..NewMessage::text("+821012345678".parse().unwrap(), "hello")
    });
    for attempt in 1..=6 {
        assert_eq!(gateway.dispatch().len(), 1, "try {attempt}");
        gateway.outcome(id, attempt, 0, refused(ErrorClass::Retry));
        assert!(gateway.dispatch().is_empty(), "it waits before it goes again");
        gateway.pass(SECOND * 30_000);
    }
    assert_eq!(gateway.state(id), State::Failed);
    assert_eq!(gateway.told(), ["message.failed"]);
}

#[test]
fn throttling_and_a_dropped_link_cost_no_try() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    for attempt in 1..20 {
        assert_eq!(gateway.dispatch().len(), 1);
        let outcome = match attempt % 2 {
            0 => refused(ErrorClass::Backoff),
            _ => SubmitOutcome::NotSent { reason: "the link closed".to_owned() },
        };
        gateway.outcome(id, attempt, 0, outcome);
        gateway.pass(SECOND);
    }
    assert_eq!(gateway.state(id), State::Queued);
}

#[test]
fn a_permanent_refusal_ends_it_at_once() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    gateway.dispatch();
    gateway.outcome(id, 1, 0, refused(ErrorClass::Permanent));
    assert_eq!(gateway.state(id), State::Failed);
}

#[test]
fn a_link_that_is_down_is_passed_over_and_a_busy_one_is_waited_for() {
    let mut gateway = Gateway::new();
    gateway.post_text("hello");
    assert!(gateway.dispatch_to(&[("north", 0), ("south", 9)]).submissions.is_empty(), "north is only busy");
    let out = gateway.dispatch_to(&[("south", 9)]);
    assert_eq!(out.submissions[0].0, LinkName::new("south", 1));
}

#[test]
fn the_rate_holds_for_segments_over_a_restart() {
    let mut gateway = Gateway::new();
    gateway.settings.groups.insert("north".into(), Group::new(TextProfile::default(), Some(2.0)));
    for _ in 0..10 {
        gateway.post_text("hello");
    }
    let mut departures = Vec::new();
    for _ in 0..400 {
        let out = gateway.dispatch_to(&[("north", 100)]);
        departures.extend(out.submissions.iter().map(|(_, one)| one.turns[0].not_before));
        let kept = gateway.database.read(crate::store::throttle::load).unwrap();
        gateway.dispatcher = Dispatcher::new(&kept);
        gateway.now = out.next_at.unwrap_or(gateway.now).max(gateway.now.plus(SECOND / 100));
    }
    assert_eq!(departures.len(), 10);
    assert!(departures.windows(2).all(|two| two[1].since(two[0]) >= SECOND / 2), "{departures:?}");
    let (even, whole) = (SECOND * 9 / 2, departures[9].since(departures[0]));
    assert!(whole > even && whole < even.mul_f64(1.01), "as fast as a second with both its ends allows: {whole:?}");
    let took = departures[9].since(departures[0]);
    assert!(took <= (SECOND * 9 / 2).mul_f64(1.01), "{took:?}");
}

#[test]
fn codes_overtake_campaigns() {
    let mut gateway = Gateway::new();
    let new = |class| NewMessage { class, ..NewMessage::text("+821012345678".parse().unwrap(), "x") };
    gateway.post(new(Class::Marketing));
    gateway.post(new(Class::Transactional));
    let code = gateway.post(new(Class::Otp));
    let out = gateway.dispatch_to(&[("north", 1)]);
    assert_eq!(out.submissions[0].1.message, code);
    assert!(!out.more && out.next_at.is_none(), "a full link wakes the dispatcher by itself");
}

#[test]
fn a_scheduled_message_waits_for_its_time_and_can_be_withdrawn_until_then() {
    let mut gateway = Gateway::new();
    let new = |at| NewMessage { send_at: Some(at), ..NewMessage::text("+821012345678".parse().unwrap(), "x") };
    let later = gateway.post(new(START.plus(SECOND * 100)));
    let withdrawn = gateway.post(new(START.plus(SECOND * 100)));
    assert_eq!(gateway.state(later), State::Scheduled);
    let out = gateway.dispatch_to(&[("north", 5)]);
    assert_eq!((out.submissions.len(), out.next_at), (0, Some(START.plus(SECOND * 100))));
    assert_eq!(gateway.turn(|turn| cancel(turn, withdrawn)), Canceled::Done);
    gateway.pass(SECOND * 100);
    assert_eq!(gateway.dispatch()[0].message, later);
    assert_eq!(gateway.turn(|turn| cancel(turn, later)), Canceled::TooLate(State::Leased));
    assert_eq!(gateway.state(withdrawn), State::Canceled);
}

#[test]
fn what_cannot_be_sent_in_time_expires_and_what_gets_no_receipt_is_uncertain() {
    let mut gateway = Gateway::new();
    let waiting = gateway.post_text("waiting");
    gateway.pass(SECOND * 3600 * 24);
    assert_eq!(gateway.turn(sweep).changed, 1);
    assert_eq!(gateway.state(waiting), State::Expired);
    let sent = gateway.post_text("sent");
    gateway.dispatch();
    gateway.accepted(sent, 1, 0, "1");
    gateway.pass(SECOND * 3600 * 48);
    gateway.turn(sweep);
    assert_eq!(gateway.state(sent), State::Uncertain);
    gateway.receipt("1", State::Delivered);
    assert_eq!(gateway.state(sent), State::Delivered, "a late receipt still counts");
}

#[test]
fn old_messages_go_with_all_their_rows() {
    let mut gateway = Gateway::new();
    let id = gateway
        .post(NewMessage { tags: vec!["sale".to_owned()], ..NewMessage::text("+821012345678".parse().unwrap(), "x") });
    gateway.dispatch();
    gateway.accepted(id, 1, 0, "1");
    gateway.receipt("1", State::Delivered);
    gateway.told();
    gateway.pass(gateway.settings.keep_for);
    assert_eq!(gateway.turn(sweep).purged, 1);
    let left = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        gateway.database.read(|c| Ok(c.query_row(&sql, [], |row| row.get(0))?)).unwrap()
    };
    for table in ["message", "submission", "event", "callback", "tag"] {
        assert_eq!(left(table), 0, "{table}");
    }
    assert!(State::ALL.into_iter().all(|state| gateway.database.tally().get(state) == 0));
}

#[test]
fn the_tally_agrees_with_the_rows() {
    let mut gateway = Gateway::new();
    for n in 0..20 {
        let id = gateway.post_text("x");
        if n % 2 == 0 {
            gateway.dispatch();
            gateway.accepted(id, 1, 0, &n.to_string());
        }
        if n % 4 == 0 {
            gateway.receipt(&n.to_string(), State::Undelivered);
        }
    }
    for state in State::ALL {
        let filter = Filter { states: vec![state], ..Filter::default() };
        let rows = gateway.database.read(|c| message::list(c, &filter, 100)).unwrap().0.len();
        assert_eq!(gateway.database.tally().get(state), i64::try_from(rows).unwrap(), "{state}");
    }
}

#[test]
fn a_repeated_key_gets_its_first_answer_and_another_body_an_error() {
    let mut gateway = Gateway::new();
    let prepared =
        [prepare(&gateway.settings, NewMessage::text("+821012345678".parse().unwrap(), "x"), START).unwrap()];
    let key = |digest: &[u8], token| Key { token, key: "k".to_owned(), digest: digest.to_vec() };
    let mut ask =
        |key: Key| gateway.turn(|turn| accept_once(turn, &key, &prepared, |accepted| accepted[0].id.to_string()));
    let Answer::Done(first) = ask(key(b"a", 1)) else { panic!("the first request is done") };
    assert_eq!(ask(key(b"a", 1)), Answer::Repeated(first));
    assert_eq!(ask(key(b"b", 1)), Answer::KeyReused);
    assert!(matches!(ask(key(b"b", 2)), Answer::Done(_)), "keys are per token");
}

#[test]
fn an_operator_decides_about_a_doubt_and_about_nothing_else() {
    let mut gateway = Gateway::new();
    let id = gateway
        .post(NewMessage { class: Class::Marketing, ..NewMessage::text("+821012345678".parse().unwrap(), "sale") });
    assert_eq!(gateway.turn(|turn| resolve(turn, id, Resolution::GiveUp)), Err(Some(State::Queued)));
    gateway.dispatch();
    gateway.outcome(id, 1, 0, lost());
    assert_eq!(gateway.turn(|turn| resolve(turn, id, Resolution::Resend)), Ok(State::Queued));
    assert_eq!(gateway.dispatch()[0].attempt, 2);
    gateway.accepted(id, 2, 0, "5");
    assert_eq!(gateway.state(id), State::Sent);
    let rows = gateway.database.read(|c| submission::of(c, id)).unwrap();
    assert_eq!(rows.len(), 2, "both copies are on record");
}

#[test]
fn a_fail_over_to_a_link_with_another_profile_encodes_again() {
    let mut gateway = Gateway::new();
    let ucs2 = TextProfile { alphabets: vec![Alphabet::Ucs2], ..TextProfile::default() };
    gateway.settings.groups.insert("south".into(), Group::new(ucs2, None));
    let id = gateway.post_text(&"a".repeat(100));
    let out = gateway.dispatch_to(&[("south", 9)]);
    let encoded = &out.submissions[0].1.encoded;
    assert_eq!((encoded.alphabet, encoded.segments.len()), (Alphabet::Ucs2, 2));
    gateway.accepted(id, 1, 0, "1");
    gateway.accepted(id, 1, 1, "2");
    assert_eq!(gateway.state(id), State::Sent);
}

#[test]
fn messages_of_a_route_that_is_gone_go_another_way() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("x");
    gateway.settings.routes[0].name = "renamed".into();
    assert!(gateway.dispatch().is_empty());
    assert_eq!(gateway.turn(reroute), 1);
    assert_eq!(gateway.dispatch()[0].message, id);
}

#[test]
fn where_only_the_last_segment_gets_a_receipt_it_speaks_for_all() {
    let mut gateway = Gateway::new();
    let group = Group { receipts: Receipts::Last, ..Group::new(TextProfile::default(), None) };
    gateway.settings.groups.insert("north".into(), group);
    let id = gateway.post_text(&long_korean());
    gateway.dispatch();
    for index in 0..3 {
        gateway.accepted(id, 1, index, &format!("id{index}"));
    }
    gateway.receipt("id2", State::Delivered);
    assert_eq!(gateway.state(id), State::Delivered);
}

#[test]
fn a_callback_target_that_nobody_allowed_is_refused_at_the_door() {
    let mut gateway = Gateway::new();
    gateway.settings.callback_allowed = Some(AllowedTargets::parse(["shop.example"]).unwrap());
    let with = |target: &str| NewMessage {
        callback: Some(target.to_owned()),
        ..NewMessage::text("+821012345678".parse().unwrap(), "x")
    };
    let refused = prepare(&gateway.settings, with("https://elsewhere.example/"), START).unwrap_err();
    assert_eq!((refused.code, refused.field), ("callback_not_allowed", "callback"));
    assert!(prepare(&gateway.settings, with("https://shop.example/sms"), START).is_ok());
}
