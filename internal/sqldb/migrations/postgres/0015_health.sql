-- What the program keeps for its own health.

-- A webhook is switched off for hearing of nothing only when looks at it during
-- a whole day agree. idle_seen is when one last found it idle, 0: not; idle_time
-- is for how many seconds processes have seen it so.
ALTER TABLE webhooks ADD COLUMN idle_seen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN idle_time BIGINT NOT NULL DEFAULT 0;

-- Rows that processes write to learn whether writing works. Each process keeps
-- to one of a few rows. The filler takes as much room as a small request does.
CREATE TABLE schema_writes (
    id BIGINT NOT NULL PRIMARY KEY,
    date_written BIGINT NOT NULL,
    filler TEXT NOT NULL
);
