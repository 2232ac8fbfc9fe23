-- Promises under fire: what tells faults that come together apart.
-- Of what was accepted: a flipped bit in it is found before it is sent. Absent for messages of older versions.
ALTER TABLE message ADD COLUMN checksum INTEGER;
-- When a message is due that is held because its file was put back; it then has no due_at.
ALTER TABLE message ADD COLUMN held INTEGER;
CREATE INDEX message_held ON message (route) WHERE held IS NOT NULL;
-- More or less time is added to the checksum; a bit that flips on the disk is not.
CREATE TRIGGER message_validity AFTER UPDATE OF valid_until ON message
WHEN new.checksum IS NOT NULL AND abs(new.valid_until - old.valid_until) < 1000000000000000
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
