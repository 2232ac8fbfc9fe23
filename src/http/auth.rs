//! Decides who a caller is, and whether the token's scopes allow what is asked.
//!
//! A verified token is trusted for a few seconds without asking the store again, so a revoked one stops working
//! within that time. The cache is keyed by the SHA-256 of the token: nobody can steer where a lookup goes, and the
//! final comparison takes constant time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};

use crate::model::Timestamp;
use crate::store;

use super::backend::Backend;
use super::problem::Problem;
use super::token::{self, Scope, Scopes, TokenHash};

/// How many tokens, good and bad, are remembered.
const CACHE_MAX: usize = 1_024;

/// Who makes a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token's row.
    pub token: i64,
    /// What the operator called the token.
    pub name: Arc<str>,
    /// What it may do.
    pub scopes: Scopes,
}

/// What was found out about a token, and when.
struct Entry {
    hash: TokenHash,
    caller: Option<Caller>,
    asked_at: Timestamp,
}

/// Verifies bearer tokens.
pub struct Auth {
    cache: Mutex<BTreeMap<TokenHash, Entry>>,
    trusted_for: Duration,
}

impl Auth {
    /// A verifier that trusts what it found for `trusted_for`.
    pub fn new(trusted_for: Duration) -> Self {
        Self { cache: Mutex::new(BTreeMap::new()), trusted_for }
    }

    /// The caller, if the request has a valid token with `scope`.
    ///
    /// # Errors
    /// 401 without a valid token, 403 when `scope` is missing, 503 when the store cannot be asked.
    pub async fn authorize(
        &self,
        headers: &HeaderMap,
        scope: Scope,
        backend: &Backend,
        now: Timestamp,
    ) -> Result<Caller, Problem> {
        let presented = bearer(headers)?;
        let hash = TokenHash::of(presented);
        let known = self.look_up(&hash, now);
        let caller = match known {
            Some(caller) => caller,
            None if !token::is_well_formed(presented) => None,
            None => {
                let caller = find(backend, hash).await?;
                self.remember(hash, caller.clone(), now);
                caller
            }
        };
        let caller =
            caller.ok_or_else(|| unauthorized("the token is not valid: mistyped, revoked, or from another server"))?;
        if !caller.scopes.allow(scope) {
            let detail = format!("the token \"{}\" lacks the scope {scope}; it has: {}", caller.name, caller.scopes);
            return Err(Problem::new(StatusCode::FORBIDDEN, "missing_scope", detail));
        }
        Ok(caller)
    }

    fn look_up(&self, hash: &TokenHash, now: Timestamp) -> Option<Option<Caller>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = cache.get(hash).filter(|entry| entry.hash.matches(hash))?;
        // A clock that went back makes the entry worthless, not eternal.
        let fresh = now >= entry.asked_at && now.since(entry.asked_at) < self.trusted_for;
        fresh.then(|| entry.caller.clone())
    }

    fn remember(&self, hash: TokenHash, caller: Option<Caller>, now: Timestamp) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_MAX {
            cache.retain(|_, entry| now.since(entry.asked_at) < self.trusted_for);
        }
        if cache.len() >= CACHE_MAX {
            // A flood of invented tokens: start over, each good one costs one more look into the store.
            cache.clear();
        }
        cache.insert(hash, Entry { hash, caller, asked_at: now });
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).ok_or_else(|| {
        unauthorized("send the header \"Authorization: Bearer pr_…\"; postrider token create makes one")
    })?;
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(unauthorized("the Authorization header is not of the form \"Bearer pr_…\"")),
    }
}

async fn find(backend: &Backend, hash: TokenHash) -> Result<Option<Caller>, Problem> {
    let row = backend.read(move |connection| store::token::by_hash(connection, &hash.0)).await?;
    Ok(row.map(|row| Caller {
        token: row.id,
        name: row.name.into(),
        // A scope that a newer version wrote gives nothing here, and takes nothing from the others.
        scopes: row.scopes.iter().filter_map(|word| word.parse().ok()).fold(Scopes::default(), Scopes::with),
    }))
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}
