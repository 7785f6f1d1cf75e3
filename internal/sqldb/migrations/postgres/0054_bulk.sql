-- What is done to many customers or subscribers at once, and how far it has come.
CREATE TABLE bulk_actions (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL, -- customers or subscribers
    options TEXT COLLATE "C" NOT NULL, -- JSON
    expected BIGINT NOT NULL, -- how many were selected; -1: more than was counted
    position BIGINT NOT NULL, -- up to which id it has come
    last_id BIGINT NOT NULL, -- and where it ends
    changed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    undone BIGINT NOT NULL,
    kept BIGINT NOT NULL, -- who was changed by somebody else since
    undo_position BIGINT NOT NULL,
    error TEXT COLLATE "C" NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id BIGINT NOT NULL,
    actor_name TEXT COLLATE "C" NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    date_ended BIGINT NOT NULL, -- 0: not yet
    undoable BIGINT NOT NULL, -- 1: who changed and who failed is still known
    PRIMARY KEY (store_id, id)
);
CREATE INDEX bulk_actions_open ON bulk_actions (store_id, id) WHERE date_ended = 0;
CREATE INDEX bulk_actions_undoable ON bulk_actions (store_id, id) WHERE undoable > 0;

-- Who was changed, with what changes them back, and who was not, with the reason.
CREATE TABLE bulk_items (
    store_id BIGINT NOT NULL,
    bulk_action_id BIGINT NOT NULL,
    id BIGINT NOT NULL, -- of the customer or subscriber
    failed BIGINT NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store_id, bulk_action_id, id),
    FOREIGN KEY (store_id, bulk_action_id) REFERENCES bulk_actions (store_id, id) ON DELETE CASCADE
);
CREATE INDEX bulk_items_of ON bulk_items (store_id, id, bulk_action_id);
CREATE INDEX bulk_items_failed ON bulk_items (store_id, bulk_action_id, id) WHERE failed > 0;

ALTER TABLE store_counters ADD COLUMN bulk_action_id BIGINT NOT NULL DEFAULT 0;
