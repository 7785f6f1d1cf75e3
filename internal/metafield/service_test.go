package metafield_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// shop makes two stores with a customer each and returns their ids.
func shop(t *testing.T, db *sqldb.DB) (*metafield.Service, int64, int64) {
	t.Helper()
	sys := system.Real()
	stores, customers := store.NewService(db, sys), customer.NewService(db, sys, passwordtest.New(sys))
	var ids []int64
	for _, hash := range []string{"first", "second"} {
		st, err := stores.Create(t.Context(), hash, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := customers.CreateFor(t.Context(), password.Party{StoreID: st.ID}, []customer.Create{{Email: "a@example.com", FirstName: "A", LastName: "B"}}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, st.ID)
	}
	return metafield.NewService(db, sys), ids[0], ids[1]
}

func field(key string) metafield.Create {
	return metafield.Create{CustomerID: 1, Namespace: "n", Key: key, Value: "v", Permission: metafield.Read}
}

var by = metafield.Caller{ClientID: "app"}

func kind(err error) fault.Kind {
	if f := fault.As(err); f != nil {
		return f.Kind
	}
	return fault.Internal
}

func TestOneNameOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st, _ := shop(t, db)
		const writers = 8
		var made, clashes int
		var mu sync.Mutex
		var group sync.WaitGroup
		for i := range 2 * writers {
			group.Go(func() {
				_, err := s.Create(t.Context(), st, by, field(fmt.Sprint("k", i%writers)))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case kind(err) == fault.Conflict:
					clashes++
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if made != writers || clashes != writers {
			t.Errorf("%d made and %d refused, want %d each", made, clashes, writers)
		}
		// Two that race for one name by renaming.
		for i := range 2 {
			group.Go(func() {
				_, err := s.Update(t.Context(), st, by, 1, metafield.Update{ID: int64(i + 1), Key: opt.Some("same")})
				if err != nil && kind(err) != fault.Conflict {
					t.Error(err)
				}
			})
		}
		group.Wait()
		q := metafield.List.New().Where("key", "in", nil, []string{"same"})
		rows, _, err := s.List(t.Context(), st, by, 0, q)
		if err != nil || len(rows) != 1 {
			t.Errorf("%d with the name that two wanted, %v", len(rows), err)
		}
	})
}

// failed tells what is wrong with which items of a batch.
func failed(o metafield.Outcome) string {
	var out []string
	for i, items := range o.Failed {
		for _, it := range items {
			out = append(out, fmt.Sprint(i, " ", it.Code))
		}
	}
	return strings.Join(out, ", ")
}

func TestLimitPerOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st, _ := shop(t, db)
		for range metafield.MaxPerOwner / metafield.MaxBatch {
			var in []metafield.Create
			for range metafield.MaxBatch {
				in = append(in, field(system.Real().Token(12)))
			}
			if o, err := s.CreateBatch(t.Context(), st, by, in); err != nil || failed(o) != "" {
				t.Fatal(o.Failed, err)
			}
		}
		if _, err := s.Create(t.Context(), st, by, field("more")); kind(err) != fault.Invalid {
			t.Errorf("one too many: %v", err)
		}
		if _, err := s.Create(t.Context(), st, metafield.Caller{ClientID: "other"}, field("more")); err != nil {
			t.Errorf("another account's first: %v", err)
		}
	})
}

func TestStoresAreApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, first, second := shop(t, db)
		m, err := s.Create(t.Context(), first, by, field("k"))
		if err != nil {
			t.Fatal(err)
		}
		all := metafield.Caller{ClientID: "app", All: true}
		if _, err := s.Get(t.Context(), second, all, 1, m.ID); kind(err) != fault.NotFound {
			t.Errorf("get: %v", err)
		}
		if o, err := s.UpdateBatch(t.Context(), second, all, []metafield.Update{{ID: m.ID, Value: opt.Some("x")}}); err != nil || failed(o) != "0 unknown" {
			t.Errorf("update: %v %v", o, err)
		}
		if o, err := s.DeleteBatch(t.Context(), second, all, []int64{m.ID}); err != nil || failed(o) != "0 unknown" {
			t.Errorf("delete: %v %v", o, err)
		}
		if got, err := s.Get(t.Context(), first, by, 1, m.ID); err != nil || got != m {
			t.Errorf("untouched: %v %v", got, err)
		}
		if other, err := s.Create(t.Context(), second, by, field("k")); err != nil || other.ID != 1 {
			t.Errorf("ids of the second store: %v %v", other, err)
		}
	})
}

// Writing a value is no right to take the field from its owner.
func TestWritersDoNotTakeAway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st, _ := shop(t, db)
		in := field("k")
		in.Permission = metafield.Write
		m, err := s.Create(t.Context(), st, by, in)
		if err != nil {
			t.Fatal(err)
		}
		other := metafield.Caller{ClientID: "other"}
		for _, u := range []metafield.Update{
			{ID: m.ID, Permission: opt.Some(metafield.AppOnly)},
			{ID: m.ID, Key: opt.Some("mine")},
			{ID: m.ID, Namespace: opt.Some("mine")},
		} {
			if _, err := s.Update(t.Context(), st, other, 1, u); err == nil {
				t.Errorf("%+v is accepted", u)
			}
		}
		if got, err := s.Update(t.Context(), st, other, 1, metafield.Update{ID: m.ID, Value: opt.Some("x")}); err != nil || got.Value != "x" {
			t.Errorf("value: %v %v", got, err)
		}
	})
}

// What a permission set lets other accounts do: nothing, read, or write the
// value, but never take the field away.
func TestPermissions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st, _ := shop(t, db)
		other, all := metafield.Caller{ClientID: "other"}, metafield.Caller{ClientID: "panel", All: true}
		for _, c := range []struct {
			set           string
			reads, writes bool
		}{
			{metafield.AppOnly, false, false}, {metafield.Read, true, false}, {metafield.ReadFront, true, false},
			{metafield.Write, true, true}, {metafield.WriteFront, true, true},
		} {
			in := field(c.set)
			in.Permission = c.set
			m, err := s.Create(t.Context(), st, by, in)
			if err != nil {
				t.Fatal(err)
			}
			want := map[bool]fault.Kind{false: fault.NotFound, true: fault.Forbidden}[c.reads]
			is := func(what string, err error, allowed bool) {
				t.Helper()
				if allowed && err != nil || !allowed && kind(err) != want {
					t.Errorf("%s, %s: %v", c.set, what, err)
				}
			}
			_, err = s.Get(t.Context(), st, other, 1, m.ID)
			is("get", err, c.reads)
			rows, _, err := s.List(t.Context(), st, other, 1, metafield.List.New().Where("key", "in", nil, []string{c.set}))
			if err != nil || (len(rows) == 1) != c.reads {
				t.Errorf("%s: %d in the list, %v", c.set, len(rows), err)
			}
			_, err = s.Update(t.Context(), st, other, 1, metafield.Update{ID: m.ID, Value: opt.Some("w")})
			is("value", err, c.writes)
			for what, u := range map[string]metafield.Update{
				"key": {Key: opt.Some("k")}, "namespace": {Namespace: opt.Some("k")}, "permission": {Permission: opt.Some(metafield.AppOnly)},
			} {
				u.ID = m.ID
				_, err = s.Update(t.Context(), st, other, 1, u)
				is(what, err, false)
			}
			// By way of another customer there is nothing to read or write.
			if _, err := s.Get(t.Context(), st, by, 2, m.ID); kind(err) != fault.NotFound {
				t.Errorf("%s of another customer: %v", c.set, err)
			}
			if _, err := s.Update(t.Context(), st, by, 2, metafield.Update{ID: m.ID, Value: opt.Some("w")}); kind(err) != fault.NotFound {
				t.Errorf("%s, change of another customer's: %v", c.set, err)
			}
			if !c.writes {
				is("delete", s.Delete(t.Context(), st, other, 1, m.ID), false)
			}
			if _, err := s.Update(t.Context(), st, all, 1, metafield.Update{ID: m.ID, Key: opt.Some("x" + c.set)}); err != nil {
				t.Errorf("%s, by who manages all: %v", c.set, err)
			}
		}
	})
}

// Within a batch a name that one metafield gives up is free for those after it,
// and for none before it.
func TestNamesChangeHands(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, st, _ := shop(t, db)
		var ids []int64
		for _, key := range []string{"a", "b"} {
			m, err := s.Create(t.Context(), st, by, field(key))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.ID)
		}
		rename := func(i int, key string) metafield.Update {
			return metafield.Update{ID: ids[i], Key: opt.Some(key)}
		}
		o, err := s.UpdateBatch(t.Context(), st, by, []metafield.Update{rename(0, "c"), rename(1, "a")})
		if err != nil || failed(o) != "" || len(o.Done) != 2 {
			t.Errorf("given up and taken: %+v, %v", o, err)
		}
		o, err = s.UpdateBatch(t.Context(), st, by, []metafield.Update{rename(0, "a"), rename(1, "b")})
		if err != nil || failed(o) != "0 taken" || len(o.Done) != 1 {
			t.Errorf("taken before it is given up: %+v, %v", o, err)
		}
		o, err = s.UpdateBatch(t.Context(), st, by, []metafield.Update{rename(0, "d"), rename(1, "d")})
		if err != nil || failed(o) != "1 taken" || len(o.Done) != 1 {
			t.Errorf("wanted by two: %+v, %v", o, err)
		}
	})
}
