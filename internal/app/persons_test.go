package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// nobodys are the tables that hold nothing of a person, and why.
var nobodys = map[string]string{
	"api_accounts":            "of apps",
	"duplicate_keys":          "hashes by which customers are compared, which go with their customer",
	"duplicate_pairs":         "ids, which go with their customers",
	"duplicate_scans":         "how far a job has come",
	"rule_clocks":             "of the store",
	"daily_figures":           "numbers of a day",
	"rule_groups":             "numbers of groups, which go with their customer",
	"rule_marks":              "numbers of customers, until a job has looked at them",
	"segment_rules":           "of the store",
	"bundle_loads":            "how far a load has come",
	"bulk_actions":            "what was asked for, and by whom",
	"exports":                 "what was asked for, and by whom",
	"export_chunks":           "files of exports, which go after a week",
	"mirrors":                 "addresses of stores, numbers and ids",
	"password_invites":        "numbers",
	"mirror_marks":            "ids",
	"imports":                 "files and numbers, and examples of rows that go with the files",
	"import_problems":         "lines and codes, of no cell",
	"import_ranges":           "numbers",
	"import_changes":          "numbers, which go seven days after their imports end",
	"import_chunks":           "files, which go seven days after their imports end",
	"staff_memberships":       "of who works with the control panel",
	"staff_passkeys":          "of who works with the control panel",
	"staff_recovery_codes":    "of who works with the control panel",
	"staff_sessions":          "of who works with the control panel",
	"staff_tokens":            "of who works with the control panel",
	"staff_users":             "of who works with the control panel",
	"attempt_windows":         "hashes and networks, which end within 15 minutes",
	"attributes":              "definitions",
	"channels":                "of the store",
	"checkout_settings":       "of the store",
	"customer_groups":         "of the store",
	"customer_settings":       "of the store",
	"email_clashes":           "ids of customers and subscribers",
	"email_rekeys":            "how far a job has come",
	"email_statuses":          "of the store",
	"email_template_versions": "texts of the store",
	"form_field_translations": "definitions",
	"form_fields":             "definitions",
	"history_actors":          "users of the machine, jobs and files",
	"history_seals":           "hashes",
	"imported_hash_counts":    "how far a job has come",
	"imported_hashes":         "numbers of customers",
	"jobs":                    "ids of what is to be done",
	"list_gaps":               "numbers of ids",
	"list_totals":             "numbers of rows",
	"price_list_assignments":  "of the store",
	"products":                "of the catalog",
	"schema_lock":             "of the program",
	"schema_spares":           "ids",
	"schema_snapshots":        "what tests go back to, in development mode alone",
	"saved_views":             "of who works with the control panel",
	"schema_migrations":       "of the program",
	"schema_writes":           "of the program",
	"schema_processes":        "of the program",
	"search_blocks":           "ids by words; they follow the customers (search.Fold)",
	"search_endings":          "words of any customers' names; they follow the customers (search.Fold)",
	"search_recent":           "words that are not in the lists yet; they follow the customers (search.Note)",
	"search_spellings":        "words of any customers; they follow the customers (search.Fold)",
	"search_stores":           "how far a job has come",
	"search_terms":            "words of any customers; they follow the customers (search.Fold)",
	"secret_keys":             "numbers of secrets",
	"consent_texts":           "texts that all were shown",
	"segments":                "of the store",
	"site_hosts":              "of the store",
	"site_routes":             "of the store",
	"store_counters":          "numbers",
	"store_keys":              "of the store",
	"store_logos":             "of the store",
	"store_settings":          "of the store",
	"storefront_keys":         "of the store",
	"storefront_revocations":  "hashes of tokens of apps",
	"storefront_tokens":       "of apps",
	"stores":                  "of the store",
	"used_login_tokens":       "hashes of ids that apps have drawn",
	"webhook_blocks":          "hosts of apps",
	"webhook_contacts":        "addresses of apps' own people, which their apps change",
	"webhook_cursors":         "how far a job has come",
	"webhook_notices":         "destinations of apps",
	"webhooks":                "of apps",
}

// column is one of a table.
type column struct{ name, kind string }

// schema returns the columns of all tables.
func schema(t *testing.T, db *sqldb.DB) map[string][]column {
	t.Helper()
	sql := `SELECT m.name, p.name, p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' AND $1 = 0`
	if db.Engine() == sqldb.Postgres {
		sql = `SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = 'public' AND $1 = 0 ORDER BY table_name, ordinal_position`
	}
	out := map[string][]column{}
	if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
		clear(out)
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error {
			out[r.Text(0)] = append(out[r.Text(0)], column{r.Text(1), strings.ToLower(r.Text(2))})
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every table is a part of a person or holds nothing of one, and every column of
// a part is told or has a reason not to be.
func TestEveryTableIsAskedForPersons(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, sqldb.SQLite)
	w := apptest.New(t, db, apptest.Options{})
	tables := schema(t, db)
	parts := map[string]*personal.Part{}
	for i, p := range w.Persons.Parts() {
		if parts[p.Table] != nil {
			t.Errorf("%s is told twice", p.Table)
		}
		parts[p.Table] = &w.Persons.Parts()[i]
		if p.Title == "" || p.Read == nil {
			t.Errorf("%s has no title or is not read", p.Table)
		}
		told := map[string]bool{}
		for _, c := range p.Columns {
			told[c] = true
		}
		for _, c := range tables[p.Table] {
			_, hidden := p.Hidden[c.name]
			if c.name != "store_id" && told[c.name] == hidden {
				t.Errorf("%s.%s: told %v, hidden %v", p.Table, c.name, told[c.name], hidden)
			}
		}
		for name := range p.Hidden {
			if !slices.ContainsFunc(tables[p.Table], func(c column) bool { return c.name == name }) {
				t.Errorf("%s has no column %s", p.Table, name)
			}
		}
	}
	for name := range tables {
		if (parts[name] == nil) == (nobodys[name] == "") {
			t.Errorf("%s: does it hold something of a person? Declare a personal.Part in its package, or say why not in nobodys", name)
		}
	}
	for name := range nobodys {
		if tables[name] == nil {
			t.Errorf("there is no table %s", name)
		}
	}
	for name := range parts {
		if tables[name] == nil {
			t.Errorf("there is no table %s", name)
		}
	}
}

// people is a world with persons of whom every table holds something.
type people struct {
	*telling
	tables map[string][]column
}

const peopleSeed = scopesSeed + `
    products: [{id: 1, name: Lamp, price: 12.5}]
  - hash: other
    api_accounts:
      - {name: App, client_id: cli-app, client_secret: secret, access_token: other, scopes: [all]}
`

func newPeople(t *testing.T, db *sqldb.DB) *people {
	t.Helper()
	p := &people{telling: &telling{t: t, World: apptest.New(t, db, apptest.Options{Seed: peopleSeed})}}
	p.tables = schema(t, db)
	p.put(1, "segments", "Regulars", 1, nil)
	return p
}

// write runs statements for a store.
func (p *people) write(store int64, sql string, args ...any) {
	p.t.Helper()
	if err := p.DB.Write(p.t.Context(), store, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql), args...) }); err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
}

// put inserts a row. What values do not tell is the mark with the column's name,
// or the number.
func (p *people) put(store int64, table, mark string, n int64, values map[string]any) {
	p.t.Helper()
	names, places, args := []string{"store_id"}, []string{"$1"}, []any{}
	for _, c := range p.tables[table] {
		if c.name == "store_id" {
			continue
		}
		v, ok := values[c.name]
		switch {
		case ok:
		case c.kind == "text":
			v = mark + "-" + c.name
		case c.kind == "integer", c.kind == "bigint", c.kind == "smallint":
			v = n
		default:
			v = []byte{}
		}
		args = append(args, v)
		names, places = append(names, c.name), append(places, fmt.Sprintf("$%d", len(args)+1))
	}
	p.write(store, `INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`, args...)
}

// address is a person's.
func address(mark string) string { return strings.ToLower(mark) + "@example.com" }

// person makes a customer and a subscriber, and puts something of them into every
// other table. n tells persons of a store apart. It returns the customer's id.
func (p *people) person(mark string, n int64) (customerID int64) {
	p.t.Helper()
	at := address(mark)
	p.ask(`POST /v3/customers [{"email":"` + at + `","first_name":"` + mark + `","last_name":"` + mark + `son","company":"` + mark + ` Ltd","phone":"` + mark + `-555","notes":"<script>` + mark + `</script>",
		"form_fields":[{"name":"Size","value":"` + mark + `"}],"attributes":[{"attribute_id":1,"attribute_value":"4` + fmt.Sprint(n) + `"}],"store_credit_amounts":[{"amount":12.5}],
		"addresses":[{"first_name":"` + mark + `","last_name":"B","address1":"1 ` + mark + ` St","city":"` + mark + `ville","state_or_province":"Texas","country_code":"US","postal_code":"78701","form_fields":[{"name":"Floor","value":"` + mark + `"}]}]}]`)
	customerID = p.customerOf(at)
	p.ask(`POST /v3/customers/subscribers {"email":"` + at + `","first_name":"` + mark + `","last_name":"` + mark + `"}`)
	c := func(more ...any) map[string]any {
		out := map[string]any{"customer_id": customerID}
		for i := 0; i < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	put := func(table string, values map[string]any) { p.t.Helper(); p.put(1, table, mark, n, values) }
	put("customer_consents", c())
	put("customer_sign_ins", c())
	put("subscriber_ends", map[string]any{"email_norm": strings.ToLower(at), "channel_id": int64(9)})
	put("bounces", map[string]any{"email": at, "email_norm": strings.ToLower(at), "kind": "hard", "via": "mail_server"})
	keys, err := p.Keys.Keys(p.t.Context(), 1)
	if err != nil {
		p.t.Fatal(err)
	}
	put("person_requests", map[string]any{"id": 1000 + n, "address_hash": personal.HashOf(keys, at), "email": at, "kind": "export", "outcome": "done", "erasure_id": int64(0), "actor_kind": "staff", "actor_name": "Pia", "date_done": int64(1)})
	put("customer_aliases", c("email", at, "email_norm", at, "signs_in", int64(1)))
	put("customer_merges", c("merged", "[77]", "leftover", `[{"table":"`+mark+`"}]`))
	put("shopper_profiles", c())
	put("segment_members", map[string]any{"segment_id": int64(1), "profile_id": n})
	p.ask(fmt.Sprintf(`POST /v3/customers/%d/metafields {"permission_set":"app_only","namespace":"%s.space","key":"%[2]s-key","value":"%[2]s-value","description":"%[2]s-description"}`, customerID, mark))
	put("customer_comments", c())
	put("wishlists", c())
	put("wishlist_items", map[string]any{"wishlist_id": n})
	put("orders", c())
	put("order_lines", map[string]any{"order_id": n, "product_id": int64(1)})
	put("companies", c("address", `{"city":"`+mark+`"}`, "extras", `{"x":"`+mark+`"}`, "files", `["`+mark+`"]`))
	put("tax_properties", c())
	put("stored_instruments", c("is_default", int64(1), "details", `{"holder":"`+mark+`"}`))
	put("account_sessions", c("ip_address", mark+"-ip", "date_expires", int64(4e9)))
	put("impersonations", c())
	put("account_tokens", c("purpose", "sign_in"))
	put("account_tokens", map[string]any{"customer_id": int64(0), "token_hash": mark + "-token_hash2", "purpose": "subscribe", "data": `{"email":"` + strings.ToUpper(at) + `","first_name":"` + mark + `"}`})
	put("known_addresses", c())
	put("unconfirmed_customers", c())
	put("sign_in_failures", c())
	put("idempotency_keys", c("until", int64(4e9), "done", int64(1)))
	put("emails", c("id", 1000+n, "recipient", at, "recipient_norm", at, "data", `{"data":{"x":"`+mark+`"}}`, "status", "sent"))
	put("emails", map[string]any{"customer_id": int64(0), "id": 2000 + n, "message_id": mark + "-other", "recipient": at, "recipient_norm": at, "status": "sent"})
	put("webhook_deliveries", map[string]any{"hook_id": int64(1), "id": 1000 + n, "scope": "store/metafield/created", "state": "delivered", "due_at": int64(0), "lease_owner": "", "lane": customerID,
		"data": fmt.Sprintf(`{"metafield_id":%d,"resource_id":"1","resource_type":"customer","namespace":"`, n) + mark + `"}`, "tries": `[{"at":1,"url":"https://x.example","ms":1,"body":"` + mark + `"}]`})
	put("bulk_actions", map[string]any{"state": "done", "subject": "customers", "options": "{}", "error": "", "actor_kind": "staff", "actor_name": "Ann"})
	put("bulk_items", map[string]any{"bulk_action_id": n, "id": customerID, "failed": int64(0)})
	return customerID
}

// customerOf returns the id of the customer with an address.
func (p *people) customerOf(at string) (id int64) {
	p.t.Helper()
	if err := p.DB.Read(p.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND customer_id <> 0`), func(r *sqldb.Row) error { id = r.Int(0); return nil }, at)
	}); err != nil || id == 0 {
		p.t.Fatal("no customer", err)
	}
	return id
}

// export returns the archive's files.
func (p *people) export(store, token, at string) map[string]string {
	p.t.Helper()
	code, body := p.post(store, token, "/v3/clientele/persons/export", `{"email":"`+at+`"}`)
	if code != 200 {
		p.t.Fatalf("export: %d %s", code, body)
	}
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			p.t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			p.t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

// told returns what an export tells of a person, without that it was exported.
func (p *people) told(at string) string {
	p.t.Helper()
	var lines []string
	for line := range strings.Lines(p.export("demo", "token", at)["data.json"]) {
		if !strings.Contains(line, `"resource":"person"`) {
			lines = append(lines, strings.TrimRight(line, ",\n"))
		}
	}
	return strings.Join(lines, "\n")
}

func (p *people) post(store, token, path, body string) (int, string) {
	p.t.Helper()
	r := httptest.NewRequest("POST", "http://main.example/stores/"+store+path, strings.NewReader(body))
	r.Header.Set("X-Auth-Token", token)
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	p.Handler.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// An export has everything of a person, and nothing of anybody else.
func TestPersonIsExported(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		p.person("Wombat", 1)
		id := p.person("Quokka", 2)
		files := p.export("demo", "token", "QUOKKA@example.com")
		if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, []string{"data.json", "index.html"}) {
			t.Fatal(got)
		}
		var data struct {
			Store struct{ Hash string }
			Email string
			IDs   []int64 `json:"customer_ids"`
			// By table.
			Tables map[string][]map[string]any
		}
		if err := json.Unmarshal([]byte(files["data.json"]), &data); err != nil {
			t.Fatalf("%v\n%s", err, files["data.json"])
		}
		if data.Store.Hash != "demo" || data.Email != "QUOKKA@example.com" || !slices.Equal(data.IDs, []int64{id}) {
			t.Errorf("%+v", data)
		}
		for _, part := range p.Persons.Parts() {
			rows := data.Tables[part.Table]
			if part.Stays != "" {
				continue // of who was erased
			}
			if len(rows) == 0 {
				t.Errorf("nothing of %s", part.Table)
				continue
			}
			if !strings.Contains(files["index.html"], `<h2 id="`+part.Table+`">`+part.Title+` <span>`+fmt.Sprint(len(rows))+`</span>`) {
				t.Errorf("the page does not tell of %s", part.Table)
			}
		}
		if n := len(data.Tables["account_tokens"]) + len(data.Tables["emails"]); n != 4 {
			t.Errorf("%d links and emails", n)
		}
		for file, text := range files {
			if strings.Contains(strings.ToLower(text), "wombat") {
				t.Errorf("%s tells of somebody else", file)
			}
			for _, want := range []string{"1 Quokka St", "Quokkaville", "Quokka-555", "quokka.space", "Quokka-value", "Quokka-ip", "Quokka-user_agent", "Quokka-network", "Quokka-body_html", "Regulars"} {
				if !strings.Contains(strings.ReplaceAll(text, "Quokka.space", "quokka.space"), want) {
					t.Errorf("%s does not hold %s", file, want)
				}
			}
			for _, secret := range []string{"Quokka-request_hash", "Quokka-token_hash", "Quokka-answer", "password_hash"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s holds %s", file, secret)
				}
			}
		}
		if strings.Contains(files["index.html"], "<script") || !strings.Contains(files["index.html"], "&lt;script&gt;Quokka") {
			t.Error("the page does not escape")
		}
		if code, body := p.post("demo", "token", "/v3/clientele/persons/export", `{"email":"nobody@example.com"}`); code != 404 {
			t.Errorf("nobody: %d %s", code, body)
		}
		for _, bad := range []string{`{}`, `{"email":""}`, `{"email":"x"}`, `{"email":7}`, `{"email":"` + strings.Repeat("x", 256) + `@example.com"}`} {
			if code, body := p.post("demo", "token", "/v3/clientele/persons/export", bad); code != 422 {
				t.Errorf("%s: %d %s", bad, code, body)
			}
		}
		if code, body := p.post("other", "other", "/v3/clientele/persons/export", `{"email":"quokka@example.com"}`); code != 404 {
			t.Errorf("another store: %d %s", code, body)
		}
		// Somebody with more rows than are read at once.
		for i := range int64(250) {
			p.put(1, "known_addresses", fmt.Sprintf("Many%03d", i), i, map[string]any{"customer_id": id})
		}
		if got := strings.Count(p.export("demo", "token", "quokka@example.com")["data.json"], "Many"); got != 250 {
			t.Errorf("%d of 250 rows", got)
		}
	})
}

// everything returns all rows of all tables as texts, by table.
func (p *people) everything() map[string]map[string]int {
	p.t.Helper()
	out := map[string]map[string]int{}
	for table, columns := range p.tables {
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = c.name
		}
		rows := map[string]int{}
		if err := p.DB.Read(p.t.Context(), 0, func(tx *sqldb.Tx) error {
			clear(rows)
			return tx.Query(sqldb.Dynamic(`SELECT `+strings.Join(names, ", ")+` FROM `+table+` WHERE $1 = 0`), func(r *sqldb.Row) error {
				var b strings.Builder
				for i, c := range columns {
					switch c.kind {
					case "text":
						fmt.Fprintf(&b, "%s=%s|", c.name, r.Text(i))
					case "blob", "bytea":
						fmt.Fprintf(&b, "%s=%q|", c.name, r.Bytes(i))
					default:
						fmt.Fprintf(&b, "%s=%d|", c.name, r.Int(i))
					}
				}
				rows[b.String()]++
				return nil
			})
		}); err != nil {
			p.t.Fatal(table, err)
		}
		out[table] = rows
	}
	return out
}

// counted are tables of numbers, and of what follows the customers by itself.
var counted = []string{"store_counters", "list_gaps", "list_totals", "jobs", "search_recent", "search_terms", "search_blocks", "search_endings", "search_spellings", "search_stores", "schema_writes", "imported_hash_counts"}

type erasure struct {
	ID     int64
	Status string
	Tables []struct {
		Table   string
		Rows    int64
		Becomes string
	}
	Hash        string `json:"address_hash"`
	Certificate string
	Signature   string
	KeyID       string `json:"key_id"`
}

func (p *people) erase(store, token, body string) *erasure {
	p.t.Helper()
	code, text := p.post(store, token, "/v3/clientele/persons/erase", body)
	var out struct{ Data erasure }
	if err := json.Unmarshal([]byte(text), &out); err != nil || code != 200 {
		p.t.Fatal(code, text, err, p.Log.String())
	}
	return &out.Data
}

// Of a person who was erased nothing is left in any table, nor in the files of
// the database. Everybody else stays as they were, byte for byte.
func TestPersonIsErased(t *testing.T) {
	t.Parallel()
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.DSN(t, engine)
			p := newPeople(t, dbtest.OpenDSN(t, dsn))
			p.person("Wombat", 1)
			if code, body := p.post("other", "other", "/v3/customers", `[{"email":"quokka@example.com","first_name":"Quokka","last_name":"Other"}]`); code != 200 {
				t.Fatal(body)
			}
			if err := p.Customers.FoldSearch(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			before, archive := p.everything(), p.told("wombat@example.com")
			id := p.person("Quokka", 2)

			preview := p.erase("demo", "token", `{"email":"Quokka@Example.com","preview":true}`)
			if preview.Status != "preview" || preview.ID != 0 || preview.Certificate != "" {
				t.Errorf("%+v", preview)
			}
			done := p.erase("demo", "token", `{"email":"Quokka@Example.com"}`)
			if done.Status != "done" || done.ID == 0 {
				t.Fatalf("%+v", done)
			}
			// What was counted is what was erased.
			counts := map[string]int64{}
			for _, c := range done.Tables {
				counts[c.Table] = c.Rows
			}
			for _, c := range preview.Tables {
				if c.Becomes == "deleted" && counts[c.Table] != c.Rows || counts[c.Table] == 0 {
					t.Errorf("%d rows of %s were erased, the preview told of %d", counts[c.Table], c.Table, c.Rows)
				}
			}
			if len(preview.Tables) < 25 {
				t.Errorf("only %d tables", len(preview.Tables))
			}
			keys, err := p.Server.Core.Keys.PublicKeys(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			signature, err := base64.StdEncoding.DecodeString(done.Signature)
			if err != nil || keys[0].ID != done.KeyID || !keys[0].Verify("erasure", []byte(done.Certificate), signature) {
				t.Errorf("the certificate is not signed: %+v %v", done, err)
			}

			after := p.everything()
			for table, rows := range after {
				for row := range rows {
					if strings.Contains(strings.ToLower(row), "quokka") && strings.HasPrefix(row, "store_id=1|") {
						t.Errorf("%s holds %s", table, row)
					}
				}
			}
			for table, rows := range before {
				for row, n := range rows {
					if after[table][row] != n && !slices.Contains(counted, table) {
						t.Errorf("%s has %d of %d times: %s", table, after[table][row], n, row)
					}
				}
			}
			if again := p.told("wombat@example.com"); again != archive {
				t.Error("the export of somebody else is another one")
			}
			r := httptest.NewRequest("GET", "http://main.example/stores/demo/v3/clientele/search?q=wombat", nil)
			r.Header.Set("X-Auth-Token", "token")
			rec := httptest.NewRecorder()
			if p.Handler.ServeHTTP(rec, r); !strings.Contains(rec.Body.String(), `"email":"wombat@example.com"`) {
				t.Errorf("the search finds nobody: %s", rec.Body)
			}

			if rows := fmt.Sprint(after["webhook_deliveries"]); !strings.Contains(rows, `data={"metafield_id":2,"resource_id":"1","resource_type":"customer","namespace":""}|`) {
				t.Error(rows)
			}
			// The proof stays: of the consent, and of the erasure.
			files := p.export("demo", "token", "quokka@example.com")
			for _, want := range []string{`"erased:` + done.Hash + `"`, `"suppressions":[`, `"erasures":[`, `"action":"deleted"`, `"via":"erasure"`} {
				if !strings.Contains(files["data.json"], want) {
					t.Errorf("nothing of %s is left: %s", want, files["data.json"])
				}
			}
			// What a write that was under way leaves is erased by a job. The address may
			// be somebody's again by then.
			p.ask(`POST /v3/customers [{"email":"quokka@example.com","first_name":"Again","last_name":"B"}]`)
			p.put(1, "emails", "late", 7, map[string]any{"customer_id": id, "recipient": "quokka@example.com", "recipient_norm": "quokka@example.com", "status": "sent"})
			p.put(1, "emails", "fresh", 8, map[string]any{"customer_id": id + 1, "recipient": "quokka@example.com", "recipient_norm": "quokka@example.com", "status": "sent"})
			p.Clock.Advance(2 * time.Minute)
			if _, err := p.Jobs.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rows := fmt.Sprint(p.everything()["emails"]); strings.Contains(rows, "late-subject") || !strings.Contains(rows, "fresh-subject") {
				t.Error(rows)
			}
			for _, store := range [][2]string{{"demo", "token"}, {"other", "other"}} {
				if got := p.erase(store[0], store[1], `{"email":"quokka@example.com"}`); got.Status != "done" {
					t.Errorf("%+v", got)
				}
			}
			if where := dbtest.InFiles(t, p.DB, dsn, "quokka", "Quokka", "QUOKKA"); where != "" {
				t.Error(where)
			}
			if where := dbtest.InFiles(t, p.DB, dsn, "Wombat"); where == "" {
				t.Error("the files are not looked at")
			}
		})
	}
}
