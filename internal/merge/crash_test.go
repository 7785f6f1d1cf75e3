package merge_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/merge"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// once merges and parts, and passes over what another write was quicker with.
func once(ctx context.Context, w *apptest.World, a merge.Ask) error {
	seen, err := w.Merges.Preview(ctx, 1, a)
	if err == nil {
		a.ETag = seen.ETag
		var m *merge.Merge
		if m, err = w.Merges.Merge(ctx, 1, a); err == nil {
			_, err = w.Merges.Part(ctx, 1, m.ID)
		}
	}
	if f := fault.As(err); f != nil && (f.Kind == fault.Conflict || f.Kind == fault.Invalid) {
		return nil
	}
	return err
}

// Customers who are merged while others write are merged as they are, or not at all.
// No credit is lost or made, and nothing is of nobody.
func TestMergeUnderWrites(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		w := newWorld(t, db, seed)
		w.definitions()
		ids := []int64{w.person(0), w.person(1), w.person(2)}
		start := w.credits()
		var given int64
		var mu sync.Mutex
		var wg sync.WaitGroup
		merged := 0
		for range 2 {
			wg.Go(func() {
				for range 12 {
					a := merge.Ask{Keep: ids[0], Merge: ids[1:], SignIn: true}
					seen, err := w.Merges.Preview(t.Context(), 1, a)
					if err == nil {
						a.ETag = seen.ETag
						_, err = w.Merges.Merge(t.Context(), 1, a)
					}
					if err == nil {
						mu.Lock()
						merged++
						mu.Unlock()
						err = w.part(ids[0])
					}
					if f := fault.As(err); err != nil && (f == nil || f.Kind != fault.Conflict && f.Kind != fault.Invalid && f.Kind != fault.NotFound) {
						t.Error(err)
					}
				}
			})
		}
		for n := range 3 {
			wg.Go(func() {
				for i := range 25 {
					id := ids[(n+i)%3]
					var err error
					switch i % 4 {
					case 0:
						_, err = w.Customers.UpdateFor(t.Context(), password.Party{StoreID: 1}, []customer.Update{{ID: id, Company: opt.Some(fmt.Sprint(n, i))}})
					case 1:
						if _, err = w.Credit.Write(t.Context(), 1, credit.Write{CustomerID: id, Kind: credit.Credit, Amount: 10_000}); err == nil {
							mu.Lock()
							given += 10_000
							mu.Unlock()
						}
					case 2:
						f := customer.AddressFields{FirstName: "A", LastName: "B", Address1: fmt.Sprint(n, " ", i), City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US"}
						_, err = w.Customers.CreateAddresses(t.Context(), 1, []customer.AddressCreate{{CustomerID: id, AddressFields: f}})
					case 3:
						_, err = w.Customers.SetLocale(t.Context(), 1, customer.Locale{CustomerID: id, Tag: "de"})
					}
					if err != nil && fault.As(err) == nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for {
			if err := w.part(ids[0]); err != nil {
				break
			}
		}
		t.Logf("%d merges", merged)
		if now := w.credits(); now != start+given {
			t.Errorf("%d credit, want %d", now, start+given)
		}
		w.whole()
		w.ledgers(ids)
		for _, id := range ids {
			if n := w.count(`SELECT COUNT(*) FROM customers WHERE store_id = $1 AND id = $2`, id); n != 1 {
				t.Errorf("customer %d is not there", id)
			}
		}
	})
}

// part parts the last merge of a customer that can be undone.
func (w *world) part(id int64) error {
	q := merge.List.New().Where("customer_id", "in", []int64{id}, nil)
	all, _, err := w.Merges.List(w.t.Context(), 1, q)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m merge.Merge) bool { return m.Ended == 0 })
	if i < 0 {
		return merge.ErrNoMerge
	}
	_, err = w.Merges.Part(w.t.Context(), 1, all[i].ID)
	return err
}

// childOf has the test binary merge and part until it is killed.
const childOf = "CLIENTELE_TEST_MERGE_CHILD"

// Of a process that is killed while it merges and parts, each merge is there as a
// whole or not at all.
func TestKilledMerge(t *testing.T) {
	if dsn := os.Getenv(childOf); dsn != "" {
		w := apptest.New(t, dbtest.OpenDSN(t, dsn), apptest.Options{})
		for {
			if err := once(t.Context(), w, merge.Ask{Keep: 1, Merge: []int64{2, 3}, SignIn: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Parallel()
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.DSN(t, engine)
			w := newWorld(t, dbtest.OpenDSN(t, dsn), 7)
			w.definitions()
			ids := []int64{w.person(0), w.person(1), w.person(2)}
			before, start := w.everything(), w.credits()
			r := rand.New(rand.NewPCG(1, 2))
			for range 6 {
				cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledMerge$")
				cmd.Env = append(os.Environ(), childOf+"="+dsn)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(700+r.IntN(900)) * time.Millisecond)
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait() // killed
				if now := w.credits(); now != start {
					t.Errorf("%d credit, there was %d", now, start)
				}
				w.whole()
				if err := w.part(ids[0]); err != nil && !errors.Is(err, merge.ErrNoMerge) {
					t.Error(err)
				}
				if diff := differ(before, w.everything()); len(diff) > 0 {
					t.Fatal(diff)
				}
				w.ledgers(ids)
			}
			if n := w.count(`SELECT merge_id FROM store_counters WHERE store_id = $1`); n < 2 {
				t.Errorf("only %d merges", n)
			}
		})
	}
}
