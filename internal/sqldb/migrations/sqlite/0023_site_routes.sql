-- Where the pages of a storefront are that is not made of ours, by kind of page.

-- channel_id is the site's: a site goes by its channel's id. matching is an item
-- of the kind, or * for all.
CREATE TABLE site_routes (
    store_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    type TEXT NOT NULL,
    matching TEXT NOT NULL,
    route TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX site_routes_place ON site_routes (store_id, channel_id, type, matching);
CREATE INDEX site_routes_list ON site_routes (store_id, channel_id, id);

ALTER TABLE store_counters ADD COLUMN site_route_id INTEGER NOT NULL DEFAULT 0;
