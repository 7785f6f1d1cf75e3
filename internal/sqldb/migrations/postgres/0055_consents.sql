-- Consents by the address, who waits for a confirmation, and addresses that nothing
-- reaches.

-- As addresses are compared; that of an erased one is its mark. Rows from before get
-- theirs by a job.
ALTER TABLE consent_changes ADD COLUMN email_norm TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX consent_changes_email ON consent_changes (store_id, email_norm, id) WHERE email_norm <> '';

-- By whose wish an address left: storefront, panel, complaint and more; '' unknown.
ALTER TABLE subscriber_ends ADD COLUMN via TEXT NOT NULL DEFAULT '';

-- Of links that confirm a subscription; '' of others and of earlier ones, which end
-- within a week.
ALTER TABLE account_tokens ADD COLUMN email_norm TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX account_tokens_waiting ON account_tokens (store_id, date_expires, token_hash) WHERE purpose = 'subscribe';

CREATE INDEX subscribers_without ON subscribers (store_id, id) WHERE consents = '';

CREATE TABLE bounces (
    store_id BIGINT NOT NULL,
    email_norm TEXT COLLATE "C" NOT NULL,
    email TEXT NOT NULL,
    kind TEXT NOT NULL, -- hard, complaint
    reason TEXT NOT NULL,
    via TEXT NOT NULL, -- who told: mail_server, management_api
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, email_norm)
);

INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 210, 'consent_keys', '{}', 0, 0 FROM stores;
