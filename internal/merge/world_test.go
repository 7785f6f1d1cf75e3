package merge_test

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"clientele/internal/app/apptest"
	"clientele/internal/merge"
	"clientele/internal/sqldb"
)

const worldSeed = `
stores:
  - hash: demo
    name: Demo
    channels: [{id: 2, name: Second}]
    api_accounts:
      - {name: App, client_id: cli, client_secret: secret, access_token: token, scopes: [all]}
    customer_groups: [{id: 1, name: Regulars}, {id: 2, name: Trade}]
    products: [{id: 1, name: Lamp, price: 1}, {id: 2, name: Desk, price: 1}, {id: 3, name: Bed, price: 1}]
    attributes: [{id: 1, name: Size, type: string}, {id: 2, name: Colour, type: string}]
`

type world struct {
	*apptest.World
	t      *testing.T
	tables map[string][]column
	r      *rand.Rand
	n      int64
}

type column struct{ name, kind string }

func newWorld(t *testing.T, db *sqldb.DB, seed uint64) *world {
	t.Helper()
	w := &world{World: apptest.New(t, db, apptest.Options{Seed: worldSeed}), t: t, r: rand.New(rand.NewPCG(seed, 1)), tables: map[string][]column{}}
	sql := `SELECT m.name, p.name, p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' AND $1 = 0`
	if db.Engine() == sqldb.Postgres {
		sql = `SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = 'public' AND $1 = 0 ORDER BY table_name, ordinal_position`
	}
	w.ok(db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
		clear(w.tables)
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error {
			w.tables[r.Text(0)] = append(w.tables[r.Text(0)], column{r.Text(1), strings.ToLower(r.Text(2))})
			return nil
		})
	}))
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// ask sends a request that may be refused, and returns the status and the answer.
func (w *world) ask(request, body string) (int, string) {
	w.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, "http://main.example/stores/demo"+path, strings.NewReader(body))
	r.Header.Set("X-Auth-Token", "token")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

func (w *world) must(request, body string) string {
	w.t.Helper()
	code, text := w.ask(request, body)
	if code >= 300 {
		w.t.Fatalf("%s %s: %d %s", request, body, code, text)
	}
	return text
}

// put inserts a row. What values do not tell is made up.
func (w *world) put(table string, values map[string]any) {
	w.t.Helper()
	w.n++
	names, places, args := []string{"store_id"}, []string{"$1"}, []any{}
	for _, c := range w.tables[table] {
		if c.name == "store_id" {
			continue
		}
		v, given := values[c.name]
		switch {
		case given:
		case c.kind == "text":
			v = fmt.Sprintf("%s-%d", c.name, w.n)
		case c.kind == "blob", c.kind == "bytea":
			v = []byte{}
		default:
			v = w.n
		}
		names, args = append(names, c.name), append(args, v)
		places = append(places, fmt.Sprintf("$%d", len(args)+1))
	}
	w.ok(w.DB.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`), args...)
	}))
}

func (w *world) write(sql string, args ...any) {
	w.t.Helper()
	w.ok(w.DB.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql), args...) }))
}

func (w *world) count(sql string, args ...any) (n int64) {
	w.t.Helper()
	w.ok(w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { n = r.Int(0); return nil }, args...)
	}))
	return n
}

// some reports whether something is to be, mostly.
func (w *world) some() bool { return w.r.IntN(3) > 0 }

// definitions makes what values refer to.
func (w *world) definitions() {
	w.t.Helper()
	for i := range 2 {
		w.put("form_fields", map[string]any{"id": int64(100 + i), "form": "customer", "name": fmt.Sprint("F", i), "name_norm": fmt.Sprint("f", i), "type": "text", "required": int64(0), "options": "{}"})
		w.put("form_fields", map[string]any{"id": int64(200 + i), "form": "address", "name": fmt.Sprint("A", i), "name_norm": fmt.Sprint("a", i), "type": "text", "required": int64(0), "options": "{}"})
	}
	for i := range 3 {
		w.must(`POST /v3/segments`, fmt.Sprintf(`[{"name":"S%d"}]`, i))
	}
}

// person makes a customer of whom tables hold something or nothing, by chance.
func (w *world) person(i int) int64 {
	w.t.Helper()
	pick := func(list ...string) string { return list[w.r.IntN(len(list))] }
	at := fmt.Sprintf("c%d-%d@example.com", i, w.r.IntN(1000))
	addresses := []string{}
	for range w.r.IntN(4) {
		addresses = append(addresses, fmt.Sprintf(`{"first_name":"A","last_name":"B","address1":"%d St","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701"}`, w.r.IntN(4)))
	}
	w.must(`POST /v3/customers`, fmt.Sprintf(`[{"email":"%s","first_name":"%s","last_name":"Doe","phone":"%s","company":"%s","notes":"%s","customer_group_id":%d,"accepts_product_review_abandoned_cart_emails":%t,
		"store_credit_amounts":[{"amount":%d}],"addresses":[%s]}]`, at, pick("Jane", "J<a>ne", "Zoë"), pick("", "555-1", "555-2"), pick("", "Acme"), pick("", "note", "other"), w.r.IntN(3), w.some(), w.r.IntN(30),
		strings.Join(addresses, ",")))
	id := w.count(`SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm = $2`, at)
	c := func(more ...any) map[string]any {
		out := map[string]any{"customer_id": id}
		for j := 0; j < len(more); j += 2 {
			out[more[j].(string)] = more[j+1]
		}
		return out
	}
	if w.some() {
		w.write(`UPDATE customers SET password_hash = $3, locale = $4 WHERE store_id = $1 AND id = $2`, id, fmt.Sprint("hash-", i), pick("", "de"))
	}
	for a := range int64(2) {
		if w.some() {
			w.must(`PUT /v3/customers/attribute-values`, fmt.Sprintf(`[{"attribute_id":%d,"customer_id":%d,"value":"%s"}]`, a+1, id, pick("x", "y")))
		}
		if w.some() {
			w.must(`PUT /v3/customers/form-field-values`, fmt.Sprintf(`[{"name":"F%d","customer_id":%d,"value":"%s"}]`, a, id, pick("x", "y")))
		}
	}
	if len(addresses) > 0 && w.some() {
		book := w.count(`SELECT id FROM addresses WHERE store_id = $1 AND customer_id = $2 ORDER BY id LIMIT 1`, id)
		w.must(`PUT /v3/customers/form-field-values`, fmt.Sprintf(`[{"name":"A0","address_id":%d,"value":"floor"}]`, book))
	}
	for j := range w.r.IntN(3) {
		w.must(fmt.Sprintf(`POST /v3/customers/%d/metafields`, id), fmt.Sprintf(`{"permission_set":"%s","namespace":"n","key":"k%d","value":"%d"}`, pick("read", "app_only"), j, w.r.IntN(2)))
	}
	for j := range w.r.IntN(3) {
		w.must(`POST /v3/wishlists`, fmt.Sprintf(`{"customer_id":%d,"name":"List %d","is_public":false,"items":[{"product_id":%d}]}`, id, j, j+1))
	}
	for _, code := range []string{"a", "b"} {
		if w.some() {
			w.put("tax_properties", c("code", code, "value", pick("1", "2")))
		}
	}
	for j := range w.r.IntN(3) {
		is := int64(0)
		if j == 0 && w.some() {
			is = 1
		}
		w.put("stored_instruments", c("is_default", is, "details", "{}"))
	}
	if w.some() {
		w.put("customer_consents", c("allow", pick("", "functional", "functional,analytics"), "deny", pick("", "targeting")))
	}
	if w.some() {
		w.put("customer_sign_ins", c("date_last", int64(1_700_000_000+w.r.IntN(1000)*3600)))
	}
	if w.r.IntN(4) == 0 {
		w.put("unconfirmed_customers", c())
	}
	if w.r.IntN(4) == 0 {
		w.put("rule_groups", c("group_id", int64(1), "before_id", int64(0)))
	}
	for range w.r.IntN(3) {
		w.put("known_addresses", c("ip_address", pick("10.0.0.1", "10.0.0.2", fmt.Sprint("10.0.1.", w.n))))
		if w.count(`SELECT COUNT(*) FROM known_addresses WHERE store_id = $1 AND customer_id = $2`, id) > 0 {
			break
		}
	}
	if w.some() {
		w.put("companies", c("name", "Co", "address", "{}", "extras", "{}", "files", "[]", "channel_id", int64(1), "status", "0"))
		w.write(`INSERT INTO list_totals (store_id, list, part, total) VALUES ($1, 2, '', 1) ON CONFLICT (store_id, list, part) DO UPDATE SET total = list_totals.total + 1`)
	}
	for range w.r.IntN(3) {
		w.n++
		order := w.n
		w.put("orders", c("id", order, "channel_id", int64(1)))
		w.put("order_lines", map[string]any{"order_id": order, "place": int64(1), "product_id": int64(1)})
	}
	for range w.r.IntN(3) {
		w.put("customer_comments", c("pinned", int64(0)))
	}
	for j := range 3 {
		if w.r.IntN(2) == 0 {
			uuid := ""
			w.ok(w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT uuid FROM segments WHERE store_id = $1 AND name = $2`), func(r *sqldb.Row) error { uuid = strings.Clone(r.Text(0)); return nil }, fmt.Sprint("S", j))
			}))
			if _, err := w.Segments.AddCustomers(w.t.Context(), 1, uuid, []int64{id}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	for channel := range int64(2) {
		switch w.r.IntN(4) {
		case 0:
		case 1: // left
			w.must(`POST /v3/customers/subscribers`, fmt.Sprintf(`{"email":"%s","channel_id":%d}`, at, channel+1))
			sub := w.count(`SELECT id FROM subscribers WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3`, at, channel+1)
			w.must(fmt.Sprintf(`DELETE /v3/customers/subscribers/%d`, sub), ``)
		default:
			w.must(`POST /v3/customers/subscribers`, fmt.Sprintf(`{"email":"%s","channel_id":%d,"consents":[%s]}`, at, channel+1, pick(``, `"marketing_newsletter"`, `"marketing_newsletter","abandoned_cart"`)))
		}
	}
	if w.r.IntN(5) == 0 {
		w.must(`POST /v3/clientele/bounces`, fmt.Sprintf(`{"email":"%s","kind":"complaint"}`, at))
	}
	if w.r.IntN(3) == 0 {
		w.must(fmt.Sprintf(`POST /v3/clientele/customers/%d/credit`, id), `{"kind":"credit","amount":5,"expires_at":"2030-01-01T00:00:00Z"}`)
	}
	return id
}

// passing are tables of work, numbers and what tells of the past.
var passing = []string{
	"history", "history_actors", "history_seals", "events", "jobs", "credit_entries", "consent_changes", "consent_texts", "search_recent", "search_terms", "search_blocks", "search_endings",
	"search_spellings", "search_stores", "rule_marks", "customer_merges", "schema_writes", "api_accounts", "webhook_cursors", "daily_figures", "attempt_windows",
}

// everything returns the rows of all tables but for dates.
func (w *world) everything() map[string][]string {
	w.t.Helper()
	out := map[string][]string{}
	for table, columns := range w.tables {
		if slices.Contains(passing, table) {
			continue
		}
		names := make([]string, 0, len(columns))
		for _, c := range columns {
			switch {
			case strings.HasPrefix(c.name, "date_") && (c.name != "date_created" || table == "subscribers" || table == "subscriber_ends"):
			case table == "store_counters" && slices.Contains([]string{"event_id", "history_id", "consent_change_id", "merge_id", "lap"}, c.name):
			case c.kind == "blob", c.kind == "bytea":
			default:
				names = append(names, "CAST("+c.name+" AS TEXT)")
			}
		}
		where := ""
		switch table {
		case "list_gaps":
			where = ` AND missing <> 0`
		case "list_totals":
			where = ` AND total <> 0`
		}
		if !slices.ContainsFunc(columns, func(c column) bool { return c.name == "store_id" }) {
			continue
		}
		var rows []string
		w.ok(w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
			rows = nil
			return tx.Query(sqldb.Dynamic(`SELECT `+strings.Join(names, ", ")+` FROM `+table+` WHERE store_id = $1`+where), func(r *sqldb.Row) error {
				var b strings.Builder
				for i := range names {
					b.WriteString(strings.TrimSuffix(strings.TrimPrefix(names[i], "CAST("), " AS TEXT)") + "=" + r.Text(i) + "|")
				}
				rows = append(rows, b.String())
				return nil
			})
		}))
		slices.Sort(rows)
		out[table] = rows
	}
	return out
}

// differ tells in what two states differ.
func differ(before, after map[string][]string) (out []string) {
	for table := range before {
		for _, row := range before[table] {
			if !slices.Contains(after[table], row) {
				out = append(out, "- "+table+" "+row)
			}
		}
		for _, row := range after[table] {
			if !slices.Contains(before[table], row) {
				out = append(out, "+ "+table+" "+row)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) merge(a merge.Ask) *merge.Merge {
	w.t.Helper()
	seen, err := w.Merges.Preview(w.t.Context(), 1, a)
	w.ok(err)
	a.ETag = seen.ETag
	m, err := w.Merges.Merge(w.t.Context(), 1, a)
	w.ok(err)
	return m
}

func (w *world) credits() int64 {
	w.t.Helper()
	return w.count(`SELECT CAST(SUM(store_credit) AS BIGINT) FROM customers WHERE store_id = $1`)
}
