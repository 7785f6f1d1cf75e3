package channel_test

import (
	"sync"
	"testing"

	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

func open(t *testing.T, db *sqldb.DB) (*channel.Service, int64) {
	t.Helper()
	st, err := store.NewService(db, system.Real()).Create(t.Context(), "shop", "", "https://shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return channel.NewService(db, system.Real()), st.ID
}

func TestOneNameOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st := open(t, db)
		var group sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 8 {
			group.Go(func() {
				_, err := s.Create(t.Context(), st, channel.Create{Name: "Second", Type: channel.Storefront, Platform: "next"})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else if f := fault.As(err); f == nil || f.Kind != fault.Conflict {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if made != 1 {
			t.Errorf("%d channels of one name", made)
		}
		// The channel of the store's beginning counts too.
		if _, err := s.Create(t.Context(), st, channel.Create{Name: "Storefront", Type: channel.Storefront, Platform: "bigcommerce"}); err == nil {
			t.Error("the default channel's name was free")
		}
	})
}

func TestTheDefaultChannelHasASite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st := open(t, db)
		site, err := s.Site(t.Context(), st, 1)
		if err != nil || site.URL != "https://shop.example.com" || site.DateCreated == 0 {
			t.Errorf("%+v, %v", site, err)
		}
	})
}

func TestGivenChannels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st := open(t, db)
		put := func(in channel.Given) error {
			return db.Write(t.Context(), st, func(tx *sqldb.Tx) error { return channel.Put(tx, in, 5) })
		}
		in := channel.Given{ID: 7, Name: "Zweiter Kanal: Süd", Platform: "custom", Type: channel.POS, ExternalID: "x"}
		for range 2 {
			if err := put(in); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Update(t.Context(), st, channel.Update{ID: 7, Name: opt.Some("South"), Status: opt.Some(channel.Deleted)}); err != nil {
			t.Fatal(err)
		}
		if err := put(in); err != nil {
			t.Errorf("again, after it was deleted: %v", err)
		}
		c, err := s.Get(t.Context(), st, 7)
		if err != nil || c.Status != channel.Deleted || c.ExternalID != "x" || c.DateCreated != 5 {
			t.Errorf("%+v, %v", c, err)
		}
		if err := put(channel.Given{ID: 9, Name: "Storefront", Type: channel.Storefront}); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
			t.Errorf("a name that another channel has: %v", err)
		}
		for _, bad := range []channel.Given{
			{ID: 8, Name: "a", Type: channel.POS},
			{ID: 8, Name: "a", Status: channel.Connected},
			{ID: 1, Name: "a", Status: channel.Deleted},
			{ID: 8, Name: "a", URL: "shop"},
		} {
			if err := put(bad); err == nil {
				t.Errorf("%+v was accepted", bad)
			}
		}
	})
}

// Statuses that a channel cannot be given.
func TestStatuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st := open(t, db)
		second, err := s.Create(t.Context(), st, channel.Create{Name: "Second", Type: channel.Storefront, Platform: "next", Status: opt.Some(channel.Prelaunch)})
		if err != nil {
			t.Fatal(err)
		}
		refused := func(what string, err error) {
			t.Helper()
			if f := fault.As(err); f == nil || f.Kind != fault.Invalid || len(f.Items) != 1 || f.Items[0].Field != "status" {
				t.Errorf("%s: %v", what, err)
			}
		}
		change := func(id int64, status string) error {
			_, err := s.Update(t.Context(), st, channel.Update{ID: id, Status: opt.Some(status)})
			return err
		}
		_, err = s.Create(t.Context(), st, channel.Create{Name: "Third", Type: channel.Storefront, Platform: "next", Status: opt.Some(channel.Deleted)})
		refused("a new one that is deleted", err)
		_, err = s.Create(t.Context(), st, channel.Create{Name: "Third", Type: channel.Storefront, Platform: "next", Status: opt.Some(channel.Connected)})
		refused("a storefront that is connected", err)
		for _, status := range []string{channel.Deleted, channel.Archived} {
			refused("the default channel "+status, change(1, status))
		}
		for _, status := range []string{channel.Prelaunch, channel.Active, channel.Inactive, channel.Archived} {
			if err := change(second.ID, status); err != nil {
				t.Errorf("%s: %v", status, err)
			}
		}
		refused("back to before the launch", change(second.ID, channel.Prelaunch))
	})
}

func TestCurrenciesAreMoney(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		st, err := store.NewService(db, system.Real()).Create(t.Context(), "one", "", "")
		if err != nil {
			t.Fatal(err)
		}
		put := func(codes ...string) error {
			return db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
				return channel.Put(tx, channel.Given{ID: 2, Name: "Second", Currencies: codes}, 1)
			})
		}
		for _, codes := range [][]string{{"ZZZ"}, {"EUR", "eur"}, {"EUR,USD"}, {"EUR", "EUR"}, {""}} {
			if f := fault.As(put(codes...)); f == nil || f.Items[0].Field != channel.FieldCurrencies {
				t.Errorf("%q: %v", codes, f)
			}
		}
		if err := put("EUR", "GBP"); err != nil {
			t.Error(err)
		}
	})
}
