-- How often something was tried, counted by all processes.

-- Attempts in a window of time, by the hash of who tried, or on what.
CREATE TABLE attempt_windows (
    store_id BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    date_start BIGINT NOT NULL,
    PRIMARY KEY (store_id, subject)
);
CREATE INDEX attempt_windows_start ON attempt_windows (store_id, date_start);
