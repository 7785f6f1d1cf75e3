-- How often something was tried, counted by all processes.

-- Attempts in a window of time, by the hash of who tried, or on what.
CREATE TABLE attempt_windows (
    store_id INTEGER NOT NULL,
    subject TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    date_start INTEGER NOT NULL,
    PRIMARY KEY (store_id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_windows_start ON attempt_windows (store_id, date_start);
