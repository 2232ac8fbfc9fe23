-- Segments that know their members, and tell who comes and goes.
CREATE TABLE live_segment (
    id          INTEGER PRIMARY KEY,
    name        TEXT    UNIQUE,           -- none once it is live no more and its members are to be taken away
    since       INTEGER NOT NULL,
    members     INTEGER NOT NULL DEFAULT 0,
    quiet       INTEGER NOT NULL,         -- 1 while the first look goes on that tells nobody who is in it
    up_to       INTEGER NOT NULL,         -- the contact up to which the present look came; 0 between two
    next_at     INTEGER NOT NULL          -- when the next look begins or goes on
) STRICT;

CREATE TABLE segment_member (
    segment     INTEGER NOT NULL,
    contact     INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    PRIMARY KEY (segment, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_member_contact ON segment_member (contact);

-- Contacts that were changed and are not looked at yet by live segments.
CREATE TABLE segment_touched (
    contact     INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX contact_event_segment ON contact_event (properties ->> '$.segment', id)
    WHERE kind IN ('segment_entered', 'segment_left');
