package transfer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/transfer/source"
)

// people makes customers c1@example.com and so on.
func (w *importing) people(n int) {
	w.Helper()
	var in []customer.Create
	for i := range n {
		in = append(in, customer.Create{Email: fmt.Sprintf("c%d@example.com", i+1), FirstName: "A", LastName: "B", StoreCredit: 100_000})
	}
	if _, err := w.svc.customers.CreateFor(w.Context(), password.Party{StoreID: w.a}, in); err != nil {
		w.Fatal(err)
	}
}

// undone undoes an import.
func (w *importing) undone(id int64) *Undone {
	w.Helper()
	if _, err := w.svc.Undo(w.Context(), w.a, id); err != nil {
		w.Fatal(err)
	}
	for {
		imp, err := w.svc.UndoSome(w.Context(), w.a, id)
		if err != nil {
			w.Fatal(err)
		}
		if imp.State == Reverted {
			return imp.Undone
		}
	}
}

const (
	balances = `SELECT CAST(store_credit AS TEXT) FROM customers WHERE store_id = $1 ORDER BY id`
	ledger   = `SELECT CAST(customer_id AS TEXT) || ' ' || kind || ' ' || CAST(amount AS TEXT) || ' ' || reason || ' ' || reference || ' ' || actor_kind FROM credit_entries WHERE store_id = $1 AND id > 1 ORDER BY customer_id, id`
	grouped  = `SELECT CAST(c.customer_group_id AS TEXT) || COALESCE((SELECT ' ' || g.name FROM customer_groups g WHERE g.store_id = c.store_id AND g.id = c.customer_group_id), '') FROM customers c WHERE c.store_id = $1 ORDER BY c.id`
)

// A row of a file of store credit is one entry of the ledger, by its rules, and an
// undo gives back exactly that.
func TestCredit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.people(4)
		ctx := history.With(t.Context(), &history.Origin{Actor: history.Actor{Kind: history.Staff, Name: "ann@shop.example"}})
		file := "Email,Amount,Reason\nc1@example.com,5.00,Sorry\nC2@example.com,\"-1.250,50 €\",\nc2@example.com,-2.5,Spent\nnobody@example.com,1,\nc3@example.com,x,\nc3@example.com,,\nc1@example.com,1,Twice\nc4@example.com,0,\nc3@example.com,99999999999,\n"
		f := strings.NewReader(file)
		in, err := w.svc.Inspect(ctx, w.a, f, "credit.csv", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if in.Plan.Kind != source.Credit || in.Format != "credit" {
			t.Errorf("%s of %s", in.Format, in.Plan.Kind)
		}
		tried, err := w.svc.Try(ctx, w.a, in, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		imp, err := w.svc.Begin(ctx, w.a, in.Plan, in.File)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.svc.Run(ctx, w.a, imp, f, nil); err != nil {
			t.Fatal(err)
		}
		if want := (Counts{Rows: 9, Changed: 3, Rejected: 6}); imp.Counts != want || tried.Counts != want {
			t.Errorf("tried %+v, done %+v", tried.Counts, imp.Counts)
		}
		if got := w.rows(w.a, balances); got != "160000; 75000; 100000; 100000" {
			t.Errorf("%q", got)
		}
		made := fmt.Sprintf("1 credit 50000 Sorry imports/%[1]d staff; 1 credit 10000 Twice imports/%[1]d staff; 2 debit -25000 Spent imports/%[1]d staff", imp.ID)
		if got := w.rows(w.a, ledger); got != made {
			t.Errorf("%q", got)
		}
		var problems []string
		if err := w.svc.Problems(ctx, w.a, imp.ID, func(p Problem) error {
			problems = append(problems, fmt.Sprintf("%d %s %s", p.Line, p.Column, p.Code))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(problems, ";"); got != "3 Amount out_of_range;5 Email no_such_customer;6 Amount amount_unreadable;7  no_amount;9 Amount out_of_range;10 Amount out_of_range" {
			t.Error(got)
		}
		// The file of failures is one of the same kind.
		var failures strings.Builder
		if _, err := w.svc.Report(ctx, w.a, imp, f, false, &failures); err != nil {
			t.Fatal(err)
		}
		mended := strings.NewReplacer(",x,", ",2,", "nobody@", "c3@", "\"-1.250,50 €\"", "-1").Replace(failures.String())
		again := w.bring(w.a, "credit.errors.csv", mended, Options{})
		if want := (Counts{Rows: 6, Changed: 3, Rejected: 3}); again.Plan.Kind != source.Credit || again.Counts != want {
			t.Errorf("%s %+v of\n%s", again.Plan.Kind, again.Counts, mended)
		}
		if u := w.undone(again.ID); u.Changed != 3 || u.KeptChanged != 0 {
			t.Errorf("%+v", u)
		}
		// What was spent meanwhile cannot be taken back.
		if got := w.bring(w.a, "spend.csv", "Email,Amount\nc1@example.com,-12\n", Options{}); got.Counts.Changed != 1 {
			t.Errorf("%+v", got.Counts)
		}
		if u := w.undone(imp.ID); u.Changed != 2 || u.KeptChanged != 1 || len(u.Kept) != 1 || u.Kept[0] != 1 {
			t.Errorf("%+v", u)
		}
		if got := w.rows(w.a, balances); got != "30000; 100000; 100000; 100000" {
			t.Errorf("%q", got)
		}

		// By id, and set.
		set := w.bring(w.a, "set.csv", "Customer ID;Balance\n4;12,5\n3;10\n99;1\n4;-1\n2;0\n", Options{Kind: source.Credit, SetCredit: true})
		if want := (Counts{Rows: 5, Changed: 2, Unchanged: 1, Rejected: 2}); set.Counts != want || !set.Plan.ByID {
			t.Errorf("%+v", set.Counts)
		}
		if got := w.rows(w.a, balances); got != "30000; 0; 100000; 125000" {
			t.Errorf("%q", got)
		}
		if u := w.undone(set.ID); u.Changed != 2 {
			t.Errorf("%+v", u)
		}
		if got := w.rows(w.a, balances); got != "30000; 100000; 100000; 100000" {
			t.Errorf("%q", got)
		}
		if got := w.rows(w.b, `SELECT CAST(COUNT(*) AS TEXT) FROM credit_entries WHERE store_id = $1`); got != "0" {
			t.Errorf("%s entries of another store", got)
		}
	})
}

// Wherever an import of store credit is cut off, it gives nothing twice. Another process
// goes on each time, which knows nothing of the one before.
func TestCreditGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch, w.svc.bites = 3, 1
		w.people(20)
		var b strings.Builder
		b.WriteString("Email,Amount\n")
		for i := range 60 {
			fmt.Fprintf(&b, "c%d@example.com,1\n", i%20+1)
		}
		imp := w.accept(w.a, b.String(), Options{})
		w.svc.shift = 0
		text, err := json.Marshal(working{imp.ID})
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; imp.State != Done; n++ {
			if err := w.svc.work(t.Context(), jobs.Job{StoreID: w.a, Payload: text}); n > 30 {
				t.Fatal(err)
			}
			imp = w.get(w.a, imp.ID)
		}
		want := strings.TrimSuffix(strings.Repeat("130000; ", 20), "; ")
		if got := w.rows(w.a, balances); imp.Counts.Changed != 60 || got != want {
			t.Errorf("%+v %q", imp.Counts, got)
		}
		w.svc.shift = time.Minute
		if u := w.undone(imp.ID); u.Changed != 60 {
			t.Errorf("%+v", u)
		}
		if got := w.rows(w.a, balances); got != strings.ReplaceAll(want, "13", "10") {
			t.Errorf("%q", got)
		}
	})
}

// Customers join the groups that rows name, and come back by an undo.
func TestGroupMembers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.people(5)
		file := "Email,Customer Group\nc1@example.com,Trade\nc2@example.com,trade\nc3@example.com,\nnobody@example.com,Trade\nc4@example.com," + strings.Repeat("g", 300) + "\nc1@example.com,Press\n"
		imp := w.bring(w.a, "groups.csv", file, Options{})
		if want := (Counts{Rows: 6, Changed: 3, Skipped: 1, Rejected: 2}); imp.Counts != want || imp.Plan.Kind != source.GroupMembers {
			t.Errorf("%s %+v", imp.Plan.Kind, imp.Counts)
		}
		if got := w.rows(w.a, grouped); got != "1 Press; 2 Trade; 0; 0; 0" {
			t.Errorf("%q", got)
		}
		trade := w.rows(w.a, `SELECT CAST(id AS TEXT) FROM customer_groups WHERE store_id = $1 AND name = 'Trade'`)
		next := w.bring(w.a, "ids.csv", "Customer ID,Group ID\n1,\n2,"+trade+"\n3,"+trade+"\n4,99\n5,x\n", Options{Empty: true})
		if want := (Counts{Rows: 5, Changed: 2, Unchanged: 1, Rejected: 2}); next.Counts != want {
			t.Errorf("%+v", next.Counts)
		}
		// Somebody else has moved one on.
		if _, err := w.svc.customers.UpdateFor(t.Context(), password.Party{StoreID: w.a}, []customer.Update{{ID: 3, GroupID: opt.Some(int64(0))}}); err != nil {
			t.Fatal(err)
		}
		if u := w.undone(next.ID); u.Changed != 1 || u.KeptChanged != 1 {
			t.Errorf("%+v", u)
		}
		if u := w.undone(imp.ID); u.Changed != 3 || u.KeptChanged != 0 {
			t.Errorf("%+v", u)
		}
		if got := w.rows(w.a, grouped); got != "0; 0; 0; 0; 0" {
			t.Errorf("%q", got)
		}
		// Where the columns of what is wanted are missing, it is told.
		for kind, file := range map[source.Kind]string{source.Credit: "Email,Name\na@b.example,A\n", source.GroupMembers: "Email,Name\na@b.example,A\n"} {
			if _, err := w.svc.Inspect(t.Context(), w.a, strings.NewReader(file), "x.csv", Options{Kind: kind}); err == nil {
				t.Errorf("%s of no column", kind)
			}
		}
	})
}
