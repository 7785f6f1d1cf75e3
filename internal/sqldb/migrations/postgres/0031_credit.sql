-- What became of customers' store credit. The balance is in customers, and is
-- the sum of a customer's entries. Those from before this table get an entry of
-- what they have by jobs, and else by their first write here.

-- Amounts are in ten-thousandths, negative where the balance falls. Ids are per
-- customer. remaining is what is left of a credit that expires; spent tells of
-- which of them an entry took how much: "id:amount", with commas between.
-- entry_id is what is reverted or expires, reverted_by what reverts this.
CREATE TABLE credit_entries (
    store_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL, -- credit, debit, adjust, expire, revert
    amount BIGINT NOT NULL,
    balance BIGINT NOT NULL, -- after it
    reason TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id BIGINT NOT NULL,
    actor_name TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL, -- 0: never
    remaining BIGINT NOT NULL,
    spent TEXT COLLATE "C" NOT NULL,
    entry_id BIGINT NOT NULL,
    reverted_by BIGINT NOT NULL,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (store_id, customer_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
);
CREATE INDEX credit_entries_open ON credit_entries (store_id, customer_id, expires_at, id) WHERE remaining > 0;
CREATE INDEX credit_entries_due ON credit_entries (store_id, expires_at, customer_id, id) WHERE remaining > 0;

INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created) SELECT id, 301, 'credit_opening', '{}', 0, 0 FROM stores;
