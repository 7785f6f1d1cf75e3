package segment_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// ruled is a world with rules.
type ruled struct {
	*world
	t      *testing.T
	keeper *segment.Keeper
	zone   *time.Location
	sys    *system.System
}

func newRuled(t *testing.T, db *sqldb.DB) *ruled {
	w := &ruled{world: newWorld(t, db), t: t, zone: time.UTC, sys: system.Real()}
	w.sys.Clock = func() time.Time { return time.Unix(w.now, 0) }
	w.keeper = segment.NewKeeper(db, w.sys, w.customers, func(context.Context, int64) (*time.Location, error) { return w.zone, nil }, nil)
	return w
}

func (w *ruled) parse(text string) *rule.Node {
	w.t.Helper()
	n, err := rule.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *ruled) put(segmentID string, in segment.PutRule) *segment.Rule {
	w.t.Helper()
	r, err := w.keeper.Put(w.t.Context(), w.a, segmentID, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// build builds what is to be built, as the jobs do.
func (w *ruled) build() {
	w.t.Helper()
	type job struct{ id, segment, version int64 }
	var all []job
	if err := w.db.Read(w.t.Context(), w.a, func(tx *sqldb.Tx) error {
		all = nil
		return tx.Query(sqldb.Dynamic(`SELECT segment_id, version FROM segment_rules WHERE store_id = $1 AND built_to >= 0`), func(r *sqldb.Row) error {
			all = append(all, job{0, r.Int(0), r.Int(1)})
			return nil
		})
	}); err != nil {
		w.t.Fatal(err)
	}
	for _, j := range all {
		for done := false; !done; {
			var err error
			if done, err = w.keeper.Build(w.t.Context(), w.a, j.segment, j.version); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.keep()
}

func (w *ruled) keep() {
	w.t.Helper()
	if err := w.keeper.Tick(w.t.Context(), w.a); err != nil {
		w.t.Fatal(err)
	}
	if err := w.keeper.KeepAll(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	// A change of one segment has those looked at again that rules which read it
	// are about.
	for range 4 {
		if err := w.keeper.KeepAll(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// of returns the customers in a segment.
func (w *ruled) of(segmentID string) []int64 {
	w.t.Helper()
	q := segment.MemberList.New()
	q.Limit = 250
	rows, _, err := w.Members(w.t.Context(), w.a, segmentID, q)
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []int64
	for _, p := range rows {
		ids = append(ids, p.CustomerID)
	}
	slices.Sort(ids)
	return ids
}

func (w *ruled) want(what, segmentID string, ids ...int64) {
	w.t.Helper()
	if got := w.of(segmentID); !slices.Equal(got, ids) {
		w.t.Errorf("%s: %v, want %v", what, got, ids)
	}
}

func (w *ruled) update(u customer.Update) {
	w.t.Helper()
	if _, err := w.customers.UpdateFor(w.t.Context(), password.Party{StoreID: w.a}, []customer.Update{u}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ruled) events(scope string) (n int) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), w.a, func(tx *sqldb.Tx) error {
		n = 0
		return tx.Query(sqldb.Dynamic(`SELECT id FROM events WHERE store_id = $1 AND scope = $2`), func(*sqldb.Row) error { n++; return nil }, scope)
	}); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Members follow every kind of change, the clock and the store's time zone.
func TestRulesKeepMembers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newRuled(t, db)
		ctx := t.Context()
		s := w.segments(t, w.a, "Companies", "Abroad", "New", "Newsletter", "Both", "Active")
		hand := w.profiles(t, w.a, 9)
		if _, err := w.AddMembers(ctx, w.a, s[0].UUID, hand); err != nil {
			t.Fatal(err)
		}
		w.update(customer.Update{ID: 1, Company: opt.Some("Acme")})
		last := historytest.Last(t, db, w.a)
		r := w.put(s[0].UUID, segment.PutRule{Node: w.parse(`company = 'ACME'`)})
		if r.Ready || r.Node.String() != `company = 'ACME'` {
			t.Errorf("a new rule is %+v", r)
		}
		w.want("before it was built", s[0].UUID, 9)
		w.put(s[1].UUID, segment.PutRule{Node: w.parse(`address(country = 'DE' AND city = 'Berlin')`)})
		w.put(s[2].UUID, segment.PutRule{Node: w.parse(`date_created >= -30d`)})
		w.put(s[3].UUID, segment.PutRule{Node: w.parse(`consent = 'marketing_newsletter' OR unsubscribed_since >= -1d`)})
		w.put(s[4].UUID, segment.PutRule{Node: w.parse(`segment('Companies') AND segment('Abroad')`)})
		w.put(s[5].UUID, segment.PutRule{Node: w.parse(`last_sign_in >= -2h`)})
		w.build()
		w.want("built", s[0].UUID, 1)
		w.want("built", s[2].UUID, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
		if in, out := w.events("store/clientele/segment/entered"), w.events("store/clientele/segment/left"); in != 11 || out != 1 {
			t.Errorf("%d entered, %d left", in, out)
		}
		if got, err := w.keeper.Rule(ctx, w.a, s[0].UUID); err != nil || !got.Ready {
			t.Errorf("built: %+v, %v", got, err)
		}
		// What a rule does to many is told at once.
		recorded := historytest.Lines(t, db, w.a, last)
		for _, want := range []string{`updated segment 1: rule ->"company = 'ACME'"`, `updated segment 1: entered ->1, left ->1`, `updated segment 3: entered ->10`} {
			if !slices.Contains(recorded, want) {
				t.Errorf("%s is not recorded but\n%s", want, strings.Join(recorded, "\n"))
			}
		}
		if len(recorded) != 8 {
			t.Errorf("%d entries of 6 rules, 2 of which find somebody:\n%s", len(recorded), strings.Join(recorded, "\n"))
		}

		w.update(customer.Update{ID: 2, Company: opt.Some("acme")})
		address := func(id int64, city string) customer.Address {
			in := customer.AddressCreate{CustomerID: id}
			in.FirstName, in.LastName, in.Address1, in.City, in.StateOrProvince, in.CountryCode, in.PostalCode = "A", "B", "Street 1", city, "Berlin", "DE", "1"
			rows, err := w.customers.CreateAddresses(ctx, w.a, []customer.AddressCreate{in})
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			return rows[0]
		}
		home := address(2, "Berlin")
		address(1, "Bonn")
		subscribers := subscriber.NewService(w.db, w.sys)
		sub, err := subscribers.Create(ctx, w.a, subscriber.Create{Email: "C3@example.com"}, subscriber.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error { return customer.SignedIn(tx, true, customer.Came{ID: 7, Time: w.now}) }); err != nil {
			t.Fatal(err)
		}
		made, err := w.customers.CreateFor(ctx, password.Party{StoreID: w.a}, []customer.Create{{Email: "new@example.com", FirstName: "N", LastName: "W", Company: "Acme"}})
		if err != nil {
			t.Fatal(err)
		}
		w.keep()
		w.want("changed", s[0].UUID, 1, 2, made[0].ID)
		w.want("moved", s[1].UUID, 2)
		w.want("created", s[2].UUID, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, made[0].ID)
		w.want("subscribed", s[3].UUID, 3)
		w.want("in both", s[4].UUID, 2)
		w.want("signed in", s[5].UUID, 7)

		if err := subscribers.DeleteOne(ctx, w.a, sub.ID, subscriber.Origin{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.customers.UpdateAddresses(ctx, w.a, []customer.AddressUpdate{{ID: home.ID, City: opt.Some("Bremen")}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.customers.Delete(ctx, w.a, parse(t, customer.DeleteList, "id:in=1")); err != nil {
			t.Fatal(err)
		}
		w.keep()
		w.want("deleted", s[0].UUID, 2, made[0].ID)
		w.want("moved away", s[1].UUID)
		w.want("unsubscribed", s[3].UUID, 3)
		w.want("in both no more", s[4].UUID)

		w.now += 3 * 3600
		w.keep()
		w.want("three hours later", s[5].UUID)
		w.now += 3 * 86400
		w.keep()
		w.want("unsubscribed long ago", s[3].UUID)
		w.now += 27 * 86400
		w.zone = time.FixedZone("", 0)
		w.keep()
		w.want("30 days later", s[2].UUID, 2, 3, 4, 5, 6, 7, 8, 9, 10, made[0].ID)
		w.now += 86400
		w.keep()
		w.want("31 days later", s[2].UUID)
		if _, marks := w.count(t, w.a); marks == 0 {
			t.Error("no profiles are counted")
		}

		// By hand nobody comes in or out; a profile that is deleted is made anew.
		if _, err := w.AddMembers(ctx, w.a, s[0].UUID, hand); kind(err) != fault.Conflict {
			t.Errorf("added by hand: %v", err)
		}
		if _, err := w.RemoveMembers(ctx, w.a, s[0].UUID, segment.RemoveMemberList.New()); kind(err) != fault.Conflict {
			t.Errorf("removed by hand: %v", err)
		}
		if _, err := w.DeleteProfiles(ctx, w.a, segment.DeleteProfileList.New()); err != nil {
			t.Fatal(err)
		}
		w.want("without profiles", s[0].UUID)
		w.keep()
		w.want("with new profiles", s[0].UUID, 2, made[0].ID)

		// Without its rule a segment keeps its members.
		last = historytest.Last(t, db, w.a)
		if err := w.keeper.Drop(ctx, w.a, s[0].UUID); err != nil {
			t.Fatal(err)
		}
		if got := historytest.Lines(t, db, w.a, last); !slices.Equal(got, []string{`updated segment 1: rule "company = 'ACME'">-`}) {
			t.Errorf("a rule that goes: %q", got)
		}
		w.update(customer.Update{ID: 2, Company: opt.Some("")})
		w.keep()
		w.want("without a rule", s[0].UUID, 2, made[0].ID)
		if _, err := w.keeper.Rule(ctx, w.a, s[0].UUID); kind(err) != fault.NotFound {
			t.Errorf("the rule is still there: %v", err)
		}
		if _, err := w.Delete(ctx, w.a, segment.DeleteList.New()); err != nil {
			t.Fatal(err)
		}
		w.update(customer.Update{ID: 2, Company: opt.Some("Acme")})
		var left int64
		if err := db.Read(ctx, w.a, func(tx *sqldb.Tx) error {
			for _, q := range []string{`SELECT rules FROM store_counters WHERE store_id = $1`, `SELECT COUNT(*) FROM segment_rules WHERE store_id = $1`, `SELECT COUNT(*) FROM rule_marks WHERE store_id = $1`} {
				if err := tx.Query(sqldb.Dynamic(q), func(r *sqldb.Row) error { left += r.Int(0); return nil }); err != nil {
					return err
				}
			}
			return nil
		}); err != nil || left != 0 {
			t.Errorf("%d rules and marks are left, %v", left, err)
		}
	})
}

// What others know of rules in a store: bounds, circles, groups.
func TestRulesOfRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newRuled(t, db)
		ctx := t.Context()
		s := w.segments(t, w.a, "A", "B", "C", "D", "E")
		other := w.segments(t, w.b, "X")
		if err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`INSERT INTO customer_groups (store_id, id, name, date_created, date_modified) VALUES ($1, 5, 'Gold', 1, 1)`))
		}); err != nil {
			t.Fatal(err)
		}
		refused := func(what, uuid string, in segment.PutRule, why fault.Reason) {
			t.Helper()
			_, err := w.keeper.Put(ctx, w.a, uuid, in)
			if f := fault.As(err); f == nil || len(f.Items) == 0 || f.Items[0].Why != why {
				t.Errorf("%s: %v, want %q", what, err, why)
			}
		}
		for i := range 3 {
			w.put(s[i+1].UUID, segment.PutRule{Node: w.parse(fmt.Sprintf(`segment('%s')`, s[i].Name))})
		}
		refused("too deep", s[4].UUID, segment.PutRule{Node: w.parse(`segment('D')`)}, segment.WhyDeepRules)
		refused("a circle", s[1].UUID, segment.PutRule{Node: w.parse(`segment('D')`)}, segment.WhyCircle)
		refused("itself", s[0].UUID, segment.PutRule{Node: w.parse(`id = 1 OR segment('A')`)}, segment.WhyCircle)
		refused("another store's", s[0].UUID, segment.PutRule{Node: w.parse(`segment('` + other[0].UUID + `')`)}, rule.WhyName)
		refused("no group", s[0].UUID, segment.PutRule{Node: w.parse(`id = 1`), GroupID: 6}, segment.WhyNoGroup)
		refused("reads the group", s[0].UUID, segment.PutRule{Node: w.parse(`group = 'Gold'`), GroupID: 5}, segment.WhyReadsGroup)
		w.put(s[3].UUID, segment.PutRule{Node: w.parse(`segment('C')`), GroupID: 5})
		refused("is read for a group", s[0].UUID, segment.PutRule{Node: w.parse(`group = 'Gold'`)}, segment.WhyReadsGroup)
		if _, err := w.keeper.Put(ctx, w.b, s[0].UUID, segment.PutRule{Node: w.parse(`id = 1`)}); kind(err) != fault.NotFound {
			t.Errorf("another store's segment: %v", err)
		}
		// What a rule names may be renamed.
		w.put(s[0].UUID, segment.PutRule{Node: w.parse(`id = 1`)})
		if _, err := w.Update(ctx, w.a, []segment.Update{{UUID: s[0].UUID, Name: opt.Some("It's A")}}); err != nil {
			t.Fatal(err)
		}
		if r, err := w.keeper.Rule(ctx, w.a, s[1].UUID); err != nil || r.Node.String() != `segment('It''s A')` {
			t.Errorf("renamed: %v, %v", r, err)
		}
	})
}

// A rule sets groups, but those that were set by hand, and gives them back.
func TestRulesSetGroups(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newRuled(t, db)
		ctx := t.Context()
		s := w.segments(t, w.a, "Gold", "Silver")
		if err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error {
			for id, name := range map[int64]string{5: "Gold", 6: "Silver", 7: "Chosen"} {
				if err := tx.Exec(sqldb.Dynamic(`INSERT INTO customer_groups (store_id, id, name, date_created, date_modified) VALUES ($1, $2, $3, 1, 1)`), id, name); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		group := func(what string, want ...int64) {
			t.Helper()
			rows, _, err := w.customers.List(ctx, w.a, parse(t, customer.List, "id:in=1,2,3"), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for i := range rows {
				got = append(got, rows[i].GroupID)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: groups %v, want %v", what, got, want)
			}
		}
		w.update(customer.Update{ID: 2, GroupID: opt.Some(int64(7))})
		w.put(s[0].UUID, segment.PutRule{Node: w.parse(`company = 'Gold'`), GroupID: 5, Priority: 1})
		w.put(s[1].UUID, segment.PutRule{Node: w.parse(`company IN ('Gold', 'Silver')`), GroupID: 6, Priority: 2})
		w.build()
		company := func(name string, ids ...int64) {
			t.Helper()
			for _, id := range ids {
				w.update(customer.Update{ID: id, Company: opt.Some(name)})
			}
			w.keep()
		}
		company("Gold", 1, 2)
		group("both rules, one by hand", 5, 7, 0)
		company("Silver", 1)
		group("the other rule", 6, 7, 0)
		company("", 1)
		group("given back", 0, 7, 0)
		w.put(s[0].UUID, segment.PutRule{Node: w.parse(`company = 'Gold'`), GroupID: 5, Priority: 1, TakesOver: true})
		w.build()
		group("taken over", 0, 5, 0)
		company("", 2)
		group("given back to who chose", 0, 7, 0)
		company("Gold", 3)
		group("set", 0, 7, 5)
		w.update(customer.Update{ID: 3, GroupID: opt.Some(int64(7))})
		w.put(s[0].UUID, segment.PutRule{Node: w.parse(`company = 'Gold'`), GroupID: 5, Priority: 1})
		w.build()
		group("set by hand since", 0, 7, 7)
		company("Gold", 1)
		group("set again", 5, 7, 7)
		if err := w.keeper.Drop(ctx, w.a, s[0].UUID); err != nil {
			t.Fatal(err)
		}
		w.sweep()
		group("the rule is gone", 6, 7, 7)
		if n := w.events("store/customer/updated"); n < 8 {
			t.Errorf("%d changes are told of", n)
		}
	})
}

// A build that is cut off goes on where it was, and what changed meanwhile counts.
func TestBuildGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newRuled(t, db)
		s := w.segments(t, w.a, "Named")
		w.keeper.SetStep(4)
		w.put(s[0].UUID, segment.PutRule{Node: w.parse(`company IS NULL`)})
		var version int64
		if err := db.Read(t.Context(), w.a, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT version FROM segment_rules WHERE store_id = $1`), func(r *sqldb.Row) error { version = r.Int(0); return nil })
		}); err != nil {
			t.Fatal(err)
		}
		if done, err := w.keeper.Build(t.Context(), w.a, s[0].ID, version); done || err != nil {
			t.Fatal(done, err)
		}
		w.want("one step", s[0].UUID, 1, 2, 3, 4)
		if r, err := w.keeper.Rule(t.Context(), w.a, s[0].UUID); err != nil || r.Ready || r.Progress() != 40 {
			t.Errorf("%+v, %v", r, err)
		}
		w.update(customer.Update{ID: 1, Company: opt.Some("X")})
		w.update(customer.Update{ID: 9, Company: opt.Some("X")})
		// Another process, after this one was killed.
		w.keeper = segment.NewKeeper(db, w.sys, w.customers, func(context.Context, int64) (*time.Location, error) { return w.zone, nil }, nil)
		w.build()
		w.want("all steps", s[0].UUID, 2, 3, 4, 5, 6, 7, 8, 10)
		if done, err := w.keeper.Build(t.Context(), w.a, s[0].ID, version+1); !done || err != nil {
			t.Errorf("a job of another version: %v, %v", done, err)
		}
	})
}

// After random writes and moves of the clock the members are whom a fresh look at
// everybody finds, which TestRandomRules holds to another evaluator.
func TestRandomWrites(t *testing.T) {
	rules := []string{
		`company = 'a' OR store_credit > 10`, `NOT (phone STARTS WITH '0') AND email_domain = 'example.com'`, `address(country = 'DE' AND city != 'Berlin')`,
		`attribute['Size'] BETWEEN 2 AND 4`, `attribute['Size'] IS NULL AND company IS NULL`, `date_modified >= -2d`, `last_sign_in < -5h OR last_sign_in IS NULL`,
		`consent = 'abandoned_cart'`, `unsubscribed_since > -3d`, `segment('R0') AND NOT segment('R3')`, `segment('R9') OR group IS NOT NULL`, `date_created >= -3d AND has_password = false`,
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newRuled(t, db)
		ctx := t.Context()
		r := rand.New(rand.NewPCG(16, 5))
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		w.zone, _ = time.LoadLocation("America/New_York")
		attributes, err := w.customers.CreateAttributes(ctx, w.a, []customer.AttributeCreate{{Name: "Size", Type: "number"}})
		must(err)
		var names []string
		for i := range rules {
			names = append(names, fmt.Sprint("R", i))
		}
		s := w.segments(t, w.a, names...)
		for i, text := range rules {
			w.put(s[i].UUID, segment.PutRule{Node: w.parse(text)})
		}
		w.build()
		subscribers := subscriber.NewService(w.db, w.sys)
		writes := 120
		switch {
		case os.Getenv("RULES") == "full":
			writes = 5000
		case testing.Short():
			writes = 40
		}
		for i := range writes {
			id := 1 + r.Int64N(10)
			switch r.IntN(10) {
			case 0:
				w.update(customer.Update{ID: id, Company: opt.Some([]string{"", "A", "b"}[r.IntN(3)])})
			case 1:
				w.update(customer.Update{ID: id, Phone: opt.Some([]string{"", "030", "123"}[r.IntN(3)])})
			case 2:
				w.update(customer.Update{ID: id, StoreCredit: opt.Some(r.Int64N(20) * 10_000)})
			case 3:
				in := customer.AddressCreate{CustomerID: id}
				in.FirstName, in.LastName, in.Address1, in.StateOrProvince, in.PostalCode = "A", "B", fmt.Sprint("Street ", i), "X", "1"
				in.City, in.CountryCode = []string{"Berlin", "Bonn"}[r.IntN(2)], []string{"DE", "FR"}[r.IntN(2)]
				_, err := w.customers.CreateAddresses(ctx, w.a, []customer.AddressCreate{in})
				must(err)
			case 4:
				_, err := w.customers.DeleteAddresses(ctx, w.a, parse(t, customer.DeleteAddressList, fmt.Sprint("id:in=", 1+r.IntN(10))))
				must(err)
			case 5:
				_, err := w.customers.PutAttributeValues(ctx, w.a, []customer.AttributeUpsert{{CustomerID: id, AttributeID: attributes[0].ID, Value: []string{"", "1", "3", "4.0", "1e0"}[r.IntN(5)]}})
				must(err)
			case 6:
				_, err := subscribers.Create(ctx, w.a, subscriber.Create{Email: fmt.Sprintf("C%d@Example.com", id), Consents: opt.Some([]string{"abandoned_cart"})}, subscriber.Origin{})
				if kind(err) != fault.Conflict {
					must(err)
				}
			case 7:
				must(subscribers.DeleteOne(ctx, w.a, 1+r.Int64N(6), subscriber.Origin{}))
			case 8:
				must(db.Write(ctx, w.a, func(tx *sqldb.Tx) error { return customer.SignedIn(tx, true, customer.Came{ID: id, Time: w.now}) }))
			case 9:
				w.now += r.Int64N(2 * 86400)
			}
			if r.IntN(4) > 0 && i < writes-1 {
				continue
			}
			w.keep()
			for k := range rules {
				p, err := w.keeper.Preview(ctx, w.a, w.parse(rules[k]))
				must(err)
				slices.Sort(p.Customers)
				if got := w.of(s[k].UUID); !slices.Equal(got, p.Customers) {
					t.Fatalf("after %d writes: %s has %v, want %v", i+1, rules[k], got, p.Customers)
				}
			}
		}
	})
}

func (w *ruled) sweep() {
	w.t.Helper()
	if err := w.keeper.Sweep(w.t.Context(), w.a); err != nil {
		w.t.Fatal(err)
	}
	w.keep()
}

// A preview counts, shows the newest and says how it found them.
func TestPreview(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newRuled(t, db)
		for text, want := range map[string]segment.Preview{
			`id <= 3`:                        {Count: 3, Complete: true, Cost: rule.Indexed, Customers: []int64{3, 2, 1}},
			`email ENDS WITH '@example.com'`: {Count: 10, Complete: true, Cost: rule.Scan, Customers: []int64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}},
			`email = 'C4@example.com'`:       {Count: 1, Complete: true, Cost: rule.Indexed, Customers: []int64{4}},
			`company IS NOT NULL`:            {Complete: true, Cost: rule.Scan},
		} {
			p, err := w.keeper.Preview(t.Context(), w.a, w.parse(text))
			if err != nil {
				t.Fatal(err)
			}
			if p.Count != want.Count || !p.Complete || p.Cost != want.Cost || !slices.Equal(p.Customers, want.Customers) {
				t.Errorf("%s: %+v", text, p)
			}
		}
	})
}
