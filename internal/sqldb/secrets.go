package sqldb

import (
	"context"
	"errors"
	"fmt"

	"clientele/internal/secret"
)

var (
	noteKey = Static(`INSERT INTO secret_keys (store_id, key_id, uses, date_created) VALUES ($1, $2, 1, $3)
		ON CONFLICT (store_id, key_id) DO UPDATE SET uses = secret_keys.uses + 1`)
	keysInUse = Global(`SELECT DISTINCT key_id FROM secret_keys ORDER BY key_id`)
)

// Column is a column whose values are secrets that the program reads back.
type Column struct{ Table, Name string }

func (c Column) at(store int64, row string) secret.Place {
	return secret.Place{Store: store, Table: c.Table, Column: c.Name, Row: row}
}

// Seal returns what to store of a secret in a row: it encrypted, where there is
// a key, bound to the transaction's store and the row. The transaction must be a
// write.
func (tx *Tx) Seal(c Column, row, plain string) (string, error) {
	out, err := tx.secrets.Seal(tx.sys.Bytes, c.at(tx.store, row), plain)
	if err != nil || plain == "" || tx.secrets == nil {
		return out, err
	}
	return out, tx.Exec(noteKey, tx.secrets.Newest(), tx.sys.Now())
}

// Unseal returns the secret that is stored in a row of the transaction's store.
// Without its key that is ErrUnavailable: a process that has it can answer.
func (tx *Tx) Unseal(c Column, row, stored string) (string, error) {
	out, err := tx.secrets.Open(c.at(tx.store, row), stored)
	var unknown *secret.UnknownKeyError
	switch {
	case errors.As(err, &unknown):
		return "", fmt.Errorf("%w: %s.%s: %w", ErrUnavailable, c.Table, c.Name, err)
	case err != nil:
		return "", fmt.Errorf("%s.%s of store %d, row %q: %w", c.Table, c.Name, tx.store, row, err)
	}
	return out, nil
}

// CheckSecrets returns a secret.UnknownKeyError if a secret of the database is
// under a key that is not at hand.
func (db *DB) CheckSecrets(ctx context.Context) error {
	return db.Read(ctx, 0, func(tx *Tx) error {
		return tx.Query(keysInUse, func(r *Row) error {
			if id := r.Text(0); !db.secrets.Has(id) {
				return &secret.UnknownKeyError{ID: id}
			}
			return nil
		})
	})
}

// SecretKeys returns the ids of the keys that are at hand, from the newest, which
// encrypts.
func (db *DB) SecretKeys() []string { return db.secrets.IDs() }
