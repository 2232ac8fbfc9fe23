//! Who acts from outside: tools that post and withdraw, and another user of the same account.

use std::time::Duration;

use bytes::BytesMut;
use postrider::model::*;
use postrider::pipeline::{accept, cancel, prepare};
use postrider::smpp::pdu::{Address, Bind, BindKind, SubmitSm};
use postrider::smpp::{Body, CommandStatus, Pdu};
use postrider::store::StoreError;

use super::book::{self, OURS, THEIRS};
use super::oracle::Posted;
use super::plan::Post;
use super::world::World;

/// How many handsets share the messages of posts that share them.
const SHARED_HANDSETS: u64 = 3;

impl World {
    pub(super) fn post(&mut self, post: &Post) -> Result<(), StoreError> {
        for _ in 0..post.count {
            self.posted += 1;
            let n = self.posted;
            let handset = if post.shared { 90_000_000 + self.random.below(SHARED_HANDSETS) } else { n };
            let number = format!("+8210{handset:08}");
            let ucs2 = self.random.chance(200);
            let mut new = NewMessage::text(number.parse().expect("a number"), book::text(n, post.parts, ucs2));
            new.from = Some(Sender::parse(OURS).expect("a sender"));
            new.class = Class::ALL[post.class];
            new.on_doubt = [None, Some(OnDoubt::Hold), Some(OnDoubt::Resend)][self.random.below(3) as usize];
            new.send_at = post.scheduled.then(|| self.wall().plus(Duration::from_secs(200)));
            let on_doubt = new.on_doubt.unwrap_or(new.class.on_doubt());
            let long_valid = new.class != Class::Otp;
            let prepared = prepare(&self.settings, new, self.wall()).expect("a good message");
            let accepted = self.transact(|turn| accept(turn, 1, std::slice::from_ref(&prepared)))?;
            for one in accepted {
                assert_eq!(one.segments, post.parts, "the text has as many segments as the plan says");
                let (recipient, segments) = (number.clone(), one.segments);
                let posted = Posted { n, recipient, segments, on_doubt, long_valid, withdrawn: false };
                self.oracle.posted(one.id, posted);
            }
        }
        Ok(())
    }

    pub(super) fn withdraw(&mut self, which: u64) -> Result<(), StoreError> {
        let ids: Vec<MessageId> = self.oracle.ids().collect();
        let Some(id) = ids.get((which % ids.len().max(1) as u64) as usize).copied() else { return Ok(()) };
        self.transact(|turn| cancel(turn, id))?;
        if let Some(posted) = self.oracle.posted.get_mut(&id) {
            posted.withdrawn = true;
        }
        Ok(())
    }

    /// Somebody else sends over the same account and listens to nothing: the receipts come to us.
    pub(super) fn foreign(&mut self, count: u64) {
        let now = self.now();
        let id = self.carrier.handle_connect(now);
        let bind = Bind {
            kind: BindKind::Transmitter,
            system_id: "shop".into(),
            password: "secret".into(),
            interface_version: 0x34,
            ..Bind::default()
        };
        let mut octets = BytesMut::new();
        Pdu::request(1, Body::Bind(bind)).encode(&mut octets).expect("a bind");
        for (_, sequence) in (0..count).zip(2..) {
            let handset = match self.random.below(2) {
                0 => 90_000_000 + self.random.below(SHARED_HANDSETS),
                _ => 1 + self.random.below(self.posted.max(1)),
            };
            let submit = SubmitSm {
                source_addr: Address::new(1, 1, THEIRS),
                destination_addr: Address::new(1, 1, format!("8210{handset:08}")),
                registered_delivery: 1,
                short_message: "Somebody else's".into(),
                ..SubmitSm::default()
            };
            Pdu::answer(CommandStatus::ROK, sequence, Body::SubmitSm(submit)).encode(&mut octets).expect("a submit_sm");
        }
        self.carrier.handle_bytes(id, &octets, now);
        self.carrier.handle_closed(id, now);
    }
}
