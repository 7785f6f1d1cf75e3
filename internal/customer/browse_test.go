package customer_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// Whatever is asked for, in whichever order and by whichever of the ways to look:
// pages from the first on and from the last back show whom the rule finds, each
// once, and no other store's.
func TestBrowse(t *testing.T) {
	each(t, func(w *world) {
		for i := range 60 {
			w.now.Store(int64(1000 + i*7%50*86400))
			in := customer.Create{
				Email: fmt.Sprintf("c%d@example.com", i), FirstName: []string{"Ann", "bob", "Ädam"}[i%3], LastName: []string{"Zoe", "Yew", "Xu", "Wu"}[i%4],
				Company: []string{"", "", "Acme", "Birch"}[i%4], GroupID: int64(i % 5 % 3 * 2), StoreCredit: int64(i % 7 * 10_000), Notes: strings.Repeat("x", i%4),
			}
			for _, id := range []int64{w.mine, w.other} {
				if _, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: id}, []customer.Create{in}); err != nil {
					w.t.Fatal(err)
				}
			}
		}
		signedIn := map[int64]int64{}
		for _, id := range []int64{w.mine, w.other} {
			if err := w.db.Write(w.t.Context(), id, func(tx *sqldb.Tx) error {
				for i := int64(1); i <= 60; i += 2 {
					signedIn[i] = 900_000 + i*13%7*3600
					if err := customer.SignedIn(tx, false, customer.Came{ID: i, Time: signedIn[i]}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				w.t.Fatal(err)
			}
		}
		names := &rule.Names{Groups: []rule.Named{{ID: 2, Name: "g2"}, {ID: 4, Name: "g4"}}}
		clock := rule.Clock{Now: 3_000_000, Zone: time.UTC}
		sorts, _ := customer.Orders()
		all := map[int64]customer.Customer{}
		if b, err := w.svc.Browse(w.t.Context(), w.mine, customer.Browse{Limit: 100}); err != nil || len(b.Customers) != 60 {
			w.t.Fatal(len(b.Customers), err)
		} else {
			for _, c := range b.Customers {
				all[c.ID] = c
			}
		}
		for i, text := range []string{"", "group = 2", "NOT group = 2 AND company STARTS WITH 'ac'", "date_created >= '1970-01-10'", "id BETWEEN 5 AND 40 AND last_name = 'xu'",
			"notes CONTAINS 'xx'", "store_credit > 3", "company = 'nobody'", "name STARTS WITH 'a' OR group = 4", "last_sign_in >= '1970-01-11' AND group = 2"} {
			in := customer.Browse{Clock: clock, Limit: 17}
			want := map[int64]bool{}
			if text != "" {
				n, err := rule.Parse(text)
				if err != nil {
					w.t.Fatal(err)
				}
				if in.Rule, err = names.Check(n); err != nil {
					w.t.Fatal(err)
				}
				in.Node = n
			}
			if err := w.db.Read(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
				where, args := "1 = 1", []any(nil)
				if in.Rule != nil {
					where, args = in.Rule.SQL(tx, clock, nil, false)
				}
				return tx.Query(rule.Select(where), func(r *sqldb.Row) error { want[r.Int(0)] = true; return nil }, args...)
			}); err != nil {
				w.t.Fatal(err)
			}
			for _, looks := range [][3]int{{2000, 10_000, 20_000}, {3, 5, 20_000}, {3, 5, 2}} {
				w.svc.LookAt(looks[0], looks[1], looks[2])
				for _, sort := range []string{"", sorts[i%len(sorts)], sorts[(i+looks[2]+4)%len(sorts)]} {
					for _, desc := range []bool{false, true} {
						in.Sort, in.Desc = sort, desc
						what := fmt.Sprintf("%q by %q, desc %t, %v", text, sort, desc, looks)
						forward, back := w.pages(what, in, false), w.pages(what, in, true)
						slices.Reverse(back)
						if !slices.Equal(forward, back) {
							w.t.Fatalf("%s: %v forward, %v back", what, forward, back)
						}
						has := map[string]func(c customer.Customer) bool{
							"company": func(c customer.Customer) bool { return c.Company != "" }, "phone": func(c customer.Customer) bool { return c.Phone != "" },
							"credit": func(c customer.Customer) bool { return c.StoreCredit != 0 }, "group": func(c customer.Customer) bool { return c.GroupID != 0 },
							"sign_in": func(c customer.Customer) bool { return signedIn[c.ID] != 0 },
						}[sort]
						got := map[int64]bool{}
						for _, id := range forward {
							if !want[id] || got[id] {
								w.t.Fatalf("%s: %d: wanted %t, again %t", what, id, want[id], got[id])
							}
							got[id] = true
						}
						for id := range want {
							if !got[id] && (has == nil || has(all[id])) {
								w.t.Fatalf("%s: %d is missing", what, id)
							}
						}
					}
				}
			}
		}
		w.sorted()
		// Of found ones the best come first, and the rule holds for them too.
		n, _ := rule.Parse("group = 2")
		checked, err := names.Check(n)
		if err != nil {
			w.t.Fatal(err)
		}
		b, err := w.svc.Browse(w.t.Context(), w.mine, customer.Browse{Rule: checked, Node: n, Clock: clock, Among: []int64{7, 12, 2, 1, 999}, Limit: 25})
		if err != nil || len(b.Customers) != 3 || b.Customers[0].ID != 7 || b.Customers[1].ID != 12 || b.Total != 3 || b.After != "" || b.Before != "" {
			w.t.Errorf("%+v %v", b, err)
		}
		// What comes back in an address is no mark by itself.
		for _, from := range []string{"x", "-1", "5~x", "9223372036854775808", "1~\x00", "'; DROP"} {
			if _, err := w.svc.Browse(w.t.Context(), w.mine, customer.Browse{From: from, Sort: "credit", Limit: 25}); err != nil {
				w.t.Errorf("%s: %v", from, err)
			}
		}
	})
}

// pages walks through all pages, and holds totals to what was seen.
func (w *world) pages(what string, in customer.Browse, back bool) (ids []int64) {
	w.t.Helper()
	in.Back = back
	total := int64(-1)
	for range 100 {
		b, err := w.svc.Browse(w.t.Context(), w.mine, in)
		if err != nil {
			w.t.Fatal(what, err)
		}
		if len(b.Customers) > in.Limit || !b.Complete {
			w.t.Fatalf("%s: %d, complete %t", what, len(b.Customers), b.Complete)
		}
		page := b.Customers
		if back {
			slices.Reverse(page)
		}
		for _, c := range page {
			ids = append(ids, c.ID)
		}
		if b.Total >= 0 && !b.Over {
			if total >= 0 && b.Total != total {
				w.t.Fatalf("%s: totals %d and %d", what, total, b.Total)
			}
			total = b.Total
		}
		next, before := b.After, b.Before
		if back {
			next, before = b.Before, b.After
		}
		if in.From == "" && before != "" {
			w.t.Fatalf("%s: there is something before the first page", what)
		}
		if in.From = next; next == "" {
			if total >= 0 && total != int64(len(ids)) {
				w.t.Fatalf("%s: total %d of %d", what, total, len(ids))
			}
			return ids
		}
	}
	w.t.Fatalf("%s: does not end", what)
	return nil
}

// sorted holds the order of a list to its values.
func (w *world) sorted() {
	w.t.Helper()
	b, err := w.svc.Browse(w.t.Context(), w.mine, customer.Browse{Sort: "credit", Desc: true, Limit: 60})
	if err != nil || len(b.Customers) == 0 || !slices.IsSortedFunc(b.Customers, func(x, y customer.Customer) int { return cmp.Compare(y.StoreCredit, x.StoreCredit) }) {
		w.t.Errorf("%v", err)
	}
	b, err = w.svc.Browse(w.t.Context(), w.mine, customer.Browse{Sort: "sign_in", Desc: true, Limit: 60})
	if err != nil || len(b.Customers) != 30 || b.Total != 30 || !slices.IsSortedFunc(b.Customers, func(x, y customer.Customer) int { return cmp.Compare(b.SignIns[y.ID], b.SignIns[x.ID]) }) {
		w.t.Errorf("%d of %d, %v", len(b.Customers), b.Total, err)
	}
}
