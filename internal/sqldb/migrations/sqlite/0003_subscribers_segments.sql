-- Subscribers with totals and the history of their consents; segments and
-- shopper profiles.

ALTER TABLE store_counters ADD COLUMN consent_change_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN segment_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN shopper_profile_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN subscribers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store_counters ADD COLUMN shopper_profiles INTEGER NOT NULL DEFAULT 0;

ALTER TABLE subscribers ADD COLUMN first_name_norm TEXT NOT NULL DEFAULT '';
ALTER TABLE subscribers ADD COLUMN last_name_norm TEXT NOT NULL DEFAULT '';
CREATE INDEX subscribers_created ON subscribers (store_id, date_created, id);
CREATE INDEX subscribers_modified ON subscribers (store_id, date_modified, id);
CREATE INDEX subscribers_source ON subscribers (store_id, source, id);
CREATE INDEX subscribers_first_name ON subscribers (store_id, first_name_norm, id) WHERE first_name_norm <> '';
CREATE INDEX subscribers_last_name ON subscribers (store_id, last_name_norm, id) WHERE last_name_norm <> '';
CREATE INDEX subscribers_order ON subscribers (store_id, order_id, id) WHERE order_id <> 0;

-- What a subscriber consented to, when and how. Rows are only ever added, and
-- outlive the subscriber: there is no foreign key.
CREATE TABLE consent_changes (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    subscriber_id INTEGER NOT NULL,
    action TEXT NOT NULL, -- created, updated, deleted
    email TEXT NOT NULL,
    channel_id INTEGER NOT NULL,
    consents TEXT NOT NULL, -- that hold from then on, separated by commas
    source TEXT NOT NULL, -- the subscriber's: storefront, order, custom
    order_id INTEGER NOT NULL, -- 0: none
    via TEXT NOT NULL, -- how the change came: management_api, storefront, seed; '' unknown
    account_id INTEGER NOT NULL, -- the API account that made it; 0: none
    ip_address TEXT NOT NULL, -- '' unknown
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_changes_subscriber ON consent_changes (store_id, subscriber_id, id);

-- Subscribers that are there already get their names folded as far as SQL can,
-- and the first entry of their history. Their ids have no gaps.
UPDATE subscribers SET first_name_norm = lower(trim(first_name)), last_name_norm = lower(trim(last_name));
INSERT INTO consent_changes (store_id, id, subscriber_id, action, email, channel_id, consents, source, order_id, via, account_id, ip_address, date_created)
    SELECT store_id, id, id, 'created', email, channel_id, consents, source, order_id, '', 0, '', date_created FROM subscribers;
UPDATE store_counters SET consent_change_id = subscriber_id,
    subscribers = (SELECT COUNT(*) FROM subscribers s WHERE s.store_id = store_counters.store_id);

CREATE TABLE segments (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL, -- the order of the list; the wire knows the uuid
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    name_norm TEXT NOT NULL,
    description TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX segments_uuid ON segments (store_id, uuid);
CREATE UNIQUE INDEX segments_name ON segments (store_id, name_norm);

-- A customer as segments know them: at most one profile each.
CREATE TABLE shopper_profiles (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    uuid TEXT NOT NULL,
    customer_id INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX shopper_profiles_uuid ON shopper_profiles (store_id, uuid);
CREATE UNIQUE INDEX shopper_profiles_customer ON shopper_profiles (store_id, customer_id);

CREATE TABLE segment_members (
    store_id INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    profile_id INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, segment_id, profile_id),
    FOREIGN KEY (store_id, segment_id) REFERENCES segments (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, profile_id) REFERENCES shopper_profiles (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_members_profile ON segment_members (store_id, profile_id, segment_id);
