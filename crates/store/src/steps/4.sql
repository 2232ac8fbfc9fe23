-- Consent: who agreed to what, who must not be written to, and what is still to be told to whom.
CREATE TABLE secret (
    name        TEXT PRIMARY KEY,
    value       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO secret VALUES ('person', randomblob(32));

CREATE TABLE consent (
    id          INTEGER PRIMARY KEY,
    person      BLOB    NOT NULL,
    number      TEXT,
    purpose     TEXT    NOT NULL,
    word        TEXT    NOT NULL,
    scope       TEXT,
    at          INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    words       TEXT,
    proof       TEXT,
    token       INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_person ON consent (person);

CREATE TABLE suppression (
    id          INTEGER PRIMARY KEY,
    person      BLOB    NOT NULL,
    number      TEXT,
    scope       TEXT    NOT NULL,
    covers      TEXT    NOT NULL,
    since       INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    reason      TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX suppression_person ON suppression (person, scope);

CREATE TABLE consent_due (
    person      BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    number      TEXT    NOT NULL,
    said_at     INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    PRIMARY KEY (person, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_due_at ON consent_due (due_at);

CREATE TABLE answered (
    person      BLOB    NOT NULL,
    answer      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (person, answer)
) STRICT, WITHOUT ROWID;

CREATE TABLE terms (
    message     INTEGER PRIMARY KEY,
    zone        TEXT,
    exempt      TEXT,
    own_answer  INTEGER NOT NULL DEFAULT 0
) STRICT;
