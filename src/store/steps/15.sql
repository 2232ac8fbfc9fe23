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
