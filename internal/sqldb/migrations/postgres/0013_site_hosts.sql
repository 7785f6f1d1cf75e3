-- Which host names the sites of channels claim, since when, and whether the
-- claim counts: no two stores have counting claims of one name.

CREATE TABLE site_hosts (
    store_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL, -- canonical; '' for no claim, or with a date_claimed for one to be named
    date_claimed BIGINT NOT NULL,
    date_proved BIGINT NOT NULL DEFAULT 0, -- 0: the claim does not count
    proof TEXT COLLATE "C" NOT NULL DEFAULT '', -- why it counts, such as 'dns'
    date_looked BIGINT NOT NULL DEFAULT 0, -- when DNS was asked last
    round BIGINT NOT NULL DEFAULT 0, -- tells the newest job that asks DNS from older ones
    PRIMARY KEY (store_id, channel_id),
    FOREIGN KEY (store_id, channel_id) REFERENCES channels (store_id, id) ON DELETE CASCADE
);

-- Sites that are there already keep working. Their names are filled in by the
-- program, which knows the canonical form.
INSERT INTO site_hosts (store_id, channel_id, name, date_claimed, date_proved, proof)
    SELECT store_id, id, '', CASE WHEN site_modified > 0 THEN site_modified ELSE date_created END,
        CASE WHEN site_modified > 0 THEN site_modified ELSE date_created END, 'migration'
    FROM channels WHERE url <> '' AND status <> 'deleted' AND status <> 'terminated';
