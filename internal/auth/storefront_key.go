package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// MaxStorefrontKeys is how many keys of a store may be in force.
const MaxStorefrontKeys = 100

var (
	storefrontKeys = sqldb.Static(`SELECT id, private_key, date_created, date_retired FROM storefront_keys WHERE store_id = $1 ORDER BY id`)
	// The newest key signs, unless it is retired.
	newestKey     = sqldb.Static(`SELECT id, date_retired FROM storefront_keys WHERE store_id = $1 ORDER BY id DESC LIMIT 1`)
	countKeys     = sqldb.Static(`SELECT COUNT(*) FROM storefront_keys WHERE store_id = $1 AND date_retired = 0`)
	insertKey     = sqldb.Static(`INSERT INTO storefront_keys (store_id, id, private_key, date_created) VALUES ($1, $2, $3, $4)`)
	privateKeys   = sqldb.Static(`SELECT id, private_key FROM storefront_keys WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	putPrivateKey = sqldb.Static(`UPDATE storefront_keys SET private_key = $3 WHERE store_id = $1 AND id = $2 AND private_key = $4`)
	retireKey     = sqldb.Static(`UPDATE storefront_keys SET date_retired = $3 WHERE store_id = $1 AND id = $2 AND date_retired = 0`)
)

// privateKey is where the keys are.
var privateKey = sqldb.Column{Table: "storefront_keys", Name: "private_key"}

// StorefrontKey is what may be told of a key of storefront tokens.
type StorefrontKey struct {
	ID, Created int64
	Retired     int64 // 0: in force
	Signs       bool  // new tokens are signed with it
}

// storeKeys are a store's keys as they were at a time, retired ones too: their
// tokens are known, and refused.
type storeKeys struct {
	asked time.Duration // of Elapsed
	keys  map[string]storeKey
	last  int64 // signs; 0: none does
}

type storeKey struct {
	text    string
	private *ecdsa.PrivateKey
}

const (
	keysTTL      = time.Minute
	keysRetry    = time.Second // after a key was not found
	storesOfKeys = 1_000
)

// Keys returns a store's keys, retired ones included, from the oldest.
func (s *StorefrontTokens) Keys(ctx context.Context, storeID int64) ([]StorefrontKey, error) {
	var out []StorefrontKey
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(storefrontKeys, func(r *sqldb.Row) error {
			out = append(out, StorefrontKey{ID: r.Int(0), Created: r.Int(2), Retired: r.Int(3)})
			return nil
		})
	})
	if n := len(out); n > 0 {
		out[n-1].Signs = out[n-1].Retired == 0
	}
	return out, err
}

// RotateKey makes a key that signs from now on. Tokens signed with others stay
// good.
func (s *StorefrontTokens) RotateKey(ctx context.Context, storeID int64) (id int64, err error) {
	return id, s.withNewKey(ctx, storeID, func(tx *sqldb.Tx, text string) (err error) {
		id, err = addKey(tx, text, s.sys.Now())
		return err
	})
}

// RetireKey ends a key for good: all tokens that were signed with it are
// refused. Where it was the one that signs, another is made, as those before it
// were replaced for a reason. It returns the key that signs then.
func (s *StorefrontTokens) RetireKey(ctx context.Context, storeID, id int64) (signs int64, err error) {
	err = s.withNewKey(ctx, storeID, func(tx *sqldb.Tx, text string) error {
		n, err := tx.ExecCount(retireKey, id, s.sys.Now())
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, fmt.Sprintf("there is no storefront key %d in force", id))
		}
		if err != nil {
			return err
		}
		if err := history.Enter(tx, s.sys.Now(), history.Entry{Action: history.Revoked, Resource: history.StorefrontKey, ID: id}); err != nil {
			return err
		}
		signs, err = ensureKey(tx, text, s.sys.Now())
		return err
	})
	if err == nil {
		s.forget(storeID, func(t *readToken) bool { return t.token.KeyID == id })
	}
	return signs, err
}

// signing returns a store's keys, of which it makes the first.
func (s *StorefrontTokens) signing(ctx context.Context, storeID int64) (storeKeys, error) {
	keys, err := s.load(ctx, storeID)
	if err != nil || keys.last != 0 {
		return keys, err
	}
	if err := s.withNewKey(ctx, storeID, func(tx *sqldb.Tx, text string) error {
		_, err := ensureKey(tx, text, s.sys.Now())
		return err
	}); err != nil {
		return keys, err
	}
	return s.load(ctx, storeID)
}

// withNewKey runs a transaction that may add a key, which is drawn for it.
func (s *StorefrontTokens) withNewKey(ctx context.Context, storeID int64, fn func(tx *sqldb.Tx, text string) error) error {
	text, err := s.drawKey()
	if err != nil {
		return fmt.Errorf("key of store %d: %w", storeID, err)
	}
	// Another process may give out the key's number first.
	return s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error { return fn(tx, text) })
}

// ensureKey adds a key unless there is one that signs, whose id it returns.
func ensureKey(tx *sqldb.Tx, text string, now int64) (id int64, err error) {
	signs := false
	if err := tx.Query(newestKey, func(r *sqldb.Row) error { id, signs = r.Int(0), r.Int(1) == 0; return nil }); err != nil || signs {
		return id, err
	}
	return addKey(tx, text, now)
}

// addKey adds a key, which signs from now on.
func addKey(tx *sqldb.Tx, text string, now int64) (int64, error) {
	var last, live int64
	if err := tx.Pipeline(
		sqldb.Q{Stmt: newestKey, Each: func(r *sqldb.Row) error { last = r.Int(0); return nil }},
		sqldb.Q{Stmt: countKeys, Each: func(r *sqldb.Row) error { live = r.Int(0); return nil }},
	); err != nil {
		return 0, err
	}
	if live >= MaxStorefrontKeys {
		return 0, fault.New(fault.Conflict, fmt.Sprintf("the store has %d storefront keys in force: retire one first", live))
	}
	sealed, err := tx.Seal(privateKey, strconv.FormatInt(last+1, 10), text)
	if err != nil {
		return 0, err
	}
	e := history.Entry{Action: history.Created, Resource: history.StorefrontKey, ID: last + 1}
	if err := history.Enter(tx, now, e); err != nil {
		return 0, err
	}
	return last + 1, tx.Exec(insertKey, last+1, sealed, now)
}

// CheckStorefrontKey reports what is wrong with a key that was chosen.
func CheckStorefrontKey(text string) error {
	_, err := parseKey(text)
	return err
}

func parseKey(text string) (*ecdsa.PrivateKey, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil {
		var key *ecdsa.PrivateKey
		if key, err = ecdsa.ParseRawPrivateKey(elliptic.P256(), raw); err == nil {
			return key, nil
		}
	}
	return nil, fault.New(fault.Invalid, "want 32 random bytes in base64")
}

// PutStorefrontKey lets a chosen key sign from now on, inside tx, unless the
// store has it. Tokens signed with earlier ones stay good. One that was retired
// does not come back.
func PutStorefrontKey(tx *sqldb.Tx, text string, now int64) error {
	found, retired := false, false
	if err := tx.Query(storefrontKeys, func(r *sqldb.Row) error {
		have, err := tx.Unseal(privateKey, strconv.FormatInt(r.Int(0), 10), r.Text(1))
		if err == nil && have == text {
			found, retired = true, r.Int(3) != 0
		}
		return err
	}); err != nil {
		return err
	}
	if retired {
		return fault.New(fault.Conflict, "this key was retired, which is for good: choose another one")
	}
	if found {
		return nil
	}
	_, err := addKey(tx, text, now)
	return err
}

// drawKey returns the text of a random key.
func (s *StorefrontTokens) drawKey() (string, error) {
	for {
		var raw [32]byte
		s.sys.Bytes(raw[:])
		// All but one of 2^32 are keys.
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw[:]); err == nil {
			bytes, err := key.Bytes()
			return base64.StdEncoding.EncodeToString(bytes), err
		}
	}
}

// key returns a store's key by its id, or nil.
func (s *StorefrontTokens) key(ctx context.Context, storeID int64, id string) (*ecdsa.PrivateKey, error) {
	s.mu.RLock()
	have, ok := s.keys[storeID]
	s.mu.RUnlock()
	age := s.sys.Elapsed() - have.asked
	if key := have.keys[id].private; ok && (age < keysRetry || key != nil && age < keysTTL) {
		return key, nil
	}
	have, err := s.load(ctx, storeID)
	return have.keys[id].private, err
}

func (s *StorefrontTokens) load(ctx context.Context, storeID int64) (storeKeys, error) {
	s.mu.RLock()
	known := s.keys[storeID].keys
	s.mu.RUnlock()
	out := storeKeys{asked: s.sys.Elapsed(), keys: map[string]storeKey{}}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(storefrontKeys, func(r *sqldb.Row) error {
			name := strconv.FormatInt(r.Int(0), 10)
			text, err := tx.Unseal(privateKey, name, r.Text(1))
			if err != nil {
				return err
			}
			key := storeKey{text: text}
			if old := known[name]; old.private != nil && old.text == key.text {
				key = old
			} else {
				if key.private, err = parseKey(key.text); err != nil {
					return err
				}
			}
			out.keys[name] = key
			if out.last = r.Int(0); r.Int(3) != 0 {
				out.last = 0
			}
			return nil
		})
	})
	if err != nil {
		return out, fmt.Errorf("keys of store %d: %w", storeID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) >= storesOfKeys {
		clear(s.keys)
	}
	s.keys[storeID] = out
	return out, nil
}
