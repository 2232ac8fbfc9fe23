//! Looks after SIMs: asks for their balance, keeps those alive that would expire, and says how they stand.

use rusqlite::Connection;

use super::{Settings, Turn, accept, prepare};
use crate::model::{Class, LinkName, NewMessage, OnDoubt, Timestamp};
use crate::policy::balance::Amount;
use crate::policy::caps::Span;
use crate::policy::pool::SimRules;
use crate::policy::sim_care::{KeepAlive, balance_is_due, keep_alive_is_due};
use crate::store::sim::{self, Sim};
use crate::store::{StoreError, sim_usage, throttle};

/// Who posts messages that postrider makes by itself; no token has this number.
const OWN_TOKEN: i64 = 0;
/// The tag of messages that only keep a SIM alive.
const KEEP_ALIVE_TAG: &str = "keep-alive";

/// A question for the network that a modem is to ask: a USSD code.
pub type Question = (LinkName, String);

/// Does what is due for the SIMs in the modems `up`, which are those that can send now: makes their keep-alive messages
/// and returns the balance questions to ask. Meant to be called about once a minute.
///
/// # Errors
/// The store's own.
pub fn care(turn: &Turn<'_>, up: &[LinkName]) -> Result<Vec<Question>, StoreError> {
    sim_usage::trim(turn.tx)?;
    let mut questions = Vec::new();
    for sim in sim::present(turn.tx)? {
        let Some(link) = up.iter().find(|link| link.to_string() == sim.link) else { continue };
        let Some(rules) = rules_of(turn.settings, &sim.link) else { continue };
        if let Some(watch) = rules.balance.as_ref().filter(|watch| balance_is_due(watch, &sim.life, turn.now)) {
            sim::balance_asked(turn.tx, &sim.id, turn.now)?;
            questions.push((link.clone(), watch.code.clone()));
        }
        if let Some(rule) = rules.keep_alive.as_ref().filter(|rule| keep_alive_is_due(rule, &sim.life, turn.now)) {
            keep_alive(turn, &sim, rule)?;
        }
    }
    Ok(questions)
}

fn keep_alive(turn: &Turn<'_>, sim: &Sim, rule: &KeepAlive) -> Result<(), StoreError> {
    let new = NewMessage {
        class: Class::Transactional,
        link: Some(sim.link.clone()),
        on_doubt: Some(OnDoubt::Hold),
        tags: vec![KEEP_ALIVE_TAG.to_owned()],
        ..NewMessage::text(rule.to.clone(), rule.text.clone())
    };
    sim::kept_alive(turn.tx, &sim.id, turn.now)?;
    match prepare(turn.settings, new, turn.now) {
        Ok(prepared) => {
            let accepted = accept(turn, OWN_TOKEN, &[prepared])?;
            let id = accepted.first().map(|one| one.id.to_string()).unwrap_or_default();
            tracing::info!(
                postrider.modem = %sim.link,
                postrider.iccid = %sim.id,
                "The SIM in {} was not used for {} days; message {id} keeps it alive",
                sim.link,
                rule.after.as_secs() / 86_400
            );
        }
        Err(refusal) => tracing::warn!(
            postrider.modem = %sim.link,
            postrider.iccid = %sim.id,
            "The SIM in {} may expire: its keep-alive message cannot be sent: {}",
            sim.link,
            refusal.message
        ),
    }
    Ok(())
}

fn rules_of<'a>(settings: &'a Settings, link: &str) -> Option<&'a SimRules> {
    let (group, name) = link.split_once('/')?;
    Some(settings.group(group)?.pool.as_ref()?.rules_of(name))
}

/// How much of a cap is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanUse {
    /// `minute`, `hour`, `day` or `month`.
    pub span: &'static str,
    /// How many segments may be sent in it.
    pub cap: Option<u32>,
    /// How many were.
    pub used: u32,
}

/// How a SIM stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimStanding {
    /// The SIM with its balance and last use.
    pub sim: Sim,
    /// Its caps and what of them is used, shortest span first.
    pub spans: Vec<SpanUse>,
    /// The span whose cap keeps it from sending now, and when it may send again.
    pub quota: Option<(&'static str, Timestamp)>,
    /// When its pace lets the next message leave, if that is later than now.
    pub paced_until: Option<Timestamp>,
    /// Below this balance a person is told.
    pub balance_min: Option<Amount>,
}

/// How all known SIMs stand, by the modems that they are in or were last.
///
/// # Errors
/// The store's own.
pub fn sims(connection: &Connection, settings: &Settings, now: Timestamp) -> Result<Vec<SimStanding>, StoreError> {
    let paces = throttle::load(connection)?;
    let free = SimRules::default();
    let standing = |sim: Sim| {
        // Without rules nothing is known of its caps, but its counts are shown.
        let known = rules_of(settings, &sim.link);
        let rules = known.unwrap_or(&free);
        let usage = sim_usage::of(connection, &sim.id, &rules.months, now)?;
        let spans = Span::ALL.map(|span| SpanUse {
            span: span.as_str(),
            cap: known.and_then(|rules| rules.caps.of(span)),
            used: usage.used(span),
        });
        let quota = known.and_then(|rules| usage.quota(&rules.caps, 1));
        let next = paces.get(&throttle::name_of_sim(&sim.id)).map(|nanos| Timestamp::from_millis(nanos / 1_000_000));
        Ok(SimStanding {
            spans: spans.to_vec(),
            quota: quota.map(|quota| (quota.span.as_str(), quota.until)),
            paced_until: next.filter(|next| *next > now),
            balance_min: rules.balance.as_ref().and_then(|watch| watch.minimum),
            sim,
        })
    };
    sim::list(connection)?.into_iter().map(standing).collect()
}
