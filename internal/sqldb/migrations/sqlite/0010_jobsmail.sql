-- Jobs to be done outside the transaction that asks for them, emails, and the
-- stores' own texts of emails.

-- due_at of a job that is being done is the end of its lease. A job with
-- date_failed was given up and is kept for a while to be looked at.
CREATE TABLE jobs (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL, -- random
    kind TEXT NOT NULL,
    payload TEXT NOT NULL, -- JSON
    due_at INTEGER NOT NULL,
    lease_owner TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    date_created INTEGER NOT NULL,
    date_failed INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (store_id, kind, due_at, id) WHERE date_failed = 0;
CREATE INDEX jobs_failed ON jobs (store_id, date_failed) WHERE date_failed > 0;

-- data holds what the templates need, one-time links included, and is emptied
-- when the message has been sent. Subject and bodies are kept in development.
ALTER TABLE store_counters ADD COLUMN email_id INTEGER NOT NULL DEFAULT 0;
CREATE TABLE emails (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL, -- empty: the store's administrator
    recipient_name TEXT NOT NULL,
    recipient_norm TEXT NOT NULL,
    customer_id INTEGER NOT NULL, -- 0: of no customer
    site_url TEXT NOT NULL,
    data TEXT NOT NULL, -- JSON
    message_id TEXT NOT NULL,
    status TEXT NOT NULL, -- queued, sent, failed, expired
    error TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    body_text TEXT NOT NULL DEFAULT '',
    body_html TEXT NOT NULL DEFAULT '',
    date_created INTEGER NOT NULL,
    date_expires INTEGER NOT NULL,
    date_done INTEGER NOT NULL DEFAULT 0, -- sent or given up
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX emails_recipient ON emails (store_id, recipient_norm, id);
CREATE INDEX emails_status ON emails (store_id, status, id);

-- Parts that are empty are the program's own.
CREATE TABLE email_templates (
    store_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    locale TEXT NOT NULL, -- empty: every language
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, kind, locale)
) STRICT, WITHOUT ROWID;

-- The account-created email is queued with the customer.
ALTER TABLE events DROP COLUMN notify;
