//! Sends a campaign's texts to the shop's own handsets, written as for a given contact. No code and no short link is given
//! out for it, and no report counts it; consent and the law hold as for every message.

use std::time::Duration;

use super::operate::Wrong;
use super::plan::{self, Plan};
use crate::campaign::contact::Contact;
use crate::campaign::point::Points;
use crate::campaign::run::Phase;
use crate::campaign::template::{Fields, Grants, Template};
use crate::model::{Body, NewMessage, PhoneNumber};
use crate::pipeline::compose::Unsent;
use crate::pipeline::{Accepted, Turn, accept};
use crate::store::StoreError;
use crate::store::campaign::run::{self, Stored};
use crate::store::campaign::{contact, point};

/// Most numbers of one trial.
pub const NUMBERS_MAX: usize = 20;
/// By which word messages of trials are found.
pub const TAG: &str = "campaign-test";
/// How long a trial is worth sending.
const VALID_FOR: Duration = Duration::from_secs(3_600);

/// What is to be tried.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// To whom.
    pub to: Vec<PhoneNumber>,
    /// As for which contact; as for each number itself if absent.
    pub contact: Option<PhoneNumber>,
    /// Only this variant; all if absent.
    pub variant: Option<String>,
    /// Why hours, caps, missing consent and label are waived, if they are, with who says so.
    pub exempt: Option<String>,
}

/// A text of a trial.
#[derive(Debug, Clone)]
pub struct Tried {
    /// To whom.
    pub to: PhoneNumber,
    /// Which variant.
    pub variant: String,
    /// The text, as far as there is one.
    pub text: Option<String>,
    /// What became of it.
    pub outcome: Result<Accepted, Unsent>,
}

/// Sends a trial for the token `token`.
///
/// # Errors
/// The store's own.
pub fn test(turn: &Turn<'_>, name: &str, trial: &Trial, token: i64) -> Result<Result<Vec<Tried>, Wrong>, StoreError> {
    let Some(stored) = run::find(turn.tx.connection(), name)? else { return Ok(Err(Wrong::Unknown)) };
    let plan = match plan_of(turn, &stored)? {
        Ok(plan) => plan,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let wanted = |variant: &str| trial.variant.as_deref().is_none_or(|only| only == variant);
    let mut tried = Vec::new();
    for to in trial.to.iter().take(NUMBERS_MAX) {
        let fields = fields(turn, trial.contact.as_ref().unwrap_or(to))?;
        for variant in plan.run.variants.iter().filter(|variant| wanted(&variant.name)) {
            let Some(template) = plan.template(&variant.name) else { continue };
            let text = template.render(&fields, &Grants::default()).map(|rendered| rendered.text);
            let (text, outcome) = match text {
                Ok(text) => (Some(text.clone()), send(turn, &plan, trial, (to, text, template), token)?),
                Err(skip) => (None, Err(skip.into())),
            };
            tried.push(Tried { to: to.clone(), variant: variant.name.clone(), text, outcome });
        }
    }
    Ok(Ok(tried))
}

/// The plan of a campaign; of a draft, what it would be if it were started now.
pub(super) fn plan_of(turn: &Turn<'_>, stored: &Stored) -> Result<Result<Plan, Wrong>, StoreError> {
    if stored.phase != Phase::Draft {
        return Plan::of(stored).map(Ok);
    }
    let definition = plan::definition_of(stored)?;
    let frozen = plan::freeze(turn.tx.connection(), turn.settings, &definition)?;
    Ok(frozen.map(|(_, plan)| plan).map_err(Wrong::Faults))
}

fn fields(turn: &Turn<'_>, as_whom: &PhoneNumber) -> Result<Fields, StoreError> {
    let connection = turn.tx.connection();
    let (contact, points) = match contact::find(connection, as_whom)? {
        Some(known) => {
            let points = point::of(connection, known.id)?;
            (known.contact, points)
        }
        None => (Contact::new(as_whom.clone()), Points::default()),
    };
    Ok(Fields::of(&contact, &points, turn.now).with_shop(turn.settings.consent.brand.as_deref()))
}

fn send(
    turn: &Turn<'_>,
    plan: &Plan,
    trial: &Trial,
    (to, text, template): (&PhoneNumber, String, &Template),
    token: i64,
) -> Result<Result<Accepted, Unsent>, StoreError> {
    let run = &plan.run;
    let message = NewMessage {
        from: run.from.clone(),
        body: Body::Text(text),
        class: run.class,
        route: run.route.as_deref().map(str::to_owned),
        tags: vec![TAG.to_owned()],
        valid_for: Some(VALID_FOR),
        exempt: trial.exempt.clone(),
        ..NewMessage::text(to.clone(), "")
    };
    let prepared = match accept::prepare(turn.settings, message, turn.now) {
        Ok(prepared) => prepared,
        Err(refusal) => return Ok(Err(Unsent::Refused(refusal))),
    };
    let (segments, most) = (prepared.segments(), template.segments_max);
    if segments > usize::from(most) {
        return Ok(Err(Unsent::TooLong { segments, most }));
    }
    let accepted = accept::accept(turn, token, std::slice::from_ref(&prepared))?.pop();
    accepted.map(Ok).ok_or_else(|| StoreError::Row("an accepted message has no answer".to_owned()))
}
