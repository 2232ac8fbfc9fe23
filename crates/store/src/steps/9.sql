-- Two ways: conversations, keyword services, surveys, contests.

-- What the shop defined.
CREATE TABLE talk_definition (
    kind        TEXT    NOT NULL,         -- service, survey, contest
    name        TEXT    NOT NULL,
    definition  TEXT    NOT NULL,         -- JSON: campaign::service, campaign::survey, campaign::contest
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- The words of services as they are looked up.
CREATE TABLE service_word (
    how         TEXT    NOT NULL,         -- exact, prefix, regex, any
    word        TEXT    NOT NULL,         -- in its plain form; a pattern as it is; empty for any
    service     TEXT    NOT NULL,
    PRIMARY KEY (how, word, service)
) STRICT, WITHOUT ROWID;

-- One for each number that wrote, or that a person of the shop wrote to.
CREATE TABLE conversation (
    id          INTEGER PRIMARY KEY,
    number      TEXT    NOT NULL UNIQUE,  -- E.164 with plus
    state       TEXT    NOT NULL,         -- open, closed
    assignee    TEXT,
    tags        TEXT,                     -- JSON array
    unread      INTEGER NOT NULL,         -- texts that nobody of the shop has read
    ours        TEXT,                     -- our number that it last came to
    last_text   TEXT,                     -- the beginning of the last text, either way
    last_in_at  INTEGER,                  -- when the person last wrote
    last_at     INTEGER NOT NULL,         -- when anything last happened
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_last ON conversation (last_at, id);
CREATE INDEX conversation_state ON conversation (state, last_at, id);

CREATE TABLE conversation_note (
    id          INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    author      TEXT    NOT NULL,         -- who wrote it; what wrote it, like `service info`
    text        TEXT    NOT NULL
) STRICT;
CREATE INDEX conversation_note_of ON conversation_note (conversation, id);

-- What took an incoming text.
CREATE TABLE heard (
    message     INTEGER PRIMARY KEY,      -- inbound
    kind        TEXT    NOT NULL,         -- keyword, workflow, survey, service, conversation
    source      TEXT    NOT NULL          -- its name
) STRICT;

-- How often a number was answered by itself (campaign::flood), for a few days.
CREATE TABLE talk_flood (
    number      TEXT PRIMARY KEY,
    ledger      TEXT    NOT NULL,         -- JSON
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX talk_flood_age ON talk_flood (at);

CREATE TABLE survey_run (
    id          INTEGER PRIMARY KEY,
    survey      TEXT    NOT NULL,
    contact     INTEGER NOT NULL,
    state       TEXT    NOT NULL,         -- open, done, timed_out, stopped, gave_up, unsent
    begun_by    TEXT    NOT NULL,         -- `service info`, `workflow win-back`, api, page
    question    TEXT,                     -- the open one
    asked       INTEGER,                  -- the message that asks it
    tries       INTEGER NOT NULL,         -- wrong answers to it
    answers     TEXT    NOT NULL,         -- JSON object
    ours        TEXT,                     -- our number that it is asked from
    started_at  INTEGER NOT NULL,
    due_at      INTEGER,                  -- while it is open: when nobody waits any more
    ended_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX survey_run_open ON survey_run (contact) WHERE state = 'open';
CREATE INDEX survey_run_contact ON survey_run (contact);
CREATE INDEX survey_run_due ON survey_run (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX survey_run_of ON survey_run (survey, id);

-- What a draw follows from. The seed is made with the contest and shown after the draw only.
CREATE TABLE contest_seed (
    contest     TEXT PRIMARY KEY,
    seed        TEXT    NOT NULL,         -- 64 hexadecimal digits
    made_at     INTEGER NOT NULL,
    over        INTEGER NOT NULL DEFAULT 0    -- 1 once a draw began: nobody enters any more
) STRICT, WITHOUT ROWID;

CREATE TABLE contest_entry (
    id          INTEGER PRIMARY KEY,      -- its text form is the ticket
    contest     TEXT    NOT NULL,
    contact     INTEGER,                  -- absent once erased after a draw
    at          INTEGER NOT NULL,
    entered_by  TEXT    NOT NULL          -- `service win`, page, api
) STRICT;
CREATE UNIQUE INDEX contest_entry_once ON contest_entry (contest, contact) WHERE contact IS NOT NULL;
CREATE INDEX contest_entry_order ON contest_entry (contest, id);
CREATE INDEX contest_entry_contact ON contest_entry (contact) WHERE contact IS NOT NULL;

-- Every draw, also those that were done again; rows are only added.
CREATE TABLE contest_draw (
    contest     TEXT    NOT NULL,
    n           INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    token       INTEGER NOT NULL,         -- who asked for it
    seed        TEXT    NOT NULL,
    given       INTEGER NOT NULL,         -- 1: the seed came from outside
    list        TEXT    NOT NULL,         -- hash of the list of tickets
    entries     INTEGER NOT NULL,
    winners     TEXT    NOT NULL,         -- JSON array of tickets, the first prize first
    reason      TEXT,                     -- why it was done again
    PRIMARY KEY (contest, n)
) STRICT, WITHOUT ROWID;
