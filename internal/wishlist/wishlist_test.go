package wishlist_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/wishlist"
)

// world is a service over two stores with two customers each.
func world(t *testing.T, db *sqldb.DB) (s *wishlist.Service, a, b int64) {
	t.Helper()
	sys := system.Real()
	customers := customer.NewService(db, sys, passwordtest.New(sys))
	for _, id := range []*int64{&a, &b} {
		st, err := store.NewService(db, sys).Create(t.Context(), "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		*id = st.ID
		if _, err := customers.CreateFor(t.Context(), password.Party{StoreID: st.ID}, []customer.Create{
			{Email: "a@example.com", FirstName: "A", LastName: "A"}, {Email: "b@example.com", FirstName: "B", LastName: "B"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return wishlist.NewService(db, sys), a, b
}

func kind(err error) fault.Kind {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Kind
	}
	return fault.Internal
}

// A customer sees and changes nobody else's lists, and no other store's.
func TestOwners(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, a, b := world(t, db)
		ctx := t.Context()
		mine, err := s.Create(ctx, a, wishlist.Create{CustomerID: 1, Name: "Mine", Items: []wishlist.Item{{ProductID: 5}}})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := s.Create(ctx, a, wishlist.Create{CustomerID: 2, Name: "Theirs", IsPublic: true})
		if err != nil {
			t.Fatal(err)
		}
		for name, try := range map[string]func(store int64) error{
			"get": func(st int64) error { _, err := s.Get(ctx, st, 1, theirs.ID); return err },
			"update": func(st int64) error {
				_, err := s.Update(ctx, st, 1, wishlist.Update{ID: theirs.ID, Name: opt.Some("x")})
				return err
			},
			"add": func(st int64) error {
				_, err := s.AddItems(ctx, st, 1, theirs.ID, []wishlist.Item{{ProductID: 1}})
				return err
			},
			"remove": func(st int64) error { _, err := s.RemoveItems(ctx, st, 1, theirs.ID, nil); return err },
			"delete": func(st int64) error { return s.Delete(ctx, st, 1, mine.ID, theirs.ID) },
		} {
			for _, st := range []int64{a, b} {
				if err := try(st); kind(err) != fault.NotFound {
					t.Errorf("%s in store %d: %v", name, st, err)
				}
			}
		}
		if _, err := s.Get(ctx, a, 1, mine.ID); err != nil {
			t.Errorf("half a deletion: %v", err)
		}
		if w, err := s.Public(ctx, a, theirs.Token); err != nil || w.Name != "Theirs" {
			t.Errorf("%+v, %v", w, err)
		}
		for _, c := range []struct {
			store int64
			token string
		}{{b, theirs.Token}, {a, mine.Token}, {a, ""}, {a, "\x00"}} {
			if _, err := s.Public(ctx, c.store, c.token); kind(err) != fault.NotFound {
				t.Errorf("%d %q: %v", c.store, c.token, err)
			}
		}
		page, err := s.Page(ctx, a, 1, listing.Window{First: -1, Last: -1}, wishlist.Filter{Products: []int64{5, 6}})
		if err != nil || len(page.Lists) != 1 || page.Lists[0].ID != mine.ID {
			t.Errorf("%+v, %v", page, err)
		}
		if page, err = s.Page(ctx, b, 1, listing.Window{First: -1, Last: -1}, wishlist.Filter{}); err != nil || len(page.Lists) != 0 {
			t.Errorf("%+v, %v", page, err)
		}
		for st, n := range map[int64]int{a: 1, b: 0} {
			if items, err := s.Items(ctx, st, []int64{mine.ID, theirs.ID}, listing.Window{First: -1, Last: -1}, wishlist.Filter{}); err != nil || len(items) != n {
				t.Errorf("%+v, %v", items, err)
			}
		}
	})
}

// Whoever adds at the same time, a product is on a list once and the bounds
// hold.
func TestRaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, a, _ := world(t, db)
		w, err := s.Create(t.Context(), a, wishlist.Create{CustomerID: 1, Name: "Mine"})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if _, err := s.AddItems(t.Context(), a, 1, w.ID, []wishlist.Item{{ProductID: 1}, {ProductID: int64(2 + i)}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if w, err = s.Get(t.Context(), a, 1, w.ID); err != nil || len(w.Items) != 9 {
			t.Errorf("%+v, %v", w, err)
		}
		seen := map[int64]bool{}
		for _, it := range w.Items {
			seen[it.ID] = true
		}
		if len(seen) != 9 {
			t.Errorf("ids recur: %+v", w.Items)
		}
	})
}

func TestBounds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, a, _ := world(t, db)
		many := make([]wishlist.Item, wishlist.MaxItems)
		for i := range many {
			many[i].ProductID = int64(i + 1)
		}
		w, err := s.Create(t.Context(), a, wishlist.Create{CustomerID: 1, Name: "Full", Items: many})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddItems(t.Context(), a, 1, w.ID, []wishlist.Item{{ProductID: 1}}); err != nil {
			t.Errorf("what is on it: %v", err)
		}
		if _, err := s.AddItems(t.Context(), a, 1, w.ID, []wishlist.Item{{ProductID: 5000}}); kind(err) != fault.Invalid {
			t.Errorf("one too many: %v", err)
		}
		for i := 1; i < wishlist.MaxLists; i++ {
			if _, err := s.Create(t.Context(), a, wishlist.Create{CustomerID: 1, Name: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Create(t.Context(), a, wishlist.Create{CustomerID: 1, Name: "x"}); kind(err) != fault.Invalid {
			t.Errorf("one list too many: %v", err)
		}
	})
}

// An item may become another variant of its product, but none that is on the
// list already.
func TestItemsChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, a, _ := world(t, db)
		w, err := s.Create(t.Context(), a, wishlist.Create{CustomerID: 1, Name: "Mine", Items: []wishlist.Item{{ProductID: 5, VariantID: 1}, {ProductID: 5, VariantID: 2}, {ProductID: 6, VariantID: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		first := w.Items[0].ID
		change := func(product, variant int64) error {
			_, err := s.Update(t.Context(), a, 1, wishlist.Update{ID: w.ID, Items: []wishlist.ItemUpdate{{ID: first, ProductID: opt.Some(product), VariantID: opt.Some(variant)}}})
			return err
		}
		for _, taken := range [][2]int64{{5, 2}, {6, 1}} {
			if f := fault.As(change(taken[0], taken[1])); f == nil || len(f.Items) != 1 || f.Items[0].Code != fault.Taken {
				t.Errorf("%v, which is on the list: %v", taken, f)
			}
		}
		for _, free := range [][2]int64{{5, 3}, {6, 2}, {7, 1}} {
			if err := change(free[0], free[1]); err != nil {
				t.Errorf("%v: %v", free, err)
			}
		}
		w, err = s.Get(t.Context(), a, 1, w.ID)
		if err != nil || len(w.Items) != 3 || !slices.Contains(w.Items, wishlist.Item{ID: first, ProductID: 7, VariantID: 1}) {
			t.Errorf("%+v, %v", w, err)
		}
		// The variant is of the product: it stays with it, and goes with it.
		for i, c := range []struct {
			in   wishlist.ItemUpdate
			want wishlist.Item
		}{
			{wishlist.ItemUpdate{ProductID: opt.Some(int64(7))}, wishlist.Item{ProductID: 7, VariantID: 1}},
			{wishlist.ItemUpdate{}, wishlist.Item{ProductID: 7, VariantID: 1}},
			{wishlist.ItemUpdate{VariantID: opt.Some(int64(4))}, wishlist.Item{ProductID: 7, VariantID: 4}},
			{wishlist.ItemUpdate{ProductID: opt.Some(int64(8))}, wishlist.Item{ProductID: 8}},
			{wishlist.ItemUpdate{ProductID: opt.Some(int64(8)), VariantID: opt.Some(int64(5))}, wishlist.Item{ProductID: 8, VariantID: 5}},
			{wishlist.ItemUpdate{VariantID: opt.Some(int64(0))}, wishlist.Item{ProductID: 8}},
		} {
			c.in.ID, c.want.ID = first, first
			if w, err = s.Update(t.Context(), a, 1, wishlist.Update{ID: w.ID, Items: []wishlist.ItemUpdate{c.in}}); err != nil || !slices.Contains(w.Items, c.want) {
				t.Errorf("%d: %+v, %v", i, w, err)
			}
		}
		for _, name := range []string{" ", "\u200b", "\u3164\u00ad"} {
			if _, err := s.Update(t.Context(), a, 1, wishlist.Update{ID: w.ID, Name: opt.Some(name)}); kind(err) != fault.Invalid {
				t.Errorf("%+q: %v", name, err)
			}
		}
	})
}
