-- Templates, and coupons that they give out.

CREATE TABLE template (
    name        TEXT PRIMARY KEY,
    title       TEXT    NOT NULL,
    definition  TEXT    NOT NULL,         -- JSON, campaign::template
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon_pool (
    name        TEXT PRIMARY KEY,
    definition  TEXT    NOT NULL,         -- JSON, campaign::coupon
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon (
    id          INTEGER PRIMARY KEY,
    pool        TEXT    NOT NULL,
    code        TEXT    NOT NULL UNIQUE,  -- in capital letters
    number      TEXT,                     -- who has it; absent while it waits in its pool
    issued_at   INTEGER,
    valid_until INTEGER,
    uses        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX coupon_holder ON coupon (pool, number) WHERE number IS NOT NULL;
CREATE INDEX coupon_waiting ON coupon (pool) WHERE number IS NULL;

CREATE TABLE coupon_use (
    coupon      INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    amount      INTEGER,                  -- ten-thousandths
    currency    TEXT,
    reference   TEXT,                     -- the shop's own: an order, a till's receipt
    PRIMARY KEY (coupon, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX coupon_use_reference ON coupon_use (coupon, reference) WHERE reference IS NOT NULL;
