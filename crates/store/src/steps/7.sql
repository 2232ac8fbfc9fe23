-- Links that were followed, and the pages that they lead to.

-- Visits by people and requests by machines; the newest ones of a link, whose counts are in short_link.
CREATE TABLE click (
    id          INTEGER PRIMARY KEY,
    link        INTEGER NOT NULL,         -- short_link
    at          INTEGER NOT NULL,
    machine     TEXT,                     -- its name; absent for a person
    visitor     INTEGER NOT NULL          -- of a link that everybody gets: a keyed hash of browser and address; else 0
) STRICT;
CREATE INDEX click_link ON click (link, at);

CREATE TABLE page (
    name        TEXT PRIMARY KEY,
    definition  TEXT    NOT NULL,         -- JSON, campaign::page
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
