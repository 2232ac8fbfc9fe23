-- The whole schema, to be read. `migrate.rs` brings a file here; a test proves that both agree.
-- States, classes and link names are the words used everywhere else; times are milliseconds since 1970, UTC.

CREATE TABLE message (
    id          INTEGER PRIMARY KEY,      -- time-ordered, see model::MessageId
    state       TEXT    NOT NULL,         -- model::State
    class       TEXT    NOT NULL,         -- otp, transactional, marketing
    route       TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,         -- E.164 with plus
    sender      TEXT,                     -- absent: the link's own
    body        TEXT,                     -- the text as posted; absent for data
    encoded     BLOB    NOT NULL,         -- model::Encoded
    profile     INTEGER NOT NULL,         -- which text profile it was encoded for
    segments    INTEGER NOT NULL,
    due_at      INTEGER,                  -- only while scheduled or queued
    timer_at    INTEGER NOT NULL,         -- validity end, lease end, report time-out, end of keeping
    valid_until INTEGER NOT NULL,
    on_doubt    TEXT    NOT NULL,         -- hold, resend
    attempt     INTEGER NOT NULL DEFAULT 0,   -- leases so far
    tries       INTEGER NOT NULL DEFAULT 0,   -- leases that counted
    doubts      INTEGER NOT NULL DEFAULT 0,   -- leases that ended in doubt
    awaited     INTEGER NOT NULL DEFAULT 0,   -- outcomes that the current lease still waits for
    events      INTEGER NOT NULL DEFAULT 0,   -- rows in event
    link        TEXT,                     -- who has or had the current lease
    changed_at  INTEGER NOT NULL,
    token       INTEGER NOT NULL,         -- who posted it
    callback    TEXT,                     -- where changes are posted
    reference   TEXT,
    tags        TEXT,                     -- JSON array
    parameters  TEXT,                     -- JSON object
    sim         TEXT,                     -- the SIM that has or had the current lease; absent over a carrier
    released    INTEGER NOT NULL DEFAULT 0,   -- doubts of leases up to this one go again by somebody's decision
    ended       TEXT,                     -- what parts end as that turn out not to have left, once the rest was given up
    checksum    INTEGER,                  -- of what was accepted, store::message::seal
    held        INTEGER,                  -- when it is due, while it is held because its file was put back; due_at is absent then
    clock       INTEGER NOT NULL DEFAULT 0    -- the clock_line of due_at, timer_at and valid_until
) STRICT;
CREATE INDEX message_due ON message (route, class, clock, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_timer ON message (clock, timer_at);
CREATE INDEX message_given ON message (due_at) WHERE clock = -1 AND due_at IS NOT NULL;
CREATE INDEX message_recipient ON message (recipient);
CREATE INDEX message_reference ON message (reference) WHERE reference IS NOT NULL;
-- Who knows which SIM.
CREATE INDEX message_contact ON message (recipient) WHERE sim IS NOT NULL;
CREATE INDEX message_leased ON message (link) WHERE state = 'leased';
CREATE INDEX message_held ON message (route) WHERE held IS NOT NULL;
-- More or less time is added to the checksum; a bit that flips on the disk is not.
CREATE TRIGGER message_validity AFTER UPDATE OF valid_until ON message
WHEN new.checksum IS NOT NULL AND new.valid_until <> old.valid_until
    AND abs(new.valid_until - old.valid_until) < 1000000000000000
BEGIN
    UPDATE message SET checksum = checksum + (new.valid_until - old.valid_until) WHERE id = new.id;
END;

CREATE TABLE tag (
    tag         TEXT    NOT NULL,
    message     INTEGER NOT NULL,
    PRIMARY KEY (tag, message)
) STRICT, WITHOUT ROWID;

-- One row for each segment of each lease that has an outcome. A segment without a row has not left.
CREATE TABLE submission (
    message     INTEGER NOT NULL,
    segment     INTEGER NOT NULL,         -- from 0
    attempt     INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    link        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    carrier_id  TEXT,                     -- as the carrier wrote it
    carrier_key INTEGER,                  -- hash of link group and normal form of the id
    code        INTEGER,                  -- of a refusal; 0 where the carrier took it and gave no id
    note        TEXT,
    PRIMARY KEY (message, segment, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_carrier ON submission (carrier_key);
-- Sends whose answer was lost: a receipt with an id that nobody knows may be about one of them.
CREATE INDEX submission_doubt ON submission (at) WHERE state = 'uncertain' AND carrier_id IS NULL;

-- The timeline: every change of state, and what else a technician wants to know.
CREATE TABLE event (
    message     INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    link        TEXT,
    note        TEXT,
    PRIMARY KEY (message, n)
) STRICT, WITHOUT ROWID;

-- Receipts that nobody can match yet: their submit answer may still come, or they may be about several sends.
CREATE TABLE early_receipt (
    id          INTEGER PRIMARY KEY,
    carrier_key INTEGER NOT NULL,
    link_group  TEXT    NOT NULL,
    carrier_id  TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    raw_state   TEXT    NOT NULL,
    error       TEXT    NOT NULL,
    recipient   TEXT,                     -- of receipts kept before there were source and destination
    done_at     INTEGER,
    received_at INTEGER NOT NULL,
    link        TEXT,                     -- the link that it came over
    other_id    TEXT,                     -- its second id, if TLV and text disagree
    other_key   INTEGER,
    source      TEXT,
    destination TEXT,
    source_tail TEXT,                     -- the last digits, if it is a number
    destination_tail TEXT,
    octets      BLOB                      -- of a receipt in which no id was found
) STRICT;
CREATE INDEX early_receipt_key ON early_receipt (carrier_key);
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

CREATE TABLE callback (
    message     INTEGER NOT NULL,         -- or the id of an inbound message
    n           INTEGER NOT NULL,
    target      TEXT    NOT NULL,
    body        TEXT,                     -- exactly what is signed; dropped once delivered
    created_at  INTEGER NOT NULL,
    due_at      INTEGER,                  -- absent: done, dead, or waiting for the one before
    tries       INTEGER NOT NULL DEFAULT 0,
    done_at     INTEGER,
    dead_at     INTEGER,
    note        TEXT,                     -- the last answer
    origin      TEXT    NOT NULL DEFAULT '-', -- scheme, host and port of the target
    PRIMARY KEY (message, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX callback_origin ON callback (origin, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX callback_dead ON callback (dead_at) WHERE dead_at IS NOT NULL;
-- What is still owed: found at start, whatever it was put off for.
CREATE INDEX callback_open ON callback (message, n) WHERE done_at IS NULL AND dead_at IS NULL;

CREATE TABLE inbound (
    id          INTEGER PRIMARY KEY,
    sender      TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    body        TEXT,
    data        BLOB,
    link        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    parts       INTEGER NOT NULL,
    parts_came  INTEGER NOT NULL,
    digest      INTEGER NOT NULL,         -- hash of sender, recipient, link group and content: finds redeliveries
    session     INTEGER,                  -- the session that it came over last; absent if its parts know theirs
    copies      INTEGER NOT NULL DEFAULT 0,   -- redeliveries of it that were acknowledged and dropped
    sim         TEXT,                     -- the SIM that it came to; absent over a carrier
    place       INTEGER,                  -- which of the session's deliveries it was, from 1
    came_at     INTEGER,                  -- when it came over the link
    sent_at     INTEGER                   -- when it was sent, by the network's clock
) STRICT;
CREATE INDEX inbound_digest ON inbound (digest);
CREATE INDEX inbound_received ON inbound (received_at);
CREATE INDEX inbound_sender ON inbound (sender);

-- What modems handed over: a slot that is read again, or a part that the network repeats, is known by it.
CREATE TABLE inbound_seen (
    digest      INTEGER PRIMARY KEY,      -- hash of SIM, sender, network time, place in the message and content
    message     INTEGER,                  -- the message, if it had one part
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX inbound_seen_age ON inbound_seen (at);

-- Sessions that incoming messages came over, and how far the carrier is known to have read our answers.
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

-- Parts of longer messages: those that wait for their siblings, and for a while those that are together.
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
CREATE INDEX inbound_part_named ON inbound_part (sender, recipient, reference, total, number);
CREATE INDEX inbound_part_open ON inbound_part (sender, recipient, reference, total) WHERE message IS NULL;
CREATE INDEX inbound_part_set ON inbound_part (set_id);
CREATE INDEX inbound_part_waiting ON inbound_part (received_at) WHERE message IS NULL;
CREATE INDEX inbound_part_done ON inbound_part (received_at) WHERE message IS NOT NULL;
CREATE INDEX inbound_part_held ON inbound_part (repeats) WHERE repeats IS NOT NULL;

-- The next concatenation reference for each pair, so that neither a restart nor a busy second repeats one.
CREATE TABLE reference (
    pair        INTEGER PRIMARY KEY,      -- hash of sender and recipient
    next        INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
    token       INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    digest      BLOB    NOT NULL,         -- of the request body
    answer      TEXT    NOT NULL,         -- JSON
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE token (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    hash        BLOB    NOT NULL UNIQUE,  -- SHA-256 of the secret
    scopes      TEXT    NOT NULL,         -- JSON array
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;

-- When the next segment of a link group, or of a SIM as `sim:ID`, may leave (nanoseconds since 1970): a rate holds over restarts.
CREATE TABLE throttle (
    link_group  TEXT PRIMARY KEY,
    next_nanos  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many messages are in each state, kept in step by every commit.
CREATE TABLE tally (
    state       TEXT PRIMARY KEY,
    messages    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

-- Keys that never leave this file: numbers are hashed under `person`, so that an erased one is still known when it comes again.
CREATE TABLE secret (
    name        TEXT PRIMARY KEY,
    value       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO secret VALUES ('person', randomblob(32));

-- The ledger: who agreed to what and who refused it. Rows are only added; erasure takes number, words and proof out of them.
CREATE TABLE consent (
    id          INTEGER PRIMARY KEY,
    person      BLOB    NOT NULL,         -- keyed hash of the number
    number      TEXT,                     -- E.164; absent once erased
    purpose     TEXT    NOT NULL,         -- marketing, marketing_night, transactional
    word        TEXT    NOT NULL,         -- given, withdrawn, pending, lifted
    scope       TEXT,                     -- the sender that it is about; absent: all
    at          INTEGER NOT NULL,         -- when it was said
    source      TEXT    NOT NULL,         -- api, keyword, link, import, staff, double_opt_in
    words       TEXT,                     -- in which words
    proof       TEXT,                     -- what proves it
    token       INTEGER NOT NULL          -- who wrote it; 0: the gateway itself
) STRICT;
CREATE INDEX consent_person ON consent (person);

-- Who must not be written to. It outlives contacts and erasure.
CREATE TABLE suppression (
    id          INTEGER PRIMARY KEY,
    person      BLOB    NOT NULL,
    number      TEXT,                     -- absent once erased
    scope       TEXT    NOT NULL,         -- the sender; empty: all
    covers      TEXT    NOT NULL,         -- marketing, transactional, all
    since       INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    reason      TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX suppression_person ON suppression (person, scope);

-- What a country wants told: the result of a consent or refusal, and the reminder of an old consent.
CREATE TABLE consent_due (
    person      BLOB    NOT NULL,
    kind        TEXT    NOT NULL,         -- told_start, told_stop, renew
    number      TEXT    NOT NULL,
    said_at     INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    PRIMARY KEY (person, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_due_at ON consent_due (due_at);

-- When a keyword of a person was last answered, so that nobody is answered in a loop.
CREATE TABLE answered (
    person      BLOB    NOT NULL,
    answer      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (person, answer)
) STRICT, WITHOUT ROWID;

-- What a message was granted, for those that were granted anything.
CREATE TABLE terms (
    message     INTEGER PRIMARY KEY,
    zone        TEXT,                     -- the recipient's own time zone
    exempt      TEXT,                     -- why hours, caps and missing consent do not hold for it
    own_answer  INTEGER NOT NULL DEFAULT 0    -- the gateway's answer to a keyword: an opt-out does not hold for it either
) STRICT;

-- Contacts, what they did, and what follows from it.

CREATE TABLE contact (
    id          INTEGER PRIMARY KEY,
    number      TEXT    NOT NULL UNIQUE,  -- E.164 with plus
    name        TEXT,
    locale      TEXT,
    zone        TEXT,                     -- IANA name
    attributes  TEXT,                     -- JSON object
    tags        TEXT,                     -- JSON array
    lists       TEXT,                     -- JSON array
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT;

-- The time zones that contacts have, so that a segment can compute the present day once for each.
CREATE TABLE contact_zone (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE contact_tag (
    tag         TEXT    NOT NULL,
    contact     INTEGER NOT NULL,
    PRIMARY KEY (tag, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_list (
    list        TEXT    NOT NULL,
    contact     INTEGER NOT NULL,
    PRIMARY KEY (list, contact)
) STRICT, WITHOUT ROWID;

-- The attributes once more, in the order in which segments ask: numbers, days since 1970 and 0 or 1 as number.
CREATE TABLE contact_attribute (
    name        TEXT    NOT NULL,
    contact     INTEGER NOT NULL,
    n           INTEGER NOT NULL,         -- entry of a list, else 0
    number      REAL,
    text        TEXT,
    PRIMARY KEY (name, contact, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_event (
    id          INTEGER PRIMARY KEY,
    contact     INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    external    TEXT,                     -- the sender's own id
    amount      INTEGER,                  -- ten-thousandths
    currency    TEXT,
    products    TEXT,                     -- JSON array
    properties  TEXT,                     -- JSON object
    received_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX contact_event_external ON contact_event (external, kind) WHERE external IS NOT NULL;
CREATE INDEX contact_event_of ON contact_event (contact, at);
CREATE INDEX contact_event_window ON contact_event (kind, at, contact, amount);
CREATE INDEX contact_event_total ON contact_event (kind, contact, at, amount);

-- The data points that rows hold (campaign::point); times in milliseconds, money in ten-thousandths, days since 1970.
-- One narrow row for each contact, so that a segment reads all of them in a moment.
CREATE TABLE contact_point (
    contact     INTEGER PRIMARY KEY,
    zone        INTEGER NOT NULL,         -- contact_zone; 0 is none
    birthday_place INTEGER,                -- campaign::point::birthday_place
    contact_since          INTEGER,
    country                TEXT,
    language               TEXT,
    birthday               INTEGER,
    events                 INTEGER,
    last_event_at          INTEGER,
    first_active_at        INTEGER,
    last_active_at         INTEGER,
    purchases              INTEGER,
    first_purchase_at      INTEGER,
    last_purchase_at       INTEGER,
    lifetime_value         INTEGER,
    last_purchase_value    INTEGER,
    largest_purchase_value INTEGER,
    currency               TEXT,
    products_bought        INTEGER,
    last_product           TEXT,
    last_product_category  TEXT,
    coupons_used           INTEGER,
    refunds                INTEGER,
    refunded_value         INTEGER,
    last_refund_at         INTEGER,
    visits                 INTEGER,
    first_visit_at         INTEGER,
    last_visit_at          INTEGER,
    products_viewed        INTEGER,
    last_viewed_at         INTEGER,
    last_viewed_product    TEXT,
    last_viewed_category   TEXT,
    last_viewed_url        TEXT,
    cart_updated_at        INTEGER,
    cart_value             INTEGER,
    cart_items             INTEGER,
    cart_product           TEXT,
    cart_url               TEXT,
    carts                  INTEGER,
    last_order             TEXT,
    order_status           TEXT,
    order_shipped_at       INTEGER,
    order_delivered_at     INTEGER,
    delivery_expected_on   INTEGER,
    tracking_url           TEXT,
    loyalty_since          INTEGER,
    points_balance         REAL,
    points_earned          REAL,
    points_redeemed        REAL,
    points_expired         REAL,
    points_expiring        REAL,
    points_expire_on       INTEGER,
    last_points_at         INTEGER,
    last_redeemed_at       INTEGER,
    tier                   TEXT,
    next_tier              TEXT,
    next_tier_distance     REAL,
    referrals              INTEGER,
    last_referral_at       INTEGER,
    referral_code          TEXT,
    messages_sent          INTEGER,
    last_message_at        INTEGER,
    messages_delivered     INTEGER,
    last_delivered_at      INTEGER,
    clicks                 INTEGER,
    last_click_at          INTEGER,
    replies                INTEGER,
    last_reply_at          INTEGER,
    last_mail_opened_at    INTEGER,
    next_appointment_at    INTEGER,
    renewal_on             INTEGER,
    feedbacks              INTEGER,
    last_feedback_at       INTEGER,
    last_rating            REAL
) STRICT;

CREATE TABLE segment (
    name        TEXT PRIMARY KEY,
    title       TEXT    NOT NULL,
    tree        TEXT    NOT NULL,         -- JSON, campaign::segment
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Templates, and coupons that they give out.

CREATE TABLE template (
    name        TEXT PRIMARY KEY,
    title       TEXT    NOT NULL,
    definition  TEXT    NOT NULL,         -- JSON, campaign::template
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon_pool (
    name        TEXT PRIMARY KEY,
    definition  TEXT    NOT NULL,         -- JSON, campaign::coupon
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon (
    id          INTEGER PRIMARY KEY,
    pool        TEXT    NOT NULL,
    code        TEXT    NOT NULL UNIQUE,  -- in capital letters
    number      TEXT,                     -- who has it; absent while it waits in its pool
    issued_at   INTEGER,
    valid_until INTEGER,
    uses        INTEGER NOT NULL DEFAULT 0,
    past        INTEGER NOT NULL DEFAULT 0    -- 1 once it was valid no more and its holder got another one
) STRICT;
CREATE UNIQUE INDEX coupon_holder ON coupon (pool, number) WHERE number IS NOT NULL AND past = 0;
CREATE INDEX coupon_waiting ON coupon (pool) WHERE number IS NULL;

CREATE TABLE coupon_use (
    coupon      INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    amount      INTEGER,                  -- ten-thousandths
    currency    TEXT,
    reference   TEXT,                     -- the shop's own: an order, a till's receipt
    PRIMARY KEY (coupon, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX coupon_use_reference ON coupon_use (coupon, reference) WHERE reference IS NOT NULL;

-- What campaigns and workflows share.

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

-- Campaigns, and who they go to.

CREATE TABLE campaign (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    title       TEXT    NOT NULL,
    definition  TEXT    NOT NULL,         -- JSON, campaign::run
    version     INTEGER NOT NULL,         -- how often it was written
    phase       TEXT    NOT NULL,         -- draft, scheduled, running, paused, done, canceled
    frozen      TEXT,                     -- JSON: segments and templates as they were when it was started
    stage       TEXT    NOT NULL,         -- take, spread, send: what it does while it is running
    cursor      INTEGER NOT NULL,         -- how far the stage is: the last contact, or the last recipient
    recipients  INTEGER NOT NULL,         -- how many were taken so far
    busy        INTEGER NOT NULL,         -- 1 while a step may have something to do
    withdrawing INTEGER NOT NULL,         -- 1 while messages of it may have to be taken out of the queue
    created_at  INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    started_at  INTEGER,                  -- when somebody started it
    begins_at   INTEGER,                  -- when it takes its recipients
    ended_at    INTEGER
) STRICT;
CREATE INDEX campaign_busy ON campaign (id) WHERE busy = 1;

CREATE TABLE campaign_recipient (
    campaign    INTEGER NOT NULL,
    n           INTEGER NOT NULL,         -- from 1, in the order in which they were taken
    contact     INTEGER,                  -- absent once the contact is gone
    part        TEXT    NOT NULL,         -- the variant, or control
    country     TEXT,
    turn_at     INTEGER NOT NULL,         -- from when on purchases count, for control and variants alike
    due_at      INTEGER,                  -- only while waiting
    state       TEXT    NOT NULL,         -- waiting, control, skipped, blocked, accepted, withdrawn; the message's own once that is gone
    at          INTEGER,                  -- when it was decided
    reason      TEXT,                     -- why there is no message, or why the message did not arrive
    message     INTEGER,
    segments    INTEGER,
    cost        INTEGER,                  -- of all segments, in millionths
    PRIMARY KEY (campaign, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX campaign_recipient_contact ON campaign_recipient (contact, campaign) WHERE contact IS NOT NULL;
CREATE INDEX campaign_recipient_due ON campaign_recipient (campaign, due_at, n) WHERE due_at IS NOT NULL;

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

-- Playbooks that are installed.
CREATE TABLE playbook (
    name        TEXT PRIMARY KEY,
    parameters  TEXT    NOT NULL,         -- JSON: the shop's own values
    hash        TEXT    NOT NULL,         -- SHA-256 of the file
    installed_at INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a playbook brought, as it was then: what the shop has changed since has another hash.
CREATE TABLE playbook_asset (
    kind        TEXT    NOT NULL,         -- template, coupon, segment, survey, contest, page, service, workflow
    name        TEXT    NOT NULL,
    playbook    TEXT    NOT NULL,
    hash        TEXT    NOT NULL,         -- SHA-256 of the definition
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX playbook_asset_of ON playbook_asset (playbook, kind, name);
-- A segment finds an attribute's value without reading that attribute of everybody.
CREATE INDEX contact_attribute_number ON contact_attribute (name, number) WHERE number IS NOT NULL;
CREATE INDEX contact_attribute_text ON contact_attribute (name, text) WHERE text IS NOT NULL;

-- Rows that cannot be read. They stay where they are, out of every queue.
CREATE TABLE damaged (
    kind        TEXT    NOT NULL,         -- the table
    row         TEXT    NOT NULL,         -- its key, as people name it
    what        TEXT    NOT NULL,         -- what is wrong with it
    was         TEXT,                     -- JSON: what was taken out of it so that no queue finds it
    PRIMARY KEY (kind, row)
) STRICT, WITHOUT ROWID;

-- Which database this is and how far it came. The file beside it says how far it must be (store::epoch).
CREATE TABLE epoch (
    one         INTEGER PRIMARY KEY,
    database    BLOB    NOT NULL,         -- drawn at random when the file was made
    commits     INTEGER NOT NULL,         -- of all runs of the daemon
    last_id     INTEGER NOT NULL,         -- the newest id that was given out
    held_upto   INTEGER,                  -- messages up to this id are held: the file was put back
    held_at     INTEGER,                  -- since when
    held_why    TEXT                      -- and how that was seen
) STRICT;
INSERT INTO epoch VALUES (1, randomblob(16), 0, 0, NULL, NULL, NULL);

-- The runs of the daemon on this file, the newest thousand.
CREATE TABLE run (
    n           INTEGER PRIMARY KEY,
    nonce       INTEGER NOT NULL,         -- tells the runs of two copies of one file apart
    started_at  INTEGER NOT NULL,
    after       INTEGER NOT NULL          -- commits before it
) STRICT;

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
