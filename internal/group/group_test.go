package group_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/words"
)

type fixture struct {
	db        *sqldb.DB
	now       time.Time
	groups    *group.Service
	customers *customer.Service
	a, b      int64 // two stores
}

func newFixture(t *testing.T, db *sqldb.DB) *fixture {
	t.Helper()
	f := &fixture{db: db, now: time.Unix(1_780_000_000, 0)}
	sys := system.Real()
	sys.Clock = func() time.Time { return f.now }
	f.customers = customer.NewService(db, sys, passwordtest.New(sys))
	f.groups = group.NewService(db, sys, f.customers)
	for i, to := range []*int64{&f.a, &f.b} {
		st, err := store.NewService(db, sys).Create(t.Context(), fmt.Sprintf("store%d", i), "", "")
		if err != nil {
			t.Fatal(err)
		}
		*to = st.ID
	}
	return f
}

func (f *fixture) make(t *testing.T, store int64, w group.Write) *group.Group {
	t.Helper()
	g, err := f.groups.Create(t.Context(), store, w)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (f *fixture) get(t *testing.T, store, id int64) *group.Group {
	t.Helper()
	g, err := f.groups.Get(t.Context(), store, id, group.One.New())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func named(name string) group.Write { return group.Write{Name: opt.Some(name)} }

func isNotFound(err error) bool {
	f := fault.As(err)
	return f != nil && f.Kind == fault.NotFound
}

func TestRules(t *testing.T) {
	rule := func(typ, method string, amount, target int64) group.Rule {
		return group.Rule{Type: typ, Method: method, Amount: amount, Target: target}
	}
	list := func(r ...group.Rule) group.Write { w := named("G"); w.Rules = opt.Some(r); return w }
	access := func(typ string, ids ...int64) group.Write {
		w := named("G")
		w.Access = opt.Some(group.Access{Type: typ, Categories: ids})
		return w
	}
	db := dbtest.Open(t, sqldb.SQLite)
	f := newFixture(t, db)
	for name, c := range map[string]struct {
		w    group.Write
		want string // the field that is wrong, "" for none
	}{
		"no name":                  {group.Write{}, "name"},
		"blank name":               {named(" "), "name"},
		"long name":                {named(strings.Repeat("ä", 256)), "name"},
		"longest name":             {named(strings.Repeat("ä", 255)), ""},
		"all":                      {list(rule("all", "percent", 25_000, 0)), ""},
		"all without method":       {list(rule("all", "", 0, 0)), ""},
		"all, category, product":   {list(rule("all", "fixed", 1, 0), rule("category", "price", 0, 3), rule("product", "percent", 1_000_000, 4)), ""},
		"two of all":               {list(rule("all", "fixed", 1, 0), rule("all", "fixed", 2, 0)), "discount_rules.1.type"},
		"price list":               {list(rule("price_list", "", 0, 3)), ""},
		"price list with another":  {list(rule("price_list", "", 0, 3), rule("all", "fixed", 1, 0)), "discount_rules.0.type"},
		"two price lists":          {list(rule("price_list", "", 0, 3), rule("price_list", "", 0, 4)), "discount_rules.0.type"},
		"price list with a method": {list(rule("price_list", "fixed", 0, 3)), "discount_rules.0.method"},
		"price list without id":    {list(rule("price_list", "", 0, 0)), "discount_rules.0.price_list_id"},
		"category without id":      {list(rule("category", "fixed", 1, 0)), "discount_rules.0.category_id"},
		"product without method":   {list(rule("product", "", 1, 1)), "discount_rules.0.method"},
		"unknown type":             {list(rule("brand", "fixed", 1, 1)), "discount_rules.0.type"},
		"unknown method":           {list(rule("all", "half", 1, 0)), "discount_rules.0.method"},
		"more than all of it":      {list(rule("all", "percent", 1_000_001, 0)), "discount_rules.0.amount"},
		"negative":                 {list(rule("all", "fixed", -1, 0)), "discount_rules.0.amount"},
		"no rules":                 {list(), ""},
		"specific":                 {access("specific", 18, 19), ""},
		"specific without":         {access("specific"), "category_access_categories"},
		"none with categories":     {access("none", 1), "category_access_categories"},
		"category zero":            {access("specific", 0), "category_access_categories"},
		"unknown access":           {access("some"), "category_access_type"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := f.groups.Create(t.Context(), f.a, c.w)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				back := f.get(t, f.a, g.ID)
				if fmt.Sprint(*back) != fmt.Sprint(*g) {
					t.Errorf("made %+v, stored %+v", *g, *back)
				}
				return
			}
			fe := fault.As(err)
			if fe == nil || len(fe.Items) == 0 || words.Terminal.Path(&fe.Items[0]) != c.want {
				t.Errorf("got %v, want a fault of %s", err, c.want)
			}
		})
	}
}

func TestDefaultAndGuestsMove(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		w := named("One")
		w.IsDefault, w.IsGuest = opt.Some(true), opt.Some(true)
		one := f.make(t, f.a, w)
		other := f.make(t, f.b, w) // another store's flags are its own
		f.now = f.now.Add(time.Minute)
		two := f.make(t, f.a, group.Write{Name: opt.Some("Two"), IsDefault: opt.Some(true)})
		if g := f.get(t, f.a, one.ID); g.IsDefault || !g.IsGuest || g.DateModified != f.now.Unix() {
			t.Errorf("the former default group is %+v", *g)
		}
		if g := f.get(t, f.b, other.ID); !g.IsDefault || !g.IsGuest {
			t.Errorf("the other store's group is %+v", *g)
		}
		if _, err := f.groups.Update(t.Context(), f.a, two.ID, group.Write{IsGuest: opt.Some(true)}); err != nil {
			t.Fatal(err)
		}
		if g := f.get(t, f.a, one.ID); g.IsDefault || g.IsGuest {
			t.Errorf("the former guests' group is %+v", *g)
		}

		// Whoever comes first, one is left.
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				w := group.Write{Name: opt.Some(fmt.Sprint("Race ", i)), IsDefault: opt.Some(true), IsGuest: opt.Some(true)}
				if _, err := f.groups.Create(t.Context(), f.a, w); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				id := []int64{one.ID, two.ID}[i%2]
				if _, err := f.groups.Update(t.Context(), f.a, id, group.Write{IsDefault: opt.Some(true), Name: opt.Some(fmt.Sprint("Again ", i))}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, field := range []string{"is_default", "is_group_for_guests"} {
			n, err := f.groups.Count(t.Context(), f.a, group.List.New().Where(field, listing.Eq, []int64{1}, nil))
			if err != nil || n != 1 {
				t.Errorf("%d groups are %s: %v", n, field, err)
			}
		}
	})
}

func TestUpdateThatChangesNothingKeepsTheDate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		w := named("Same")
		w.Rules = opt.Some([]group.Rule{{Type: "category", Method: "fixed", Amount: 10_000, Target: 3}})
		w.Access = opt.Some(group.Access{Type: "specific", Categories: []int64{1, 2}})
		g := f.make(t, f.a, w)
		f.now = f.now.Add(time.Hour)
		same, err := f.groups.Update(t.Context(), f.a, g.ID, w)
		if err != nil || same.DateModified != g.DateModified {
			t.Errorf("%+v, %v", same, err)
		}
		now, err := f.groups.Update(t.Context(), f.a, g.ID, group.Write{Rules: opt.Some([]group.Rule{})})
		if err != nil || len(now.Rules) != 0 || now.Name != "Same" || now.DateModified != f.now.Unix() {
			t.Errorf("%+v, %v", now, err)
		}
	})
}

func TestAnotherStoresGroupIsOutOfReach(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		f.make(t, f.b, named("B1"))
		b2 := f.make(t, f.b, named("B2"))
		if _, err := f.groups.Get(t.Context(), f.a, b2.ID, group.One.New()); !isNotFound(err) {
			t.Errorf("get: %v", err)
		}
		if _, err := f.groups.Update(t.Context(), f.a, b2.ID, named("mine")); !isNotFound(err) {
			t.Errorf("update: %v", err)
		}
		if err := f.groups.Delete(t.Context(), f.a, b2.ID); !isNotFound(err) {
			t.Errorf("delete: %v", err)
		}
		if err := f.groups.DeleteAll(t.Context(), f.a); err != nil {
			t.Error(err)
		}
		if rows, err := f.groups.List(t.Context(), f.b, group.List.New()); err != nil || len(rows) != 2 || rows[1].Name != "B2" {
			t.Errorf("%v, %v", rows, err)
		}
		_, err := f.customers.CreateFor(t.Context(), password.Party{StoreID: f.a}, []customer.Create{{Email: "x@example.com", FirstName: "X", LastName: "Y", GroupID: b2.ID}})
		if fe := fault.As(err); fe == nil || fe.Items[0].Field != customer.FieldGroup {
			t.Errorf("joined another store's group: %v", err)
		}
	})
}

var countEvents = sqldb.Static(`SELECT COUNT(*) FROM events WHERE store_id = $1 AND scope = $2`)

func TestDeleteLeavesMembersInNoGroup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		gone, kept := f.make(t, f.a, named("Gone")), f.make(t, f.a, named("Kept"))
		const members = 215
		for i := range members + 5 {
			id := gone.ID
			if i >= members {
				id = kept.ID
			}
			if _, err := f.customers.CreateFor(ctx, password.Party{StoreID: f.a}, []customer.Create{{Email: fmt.Sprintf("m%d@example.com", i), FirstName: "M", LastName: "M", GroupID: id}}); err != nil {
				t.Fatal(err)
			}
		}
		f.now = f.now.Add(time.Hour)
		if err := f.groups.Delete(ctx, f.a, gone.ID); err != nil {
			t.Fatal(err)
		}
		if err := f.groups.Delete(ctx, f.a, gone.ID); !isNotFound(err) {
			t.Errorf("the second time: %v", err)
		}
		for id, want := range map[int64]int64{0: members, gone.ID: 0, kept.ID: 5} {
			n, err := f.customers.Count(ctx, f.a, customer.PlainList.New().Where("customer_group_id", listing.Eq, []int64{id}, nil))
			if err != nil || n != want {
				t.Errorf("group %d has %d members, want %d: %v", id, n, want, err)
			}
		}
		c, err := f.customers.Get(ctx, f.a, 1)
		if err != nil || c.DateModified != f.now.Unix() {
			t.Errorf("%+v, %v", c, err)
		}
		var n int64
		if err := db.Read(ctx, f.a, func(tx *sqldb.Tx) error {
			return tx.Query(countEvents, func(r *sqldb.Row) error { n = r.Int(0); return nil }, event.CustomerUpdated)
		}); err != nil || n != members {
			t.Errorf("%d events of changes, want %d: %v", n, members, err)
		}
	})
}

// A customer who joins while the group goes is either in no group or refused.
func TestJoiningAGroupThatGoes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		for round := range 6 {
			g := f.make(t, f.a, named("G"))
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					_, err := f.customers.CreateFor(ctx, password.Party{StoreID: f.a}, []customer.Create{{Email: fmt.Sprintf("r%d.%d@example.com", round, i), FirstName: "R", LastName: "R", GroupID: g.ID}})
					if fe := fault.As(err); err != nil && (fe == nil || fe.Kind != fault.Invalid) {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				if err := f.groups.Delete(ctx, f.a, g.ID); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			n, err := f.customers.Count(ctx, f.a, customer.PlainList.New().Where("customer_group_id", listing.Eq, []int64{g.ID}, nil))
			if err != nil || n != 0 {
				t.Errorf("%d customers are in a group that is gone: %v", n, err)
			}
		}
	})
}

func TestFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		f.make(t, f.a, named("Trade"))
		w := named("Größte Kunden")
		w.IsDefault = opt.Some(true)
		f.now = f.now.Add(48 * time.Hour)
		f.make(t, f.a, w)
		day := f.now.UTC().Format(time.DateOnly)
		for raw, want := range map[string]string{
			"":                         "[Trade Größte Kunden]",
			"name=GRÖSSTE%20kunden":    "[Größte Kunden]",
			"name=Größte":              "[]",
			"name:like=r%C3%B6ss":      "[Größte Kunden]",
			"is_default=true":          "[Größte Kunden]",
			"is_default=false":         "[Trade]",
			"is_group_for_guests=true": "[]",
			"date_created=" + day:      "[Größte Kunden]",
			"date_created:min=" + day:  "[Größte Kunden]",
			"date_modified:max=" + day: "[Trade Größte Kunden]",
			"limit=1&page=2":           "[Größte Kunden]",
		} {
			q, err := group.List.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := f.groups.List(t.Context(), f.a, q)
			if err != nil {
				t.Fatal(err)
			}
			names := []string{}
			for _, g := range rows {
				names = append(names, g.Name)
			}
			if got := fmt.Sprint(names); got != want {
				t.Errorf("%s finds %s, want %s", raw, got, want)
			}
		}
	})
}

// A store has one group of each kind at most: a choice takes the place of the
// one before, or leaves none, and only groups that change get a new date.
func TestChoices(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		var ids [3]int64
		for i := range ids {
			ids[i] = f.make(t, f.a, named(fmt.Sprint("G", i))).ID
		}
		choose := func(c group.Choice) {
			t.Helper()
			f.now = f.now.Add(time.Second)
			if err := db.Write(t.Context(), f.a, func(tx *sqldb.Tx) error { return c.Make(tx, f.now.Unix()) }); err != nil {
				t.Fatal(err)
			}
		}
		chosen := func(want group.Chosen, changed ...int64) {
			t.Helper()
			var got group.Chosen
			if err := db.Read(t.Context(), f.a, func(tx *sqldb.Tx) error { return tx.Pipeline(got.Queries()...) }); err != nil || got != want {
				t.Errorf("%+v, want %+v, %v", got, want, err)
			}
			for _, id := range ids {
				if got := f.get(t, f.a, id).DateModified == f.now.Unix(); got != slices.Contains(changed, id) {
					t.Errorf("group %d changed: %v", id, got)
				}
			}
		}
		to := opt.Some[int64]
		choose(group.Choice{Default: to(ids[0]), Guest: to(ids[1])})
		chosen(group.Chosen{Default: ids[0], Guest: ids[1]}, ids[0], ids[1])
		choose(group.Choice{Default: to(ids[2])})
		chosen(group.Chosen{Default: ids[2], Guest: ids[1]}, ids[0], ids[2])
		choose(group.Choice{Guest: to(ids[2])})
		chosen(group.Chosen{Default: ids[2], Guest: ids[2]}, ids[1], ids[2])
		choose(group.Choice{Default: to(ids[2]), Guest: to(0)})
		chosen(group.Chosen{Default: ids[2]}, ids[2])
		choose(group.Choice{Default: opt.Null[int64]()})
		chosen(group.Chosen{}, ids[2])
	})
}
