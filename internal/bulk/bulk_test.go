package bulk_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/bulk"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/person"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
)

// world has two stores with customers whose numbers are the same.
type world struct {
	*apptest.World
	t    *testing.T
	a, b int64
}

const seeded = `stores:
  - hash: one
    channels: [{id: 1, name: Shop, url: "https://one.example"}]
    customer_groups: [{id: 1, name: Trade}, {id: 2, name: Retail}]
    attributes: [{id: 1, name: Size, type: number}]
  - {hash: two, customer_groups: [{id: 1, name: Theirs}, {id: 9, name: Only theirs}]}
`

func each(t *testing.T, customers int, fn func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &world{World: apptest.New(t, db, apptest.Options{Seed: seeded}), t: t}
		for hash, id := range map[string]*int64{"one": &w.a, "two": &w.b} {
			st, err := w.Stores.ByHash(t.Context(), hash)
			if err != nil {
				t.Fatal(err)
			}
			*id = st.ID
		}
		for _, store := range []int64{w.a, w.b} {
			var some []customer.Create
			for i := range customers {
				some = append(some, customer.Create{Email: fmt.Sprintf("c%d@example.com", i+1), FirstName: "Ann", LastName: fmt.Sprint("L", i%10), Company: []string{"", "=SUM(A1)"}[i%2]})
			}
			for part := range slices.Chunk(some, 10) {
				if _, err := w.Customers.CreateFor(t.Context(), password.Party{StoreID: store}, part); err != nil {
					t.Fatal(err)
				}
			}
		}
		fn(w)
	})
}

// ask begins a bulk action, and runs the jobs if it is to be done.
func (w *world) ask(o bulk.Options, run bool) *bulk.Action {
	w.t.Helper()
	if o.Subject == "" {
		o.Subject = bulk.Customers
	}
	a, err := w.Bulk.Ask(w.t.Context(), w.a, o)
	if err != nil {
		w.t.Fatal(err)
	}
	if run {
		w.run()
	}
	return w.get(a.ID)
}

func (w *world) run() {
	w.t.Helper()
	if _, err := w.Jobs.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get(id int64) *bulk.Action {
	w.t.Helper()
	a, err := w.Bulk.Get(w.t.Context(), w.a, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) want(a *bulk.Action, state bulk.State, changed, unchanged, failed int64) {
	w.t.Helper()
	if a.State != state || a.Changed != changed || a.Unchanged != unchanged || a.Failures != failed {
		w.t.Errorf("%s of %d, %d, %d (%s), want %s of %d, %d, %d", a.State, a.Changed, a.Unchanged, a.Failures, a.Error, state, changed, unchanged, failed)
	}
}

func (w *world) undo(id, undone, kept int64) {
	w.t.Helper()
	if _, err := w.Bulk.Undo(w.t.Context(), w.a, id); err != nil {
		w.t.Fatal(err)
	}
	w.run()
	if a := w.get(id); a.State != bulk.Reverted || a.Undone != undone || a.Kept != kept {
		w.t.Errorf("%s: %d changed back and %d not, want %d and %d", a.State, a.Undone, a.Kept, undone, kept)
	}
}

// found is how many customers of a store a rule finds.
func (w *world) found(store int64, text string) int64 {
	w.t.Helper()
	n, err := rule.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.Rules.Preview(w.t.Context(), store, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Count
}

func (w *world) wantFound(text string, want int64) {
	w.t.Helper()
	if n := w.found(w.a, text); n != want {
		w.t.Errorf("%s: %d, want %d", text, n, want)
	}
}

// Whoever is cut off goes on where they were, each is come to once although the rule
// does not find them any more, and an undo leaves what others have changed.
func TestGoesOn(t *testing.T) {
	each(t, 130, func(w *world) {
		t := w.t
		w.Bulk.Bite(7, 20)
		w.set(3, customer.Update{ID: 3, GroupID: opt.Some(int64(2))})
		a := w.ask(bulk.Options{Kind: bulk.SetGroup, Rule: "NOT group = 'Trade'", GroupID: 1}, false)
		w.want(a, bulk.Running, 0, 0, 0)
		if a.Expected != 130 {
			t.Errorf("%d expected", a.Expected)
		}
		for range 3 {
			if err := w.Bulk.Step(t.Context(), w.a, a.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Bulk.Stale(t.Context(), w.a, a); fault.As(err) == nil {
			t.Errorf("somebody slow does it once more: %v", err)
		}
		// Somebody new is not meant, and somebody stops it.
		if _, err := w.Customers.CreateFor(t.Context(), password.Party{StoreID: w.a}, []customer.Create{{Email: "new@example.com", FirstName: "N", LastName: "N"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Bulk.Stop(t.Context(), w.a, a.ID); err != nil {
			t.Fatal(err)
		}
		w.run()
		stopped := w.get(a.ID)
		if stopped.State != bulk.Stopped || stopped.Changed == 0 || stopped.Changed > 21 || w.found(w.a, "group = 'Trade'") != stopped.Changed {
			t.Errorf("%+v", stopped)
		}
		if _, err := w.Bulk.Stop(t.Context(), w.a, a.ID); fault.As(err) == nil {
			t.Error("stops twice")
		}
		if _, err := w.Bulk.Resume(t.Context(), w.a, a.ID); err != nil {
			t.Fatal(err)
		}
		w.run()
		w.want(w.get(a.ID), bulk.Done, 130, 0, 0)
		w.wantFound("group = 'Trade'", 130)
		if n := w.found(w.b, "group = 1"); n != 0 {
			t.Errorf("%d of the other store", n)
		}
		if _, err := w.Bulk.Get(t.Context(), w.b, a.ID); fault.As(err) == nil {
			t.Error("another store sees it")
		}
		// The history has it once, with where there is more, beside each.
		entries := w.entries()
		if n := strings.Count(entries, `"bulk/1"`); n != 2 || !strings.Contains(entries, `"set_group"`) { // when it was stopped, and at its end
			t.Errorf("%d entries\n%s", n, entries)
		}
		w.set(5, customer.Update{ID: 5, GroupID: opt.Some(int64(2))})
		if _, err := w.Customers.Delete(t.Context(), w.a, ids(9)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Bulk.Undo(t.Context(), w.a, a.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.Bulk.Step(t.Context(), w.a, a.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.undo(a.ID, 128, 2)
		w.wantFound("group = 'Trade'", 0)
		w.wantFound("group = 'Retail'", 2) // 3, which was in it, and 5
		if _, err := w.Bulk.Undo(t.Context(), w.a, a.ID); fault.As(err) == nil {
			t.Error("undone twice")
		}
	})
}

func ids(of ...int64) *listing.Query {
	return customer.DeleteList.New().Where("id", listing.In, of, nil)
}

func (w *world) set(id int64, u customer.Update) {
	w.t.Helper()
	if _, err := w.Customers.UpdateOne(w.t.Context(), password.Party{StoreID: w.a}, u); err != nil {
		w.t.Fatal(id, err)
	}
}

func (w *world) entries() string {
	w.t.Helper()
	page, err := w.Core.History.List(w.t.Context(), w.a, history.Filter{Limit: history.MaxLimit})
	if err != nil {
		w.t.Fatal(err)
	}
	var b []byte
	for i := range page.Records {
		b = append(page.Records[i].AppendJSON(b), '\n')
	}
	return string(b)
}

// Every kind does what the same does to one, and can be undone where that is said.
func TestKinds(t *testing.T) {
	each(t, 12, func(w *world) {
		t := w.t
		ctx := t.Context()
		made, err := w.Segments.Create(ctx, w.a, []segment.Create{{Name: "VIP"}})
		if err != nil {
			t.Fatal(err)
		}
		vip := made[0].UUID
		if _, err := w.Segments.AddCustomers(ctx, w.a, vip, []int64{2}); err != nil {
			t.Fatal(err)
		}
		three := []int64{3, 1, 2, 2}

		add := w.ask(bulk.Options{Kind: bulk.AddToSegment, IDs: three, Segment: vip}, false)
		w.want(add, bulk.Done, 2, 1, 0)
		w.wantFound("segment('VIP')", 3)
		out := w.ask(bulk.Options{Kind: bulk.TakeFromSegment, IDs: []int64{1, 7}, Segment: vip}, false)
		w.want(out, bulk.Done, 1, 1, 0)
		w.undo(out.ID, 1, 0)
		w.undo(add.ID, 2, 0)
		w.wantFound("segment('VIP')", 1)

		if _, err := w.Customers.PutAttributeValues(ctx, w.a, []customer.AttributeUpsert{{CustomerID: 1, AttributeID: 1, Value: "40"}, {CustomerID: 2, AttributeID: 1, Value: "42"}}); err != nil {
			t.Fatal(err)
		}
		set := w.ask(bulk.Options{Kind: bulk.SetAttribute, IDs: three, AttributeID: 1, Value: "42"}, false)
		w.want(set, bulk.Done, 2, 1, 0)
		w.wantFound("attribute['Size'] = 42", 3)
		w.undo(set.ID, 2, 0)
		w.wantFound("attribute['Size'] = 42", 1)
		w.wantFound("attribute['Size'] = 40", 1)

		require := w.ask(bulk.Options{Kind: bulk.RequirePassword, IDs: three}, false)
		w.want(require, bulk.Done, 3, 0, 0)
		w.undo(require.ID, 3, 0)

		reset := w.ask(bulk.Options{Kind: bulk.SendReset, IDs: three}, false)
		w.want(reset, bulk.Done, 3, 0, 0)
		if n := len(w.Mails.All()); n != 3 {
			t.Errorf("%d emails", n)
		}
		if _, err := w.Bulk.Undo(ctx, w.a, reset.ID); fault.As(err) == nil {
			t.Error("emails are undone")
		}

		// Who was erased is not brought back, and who agreed elsewhere stays so.
		for again := range 2 {
			if _, err := w.Customers.CreateFor(ctx, password.Party{StoreID: w.a}, []customer.Create{{Email: "gone@example.com", FirstName: "G", LastName: "G", Company: "-"}}); err != nil {
				t.Fatal(err)
			}
			if again == 0 {
				if _, err := w.Persons.Erase(ctx, w.a, person.Ask{Email: "gone@example.com"}); err != nil {
					t.Fatal(err)
				}
				w.run()
			}
		}
		if _, err := w.Subscribers.Create(ctx, w.a, subscriber.Create{Email: "c2@example.com"}, subscriber.Origin{Via: "seed"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Subscribers.Create(ctx, w.a, subscriber.Create{Email: "c3@example.com", Consents: opt.Some([]string{subscriber.AbandonedCart})}, subscriber.Origin{Via: "seed"}); err != nil {
			t.Fatal(err)
		}
		in := w.ask(bulk.Options{Kind: bulk.Subscribe, IDs: []int64{1, 2, 3, 14}, Ground: "Signed at the fair"}, false)
		w.want(in, bulk.Done, 2, 1, 1)
		w.wantFound("consent = 'marketing_newsletter'", 3)
		var failed bytes.Buffer
		if err := w.Bulk.WriteFailures(ctx, w.a, in, &failed); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&failed).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][1] != "gone@example.com" || rows[1][4] != "suppressed" {
			t.Error(rows, err)
		}
		q, err := subscriber.List.Parse("email=c1@example.com")
		if err != nil {
			t.Fatal(err)
		}
		subs, _, err := w.Subscribers.List(ctx, w.a, q)
		if err != nil || len(subs) != 1 {
			t.Fatal(subs, err)
		}
		changes, _, err := w.Subscribers.Proofs(ctx, w.a, subs[0].ID, subscriber.HistoryList.New())
		if err != nil || len(changes) != 1 || changes[0].Proof.Ground != "Signed at the fair" {
			t.Errorf("%+v %v", changes, err)
		}
		w.undo(in.ID, 2, 0)
		w.wantFound("consent = 'marketing_newsletter'", 1)
		left := w.ask(bulk.Options{Kind: bulk.Unsubscribe, Rule: "email = 'c2@example.com'", Ground: "By phone"}, false)
		w.want(left, bulk.Done, 1, 0, 0)
		w.wantFound("consent = 'marketing_newsletter'", 0)
		w.undo(left.ID, 1, 0)
		w.wantFound("consent = 'marketing_newsletter'", 1)

		w.leaves()

		// Subscribers themselves.
		all := w.ask(bulk.Options{Subject: bulk.Subscribers, Kind: bulk.Unsubscribe, Filter: "source=custom", Ground: "The list is closed"}, false)
		w.want(all, bulk.Done, 1, 1, 0)
		w.undo(all.ID, 1, 0)
		drop := w.ask(bulk.Options{Subject: bulk.Subscribers, Kind: bulk.Delete, IDs: []int64{subs[0].ID, 1, 2}}, false)
		w.want(drop, bulk.Done, 2, 0, 1)

		gone := w.ask(bulk.Options{Kind: bulk.Delete, IDs: []int64{1, 4, 99}}, false)
		w.want(gone, bulk.Done, 2, 0, 1)
		w.wantFound("id > 0", 11)
		if n := w.found(w.b, "id > 0"); n != 12 {
			t.Errorf("%d of the other store", n)
		}

		// What was kept of who changed goes with the person, and all of it after a week.
		if _, err := w.Persons.Erase(ctx, w.a, person.Ask{Email: "c2@example.com"}); err != nil {
			t.Fatal(err)
		}
		w.run()
		w.Clock.Advance(8 * 24 * time.Hour)
		if err := w.Bulk.Prune(ctx); err != nil {
			t.Fatal(err)
		}
		if some, err := w.Bulk.Failures(ctx, w.a, in, 0, 9); err != nil || len(some) != 0 {
			t.Errorf("%v %v", some, err)
		}
		if _, err := w.Bulk.Undo(ctx, w.a, left.ID); fault.As(err) == nil {
			t.Error("undone after a week")
		}
	})
}

// leaves: who has left by their own wish is subscribed again with a new consent alone,
// as on the page of one.
func (w *world) leaves() {
	t, ctx := w.t, w.t.Context()
	w.t.Helper()
	storefront := subscriber.Origin{Via: subscriber.ViaStorefront}
	made := map[string]int64{}
	for _, s := range []struct {
		address  string
		consents []string
	}{{"c5@example.com", nil}, {"c6@example.com", nil}, {"c7@example.com", []string{subscriber.AbandonedCart}}, {"c8@example.com", nil}, {"c9@example.com", nil}} {
		in := subscriber.Create{Email: s.address}
		if s.consents != nil {
			in.Consents = opt.Some(s.consents)
		}
		one, err := w.Subscribers.Create(ctx, w.a, in, subscriber.Origin{Via: "seed"})
		if err != nil {
			t.Fatal(err)
		}
		made[s.address] = one.ID
	}
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(nil, w.Subscribers.Leave(ctx, w.a, 1, "c5@example.com", storefront)) // by the link
	do(w.Subscribers.Bounce(ctx, w.a, subscriber.Report{Email: "c6@example.com", Kind: "complaint"}, subscriber.Origin{Via: subscriber.ViaComplaint}))
	do(w.Subscribers.Update(ctx, w.a, made["c8@example.com"], subscriber.Update{Consents: opt.Some([]string{subscriber.AbandonedCart})}, storefront)) // the newsletter alone
	do(nil, w.Subscribers.DeleteOne(ctx, w.a, made["c9@example.com"], subscriber.Origin{Via: subscriber.ViaPanel}))
	failed := func(a *bulk.Action) string {
		t.Helper()
		some, err := w.Bulk.Failures(ctx, w.a, a, 0, 9)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for i := range some {
			out = append(out, fmt.Sprint(some[i].ID, some[i].Code))
		}
		return strings.Join(out, " ")
	}
	o := bulk.Options{Kind: bulk.Subscribe, IDs: []int64{5, 6, 7, 8, 9}, Ground: "Signed at the fair"}
	first := w.ask(o, false)
	w.want(first, bulk.Done, 2, 0, 3)
	if got := failed(first); got != "5left 6left 8left" {
		t.Errorf("refused: %q", got)
	}
	w.undo(first.ID, 2, 0)
	o.Subject, o.IDs = bulk.Subscribers, []int64{made["c6@example.com"], made["c8@example.com"]}
	w.want(w.ask(o, false), bulk.Done, 0, 0, 2)
	o.Anew = true
	again := w.ask(o, false)
	w.want(again, bulk.Done, 2, 0, 0)
	changes, _, err := w.Subscribers.Proofs(ctx, w.a, made["c6@example.com"], subscriber.HistoryList.New())
	if err != nil || len(changes) == 0 {
		t.Fatal(changes, err)
	}
	if p := changes[len(changes)-1].Proven(); p.Via != subscriber.ViaPanel || !p.Reconsent || p.Ground != o.Ground || p.AccountID != 0 {
		t.Errorf("%+v", p)
	}
	// A mailbox that refused emails gets another try.
	if found, err := w.Subscribers.BouncesOf(ctx, w.a, []subscriber.Subscriber{{ID: 1, Email: "c6@example.com"}}); err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
	o.Subject, o.IDs = bulk.Customers, []int64{5, 6, 7, 8, 9}
	w.want(w.ask(o, false), bulk.Done, 3, 2, 0)

	// Who complains between is not brought back by an undo.
	o = bulk.Options{Kind: bulk.Unsubscribe, IDs: []int64{5, 7}, Ground: "By phone"}
	away := w.ask(o, false)
	w.want(away, bulk.Done, 2, 0, 0)
	do(w.Subscribers.Bounce(ctx, w.a, subscriber.Report{Email: "c5@example.com", Kind: "complaint"}, subscriber.Origin{Via: subscriber.ViaComplaint}))
	w.undo(away.ID, 1, 1)
	all, err := w.Subscribers.Browse(ctx, w.a, subscriber.Browse{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for i := range all.Subscribers {
		switch all.Subscribers[i].Email {
		case "c5@example.com", "c6@example.com", "c7@example.com", "c8@example.com", "c9@example.com":
			ids = append(ids, all.Subscribers[i].ID)
		}
	}
	w.want(w.ask(bulk.Options{Subject: bulk.Subscribers, Kind: bulk.Delete, IDs: ids}, false), bulk.Done, int64(len(ids)), 0, 0)
}

// What cannot be is refused before anything is done.
func TestRefused(t *testing.T) {
	each(t, 3, func(w *world) {
		t := w.t
		made, err := w.Segments.Create(t.Context(), w.a, []segment.Create{{Name: "Ruled"}})
		if err != nil {
			t.Fatal(err)
		}
		n, err := rule.Parse("id > 1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Rules.Put(t.Context(), w.a, made[0].UUID, segment.PutRule{Node: n}); err != nil {
			t.Fatal(err)
		}
		theirs, err := w.Segments.Create(t.Context(), w.b, []segment.Create{{Name: "Theirs"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []bulk.Options{
			{},
			{Subject: "orders", Kind: bulk.Delete},
			{Subject: bulk.Customers, Kind: "explode"},
			{Subject: bulk.Subscribers, Kind: bulk.SetGroup},
			{Subject: bulk.Subscribers, Kind: bulk.Delete, Filter: "colour=red"},
			{Subject: bulk.Customers, Kind: bulk.SetGroup, GroupID: 9},
			{Subject: bulk.Customers, Kind: bulk.AddToSegment, Segment: theirs[0].UUID},
			{Subject: bulk.Customers, Kind: bulk.AddToSegment, Segment: made[0].UUID},
			{Subject: bulk.Customers, Kind: bulk.AddToSegment, Segment: "x"},
			{Subject: bulk.Customers, Kind: bulk.SetAttribute, AttributeID: 1, Value: "large"},
			{Subject: bulk.Customers, Kind: bulk.SetAttribute, AttributeID: 1},
			{Subject: bulk.Customers, Kind: bulk.SetAttribute, AttributeID: 7, Value: "1"},
			{Subject: bulk.Customers, Kind: bulk.Subscribe},
			{Subject: bulk.Customers, Kind: bulk.Unsubscribe, Ground: strings.Repeat("x", 501)},
			{Subject: bulk.Customers, Kind: bulk.Delete, IDs: []int64{}},
			{Subject: bulk.Customers, Kind: bulk.Delete, IDs: []int64{77}},
			{Subject: bulk.Customers, Kind: bulk.Delete, IDs: make([]int64, bulk.MaxNamed+1)},
			{Subject: bulk.Customers, Kind: bulk.Delete, Rule: "group = "},
			{Subject: bulk.Customers, Kind: bulk.Delete, Rule: "group = 'Nothing'"},
			{Subject: bulk.Customers, Kind: bulk.Delete, Rule: "id > 77"},
		} {
			_, err := w.Bulk.Ask(t.Context(), w.a, o)
			if f := new(rule.Fault); fault.As(err) == nil && !errors.As(err, &f) {
				t.Errorf("%+v: %v", o, err)
			}
		}
		w.wantFound("id > 0", 3)
	})
}
