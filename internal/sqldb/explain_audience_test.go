package sqldb_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/scale"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// audience gives a shop n subscribers and a profile per customer, every other
// one in a segment.
func audience(t *testing.T, db *sqldb.DB, storeID int64, n int) (*subscriber.Service, *segment.Service, string) {
	t.Helper()
	sys := system.Real()
	subs, segs := subscriber.NewService(db, sys), segment.NewService(db, sys)
	made, err := segs.Create(t.Context(), storeID, []segment.Create{{Name: "Regulars"}, {Name: "Others"}})
	if err != nil {
		t.Fatal(err)
	}
	var profiles []string
	for lo := 0; lo < n; lo += segment.MaxBatch {
		ids := make([]int64, segment.MaxBatch)
		for i := range ids {
			ids[i] = int64(lo + i + 1)
		}
		p, err := segs.CreateProfiles(t.Context(), storeID, ids)
		if err != nil {
			t.Fatal(err)
		}
		profiles = profiles[:0]
		for i := 0; i < len(p); i += 2 {
			profiles = append(profiles, p[i].UUID)
		}
		if _, err := segs.AddMembers(t.Context(), storeID, made[0].UUID, profiles); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Write(t.Context(), storeID, func(tx *sqldb.Tx) error {
		for i := range n {
			in := subscriber.Create{Email: fmt.Sprintf("c%d@x.org", i), FirstName: fmt.Sprint("F", i), LastName: fmt.Sprint("L", i), OrderID: opt.Some(int64(i + 1))}
			if i%50 == 0 {
				in.Source = subscriber.FromOrder
			}
			if _, err := subscriber.Ensure(tx, []subscriber.Create{in}, subscriber.Origin{}, int64(i)); err != nil {
				return err
			}
		}
		_, err := tx.ExecCount(sqldb.Raw(`ANALYZE`))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return subs, segs, made[0].UUID
}

func TestPlansOfSubscribersAndSegments(t *testing.T) {
	lite, pg := dbtest.Open(t, sqldb.SQLite), dbtest.Open(t, sqldb.Postgres)
	_, id := shop(t, lite, 3000)
	_, pgID := shop(t, pg, 3000)
	subs, segs, regulars := audience(t, lite, id, 3000)
	audience(t, pg, pgID, 3000)
	list := func(raw string) func() error {
		return func() error {
			_, _, err := subs.List(t.Context(), id, mustParse(t, subscriber.List, raw))
			return err
		}
	}
	scan := map[sqldb.Engine]*regexp.Regexp{sqldb.SQLite: regexp.MustCompile(`(?m)^SCAN`), sqldb.Postgres: regexp.MustCompile(`Seq Scan`)}
	for name, c := range map[string]struct {
		run      func() error
		lite, pg string
	}{
		"first page":  {list(""), "PRIMARY KEY", "subscribers_pkey"},
		"by number":   {list("page=50"), "PRIMARY KEY", "subscribers_pkey"},
		"by email":    {list("email=c7@x.org"), "subscribers_email", "subscribers_email"},
		"by order":    {list("order_id=7"), "subscribers_order", "subscribers_order"},
		"by name":     {list("first_name=f7"), "subscribers_first_name", "subscribers_first_name"},
		"by surname":  {list("last_name=l7"), "subscribers_last_name", "subscribers_last_name"},
		"by creation": {list("date_created=1970-01-01T00:05:00"), "subscribers_created|PRIMARY KEY", "subscribers_created"},
		"by change":   {list("date_modified=1970-01-01T00:05:00"), "subscribers_modified|PRIMARY KEY", "subscribers_modified"},
		"history": {func() error {
			_, _, err := subs.History(t.Context(), id, 7, subscriber.HistoryList.New())
			return err
		}, "consent_changes_subscriber", "consent_changes_subscriber"},
		"profiles": {func() error {
			_, _, err := segs.Profiles(t.Context(), id, segment.ProfileList.New())
			return err
		}, "PRIMARY KEY", "shopper_profiles_pkey"},
		"members": {func() error {
			_, _, err := segs.Members(t.Context(), id, regulars, segment.MemberList.New())
			return err
		}, "PRIMARY KEY", "segment_members"},
	} {
		n := 0
		for _, sql := range made(t, lite, c.run) {
			// PostgreSQL reads a table as small as this one as a whole for 64 ids.
			if !strings.HasPrefix(sql, "SELECT id") && !strings.HasPrefix(sql, "SELECT profile_id") || strings.Contains(sql, "FROM shopper_profiles WHERE store_id = $1 AND id IN") {
				continue
			}
			n++
			// plan puts numbers where this list has texts; only the index counts.
			for db, want := range map[*sqldb.DB]string{lite: c.lite, pg: c.pg} {
				storeID, text := id, sql
				if db == pg {
					storeID = pgID
					text = regexp.MustCompile(`((?:norm|source) IN \()\$(\d+)`).ReplaceAllString(text, "$1'x$2'")
				}
				got := plan(t, db, storeID, text)
				if bad := scan[db.Engine()].FindString(got); !regexp.MustCompile(want).MatchString(got) || bad != "" {
					t.Errorf("%s on %s wants %s, not %q:\n%s\n%s", name, db.Engine(), want, bad, sql, got)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s made no statement of its own", name)
		}
	}
}

func TestStatementsOfSubscribersAndSegmentsKeepStoresApart(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	customers, id := shop(t, db, 500)
	subs, segs, regulars := audience(t, db, id, 500)
	ctx := t.Context()
	for _, raw := range []string{"", "id=1", "id:in=1,2", "email=a", "first_name=a", "last_name=", "source=order", "order_id=1", "page=4", "date_created:min=2024-01-01&date_modified:max=2024-01-01"} {
		if _, _, err := subs.List(ctx, id, mustParse(t, subscriber.List, raw)); err != nil {
			t.Error(err)
		}
	}
	profiles, _, err := segs.Profiles(ctx, id, segment.ProfileList.New())
	if err != nil {
		t.Fatal(err)
	}
	for name, fn := range map[string]func() error{
		"history": func() error { _, _, err := subs.History(ctx, id, 1, subscriber.HistoryList.New()); return err },
		"update": func() error {
			_, err := subs.Update(ctx, id, 3, subscriber.Update{FirstName: opt.Some("X")}, subscriber.Origin{})
			return err
		},
		"delete one": func() error { return subs.DeleteOne(ctx, id, 4, subscriber.Origin{}) },
		"delete": func() error {
			_, err := subs.Delete(ctx, id, mustParse(t, subscriber.DeleteList, "source=order"), subscriber.Origin{})
			return err
		},
		"segments": func() error {
			_, _, err := segs.List(ctx, id, mustParse(t, segment.List, "id:in="+regulars))
			return err
		},
		"segment": func() error {
			_, err := segs.Update(ctx, id, []segment.Update{{UUID: regulars, Description: opt.Some("x")}})
			return err
		},
		"members": func() error { _, _, err := segs.Members(ctx, id, regulars, segment.MemberList.New()); return err },
		"segments of": func() error {
			_, _, err := segs.OfProfile(ctx, id, profiles[0].UUID, segment.OfProfileList.New())
			return err
		},
		"remove some": func() error {
			_, err := segs.RemoveMembers(ctx, id, regulars, mustParse(t, segment.RemoveMemberList, "id:in="+profiles[0].UUID))
			return err
		},
		"include": func() error {
			_, _, err := customers.List(ctx, id, mustParse(t, customer.List, "include=segment_ids,shopper_profile_id"), nil)
			return err
		},
		"delete customers": func() error {
			_, err := customers.Delete(ctx, id, mustParse(t, customer.DeleteList, "id:in=3,4"))
			return err
		},
		"delete profiles": func() error {
			_, err := segs.DeleteProfiles(ctx, id, mustParse(t, segment.DeleteProfileList, "id:in="+profiles[9].UUID))
			return err
		},
	} {
		if err := fn(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := segs.RemoveMembers(ctx, id, regulars, segment.RemoveMemberList.New()); err != nil {
		t.Error(err)
	}
	if _, err := segs.Delete(ctx, id, segment.DeleteList.New()); err != nil {
		t.Error(err)
	}
	n := 0
	for _, sql := range db.DynamicTexts() {
		if !strings.Contains(sql, "$1") || !strings.Contains(sql, "subscriber") && !strings.Contains(sql, "segment") && !strings.Contains(sql, "profile") {
			continue
		}
		n++
		if err := scale.Tenant(sql); err != nil {
			t.Errorf("%v: %s", err, sql)
		}
	}
	if n < 20 {
		t.Errorf("only %d statements were seen", n)
	}
}
