-- Segments that keep themselves: see docs/segments.md.

-- How many segments of a store have a rule. Writers of customers see it with the
-- ids that they take, and note whom they change only where there is one.
ALTER TABLE store_counters ADD COLUMN rules BIGINT NOT NULL DEFAULT 0;

-- The rule of a segment, with numbers for names. Customers up to built_to have
-- been looked at since it is what it is; -1: all. reads lists the fields that it
-- reads, each between commas.
CREATE TABLE segment_rules (
    store_id BIGINT NOT NULL,
    segment_id BIGINT NOT NULL,
    rule TEXT COLLATE "C" NOT NULL,
    reads TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL, -- another one with each change
    group_id BIGINT NOT NULL, -- that members are put into; 0: none
    priority BIGINT NOT NULL, -- among the rules with a group; the lowest first
    takes_over BIGINT NOT NULL, -- also those whose group was set by hand
    built_to BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, segment_id),
    FOREIGN KEY (store_id, segment_id) REFERENCES segments (store_id, id) ON DELETE CASCADE
);

-- Customers who changed, or what is theirs, since the rules looked at them.
CREATE TABLE rule_marks (
    store_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    version BIGINT NOT NULL, -- another one with each change
    PRIMARY KEY (store_id, customer_id)
);

-- Until when the dates of a store's rules were followed, and in which time zone.
CREATE TABLE rule_clocks (
    store_id BIGINT NOT NULL,
    date_now BIGINT NOT NULL,
    zone TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id)
);

-- Customers whose group a rule set, and which one they had before.
CREATE TABLE rule_groups (
    store_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    before_id BIGINT NOT NULL,
    PRIMARY KEY (store_id, customer_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);

-- When customers signed in last, to the hour.
CREATE TABLE customer_sign_ins (
    store_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    date_last BIGINT NOT NULL,
    PRIMARY KEY (store_id, customer_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE INDEX customer_sign_ins_last ON customer_sign_ins (store_id, date_last, customer_id);

-- When addresses that are on no channel any more left it.
CREATE TABLE subscriber_ends (
    store_id BIGINT NOT NULL,
    email_norm TEXT COLLATE "C" NOT NULL,
    channel_id BIGINT NOT NULL,
    date_ended BIGINT NOT NULL,
    PRIMARY KEY (store_id, email_norm, channel_id)
);
CREATE INDEX subscriber_ends_date ON subscriber_ends (store_id, date_ended);

CREATE INDEX customer_emails_customer ON customer_emails (store_id, customer_id, email_norm) WHERE customer_id <> 0;

INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 197, 'subscriber_ends', '{}', 0, 0 FROM stores;
