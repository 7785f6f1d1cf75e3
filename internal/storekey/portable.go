package storekey

import (
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Portable is what moves of this package's table.
var Portable = []portable.Part{
	portable.Table{
		Table: "store_keys", Key: "purpose", Columns: "purpose, secret, date_created int", Secret: true,
		Own: portable.Everything, Clear: true, // a new store may have signed something
		Out: func(tx *sqldb.Tx, _ portable.Options, r portable.Record) error {
			plain, err := tx.Unseal(column, r.Text("purpose"), r.Text("secret"))
			r.SetText("secret", plain)
			return err
		},
		In: func(tx *sqldb.Tx, r portable.Record) error {
			sealed, err := tx.Seal(column, r.Text("purpose"), r.Text("secret"))
			r.SetText("secret", sealed)
			return err
		},
	}.Part(),
}
