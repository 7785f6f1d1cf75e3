package sqldb_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/scale"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// shop is a store of n customers with an address each.
func shop(t *testing.T, db *sqldb.DB, n int) (*customer.Service, int64) {
	t.Helper()
	sys := system.Real()
	st, err := store.NewService(db, sys).Create(t.Context(), "shop", "", "")
	if err != nil {
		t.Fatal(err)
	}
	svc := customer.NewService(db, sys, passwordtest.New(sys))
	for lo := 0; lo < n; lo += 500 {
		in := make([]customer.Create, 500)
		for i := range in {
			k := lo + i
			in[i] = customer.Create{Email: fmt.Sprintf("c%d@x.org", k), FirstName: fmt.Sprint("F", k%97), LastName: fmt.Sprint("L", k), Addresses: []customer.AddressCreate{
				{AddressFields: customer.AddressFields{FirstName: "A", LastName: "B", Address1: "1", City: "C", CountryCode: "DE", PostalCode: "1"}}}}
		}
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			_, err := svc.CreateTx(tx, in, make([]string, len(in)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	// Dates all over the place, as a store's history has them.
	if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
		if err := tx.Exec(sqldb.Raw(`UPDATE customers SET date_modified = 1000 + id * 7 % 5000, date_created = id`)); err != nil {
			return err
		}
		_, err := tx.ExecCount(sqldb.Raw(`ANALYZE`))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return svc, st.ID
}

func mustParse(t *testing.T, spec *listing.Spec, raw string) *listing.Query {
	t.Helper()
	q, err := spec.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// made runs fn and returns the texts of statements that it made.
func made(t *testing.T, db *sqldb.DB, fn func() error) []string {
	t.Helper()
	before := db.DynamicTexts()
	if err := fn(); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range db.DynamicTexts() {
		if !slices.Contains(before, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

var anyParameter = regexp.MustCompile(`\$[0-9]+`)

func plan(t *testing.T, db *sqldb.DB, storeID int64, sql string) string {
	t.Helper()
	explain := "EXPLAIN QUERY PLAN "
	column := 3
	if db.Engine() == sqldb.Postgres {
		explain, column = "EXPLAIN ", 0
	}
	// Literals instead of parameters: the values count for the plan.
	sql = regexp.MustCompile(`LIMIT \$[0-9]+`).ReplaceAllString(sql, "LIMIT 51")
	sql = regexp.MustCompile(`OFFSET \$[0-9]+`).ReplaceAllString(sql, "OFFSET 7")
	sql = anyParameter.ReplaceAllStringFunc(sql, func(p string) string {
		switch {
		case p == "$1":
			return p
		case strings.Contains(sql, "email_norm IN"):
			return "'c" + p[1:] + "@x.org'"
		default:
			return "300" + p[1:]
		}
	})
	var b strings.Builder
	if err := db.Read(t.Context(), storeID, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(explain+sql), func(r *sqldb.Row) error {
			b.WriteString(r.Text(column) + "\n")
			return nil
		})
	}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return b.String()
}

// The statements that pages are read with use the indexes meant for them, on
// both engines, once a store has some thousands of rows.
func TestPlans(t *testing.T) {
	lite, pg := dbtest.Open(t, sqldb.SQLite), dbtest.Open(t, sqldb.Postgres)
	svc, id := shop(t, lite, 6000)
	_, pgID := shop(t, pg, 6000)
	scan := map[sqldb.Engine]*regexp.Regexp{sqldb.SQLite: regexp.MustCompile(`(?m)^SCAN|TEMP B-TREE`), sqldb.Postgres: regexp.MustCompile(`Seq Scan|Sort`)}
	for name, c := range map[string]struct {
		raw        string
		lite, pg   string // what each plan names
		statements int
	}{
		"first page":     {"", "PRIMARY KEY", "customers_pkey", 1},
		"next page":      {"after=eyJpZCI6MzAwMH0", "PRIMARY KEY", "customers_pkey", 1},
		"page before":    {"before=eyJpZCI6MzAwMH0", "PRIMARY KEY", "customers_pkey", 1},
		"page by number": {"page=60", "PRIMARY KEY", "customers_pkey", 1},
		"by id":          {"id:in=5,6,7", "PRIMARY KEY", "customers_pkey", 1},
		"by email":       {"email:in=c7@x.org", "customer_emails USING", "customer_emails_pkey", 1},
		"modified since": {"date_modified:min=1970-01-01T00:30:00&sort=date_modified:asc", "customers_modified", "customers_modified", 1},
		"by name":        {"sort=last_name:asc", "customers_last_name", "customers_last_name", 1},
		"newest":         {"sort=date_created:desc", "customers_created", "customers_created", 1},
	} {
		for _, sql := range made(t, lite, func() error {
			_, _, err := svc.List(t.Context(), id, mustParse(t, customer.List, c.raw), nil)
			return err
		}) {
			if strings.HasPrefix(sql, "EXPLAIN") || strings.HasPrefix(sql, "SELECT COUNT") {
				continue
			}
			c.statements--
			for db, want := range map[*sqldb.DB]string{lite: c.lite, pg: c.pg} {
				storeID := id
				if db == pg {
					storeID = pgID
				}
				got := plan(t, db, storeID, sql)
				sorted := db.Engine() == sqldb.Postgres && (name == "by id" || name == "by email") // a few rows
				bad := scan[db.Engine()].FindString(got)
				if !strings.Contains(got, want) || bad != "" && !(sorted && bad == "Sort") && !(name == "by email" && bad == "TEMP B-TREE") {
					t.Errorf("%s on %s wants %s, not %q:\n%s\n%s", name, db.Engine(), want, bad, sql, got)
				}
			}
		}
		if c.statements > 0 && name != "by id" {
			t.Errorf("%s made no statement of its own", name)
		}
	}
	includes := made(t, lite, func() error {
		_, _, err := svc.List(t.Context(), id, mustParse(t, customer.List, "limit=4&include=addresses,attributes,formfields"), nil)
		return err
	})
	n := 0
	for _, sql := range includes {
		if !strings.Contains(sql, "customer_id IN") && !strings.Contains(sql, "customer_id BETWEEN") && !regexp.MustCompile(`customer_id [<>]`).MatchString(sql) {
			continue
		}
		n++
		if got := plan(t, lite, id, sql); strings.Contains(got, "SCAN") {
			t.Errorf("include on SQLite:\n%s\n%s", sql, got)
		}
		if got := plan(t, pg, pgID, sql); strings.Contains(sql, "FROM addresses WHERE") && !strings.Contains(got, "addresses_fingerprint") {
			t.Errorf("include on PostgreSQL:\n%s\n%s", sql, got)
		}
	}
	if n < 4 {
		t.Errorf("%d statements for includes: %q", n, includes)
	}
}

// Statements made at run time keep to the rules of declared ones.
func TestDynamicStatementsKeepStoresApart(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	svc, id := shop(t, db, 500)
	ctx := t.Context()
	seen := map[string]bool{}
	see := func(fn func() error) {
		t.Helper()
		if err := fn(); err != nil {
			t.Error(err)
		}
		for _, s := range db.DynamicTexts() {
			seen[s] = true
		}
	}
	for _, raw := range []string{"", "page=3", "page=4&limit=40", "after=eyJpZCI6NH0", "before=eyJpZCI6NH0", "id:in=1,2,3", "email:in=a@x.org,b@x.org", "company:in=a", "company:in=", "name:like=a,b&page=2", "name:in=a b", "phone:in=1",
		"registration_ip_address:in=1", "customer_group_id:in=1,0", "date_created=2024-05-14", "date_modified:min=2024-05-14&date_created:max=2024-05-14&page=2", "sort=last_name:desc&include=addresses,attributes,formfields", "id:in=",
		"sort=date_created:asc&after=eyJpZCI6MSwiZGF0ZV9jcmVhdGVkIjoyfQ"} {
		see(func() error { _, _, err := svc.List(ctx, id, mustParse(t, customer.List, raw), nil); return err })
	}
	for _, raw := range []string{"", "customer_id:in=1,2&include=formfields", "name:in=a", "company:in=x", "page=9"} {
		see(func() error { _, _, err := svc.Addresses(ctx, id, mustParse(t, customer.AddressList, raw)); return err })
	}
	fields := customer.AddressFields{FirstName: "A", LastName: "B", Address1: "2", City: "C", CountryCode: "DE", PostalCode: "1"}
	see(func() error {
		_, err := svc.CreateAddresses(ctx, id, []customer.AddressCreate{{CustomerID: 1, AddressFields: fields}})
		return err
	})
	see(func() error {
		_, err := svc.UpdateAddresses(ctx, id, []customer.AddressUpdate{{ID: 1, City: opt.Some("D")}})
		return err
	})
	see(func() error {
		_, err := svc.UpdateFor(ctx, password.Party{StoreID: id}, []customer.Update{{ID: 1, Email: opt.Some("n@x.org"), ChannelIDs: opt.Some([]int64{1})}})
		return err
	})
	see(func() error {
		_, err := svc.DeleteAddresses(ctx, id, mustParse(t, customer.DeleteAddressList, "id:in=3,4"))
		return err
	})
	see(func() error {
		_, err := svc.Delete(ctx, id, mustParse(t, customer.DeleteList, "id:in=1,2"))
		return err
	})
	// No statistics but those of migrations. A statement that was prepared with
	// others keeps what it goes by, so each is given another text below.
	if err := db.Write(ctx, 0, func(tx *sqldb.Tx) error {
		if err := tx.Exec(sqldb.Raw(`DELETE FROM sqlite_stat4`)); err != nil {
			return err
		}
		return tx.Exec(sqldb.Raw(`ANALYZE sqlite_schema`))
	}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for sql := range seen {
		if !strings.Contains(sql, "$1") || strings.HasPrefix(sql, "EXPLAIN") || strings.HasPrefix(sql, "INSERT INTO schema_") || strings.Contains(sql, "pragma_") || strings.Contains(sql, "sqlite_") {
			continue // of migrations and of this test
		}
		n++
		if err := scale.Tenant(sql); err != nil {
			t.Errorf("%v: %s", err, sql)
		}
		if n, err := db.Replans(sqldb.Dynamic(sql + " ")); n > 0 || err != nil {
			t.Errorf("is planned again by other arguments, %d times of 2: %v: %s", n, err, sql)
		}
	}
	if n < 30 {
		t.Errorf("only %d statements were seen", n)
	}
}
