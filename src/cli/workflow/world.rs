//! A gateway in memory with a clock of its own: the pipeline of the daemon, over a link that takes and delivers everything.

use std::sync::Arc;

use anyhow::{Context, anyhow};

use super::file::Source;
use crate::campaign::Rules;
use crate::campaign::link::Visitor;
use crate::campaign::playbook::Definition;
use crate::model::{
    Alphabet, CarrierMessageId, InboundPart, LinkEvent, LinkName, PhoneNumber, Receipt, Sender, State, Submission,
    SubmitOutcome, SubmitResult, Timestamp,
};
use crate::pipeline::playbook::{Wanted, install};
use crate::pipeline::{self, Dispatcher, Group, LinkOffer, Settings, Turn, click, workflow as stage};
use crate::policy::routes::Route;
use crate::store::campaign::{contact, coupon, link, segment, template, workflow as table};
use crate::store::{Database, StoreError};
use crate::text::TextProfile;

/// How many rounds the things of one instant may take.
const ROUNDS_MAX: usize = 2_000;
/// How many messages leave at once.
const LEAVE_MAX: usize = 100;
/// Where the contact writes to.
const OURS: &str = "15771234";

/// The gateway.
pub struct World {
    database: Database,
    settings: Settings,
    dispatcher: Dispatcher,
    /// What time it is.
    pub now: Timestamp,
    session: u32,
}

impl World {
    /// An empty one with these rules.
    pub fn new(rules: Rules, now: Timestamp) -> anyhow::Result<Self> {
        let settings = Settings {
            routes: vec![Route::over("simulated", &["simulated"])],
            groups: [("simulated".into(), Group::new(TextProfile::default(), None))].into(),
            consent: Arc::new(rules),
            short_url: Some("https://s.example/".into()),
            inbound_target: Some("https://tool.example/".to_owned()),
            ..Settings::default()
        };
        let database = Database::in_memory()?;
        Ok(Self { database, settings, dispatcher: Dispatcher::default(), now, session: 0 })
    }

    /// Does something in a turn.
    pub fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> anyhow::Result<T> {
        let (settings, now) = (&self.settings, self.now);
        Ok(self.database.write(|tx| work(&Turn::new(tx, settings, now)))?)
    }

    /// Reads.
    pub fn read<T>(&self, work: impl FnOnce(&rusqlite::Connection) -> Result<T, StoreError>) -> anyhow::Result<T> {
        Ok(self.database.read(work)?)
    }

    /// Takes over what workflows may name from another database.
    pub fn copy(&mut self, from: &rusqlite::Connection) -> anyhow::Result<()> {
        let templates = template::list(from)?;
        let segments = segment::list(from)?;
        let workflows = table::list(from)?;
        let pools: Vec<_> = coupon::names(from)?
            .into_iter()
            .filter_map(|name| coupon::find(from, &name).transpose().map(|pool| Ok::<_, StoreError>((name, pool?))))
            .collect::<Result<_, _>>()?;
        self.turn(|turn| {
            for one in &templates {
                template::define(turn.tx, &one.name, &one.title, &one.template, turn.now)?;
            }
            for one in &segments {
                segment::define(turn.tx, &one.name, &one.title, &one.tree, turn.now)?;
            }
            for (name, pool) in &pools {
                coupon::define(turn.tx, name, pool, turn.now)?;
            }
            for one in &workflows {
                stage::define(turn, &one.workflow)?;
                stage::activate(turn, &one.workflow.name)?;
            }
            Ok(())
        })
    }

    /// Brings in what a file holds; all of its workflows are active then.
    pub fn bring(&mut self, source: &Source) -> anyhow::Result<()> {
        self.turn(|turn| {
            if let Some((playbook, text)) = &source.playbook {
                let values = crate::campaign::playbook::Values::default();
                let wanted = Wanted { playbook, text, values: &values, language: "en", replace: true, activate: true };
                install(turn, &wanted)?;
                debug_assert!(playbook.assets.iter().any(|asset| matches!(asset.definition, Definition::Workflow(_))));
            }
            for (name, one) in &source.templates {
                template::define(turn.tx, name, name, one, turn.now)?;
            }
            for (name, pool) in &source.pools {
                coupon::define(turn.tx, name, pool, turn.now)?;
            }
            for workflow in &source.workflows {
                stage::define(turn, workflow)?;
                stage::activate(turn, &workflow.name)?;
            }
            Ok(())
        })
    }

    /// Does all that is due now, and lets what may leave arrive. Says when something is due next.
    pub fn settle(&mut self) -> anyhow::Result<Option<Timestamp>> {
        for _ in 0..ROUNDS_MAX {
            let progress = self.turn(pipeline::step)?;
            let (left, leaves_at) = self.leave()?;
            if progress.done == 0 && left == 0 {
                return Ok(progress.next.into_iter().chain(leaves_at).min().map(|next| next.max(self.now)));
            }
        }
        Err(anyhow!("it never comes to rest at {}: something goes round without a wait", self.now))
    }

    /// Whatever may leave now arrives. Returns how many messages, and when the next ones may.
    fn leave(&mut self) -> anyhow::Result<(usize, Option<Timestamp>)> {
        let link = LinkName::new("simulated", 1);
        let (settings, now, dispatcher) = (&self.settings, self.now, &mut self.dispatcher);
        let offers = vec![LinkOffer { name: link.clone(), free: LEAVE_MAX, idle: true, sim: None }];
        let leased = self.database.write(|tx| pipeline::dispatch(&Turn::new(tx, settings, now), dispatcher, offers))?;
        if leased.submissions.is_empty() {
            return Ok((0, leased.next_at.filter(|next| *next > self.now)));
        }
        let answers: Vec<LinkEvent> = leased.submissions.iter().flat_map(|(_, one)| taken(one)).collect();
        let receipts: Vec<LinkEvent> = leased.submissions.iter().flat_map(|(_, one)| delivered(one)).collect();
        self.turn(|turn| pipeline::settle(turn, &link, &answers))?;
        self.turn(|turn| pipeline::settle(turn, &link, &receipts))?;
        Ok((leased.submissions.len(), None))
    }

    /// The contact writes a text.
    pub fn writes(&mut self, number: &PhoneNumber, text: &str) -> anyhow::Result<()> {
        self.session += 1;
        let part = InboundPart {
            from: Sender::International(number.clone()),
            to: Sender::from_network(OURS),
            alphabet: Alphabet::Ucs2,
            payload: text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            elements: Vec::new(),
            part_of: None,
            network_time: None,
        };
        let event = LinkEvent::Inbound { part, ack: None };
        self.turn(|turn| pipeline::settle(turn, &LinkName::new("simulated", 1), std::slice::from_ref(&event)))?;
        Ok(())
    }

    /// The contact follows the newest link in the text of a step. Says whether there is one.
    pub fn clicks(&mut self, number: &PhoneNumber, step: &str) -> anyhow::Result<bool> {
        let contact = self.read(|c| contact::id_of(c, number))?.context("there is no contact")?;
        let filter =
            link::Filter { contact: Some(contact), kind: Some("workflow".to_owned()), ..link::Filter::default() };
        let links = self.read(|c| link::list(c, &filter, 1_000))?.0;
        let of_step = |link: &&link::Link| link.origin.as_ref().is_some_and(|origin| origin.part == step);
        let Some(found) = links.iter().find(of_step) else { return Ok(false) };
        self.turn(|turn| click::follow(turn, found, Visitor::Person, "a telephone"))?;
        Ok(true)
    }
}

fn id_of(one: &Submission, index: u8) -> Option<CarrierMessageId> {
    CarrierMessageId::new(&format!("{}-{index}", one.message))
}

/// The link takes every segment.
fn taken(one: &Submission) -> Vec<LinkEvent> {
    let each = one.turns.iter().map(|turn| {
        let outcome = SubmitOutcome::Accepted { carrier_id: id_of(one, turn.index) };
        LinkEvent::Submit(SubmitResult { message: one.message, attempt: one.attempt, index: turn.index, outcome })
    });
    each.collect()
}

/// Every segment arrives.
fn delivered(one: &Submission) -> Vec<LinkEvent> {
    let each = one.turns.iter().map(|turn| {
        let receipt = Receipt {
            ids: id_of(one, turn.index).into_iter().collect(),
            state: State::Delivered,
            unread: Vec::new(),
            raw_state: "DELIVRD".to_owned(),
            error: "000".to_owned(),
            source: Some(Sender::International(one.to.clone())),
            destination: None,
            done_at: None,
        };
        LinkEvent::Receipt { receipt, ack: None }
    });
    each.collect()
}
