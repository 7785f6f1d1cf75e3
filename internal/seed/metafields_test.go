package seed_test

import (
	"testing"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/metafield"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

func applyText(t *testing.T, db *sqldb.DB, text string) (int64, error) {
	t.Helper()
	doc, err := seed.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sys := system.Real()
	passwords := auth.NewPasswords(sys)
	stores := store.NewService(db, sys)
	a := &seed.Applier{DB: db, System: sys, Stores: stores, Customers: customer.NewService(db, sys, passwords), Passwords: passwords}
	if _, err := a.Apply(t.Context(), doc); err != nil {
		return 0, err
	}
	st, err := stores.ByHash(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	return st.ID, nil
}

func TestCustomersMetafields(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const doc = `
stores:
  - hash: demo
    customers:
      - email: ines@example.com
        first_name: Inês
        last_name: Duarte
        metafields:
          - {owner_client_id: loyalty, permission_set: read, namespace: loyalty, key: tier, value: gold}
          - {owner_client_id: loyalty, permission_set: app_only, namespace: loyalty, key: points, value: "120"}
`
		var st int64
		for range 2 {
			var err error
			if st, err = applyText(t, db, doc); err != nil {
				t.Fatal(err)
			}
		}
		rows, _, err := metafield.NewService(db, system.Real()).List(t.Context(), st, metafield.Caller{ClientID: "other"}, 1, metafield.List.New())
		if err != nil || len(rows) != 1 || rows[0].Value != "gold" || rows[0].ClientID != "loyalty" {
			t.Errorf("others see %v, %v", rows, err)
		}
		if _, err := applyText(t, db, `
stores:
  - hash: demo
    customers:
      - {email: b@example.com, first_name: B, last_name: B, metafields: [{owner_client_id: x, permission_set: all, namespace: n, key: k, value: v}]}
`); err == nil {
			t.Error("a wrong permission set was accepted")
		}
	})
}
