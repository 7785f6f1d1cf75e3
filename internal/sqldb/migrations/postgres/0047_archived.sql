-- An archived store keeps its data and is not served; 0: it is served.
ALTER TABLE stores ADD COLUMN date_archived BIGINT NOT NULL DEFAULT 0;
