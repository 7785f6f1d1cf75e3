-- Where the pages of a storefront are that is not made of ours, by kind of page.

-- channel_id is the site's: a site goes by its channel's id. matching is an item
-- of the kind, or * for all.
CREATE TABLE site_routes (
    store_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    matching TEXT COLLATE "C" NOT NULL,
    route TEXT COLLATE "C" NOT NULL,
    date_created BIGINT NOT NULL,
    date_modified BIGINT NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX site_routes_place ON site_routes (store_id, channel_id, type, matching);
CREATE INDEX site_routes_list ON site_routes (store_id, channel_id, id);

ALTER TABLE store_counters ADD COLUMN site_route_id BIGINT NOT NULL DEFAULT 0;
