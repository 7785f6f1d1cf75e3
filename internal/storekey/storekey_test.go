package storekey_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"sync"
	"testing"

	"clientele/internal/secret"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/system"
)

func stores(t *testing.T, db *sqldb.DB, n int) []int64 {
	t.Helper()
	var out []int64
	for range n {
		st, err := store.NewService(db, system.Real()).Create(t.Context(), "", "A store", "")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, st.ID)
	}
	return out
}

func TestKeysOfStores(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ids := stores(t, db, 2)
		s := storekey.NewService(db, system.Real())
		keys := func(s *storekey.Service, id int64) *storekey.Keys {
			t.Helper()
			k, err := s.Keys(t.Context(), id)
			if err != nil || k == nil {
				t.Fatal(k, err)
			}
			return k
		}
		a, b := keys(s, ids[0]), keys(s, ids[1])
		message := []byte("message")
		signature := a.Sign("consent", message)
		if !a.Public.Verify("consent", message, signature) {
			t.Error("a signature is not accepted")
		}
		for name, ok := range map[string]bool{
			"another message":   a.Public.Verify("consent", []byte("massage"), signature),
			"another purpose":   a.Public.Verify("history", message, signature),
			"another store":     b.Public.Verify("consent", message, signature),
			"a shifted purpose": a.Public.Verify("consen", []byte("t\nmessage"), signature),
			"no key":            storekey.PublicKey{}.Verify("consent", message, signature),
			"no signature":      a.Public.Verify("consent", message, nil),
		} {
			if ok {
				t.Errorf("a signature is accepted with %s", name)
			}
		}
		// The documented form, checked by the standard library alone.
		block, _ := pem.Decode([]byte(a.Public.PEM()))
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil || !ed25519.Verify(parsed.(ed25519.PublicKey), []byte("clientele consent\nmessage"), signature) {
			t.Errorf("the PEM of the key: %v", err)
		}
		sum := sha256.Sum256(parsed.(ed25519.PublicKey))
		if again, err := storekey.ParsePublicKey(a.Public.Text()); err != nil || again.ID != a.Public.ID || a.Public.ID != hex.EncodeToString(sum[:8]) || a.Public.Made == 0 {
			t.Errorf("the text of the key: %v, %v", again, err)
		}
		for _, bad := range []string{"", "AAAA", a.Public.PEM(), a.Public.Text() + "="} {
			if _, err := storekey.ParsePublicKey(bad); err == nil {
				t.Errorf("%q is a key", bad)
			}
		}

		if h := a.Hash("erased", "ab", "c"); h != a.Hash("erased", "ab", "c") || len(h) != 64 ||
			h == a.Hash("erased", "a", "bc") || h == a.Hash("erasedab", "c") || h == b.Hash("erased", "ab", "c") || h == a.Hash("erased", "ab", "c", "") {
			t.Error("a hash is not of its store, purpose and parts alone")
		}

		// They stay, in this process and others, and in a transaction.
		other := keys(storekey.NewService(db, system.Real()), ids[0])
		var within *storekey.Keys
		if err := db.Write(t.Context(), ids[0], func(tx *sqldb.Tx) (err error) { within, err = s.KeysTx(tx); return err }); err != nil {
			t.Fatal(err)
		}
		for _, k := range []*storekey.Keys{keys(s, ids[0]), other, within} {
			if k.Public.ID != a.Public.ID || k.Public.Made != a.Public.Made || k.Hash("p", "x") != a.Hash("p", "x") {
				t.Error("a store has other keys")
			}
		}
		public, err := s.PublicKeys(t.Context(), ids[1])
		if err != nil || len(public) != 1 || public[0].ID != b.Public.ID {
			t.Errorf("public keys: %v, %v", public, err)
		}
	})
}

// Many who are first get the same keys.
func TestKeysAreMadeOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		id := stores(t, db, 1)[0]
		var wg sync.WaitGroup
		found := make([]string, 8)
		for i := range found {
			wg.Go(func() {
				k, err := storekey.NewService(db, system.Real()).Keys(t.Context(), id)
				if err != nil {
					t.Error(err)
					return
				}
				found[i] = k.Public.ID + k.Hash("p")
			})
		}
		wg.Wait()
		for _, f := range found {
			if f == "" || f != found[0] {
				t.Errorf("keys differ: %v", found)
			}
		}
	})
}

// With a key file nothing of them is plain in the database.
func TestKeysAreEncrypted(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			file, err := secret.Parse([]byte(base64.StdEncoding.EncodeToString(make([]byte, 32))))
			if err != nil {
				t.Fatal(err)
			}
			db := dbtest.OpenWith(t, e, sqldb.Options{Secrets: file})
			id := stores(t, db, 1)[0]
			keys, err := storekey.NewService(db, system.Real()).Keys(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			if err := db.Read(t.Context(), id, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT secret FROM store_keys WHERE store_id = $1`), func(r *sqldb.Row) error {
					n++
					if !strings.HasPrefix(r.Text(0), "sealed:1:"+file.Newest()+":") {
						t.Errorf("stored as %q", r.Text(0))
					}
					return nil
				})
			}); err != nil || n != 2 {
				t.Error(n, err)
			}
			again, err := storekey.NewService(db, system.Real()).Keys(t.Context(), id)
			if err != nil || again.Public.ID != keys.Public.ID {
				t.Errorf("read again: %v", err)
			}
		})
	}
}
