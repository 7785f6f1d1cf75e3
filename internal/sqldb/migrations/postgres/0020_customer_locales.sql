-- The language in which a customer is spoken to; '': the store's. A constant
-- default rewrites no row.
ALTER TABLE customers ADD COLUMN locale TEXT COLLATE "C" NOT NULL DEFAULT '';
