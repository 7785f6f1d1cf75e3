-- Webhooks, whom to tell of their failures, and which destinations are blocked.

ALTER TABLE store_counters ADD COLUMN webhook_id BIGINT NOT NULL DEFAULT 0;

-- What an API account wants to be told of. destination_norm is the URL with
-- its host as it is compared. disabled tells why the service switched a hook
-- off: '', 'failures' or 'inactivity'. last_event is when an event last matched
-- the hook, last_delivered when one last arrived; 0 stands for never. It hears of
-- the events after from_event.
CREATE TABLE webhooks (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    destination TEXT NOT NULL,
    destination_norm TEXT COLLATE "C" NOT NULL,
    headers TEXT NOT NULL, -- a JSON object, or empty
    is_active BIGINT NOT NULL,
    disabled TEXT COLLATE "C" NOT NULL DEFAULT '',
    last_event BIGINT NOT NULL DEFAULT 0,
    last_delivered BIGINT NOT NULL DEFAULT 0,
    from_event BIGINT NOT NULL DEFAULT 0,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, client_id) REFERENCES api_accounts (store_id, client_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX webhooks_unique ON webhooks (store_id, client_id, scope, destination_norm);
CREATE INDEX webhooks_active ON webhooks (store_id, id) WHERE is_active = 1;

-- Whom an API account wants to be told by email of blocked destinations and
-- deactivated webhooks.
CREATE TABLE webhook_contacts (
    store_id BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (store_id, client_id, position),
    FOREIGN KEY (store_id, client_id) REFERENCES api_accounts (store_id, client_id) ON DELETE CASCADE
);

-- Domains to which nothing is sent for a while on behalf of an API account.
CREATE TABLE webhook_blocks (
    store_id BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    blocked_until BIGINT NOT NULL,
    reasons TEXT NOT NULL, -- JSON
    PRIMARY KEY (store_id, client_id, domain),
    FOREIGN KEY (store_id, client_id) REFERENCES api_accounts (store_id, client_id) ON DELETE CASCADE
);
