-- Jobs to be done outside the transaction that asks for them, emails, and the
-- stores' own texts of emails.

-- due_at of a job that is being done is the end of its lease. A job with
-- date_failed was given up and is kept for a while to be looked at.
CREATE TABLE jobs (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL, -- random
    kind TEXT COLLATE "C" NOT NULL,
    payload TEXT NOT NULL, -- JSON
    due_at BIGINT NOT NULL,
    lease_owner TEXT NOT NULL DEFAULT '',
    attempts BIGINT NOT NULL DEFAULT 0,
    date_created BIGINT NOT NULL,
    date_failed BIGINT NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (store_id, id)
);
CREATE INDEX jobs_due ON jobs (store_id, kind, due_at, id) WHERE date_failed = 0;
CREATE INDEX jobs_failed ON jobs (store_id, date_failed) WHERE date_failed > 0;

-- data holds what the templates need, one-time links included, and is emptied
-- when the message has been sent. Subject and bodies are kept in development.
ALTER TABLE store_counters ADD COLUMN email_id BIGINT NOT NULL DEFAULT 0;
CREATE TABLE emails (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    recipient TEXT NOT NULL, -- empty: the store's administrator
    recipient_name TEXT NOT NULL,
    recipient_norm TEXT COLLATE "C" NOT NULL,
    customer_id BIGINT NOT NULL, -- 0: of no customer
    site_url TEXT NOT NULL,
    data TEXT NOT NULL, -- JSON
    message_id TEXT NOT NULL,
    status TEXT COLLATE "C" NOT NULL, -- queued, sent, failed, expired
    error TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    body_text TEXT NOT NULL DEFAULT '',
    body_html TEXT NOT NULL DEFAULT '',
    date_created BIGINT NOT NULL,
    date_expires BIGINT NOT NULL,
    date_done BIGINT NOT NULL DEFAULT 0, -- sent or given up
    PRIMARY KEY (store_id, id)
);
CREATE INDEX emails_recipient ON emails (store_id, recipient_norm, id);
CREATE INDEX emails_status ON emails (store_id, status, id);

-- Parts that are empty are the program's own.
CREATE TABLE email_templates (
    store_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    locale TEXT COLLATE "C" NOT NULL, -- empty: every language
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, kind, locale)
);

-- The account-created email is queued with the customer.
ALTER TABLE events DROP COLUMN notify;
