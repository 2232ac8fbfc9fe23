//! What the stages need to know of the configuration, as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::campaign::Rules;
use crate::campaign::conversation::TalkRules;
use crate::campaign::price::Prices;
use crate::model::{AllowedTargets, Class, IdRelation, OnDoubt, Sender, State, Timestamp};
use crate::policy::pool::PoolSettings;
use crate::policy::retry::RetryPlan;
use crate::policy::routes::Route;
use crate::text::TextProfile;

/// The settings of all stages. They are replaced as a whole when the configuration is read again.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The ways out, in the order in which they are tried.
    pub routes: Vec<Route>,
    /// The link groups by name.
    pub groups: BTreeMap<Arc<str>, Group>,
    /// When and how often a message is tried again.
    pub retry: RetryPlan,
    /// How long a message of each class is worth sending, by [`Class::lane`].
    pub valid_for: [Duration; 3],
    /// What a doubt means for each class, by [`Class::lane`].
    pub on_doubt: [OnDoubt; 3],
    /// How long after its validity a receipt is waited for.
    pub report_wait: Duration,
    /// How long finished messages are kept.
    pub keep_for: Duration,
    /// How long early receipts and answers to keyed requests are kept.
    pub remember_for: Duration,
    /// Where changes of state are posted when a message names no target.
    pub callback_target: Option<String>,
    /// The hosts that a message may name as its own target; without them it may name any.
    pub callback_allowed: Option<AllowedTargets>,
    /// The states whose entering is posted.
    pub callback_states: Vec<State>,
    /// Where incoming messages are posted.
    pub inbound_target: Option<String>,
    /// How long the parts of an incoming message are waited for.
    pub parts_wait: Duration,
    /// Consent and the law.
    pub consent: Arc<Rules>,
    /// Conversations: opening hours, and how often a number is answered by itself.
    pub talk: Arc<TalkRules>,
    /// What stands before the code of a short link, like `https://s.example/`; without it texts have the whole address.
    pub short_url: Option<Arc<str>>,
    /// How long a short link leads somewhere after it was made.
    pub links_keep: Duration,
    /// What segments cost.
    pub prices: Arc<Prices>,
    /// How often live segments look at all contacts, because time passes for them too.
    pub live_every: Duration,
    /// When this process started.
    pub started_at: Timestamp,
    /// Names this run of the program: links number their sessions anew in each.
    pub run: i64,
}

impl Default for Settings {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3600);
        Self {
            routes: Vec::new(),
            groups: BTreeMap::new(),
            retry: RetryPlan::default(),
            valid_for: [Duration::from_secs(600), HOUR * 24, HOUR * 24],
            on_doubt: Class::ALL.map(Class::on_doubt),
            report_wait: HOUR * 24,
            keep_for: HOUR * 24 * 90,
            remember_for: HOUR * 72,
            callback_target: None,
            callback_allowed: None,
            callback_states: State::ALL.into_iter().filter(|state| state.is_final()).collect(),
            inbound_target: None,
            parts_wait: HOUR * 24,
            consent: Arc::default(),
            talk: Arc::default(),
            short_url: None,
            links_keep: HOUR * 24 * 400,
            prices: Arc::default(),
            live_every: HOUR,
            started_at: Timestamp::default(),
            run: 0,
        }
    }
}

/// What the stages need to know of one link group.
#[derive(Debug, Clone)]
pub struct Group {
    /// What its links carry.
    pub profile: TextProfile,
    /// A number that differs between text profiles; rows hold it.
    pub profile_id: i64,
    /// Segments a second.
    pub rate: Option<f64>,
    /// Which segments get receipts.
    pub receipts: Receipts,
    /// How the ids in receipts follow from those in answers, where the configuration says so; else it is learned.
    pub ids: Option<IdRelation>,
    /// The sender of messages that name none.
    pub sender: Option<Sender>,
    /// What holds for the SIMs, if it is a group of modems.
    pub pool: Option<PoolSettings>,
}

/// Which segments of a message get receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipts {
    /// Each one.
    Each,
    /// Only the last one: its receipt speaks for all.
    Last,
    /// None; `sent` is as far as a message gets.
    None,
}

impl Group {
    /// A group with this text profile and rate that asks for receipts.
    pub fn new(profile: TextProfile, rate: Option<f64>) -> Self {
        let profile_id = profile_id(&profile);
        Self { profile, profile_id, rate, receipts: Receipts::Each, ids: None, sender: None, pool: None }
    }

    /// A group of modems with this text profile.
    pub fn of_modems(profile: TextProfile, pool: PoolSettings) -> Self {
        Self { pool: Some(pool), ..Self::new(profile, None) }
    }
}

/// The same number for equal profiles. A changed one makes waiting messages be encoded again when they leave.
fn profile_id(profile: &TextProfile) -> i64 {
    crate::store::stable_hash(format!("{profile:?}").as_bytes())
}

impl Settings {
    /// The settings of the group that a link belongs to.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Whether a message may name `target` for its callbacks.
    pub fn allows_callback(&self, target: &str) -> bool {
        self.callback_allowed.as_ref().is_none_or(|allowed| allowed.allows_url(target))
    }

    /// The name of a link's group, from the link's name as rows hold it: `north/2` belongs to `north`.
    pub fn group_of(link: &str) -> &str {
        link.split('/').next().unwrap_or(link)
    }
}
