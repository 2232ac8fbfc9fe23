-- Workflows: what is defined, and who is in them.
CREATE TABLE workflow (
    name        TEXT PRIMARY KEY,
    version     INTEGER NOT NULL,         -- the newest
    active      INTEGER NOT NULL,         -- 1: what triggers it begins it
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest definition of each, and older ones that enrolments still run on.
CREATE TABLE workflow_version (
    name        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    definition  TEXT    NOT NULL,         -- JSON, campaign::workflow
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

-- The types of events that begin active workflows.
CREATE TABLE workflow_trigger (
    kind        TEXT    NOT NULL,
    workflow    TEXT    NOT NULL,
    PRIMARY KEY (kind, workflow)
) STRICT, WITHOUT ROWID;

-- Date triggers of active workflows: how far each was looked through. Days go on zone by zone.
CREATE TABLE workflow_date (
    workflow    TEXT    NOT NULL,
    n           INTEGER NOT NULL,         -- which of its triggers
    zone        INTEGER NOT NULL,         -- contact_zone; -1 for instants, which are the same everywhere
    what        TEXT    NOT NULL,         -- the trigger in words; another one begins anew
    until       INTEGER NOT NULL,         -- days: the day that is looked through; instants: up to when they were
    upto        INTEGER,                  -- instants: up to when they are being looked through
    after       INTEGER NOT NULL,         -- the contact that was looked at last
    due_at      INTEGER NOT NULL,
    PRIMARY KEY (workflow, n, zone)
) STRICT, WITHOUT ROWID;
CREATE INDEX workflow_date_due ON workflow_date (due_at);

-- Who is or was in a workflow, and where.
CREATE TABLE enrolment (
    id          INTEGER PRIMARY KEY,
    contact     INTEGER NOT NULL,
    workflow    TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    step        TEXT    NOT NULL,         -- where it stands or ended
    visit       INTEGER NOT NULL,         -- how many steps it came to
    arrived_at  INTEGER NOT NULL,         -- when it came to the step, or will
    due_at      INTEGER,                  -- absent: it is over
    outcome     TEXT,                     -- absent: it is not over
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    after_event INTEGER NOT NULL,         -- the newest contact_event when it began
    cause       TEXT    NOT NULL,         -- what began it
    event       TEXT                      -- JSON: the fields of the event that began it
) STRICT;
CREATE INDEX enrolment_due ON enrolment (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX enrolment_running ON enrolment (contact, workflow) WHERE outcome IS NULL;
CREATE INDEX enrolment_of ON enrolment (contact, workflow, started_at);
CREATE INDEX enrolment_standing ON enrolment (workflow, outcome, step);

-- What an enrolment did at each step that it came to.
CREATE TABLE visit (
    enrolment   INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    step        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    what        TEXT    NOT NULL,
    message     INTEGER,                  -- the text that it sent; one for each visit at most
    PRIMARY KEY (enrolment, n)
) STRICT, WITHOUT ROWID;

-- Days and instants that workflows often begin with are found at once.
CREATE INDEX contact_point_birthday ON contact_point (birthday_place) WHERE birthday_place IS NOT NULL;
CREATE INDEX contact_point_appointment ON contact_point (next_appointment_at) WHERE next_appointment_at IS NOT NULL;
CREATE INDEX contact_point_renewal ON contact_point (renewal_on) WHERE renewal_on IS NOT NULL;
CREATE INDEX contact_point_points ON contact_point (points_expire_on) WHERE points_expire_on IS NOT NULL;
