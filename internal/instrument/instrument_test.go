package instrument_test

import (
	"fmt"
	"sync"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/instrument"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// However many make their instrument the default at once, one is.
func TestOneDefault(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		st, err := store.NewService(db, sys).Create(t.Context(), "shop", "", "")
		if err != nil {
			t.Fatal(err)
		}
		in := []customer.Create{{Email: "a@example.com", FirstName: "A", LastName: "B"}}
		if _, err := customer.NewService(db, sys, passwordtest.New(sys)).CreateFor(t.Context(), password.Party{StoreID: st.ID}, in); err != nil {
			t.Fatal(err)
		}
		s := instrument.NewService(db, sys)
		var group sync.WaitGroup
		for i := range 12 {
			group.Go(func() {
				_, err := s.Put(t.Context(), st.ID, 1, instrument.Instrument{Token: fmt.Sprint("some-token-", i%8), Type: instrument.Bank, MaskedNumber: "1XX", IsDefault: true})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		rows, err := s.List(t.Context(), st.ID, 1)
		n := 0
		for _, r := range rows {
			if r.IsDefault {
				n++
			}
		}
		if err != nil || len(rows) != 8 || n != 1 {
			t.Errorf("%d instruments, %d of them default, %v", len(rows), n, err)
		}
	})
}
