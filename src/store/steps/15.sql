-- Promises under fire: what tells faults that come together apart.

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
