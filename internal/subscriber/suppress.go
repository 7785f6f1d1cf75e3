package subscriber

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

var insertSuppression = sqldb.Static(`INSERT INTO suppressions (store_id, address_hash, date_created) VALUES ($1, $2, $3) ON CONFLICT (store_id, address_hash) DO NOTHING`)

// Suppress keeps an address, by its hash (personal.HashOf), from being subscribed
// without a new consent.
func Suppress(tx *sqldb.Tx, hash string, now int64) error {
	return tx.Exec(insertSuppression, hash, now)
}

var suppressionPart = personal.Table{
	Name: "suppressions", Title: "Suppression", Key: []string{"address_hash"},
	By: func(w *personal.Who) []any { return []any{w.Hash} },
	Select: sqldb.Static(`SELECT address_hash, date_created FROM suppressions WHERE store_id = $1 AND address_hash = $2 AND address_hash > $3
		ORDER BY address_hash LIMIT $4`),
	Kinds: "date_created time",
	Stays: "it keeps the address from being subscribed again, and holds a hash alone",
}.Part()
