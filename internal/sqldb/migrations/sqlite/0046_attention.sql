-- What Home of the control panel tells of, and the timeline of a customer.

-- When an API account's token was last seen, to the hour. Of accounts from before
-- that is not known: they count as used when the program last ran.
ALTER TABLE api_accounts ADD COLUMN date_used INTEGER NOT NULL DEFAULT 0;
UPDATE api_accounts SET date_used = (SELECT COALESCE(MAX(w.date_written), 0) FROM schema_writes w) WHERE date_revoked = 0;

CREATE INDEX unconfirmed_customers_created ON unconfirmed_customers (store_id, date_created, customer_id);

-- Counts a day's subscribers by their source too.
DROP INDEX subscribers_created;
CREATE INDEX subscribers_created ON subscribers (store_id, date_created, id, source);

-- Finds what apps were told of a customer: the lane of such a delivery is theirs.
CREATE INDEX webhook_deliveries_customer ON webhook_deliveries (store_id, lane, id) WHERE lane > 0;
