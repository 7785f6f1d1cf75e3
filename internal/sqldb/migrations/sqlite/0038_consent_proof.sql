-- What shows that a consent was given: JSON, empty where nothing more is known
-- than the other columns tell. It names texts by their version.
ALTER TABLE consent_changes ADD COLUMN proof TEXT NOT NULL DEFAULT '';

-- The texts that persons were shown who gave consents.
CREATE TABLE consent_texts (
    store_id INTEGER NOT NULL,
    version TEXT NOT NULL, -- the beginning of the text's SHA-256
    text TEXT NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, version)
) STRICT, WITHOUT ROWID;
