package customer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// Two processes create customers in one store of one database at once, some
// of whom break a rule or want the same email: ids and events stay without
// gaps, and of those who want one email one gets it.
func TestTwoProcessesCreate(t *testing.T) {
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) { twoProcessesCreate(t, engine) })
	}
}

func twoProcessesCreate(t *testing.T, engine sqldb.Engine) {
	dsn := dbtest.DSN(t, engine)
	w := newWorld(t, dbtest.OpenDSN(t, dsn))
	sys := system.Real()
	services := []*customer.Service{w.svc, customer.NewService(dbtest.OpenDSN(t, dsn), sys, passwordtest.New(sys))}
	const workers, loops = 8, 12
	var mu sync.Mutex
	var ids, addresses []int64
	winners := map[string]int{}
	var wg sync.WaitGroup
	for p, svc := range services {
		for i := range workers {
			wg.Go(func() {
				for j := range loops {
					in := []customer.Create{named(fmt.Sprintf("p%d.w%d.%d@x.org", p, i, j))}
					in[0].Addresses = []customer.AddressCreate{{AddressFields: home(0, "a").AddressFields}}
					contested, unknown := j%4 == 1, j%4 == 2
					if contested {
						in[0].Email = fmt.Sprintf("contested%d@x.org", j)
					}
					if unknown {
						in[0].GroupID = 99
					}
					if j%4 == 3 {
						in[0].GroupID, in[0].ChannelIDs = 3, []int64{1, 2}
						in = append(in, named("second."+in[0].Email))
					}
					out, err := svc.CreateFor(t.Context(), password.Party{StoreID: w.mine}, in)
					switch {
					case unknown:
						w.wantBroken("unknown group", err, "0.customer_group_id unknown")
					case contested && err != nil:
						if !inUse(err) || errors.Is(err, sqldb.ErrUnique) {
							t.Errorf("contested: %v", err)
						}
					case err != nil:
						t.Error(err)
					}
					mu.Lock()
					for _, c := range out {
						ids = append(ids, c.ID)
						for _, a := range c.Addresses {
							addresses = append(addresses, a.ID)
						}
						if contested {
							winners[c.Email]++
						}
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	for what, list := range map[string][]int64{"customers": ids, "addresses": addresses} {
		slices.Sort(list)
		for i, id := range list {
			if id != int64(i+1) {
				t.Fatalf("%s: id %d at place %d", what, id, i+1)
			}
		}
	}
	if want := len(services)*workers*loops/4*3 + 3; len(ids) != want {
		t.Errorf("%d customers, want %d", len(ids), want)
	}
	for email, n := range winners {
		if n != 1 {
			t.Errorf("%s has %d accounts", email, n)
		}
	}
	if len(winners) != loops/4 {
		t.Errorf("winners %v", winners)
	}
	last := w.number(w.mine, `SELECT event_id FROM store_counters WHERE store_id = $1`)
	if n := w.number(w.mine, `SELECT COUNT(*) FROM events WHERE store_id = $1`); n != last || n != int64(len(ids)+len(addresses)) {
		t.Errorf("%d events, the last is %d; want %d", n, last, len(ids)+len(addresses))
	}
	w.recount()
}

// Batches that are made together leave what they leave one after the other:
// rows, ids, events, counters, and the same faults.
func TestTogetherIsOneByOne(t *testing.T) {
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			for seed := range uint64(6) {
				batches := batchesOf(t, rand.New(rand.NewPCG(seed, 1)), 2+int(seed)*9)
				single, grouped := newWorld(t, dbtest.Open(t, engine)), newWorld(t, dbtest.Open(t, engine))
				var want, got []string
				for _, in := range batches() {
					var out []customer.Customer
					err := single.db.Write(t.Context(), single.mine, func(tx *sqldb.Tx) error {
						made, own, err := single.svc.CreateTogether(tx, [][]customer.Create{in})
						if err == nil {
							out, err = made[0], own[0]
						}
						return err
					})
					want = append(want, outcome(out, err))
				}
				if err := grouped.db.Write(t.Context(), grouped.mine, func(tx *sqldb.Tx) error {
					out, own, err := grouped.svc.CreateTogether(tx, batches())
					for i := range out {
						got = append(got, outcome(out[i], own[i]))
					}
					return err
				}); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("seed %d, batch %d: together\n%s\nby itself\n%s", seed, i, got[i], want[i])
					}
				}
				if got, want := grouped.sizes(grouped.mine), single.sizes(single.mine); got != want {
					t.Errorf("seed %d: together %s, by itself %s", seed, got, want)
				}
				if got, want := grouped.events(0), single.events(0); !slices.Equal(got, want) {
					t.Errorf("seed %d: events together\n%q\nby itself\n%q", seed, got, want)
				}
				for _, sql := range []string{
					`SELECT email_norm || ' ' || CAST(channel_id AS TEXT) || ' ' || CAST(customer_id AS TEXT) FROM customer_emails WHERE store_id = $1 ORDER BY email_norm, channel_id`,
					`SELECT kind || ' ' || CAST(customers AS TEXT) FROM imported_hashes WHERE store_id = $1 ORDER BY kind`,
					`SELECT name_norm || company_norm || phone_norm || password_hash FROM customers WHERE store_id = $1 ORDER BY id`,
				} {
					if got, want := grouped.query(grouped.mine, sql), single.query(single.mine, sql); !slices.Equal(got, want) {
						t.Errorf("seed %d: %s\ntogether  %q\nby itself %q", seed, sql, got, want)
					}
				}
				if got, want := fmt.Sprintf("%+v", grouped.list(grouped.mine, everything)), fmt.Sprintf("%+v", single.list(single.mine, everything)); got != want {
					t.Errorf("seed %d: together\n%s\nby itself\n%s", seed, got, want)
				}
				grouped.recount()
			}
		})
	}
}

// Sixteen creates that wait for each other take as many statements as one.
func TestTogetherSharesStatements(t *testing.T) {
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			var seen []string
			w := newWorld(t, dbtest.OpenWatched(t, engine, func(s *sqldb.Stmt) { seen = append(seen, s.SQL()) }))
			for _, n := range []int{1, 16} {
				batches := make([][]customer.Create, n)
				for i := range batches {
					batches[i] = []customer.Create{named(fmt.Sprintf("n%d.%d@x.org", n, i))}
					batches[i][0].Addresses = []customer.AddressCreate{home(0, "a")}
				}
				if err := w.db.Write(t.Context(), w.mine, func(tx *sqldb.Tx) error {
					seen = nil
					_, _, err := w.svc.CreateTogether(tx, batches)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				moves := 0
				for _, sql := range seen {
					if strings.Contains(sql, "store_counters") {
						moves++
					}
				}
				if len(seen) != 8 || moves != 1 {
					t.Errorf("%d creates: %d statements, %d of the counters, want 8 and 1:\n%s", n, len(seen), moves, strings.Join(seen, "\n"))
				}
			}
		})
	}
}

func outcome(out []customer.Customer, err error) string {
	if f := fault.As(err); f != nil {
		return fmt.Sprintf("fault %v %+v", f.Kind, f.Items)
	}
	return fmt.Sprintf("%+v %v", out, err)
}

// batchesOf returns n batches, the same at each call, some of which break a rule
// or want an email that another one has.
func batchesOf(t *testing.T, r *rand.Rand, n int) func() [][]customer.Create {
	seed := r.Uint64()
	return func() [][]customer.Create {
		r := rand.New(rand.NewPCG(seed, 2))
		out := make([][]customer.Create, n)
		for i := range out {
			for range 1 + r.IntN(3)*r.IntN(4) {
				c := named(fmt.Sprintf("c%d@x.org", r.IntN(5*n)))
				c.Company, c.Phone = fmt.Sprint("Company ", r.IntN(9)), fmt.Sprint(r.IntN(99))
				switch r.IntN(3) {
				case 0:
					c.ChannelIDs = []int64{2}
				case 1:
					c.ChannelIDs = []int64{1, 3}
				}
				c.GroupID = []int64{0, 0, 2, 3}[r.IntN(4)]
				if r.IntN(12) == 0 {
					c.GroupID = 99
				}
				for j := range r.IntN(3) {
					a := home(0, fmt.Sprint(r.IntN(3), " Main St"))
					if j == 1 {
						a.FormFields = []form.Input{{Name: "f text", Value: value(t, `"a"`)}}
					}
					c.Addresses = append(c.Addresses, a)
				}
				if r.IntN(2) == 0 {
					c.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: fmt.Sprint(r.IntN(9))}}
				}
				if r.IntN(5) == 0 {
					c.ImportedHash = password.ImportedHash{Hash: "374996a5e8a5e57fd97d893f7df79824:36"}
				}
				out[i] = append(out[i], c)
			}
		}
		return out
	}
}
