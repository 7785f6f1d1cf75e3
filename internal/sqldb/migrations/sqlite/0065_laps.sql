-- What PostgreSQL finds the newest version of a row by. SQLite has one version.
ALTER TABLE store_counters ADD COLUMN lap INTEGER NOT NULL DEFAULT 0;
