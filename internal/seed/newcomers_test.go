package seed_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Customers and subscribers of a file are made by few commands, whichever ids are
// chosen, and the one that breaks a rule is named.
func TestManyCustomers(t *testing.T) {
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			moves := 0
			db := dbtest.OpenWatched(t, engine, func(s *sqldb.Stmt) {
				if strings.HasPrefix(s.SQL(), "UPDATE store_counters ") {
					moves++
				}
			})
			a := newWorld(t, db)
			chosen := func(i int) string { // some have an id of their own
				if i%5 == 4 {
					return fmt.Sprintf("id: %d, ", 1000+i)
				}
				return ""
			}
			file := func(n int, more string) string {
				var b strings.Builder
				b.WriteString("stores:\n  - hash: many1\n    channels: [{id: 2, name: Two}]\n    customers:\n")
				for i := range n {
					fmt.Fprintf(&b, "      - {%semail: c%d@x.org, first_name: F%d, last_name: L, tax_properties: {a: b}, metafields: [{owner_client_id: app, permission_set: read, namespace: n, key: k, value: v}]}\n", chosen(i), i, i)
				}
				b.WriteString(more + "    segments:\n      - {name: All, members: [")
				for i := range n {
					fmt.Fprintf(&b, "c%d@x.org, ", i)
				}
				b.WriteString("C0@x.org]}\n    subscribers:\n")
				for i := range n {
					fmt.Fprintf(&b, "      - {%semail: s%d@x.org, first_name: F%d}\n", chosen(i), i, i)
				}
				b.WriteString("      - {email: S0@x.org, first_name: Again}\n      - {email: s0@x.org, channel_id: 2}\n")
				return b.String()
			}
			if _, err := apply(t, a, file(500, "      - {email: last@x.org, first_name: F, last_name: L, customer_group_id: 99}\n")); err == nil || !strings.Contains(err.Error(), "last@x.org") || strings.Contains(err.Error(), "c400@x.org") {
				t.Errorf("an unknown group: %v", err)
			}
			for broken, want := range map[string]string{
				"metafields: [{owner_client_id: app, permission_set: read, namespace: n, key: k, value: v}, {owner_client_id: app, permission_set: read, namespace: n, key: k, value: w}]": "customers.500: customer last@x.org: metafields.1: ",
				`tax_properties: {"": "26"}`: "customers.500: customer last@x.org: tax_properties: ",
			} {
				if _, err := apply(t, a, file(500, "      - {email: last@x.org, first_name: F, last_name: L, "+broken+"}\n")); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v", broken, err)
				}
			}
			// The same email on channels that are apart is two customers.
			more := "      - {email: same@x.org, first_name: A, last_name: L, channel_ids: [1]}\n      - {email: same@x.org, first_name: B, last_name: L, channel_ids: [2]}\n"
			moves = 0
			if _, err := apply(t, a, file(500, more)); err != nil {
				t.Fatal(err)
			}
			// Of each kind of things there are two to four times 200 at most.
			if moves < 6 || moves > 50 {
				t.Errorf("the counters moved %d times", moves)
			}
			before := dump(t, db, 1)
			if n := len(before["customers"]); n != 502 {
				t.Errorf("%d customers, want 502", n)
			}
			for table, want := range map[string]int{"subscribers": 501, "metafields": 500, "tax_properties": 500, "shopper_profiles": 500, "segment_members": 500} {
				if n := len(before[table]); n != want {
					t.Errorf("%d %s, want %d", n, table, want)
				}
			}
			if _, err := apply(t, a, file(1000, more)+"      - {email: last@x.org, channel_id: 9}\n"); err == nil || !strings.Contains(err.Error(), "subscribers.1002") {
				t.Errorf("an unknown channel: %v", err)
			}
			if _, err := apply(t, a, file(500, more)); err != nil {
				t.Error(err)
			}
			if after := dump(t, db, 1); !reflect.DeepEqual(before, after) {
				t.Error("the same file changes what it made")
			}
			if _, err := apply(t, a, file(500, more+"      - {email: same@x.org, first_name: C, last_name: L}\n")); err != nil {
				t.Errorf("who is there: %v", err)
			}
		})
	}
}

// A file may take longer than a request may.
func TestFilesTakeTheirTime(t *testing.T) {
	dsn := dbtest.MigratedDSN(t, sqldb.Postgres)
	a := newWorld(t, dbtest.OpenDSN(t, dsn)).Applier(false)
	short, err := sqldb.Open(t.Context(), dsn, sqldb.Options{WriteTimeout: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	defer short.Close()
	a.DB = short
	if _, err := applyWith(t, a, "stores: [{hash: long1, subscribers: [{email: a@x.org}]}]"); err != nil {
		t.Error(err)
	}
}
