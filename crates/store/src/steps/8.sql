-- Campaigns, and who they go to.

CREATE TABLE campaign (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    title       TEXT    NOT NULL,
    definition  TEXT    NOT NULL,         -- JSON, campaign::run
    version     INTEGER NOT NULL,         -- how often it was written
    phase       TEXT    NOT NULL,         -- draft, scheduled, running, paused, done, canceled
    frozen      TEXT,                     -- JSON: segments and templates as they were when it was started
    stage       TEXT    NOT NULL,         -- take, spread, send: what it does while it is running
    cursor      INTEGER NOT NULL,         -- how far the stage is: the last contact, or the last recipient
    recipients  INTEGER NOT NULL,         -- how many were taken so far
    busy        INTEGER NOT NULL,         -- 1 while a step may have something to do
    withdrawing INTEGER NOT NULL,         -- 1 while messages of it may have to be taken out of the queue
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    started_at  INTEGER,                  -- when somebody started it
    begins_at   INTEGER,                  -- when it takes its recipients
    ended_at    INTEGER
) STRICT;
CREATE INDEX campaign_busy ON campaign (id) WHERE busy = 1;

CREATE TABLE campaign_recipient (
    campaign    INTEGER NOT NULL,
    n           INTEGER NOT NULL,         -- from 1, in the order in which they were taken
    contact     INTEGER,                  -- absent once the contact is gone
    part        TEXT    NOT NULL,         -- the variant, or control
    country     TEXT,
    turn_at     INTEGER NOT NULL,         -- from when on purchases count, for control and variants alike
    due_at      INTEGER,                  -- only while waiting
    state       TEXT    NOT NULL,         -- waiting, control, skipped, blocked, accepted, withdrawn; the message's own once that is gone
    at          INTEGER,                  -- when it was decided
    reason      TEXT,                     -- why there is no message, or why the message did not arrive
    message     INTEGER,
    segments    INTEGER,
    cost        INTEGER,                  -- of all segments, in millionths
    PRIMARY KEY (campaign, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX campaign_recipient_contact ON campaign_recipient (contact, campaign) WHERE contact IS NOT NULL;
CREATE INDEX campaign_recipient_due ON campaign_recipient (campaign, due_at, n) WHERE due_at IS NOT NULL;
