-- Promises under fire: what tells faults that come together apart.

-- Callbacks are taken target by target, so that one that hangs holds up only its own.
ALTER TABLE callback ADD COLUMN origin TEXT NOT NULL DEFAULT '-';
UPDATE callback SET origin = coalesce(nullif(lower(substr(target, 1, instr(target, '://') + 2)
        || substr(substr(target, instr(target, '://') + 3), 1, instr(substr(target, instr(target, '://') + 3) || '/', '/') - 1)), ''), '-')
    WHERE done_at IS NULL;
DROP INDEX callback_due;
CREATE INDEX callback_origin ON callback (origin, due_at) WHERE due_at IS NOT NULL;
