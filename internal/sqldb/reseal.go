package sqldb

import (
	"context"
	"errors"
	"fmt"

	"clientele/internal/secret"
)

// Secrets are the values of a column that are secrets, for those that encrypt
// them anew.
type Secrets struct {
	Column
	// Numbered tells that rows go by numbers, else by texts.
	Numbered bool
	// Installation tells that the values belong to no store: statements have no
	// parameter for one then.
	Installation bool
	// Values selects row and stored value after row $2, in the order of rows, $3 at
	// most.
	Values *Stmt
	// Put replaces the value of row $2, if it still is $4, by $3.
	Put *Stmt
	// Within, if set, changes the secret within a stored value.
	Within func(stored string, change func(stored string) (string, error)) (string, error)
}

// resealBite bounds how many values of a store one transaction takes.
const resealBite = 200

// passes bounds how often the values of a store are gone through: those that a
// process with other keys writes meanwhile are met in the next pass.
const passes = 5

var (
	otherKeys = Static(`SELECT key_id, uses FROM secret_keys WHERE store_id = $1 AND key_id <> $2 ORDER BY key_id`)
	dropKey   = Static(`DELETE FROM secret_keys WHERE store_id = $1 AND key_id = $2 AND uses = $3`)
)

// SecretCount is how many secrets of a column are under a key; plain ones are
// under none.
type SecretCount struct {
	Column
	Key    string
	Values int64
}

type storedSecret struct {
	row   string
	at    any // row as the statement takes it
	value string
}

// each calls fn with the values of a store in bites, outside of a transaction.
func (s *Secrets) each(ctx context.Context, db *DB, store int64, fn func([]storedSecret) error) error {
	if s.Installation != (store == installation) {
		return nil
	}
	var after any = ""
	if s.Numbered {
		after = int64(0)
	}
	for {
		var bite []storedSecret
		if err := db.Read(ctx, store, func(tx *Tx) error {
			bite = bite[:0]
			return tx.Query(s.Values, func(r *Row) error {
				v := storedSecret{row: r.Text(0), value: r.Text(1)}
				if v.at = v.row; s.Numbered {
					n := r.Int(0)
					v.row, v.at = fmt.Sprint(n), n
				}
				bite = append(bite, v)
				return nil
			}, after, int64(resealBite))
		}); err != nil {
			return err
		}
		if len(bite) == 0 {
			return nil
		}
		after = bite[len(bite)-1].at
		if err := fn(bite); err != nil {
			return err
		}
	}
}

// installation stands for no store, where secrets of stores are gone through.
const installation = 0

// eachPlace calls fn for all that may have secrets: the installation, and one
// store after the other.
func (db *DB) eachPlace(ctx context.Context, fn func(store int64) error) error {
	if err := fn(installation); err != nil {
		return err
	}
	return db.EachStore(ctx, fn)
}

// change changes the secret of a stored value.
func (s *Secrets) change(stored string, change func(string) (string, error)) (string, error) {
	if s.Within == nil {
		return change(stored)
	}
	return s.Within(stored, change)
}

// keyOf returns the key that the secret of a stored value is under, and whether
// there is a secret.
func (s *Secrets) keyOf(stored string) (key string, there bool, err error) {
	_, err = s.change(stored, func(stored string) (string, error) {
		key, there = secret.KeyOf(stored), stored != ""
		return stored, nil
	})
	return key, there, err
}

// CountSecrets returns how many secrets of all stores are under which key.
func (db *DB) CountSecrets(ctx context.Context, of []Secrets) ([]SecretCount, error) {
	var out []SecretCount
	for _, s := range of {
		first := len(out)
		if err := db.eachPlace(ctx, func(store int64) error {
			return s.each(ctx, db, store, func(values []storedSecret) error {
				for _, v := range values {
					key, there, err := s.keyOf(v.value)
					if err != nil {
						return err
					}
					if !there {
						continue
					}
					i := first
					for i < len(out) && out[i].Key != key {
						i++
					}
					if i == len(out) {
						out = append(out, SecretCount{Column: s.Column, Key: key})
					}
					out[i].Values++
				}
				return nil
			})
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Resealed is what Reseal did.
type Resealed struct {
	// Changed is how many secrets were encrypted anew.
	Changed int64
	// Left are those that could not be, with the first reason.
	Left   int64
	Reason error
	// InUse are other keys under which secrets still are, or may be.
	InUse []string
}

// Reseal encrypts the secrets of all stores under the newest key, plain ones too,
// in small transactions beside whoever reads and writes them. It may be cut off
// at any point and goes on from there when it is called again.
func (db *DB) Reseal(ctx context.Context, of []Secrets) (out Resealed, err error) {
	if db.secrets == nil {
		return out, errors.New("sqldb: there is no key to encrypt under")
	}
	inUse := map[string]bool{}
	err = db.eachPlace(ctx, func(store int64) error {
		for range passes {
			// Before the pass: who encrypts under another key after this counts.
			others, err := db.otherKeys(ctx, store)
			if err != nil {
				return err
			}
			changed, left, reason, err := db.resealStore(ctx, store, of)
			if err != nil {
				return err
			}
			out.Changed += changed
			if changed > 0 {
				continue
			}
			if out.Left += left; out.Reason == nil {
				out.Reason = reason
			}
			if left == 0 {
				if err := db.dropKeys(ctx, store, others); err != nil {
					return err
				}
			}
			break
		}
		left, err := db.otherKeys(ctx, store)
		for _, k := range left {
			if !inUse[k.id] {
				inUse[k.id] = true
				out.InUse = append(out.InUse, k.id)
			}
		}
		return err
	})
	return out, err
}

type keyUse struct {
	id   string
	uses int64
}

func (db *DB) otherKeys(ctx context.Context, store int64) (out []keyUse, err error) {
	err = db.Read(ctx, store, func(tx *Tx) error {
		out = out[:0]
		return tx.Query(otherKeys, func(r *Row) error { out = append(out, keyUse{r.Text(0), r.Int(1)}); return nil }, db.secrets.Newest())
	})
	return out, err
}

func (db *DB) dropKeys(ctx context.Context, store int64, keys []keyUse) error {
	if len(keys) == 0 {
		return nil
	}
	return db.Write(ctx, store, func(tx *Tx) error {
		for _, k := range keys {
			if err := tx.Exec(dropKey, k.id, k.uses); err != nil {
				return err
			}
		}
		return nil
	})
}

// resealStore goes once through the secrets of a store.
func (db *DB) resealStore(ctx context.Context, store int64, of []Secrets) (changed, left int64, reason, err error) {
	for i := range of {
		s := &of[i]
		if err := s.each(ctx, db, store, func(values []storedSecret) error {
			n, l, why, err := db.resealBite(ctx, store, s, values)
			changed += n
			if left += l; reason == nil {
				reason = why
			}
			return err
		}); err != nil {
			return changed, left, reason, err
		}
	}
	return changed, left, reason, nil
}

func (db *DB) resealBite(ctx context.Context, store int64, s *Secrets, values []storedSecret) (changed, left int64, reason, err error) {
	old := values[:0]
	for _, v := range values {
		key, there, err := s.keyOf(v.value)
		if err != nil {
			return 0, 0, nil, err
		}
		if there && key != db.secrets.Newest() {
			old = append(old, v)
		}
	}
	if len(old) == 0 {
		return 0, 0, nil, nil
	}
	err = db.Write(ctx, store, func(tx *Tx) error {
		changed, left, reason = 0, 0, nil
		for _, v := range old {
			anew, err := s.change(v.value, func(stored string) (string, error) {
				plain, err := tx.Unseal(s.Column, v.row, stored)
				if err != nil {
					left++
					if reason == nil {
						reason = err
					}
					return stored, nil
				}
				return tx.Seal(s.Column, v.row, plain)
			})
			if err != nil {
				return err
			}
			if anew == v.value {
				continue
			}
			n, err := tx.ExecCount(s.Put, v.at, anew, v.value)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, left, reason, err
}
