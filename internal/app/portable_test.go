package app_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/password"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/transfer/bundle"
)

// stays are the tables of which nothing moves with a store, and why.
var stays = map[string]string{
	"stores":                 "the store's number and hash are of the installation; its name moves",
	"customer_emails":        "made of customers",
	"list_gaps":              "counted",
	"duplicate_keys":         "made of customers",
	"duplicate_pairs":        "found anew, once somebody asks for it",
	"duplicate_scans":        "how far a job has come",
	"mirror_marks":           "of a mirror, which is of the installation",
	"mirrors":                "of the installation",
	"password_invites":       "work",
	"schema_snapshots":       "what tests go back to",
	"schema_spares":          "what is prepared for tests",
	"list_totals":            "counted",
	"imported_hashes":        "counted",
	"imported_hash_counts":   "counted",
	"search_blocks":          "made of customers",
	"search_endings":         "made of customers",
	"search_recent":          "made of customers",
	"search_spellings":       "made of customers",
	"search_stores":          "made of customers",
	"search_terms":           "made of customers",
	"history_seals":          "entries are sealed anew",
	"account_sessions":       "shoppers sign in anew",
	"account_tokens":         "links lead to the store that was left",
	"impersonations":         "of sessions; the history tells of them",
	"sign_in_failures":       "ends by itself",
	"attempt_windows":        "ends by itself",
	"used_login_tokens":      "ends by itself",
	"idempotency_keys":       "ends by itself",
	"api_accounts":           "of the installation",
	"storefront_keys":        "of the installation",
	"storefront_revocations": "of the installation",
	"storefront_tokens":      "of the installation",
	"site_hosts":             "of the installation",
	"secret_keys":            "of the installation",
	"webhooks":               "of API accounts",
	"webhook_blocks":         "of API accounts",
	"webhook_contacts":       "of API accounts",
	"webhook_cursors":        "of API accounts",
	"webhook_deliveries":     "of API accounts",
	"webhook_notices":        "of API accounts",
	"events":                 "of webhooks",
	"emails":                 "they were sent, or are, by the store that is left",
	"saved_views":            "of staff",
	"staff_memberships":      "of the installation",
	"staff_passkeys":         "of the installation",
	"staff_recovery_codes":   "of the installation",
	"staff_sessions":         "of the installation",
	"staff_tokens":           "of the installation",
	"staff_users":            "of the installation",
	"imports":                "how records came is in the history",
	"import_problems":        "how records came is in the history",
	"import_ranges":          "how records came is in the history",
	"import_changes":         "how records came is in the history",
	"import_chunks":          "files that servers keep for a week",
	"bulk_actions":           "work",
	"bulk_items":             "work",
	"exports":                "files that servers keep for a week",
	"export_chunks":          "files that servers keep for a week",
	"bundle_loads":           "how far a load has come",
	"email_clashes":          "there are none where a store is written",
	"email_rekeys":           "keys are made where records arrive",
	"schema_lock":            "of the program",
	"schema_migrations":      "of the program",
	"schema_writes":          "of the program",
	"schema_processes":       "of the program",
}

// Every table moves, or there is a reason, and so does every column.
func TestEveryTableMoves(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, sqldb.SQLite)
	w := apptest.New(t, db, apptest.Options{})
	tables, moves, names := schema(t, db), map[string]bool{}, map[string]bool{}
	for _, p := range w.Bundles.Parts() {
		if moves[p.Table] || names[p.Name] {
			t.Errorf("%s moves twice", p.Name)
		}
		moves[p.Table], names[p.Name] = true, true
		told := map[string]int{"store_id": 1}
		for _, c := range p.Columns() {
			told[c.Name]++
			kind := tables[p.Table][slices.IndexFunc(tables[p.Table], func(of column) bool { return of.name == c.Name })].kind
			if want := map[string][]portable.Kind{"text": {portable.Text}, "integer": {portable.Int, portable.Flag}, "blob": {portable.Bytes}}[kind]; !slices.Contains(want, c.Kind) {
				t.Errorf("%s.%s is %s and moves as kind %d", p.Table, c.Name, kind, c.Kind)
			}
		}
		for _, name := range p.Derived {
			told[name]++
		}
		for name := range p.Hidden {
			told[name]++
		}
		for _, c := range tables[p.Table] {
			if told[c.name] != 1 {
				t.Errorf("%s.%s is told %d times: it moves, is derived, or is hidden", p.Table, c.name, told[c.name])
			}
			delete(told, c.name)
		}
		for name := range told {
			t.Errorf("%s has no column %s", p.Table, name)
		}
	}
	for name := range tables {
		if moves[name] == (stays[name] != "") {
			t.Errorf("%s: does it move with its store? Declare a portable.Part in its package, or say why not in stays", name)
		}
	}
	for name := range stays {
		if tables[name] == nil {
			t.Errorf("there is no table %s", name)
		}
	}
}

// written is a store as a bundle.
func written(t *testing.T, c *app.Core, store int64, secrets bool) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := c.Bundles.Export(t.Context(), store, portable.Options{Secrets: secrets}, &b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// arrive fills a new store from a bundle.
func arrive(t *testing.T, c *app.Core, text []byte) int64 {
	t.Helper()
	st, err := c.Stores.Create(t.Context(), "", "Another", "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Bundles.Open(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if there, err := c.Bundles.Import(t.Context(), st.ID, f, nil); err != nil || there {
		t.Fatalf("already there: %v, %v", there, err)
	}
	return st.ID
}

// made are the tables of what is made where a store arrives.
var made = map[string]string{
	"customer_emails": `email_norm, channel_id, customer_id`,
	"list_gaps":       `list, level, block, missing`,
	"list_totals":     `list, part, total`,
	"imported_hashes": `kind, customers`,
	"store_counters":  `customers, addresses, subscribers, shopper_profiles, attribute_values, form_values, rules`,
}

// holds are the rows of a store that are to be the same where it arrives.
func holds(t *testing.T, c *app.Core, store int64) map[string][]string {
	t.Helper()
	of := map[string]string{}
	for _, p := range c.Bundles.Parts() {
		var names []string
		for _, col := range p.Columns() {
			if col.Name != "secret" && col.Name != "settings" { // they are encrypted, for one store
				names = append(names, col.Name)
			}
		}
		if names = append(names, p.Derived...); len(names) > 0 && !strings.HasPrefix(p.Table, "history") && p.Table != "jobs" {
			of[p.Table] = strings.Join(names, ", ")
		}
	}
	for table, columns := range made {
		if of[table] != "" {
			columns += ", " + of[table]
		}
		of[table] = columns
	}
	out := map[string][]string{}
	if err := c.DB.Read(t.Context(), store, func(tx *sqldb.Tx) error {
		clear(out)
		for table, columns := range of {
			n := strings.Count(columns, ",") + 1
			where := map[string]string{"list_gaps": ` AND missing <> 0`, "list_totals": ` AND total <> 0`, "imported_hashes": ` AND customers <> 0`}[table]
			text := map[string]bool{}
			for _, name := range strings.Split(columns, ", ") {
				text[name] = true
			}
			if err := tx.Query(sqldb.Dynamic(`SELECT `+asText(columns)+` FROM `+table+` WHERE store_id = $1`+where), func(r *sqldb.Row) error {
				row := make([]string, n)
				for i := range row {
					row[i] = r.Text(i)
				}
				out[table] = append(out[table], strings.Join(row, "|"))
				return nil
			}); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, rows := range out {
		slices.Sort(rows)
	}
	return out
}

// asText are columns as texts.
func asText(columns string) string {
	var out []string
	for _, name := range strings.Split(columns, ", ") {
		out = append(out, "CAST("+name+" AS TEXT)")
	}
	return strings.Join(out, ", ")
}

func sameRows(t *testing.T, name string, got, want map[string][]string) {
	t.Helper()
	for table, rows := range want {
		if !slices.Equal(got[table], rows) {
			t.Errorf("%s: %s holds\n%s\nwant\n%s", name, table, strings.Join(got[table], "\n"), strings.Join(rows, "\n"))
		}
	}
	for table := range got {
		if want[table] == nil {
			t.Errorf("%s: %s holds %s", name, table, got[table])
		}
	}
}

// moveAround moves a store to the other engine and back, with secrets and without,
// and expects the same bytes each time and the same rows.
func moveAround(t *testing.T, c *app.Core, store int64) {
	t.Helper()
	other := sqldb.SQLite
	if c.DB.Engine() == other {
		other = sqldb.Postgres
	}
	// A job counts values anew after a definition has gone.
	if err := c.DB.Write(t.Context(), store, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`UPDATE store_counters SET uncounted = 0, attribute_values = (SELECT COUNT(*) FROM attribute_values WHERE store_id = $1),
			form_values = (SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1) + (SELECT COUNT(*) FROM address_form_values WHERE store_id = $1)
			WHERE store_id = $1`))
	}); err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	for _, secrets := range []bool{true, false} {
		first := written(t, c, store, secrets)
		at, to := c, store
		for _, e := range []sqldb.Engine{other, c.DB.Engine()} {
			name := fmt.Sprintf("from %s to %s with secrets %v", at.DB.Engine(), e, secrets)
			next := app.New(dbtest.Open(t, e), c.System, app.Parts{})
			// Of stores of another number, as signatures name it.
			if _, err := next.Stores.Create(t.Context(), "", "First", ""); err != nil {
				t.Fatal(err)
			}
			arrived := arrive(t, next, first)
			again := written(t, next, arrived, secrets)
			if !bytes.Equal(first, again) {
				t.Errorf("%s: the bytes differ: %d and %d", name, len(first), len(again))
				differs(t, c, first, again)
			}
			if secrets {
				all = holds(t, at, to)
				sameRows(t, name, holds(t, next, arrived), all)
			}
			chain := history.NewChain(next.DB, next.System, next.Keys, slog.New(slog.DiscardHandler))
			for n := 1; n > 0; {
				var err error
				if n, err = chain.Seal(t.Context(), arrived, true); err != nil {
					t.Fatal(err)
				}
			}
			if r, err := chain.Verify(t.Context(), arrived, nil); err != nil || r.Found != 0 || r.SealedTo != r.Last || r.Last == 0 {
				t.Errorf("%s: the history: %+v, %v", name, r, err)
			}
			at, to = next, arrived
		}
	}
	if len(all) < 20 {
		t.Errorf("only %d tables hold something", len(all))
	}
}

// differs tells which parts of two bundles differ.
func differs(t *testing.T, c *app.Core, a, b []byte) {
	t.Helper()
	open := func(text []byte) *bundle.File {
		f, err := c.Bundles.Open(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	x, y := open(a), open(b)
	for i, p := range x.Parts {
		if q := y.Parts[i]; p != q {
			t.Errorf("%+v and %+v", p, q)
			one, two := unzipped(t, a, p.Name), unzipped(t, b, q.Name)
			for k := range min(len(one), len(two)) {
				if one[k] != two[k] {
					t.Errorf("%s\n%s", one[max(0, k-200):min(len(one), k+200)], two[max(0, k-200):min(len(two), k+200)])
					break
				}
			}
		}
	}
}

// A store with something in every table moves, also when retention took the
// beginning of its history away.
func TestStoreMoves(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		for n, mark := range []string{"Wombat", "Quokka", "Numbat"} {
			p.person(mark, int64(n+1))
		}
		// What newPeople puts beside the services has no place in totals, and is not
		// what they write.
		p.write(1, `UPDATE customer_comments SET pinned = 1 WHERE store_id = $1`)
		p.write(1, `UPDATE wishlists SET is_public = 1 WHERE store_id = $1`)
		p.write(1, `UPDATE segments SET name_norm = 'regulars-name' WHERE store_id = $1`)
		p.write(1, `UPDATE store_counters SET shopper_profiles = 3, shopper_profile_id = 3, wishlist_id = 9 WHERE store_id = $1`)
		p.write(1, `DELETE FROM list_totals WHERE store_id = $1`)
		p.write(1, `UPDATE store_counters SET uncounted_lists = 1 WHERE store_id = $1`)
		p.write(1, `UPDATE customers SET password_hash = 'md5$1$' || CAST(id AS TEXT) WHERE store_id = $1`)
		p.erase("demo", "token", `{"email":"quokka@example.com"}`)
		p.ask(`PUT /v3/customers [{"id":1,"first_name":"\u001f\"\\é\u2028","notes":"<&>"}]`)
		if err := p.Bundles.After(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		chain := history.NewChain(db, p.System, p.Keys, slog.New(slog.DiscardHandler))
		if _, err := chain.Seal(t.Context(), 1, true); err != nil {
			t.Fatal(err)
		}
		moveAround(t, p.Core, 1)
		p.Clock.Advance(48 * time.Hour)
		p.ask(`PUT /v3/customers [{"id":1,"company":"Later"}]`)
		if err := chain.Prune(t.Context(), 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if r, err := chain.Verify(t.Context(), 1, nil); err != nil || r.DroppedTo == 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		moveAround(t, p.Core, 1)
	})
}

// A bundle that was cut off, changed, or is something else is refused before a
// record is taken, as is one for a store that has something.
func TestBundleIsRefused(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, sqldb.SQLite)
	p := newPeople(t, db)
	p.person("Wombat", 1)
	text := written(t, p.Core, 1, true)
	st, err := p.Stores.Create(t.Context(), "", "Another", "")
	if err != nil {
		t.Fatal(err)
	}
	before := holds(t, p.Core, st.ID)
	take := func(text []byte) error {
		f, err := p.Bundles.Open(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return err
		}
		_, err = p.Bundles.Import(t.Context(), st.ID, f, nil)
		return err
	}
	for name, bad := range map[string][]byte{
		"nothing": {}, "a text": []byte("id,email\n1,a@b.example\n"), "half": text[:len(text)/2], "all but a byte": text[:len(text)-1],
	} {
		if err := take(bad); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, at := range middles(t, text) {
		bad := slices.Clone(text)
		bad[at] ^= 0x40
		if err := take(bad); err == nil {
			t.Errorf("with a byte of %s changed it is taken", name)
		}
	}
	for name, change := range map[string]func(part string, lines []string) []string{
		"a line less":     func(part string, l []string) []string { return l[:max(0, len(l)-1)] },
		"another value":   func(part string, l []string) []string { return replaced(l, "Wombat", "Numbat") },
		"another version": func(part string, l []string) []string { return replaced(l, `"version": 1`, `"version": 2`) },
		"a later part":    func(part string, l []string) []string { return replaced(l, `"name": "customers"`, `"name": "clients"`) },
	} {
		if err := take(rezipped(t, text, change)); err == nil {
			t.Errorf("with %s it is taken", name)
		}
	}
	sameRows(t, "after all that was refused", holds(t, p.Core, st.ID), before)
	if err := p.DB.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`INSERT INTO attributes (store_id, id, name, name_norm, type, date_created, date_modified) VALUES ($1, 1, 'a', 'a', 'string', 1, 1)`))
	}); err != nil {
		t.Fatal(err)
	}
	if err := take(text); err == nil || !strings.Contains(err.Error(), "it has attributes") {
		t.Errorf("a store with an attribute: %v", err)
	}
	p.write(st.ID, `DELETE FROM attributes WHERE store_id = $1`)
	if err := take(text); err != nil {
		t.Error(err)
	}
	p.write(1, `UPDATE erasures SET date_done = 0 WHERE store_id = $1`)
	if _, err := p.Bundles.Export(t.Context(), 1, portable.Options{}, io.Discard, nil); err != nil {
		t.Error(err)
	}
	p.put(1, "erasures", "x", 9, map[string]any{"date_done": int64(0)})
	if _, err := p.Bundles.Export(t.Context(), 1, portable.Options{}, io.Discard, nil); err == nil {
		t.Error("a store is written while a person is erased")
	}
}

func replaced(lines []string, from, to string) []string {
	out := slices.Clone(lines)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], from, to)
	}
	return out
}

// A bundle is of one moment, whatever is written meanwhile: what a record refers to
// is there, or it could not arrive.
func TestBundleIsOfOneMoment(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Seed: tableSeed})
		st, err := w.Stores.ByHash(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		stop, done := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for ; ; n++ {
				select {
				case <-stop:
					done <- n
					return
				default:
				}
				made, err := w.Customers.CreateFor(t.Context(), password.Party{StoreID: st.ID}, []customer.Create{{
					Email: fmt.Sprintf("m%d@example.com", n), FirstName: "M", LastName: "N",
					Addresses: []customer.AddressCreate{{AddressFields: customer.AddressFields{FirstName: "M", LastName: "N", Address1: "1 St", City: "Austin", StateOrProvince: "Texas", CountryCode: "US", PostalCode: "78701"}}},
				}})
				if err == nil && n%3 == 0 {
					_, err = w.Customers.Delete(t.Context(), st.ID, customer.DeleteList.New().Where("id", listing.In, []int64{made[0].ID}, nil))
				}
				if err != nil {
					t.Error(err)
				}
			}
		}()
		to := app.New(dbtest.Open(t, sqldb.SQLite), w.System, app.Parts{})
		last := int64(0)
		// A writer may come late where others take the processors.
		for round := 0; round < 8 || last == 0 && round < 200 && !t.Failed(); round++ {
			text := written(t, w.Core, st.ID, false)
			arrived := arrive(t, to, text)
			if !bytes.Equal(text, written(t, to, arrived, false)) {
				t.Error("it is another one when it has arrived")
			}
			var customers, addresses int64
			if err := to.DB.Read(t.Context(), arrived, func(tx *sqldb.Tx) error {
				return tx.Pipeline(sqldb.Counting(sqldb.Dynamic(`SELECT COUNT(*) FROM customers WHERE store_id = $1 AND id > 3`), &customers), sqldb.Counting(sqldb.Dynamic(`SELECT COUNT(*) FROM addresses WHERE store_id = $1 AND customer_id > 3`), &addresses))
			}); err != nil {
				t.Fatal(err)
			}
			// At the moment before there may have been one who was deleted since.
			if customers != addresses || customers < last-1 {
				t.Errorf("%d customers with %d addresses, after %d", customers, addresses, last)
			}
			last = customers
		}
		close(stop)
		if n := <-done; n == 0 || last == 0 {
			t.Errorf("%d were written, %d had arrived", n, last)
		}
	})
}

// Secrets that are encrypted where they are left and where they arrive, under other
// keys, are the same; without secrets a bundle has none of them.
func TestSecretsMove(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, _ *sqldb.DB) {
		e := sqldb.SQLite
		if strings.HasSuffix(t.Name(), string(sqldb.Postgres)) {
			e = sqldb.Postgres
		}
		w := apptest.New(t, dbtest.OpenWith(t, e, sqldb.Options{Secrets: keyFile(t, 1)}), apptest.Options{Seed: secretive})
		st, err := w.Stores.ByHash(t.Context(), "first")
		if err != nil {
			t.Fatal(err)
		}
		keys, err := w.Core.Keys.Keys(t.Context(), st.ID)
		if err != nil {
			t.Fatal(err)
		}
		bare := written(t, w.Core, st.ID, false)
		eachFile(t, bare, func(name, content string) {
			if strings.Contains(content, "secret-of") || name == "store_keys.ndjson" || name == "suppressions.ndjson" || strings.Contains(content, `"password_hash":"$`) {
				t.Errorf("without secrets there is %s: %s", name, content)
			}
		})
		text := written(t, w.Core, st.ID, true)
		for name, o := range map[string]sqldb.Options{"other keys": {Secrets: keyFile(t, 2)}, "no keys": {}} {
			to := app.New(dbtest.OpenWith(t, e, o), w.System, app.Parts{})
			if _, err := to.Stores.Create(t.Context(), "", "", ""); err != nil {
				t.Fatal(err)
			}
			id := arrive(t, to, text)
			there, err := to.Keys.Keys(t.Context(), id)
			if err != nil || there.Public.ID != keys.Public.ID || there.Hash("person", "a") != keys.Hash("person", "a") {
				t.Errorf("%s: the keys are others: %v", name, err)
			}
			settings, err := to.Stores.Settings(t.Context(), id)
			if err != nil || settings.Storefront.ReCaptcha.SecretKey != "secret-of-recaptcha" {
				t.Errorf("%s: %v", name, err)
			}
			if !bytes.Equal(text, written(t, to, id, true)) {
				t.Errorf("%s: the bytes differ", name)
			}
			if err := to.DB.Read(t.Context(), id, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT settings FROM store_settings WHERE store_id = $1`), func(r *sqldb.Row) error {
					if plain := strings.Contains(r.Text(0), "secret-of-recaptcha"); plain != (o.Secrets == nil) {
						t.Errorf("%s: stored as plain text: %v", name, plain)
					}
					return nil
				})
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
