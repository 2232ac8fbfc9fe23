-- Modems: their SIMs, what these have sent, and what came to them.

ALTER TABLE message ADD COLUMN sim TEXT;
CREATE INDEX message_contact ON message (recipient) WHERE sim IS NOT NULL;
ALTER TABLE inbound ADD COLUMN sim TEXT;
CREATE INDEX submission_doubt ON submission (at) WHERE state = 'uncertain' AND carrier_id IS NULL;
CREATE INDEX inbound_sender ON inbound (sender);

-- What modems handed over: a slot that is read again, or a part that the network repeats, is known by it.
CREATE TABLE inbound_seen (
    digest      INTEGER PRIMARY KEY,      -- hash of SIM, sender, network time, place in the message and content
    message     INTEGER,                  -- the message, if it had one part
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX inbound_seen_age ON inbound_seen (at);

CREATE TABLE modem (
    link        TEXT PRIMARY KEY,         -- group/name
    imei        TEXT,
    maker       TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    firmware    TEXT    NOT NULL,
    sim         TEXT,                     -- the SIM that is in it, or was last
    seen_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sim (
    id          TEXT PRIMARY KEY,         -- the ICCID, or the modem's IMEI where the SIM does not tell it
    link        TEXT    NOT NULL,         -- the modem that it is in, or was last
    imsi        TEXT,
    number      TEXT,
    first_at    INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    used_at     INTEGER,                  -- when the network took a segment of it last
    kept_alive_at INTEGER,                -- when a message was made last that only keeps it alive
    balance     INTEGER,                  -- thousandths
    balance_text TEXT,                    -- the network's own words
    balance_at  INTEGER,
    balance_asked_at INTEGER,
    balance_low INTEGER NOT NULL DEFAULT 0    -- 1 once a person was told
) STRICT, WITHOUT ROWID;

-- How many segments a SIM was given, by slots of the spans that have caps (policy::caps).
CREATE TABLE sim_usage (
    sim         TEXT    NOT NULL,
    span        TEXT    NOT NULL,         -- minute, hour, day, month
    start       INTEGER NOT NULL,
    segments    INTEGER NOT NULL,
    PRIMARY KEY (sim, span, start)
) STRICT, WITHOUT ROWID;

-- PINs that were entered and not taken yet: none of them is entered again by itself.
CREATE TABLE pin_attempt (
    sim         TEXT    NOT NULL,
    digest      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (sim, digest)
) STRICT, WITHOUT ROWID;
