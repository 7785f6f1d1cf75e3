-- Links to choose a password for customers who came without one: up to which customer
-- they were sent.

CREATE TABLE password_invites (
    store_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    a_minute BIGINT NOT NULL, -- so many at most
    done BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id)
);
