-- The first schema. Files of that version exist, so this text stays as it is.

CREATE TABLE message (
    id          INTEGER PRIMARY KEY,      -- time-ordered, see model::MessageId
    state       TEXT    NOT NULL,         -- model::State
    class       TEXT    NOT NULL,         -- otp, transactional, marketing
    route       TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,         -- E.164 with plus
    sender      TEXT,                     -- absent: the link's own
    body        TEXT,                     -- the text as posted; absent for data
    encoded     BLOB    NOT NULL,         -- model::Encoded
    profile     INTEGER NOT NULL,         -- which text profile it was encoded for
    segments    INTEGER NOT NULL,
    due_at      INTEGER,                  -- only while scheduled or queued
    timer_at    INTEGER NOT NULL,         -- validity end, lease end, report time-out, end of keeping
    valid_until INTEGER NOT NULL,
    on_doubt    TEXT    NOT NULL,         -- hold, resend
    attempt     INTEGER NOT NULL DEFAULT 0,   -- leases so far
    tries       INTEGER NOT NULL DEFAULT 0,   -- leases that counted
    doubts      INTEGER NOT NULL DEFAULT 0,   -- leases that ended in doubt
    awaited     INTEGER NOT NULL DEFAULT 0,   -- outcomes that the current lease still waits for
    events      INTEGER NOT NULL DEFAULT 0,   -- rows in event
    link        TEXT,                     -- who has or had the current lease
    changed_at  INTEGER NOT NULL,
    token       INTEGER NOT NULL,         -- who posted it
    callback    TEXT,                     -- where changes are posted
    reference   TEXT,
    tags        TEXT,                     -- JSON array
    parameters  TEXT                      -- JSON object
) STRICT;
CREATE INDEX message_due ON message (route, class, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_timer ON message (timer_at);
CREATE INDEX message_recipient ON message (recipient);
CREATE INDEX message_reference ON message (reference) WHERE reference IS NOT NULL;
CREATE INDEX message_leased ON message (link) WHERE state = 'leased';

CREATE TABLE tag (
    tag         TEXT    NOT NULL,
    message     INTEGER NOT NULL,
    PRIMARY KEY (tag, message)
) STRICT, WITHOUT ROWID;

-- One row for each segment of each lease that has an outcome. A segment without a row has not left.
CREATE TABLE submission (
    message     INTEGER NOT NULL,
    segment     INTEGER NOT NULL,         -- from 0
    attempt     INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    link        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    carrier_id  TEXT,                     -- as the carrier wrote it
    carrier_key INTEGER,                  -- hash of link group and normal form of the id
    code        INTEGER,
    note        TEXT,
    PRIMARY KEY (message, segment, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_carrier ON submission (carrier_key);

-- The timeline: every change of state, and what else a technician wants to know.
CREATE TABLE event (
    message     INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    link        TEXT,
    note        TEXT,
    PRIMARY KEY (message, n)
) STRICT, WITHOUT ROWID;

-- Receipts that nobody waits for yet: their submit answer may still come.
CREATE TABLE early_receipt (
    id          INTEGER PRIMARY KEY,
    carrier_key INTEGER NOT NULL,
    link_group  TEXT    NOT NULL,
    carrier_id  TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    raw_state   TEXT    NOT NULL,
    error       TEXT    NOT NULL,
    recipient   TEXT,
    done_at     INTEGER,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX early_receipt_key ON early_receipt (carrier_key);

CREATE TABLE callback (
    message     INTEGER NOT NULL,         -- or the id of an inbound message
    n           INTEGER NOT NULL,
    target      TEXT    NOT NULL,
    body        TEXT,                     -- exactly what is signed; dropped once delivered
    created_at  INTEGER NOT NULL,
    due_at      INTEGER,                  -- absent: done, dead, or waiting for the one before
    tries       INTEGER NOT NULL DEFAULT 0,
    done_at     INTEGER,
    dead_at     INTEGER,
    note        TEXT,                     -- the last answer
    PRIMARY KEY (message, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX callback_due ON callback (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX callback_dead ON callback (dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE inbound (
    id          INTEGER PRIMARY KEY,
    sender      TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    body        TEXT,
    data        BLOB,
    link        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    parts       INTEGER NOT NULL,
    parts_came  INTEGER NOT NULL,
    digest      INTEGER NOT NULL,         -- hash of sender, recipient, link group and content: finds redeliveries
    session     INTEGER,                  -- the link's session that it came over
    copies      INTEGER NOT NULL DEFAULT 0    -- redeliveries of it that were acknowledged and dropped
) STRICT;
CREATE INDEX inbound_digest ON inbound (digest);
CREATE INDEX inbound_received ON inbound (received_at);

-- Parts of longer messages that are not together yet.
CREATE TABLE inbound_part (
    link_group  TEXT    NOT NULL,
    sender      TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    reference   INTEGER NOT NULL,
    total       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    alphabet    TEXT    NOT NULL,
    elements    BLOB    NOT NULL,
    payload     BLOB    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (link_group, sender, recipient, reference, total, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_part_age ON inbound_part (received_at);

-- The next concatenation reference for each pair, so that neither a restart nor a busy second repeats one.
CREATE TABLE reference (
    pair        INTEGER PRIMARY KEY,      -- hash of sender and recipient
    next        INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
    token       INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    digest      BLOB    NOT NULL,         -- of the request body
    answer      TEXT    NOT NULL,         -- JSON
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE token (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    hash        BLOB    NOT NULL UNIQUE,  -- SHA-256 of the secret
    scopes      TEXT    NOT NULL,         -- JSON array
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;

-- When the next segment of a link group may leave (nanoseconds since 1970), so that a rate holds over restarts.
CREATE TABLE throttle (
    link_group  TEXT PRIMARY KEY,
    next_nanos  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many messages are in each state, kept in step by every commit.
CREATE TABLE tally (
    state       TEXT PRIMARY KEY,
    messages    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
