package customer_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// Two processes create customers in one store of one PostgreSQL at once, some
// of whom break a rule or want the same email: ids and events stay without
// gaps, and of those who want one email one gets it.
func TestTwoProcessesCreate(t *testing.T) {
	dsn := dbtest.DSN(t, sqldb.Postgres)
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
