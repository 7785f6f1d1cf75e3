-- What has ended is found by its date. Of emails the status is in the index though it
-- is always the same: SQLite would rather take emails_status.
CREATE INDEX emails_expires ON emails (store_id, status, date_expires) WHERE status = 'queued';
CREATE INDEX emails_kept ON emails (store_id, status, date_expires) WHERE status = 'failed' AND data <> '';
CREATE INDEX emails_done ON emails (store_id, date_done) WHERE status <> 'queued' AND status <> 'failed';
CREATE INDEX emails_failed ON emails (store_id, status, date_done) WHERE status = 'failed';

-- These are of the installation, as their tables are.
CREATE INDEX staff_sessions_expires ON staff_sessions (date_expires);
CREATE INDEX staff_tokens_expires ON staff_tokens (date_expires);
