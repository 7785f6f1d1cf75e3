-- Which processes of the program use the database. Each writes once a minute that it is
-- there.
CREATE TABLE schema_processes (
    id TEXT NOT NULL PRIMARY KEY, -- drawn when it starts
    host TEXT NOT NULL,
    version TEXT NOT NULL,
    engine TEXT NOT NULL,
    date_started INTEGER NOT NULL,
    date_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
