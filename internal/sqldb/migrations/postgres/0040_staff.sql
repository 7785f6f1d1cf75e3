-- Who works with the control panel. People, what they prove themselves with and
-- their sessions belong to the installation and not to a store: these tables do
-- not lead with store_id. Their memberships do.

CREATE TABLE staff_users (
    id BIGINT NOT NULL,
    email TEXT NOT NULL,
    email_norm TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    timezone TEXT NOT NULL,
    password_hash TEXT NOT NULL, -- empty: invited, or signed in elsewhere
    oidc_subject TEXT NOT NULL, -- of who signs in elsewhere; empty: none yet
    totp_secret TEXT NOT NULL, -- encrypted as secrets are; empty: none
    totp_step BIGINT NOT NULL, -- of the last code that was taken
    factor_failures BIGINT NOT NULL, -- wrong codes in a row
    factor_date BIGINT NOT NULL, -- of the last of them
    sign_ins BIGINT NOT NULL,
    version BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    date_signed_in BIGINT NOT NULL, -- 0: never
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX staff_users_email ON staff_users (email_norm);

-- Store 0 stands for all stores. grants are permissions beyond the role.
CREATE TABLE staff_memberships (
    store_id BIGINT NOT NULL,
    staff_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    grants TEXT NOT NULL,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, staff_id)
);
-- What a person may is looked for across stores.
CREATE INDEX staff_memberships_staff ON staff_memberships (staff_id, store_id);

-- Sessions that have ended stay for some time, to know a person's networks.
CREATE TABLE staff_sessions (
    token_hash TEXT COLLATE "C" NOT NULL,
    id BIGINT NOT NULL,
    staff_id BIGINT NOT NULL,
    stage BIGINT NOT NULL, -- 0: signed in; what is still to come before
    tries BIGINT NOT NULL, -- at the second factor
    date_created BIGINT NOT NULL,
    date_seen BIGINT NOT NULL,
    date_proved BIGINT NOT NULL, -- when a password or a passkey was last given
    date_expires BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    ip_address TEXT NOT NULL,
    network TEXT NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (staff_id) REFERENCES staff_users (id) ON DELETE CASCADE
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id, date_seen);

-- What is used once or for a while: links, keys of the first start, browsers
-- that are remembered, ceremonies under way. Staff 0 is nobody yet.
CREATE TABLE staff_tokens (
    token_hash TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    staff_id BIGINT NOT NULL,
    data TEXT NOT NULL,
    date_expires BIGINT NOT NULL,
    PRIMARY KEY (token_hash)
);
CREATE INDEX staff_tokens_staff ON staff_tokens (staff_id, purpose);

CREATE TABLE staff_passkeys (
    id TEXT COLLATE "C" NOT NULL,
    staff_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    credential TEXT NOT NULL, -- JSON; public
    date_created BIGINT NOT NULL,
    date_used BIGINT NOT NULL, -- 0: never
    PRIMARY KEY (id),
    FOREIGN KEY (staff_id) REFERENCES staff_users (id) ON DELETE CASCADE
);
CREATE INDEX staff_passkeys_staff ON staff_passkeys (staff_id);

CREATE TABLE staff_recovery_codes (
    staff_id BIGINT NOT NULL,
    code_hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (staff_id, code_hash),
    FOREIGN KEY (staff_id) REFERENCES staff_users (id) ON DELETE CASCADE
);

-- The counters of what is of no store: its history is that of store 0.
INSERT INTO store_counters (store_id) VALUES (0);
