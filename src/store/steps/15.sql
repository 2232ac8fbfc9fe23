-- Promises under fire: what tells faults that come together apart.

-- Callbacks that are still owed are found at start, whatever they were put off for.
CREATE INDEX callback_open ON callback (message, n) WHERE done_at IS NULL AND dead_at IS NULL;
