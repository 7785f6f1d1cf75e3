-- Deliveries: what is sent to webhooks about events.

-- How far the outbox of a store has been turned into deliveries. Only stores
-- with active webhooks have a row.
CREATE TABLE webhook_cursors (
    store_id BIGINT NOT NULL PRIMARY KEY,
    event_id BIGINT NOT NULL
);

-- One event for one webhook; the id is the event's. It outlives the event, so
-- it has all there is to send. Those of a webhook with the same lane are sent
-- one after the other, by id. due_at of a pending one is when it is to be sent,
-- or the end of the lease of the process that is sending it; 0 of one that is
-- done. tries is JSON about the last attempts.
CREATE TABLE webhook_deliveries (
    store_id BIGINT NOT NULL,
    hook_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    data TEXT NOT NULL, -- JSON
    date_created BIGINT NOT NULL, -- of the event
    lane BIGINT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', -- pending, delivered, failed
    due_at BIGINT NOT NULL,
    lease_owner TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0, -- in all
    step BIGINT NOT NULL DEFAULT 0, -- attempts on the present schedule
    first_attempt BIGINT NOT NULL DEFAULT 0,
    last_attempt BIGINT NOT NULL DEFAULT 0,
    status BIGINT NOT NULL DEFAULT 0, -- of the last answer; 0: there was none
    duration BIGINT NOT NULL DEFAULT 0, -- of the last attempt, in milliseconds
    error TEXT NOT NULL DEFAULT '',
    tries TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (store_id, hook_id, id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (store_id, hook_id, due_at, id) WHERE due_at <> 0;
CREATE INDEX webhook_deliveries_lane ON webhook_deliveries (store_id, hook_id, lane, id, due_at) WHERE due_at <> 0;

-- When a destination's failures were last told of to its API account.
CREATE TABLE webhook_notices (
    store_id BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    destination TEXT COLLATE "C" NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, client_id, destination)
);
