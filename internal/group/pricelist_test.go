package group_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// assigned are a store's assignments as list:group/channel.
func (f *fixture) assigned(t *testing.T, store int64) []string {
	t.Helper()
	rows, _, err := f.groups.Assignments(t.Context(), store, group.Assignments.New())
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, a := range rows {
		out = append(out, fmt.Sprintf("%d:%d/%d", a.PriceListID, a.GroupID, a.ChannelID))
	}
	slices.Sort(out)
	return out
}

// told are the events about price lists of a store after the first n, as
// they are sent.
func (f *fixture) told(t *testing.T, store int64, n int) []string {
	t.Helper()
	out := []string{}
	err := f.db.Read(t.Context(), store, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT scope, data FROM events WHERE store_id = $1 AND scope IN ($2, $3) ORDER BY id`), func(r *sqldb.Row) error {
			out = append(out, r.Text(0)+" "+r.Text(1))
			return nil
		}, event.PriceListAssignmentUpdated, event.PriceListAssignmentDeleted)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out[n:]
}

func told(scope string, list, of, on int) string {
	return fmt.Sprintf(`%s {"price_list_id":%d,"channel_id":%d,"customer_group_id":%d}`, scope, list, on, of)
}

func rules(r ...group.Rule) group.Write { return group.Write{Rules: opt.Some(r)} }

var (
	ten    = group.Rule{Type: group.RuleAll, Method: group.Percent, Amount: 100_000}
	byList = func(id int64) group.Rule { return group.Rule{Type: group.RulePriceList, Target: id} }
)

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// broken returns the field and the reason of the only fault.
func broken(err error) string {
	f := fault.As(err)
	if f == nil || len(f.Items) != 1 {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%d %d %s (%s)", f.Kind, f.Items[0].Index(), f.Items[0].Field, f.Items[0].Why)
}

// second makes a second channel and returns its id.
func (f *fixture) second(t *testing.T, store int64) int64 {
	t.Helper()
	c, err := channel.NewService(f.db, system.Real()).Create(t.Context(), store, channel.Create{Name: "Second", Type: channel.Storefront, Platform: "next"})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func TestAssignments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		g := f.make(t, f.a, named("Trade"))
		discounted := f.make(t, f.a, group.Write{Name: opt.Some("Ten off"), Rules: opt.Some([]group.Rule{ten})})
		on := f.second(t, f.a)
		theirs := f.make(t, f.b, named("Theirs"))
		for range 3 {
			f.make(t, f.b, named("More"))
		}
		foreign := theirs.ID + 3
		if _, err := f.groups.Assign(ctx, f.b, []group.Assignment{{PriceListID: 1, GroupID: theirs.ID}}); err != nil {
			t.Fatal(err)
		}

		made, err := f.groups.Assign(ctx, f.a, []group.Assignment{{PriceListID: 7, ChannelID: on}, {PriceListID: 8, GroupID: g.ID, ChannelID: on}})
		if err != nil || len(made) != 2 || made[0].ID != 1 || made[1].ID != 2 {
			t.Fatalf("%+v, %v", made, err)
		}
		have := []string{fmt.Sprintf("7:0/%d", on), fmt.Sprintf("8:%d/%d", g.ID, on)}
		same(t, "assigned", f.assigned(t, f.a), have)
		same(t, "told", f.told(t, f.a, 0), []string{told(event.PriceListAssignmentUpdated, 7, 0, int(on)), told(event.PriceListAssignmentUpdated, 8, int(g.ID), int(on))})

		for name, c := range map[string]struct {
			in   group.Assignment
			want string
		}{
			"no list":              {group.Assignment{GroupID: g.ID}, fmt.Sprintf("%d 1 price list id (%s)", fault.Invalid, group.WhyTarget)},
			"nobody":               {group.Assignment{PriceListID: 1}, fmt.Sprintf("%d 1 customer group id (%s)", fault.Invalid, group.WhyNowhere)},
			"another store's":      {group.Assignment{PriceListID: 1, GroupID: foreign}, fmt.Sprintf("%d 1 customer group id (%s)", fault.Invalid, group.WhyNoGroup)},
			"a negative group":     {group.Assignment{PriceListID: 1, GroupID: -1}, fmt.Sprintf("%d 1 customer group id (%s)", fault.Invalid, group.WhyNoGroup)},
			"no channel":           {group.Assignment{PriceListID: 1, ChannelID: 99}, fmt.Sprintf("%d 1 channel id (%s)", fault.Invalid, group.WhyNoChannel)},
			"a group's discounts":  {group.Assignment{PriceListID: 1, GroupID: discounted.ID}, fmt.Sprintf("%d 1 customer group id (%s)", fault.Conflict, group.WhyHasDiscounts)},
			"what is there":        {group.Assignment{PriceListID: 1, ChannelID: on}, fmt.Sprintf("%d 1 customer group id (%s)", fault.Conflict, group.WhyAssigned)},
			"the same in one call": {group.Assignment{PriceListID: 9, ChannelID: 1}, fmt.Sprintf("%d 1 customer group id (%s)", fault.Invalid, group.WhyAssignedTwice)},
		} {
			if _, err := f.groups.Assign(ctx, f.a, []group.Assignment{{PriceListID: 4, ChannelID: 1}, c.in}); broken(err) != c.want {
				t.Errorf("%s: %s, want %s", name, broken(err), c.want)
			}
		}
		same(t, "after refusals", f.assigned(t, f.a), have)

		// What is put takes the place of what was there, under its id.
		put := func(in group.Assignment) (group.Assignment, error) { return f.groups.PutAssignment(ctx, f.a, in) }
		for _, in := range []group.Assignment{{PriceListID: 5, GroupID: g.ID, ChannelID: on}, {PriceListID: 5, GroupID: g.ID, ChannelID: on}} {
			if got, err := put(in); err != nil || got != (group.Assignment{ID: 2, PriceListID: 5, GroupID: g.ID, ChannelID: on}) {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if got, err := put(group.Assignment{PriceListID: 6, GroupID: g.ID}); err != nil || got.ID != 3 {
			t.Errorf("%+v, %v", got, err)
		}
		same(t, "told of what was put", f.told(t, f.a, 2), []string{
			told(event.PriceListAssignmentUpdated, 5, int(g.ID), int(on)), told(event.PriceListAssignmentUpdated, 6, int(g.ID), 0)})
		for name, c := range map[string]struct {
			in   group.Assignment
			want string
		}{
			"no group":   {group.Assignment{PriceListID: 1, GroupID: foreign, ChannelID: on}, fmt.Sprintf("%d -1 customer group id (%s)", fault.NotFound, group.WhyNoGroup)},
			"no channel": {group.Assignment{PriceListID: 1, GroupID: g.ID, ChannelID: 99}, fmt.Sprintf("%d -1 channel id (%s)", fault.NotFound, group.WhyNoChannel)},
			"discounts":  {group.Assignment{PriceListID: 1, GroupID: discounted.ID, ChannelID: on}, fmt.Sprintf("%d -1 customer group id (%s)", fault.Conflict, group.WhyHasDiscounts)},
		} {
			if _, err := put(c.in); broken(err) != c.want {
				t.Errorf("put, %s: %s, want %s", name, broken(err), c.want)
			}
		}

		unassign := func(filters string, want int) {
			t.Helper()
			q, err := group.Unassigned.Parse(filters)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := f.groups.Unassign(ctx, f.a, q); err != nil || n != want {
				t.Errorf("%s: %d, %v", filters, n, err)
			}
		}
		if _, err := f.groups.Unassign(ctx, f.a, group.Unassigned.New()); broken(err) != fmt.Sprintf("%d -1  (%s)", fault.Invalid, group.WhyNoFilter) {
			t.Errorf("without a filter: %v", err)
		}
		unassign(fmt.Sprintf("customer_group_id=%d&channel_id=1", g.ID), 0)
		unassign(fmt.Sprintf("customer_group_id=%d&channel_id:in=1,%d", g.ID, on), 1)
		same(t, "told of what went", f.told(t, f.a, 4), []string{
			told(event.PriceListAssignmentUpdated, 5, int(g.ID), int(on)), told(event.PriceListAssignmentDeleted, 5, int(g.ID), int(on))})
		unassign("price_list_id=7", 1)
		unassign("id=3", 1)
		same(t, "at the end", f.assigned(t, f.a), []string{})
		same(t, "the other store", f.assigned(t, f.b), []string{fmt.Sprintf("1:%d/0", theirs.ID)})
		if made, err := f.groups.Assign(ctx, f.a, []group.Assignment{{PriceListID: 1, ChannelID: on}}); err != nil || made[0].ID != 4 {
			t.Errorf("an id came again: %+v, %v", made, err)
		}
	})
}

// Very many go too, a part at a time.
func TestManyAssignmentsGo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		const n = 1203
		if err := db.Write(t.Context(), f.a, func(tx *sqldb.Tx) error {
			for i := range int64(n) {
				if _, err := group.Put(tx, i+1, group.Write{Name: opt.Some("G"), Rules: opt.Some([]group.Rule{byList(3 + i%2)})}, 0); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		q, err := group.Unassigned.Parse("channel_id=0")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.groups.Unassign(t.Context(), f.a, q); err != nil || got != n {
			t.Errorf("%d went, %v", got, err)
		}
		same(t, "left", f.assigned(t, f.a), []string{})
	})
}

// V2's rule of type price_list and the assignment on all channels are one
// thing, whichever is written.
func TestPriceListRuleIsAnAssignment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		g := f.make(t, f.a, group.Write{Name: opt.Some("Trade"), Rules: opt.Some([]group.Rule{byList(3)})})
		id := int(g.ID)
		shows := func(want ...group.Rule) {
			t.Helper()
			if got := f.get(t, f.a, g.ID).Rules; !slices.Equal(got, want) {
				t.Errorf("rules %+v, want %+v", got, want)
			}
		}
		update := func(w group.Write) error {
			_, err := f.groups.Update(ctx, f.a, g.ID, w)
			return err
		}
		shows(byList(3))
		same(t, "made with the group", f.assigned(t, f.a), []string{fmt.Sprintf("3:%d/0", id)})
		for _, w := range []group.Write{rules(byList(4)), rules(byList(4)), named("Renamed")} {
			if err := update(w); err != nil {
				t.Fatal(err)
			}
		}
		shows(byList(4))
		if _, err := f.groups.PutAssignment(ctx, f.a, group.Assignment{PriceListID: 5, GroupID: g.ID}); err != nil {
			t.Fatal(err)
		}
		shows(byList(5))
		// A set of rules replaces the one before, the price list included.
		if err := update(rules(ten)); err != nil {
			t.Fatal(err)
		}
		shows(ten)
		same(t, "with discounts", f.assigned(t, f.a), []string{})
		same(t, "told", f.told(t, f.a, 0), []string{
			told(event.PriceListAssignmentUpdated, 3, id, 0), told(event.PriceListAssignmentUpdated, 4, id, 0), told(event.PriceListAssignmentUpdated, 5, id, 0),
			told(event.PriceListAssignmentUpdated, 5, id, 0), told(event.PriceListAssignmentDeleted, 5, id, 0)})
		if err := update(rules()); err != nil {
			t.Fatal(err)
		}
		if _, err := f.groups.Assign(ctx, f.a, []group.Assignment{{PriceListID: 6, GroupID: g.ID, ChannelID: 1}}); err != nil {
			t.Fatal(err)
		}
		shows()
		// Discounts and a price list exclude each other from this side as well.
		if err := update(rules(ten)); broken(err) != fmt.Sprintf("%d -1 discount rules (%s)", fault.Invalid, group.WhyHasPriceLists) {
			t.Errorf("discounts beside a price list: %v", err)
		}
		shows()
		if err := update(rules(byList(7))); err != nil {
			t.Error(err)
		}
		same(t, "two", f.assigned(t, f.a), []string{fmt.Sprintf("6:%d/1", id), fmt.Sprintf("7:%d/0", id)})
		// With the group its price lists go.
		before := len(f.told(t, f.a, 0))
		if err := f.groups.Delete(ctx, f.a, g.ID); err != nil {
			t.Fatal(err)
		}
		same(t, "without the group", f.assigned(t, f.a), []string{})
		same(t, "told of the end", f.told(t, f.a, before), []string{
			told(event.PriceListAssignmentUpdated, 6, id, 1), told(event.PriceListAssignmentDeleted, 6, id, 1),
			told(event.PriceListAssignmentUpdated, 7, id, 0), told(event.PriceListAssignmentDeleted, 7, id, 0)})
	})
}

// Whoever comes first: a group has discounts or price lists, never both, and
// nothing is assigned to a group that is gone.
func TestDiscountsAndPriceListsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		ok := func(err error) bool {
			fe := fault.As(err)
			if err != nil && (fe == nil || fe.Kind == fault.Internal) {
				t.Error(err)
			}
			return err == nil
		}
		for round := range 12 {
			g := f.make(t, f.a, named("G"))
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := f.groups.Update(ctx, f.a, g.ID, rules(ten))
				ok(err)
			})
			wg.Go(func() {
				_, err := f.groups.PutAssignment(ctx, f.a, group.Assignment{PriceListID: 1, GroupID: g.ID, ChannelID: 1})
				ok(err)
			})
			wg.Go(func() {
				_, err := f.groups.Assign(ctx, f.a, []group.Assignment{{PriceListID: 2, GroupID: g.ID}})
				ok(err)
			})
			wg.Go(func() {
				_, err := f.customers.CreateFor(ctx, password.Party{StoreID: f.a}, []customer.Create{{Email: fmt.Sprintf("r%d@example.com", round), FirstName: "R", LastName: "R", GroupID: g.ID}})
				ok(err)
			})
			if round%2 == 1 {
				wg.Go(func() { ok(f.groups.Delete(ctx, f.a, g.ID)) })
			}
			wg.Wait()
			q := group.Assignments.New().Where("customer_group_id", listing.Eq, []int64{g.ID}, nil)
			have, _, err := f.groups.Assignments(ctx, f.a, q)
			if err != nil {
				t.Fatal(err)
			}
			if round%2 == 1 {
				if len(have) > 0 {
					t.Errorf("a group that is gone has %+v", have)
				}
				continue
			}
			got := f.get(t, f.a, g.ID)
			if len(have) > 0 && slices.Contains(got.Rules, ten) {
				t.Errorf("both discounts and %+v", have)
			}
		}
	})
}

// Several callers at once leave one price list on a channel, and none of them
// fails.
func TestOnePriceListOnAChannelAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		for round := range 4 {
			on := int64(1)
			if round > 0 {
				q := group.Unassigned.New().Where("channel_id", listing.Eq, []int64{on}, nil)
				if n, err := f.groups.Unassign(t.Context(), f.a, q); err != nil || n != 1 {
					t.Fatalf("%d on the channel: %v", n, err)
				}
			}
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					if _, err := f.groups.PutAssignment(t.Context(), f.a, group.Assignment{PriceListID: int64(i + 1), ChannelID: on}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if have := f.assigned(t, f.a); len(have) != 1 {
				t.Errorf("assigned are %v", have)
			}
		}
	})
}

func TestWhichPriceListApplies(t *testing.T) {
	all := group.PriceLists{{PriceListID: 1, GroupID: 3, ChannelID: 5}, {PriceListID: 2, GroupID: 3}, {PriceListID: 4, ChannelID: 5}, {PriceListID: 6, ChannelID: 7}}
	for _, c := range []struct {
		lists     group.PriceLists
		on, of    int64
		discounts bool
		want      int64
	}{
		{all, 5, 3, false, 1},                   // of the group on the channel
		{all, 7, 3, false, 2},                   // of the group
		{all, 8, 3, false, 2},                   //
		{all, 5, 9, false, 4},                   // of the channel
		{all, 5, 0, false, 4},                   // for who is in no group
		{all, 8, 0, false, 0},                   // the catalog's prices
		{all, 8, 9, false, 0},                   //
		{all[2:], 5, 3, true, 0},                // discounts come before the channel's
		{all[2:], 5, 3, false, 4},               //
		{all[:1], 7, 3, false, 0},               //
		{group.PriceLists(nil), 1, 3, false, 0}, //
	} {
		if got := c.lists.On(c.on, c.of, c.discounts); got != c.want {
			t.Errorf("group %d on channel %d of %+v: %d, want %d", c.of, c.on, c.lists, got, c.want)
		}
	}
}

func TestFilterAssignments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db)
		g, h := f.make(t, f.a, named("G")), f.make(t, f.a, named("H"))
		if _, err := f.groups.Assign(t.Context(), f.a, []group.Assignment{
			{PriceListID: 7, ChannelID: 1}, {PriceListID: 8, GroupID: g.ID, ChannelID: 1}, {PriceListID: 7, GroupID: h.ID},
		}); err != nil {
			t.Fatal(err)
		}
		for raw, want := range map[string]string{
			"":                                     "[1 2 3]",
			"id=2":                                 "[2]",
			"id:in=3,1":                            "[1 3]",
			"price_list_id=7":                      "[1 3]",
			"price_list_id:in=8,9":                 "[2]",
			"customer_group_id=0":                  "[1]",
			fmt.Sprint("customer_group_id=", g.ID): "[2]",
			fmt.Sprintf("customer_group_id:in=0,%d", h.ID): "[1 3]",
			"channel_id=1&price_list_id=7":                 "[1]",
			"channel_id:in=0,1":                            "[1 2 3]",
			"limit=1&page=2":                               "[2]",
			"after=eyJpZCI6MX0":                            "[2 3]",
			"before=eyJpZCI6Mn0":                           "[1]",
		} {
			q, err := group.Assignments.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			rows, _, err := f.groups.Assignments(t.Context(), f.a, q)
			if err != nil {
				t.Fatal(err)
			}
			ids := []int64{}
			for _, a := range rows {
				ids = append(ids, a.ID)
			}
			if q.Reversed() {
				slices.Reverse(ids)
			}
			if got := fmt.Sprint(ids); got != want {
				t.Errorf("%s finds %s, want %s", raw, got, want)
			}
		}
	})
}
