package credit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

const unit = 10_000

type world struct {
	*apptest.World
	t *testing.T
	n int
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	w := &world{World: apptest.New(t, db, apptest.Options{}), t: t}
	if _, err := w.Stores.Create(t.Context(), "shop", "", ""); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// customer makes a customer with a balance.
func (w *world) customer(amount int64) int64 {
	w.t.Helper()
	w.n++
	made, err := w.Customers.CreateFor(w.t.Context(), password.Party{StoreID: 1}, []customer.Create{
		{Email: fmt.Sprintf("c%d@example.com", w.n), FirstName: "A", LastName: "B", StoreCredit: amount},
	})
	w.ok(err)
	return made[0].ID
}

func (w *world) write(in credit.Write) (credit.Entry, error) {
	return w.Credit.Write(w.t.Context(), 1, in)
}

func (w *world) set(id, amount int64) error {
	_, err := w.Customers.UpdateFor(w.t.Context(), password.Party{StoreID: 1}, []customer.Update{{ID: id, StoreCredit: opt.Some(amount)}})
	return err
}

// entries returns a customer's ledger, the oldest entry first, and the balance.
func (w *world) entries(id int64) ([]credit.Entry, int64) {
	w.t.Helper()
	q, err := credit.List.Parse("limit=250")
	w.ok(err)
	all, _, err := w.Credit.List(w.t.Context(), 1, id, q)
	w.ok(err)
	slices.Reverse(all)
	var balance int64
	w.ok(w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		b, err := customer.Balances{}.Lock(tx, []int64{id})
		balance = b[id]
		return err
	}))
	return all, balance
}

// story tells a ledger in short, and checks that its sum is the balance.
func (w *world) story(id int64) string {
	w.t.Helper()
	all, balance := w.entries(id)
	var b strings.Builder
	var sum int64
	for i, e := range all {
		if sum += e.Amount; e.ID != int64(i+1) || sum != e.Balance {
			w.t.Errorf("entry %+v at %d, where the sum is %d", e, i, sum)
		}
		fmt.Fprintf(&b, "%s %+d", e.Kind, e.Amount/unit)
		if e.Remaining != 0 {
			fmt.Fprintf(&b, " (%d)", e.Remaining/unit)
		}
		if e.Of != 0 {
			fmt.Fprintf(&b, " of %d", e.Of)
		}
		b.WriteString("; ")
	}
	if sum != balance {
		w.t.Errorf("the sum is %d, the balance %d", sum, balance)
	}
	return fmt.Sprintf("%s= %d", b.String(), balance/unit)
}

func (w *world) want(id int64, want string) {
	w.t.Helper()
	if got := w.story(id); got != want {
		w.t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func why(err error) fault.Reason {
	if f := fault.As(err); f != nil && len(f.Items) > 0 {
		return f.Items[0].Why
	}
	return ""
}

func (w *world) day(n int) int64 { return apptest.Start.Add(time.Duration(n) * 24 * time.Hour).Unix() }

func TestLedger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		id := w.customer(0)
		w.want(id, "= 0")
		give := func(amount, expires int64) credit.Write {
			return credit.Write{CustomerID: id, Kind: credit.Credit, Amount: amount * unit, ExpiresAt: expires}
		}
		debit := func(amount int64) credit.Write {
			return credit.Write{CustomerID: id, Kind: credit.Debit, Amount: amount * unit}
		}
		must := func(in credit.Write) {
			t.Helper()
			_, err := w.write(in)
			w.ok(err)
		}
		refused := func(in credit.Write, reason fault.Reason) {
			t.Helper()
			if _, err := w.write(in); why(err) != reason {
				t.Errorf("%+v: %v, want %s", in, err, reason)
			}
		}
		must(give(5, 0))
		must(give(4, w.day(3)))
		must(give(3, w.day(2)))
		must(debit(5)) // the soonest first: 3 of the third, 2 of the second
		w.want(id, "credit +5; credit +4 (2); credit +3; debit -5; = 7")
		refused(debit(8), credit.WhyNotEnough)
		must(credit.Write{CustomerID: id, Kind: credit.Revert, EntryID: 4})
		w.want(id, "credit +5; credit +4 (4); credit +3 (3); debit -5; revert +5 of 4; = 12")
		refused(credit.Write{CustomerID: id, Kind: credit.Revert, EntryID: 4}, credit.WhyReverted)
		refused(credit.Write{CustomerID: id, Kind: credit.Revert, EntryID: 5}, credit.WhyNoRevert)
		refused(credit.Write{CustomerID: id, Kind: credit.Revert, EntryID: 9}, credit.WhyNoEntry)

		// The documented ways set the balance to an amount.
		w.ok(w.set(id, 10*unit))
		w.want(id, "credit +5; credit +4 (4); credit +3 (1); debit -5; revert +5 of 4; adjust -2; = 10")
		w.ok(w.set(id, 10*unit)) // nothing changes
		w.Clock.Set(time.Unix(w.day(2), 0))
		w.ok(w.Credit.ExpireDue(t.Context()))
		w.ok(w.Credit.ExpireDue(t.Context()))
		w.want(id, "credit +5; credit +4 (4); credit +3; debit -5; revert +5 of 4; adjust -2; expire -1 of 3; = 9")
		// What is due cannot be spent, whether the job came to it or not, and is
		// nothing of what is set.
		w.Clock.Set(time.Unix(w.day(3), 0))
		refused(debit(6), credit.WhyNotEnough)
		w.ok(w.set(id, 6*unit))
		w.want(id, "credit +5; credit +4; credit +3; debit -5; revert +5 of 4; adjust -2; expire -1 of 3; expire -4 of 2; adjust +1; = 6")

		for _, c := range []struct {
			in  credit.Write
			why fault.Reason
		}{
			{give(1, w.day(3)), credit.WhyPast}, {give(1, 1<<50), credit.WhyPast}, {give(0, 0), credit.WhyAmount}, {give(-1, 0), credit.WhyAmount}, {debit(-1), credit.WhyAmount},
			{credit.Write{CustomerID: id, Kind: credit.Credit, Amount: credit.Max + 1}, credit.WhyAmount},
			{credit.Write{CustomerID: id, Kind: credit.Credit, Amount: credit.Max}, credit.WhyTooMuch},
			{credit.Write{CustomerID: id, Kind: credit.Debit, Amount: 1, ExpiresAt: w.day(9)}, credit.WhyOnlyCredit},
			{credit.Write{CustomerID: id, Kind: credit.Debit, Amount: 1, EntryID: 1}, credit.WhyOnlyRevert},
			{credit.Write{CustomerID: id, Kind: credit.Revert, Amount: 1, EntryID: 1}, credit.WhyNoAmount},
			{credit.Write{CustomerID: id, Kind: credit.Revert}, credit.WhyNoEntry},
			{credit.Write{CustomerID: id, Kind: credit.Adjust}, credit.WhyAmount},
			{credit.Write{CustomerID: id, Kind: credit.Expire, Amount: 1}, credit.WhyKind},
			{credit.Write{CustomerID: id, Kind: credit.Debit, Amount: 1, Reason: "\x00"}, fault.HoldsNUL},
		} {
			refused(c.in, c.why)
		}
		if _, err := w.write(credit.Write{CustomerID: 99, Kind: credit.Credit, Amount: 1}); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			t.Errorf("of nobody: %v", err)
		}

		// Below zero, where the store allows it: new credit pays that first.
		_, err := w.Stores.ChangeSettings(t.Context(), 1, map[string]any{"allow_negative_store_credit": true})
		w.ok(err)
		id = w.customer(2 * unit)
		must(debit(5))
		must(give(4, w.day(9)))
		w.want(id, "adjust +2; debit -5; credit +4 (1); = 1")
		must(debit(3))
		if err := w.set(id, -2*unit); err != nil { // as it was read
			t.Errorf("a balance that is sent back: %v", err)
		}
		if err := w.set(id, -unit); why(err) != customer.WhyCredit {
			t.Errorf("another balance below zero: %v", err)
		}
		w.want(id, "adjust +2; debit -5; credit +4; debit -3; = -2")

		// A ledger goes with its customer.
		q := customer.DeleteList.New().Where("id", "in", []int64{id}, nil)
		_, err = w.Customers.Delete(t.Context(), 1, q)
		w.ok(err)
		list, err := credit.List.Parse("")
		w.ok(err)
		if _, _, err := w.Credit.List(t.Context(), 1, id, list); fault.As(err) == nil {
			t.Errorf("the ledger of who is gone: %v", err)
		}
	})
}

// Whatever is done, the ledger says what so many coins would.
func TestLedgerIsTheModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		overdraft := false
		for range 4 {
			id, m := w.customer(0), &model{}
			for range 60 {
				now := w.Clock.Now().Unix()
				next := m.clone()
				next.pass(now)
				in := credit.Write{CustomerID: id}
				did, set := true, int64(-1)
				switch r.IntN(9) {
				case 0, 1, 2:
					in.Kind, in.Amount = credit.Credit, (1+r.Int64N(9))*unit
					if r.IntN(3) > 0 {
						in.ExpiresAt = now + 1 + r.Int64N(6)
					}
					next.credit(int(in.Amount/unit), in.ExpiresAt)
				case 3, 4:
					in.Kind, in.Amount = credit.Debit, (1+r.Int64N(12))*unit
					next.debit(int(in.Amount / unit))
				case 5:
					in.Kind, in.Amount = credit.Adjust, (1+r.Int64N(5))*unit*(1-2*r.Int64N(2))
					next.adjust(int(in.Amount / unit))
				case 6, 7:
					in.Kind, in.EntryID = credit.Revert, 1+r.Int64N(int64(len(m.entries)+2))
					did = next.revert(in.EntryID, now)
				case 8:
					switch r.IntN(4) {
					case 0:
						w.Clock.Advance(time.Duration(1+r.IntN(3)) * time.Second)
						continue
					case 1:
						overdraft = !overdraft
						_, err := w.Stores.ChangeSettings(t.Context(), 1, map[string]any{"allow_negative_store_credit": overdraft})
						w.ok(err)
						continue
					case 2:
						w.ok(w.Credit.ExpireDue(t.Context()))
						m = next
						continue
					}
					set = r.Int64N(15)
					if int(set) == m.balance() { // as it is kept
						next = m
					} else if by := int(set) - next.balance(); by != 0 {
						next.adjust(by)
					}
				}
				var err error
				if set >= 0 {
					err = w.set(id, set*unit)
				} else {
					last := len(next.entries) - 1
					did = did && (last < 0 || next.entries[last].amount >= 0 || next.debt == 0 || overdraft)
					_, err = w.write(in)
				}
				if (err == nil) != did {
					t.Fatalf("%+v to %d: %v, where the model says %v\n%s", in, set, err, did, w.story(id))
				}
				if err == nil {
					m = next
				}
				w.compare(id, m)
			}
		}
	})
}

func (w *world) compare(id int64, m *model) {
	w.t.Helper()
	all, balance := w.entries(id)
	if len(all) != len(m.entries) || balance != int64(m.balance())*unit {
		w.t.Fatalf("%d entries and %d, want %d and %d\n%s", len(all), balance/unit, len(m.entries), m.balance(), w.story(id))
	}
	for i, e := range all {
		left := 0
		for _, c := range m.coins {
			if c.id == e.ID {
				left++
			}
		}
		if x := &m.entries[i]; e.Kind != x.kind || e.Amount != int64(x.amount)*unit || e.Balance != int64(x.balance)*unit || e.Of != x.of || (e.RevertedBy != 0) != x.reverted || e.Remaining != int64(left)*unit {
			w.t.Fatalf("entry %+v, want %+v with %d left\n%s", e, *x, left, w.story(id))
		}
	}
}

// Debits at once never lead below zero, and spend what there is.
func TestDebitsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		id := w.customer(20 * unit)
		_, err := w.write(credit.Write{CustomerID: id, Kind: credit.Credit, Amount: 20 * unit, ExpiresAt: w.day(1)})
		w.ok(err)
		var spent, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				if i%16 == 0 { // what else is written of the customer
					_, err := w.Customers.UpdateFor(t.Context(), password.Party{StoreID: 1}, []customer.Update{{ID: id, Company: opt.Some(fmt.Sprint(i))}})
					if err != nil {
						t.Error(err)
					}
				}
				switch _, err := w.write(credit.Write{CustomerID: id, Kind: credit.Debit, Amount: unit}); {
				case err == nil:
					spent.Add(1)
				case why(err) == credit.WhyNotEnough:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if spent.Load() != 40 || refused.Load() != 24 {
			t.Errorf("%d debits and %d refusals, want 40 and 24", spent.Load(), refused.Load())
		}
		if all, balance := w.entries(id); balance != 0 || len(all) != 42 {
			t.Errorf("%d entries and a balance of %d", len(all), balance)
		}
		w.story(id)
	})
}

// Credits expire in bites, of all stores and customers, each once, also by
// several processes.
func TestExpiryInBites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var ids []int64
		for range 45 {
			id := w.customer(unit)
			for day := range 5 {
				_, err := w.write(credit.Write{CustomerID: id, Kind: credit.Credit, Amount: unit, ExpiresAt: w.day(1 + day)})
				w.ok(err)
			}
			ids = append(ids, id)
		}
		events := w.events()
		w.Clock.Set(time.Unix(w.day(5)-1, 0))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := w.Credit.ExpireDue(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			w.want(id, "adjust +1; credit +1; credit +1; credit +1; credit +1; credit +1 (1); expire -1 of 2; expire -1 of 3; expire -1 of 4; expire -1 of 5; = 2")
		}
		if n := w.events() - events; n != int64(len(ids)) {
			t.Errorf("%d events of %d customers", n, len(ids))
		}
	})
}

func (w *world) events() (n int64) {
	w.t.Helper()
	w.ok(w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM events WHERE store_id = $1 AND scope = 'store/customer/updated'`), func(r *sqldb.Row) error {
			n = r.Int(0)
			return nil
		})
	}))
	return n
}

// Customers from before there was a ledger get an entry of what they have: by a
// job, which goes on where it was cut off, or by what is written first. Nobody
// is told, as nothing has changed.
func TestOpening(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var ids []int64
		for i := range 450 {
			ids = append(ids, w.customer(int64(i%7)*unit))
		}
		w.ok(w.DB.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			if err := tx.Exec(sqldb.Dynamic(`DELETE FROM credit_entries WHERE store_id = $1`)); err != nil {
				return err
			}
			return jobs.Enqueue(tx, w.Clock.Now().Unix(), "credit_opening", struct{}{}, 0)
		}))
		_, err := w.write(credit.Write{CustomerID: ids[6], Kind: credit.Debit, Amount: unit})
		w.ok(err)
		w.ok(w.set(ids[5], 9*unit))
		if _, err := w.write(credit.Write{CustomerID: ids[4], Kind: credit.Debit, Amount: 99 * unit}); !errors.As(err, new(*fault.Error)) {
			t.Errorf("a debit of more than there is: %v", err)
		}
		events := w.events()
		n, err := w.Jobs.RunDue(t.Context())
		w.ok(err)
		if n != 3 {
			t.Errorf("%d steps", n)
		}
		for i, id := range ids {
			switch i {
			case 5:
				w.want(id, "adjust +5; adjust +4; = 9")
			case 6:
				w.want(id, "adjust +6; debit -1; = 5")
			default:
				if v := i % 7; v == 0 {
					w.want(id, "= 0")
				} else {
					w.want(id, fmt.Sprintf("adjust +%d; = %d", v, v))
				}
			}
		}
		if all, _ := w.entries(ids[1]); all[0].Reason != credit.Opening || all[0].By.Kind != "job" {
			t.Errorf("the first entry is %+v", all[0])
		}
		if more := w.events() - events; more != 0 {
			t.Errorf("%d were told of", more)
		}
	})
}
