package account_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// While one address guesses, a customer signs in from where they did before as
// if they were next; an import, another address and another store have their
// turn soon; and beyond the bound guesses are turned away.
func TestCrowdsDoNotKeepOthersWaiting(t *testing.T) {
	each(t, func(w *shop) {
		in := named("ines@x.org")
		in.GeneratePassword = true
		id := w.add(w.a, in)
		if err := w.db.Write(w.Context(), w.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`INSERT INTO known_addresses (store_id, customer_id, ip_address, date_used) VALUES ($1, $2, '192.0.2.1', 1)`), id)
		}); err != nil {
			w.Fatal(err)
		}
		began, turns := make(chan struct{}), make(chan struct{})
		sys := system.Real()
		passwords := password.NewWith(sys, password.Options{Cheap: true, Places: 1, Run: func(_ string, work func()) {
			began <- struct{}{}
			<-turns
			work()
		}})
		svc := w.over(sys, passwords)
		customers := customer.NewService(w.db, sys, passwords)
		var wg sync.WaitGroup
		begin := func(do func() error) chan error {
			done := make(chan error, 1)
			wg.Go(func() { done <- do() })
			return done
		}
		guess := func(storeID int64, email, peer string) func() error {
			return func() error {
				_, err := svc.Validate(w.Context(), storeID, account.Credentials{Email: email, Password: "wrong", Peer: limit.Peer{Address: peer}})
				return err
			}
		}
		begin(guess(w.a.StoreID, "p@x.org", "198.51.100.1"))
		<-began
		var away atomic.Int64
		for i := range 64 {
			begin(func() error {
				err := guess(w.a.StoreID, fmt.Sprintf("p%d@x.org", i), "198.51.100.1")()
				if err != nil {
					away.Add(1)
				}
				return err
			})
		}
		for passwords.Waiting() < 64 {
			runtime.Gosched()
		}
		if f := fault.As(guess(w.a.StoreID, "late@x.org", "198.51.100.1")()); f == nil || f.Kind != fault.TooMany || f.RetryAfter < 1 {
			w.Errorf("beyond the bound: %+v", f)
		}
		imported := begin(func() error {
			a, b := named("a@x.org"), named("b@x.org")
			a.NewPassword, b.NewPassword = opt.Some("Secret-123"), opt.Some("Secret-124")
			_, err := customers.CreateFor(w.Context(), password.Party{StoreID: w.a.StoreID, Name: "account 1"}, []customer.Create{a, b})
			return err
		})
		stranger := begin(guess(w.a.StoreID, "q@x.org", "203.0.113.1"))
		foreign := begin(guess(w.b.StoreID, "q@x.org", "203.0.113.1"))
		owner := begin(guess(w.a.StoreID, "ines@x.org", "192.0.2.1"))
		for passwords.Waiting() < 65 || away.Load() < 3 { // three of the crowd made room, the owner has a share
			runtime.Gosched()
		}
		given := 0
		within := func(n int, what string, done chan error) {
			w.Helper()
			for ; given < n; given++ {
				turns <- struct{}{}
				<-began
			}
			select {
			case err := <-done:
				if err != nil {
					w.Errorf("%s: %v", what, err)
				}
			case <-time.After(20 * time.Second):
				w.Errorf("%s: not answered after %d turns", what, n)
			}
		}
		// Beside the one who had the place each is behind one of every party.
		within(3, "the owner", owner)
		within(5, "another store", foreign)
		within(8, "another address", stranger)
		within(12, "an import", imported)
		go func() {
			for range began {
			}
		}()
		close(turns)
		wg.Wait()
		close(began)
		if n := passwords.Waiting(); n != 0 {
			w.Errorf("%d wait yet", n)
		}
	})
}
