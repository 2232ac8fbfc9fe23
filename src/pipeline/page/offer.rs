//! An offer: the reader's code with a barcode, until when it is valid, and whether it was used.

use super::Opened;
use super::desk::Desk;
use crate::campaign::coupon::{Standing, Unredeemable};
use crate::campaign::page::{Coupon, Part};
use crate::store::StoreError;
use crate::store::campaign::coupon;

/// The offer.
pub(super) fn show(desk: &Desk<'_>) -> Result<Opened, StoreError> {
    let mut parts = Vec::new();
    let mut until = desk.open_until();
    if let Some(pool) = &desk.page.coupon {
        match desk.code(pool)? {
            Some(code) => {
                parts.push(coupon_part(desk, pool, &code)?);
                // The code says until when it is valid.
                until = None;
            }
            None if desk.turn.is_none() => parts.push(Part::Hint(desk.words.code_hidden.clone())),
            None => parts.push(Part::Hint(desk.words.no_code.clone())),
        }
    }
    if let Some(until) = until {
        parts.push(Part::Hint(desk.words.valid_until.replace("{when}", &desk.moment(until))));
    }
    Ok(desk.opened(parts))
}

fn coupon_part(desk: &Desk<'_>, pool: &str, code: &str) -> Result<Part, StoreError> {
    let words = desk.words;
    let known = coupon::by_code(desk.connection, code)?;
    let uses_max = coupon::find(desk.connection, pool)?.map_or(0, |pool| pool.uses_max);
    let valid_until = known.as_ref().and_then(|coupon| coupon.valid_until);
    let standing = Standing { issued: true, valid_until, uses: known.map_or(0, |coupon| coupon.uses), uses_max };
    match standing.redeemable(desk.now) {
        Ok(()) => {}
        Err(Unredeemable::Used) => return Ok(Part::Bad(words.code_used.clone())),
        Err(Unredeemable::Expired(_) | Unredeemable::NotIssued) => return Ok(Part::Bad(words.code_over.clone())),
    }
    let mut notes = vec![words.code_hint.clone()];
    // What ends first counts: the code's own time or the page's.
    let ends = valid_until.into_iter().chain(desk.open_until()).min();
    notes.extend(ends.map(|until| words.valid_until.replace("{when}", &desk.moment(until))));
    Ok(Part::Coupon(Coupon { label: words.code.clone(), code: code.to_owned(), notes }))
}
