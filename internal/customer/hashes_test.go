package customer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/limit"
	"clientele/internal/listing"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// stored are hashes as customers have them; "hashcat" is the password of some.
var stored = []string{
	"", "$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
	"374996a5e8a5e57fd97d893f7df79824:36", "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6",
	"pbkdf2_sha256$10000$1135411628$bFYX62rfJobJ07VwrUMXfuffLfj2RDM2G6/BrTrUWkE=", "$1$28772684$iEwNOgGugqO9.bIz5sk8k/",
}

func anyHash(rng *rand.Rand) string { return stored[rng.IntN(len(stored))] }

// kinds returns how many hashes of each kind a store has, as they are and as
// they are counted.
func (w *world) kinds(storeID int64) (are, counted string) {
	w.t.Helper()
	n := map[string]int{}
	for _, h := range w.query(storeID, `SELECT password_hash FROM customers WHERE store_id = $1`) {
		if k := password.Kind(h); k != "" {
			n[k]++
		}
	}
	for k, n := range n {
		are += fmt.Sprintf("%s %d\n", k, n)
	}
	for _, text := range w.query(storeID, `SELECT kind || ' ' || CAST(customers AS TEXT) FROM imported_hashes WHERE store_id = $1`) {
		counted += text + "\n"
	}
	sorted := func(text string) string {
		lines := strings.SplitAfter(text, "\n")
		slices.Sort(lines)
		return strings.Join(lines, "")
	}
	return sorted(are), sorted(counted)
}

func (w *world) wantCounted(storeID int64, when string) {
	w.t.Helper()
	if are, counted := w.kinds(storeID); are != counted {
		w.t.Fatalf("%s: there are\n%scounted are\n%s", when, are, counted)
	}
}

// age makes a store one whose customers were there before they were counted.
func (w *world) age(storeID int64) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), storeID, func(tx *sqldb.Tx) error {
		for _, text := range []string{`DELETE FROM imported_hashes WHERE store_id = $1`, `INSERT INTO imported_hash_counts (store_id, counted_to) VALUES ($1, 0)`} {
			if err := tx.Exec(sqldb.Dynamic(text)); err != nil {
				return err
			}
		}
		return jobs.Enqueue(tx, 0, customer.HashJob, struct{}{}, 0)
	}); err != nil {
		w.t.Fatal(err)
	}
}

// churn does one thing at random to the customers of a store. number makes
// emails.
func (w *world) churn(storeID int64, rng *rand.Rand, number *atomic.Int64) error {
	ids := func(n int) (out []int64) {
		all := w.query(storeID, `SELECT CAST(id AS TEXT) FROM customers WHERE store_id = $1 AND id <= 1000 ORDER BY id`)
		for range min(n, len(all)) {
			var id int64
			_, _ = fmt.Sscan(all[rng.IntN(len(all))], &id)
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
		return out
	}
	switch rng.IntN(5) {
	case 0, 1:
		in := make([]customer.Create, 1+rng.IntN(3))
		for i := range in {
			in[i] = named(fmt.Sprintf("p%d@x.org", number.Add(1)))
			in[i].ImportedHash.Hash = anyHash(rng)
		}
		_, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: storeID}, in)
		return err
	case 2, 3:
		var in []customer.Update
		var hashes []string
		for _, id := range ids(3) {
			in, hashes = append(in, customer.Update{ID: id}), append(hashes, anyHash(rng))
		}
		if len(in) == 0 {
			return nil
		}
		return w.db.Write(w.t.Context(), storeID, func(tx *sqldb.Tx) error {
			_, err := w.svc.UpdateTx(tx, in, hashes)
			return err
		})
	default:
		gone := ids(2)
		if len(gone) == 0 {
			return nil
		}
		_, err := w.svc.Delete(w.t.Context(), storeID, customer.DeleteList.New().Where("id", listing.In, gone, nil))
		return err
	}
}

// Whatever happens to customers, the counts are those of what is there.
func TestHashesAreCounted(t *testing.T) {
	each(t, func(w *world) {
		var number atomic.Int64
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range 60 {
			if err := w.churn(w.mine, rng, &number); err != nil {
				w.t.Fatal(err)
			}
			w.wantCounted(w.mine, fmt.Sprint("after step ", i))
		}
		w.wantCounted(w.other, "the other store")
		passwords := passwordtest.New(system.Real())
		accounts := account.NewService(account.Config{DB: w.db, System: system.Real(), Customers: w.svc, Passwords: passwords})
		// The first sign-in replaces an imported hash, once.
		in := named("first@x.org")
		in.ImportedHash.Hash = stored[2]
		w.create(in)
		before, _ := w.kinds(w.mine)
		for i := range 2 {
			if id, err := accounts.Validate(w.t.Context(), w.mine, account.Credentials{Email: "first@x.org", Password: "hashcat", Peer: limit.Peer{Address: "192.0.2.1"}}); id == 0 || err != nil {
				w.t.Fatal(id, err)
			}
			w.wantCounted(w.mine, fmt.Sprint("after sign-in ", i))
			if after, _ := w.kinds(w.mine); before == after {
				w.t.Error("the hash was not replaced")
			}
		}
		if err := w.svc.DeleteAll(w.t.Context(), w.mine); err != nil {
			w.t.Fatal(err)
		}
		if are, counted := w.kinds(w.mine); are != counted || strings.TrimSpace(counted) != "" {
			w.t.Errorf("of nobody: %q, %q", are, counted)
		}
	})
}

// Customers that are older than the counts are counted while others change
// them, whatever comes between two bites.
func TestOldHashesAreCounted(t *testing.T) {
	each(t, func(w *world) {
		var number atomic.Int64
		for round := range uint64(6) {
			rng := rand.New(rand.NewPCG(5, round))
			w.age(w.mine)
			for i := 0; ; i++ {
				for range rng.IntN(4) {
					if err := w.churn(w.mine, rng, &number); err != nil {
						w.t.Fatal(err)
					}
				}
				done, err := w.svc.CountSome(w.t.Context(), w.mine, 1+rng.IntN(5))
				if err != nil {
					w.t.Fatal(err)
				}
				if done {
					break
				}
				if i > 1000 {
					w.t.Fatal("it never ends")
				}
			}
			w.wantCounted(w.mine, fmt.Sprint("round ", round))
			for range 10 {
				if err := w.churn(w.mine, rng, &number); err != nil {
					w.t.Fatal(err)
				}
			}
			w.wantCounted(w.mine, fmt.Sprint("after round ", round))
		}
	})
}

// The same, at once.
func TestOldHashesAreCountedMeanwhile(t *testing.T) {
	each(t, func(w *world) {
		var number atomic.Int64
		rng := rand.New(rand.NewPCG(7, 8))
		for range 40 {
			if err := w.churn(w.mine, rng, &number); err != nil {
				w.t.Fatal(err)
			}
		}
		w.age(w.mine)
		var counting, changing sync.WaitGroup
		var counted atomic.Bool
		for i := range uint64(4) {
			changing.Go(func() {
				rng := rand.New(rand.NewPCG(9, i))
				for n := 0; n < 10 || n < 40 && !counted.Load(); n++ {
					// Two may want the same customers: the later one finds less.
					if err := w.churn(w.mine, rng, &number); err != nil && fault.As(err) == nil {
						w.t.Error(err)
						return
					}
				}
			})
		}
		counting.Go(func() {
			defer counted.Store(true)
			for {
				done, err := w.svc.CountSome(w.t.Context(), w.mine, 2)
				if err != nil {
					w.t.Error(err)
				}
				if done || err != nil {
					return
				}
			}
		})
		counting.Wait()
		changing.Wait()
		w.wantCounted(w.mine, "in the end")
	})
}

// The job waits for who changes hashes at the moment, and so sees what they
// leave to it.
func TestCountingWaitsForWriters(t *testing.T) {
	each(t, func(w *world) {
		w.age(w.mine)
		var once sync.Once
		counted := make(chan error, 1)
		in := named("new@x.org")
		in.ImportedHash.Hash = stored[2]
		if err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
			if _, err := w.svc.CreateTx(tx, []customer.Create{in}, []string{stored[2]}); err != nil {
				return err
			}
			// The statements have to be on their way before the job comes.
			if err := tx.Query(sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1`), func(*sqldb.Row) error { return nil }); err != nil {
				return err
			}
			once.Do(func() {
				go func() {
					done, err := w.svc.CountSome(w.t.Context(), w.mine, 100)
					if err == nil && !done {
						err = errors.New("it is not done")
					}
					counted <- err
				}()
				select {
				case err := <-counted:
					counted <- err
				case <-time.After(200 * time.Millisecond): // it waits
				}
			})
			return nil
		}); err != nil {
			w.t.Fatal(err)
		}
		if err := <-counted; err != nil {
			w.t.Fatal(err)
		}
		w.wantCounted(w.mine, "in the end")
		if _, n := w.kinds(w.mine); !strings.Contains(n, "digest 1") {
			w.t.Errorf("counted are %q", n)
		}
	})
}

// The job goes on where it was cut off, and in other processes; until it is
// done a store's kinds are not known.
func TestCountingIsTakenUpAgain(t *testing.T) {
	each(t, func(w *world) {
		var number atomic.Int64
		rng := rand.New(rand.NewPCG(1, 2))
		for range 30 {
			if err := w.churn(w.mine, rng, &number); err != nil {
				w.t.Fatal(err)
			}
		}
		w.age(w.mine)
		if done, err := w.svc.CountSome(w.t.Context(), w.mine, 3); done || err != nil {
			w.t.Fatal(done, err)
		}
		// The process ends here, and another one comes.
		sys := system.Real()
		again := customer.NewService(w.db, sys, passwordtest.New(sys))
		r := jobs.NewRunner(w.db, sys, jobs.Options{})
		again.Register(r)
		if n, err := r.RunDue(w.t.Context()); n != 1 || err != nil {
			w.t.Fatal(n, err)
		}
		w.wantCounted(w.mine, "by the second process")
		if n := w.number(w.mine, `SELECT COUNT(*) FROM imported_hash_counts WHERE store_id = $1`); n != 0 {
			w.t.Error("the store is not known to be counted")
		}
		if n := w.number(w.mine, `SELECT COUNT(*) FROM jobs WHERE store_id = $1`); n != 0 {
			w.t.Errorf("%d jobs are left", n)
		}
		// Done twice it does nothing.
		if done, err := w.svc.CountSome(w.t.Context(), w.mine, 3); !done || err != nil {
			w.t.Error(done, err)
		}
		w.wantCounted(w.mine, "done twice")
	})
}
