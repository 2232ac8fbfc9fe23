-- What a message was sent for, for those that a campaign, a workflow, a service or a person of the shop sent.
CREATE TABLE origin (
    message     INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL,         -- campaign, workflow, service, survey, staff
    source      TEXT    NOT NULL,         -- its name
    part        TEXT    NOT NULL,         -- the variant or step
    contact     INTEGER NOT NULL
) STRICT;
CREATE INDEX origin_source ON origin (kind, source, part, message);
CREATE INDEX origin_contact ON origin (contact, kind, source, part);

-- Short links: one for each recipient, target and origin.
CREATE TABLE short_link (
    id          INTEGER PRIMARY KEY,
    code        TEXT    NOT NULL UNIQUE,
    target      TEXT    NOT NULL,         -- an address, or page:NAME
    contact     INTEGER NOT NULL,         -- whose; 0 for one that everybody gets
    kind        TEXT    NOT NULL,         -- as in origin; empty for one that was made by hand
    source      TEXT    NOT NULL,
    part        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    clicks      INTEGER NOT NULL DEFAULT 0,   -- by people
    machines    INTEGER NOT NULL DEFAULT 0,   -- by previews and robots
    first_click_at INTEGER,
    last_click_at INTEGER
) STRICT;
CREATE UNIQUE INDEX short_link_of ON short_link (contact, target, kind, source, part);
CREATE INDEX short_link_source ON short_link (kind, source, part);

-- What happened to contacts and is not looked at yet by workflows and live segments.
CREATE TABLE happening (
    id          INTEGER PRIMARY KEY,
    contact     INTEGER NOT NULL,
    event       INTEGER NOT NULL          -- contact_event
) STRICT;

-- The kinds of events that a workflow or a live segment waits for; `*` is all of them.
CREATE TABLE awaited (
    kind        TEXT    NOT NULL,
    who         TEXT    NOT NULL,         -- workflow:NAME, segment:NAME
    PRIMARY KEY (kind, who)
) STRICT, WITHOUT ROWID;
