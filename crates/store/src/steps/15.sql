-- Promises under fire: what tells faults that come together apart.

-- Doubts of leases up to this one go again by somebody's decision.
ALTER TABLE message ADD COLUMN released INTEGER NOT NULL DEFAULT 0;
-- What its parts end as that turn out not to have left, once the rest of it was given up or withdrawn.
ALTER TABLE message ADD COLUMN ended TEXT;

-- A receipt that waits keeps all that it says: both ids, both addresses, the link that it came over.
ALTER TABLE early_receipt ADD COLUMN link TEXT;
ALTER TABLE early_receipt ADD COLUMN other_id TEXT;
ALTER TABLE early_receipt ADD COLUMN other_key INTEGER;
ALTER TABLE early_receipt ADD COLUMN source TEXT;
ALTER TABLE early_receipt ADD COLUMN destination TEXT;
ALTER TABLE early_receipt ADD COLUMN source_tail TEXT;
ALTER TABLE early_receipt ADD COLUMN destination_tail TEXT;
CREATE INDEX early_receipt_other ON early_receipt (other_key) WHERE other_key IS NOT NULL;
CREATE INDEX early_receipt_source ON early_receipt (source_tail) WHERE source_tail IS NOT NULL;
CREATE INDEX early_receipt_destination ON early_receipt (destination_tail) WHERE destination_tail IS NOT NULL;
CREATE INDEX early_receipt_group ON early_receipt (link_group, id);

-- How the ids of a carrier's receipts follow from those of its answers, proved by a pair that could be read in one way only.
CREATE TABLE id_relation (
    link_group  TEXT    NOT NULL,
    relation    TEXT    NOT NULL,         -- same, hex_then_decimal, decimal_then_hex
    at          INTEGER NOT NULL,
    answer_id   TEXT    NOT NULL,
    receipt_id  TEXT    NOT NULL,
    PRIMARY KEY (link_group, relation)
) STRICT, WITHOUT ROWID;
-- Whether the carrier got our acknowledgement of an incoming message tells a redelivery from a person who repeats himself.
ALTER TABLE inbound ADD COLUMN place INTEGER;
ALTER TABLE inbound ADD COLUMN came_at INTEGER;
CREATE TABLE inbound_session (
    session     INTEGER PRIMARY KEY,      -- hash of the program's run, the link and its number of the session
    link_group  TEXT    NOT NULL,
    began_at    INTEGER NOT NULL,
    read_to     INTEGER NOT NULL,         -- the carrier read our answers to its first so many deliveries
    ended_at    INTEGER                   -- absent while it lives
) STRICT;
CREATE INDEX inbound_session_began ON inbound_session (link_group, began_at);
CREATE INDEX inbound_session_ended ON inbound_session (ended_at);
CREATE TABLE inbound_unread (
    session     INTEGER NOT NULL,
    behind      INTEGER NOT NULL,         -- deliveries behind this one up to the other, of whose answers nobody knows
    up_to       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (session, behind)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_unread_age ON inbound_unread (at);

-- Parts of one message form a set of their own, and stay a while after it is together, so that each is known when it
-- comes again.
ALTER TABLE inbound_part RENAME TO inbound_part_14;
DROP INDEX inbound_part_age;
CREATE TABLE inbound_part (
    id          INTEGER PRIMARY KEY,
    set_id      INTEGER NOT NULL,         -- the parts of one message; the id of the first
    link_group  TEXT    NOT NULL,
    link        TEXT    NOT NULL,
    sender      TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    reference   INTEGER NOT NULL,
    wide        INTEGER NOT NULL,         -- 1 if the reference had 16 bits
    total       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    alphabet    TEXT    NOT NULL,
    elements    BLOB    NOT NULL,
    payload     BLOB    NOT NULL,
    received_at INTEGER NOT NULL,
    came_at     INTEGER NOT NULL,
    network_time INTEGER,
    session     INTEGER,                  -- as in `inbound`
    place       INTEGER,
    copies      INTEGER NOT NULL,         -- redeliveries while its siblings were awaited
    message     INTEGER,                  -- what it became; absent while its siblings are awaited
    repeats     INTEGER                   -- the earlier message or part that it may be a redelivery of, until that is known
) STRICT;
INSERT INTO inbound_part
    SELECT row_number() OVER (ORDER BY received_at), dense_rank() OVER (ORDER BY link_group, sender, recipient, reference,
        total), link_group, link_group, sender, recipient, reference, reference > 255, total, number, alphabet, elements,
        payload, received_at, received_at, NULL, NULL, NULL, 0, NULL, NULL
    FROM inbound_part_14;
DROP TABLE inbound_part_14;
CREATE INDEX inbound_part_named ON inbound_part (sender, recipient, reference, total, number);
CREATE INDEX inbound_part_open ON inbound_part (sender, recipient, reference, total) WHERE message IS NULL;
CREATE INDEX inbound_part_set ON inbound_part (set_id);
CREATE INDEX inbound_part_waiting ON inbound_part (received_at) WHERE message IS NULL;
CREATE INDEX inbound_part_done ON inbound_part (received_at) WHERE message IS NOT NULL;
CREATE INDEX inbound_part_held ON inbound_part (repeats) WHERE repeats IS NOT NULL;
-- Callbacks that are still owed are found at start, whatever they were put off for.
CREATE INDEX callback_open ON callback (message, n) WHERE done_at IS NULL AND dead_at IS NULL;
-- Of what was accepted: a flipped bit in it is found before it is sent. Absent for messages of older versions.
ALTER TABLE message ADD COLUMN checksum INTEGER;
-- When a message is due that is held because its file was put back; it then has no due_at.
ALTER TABLE message ADD COLUMN held INTEGER;
CREATE INDEX message_held ON message (route) WHERE held IS NOT NULL;
-- More or less time is added to the checksum; a bit that flips on the disk is not.
CREATE TRIGGER message_validity AFTER UPDATE OF valid_until ON message
WHEN new.checksum IS NOT NULL AND new.valid_until <> old.valid_until
    AND abs(new.valid_until - old.valid_until) < 1000000000000000
BEGIN
    UPDATE message SET checksum = checksum + (new.valid_until - old.valid_until) WHERE id = new.id;
END;
-- Rows that cannot be read. They stay where they are, out of every queue.
CREATE TABLE damaged (
    kind        TEXT    NOT NULL,
    row         TEXT    NOT NULL,
    what        TEXT    NOT NULL,
    was         TEXT,
    PRIMARY KEY (kind, row)
) STRICT, WITHOUT ROWID;
-- Which database this is and how far it came. The file beside it says how far it must be.
CREATE TABLE epoch (
    one         INTEGER PRIMARY KEY,
    database    BLOB    NOT NULL,
    commits     INTEGER NOT NULL,
    last_id     INTEGER NOT NULL,
    held_upto   INTEGER,
    held_at     INTEGER,
    held_why    TEXT
) STRICT;
INSERT INTO epoch VALUES (1, randomblob(16), 0, 0, NULL, NULL, NULL);
CREATE TABLE run (
    n           INTEGER PRIMARY KEY,
    nonce       INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    after       INTEGER NOT NULL
) STRICT;
-- A wall clock that is set moves the waits that were written before it.
ALTER TABLE message ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;
DROP INDEX message_due;
DROP INDEX message_timer;
CREATE INDEX message_due ON message (route, class, clock, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_timer ON message (clock, timer_at);
CREATE INDEX message_given ON message (due_at) WHERE clock = -1 AND due_at IS NOT NULL;

-- The settings of the wall clock that instants were written under. `shift` is what an instant of that line lacks to the present
-- one, in milliseconds. Line -1 is of instants that people gave: they stay where they are.
CREATE TABLE clock_line (
    n           INTEGER PRIMARY KEY,
    shift       INTEGER NOT NULL
) STRICT;
INSERT INTO clock_line VALUES (-1, 0), (0, 0);

-- The clocks when they were last looked at, so that a start can tell what passed.
CREATE TABLE clock (
    one         INTEGER PRIMARY KEY,      -- always 1
    line        INTEGER NOT NULL,         -- the present clock_line
    boot        TEXT    NOT NULL,         -- which boot of the machine it was
    up          INTEGER NOT NULL,         -- milliseconds since that boot, suspended time included
    wall        INTEGER NOT NULL,
    believed    INTEGER NOT NULL,         -- the latest time that was believed
    trust       TEXT    NOT NULL,         -- set, behind, ahead
    stepped_at  INTEGER NOT NULL          -- when the clock was last set by more than a few minutes; 0: never
) STRICT;
-- Callbacks are taken target by target, so that one that hangs holds up only its own.
ALTER TABLE callback ADD COLUMN origin TEXT NOT NULL DEFAULT '-';
UPDATE callback SET origin = coalesce(nullif(lower(substr(target, 1, instr(target, '://') + 2)
        || substr(substr(target, instr(target, '://') + 3), 1, instr(substr(target, instr(target, '://') + 3) || '/', '/') - 1)), ''), '-')
    WHERE done_at IS NULL;
DROP INDEX callback_due;
CREATE INDEX callback_origin ON callback (origin, due_at) WHERE due_at IS NOT NULL;
