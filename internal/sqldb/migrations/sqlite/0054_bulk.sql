-- What is done to many customers or subscribers at once, and how far it has come.
CREATE TABLE bulk_actions (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    state TEXT NOT NULL,
    subject TEXT NOT NULL, -- customers or subscribers
    options TEXT NOT NULL, -- JSON
    expected INTEGER NOT NULL, -- how many were selected; -1: more than was counted
    position INTEGER NOT NULL, -- up to which id it has come
    last_id INTEGER NOT NULL, -- and where it ends
    changed INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    undone INTEGER NOT NULL,
    kept INTEGER NOT NULL, -- who was changed by somebody else since
    undo_position INTEGER NOT NULL,
    error TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    date_ended INTEGER NOT NULL, -- 0: not yet
    undoable INTEGER NOT NULL, -- 1: who changed and who failed is still known
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_actions_open ON bulk_actions (store_id, id) WHERE date_ended = 0;
CREATE INDEX bulk_actions_undoable ON bulk_actions (store_id, id) WHERE undoable > 0;

-- Who was changed, with what changes them back, and who was not, with the reason.
CREATE TABLE bulk_items (
    store_id INTEGER NOT NULL,
    bulk_action_id INTEGER NOT NULL,
    id INTEGER NOT NULL, -- of the customer or subscriber
    failed INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (store_id, bulk_action_id, id),
    FOREIGN KEY (store_id, bulk_action_id) REFERENCES bulk_actions (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_items_of ON bulk_items (store_id, id, bulk_action_id);
CREATE INDEX bulk_items_failed ON bulk_items (store_id, bulk_action_id, id) WHERE failed > 0;

ALTER TABLE store_counters ADD COLUMN bulk_action_id INTEGER NOT NULL DEFAULT 0;
