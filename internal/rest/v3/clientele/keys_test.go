package clientele_test

import (
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Any API account of a store is told its public keys, and nobody else's.
func TestKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := &desk{t: t, check: apitest.New(t), stores: map[string]int64{}, World: apptest.New(t, db, apptest.Options{Seed: entitled})}
		for hash, token := range map[string]string{"first": "prices-token", "second": "stranger-token"} {
			st, err := d.Stores.ByHash(t.Context(), hash)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				// The first request makes the key.
				got := d.want(hash, token, "GET", "/clientele/keys", "", 200, "")
				keys, err := d.Keys.PublicKeys(t.Context(), st.ID)
				if err != nil || len(keys) != 1 || !strings.Contains(got, `"id":"`+keys[0].ID+`","algorithm":"Ed25519","public_key":"`+keys[0].Text()+`"`) || strings.Count(got, `"id"`) != 1 {
					t.Errorf("%s: %s, want %v, %v", hash, got, keys, err)
				}
			}
		}
		d.want("first", "stranger-token", "GET", "/clientele/keys", "", 401, "")
		d.want("first", "prices-token", "GET", "/clientele/keys?limit=1", "", 422, "")
	})
}
