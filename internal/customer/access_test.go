package customer_test

import (
	"fmt"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// told keeps what a Service tells of access that ends and of new accounts.
type told struct{ ended, created []string }

func (k *told) EndAccess(_ *sqldb.Tx, e customer.Ended) error {
	k.ended = append(k.ended, fmt.Sprintf("%+v", e))
	return nil
}

func (k *told) AccountCreated(_ *sqldb.Tx, c *customer.Customer, hasPassword bool, _ *history.Origin) error {
	k.created = append(k.created, fmt.Sprint(c.Email, " ", hasPassword))
	return nil
}

// Access ends with the password, the email and the customer.
func TestAccessEnds(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(named("a@x.org"))[0].ID
		for _, c := range []struct {
			name string
			do   func()
			want []string
		}{
			{"another name", func() { w.update(customer.Update{ID: id, FirstName: opt.Some("Joan")}) }, nil},
			{"the same email, written otherwise", func() { w.update(customer.Update{ID: id, Email: opt.Some("A@x.org")}) }, nil},
			{"another email", func() { w.update(customer.Update{ID: id, Email: opt.Some("b@x.org")}) }, []string{fmt.Sprintf("%+v", customer.Ended{CustomerID: id})}},
			{"another password", func() { w.update(customer.Update{ID: id, NewPassword: opt.Some("Secret-123")}) }, []string{fmt.Sprintf("%+v", customer.Ended{CustomerID: id, Password: true})}},
			{"deleted", func() { w.remove(id) }, []string{fmt.Sprintf("%+v", customer.Ended{CustomerID: id})}},
		} {
			k := &told{}
			w.svc.AccessIn(k)
			c.do()
			equal(w.t, c.name, k.ended, c.want)
		}
	})
}

// Only those are told of their accounts for whom it is asked.
func TestWhoIsToldOfTheirAccount(t *testing.T) {
	each(t, func(w *world) {
		k := &told{}
		w.svc.NotifyWith(k)
		silent, plain, drawn, set := named("silent@x.org"), named("plain@x.org"), named("drawn@x.org"), named("set@x.org")
		plain.Notify, drawn.Notify, set.Notify = true, true, true
		drawn.GeneratePassword, set.NewPassword = true, opt.Some("Secret-123")
		w.create(silent, plain, drawn, set)
		equal(w.t, "a batch", k.created, []string{"plain@x.org false", "drawn@x.org false", "set@x.org true"})
		k.created = nil
		w.create(named("other@x.org"))
		equal(w.t, "one", k.created, []string(nil))
	})
}
