package app_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/rest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

var updateHistory = flag.Bool("update-history", false, "write testdata/history.txt anew")

// Every operation that writes, by whichever door, has an entry of the history
// for each record that it changed and for none that it did not, which tells who
// did it, by which surface, from where and in which request. Operations are
// those of the program itself, so that one that is not done here is found; what
// changed is what differs in the tables of the database. What the entries say is
// in testdata/history.txt.
func TestHistoryOfEveryWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		seed, err := os.ReadFile(seedOf(t, "http://127.0.0.1:1"))
		if err != nil {
			t.Fatal(err)
		}
		w := &histories{t: t, db: db, tables: schema(t, db), done: map[string]int{}}
		w.World = apptest.New(t, db, apptest.Options{Seed: string(seed)})
		w.matrixWorld = &matrixWorld{t: t, s: w.Server, h: app.Within(w.World.Handler), field: map[string]string{}, delivery: map[string]string{}}
		w.fields()
		w.st = w.store(home).ID
		w.register()
		w.last = historytest.Last(t, db, w.st)
		w.checkRecords()
		w.documented()
		w.management()
		w.shoppers()
		w.shopsGraph()
		w.adminGraph()
		w.ends()
		w.complete()
		w.golden()
		moveAround(t, w.World.Core, w.st)
		if n := historytest.Last(t, db, w.store(away).ID); n != w.other {
			t.Errorf("the other store has %d entries more", n-w.other)
		}
	})
}

// histories does every write and looks at what was recorded.
type histories struct {
	*apptest.World
	*matrixWorld
	t      *testing.T
	db     *sqldb.DB
	tables map[string][]column
	st     int64
	last   int64
	other  int64          // the last entry of the other store
	done   map[string]int // entries by operation
	text   strings.Builder
}

// by is who writes.
type by struct {
	surface history.Surface
	kind    history.ActorKind
	id      int64
}

var (
	v3Account = by{history.V3, history.ByAccount, 1}
	v2Account = by{history.V2, history.ByAccount, 1}
)

var drawn = regexp.MustCompile(`\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|\b\d{12,}\b|\b10\.0\.0\.\d+\b`)

// step does a write, and holds what was recorded to what changed. key names the
// operation.
func (w *histories) step(key, name string, who by, do func() answer) answer {
	w.t.Helper()
	before := w.snapshot()
	got := do()
	after := w.snapshot()
	checkListTotals(w.t, w.db, w.st, name)
	entries := historytest.Entries(w.t, w.db, w.st, max(w.last, 1))
	entries = slices.DeleteFunc(entries, func(e history.Listed) bool { return e.ID <= w.last })
	if len(entries) > 0 {
		w.last = entries[len(entries)-1].ID
	}
	w.done[key] += len(entries)
	fmt.Fprintf(&w.text, "%s (%s %s %d)\n", drawn.ReplaceAllString(name, "#"), who.surface, who.kind, who.id)
	var wrong []string
	for i := range entries {
		e := &entries[i]
		fmt.Fprintf(&w.text, "\t%s\n", drawn.ReplaceAllString(historytest.Line(e), "#"))
		if e.Surface != who.surface || !enters(e, who) && (e.Actor.Kind != who.kind || e.Actor.ID != who.id && who.id != 0) {
			wrong = append(wrong, fmt.Sprintf("%s is by %s, %s %d, want %+v", historytest.Line(e), e.Surface, e.Actor.Kind, e.Actor.ID, who))
		}
		if id := got.header.Get("X-Request-Id"); got.header != nil && (e.RequestID != id || e.Address != w.peer() && !e.Erased) {
			wrong = append(wrong, fmt.Sprintf("%s is of request %q from %q, want %q from %q", historytest.Line(e), e.RequestID, e.Address, id, w.peer()))
		}
	}
	wrong = append(wrong, compareHistory(before, after, entries)...)
	if len(wrong) > 0 {
		w.t.Errorf("%s:\n  %s", name, strings.Join(wrong, "\n  "))
	}
	return got
}

// silent are operations that change no record, and why.
var silent = map[string]string{
	"AnalyticsMutations.pageViewedEvent":                          "accepted, and not kept",
	"AnalyticsMutations.productViewedEvent":                       "accepted, and not kept",
	"AnalyticsMutations.searchProductEvent":                       "accepted, and not kept",
	"AnalyticsMutations.visitStartedEvent":                        "accepted, and not kept",
	"POST V3 /clientele/duplicates/scan":                          "pairs are found, and nothing of a customer changes",
	"POST V3 /clientele/merges/preview":                           "it reads",
	"POST V3 /clientele/segments/preview":                         "it reads",
	"POST V3 /clientele/bounces":                                  "told by the subscribers with the address, of whom there are none",
	"POST V3 /clientele/exports":                                  "told when it is written",
	"POST V3 /clientele/exports/{export_id}/cancel":               "nothing was given away",
	"POST V3 /clientele/imports":                                  "told when it ends",
	"POST V3 /clientele/imports/{import_id}/resume":               "told when it ends",
	"POST V3 /clientele/imports/{import_id}/undo":                 "told when it ends",
	"POST V3 /clientele/imports/{import_id}/cancel":               "told where rows were taken; that is in the tests of imports",
	"Mutation.generateSessionSyncJwt":                             "a token is made, not kept",
	"POST V3 /customers/validate-credentials":                     "a password is compared; that is in the tests of sign-ins",
	"POST V2 /customers/{customer_id}/validate":                   "a password is compared",
	"POST V3 /hooks/{webhook_id}/test":                            "deliveries are work, not records",
	"POST V3 /hooks/{webhook_id}/replay":                          "deliveries are work, not records",
	"POST V3 /hooks/{webhook_id}/deliveries/{delivery_id}/replay": "deliveries are work, not records",
}

// peer is the address that the last request came from.
func (w *histories) peer() string {
	return fmt.Sprintf("10.%d.%d.%d", w.peers>>16&255, w.peers>>8&255, w.peers&255)
}

// happened reports whether an entry is of what happens to an account, which
// changes no record that is compared here.
func happened(e *history.Listed) bool {
	return e.Resource == history.Link || e.Resource == history.Session || e.Resource == history.Customer &&
		slices.Contains([]history.Action{history.SignedIn, history.SignInFailed, history.LockedOut, history.SignedOut, history.TokenRefused}, e.Action)
}

// enters reports whether an entry is of a visitor who signs in, and is the
// customer from then on.
func enters(e *history.Listed, who by) bool {
	return happened(e) && who.kind == history.Visitor && e.Actor.Kind == history.Shopper && e.Actor.ID == e.CustomerID
}

// compareHistory holds entries to what differs.
func compareHistory(before, after rowsOf, entries []history.Listed) (wrong []string) {
	recorded, all := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		if happened(&e) {
			continue
		}
		if e.Action == history.DeletedAll {
			all[e.Resource.String()] = true
			continue
		}
		recorded[recordKey(e.Resource, e.ResourceID, e.CustomerID)] = true
	}
	changed := map[string]bool{}
	for key := range maps.Keys(before) {
		changed[key] = before[key].text != after[key].text
	}
	for key := range maps.Keys(after) {
		changed[key] = before[key].text != after[key].text
	}
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		if !changed[key] || recorded[key] || all[strings.Fields(key)[0]] {
			continue
		}
		// What goes with a record is told by that one's deletion: all of a record, or
		// those of its rows that are no more.
		var goes func(owners []string) bool
		goes = func(owners []string) bool {
			return slices.ContainsFunc(owners, func(owner string) bool {
				return all[strings.Fields(owner)[0]] || after[owner].text == "" && (recorded[owner] || goes(before[owner].goes))
			})
		}
		_, there := after[key]
		if there && !after[key].lost(before[key], goes) || !there && !goes(before[key].goes) {
			wrong = append(wrong, fmt.Sprintf("%s changed without an entry\n    from %s\n    to   %s", key, before[key].text, after[key].text))
		}
	}
	for _, e := range entries {
		key := recordKey(e.Resource, e.ResourceID, e.CustomerID)
		if e.Action != history.DeletedAll && !happened(&e) && !changed[key] && isTracked[e.Resource] {
			wrong = append(wrong, historytest.Line(&e)+": nothing of it changed")
		}
	}
	return wrong
}

func recordKey(r history.Resource, id, customerID int64) string {
	if id == 0 && customerID != 0 {
		return fmt.Sprintf("%s of %d", r, customerID)
	}
	return fmt.Sprintf("%s %d", r, id)
}

// rowsOf are the rows of each record.
type rowsOf map[string]rowsOfOne

type rowsOfOne struct {
	text string
	goes []string            // records whose deletion is that of this one
	rows map[string][]string // the same for each row
}

// lost reports whether a record differs from what it was by rows that are no more,
// of which goes is right.
func (o rowsOfOne) lost(was rowsOfOne, goes func(owners []string) bool) bool {
	for row := range o.rows {
		if _, there := was.rows[row]; !there {
			return false
		}
	}
	for row, owners := range was.rows {
		if _, there := o.rows[row]; !there && !goes(owners) {
			return false
		}
	}
	return true
}

// records says which record the rows of a table belong to.
type records struct {
	resource history.Resource
	// id and customer are columns; empty: 0.
	id, customer string
	// only are the columns that are the record's; without it all are but those
	// passed over, and dates of changes and what is kept to search by.
	only, passed string
	// with are columns that hold the id of a record that the row goes with.
	with map[string]history.Resource
}

var tracked = map[string][]records{
	"channels": {
		{resource: history.Channel, id: "id", only: "name type platform status external_id is_listable is_visible currencies"},
		{resource: history.Site, id: "id", only: "url checkout_url"},
	},
	"site_hosts":              {{resource: history.Site, id: "channel_id", only: "name date_proved"}},
	"api_accounts":            {{resource: history.APIAccount, id: "id", passed: "date_used requests"}},
	"customer_groups":         {{resource: history.Group, id: "id"}},
	"attributes":              {{resource: history.Attribute, id: "id"}},
	"form_fields":             {{resource: history.FormField, id: "id"}},
	"form_field_translations": {{resource: history.FormField, id: "field_id"}},
	"customers":               {{resource: history.Customer, id: "id"}},
	"customer_consents":       {{resource: history.Customer, id: "customer_id"}},
	"customer_form_values":    {{resource: history.Customer, id: "customer_id", passed: "session_id", with: map[string]history.Resource{"field_id": history.FormField}}},
	"unconfirmed_customers":   {{resource: history.Customer, id: "customer_id", passed: "date_created"}},
	"addresses":               {{resource: history.Address, id: "id", customer: "customer_id", passed: "fingerprint"}},
	"address_form_values":     {{resource: history.Address, id: "address_id", passed: "session_id", with: map[string]history.Resource{"field_id": history.FormField}}},
	"attribute_values":        {{resource: history.AttributeValue, id: "id", customer: "customer_id", with: map[string]history.Resource{"attribute_id": history.Attribute}}},
	"subscribers":             {{resource: history.Subscriber, id: "id"}},
	"segments":                {{resource: history.Segment, id: "id"}},
	"shopper_profiles":        {{resource: history.ShopperProfile, id: "id", customer: "customer_id"}},
	"segment_members":         {{resource: history.ShopperProfile, id: "profile_id", with: map[string]history.Resource{"segment_id": history.Segment}}},
	"segment_rules":           {{resource: history.Segment, id: "segment_id", passed: "reads version built_to"}},
	"store_settings":          {{resource: history.StoreSettings}},
	"store_logos":             {{resource: history.StoreSettings}},
	"metafields":              {{resource: history.Metafield, id: "id", customer: "customer_id"}},
	"customer_settings":       {{resource: history.CustomerSettings, id: "channel_id", with: map[string]history.Resource{"channel_id": history.Channel}}},
	"checkout_settings":       {{resource: history.CheckoutSettings, id: "channel_id"}},
	"stored_instruments":      {{resource: history.Instrument, customer: "customer_id"}},
	"tax_properties":          {{resource: history.TaxProperty, customer: "customer_id"}},
	"webhooks":                {{resource: history.Webhook, id: "id", passed: "last_event last_delivered from_event idle_seen idle_time"}},
	"webhook_contacts":        {{resource: history.WebhookContacts}},
	"storefront_keys":         {{resource: history.StorefrontKey, id: "id"}},
	"storefront_tokens":       {{resource: history.StorefrontToken, id: "id", passed: "date_used"}},
	"wishlists":               {{resource: history.Wishlist, id: "id", customer: "customer_id"}},
	"wishlist_items":          {{resource: history.WishlistItem, id: "id", with: map[string]history.Resource{"wishlist_id": history.Wishlist}}},
	"price_list_assignments":  {{resource: history.PriceListAssignment, id: "id"}},
	"site_routes":             {{resource: history.SiteRoute, id: "id"}},
	"impersonations":          {{resource: history.Impersonation, id: "id", customer: "customer_id"}},
	"companies":               {{resource: history.Company, id: "id", customer: "customer_id"}},
	"email_template_versions": {{resource: history.EmailTemplate, passed: "is_latest"}},
	"email_statuses":          {{resource: history.EmailStatus, id: "channel_id"}},
	"credit_entries":          {{resource: history.Customer, id: "customer_id"}},
	"products":                {{resource: history.Product, id: "id"}},
	"orders":                  {{resource: history.Order, id: "id", customer: "customer_id"}},
	"order_lines":             {{resource: history.Order, id: "order_id"}},
	"duplicate_pairs":         {{resource: history.Duplicate, id: "id", only: "is_dismissed", with: map[string]history.Resource{"first_id": history.Customer, "second_id": history.Customer}}},
}

// untracked are the tables of what is no record, and why.
var untracked = map[string]string{
	"stores": "made before its history", "store_counters": "counters", "list_gaps": "counters", "list_totals": "counters", "customer_emails": "finds customers", "events": "work",
	"consent_texts": "of consent_changes", "consent_changes": "the history of consents, which goes with a subscriber", "webhook_blocks": "of deliveries", "webhook_cursors": "work", "webhook_deliveries": "work", "webhook_notices": "work",
	"account_sessions": "sign-ins are entries", "account_tokens": "links are entries", "sign_in_failures": "failures are entries", "known_addresses": "of sign-ins",
	"store_keys": "made at first use", "storefront_revocations": "of storefront_tokens", "used_login_tokens": "of sign-ins", "jobs": "work", "emails": "work",
	"schema_writes": "the program's own", "schema_processes": "the program's own", "schema_migrations": "the program's own", "schema_lock": "the program's own", "schema_snapshots": "what tests go back to", "schema_spares": "what is prepared for tests", "attempt_windows": "bounds", "imported_hashes": "counters", "imported_hash_counts": "counters", "email_rekeys": "work", "email_clashes": "finds customers",
	"idempotency_keys": "answers", "secret_keys": "counters", "history": "itself", "history_actors": "itself", "history_seals": "itself", "suppressions": "of erasures", "erasures": "a certificate each", "person_requests": "told as persons",
	"rule_marks": "work", "daily_figures": "counters", "rule_groups": "of customers, whose group is told", "rule_clocks": "counters", "customer_sign_ins": "of sign-ins", "subscriber_ends": "of subscribers", "bounces": "told by the subscribers with the address", "customer_aliases": "told with the customers", "customer_merges": "told with the customers", "duplicate_keys": "finds customers", "duplicate_scans": "work",
	"bundle_loads": "work", "bulk_actions": "told when they end", "bulk_items": "of bulk actions", "exports": "told when they are written and fetched", "export_chunks": "of exports", "imports": "told when they end", "import_problems": "of imports", "import_ranges": "of imports", "import_changes": "of imports", "import_chunks": "of imports", "mirrors": "told when they end", "mirror_marks": "what a mirror looks at next", "password_invites": "told by links that are sent",
	"customer_comments": "written in the control panel alone, whose tests look at their entries", "saved_views": "how lists are looked at",
	"staff_users": "of the installation, in its own history", "staff_memberships": "told by the tests of staff", "staff_tokens": "links", "staff_sessions": "sign-ins are entries", "staff_passkeys": "of the installation, in its own history", "staff_recovery_codes": "secrets",
	"search_recent": "finds customers", "search_terms": "finds customers", "search_blocks": "finds customers", "search_endings": "finds customers", "search_spellings": "finds customers", "search_stores": "finds customers",
}

// isTracked has the resources whose rows are compared.
var isTracked = func() map[history.Resource]bool {
	out := map[history.Resource]bool{}
	for _, list := range tracked {
		for _, r := range list {
			out[r.resource] = true
		}
	}
	return out
}()

// checkRecords holds the tables of records to the schema.
func (w *histories) checkRecords() {
	w.t.Helper()
	w.other = historytest.Last(w.t, w.db, w.store(away).ID)
	for name := range w.tables {
		if tracked[name] == nil && untracked[name] == "" {
			w.t.Errorf("the table %s has no row: say in \"tracked\" which records it has, or in \"untracked\" why it has none", name)
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(tracked)), slices.Collect(maps.Keys(untracked))) {
		if w.tables[name] == nil {
			w.t.Errorf("there is no table %s", name)
		}
	}
}

// snapshot reads all records.
func (w *histories) snapshot() rowsOf {
	w.t.Helper()
	out := rowsOf{}
	var queries []sqldb.Q
	for _, table := range slices.Sorted(maps.Keys(tracked)) {
		for _, rec := range tracked[table] {
			number := func(column string) string {
				if column == "" {
					return "0"
				}
				return column
			}
			parts := []string{number(rec.id), number(rec.customer)}
			with := slices.Sorted(maps.Keys(rec.with))
			parts = append(parts, with...)
			var counted []string
			for _, column := range w.tables[table] {
				c := column.name
				switch {
				case rec.only != "":
					if slices.Contains(strings.Fields(rec.only), c) {
						counted = append(counted, c)
					}
				case c == "store_id" || c == "date_modified" || strings.HasSuffix(c, "_norm") || slices.Contains(strings.Fields(rec.passed), c):
				default:
					counted = append(counted, c)
				}
			}
			for _, c := range counted {
				parts = append(parts, "CAST("+c+" AS TEXT)")
			}
			queries = append(queries, sqldb.Q{
				Stmt: sqldb.Dynamic(`SELECT ` + strings.Join(parts, ", ") + ` FROM ` + table + ` WHERE store_id = $1 ORDER BY ` + strings.Join(parts[2+len(with):], ", ")),
				Each: func(r *sqldb.Row) error {
					key := recordKey(rec.resource, r.Int(0), r.Int(1))
					one := out[key]
					if rec.resource == history.Site && !slices.ContainsFunc(counted, func(c string) bool {
						v := r.Text(2 + len(with) + slices.Index(counted, c))
						return v != "" && v != "0"
					}) {
						return nil // there is none
					}
					row, goes := table+"(", []string(nil)
					for i, c := range counted {
						row += c + "=" + r.Text(2+len(with)+i) + " "
					}
					row += ") "
					if r.Int(1) != 0 {
						goes = append(goes, recordKey(history.Customer, r.Int(1), r.Int(1)))
					}
					for i, c := range with {
						goes = append(goes, recordKey(rec.with[c], r.Int(2+i), 0))
					}
					if one.rows == nil {
						one.rows = map[string][]string{}
					}
					one.text, one.goes, one.rows[row] = one.text+row, append(one.goes, goes...), goes
					out[key] = one
					return nil
				},
			})
		}
	}
	if err := w.db.Read(w.t.Context(), w.st, func(tx *sqldb.Tx) error {
		clear(out)
		return tx.Pipeline(queries...)
	}); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// manage calls the management API, and reports the operation by its route.
func (w *histories) manage(method, path, body string) answer {
	w.t.Helper()
	rctx := chi.NewRouteContext()
	bare, _, _ := strings.Cut("/stores/"+home+path, "?")
	if !w.h.(*rest.Server).Router().Match(rctx, method, bare) {
		w.t.Fatalf("no route %s %s", method, path)
	}
	pattern := rctx.RoutePattern()
	key, who := method+" V3 "+strings.TrimPrefix(pattern, prefixV3), v3Account
	if below, ok := strings.CutPrefix(pattern, prefixV2); ok {
		key, who = method+" V2 "+below, v2Account
	}
	return w.step(key, strings.TrimSpace(method+" "+path+" "+body), who, func() answer {
		got := w.full(home, method, path, body)
		if got.status/100 != 2 {
			w.t.Errorf("%s %s: %d %.400s", method, path, got.status, got.body)
		}
		return got
	})
}

// register makes the company that is decided on.
func (w *histories) register() {
	w.t.Helper()
	address := customer.AddressFields{FirstName: "A", LastName: "B", Address1: "1 St", City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US"}
	if _, err := w.Companies.Register(w.t.Context(), w.st, company.Register{CustomerID: 2, ChannelID: 1, Name: "Co", Email: "office@alphamark.example", Phone: "1", Address: address}); err != nil {
		w.t.Fatal(err)
	}
}

// documented does every write with a body that the API document has.
func (w *histories) documented() {
	w.t.Helper()
	documented := bodies(w.t)
	for _, id := range slices.Sorted(maps.Keys(documented)) {
		row := writes[id]
		if row.elsewhere != "" {
			continue
		}
		m := &membersOf{matrixWorld: w.matrixWorld, t: w.t, row: row, op: documented[id]}
		if row.before != "" {
			w.manage("POST", "/v3/channels", row.before)
		}
		path, method := m.filled(row.path), documented[id].method
		if strings.HasPrefix(path, "/api/") {
			w.step(method+" "+path, method+" "+path, by{history.Storefront, history.Visitor, 0}, func() answer {
				got := w.call(host(home, 1), method, path, m.filled(row.body), http.Header{"Origin": {"http://" + host(home, 1)}, "Sec-Fetch-Site": {"same-origin"}})
				if got.status/100 != 2 {
					w.t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
				}
				return got
			})
			continue
		}
		for _, more := range append([]writing{row}, row.more...) {
			if more.path == "" {
				more.path = row.path
			}
			if strings.Contains(more.path, "{field+3}") || strings.Contains(more.path, "{field+4}") || strings.Contains(more.path, "{field+5}") {
				continue
			}
			w.manage(method, m.filled(more.path), m.filled(more.body))
		}
		if method == http.MethodPut { // nothing changes
			n := w.last
			w.manage(method, path, m.filled(row.body))
			if method == http.MethodPut && w.last != n && !strings.Contains(row.body, "password") && len(row.more) == 0 {
				w.t.Errorf("%s again: %d entries", id, w.last-n)
			}
		}
	}
}

// shop asks a storefront as a browser.
func (w *histories) shop(key, name string, who by, method, path, session string, form ...string) answer {
	w.t.Helper()
	return w.step(key, name, who, func() answer {
		values := url.Values{}
		for i := 0; i < len(form); i += 2 {
			values.Add(form[i], form[i+1])
		}
		v := &visitor{header: http.Header{}}
		if session != "" {
			v.cookie = func() string { return session }
		}
		got := w.visit(v, method, path, values.Encode(), method == http.MethodPost)
		if got.status != http.StatusSeeOther && got.status != http.StatusFound && got.status != http.StatusOK {
			w.t.Errorf("%s: %d %.600s", name, got.status, got.body)
		}
		return got
	})
}

// ask asks the storefront's GraphQL.
func (w *histories) ask(field string, who by, token string, header http.Header, query string, args ...any) answer {
	w.t.Helper()
	query = fmt.Sprintf(query, args...)
	return w.step(field, field, who, func() answer {
		h := http.Header{"Authorization": {"Bearer " + token}}
		maps.Copy(h, header)
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			w.t.Fatal(err)
		}
		got := w.call(host(home, 1), "POST", "/graphql", string(body), h)
		if got.status != http.StatusOK || strings.Contains(got.body, `"message"`) {
			w.t.Errorf("%s: %d %s", field, got.status, got.body)
		}
		return got
	})
}

// complete holds what was done to the operations that there are.
func (w *histories) complete() {
	w.t.Helper()
	var all []string
	for _, r := range w.walk() {
		if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.method) {
			continue
		}
		_, shop := shops[r.key]
		if r.managed() && r.below != "/graphql" || shop {
			all = append(all, r.key)
		}
	}
	all = append(all, "GET /login/token/{jwt_token}", "GET /session-sync")
	for _, a := range w.pageActions() {
		if _, method, _ := strings.Cut(a, " "); strings.HasPrefix(method, "POST") {
			all = append(all, a)
		}
	}
	known, _ := w.rootFields()
	for _, f := range known {
		if !strings.HasPrefix(f, "Query.") {
			all = append(all, f)
		}
	}
	all = append(all, adminMutations(w.t)...)
	all = append(all, operators)
	slices.Sort(all)
	all = slices.Compact(all)
	for _, key := range all {
		n, done := w.done[key]
		switch {
		case !done && silent[key] == "":
			w.t.Errorf("%s is not done here: the history of every write is held to what it changes", key)
		case n > 0 && silent[key] != "":
			w.t.Errorf("%s recorded something, and is said not to", key)
		case n == 0 && silent[key] == "":
			w.t.Errorf("%s recorded nothing: say in \"silent\" why", key)
		}
	}
	for key := range silent {
		if !slices.Contains(all, key) {
			w.t.Errorf("the silent %q is no operation", key)
		}
	}
}

// adminMutations are those of the management API's GraphQL.
func adminMutations(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../api/admin.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var add func(d *ast.Definition)
	add = func(d *ast.Definition) {
		for _, f := range d.Fields {
			switch of := schema.Types[f.Type.Name()]; {
			case strings.HasPrefix(f.Name, "__"):
			case strings.HasSuffix(of.Name, "Mutations"):
				add(of)
			default:
				out = append(out, "Admin "+d.Name+"."+f.Name)
			}
		}
	}
	add(schema.Mutation)
	return out
}

// golden holds what entries say to a file that people read.
func (w *histories) golden() {
	w.t.Helper()
	const file = "testdata/history.txt"
	if *updateHistory {
		if err := os.WriteFile(file, []byte(w.text.String()), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	got, lines := strings.Split(w.text.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(lines)) {
		if i >= len(got) || i >= len(lines) || got[i] != lines[i] {
			line := func(of []string) string {
				if i < len(of) {
					return of[i]
				}
				return "nothing"
			}
			w.t.Errorf("%s:%d: the history says\n%s\nwant\n%s\n(-update-history writes it anew)", file, i+1, line(got), line(lines))
			return
		}
	}
}

// fields looks for the ids of form fields.
func (w *histories) fields() {
	w.t.Helper()
	for _, hash := range []string{home, away} {
		w.matrixWorld.fields(hash)
	}
}

// number returns the first number after a text in an answer.
func number(t *testing.T, body, after string) string {
	t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(after) + `"?(\d+)`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no number after %s in %s", after, body)
	}
	return m[1]
}

// grant returns a session of the first customer.
func (w *histories) grant(kind account.Kind) string {
	w.t.Helper()
	token := w.session(home, 1, kind, 1)
	w.last = historytest.Last(w.t, w.db, w.st)
	return token
}
