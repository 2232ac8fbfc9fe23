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
