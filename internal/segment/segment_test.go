package segment_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/total"
)

// world is a service over two stores, the first of which has ten customers.
type world struct {
	*segment.Service
	customers *customer.Service
	db        *sqldb.DB
	a, b      int64
	now       int64
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, now: 1_760_000_000}
	sys := system.Real()
	sys.Clock = func() time.Time { return time.Unix(w.now, 0) }
	stores := store.NewService(db, sys)
	for _, id := range []*int64{&w.a, &w.b} {
		st, err := stores.Create(t.Context(), "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		*id = st.ID
	}
	w.Service = segment.NewService(db, sys)
	w.customers = customer.NewService(db, sys, passwordtest.New(sys))
	var in []customer.Create
	for i := range 10 {
		in = append(in, customer.Create{Email: fmt.Sprintf("c%d@example.com", i+1), FirstName: "C", LastName: "D"})
	}
	for _, id := range []int64{w.a, w.b} {
		if _, err := w.customers.CreateFor(t.Context(), password.Party{StoreID: id}, slices.Clone(in)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) segments(t *testing.T, store int64, names ...string) []segment.Segment {
	t.Helper()
	in := make([]segment.Create, len(names))
	for i, n := range names {
		in[i].Name = n
	}
	out, err := w.Create(t.Context(), store, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// profiles makes profiles for customers and returns their UUIDs.
func (w *world) profiles(t *testing.T, store int64, customers ...int64) []string {
	t.Helper()
	made, err := w.CreateProfiles(t.Context(), store, customers)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(made))
	for i, p := range made {
		out[i] = p.UUID
	}
	return out
}

// members are the customers in a segment, with the list's total.
func (w *world) members(t *testing.T, store int64, uuid string) ([]int64, int64) {
	t.Helper()
	rows, res, err := w.Members(t.Context(), store, uuid, segment.MemberList.New())
	if err != nil {
		t.Fatal(err)
	}
	ids := []int64{}
	for _, p := range rows {
		ids = append(ids, p.CustomerID)
	}
	return ids, res.Total
}

func (w *world) count(t *testing.T, store int64) (segments, profiles int64) {
	t.Helper()
	_, a, err := w.List(t.Context(), store, segment.List.New())
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := w.Profiles(t.Context(), store, segment.ProfileList.New())
	if err != nil {
		t.Fatal(err)
	}
	return a.Total, b.Total
}

func parse(t *testing.T, spec *listing.Spec, query string) *listing.Query {
	t.Helper()
	q, err := spec.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func kind(err error) fault.Kind {
	if f := fault.As(err); f != nil {
		return f.Kind
	}
	return fault.Internal
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestSegments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		s := w.segments(t, w.a, "VIP", "New", "Old")
		if !uuid4.MatchString(s[0].UUID) || s[0].UUID == s[1].UUID || s[0].DateCreated != w.now {
			t.Errorf("made %+v", s)
		}
		for name, in := range map[string][]segment.Create{
			"stored": {{Name: "Other"}, {Name: " vip"}},
			"given":  {{Name: "A"}, {Name: "a"}},
		} {
			if _, err := w.Create(ctx, w.a, in); kind(err) != fault.Conflict || fault.As(err).Total != 2 {
				t.Errorf("name %s: %v", name, err)
			}
		}
		w.segments(t, w.b, "VIP")
		if _, err := w.Create(ctx, w.a, []segment.Create{{Name: " "}, {Name: string(make([]rune, 256))}}); kind(err) != fault.Invalid || len(fault.As(err).Items) != 2 {
			t.Errorf("bad names: %v", err)
		}

		w.now++
		out, err := w.Update(ctx, w.a, []segment.Update{
			{UUID: s[0].UUID, Name: opt.Some("New")},
			{UUID: s[1].UUID, Name: opt.Some("VIP"), Description: opt.Some("swapped")},
			{UUID: s[2].UUID, Name: opt.Some("Old")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if out[0].Name != "New" || out[1].Description != "swapped" || out[1].DateModified != w.now || out[2].DateModified != w.now-1 {
			t.Errorf("updated %+v", out)
		}
		if _, err := w.Update(ctx, w.a, []segment.Update{{UUID: s[0].UUID, Name: opt.Some("OLD")}}); kind(err) != fault.Conflict {
			t.Errorf("taken name: %v", err)
		}
		if out, err := w.Update(ctx, w.a, []segment.Update{{UUID: s[0].UUID, Name: opt.Some("NEW")}}); err != nil || out[0].Name != "NEW" {
			t.Errorf("respelled: %+v, %v", out, err)
		}
		if _, err := w.Update(ctx, w.b, []segment.Update{{UUID: s[0].UUID, Description: opt.Some("x")}}); kind(err) != fault.Invalid {
			t.Errorf("another store's: %v", err)
		}
		if _, err := w.Update(ctx, w.a, []segment.Update{{UUID: s[0].UUID}, {UUID: s[0].UUID}}); kind(err) != fault.Invalid {
			t.Errorf("given twice: %v", err)
		}

		rows, res, err := w.List(ctx, w.a, parse(t, segment.List, "id:in="+s[2].UUID+","+s[0].UUID+",nonsense"))
		if err != nil || res.Total != 2 || rows[0].UUID != s[0].UUID || rows[1].UUID != s[2].UUID {
			t.Errorf("by id: %+v, %v", rows, err)
		}
		for query, want := range map[string]int{"id:in=nonsense": 0, "id:in=" + s[2].UUID: 1} {
			if n, err := w.Delete(ctx, w.a, parse(t, segment.DeleteList, query)); n != want || err != nil {
				t.Errorf("delete %q: %d, %v", query, n, err)
			}
		}
		if n, err := w.Delete(ctx, w.a, segment.DeleteList.New()); n != 2 || err != nil {
			t.Errorf("delete all: %d, %v", n, err)
		}
		if n, _ := w.count(t, w.b); n != 1 {
			t.Errorf("another store has %d segments left", n)
		}
	})
}

func TestAStoreHasAThousandSegments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for i := range 20 {
			names := make([]string, 50)
			for j := range names {
				names[j] = fmt.Sprint("s", i, "-", j)
			}
			if i == 19 {
				names = names[:49]
			}
			w.segments(t, w.a, names...)
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				_, err := w.Create(t.Context(), w.a, []segment.Create{{Name: fmt.Sprint("last", i)}})
				if err != nil && kind(err) != fault.Invalid {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, _ := w.count(t, w.a); n != 1000 {
			t.Errorf("%d segments", n)
		}
		if n, err := w.Delete(t.Context(), w.a, segment.DeleteList.New()); n != 1000 || err != nil {
			t.Errorf("%d deleted, %v", n, err)
		}
	})
}

func TestProfilesAndMembers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		s := w.segments(t, w.a, "VIP", "New")
		p := w.profiles(t, w.a, 3, 1, 2)
		foreign := w.profiles(t, w.b, 1)
		if _, err := w.CreateProfiles(ctx, w.a, []int64{4, 99, 0}); kind(err) != fault.Invalid || len(fault.As(err).Items) != 2 {
			t.Errorf("unknown customers: %v", err)
		}
		if _, err := w.CreateProfiles(ctx, w.a, []int64{4, 1}); kind(err) != fault.Conflict || fault.As(err).Items[0].Index() != 1 {
			t.Errorf("second profile: %v", err)
		}
		if _, err := w.CreateProfiles(ctx, w.a, []int64{4, 4}); kind(err) != fault.Invalid {
			t.Errorf("given twice: %v", err)
		}
		if _, n := w.count(t, w.a); n != 3 {
			t.Errorf("%d profiles", n)
		}

		w.now++
		added, err := w.AddMembers(ctx, w.a, s[0].UUID, []string{p[1], p[0], p[1]})
		if err != nil || len(added) != 2 || added[0].CustomerID != 1 || added[0].DateModified != w.now || added[0].DateCreated != w.now-1 {
			t.Fatalf("added %+v, %v", added, err)
		}
		if _, err := w.AddMembers(ctx, w.a, s[0].UUID, []string{p[2], p[0]}); kind(err) != fault.Conflict || fault.As(err).Items[0].Index() != 1 {
			t.Errorf("member already: %v", err)
		}
		if _, err := w.AddMembers(ctx, w.a, s[0].UUID, []string{p[2], foreign[0], "\x00\xff"}); kind(err) != fault.Invalid || len(fault.As(err).Items) != 2 {
			t.Errorf("unknown profiles: %v", err)
		}
		if _, err := w.AddMembers(ctx, w.b, s[0].UUID, foreign); kind(err) != fault.NotFound {
			t.Errorf("another store's segment: %v", err)
		}
		if _, err := w.AddMembers(ctx, w.a, "\x00", p); kind(err) != fault.NotFound {
			t.Errorf("a segment that cannot be: %v", err)
		}
		if _, err := w.Update(ctx, w.a, []segment.Update{{UUID: "\x00"}}); kind(err) != fault.Invalid {
			t.Errorf("an update that cannot be: %v", err)
		}
		if ids, n := w.members(t, w.a, s[0].UUID); !slices.Equal(ids, []int64{3, 1}) || n != 2 {
			t.Errorf("members are %v of %d", ids, n)
		}
		if _, _, err := w.Members(ctx, w.b, s[0].UUID, segment.MemberList.New()); kind(err) != fault.NotFound {
			t.Errorf("members read from another store: %v", err)
		}
		if _, _, err := w.OfProfile(ctx, w.b, p[0], segment.OfProfileList.New()); kind(err) != fault.NotFound {
			t.Errorf("segments read from another store: %v", err)
		}
		if _, err := w.AddMembers(ctx, w.a, s[1].UUID, p); err != nil {
			t.Fatal(err)
		}
		of, res, err := w.OfProfile(ctx, w.a, p[1], segment.OfProfileList.New())
		if err != nil || res.Total != 2 || of[0].Name != "VIP" || of[1].Name != "New" {
			t.Errorf("segments of a profile: %+v, %v", of, err)
		}

		// Customers tell of both.
		q := parse(t, customer.List, "include=segment_ids,shopper_profile_id&id:in=1,4")
		rows, _, err := w.customers.List(ctx, w.a, q, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rows[0].ShopperProfile != "" || rows[0].Segments != nil || rows[1].ShopperProfile != p[1] || !slices.Equal(rows[1].Segments, []string{s[0].UUID, s[1].UUID}) {
			t.Errorf("included: %+v", rows)
		}

		// A customer takes the profile along, and the profile its memberships.
		if _, err := w.customers.Delete(ctx, w.a, parse(t, customer.DeleteList, "id:in=1,5")); err != nil {
			t.Fatal(err)
		}
		if ids, n := w.members(t, w.a, s[1].UUID); !slices.Equal(ids, []int64{3, 2}) || n != 2 {
			t.Errorf("then members are %v of %d", ids, n)
		}
		if _, n := w.count(t, w.a); n != 2 {
			t.Errorf("then there are %d profiles", n)
		}

		remove := func(query string, want int) {
			t.Helper()
			if n, err := w.RemoveMembers(ctx, w.a, s[1].UUID, parse(t, segment.RemoveMemberList, query)); n != want || err != nil {
				t.Errorf("remove %q: %d, %v", query, n, err)
			}
		}
		remove("id:in="+foreign[0], 0)
		remove("id:in="+p[2], 1)
		remove("id:in="+p[2], 0)
		remove("", 1)
		if ids, _ := w.members(t, w.a, s[1].UUID); len(ids) != 0 {
			t.Errorf("an emptied segment has %v", ids)
		}
		if _, n := w.members(t, w.a, s[0].UUID); n != 1 {
			t.Errorf("the other segment has %d", n)
		}
		if _, err := w.RemoveMembers(ctx, w.b, s[0].UUID, segment.RemoveMemberList.New()); kind(err) != fault.NotFound {
			t.Errorf("another store's members removed: %v", err)
		}
		if n, err := w.DeleteProfiles(ctx, w.a, parse(t, segment.DeleteProfileList, "id:in="+p[0])); n != 1 || err != nil {
			t.Errorf("delete a profile: %d, %v", n, err)
		}
		if n, err := w.DeleteProfiles(ctx, w.a, segment.DeleteProfileList.New()); n != 1 || err != nil {
			t.Errorf("delete all profiles: %d, %v", n, err)
		}
		if _, n := w.count(t, w.b); n != 1 {
			t.Errorf("another store has %d profiles", n)
		}
		// The customer is still there and may have a new one.
		w.profiles(t, w.a, 3)
	})
}

func TestLargeSegmentsGoInPortions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		s := w.segments(t, w.a, "Small", "Large", "Emptied")
		// More members than a transaction removes, stored directly.
		const n = 5200
		err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error {
			for i := range int64(n) {
				if err := tx.Exec(insertCustomer, 1000+i); err != nil {
					return err
				}
				if err := tx.Exec(insertProfile, 1000+i, fmt.Sprint("p", i)); err != nil {
					return err
				}
			}
			if err := tx.Exec(insertMember, s[0].ID, int64(1000)); err != nil {
				return err
			}
			if err := total.Members.Move(tx, fmt.Sprint(s[0].ID), 1); err != nil {
				return err
			}
			return tx.Exec(lift, int64(1000+n), int64(n))
		})
		if err != nil {
			t.Fatal(err)
		}
		fill := func(id int64) {
			t.Helper()
			err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error {
				for i := range int64(n) {
					if err := tx.Exec(insertMember, id, 1000+i); err != nil {
						return err
					}
				}
				return total.Members.Move(tx, fmt.Sprint(id), n)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		last := historytest.Last(t, db, w.a)
		fill(s[1].ID)
		if got, err := w.RemoveMembers(ctx, w.a, s[1].UUID, parse(t, segment.RemoveMemberList, "id:in=p1,p2")); got != 2 || err != nil {
			t.Errorf("%d removed, %v", got, err)
		}
		fill(s[2].ID)
		if got, err := w.RemoveMembers(ctx, w.a, s[2].UUID, segment.RemoveMemberList.New()); got != n || err != nil {
			t.Errorf("%d removed from all, %v", got, err)
		}
		if _, total := w.members(t, w.a, s[2].UUID); total != 0 {
			t.Errorf("%d members left", total)
		}
		if got, err := w.Delete(ctx, w.a, segment.DeleteList.New()); got != 3 || err != nil {
			t.Errorf("%d segments deleted, %v", got, err)
		}
		if segments, profiles := w.count(t, w.a); segments != 0 || profiles != n {
			t.Errorf("left: %d segments, %d profiles", segments, profiles)
		}
		if got, err := w.DeleteProfiles(ctx, w.a, segment.DeleteProfileList.New()); got != n || err != nil {
			t.Errorf("%d profiles deleted, %v", got, err)
		}
		// Many members and profiles are told of at once.
		drawn := regexp.MustCompile(`"[0-9a-f-]{36}"`)
		want := []string{
			`updated shopper_profile 1001 of 1001: segment_id 2>-`,
			`updated shopper_profile 1002 of 1002: segment_id 2>-`,
			`updated segment 3: members 5200>-`,
			`deleted segment 1: uuid #>-, name "Small">-`,
			`updated segment 2: members 5198>-`,
			`deleted segment 2: uuid #>-, name "Large">-`,
			`deleted segment 3: uuid #>-, name "Emptied">-`,
			`deleted_all shopper_profile 0: count 5200>-, up_to_id 6200>-`,
		}
		got := historytest.Lines(t, db, w.a, last)
		for i := range got {
			got[i] = drawn.ReplaceAllString(got[i], "#")
		}
		if !slices.Equal(got, want) {
			t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

var (
	insertCustomer = sqldb.Static(`INSERT INTO customers (store_id, id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id,
		registration_ip_address, accepts_emails, store_credit, origin_channel_id, channel_ids, password_hash, force_password_reset, date_created, date_modified,
		name_norm, last_name_norm, company_norm, phone_norm) VALUES ($1, $2, '', '', '', '', '', '', '', 0, '', 0, 0, 1, '', '', 0, 1, 1, '', '', '', '')`)
	insertProfile = sqldb.Static(`INSERT INTO shopper_profiles (store_id, id, uuid, customer_id, date_created, date_modified) VALUES ($1, $2, $3, $2, 1, 1)`)
	insertMember  = sqldb.Static(`INSERT INTO segment_members (store_id, segment_id, profile_id, date_created) VALUES ($1, $2, $3, 1)`)
	lift          = sqldb.Static(`UPDATE store_counters SET shopper_profile_id = $2, shopper_profiles = $3 WHERE store_id = $1`)
)

func TestConcurrentMembers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		s := w.segments(t, w.a, "VIP")[0].UUID
		p := w.profiles(t, w.a, 1, 2, 3, 4, 5, 6, 7, 8)
		var wg sync.WaitGroup
		var mu sync.Mutex
		added := 0
		for i := range 24 {
			wg.Go(func() {
				_, err := w.AddMembers(t.Context(), w.a, s, p[i%8:i%8+1])
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					added++
				} else if kind(err) != fault.Conflict {
					t.Error(err)
				}
			})
			if i%6 == 0 {
				wg.Go(func() {
					if _, err := w.customers.Delete(t.Context(), w.a, parse(t, customer.DeleteList, "id:in=9,10")); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if _, n := w.members(t, w.a, s); n != 8 || added != 8 {
			t.Errorf("%d members, %d added", n, added)
		}
		// Profiles and customers go at the same time; the total stays right.
		for i := range 8 {
			wg.Go(func() {
				if _, err := w.DeleteProfiles(t.Context(), w.a, parse(t, segment.DeleteProfileList, "id:in="+p[i])); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := w.customers.Delete(t.Context(), w.a, parse(t, customer.DeleteList, fmt.Sprint("id:in=", i+1))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if _, n := w.count(t, w.a); n != 0 {
			t.Errorf("%d profiles are counted", n)
		}
	})
}
