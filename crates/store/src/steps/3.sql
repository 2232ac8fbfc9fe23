-- Contacts, what they did, and what follows from it.

CREATE TABLE contact (
    id          INTEGER PRIMARY KEY,
    number      TEXT    NOT NULL UNIQUE,  -- E.164 with plus
    name        TEXT,
    locale      TEXT,
    zone        TEXT,                     -- IANA name
    attributes  TEXT,                     -- JSON object
    tags        TEXT,                     -- JSON array
    lists       TEXT,                     -- JSON array
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT;

-- The time zones that contacts have, so that a segment can compute the present day once for each.
CREATE TABLE contact_zone (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE contact_tag (
    tag         TEXT    NOT NULL,
    contact     INTEGER NOT NULL,
    PRIMARY KEY (tag, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_list (
    list        TEXT    NOT NULL,
    contact     INTEGER NOT NULL,
    PRIMARY KEY (list, contact)
) STRICT, WITHOUT ROWID;

-- The attributes once more, in the order in which segments ask: numbers, days since 1970 and 0 or 1 as number.
CREATE TABLE contact_attribute (
    name        TEXT    NOT NULL,
    contact     INTEGER NOT NULL,
    n           INTEGER NOT NULL,         -- entry of a list, else 0
    number      REAL,
    text        TEXT,
    PRIMARY KEY (name, contact, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_event (
    id          INTEGER PRIMARY KEY,
    contact     INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    external    TEXT,                     -- the sender's own id
    amount      INTEGER,                  -- ten-thousandths
    currency    TEXT,
    products    TEXT,                     -- JSON array
    properties  TEXT,                     -- JSON object
    received_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX contact_event_external ON contact_event (external, kind) WHERE external IS NOT NULL;
CREATE INDEX contact_event_of ON contact_event (contact, at);
CREATE INDEX contact_event_window ON contact_event (kind, at, contact, amount);
CREATE INDEX contact_event_total ON contact_event (kind, contact, at, amount);

-- The data points that rows hold (campaign::point); times in milliseconds, money in ten-thousandths, days since 1970.
-- One narrow row for each contact, so that a segment reads all of them in a moment.
CREATE TABLE contact_point (
    contact     INTEGER PRIMARY KEY,
    zone        INTEGER NOT NULL,         -- contact_zone; 0 is none
    birthday_place INTEGER,                -- campaign::point::birthday_place
    contact_since          INTEGER,
    country                TEXT,
    language               TEXT,
    birthday               INTEGER,
    events                 INTEGER,
    last_event_at          INTEGER,
    first_active_at        INTEGER,
    last_active_at         INTEGER,
    purchases              INTEGER,
    first_purchase_at      INTEGER,
    last_purchase_at       INTEGER,
    lifetime_value         INTEGER,
    last_purchase_value    INTEGER,
    largest_purchase_value INTEGER,
    currency               TEXT,
    products_bought        INTEGER,
    last_product           TEXT,
    last_product_category  TEXT,
    coupons_used           INTEGER,
    refunds                INTEGER,
    refunded_value         INTEGER,
    last_refund_at         INTEGER,
    visits                 INTEGER,
    first_visit_at         INTEGER,
    last_visit_at          INTEGER,
    products_viewed        INTEGER,
    last_viewed_at         INTEGER,
    last_viewed_product    TEXT,
    last_viewed_category   TEXT,
    last_viewed_url        TEXT,
    cart_updated_at        INTEGER,
    cart_value             INTEGER,
    cart_items             INTEGER,
    cart_product           TEXT,
    cart_url               TEXT,
    carts                  INTEGER,
    last_order             TEXT,
    order_status           TEXT,
    order_shipped_at       INTEGER,
    order_delivered_at     INTEGER,
    delivery_expected_on   INTEGER,
    tracking_url           TEXT,
    loyalty_since          INTEGER,
    points_balance         REAL,
    points_earned          REAL,
    points_redeemed        REAL,
    points_expired         REAL,
    points_expiring        REAL,
    points_expire_on       INTEGER,
    last_points_at         INTEGER,
    last_redeemed_at       INTEGER,
    tier                   TEXT,
    next_tier              TEXT,
    next_tier_distance     REAL,
    referrals              INTEGER,
    last_referral_at       INTEGER,
    referral_code          TEXT,
    messages_sent          INTEGER,
    last_message_at        INTEGER,
    messages_delivered     INTEGER,
    last_delivered_at      INTEGER,
    clicks                 INTEGER,
    last_click_at          INTEGER,
    replies                INTEGER,
    last_reply_at          INTEGER,
    last_mail_opened_at    INTEGER,
    next_appointment_at    INTEGER,
    renewal_on             INTEGER,
    feedbacks              INTEGER,
    last_feedback_at       INTEGER,
    last_rating            REAL
) STRICT;

CREATE TABLE segment (
    name        TEXT PRIMARY KEY,
    title       TEXT    NOT NULL,
    tree        TEXT    NOT NULL,         -- JSON, campaign::segment
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
