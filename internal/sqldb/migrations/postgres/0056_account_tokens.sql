-- An API account's access token before the present one, as long as it is good, and
-- the requests of its last days, as JSON.

ALTER TABLE api_accounts ADD COLUMN old_token_hash TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE api_accounts ADD COLUMN old_token_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_accounts ADD COLUMN requests TEXT NOT NULL DEFAULT '';
CREATE INDEX api_accounts_old_token ON api_accounts (store_id, old_token_hash) WHERE old_token_hash <> '';
