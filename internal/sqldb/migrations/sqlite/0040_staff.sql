-- Who works with the control panel. People, what they prove themselves with and
-- their sessions belong to the installation and not to a store: these tables do
-- not lead with store_id. Their memberships do.

CREATE TABLE staff_users (
    id INTEGER NOT NULL,
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    timezone TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- empty: invited, or signed in elsewhere
    oidc_subject TEXT NOT NULL, -- of who signs in elsewhere; empty: none yet
    totp_secret TEXT NOT NULL, -- encrypted as secrets are; empty: none
    totp_step INTEGER NOT NULL, -- of the last code that was taken
    factor_failures INTEGER NOT NULL, -- wrong codes in a row
    factor_date INTEGER NOT NULL, -- of the last of them
    sign_ins INTEGER NOT NULL,
    version INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    date_signed_in INTEGER NOT NULL, -- 0: never
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX staff_users_email ON staff_users (email_norm);

-- Store 0 stands for all stores. grants are permissions beyond the role.
CREATE TABLE staff_memberships (
    store_id INTEGER NOT NULL,
    staff_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    grants TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, staff_id)
) STRICT, WITHOUT ROWID;
-- What a person may is looked for across stores.
CREATE INDEX staff_memberships_staff ON staff_memberships (staff_id, store_id);

-- Sessions that have ended stay for some time, to know a person's networks.
CREATE TABLE staff_sessions (
    token_hash TEXT NOT NULL,
    id INTEGER NOT NULL,
    staff_id INTEGER NOT NULL,
    stage INTEGER NOT NULL, -- 0: signed in; what is still to come before
    tries INTEGER NOT NULL, -- at the second factor
    date_created INTEGER NOT NULL,
    date_seen INTEGER NOT NULL,
    date_proved INTEGER NOT NULL, -- when a password or a passkey was last given
    date_expires INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    ip_address TEXT NOT NULL,
    network TEXT NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (staff_id) REFERENCES staff_users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id, date_seen);

-- What is used once or for a while: links, keys of the first start, browsers
-- that are remembered, ceremonies under way. Staff 0 is nobody yet.
CREATE TABLE staff_tokens (
    token_hash TEXT NOT NULL,
    purpose TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    data TEXT NOT NULL,
    date_expires INTEGER NOT NULL,
    PRIMARY KEY (token_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_tokens_staff ON staff_tokens (staff_id, purpose);

CREATE TABLE staff_passkeys (
    id TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    credential TEXT NOT NULL, -- JSON; public
    date_created INTEGER NOT NULL,
    date_used INTEGER NOT NULL, -- 0: never
    PRIMARY KEY (id),
    FOREIGN KEY (staff_id) REFERENCES staff_users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_passkeys_staff ON staff_passkeys (staff_id);

CREATE TABLE staff_recovery_codes (
    staff_id INTEGER NOT NULL,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (staff_id, code_hash),
    FOREIGN KEY (staff_id) REFERENCES staff_users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The counters of what is of no store: its history is that of store 0.
INSERT INTO store_counters (store_id) VALUES (0);
