//! `/v1/coupons`: pools of codes, giving them out, and redeeming them at the till or in the shop.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::campaign::contact::read_number;
use crate::campaign::coupon::{Pool, normal, read_code};
use crate::campaign::fault::Fault;
use crate::campaign::money::Money;
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::settings::MESSAGES_MAX;
use crate::http::token::Scope;
use crate::model::Random;
use crate::store::campaign::coupon::{self as table, Counts, Coupon, Redeemed, Redemption};

use super::contact_view::refused;
use super::segment::{check_plain_name, parsed};
use super::template::PathName;
use super::{Api, json};

/// A pool to define or to change.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct PoolRequest {
    /// Whether codes are made when they are given out; else they are those that `POST …/codes` puts in.
    generated: Option<bool>,
    /// How generated codes begin.
    #[schema(example = "SPR-")]
    prefix: Option<String>,
    /// How many letters follow, 6 to 16; 8 if absent.
    length: Option<u8>,
    /// How often a code may be redeemed; 0 for any number, 1 if absent.
    uses_max: Option<u32>,
    /// For how many hours a code is valid after it was given out.
    valid_hours: Option<u32>,
    /// Until when all codes are valid.
    #[schema(format = DateTime)]
    valid_until: Option<String>,
}

/// How a pool stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoolView {
    /// Its name.
    name: String,
    /// What it gives out.
    #[schema(value_type = Object)]
    pool: Pool,
    /// Codes that wait to be given out.
    waiting: i64,
    /// Codes that somebody has.
    issued: i64,
    /// Redemptions.
    redeemed: i64,
    /// What was bought with them.
    #[schema(value_type = f64)]
    amount: Value,
}

impl PoolView {
    fn of(name: String, pool: Pool, counts: Counts) -> Self {
        let Counts { waiting, issued, redeemed, amount } = counts;
        Self { name, pool, waiting, issued, redeemed, amount: amount.to_json() }
    }
}

/// All pools.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pools {
    /// By name.
    pools: Vec<PoolView>,
}

/// Lists the pools of coupons and how they stand.
#[utoipa::path(
    get, path = "/v1/coupons", tag = "contacts", security(("token" = ["coupons:read"])),
    responses((status = 200, description = "All pools", body = Pools))
)]
pub async fn list_coupons(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::CouponsRead, api.now()).await?;
    let pools = api
        .backend()
        .read(|connection| {
            let mut pools = Vec::new();
            for name in table::names(connection)? {
                if let Some(pool) = table::find(connection, &name)? {
                    let counts = table::counts(connection, &name)?;
                    pools.push(PoolView::of(name, pool, counts));
                }
            }
            Ok(pools)
        })
        .await?;
    Ok(json(StatusCode::OK, &Pools { pools }))
}

fn name_of(name: PathName) -> Result<String, Problem> {
    name.map(|Path(name)| name).map_err(|error| Problem::not_found(format!("there is no such pool: {error}")))
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(60).collect();
    Problem::not_found(format!("there is no pool of coupons \"{shown}\"; PUT /v1/coupons/NAME defines one"))
}

/// Defines a pool of coupons, or changes it.
#[utoipa::path(
    put, path = "/v1/coupons/{name}", tag = "contacts", security(("token" = ["coupons:write"])),
    params(("name" = String, Path, description = "The pool's name: small letters, digits, _ and -")),
    request_body(content = PoolRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = PoolView),
        (status = 201, description = "It is defined", body = PoolView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_coupons(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::CouponsWrite, now).await?;
    let name = name_of(name)?;
    check_plain_name(&name, "pool")?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let pool: Pool = parsed(&read.bytes, "{\"generated\": true, \"prefix\": …, \"valid_hours\": …}")?;
    pool.check().map_err(|faults| refused("invalid_pool", faults))?;
    let (wanted, kept) = (name.clone(), pool.clone());
    let (new, counts) = api
        .backend()
        .write(move |tx| Ok((table::define(tx, &wanted, &kept, now)?, table::counts(tx.connection(), &wanted)?)))
        .await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &PoolView::of(name, pool, counts)))
}

/// Codes for a pool.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodesRequest {
    /// 1 to 10,000 codes: letters, digits and -.
    codes: Vec<String>,
}

/// How many codes came in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodesView {
    /// How many are new; the others were there already.
    added: usize,
}

/// Puts codes into a pool.
#[utoipa::path(
    post, path = "/v1/coupons/{name}/codes", tag = "contacts", security(("token" = ["coupons:write"])),
    params(("name" = String, Path, description = "The pool's name")),
    request_body(content = CodesRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "They are in", body = CodesView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such pool", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A code is none, or the pool makes its own", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_codes(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::CouponsWrite, api.now()).await?;
    let name = name_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: CodesRequest = parsed(&read.bytes, "{\"codes\": [\"ONE\", \"TWO\"]}")?;
    if asked.codes.is_empty() || asked.codes.len() > MESSAGES_MAX {
        let fault = Fault::new("/codes", "wrong_count", format!("1 to {MESSAGES_MAX} codes come in at once"));
        return Err(refused("invalid_codes", vec![fault]));
    }
    let read =
        |(place, code): (usize, &String)| read_code(code).map_err(|fault| fault.under(&format!("/codes/{place}")));
    let codes = asked.codes.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>();
    let codes = codes.map_err(|fault| refused("invalid_codes", vec![fault]))?;
    let wanted = name.clone();
    let added = api
        .backend()
        .write(move |tx| match table::find(tx.connection(), &wanted)? {
            None => Ok(None),
            Some(pool) if pool.generated => Ok(Some(None)),
            Some(_) => table::add_codes(tx, &wanted, &codes).map(|added| Some(Some(added))),
        })
        .await?;
    match added {
        None => Err(unknown(&name)),
        Some(None) => {
            let detail = format!("the pool \"{name}\" makes its codes itself");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "generated_pool", detail))
        }
        Some(Some(added)) => Ok(json(StatusCode::OK, &CodesView { added })),
    }
}

/// Who is to have a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueRequest {
    /// The contact's number.
    contact: String,
}

/// A code.
#[derive(Debug, Serialize, ToSchema)]
pub struct CouponView {
    /// The code.
    code: String,
    /// Its pool.
    pool: String,
    /// Who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
    /// Until when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    valid_until: Option<String>,
    /// How often it was redeemed.
    uses: u32,
}

impl From<Coupon> for CouponView {
    fn from(coupon: Coupon) -> Self {
        let valid_until = coupon.valid_until.map(|until| until.to_string());
        Self { code: coupon.code, pool: coupon.pool, contact: coupon.number, valid_until, uses: coupon.uses }
    }
}

/// Gives a contact a code of a pool: the one that the contact has already, else a new one.
#[utoipa::path(
    post, path = "/v1/coupons/{name}/issue", tag = "contacts", security(("token" = ["coupons:write"])),
    params(("name" = String, Path, description = "The pool's name")),
    request_body(content = IssueRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The contact's code", body = CouponView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such pool", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The pool has no code left", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The contact is no number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn issue_coupon(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::CouponsWrite, now).await?;
    let name = name_of(name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: IssueRequest = parsed(&read.bytes, "{\"contact\": NUMBER}")?;
    let number = read_number(&asked.contact, api.0.defaults.country)
        .map_err(|fault| refused("invalid_contact", vec![fault.under("/contact")]))?;
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|_| Problem::bug())?;
    let (wanted, seed) = (name.clone(), u64::from_le_bytes(seed));
    let issued = api
        .backend()
        .write(move |tx| match table::find(tx.connection(), &wanted)? {
            None => Ok(None),
            // Codes must not be guessed from one another, so each one starts from bits of its own.
            Some(pool) => table::issue(tx, &wanted, &pool, &number, &mut Random::new(seed), now).map(Some),
        })
        .await?;
    match issued {
        None => Err(unknown(&name)),
        Some(None) => {
            let detail = format!("the pool \"{name}\" has no code left; put further ones in");
            Err(Problem::new(StatusCode::CONFLICT, "pool_empty", detail))
        }
        Some(Some(coupon)) => Ok(json(StatusCode::OK, &CouponView::from(coupon))),
    }
}

/// A code that somebody pays with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemRequest {
    /// The code, in any case.
    code: String,
    /// What was bought with it.
    #[schema(value_type = Option<f64>)]
    amount: Option<Value>,
    /// In which currency.
    currency: Option<String>,
    /// The shop's own reference, like an order's number: the same one again is the same redemption.
    reference: Option<String>,
}

/// Redeems a code, if it was given out, is still valid and not used up.
#[utoipa::path(
    post, path = "/v1/coupons/redeem", tag = "contacts", security(("token" = ["coupons:redeem"])),
    request_body(content = RedeemRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is redeemed, now or before with the same reference", body = CouponView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such code", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be redeemed; `detail` says why", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn redeem_coupon(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::CouponsRedeem, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: RedeemRequest = parsed(&read.bytes, "{\"code\": …, \"amount\": …, \"reference\": …}")?;
    let amount = asked.amount.as_ref().map(Money::from_json).transpose();
    let amount = amount.map_err(|fault| refused("invalid_redemption", vec![fault.under("/amount")]))?;
    for (place, text, max) in [("/currency", &asked.currency, 3), ("/reference", &asked.reference, 120)] {
        if text.as_ref().is_some_and(|text| text.is_empty() || text.chars().count() > max) {
            let detail = format!("this has 1 to {max} characters");
            let error = FieldError::new(place, "wrong_length", detail.clone());
            return Err(Problem::fields("invalid_redemption", detail, vec![error]));
        }
    }
    let not_found = || Problem::not_found("there is no such code");
    let code = normal(&asked.code).ok_or_else(not_found)?;
    let redemption = Redemption { amount, currency: asked.currency, reference: asked.reference };
    match api.backend().write(move |tx| table::redeem(tx, &code, &redemption, now)).await? {
        Redeemed::Now(coupon) | Redeemed::Before(coupon) => Ok(json(StatusCode::OK, &CouponView::from(coupon))),
        Redeemed::Refused(why) => Err(Problem::new(StatusCode::CONFLICT, "not_redeemable", why.to_string())),
        Redeemed::Unknown => Err(not_found()),
    }
}
