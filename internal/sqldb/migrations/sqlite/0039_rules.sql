-- Segments that keep themselves: see docs/segments.md.

-- How many segments of a store have a rule. Writers of customers see it with the
-- ids that they take, and note whom they change only where there is one.
ALTER TABLE store_counters ADD COLUMN rules INTEGER NOT NULL DEFAULT 0;

-- The rule of a segment, with numbers for names. Customers up to built_to have
-- been looked at since it is what it is; -1: all. reads lists the fields that it
-- reads, each between commas.
CREATE TABLE segment_rules (
    store_id INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    rule TEXT NOT NULL,
    reads TEXT NOT NULL,
    version INTEGER NOT NULL, -- another one with each change
    group_id INTEGER NOT NULL, -- that members are put into; 0: none
    priority INTEGER NOT NULL, -- among the rules with a group; the lowest first
    takes_over INTEGER NOT NULL, -- also those whose group was set by hand
    built_to INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, segment_id),
    FOREIGN KEY (store_id, segment_id) REFERENCES segments (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Customers who changed, or what is theirs, since the rules looked at them.
CREATE TABLE rule_marks (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    version INTEGER NOT NULL, -- another one with each change
    PRIMARY KEY (store_id, customer_id)
) STRICT, WITHOUT ROWID;

-- Until when the dates of a store's rules were followed, and in which time zone.
CREATE TABLE rule_clocks (
    store_id INTEGER NOT NULL,
    date_now INTEGER NOT NULL,
    zone TEXT NOT NULL,
    PRIMARY KEY (store_id)
) STRICT, WITHOUT ROWID;

-- Customers whose group a rule set, and which one they had before.
CREATE TABLE rule_groups (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    before_id INTEGER NOT NULL,
    PRIMARY KEY (store_id, customer_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- When customers signed in last, to the hour.
CREATE TABLE customer_sign_ins (
    store_id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    date_last INTEGER NOT NULL,
    PRIMARY KEY (store_id, customer_id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_sign_ins_last ON customer_sign_ins (store_id, date_last, customer_id);

-- When addresses that are on no channel any more left it.
CREATE TABLE subscriber_ends (
    store_id INTEGER NOT NULL,
    email_norm TEXT NOT NULL,
    channel_id INTEGER NOT NULL,
    date_ended INTEGER NOT NULL,
    PRIMARY KEY (store_id, email_norm, channel_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriber_ends_date ON subscriber_ends (store_id, date_ended);

CREATE INDEX customer_emails_customer ON customer_emails (store_id, customer_id, email_norm) WHERE customer_id <> 0;

INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 197, 'subscriber_ends', '{}', 0, 0 FROM stores;
