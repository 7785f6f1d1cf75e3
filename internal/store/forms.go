package store

import (
	"clientele/internal/form"
	"clientele/internal/sqldb"
)

var insertBuiltIn = sqldb.Global(`INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`)

// insertBuiltIns gives a new store its built-in fields.
func insertBuiltIns(tx *sqldb.Tx, store, now int64) error {
	for _, b := range form.BuiltIns {
		if err := tx.Exec(insertBuiltIn, store, b.ID, b.Form, b.Name, form.BuiltInNorm(b.Name), b.Type, sqldb.Flag(b.Required), b.Stored(), now); err != nil {
			return err
		}
	}
	return nil
}
