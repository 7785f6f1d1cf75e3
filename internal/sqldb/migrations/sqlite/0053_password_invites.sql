-- Links to choose a password for customers who came without one: up to which customer
-- they were sent.

CREATE TABLE password_invites (
    store_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    a_minute INTEGER NOT NULL, -- so many at most
    done INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id)
) STRICT, WITHOUT ROWID;
