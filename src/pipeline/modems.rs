//! Records what modems say of themselves and their SIMs: who is in whom, PINs, and credit.

use super::Turn;
use crate::model::catalog::{SIM_BALANCE_LOW, SIM_CHANGED, SIM_PIN_REFUSED};
use crate::model::{AckToken, LinkName, ModemIdentity, ModemNotice, SimIdentity};
use crate::policy::sim_care::BalanceWatch;
use crate::store::StoreError;
use crate::store::sim::{self, Balance};

/// The longest answer of a network that is kept, in characters.
const ANSWER_MAX: usize = 500;

/// Records one notice. One that is refused is noted in the turn.
pub fn settle(turn: &Turn<'_>, link: &LinkName, notice: &ModemNotice, ack: Option<AckToken>) -> Result<(), StoreError> {
    match notice {
        ModemNotice::Identified { modem, sim } => identified(turn, link, modem, sim),
        ModemNotice::PinAttempt { sim, pin_digest } => {
            if sim::pin_attempt(turn.tx, sim, *pin_digest, turn.now)? {
                return Ok(());
            }
            tracing::error!(
                message_id = SIM_PIN_REFUSED.id,
                postrider.modem = %link,
                postrider.iccid = %sim,
                "The PIN of the SIM in {link} was entered before and not taken, so it is not entered again. Put the right PIN \
                 into the configuration"
            );
            if let Some(token) = ack {
                turn.refuse(link, token);
            }
            Ok(())
        }
        ModemNotice::PinAccepted { sim } => sim::forget_pins(turn.tx, sim).map(drop),
        ModemNotice::Balance { iccid, text } => balance(turn, link, iccid, text),
    }
}

fn identified(turn: &Turn<'_>, link: &LinkName, modem: &ModemIdentity, sim: &SimIdentity) -> Result<(), StoreError> {
    let name = link.to_string();
    let before = sim::in_modem(turn.tx, &name)?;
    // A SIM that cannot be read for a moment is still the one that was there before.
    let unread = if before.is_none() { modem.imei.as_deref() } else { None };
    let id = sim.iccid.as_deref().or(unread);
    if let (Some(before), Some(iccid)) = (&before, &sim.iccid)
        && before != iccid
        && modem.imei.as_ref() != Some(before)
    {
        tracing::warn!(
            message_id = SIM_CHANGED.id,
            postrider.modem = %link,
            postrider.iccid = %iccid,
            "Another SIM is in {link}: {iccid} instead of {before}. If nobody changed it, look at the modem; its caps and \
             its sender number are the new SIM's from now on"
        );
    }
    sim::saw_modem(turn.tx, &name, modem, id, turn.now)?;
    id.map_or(Ok(()), |id| sim::saw(turn.tx, id, &name, sim, turn.now))
}

fn balance(turn: &Turn<'_>, link: &LinkName, iccid: &str, text: &str) -> Result<(), StoreError> {
    let known = sim::get(turn.tx, iccid)?;
    if known.is_none() {
        let identity = SimIdentity { iccid: Some(iccid.to_owned()), ..SimIdentity::default() };
        sim::saw(turn.tx, iccid, &link.to_string(), &identity, turn.now)?;
    }
    let was_low = known.is_some_and(|sim| sim.balance_low);
    let watch = watch_of(turn, link);
    let amount = watch.and_then(|watch| watch.pattern.amount(text));
    let minimum = watch.and_then(|watch| watch.minimum);
    let low = match (amount, minimum) {
        (Some(amount), Some(minimum)) => amount < minimum,
        (Some(_), None) => false,
        (None, _) => was_low,
    };
    match (amount, minimum) {
        (Some(amount), Some(minimum)) if low && !was_low => tracing::warn!(
            message_id = SIM_BALANCE_LOW.id,
            postrider.modem = %link,
            postrider.iccid = %iccid,
            "The SIM in {link} has {amount} left, less than {minimum}. Top it up before it stops sending"
        ),
        (None, _) if watch.is_some() => tracing::warn!(
            postrider.modem = %link,
            postrider.iccid = %iccid,
            "No amount was found in the answer to the balance question of {link}; compare its pattern in the configuration \
             with the answer that `postrider modem show` prints"
        ),
        (Some(_) | None, _) => {}
    }
    let text: String = text.chars().take(ANSWER_MAX).collect();
    sim::balance(turn.tx, iccid, &Balance { amount, text: &text, low }, turn.now)
}

fn watch_of<'a>(turn: &Turn<'a>, link: &LinkName) -> Option<&'a BalanceWatch> {
    let pool = turn.settings.group(&link.group)?.pool.as_ref()?;
    pool.rules_of(link.modem.as_deref()?).balance.as_ref()
}
