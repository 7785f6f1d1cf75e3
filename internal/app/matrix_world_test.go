package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/auth"
	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

// The two stores of the matrix. Every text of one holds its mark, and the
// second has more of everything: what has the id foreign is there alone.
const (
	home    = "alpha"
	away    = "bravo"
	foreign = 9
)

func mark(hash string) string { return hash + "mark" }

// size is how many of each thing a store has.
func size(hash string) int {
	if hash == home {
		return 2
	}
	return foreign + 1
}

// uuid is the id of a store's n-th segment, and with another kind of its n-th
// shopper profile.
func uuid(hash string, kind, n int) string {
	return fmt.Sprintf("%c0000000-0000-4000-8000-0000000%02d%03d", hash[0], kind, n)
}

func instrumentToken(hash string, n int) string { return fmt.Sprintf("%s-token-%d", mark(hash), n) }

// constantsOf returns the constants of a type of package auth, so that a new
// one without a credential here is noticed.
func constantsOf(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ {
			return true
		}
		for _, v := range spec.Values {
			lit, ok := v.(*ast.BasicLit)
			if !ok {
				continue
			}
			text := lit.Value
			if s, err := strconv.Unquote(text); err == nil {
				text = s
			}
			out = append(out, text)
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("%s declares no constants of type %s", file, typ)
	}
	return out
}

// scopes are all scopes that an account can be given.
func scopes(t *testing.T) []string {
	all := constantsOf(t, "../auth/scope.go", "Scope")
	return slices.DeleteFunc(all, func(s string) bool { return s == string(auth.Default) })
}

// seedOf writes the seed file of both stores.
func seedOf(t *testing.T, hook string) string {
	t.Helper()
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("stores:")
	for _, hash := range []string{home, away} {
		m, n := mark(hash), size(hash)
		p("  - hash: %s", hash)
		p("    name: %s shop", m)
		p(`    settings: {address: "1 %[1]s Street", admin_email: admin@%[1]s.example, phone: "%[1]s", first_name: %[1]s, country_code: GB, currency: GBP, storefront: {robots_txt: "# %[1]s"}}`, m)
		p("    customer_settings: {privacy_settings: {ask_shopper_for_tracking_consent: true, policy_url: \"https://%s.example/p\"}}", m)
		p("    checkout_settings: {order_terms_and_conditions_textarea: \"%s terms\"}", m)
		p("    channels:")
		for i := 1; i <= n; i++ {
			p(`      - {id: %[1]d, name: "%[2]s channel %[1]d", url: "https://c%[1]d.%[2]s.example", routes: [{type: login, route: "/%[2]s/login"}], checkout_settings: {order_terms_and_conditions_textarea: "%[2]s terms %[1]d"}, customer_settings: {allow_global_logins: false, privacy_settings: {policy_url: "https://%[2]s.example/%[1]d"}}}`, i, m)
		}
		p("    api_accounts:")
		p("      - {name: full, client_id: %[1]s-full, client_secret: %[1]s-secret-of-the-app, access_token: %[1]s-full-token, scopes: [all]}", hash)
		p("      - {name: revoked, client_id: %[1]s-revoked, client_secret: %[1]s-secret-revoked, access_token: %[1]s-revoked-token, scopes: [all]}", hash)
		for _, s := range scopes(t) {
			p("      - {name: %[2]s, client_id: %[1]s-%[2]s, client_secret: %[1]s-%[2]s-secret, access_token: %[1]s-%[2]s-token, scopes: [%[2]s]}", hash, s)
		}
		p("    form_fields:")
		for i := 1; i <= n; i++ {
			p("      - {form: customer, name: %[1]s question %[2]d, type: text}", m, i)
		}
		p("      - {form: address, name: %s note, type: text}", m)
		p("    attributes:")
		for i := 1; i <= n; i++ {
			p("      - {name: %s attribute %d, type: string}", m, i)
		}
		p("    customer_groups:")
		for i := 1; i <= n; i++ {
			p("      - {id: %d, name: %s group %d, discount_rules: [{type: price_list, price_list_id: %d}]}", i, m, i, i)
		}
		p("    webhooks:")
		for i := 1; i <= n; i++ {
			p(`      - {client_id: %s-full, scope: store/order/%s, destination: "%s/%s", headers: {X-Mark: %s}}`, hash, []string{"*", "created", "updated", "archived", "statusUpdated", "message/created", "refund/created", "transaction/created", "transaction/updated", "metafield/created"}[i-1], hook, m, m)
		}
		p("    subscribers:")
		for i := 1; i <= n; i++ {
			p("      - {id: %[1]d, email: %[3]s%[1]d@%[2]s.example, first_name: Reader %[2]s, last_name: %[2]s}", i, m, map[bool]string{true: "c", false: "reader"}[i == 1])
		}
		p("      - {email: c1@%[1]s.example, first_name: Reader %[1]s, last_name: %[1]s, channel_id: 2}", m)
		p("    products:")
		for i := 1; i <= n; i++ {
			p("      - {id: %d, name: %s product %d, price: \"1\"}", 1000+i, m, i)
		}
		p("    customers:")
		for i := 1; i <= n; i++ {
			p("      - id: %d", i)
			p("        email: c%d@%s.example", i, m)
			p("        first_name: First %s", m)
			p("        last_name: Last %s", m)
			p("        company: Company %s", m)
			p("        phone: \"%d %s\"", i, m)
			p("        notes: Notes %s", m)
			p("        tax_exempt_category: T%s", m)
			p("        customer_group_id: %d", i)
			p("        origin_channel_id: 1")
			if i <= 2 {
				p("        channel_ids: [%d]", i) // the others sign in nowhere
			}
			p("        addresses: [{first_name: A, last_name: B, company: %[1]s, address1: 1 %[1]s Street, city: %[1]s City, state_or_province: Texas, postal_code: \"78701\", country_code: US, form_fields: [{name: %[1]s note, value: %[1]s}]}]", m)
			p("        attributes: [{name: %[1]s attribute 1, value: %[1]s value}]", m)
			p("        form_fields: [{name: %[1]s question 1, value: %[1]s answer}]", m)
			p("        metafields: [{owner_client_id: %s-full, permission_set: write_and_sf_access, namespace: %s, key: k, value: %s}]", hash, m, m)
			p("        consent: {allow: [analytics], deny: [functional, targeting]}")
			p("        stored_instruments: [{type: stored_paypal_account, token: %s, is_default: true, email: pay@%s.example}]", instrumentToken(hash, i), m)
			p("        tax_properties: {exemption: %s}", m)
			p("        shopper_profile_id: %s", uuid(hash, 2, i))
			p("        wishlists: [{name: %s list, is_public: true, items: [{product_id: %d}]}]", m, 1000+i)
			p("        orders: [{id: %d, date: 2026-05-14, status: Completed, lines: [{product_id: %d}]}]", i, 1000+i)
		}
		p("    segments:")
		for i := 1; i <= n; i++ {
			p("      - {id: %s, name: %s segment %d, description: %s, members: [%d]}", uuid(hash, 1, i), m, i, m, i)
		}
	}
	file := filepath.Join(t.TempDir(), "matrix.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var deliveryID = regexp.MustCompile(`"data":\[{"id":(\d+),`)

// matrixWorld is a server with both stores, and what there is to call it with.
type matrixWorld struct {
	t *testing.T
	s *app.Server
	h http.Handler
	// Ids of what has none of the seed file: of the last form field of a store,
	// and of the delivery of a store's webhook.
	field, delivery map[string]string
	peers           int
}

// newMatrixWorld starts a server on an engine.
func newMatrixWorld(t *testing.T, e sqldb.Engine) *matrixWorld {
	t.Helper()
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(hook.Close)
	s, _, _ := start(t, func(c *app.Config) {
		c.Database.Database = dbtest.DSN(t, e)
		c.Seed = seedOf(t, hook.URL)
		c.RateLimitQuota = 10_000_000
		c.SlowRequest = time.Minute
	})
	w := &matrixWorld{t: t, s: s, h: s.Handler(), field: map[string]string{}, delivery: map[string]string{}}
	for _, hash := range []string{home, away} {
		st := w.store(hash)
		accounts, err := s.APIAccounts.List(t.Context(), st.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range accounts {
			if a.Name == "revoked" {
				if err := s.APIAccounts.Revoke(t.Context(), st.ID, a.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		for n := range size(hash) {
			address := customer.AddressFields{FirstName: "A", LastName: "B", Address1: "1 St", City: mark(hash), StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US"}
			if _, err := s.Companies.Register(t.Context(), st.ID, company.Register{CustomerID: int64(n + 1), ChannelID: 1, Name: mark(hash), Email: "office@example.com", Phone: "1", Address: address}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Desk.Add(t.Context(), st.ID, desk.Comment{CustomerID: int64(n + 1), By: desk.Author{Name: "full"}, Text: mark(hash)}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Desk.SaveView(t.Context(), st.ID, desk.View{List: desk.CustomersList, Name: mark(hash) + strconv.Itoa(n), Query: "q=" + mark(hash)}); err != nil {
				t.Fatal(err)
			}
		}
		// One delivery of each of two webhooks, to look at.
		for _, id := range slices.Compact([]int{1, size(hash) - 1}) { // the last is foreign
			if r := w.full(hash, "POST", "/v3/hooks/"+strconv.Itoa(id)+"/test", ""); r.status/100 != 2 {
				t.Fatalf("test of webhook %d: %d %s", id, r.status, r.body)
			}
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				r := w.full(hash, "GET", "/v3/hooks/"+strconv.Itoa(id)+"/deliveries?state=delivered", "")
				if m := deliveryID.FindStringSubmatch(r.body); m != nil {
					w.delivery[hash+strconv.Itoa(id)] = m[1]
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("the test of webhook %d is not delivered: %s", id, r.body)
				}
			}
		}
		w.fields(hash)
	}
	if w.field[home] == "" || w.field[away] == "" || w.field[home] == w.field[away] {
		t.Fatalf("form fields %v", w.field)
	}
	return w
}

// fields looks for the last form field of a store's customers.
func (w *matrixWorld) fields(hash string) {
	w.t.Helper()
	var fields struct {
		Data []struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(w.full(hash, "GET", "/v3/customers/form-fields?limit=250", "").body), &fields); err != nil {
		w.t.Fatal(err)
	}
	for _, f := range fields.Data {
		if f.Name == fmt.Sprintf("%s question %d", mark(hash), size(hash)) {
			w.field[hash] = strconv.FormatInt(f.ID, 10)
		}
	}
}

func (w *matrixWorld) store(hash string) *store.Store {
	w.t.Helper()
	st, err := w.s.Stores.ByHash(w.t.Context(), hash)
	if err != nil {
		w.t.Fatal(err)
	}
	return st
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

var tokens = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.`)

// text is all of an answer in which something could show: headers, body, and
// what tokens in it say.
func (a *answer) text() string {
	var b bytes.Buffer
	_ = a.header.Write(&b) // into memory
	b.WriteString(a.body)
	for _, token := range tokens.FindAllString(b.String(), -1) {
		for part := range strings.SplitSeq(token, ".") {
			if text, err := base64.RawURLEncoding.DecodeString(part); err == nil {
				b.Write(text)
			}
		}
	}
	return b.String()
}

// shows reports whether an answer holds a text of a store.
func (a *answer) shows(hash string) bool { return strings.Contains(a.text(), mark(hash)) }

// tells reports whether an answer holds anything of a store, its hash included.
func (a *answer) tells(hash string) bool { return strings.Contains(a.text(), hash) }

// call makes a request as one that came over the network would be. Each comes
// from an address of its own, so that no bound on guesses is met.
func (w *matrixWorld) call(host, method, path, body string, header http.Header) answer {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), method, "http://"+host+path, strings.NewReader(body))
	w.peers++
	req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:4711", w.peers>>16&255, w.peers>>8&255, w.peers&255)
	if strings.HasPrefix(path, "/_clientele") { // for who is at the machine
		req.RemoteAddr = "127.0.0.1:4711"
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json, text/html;q=0.9")
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, req)
	return answer{rec.Code, rec.Result().Header, rec.Body.String()}
}

// full calls the management API of a store with an account that may do all.
func (w *matrixWorld) full(hash, method, path, body string) answer {
	w.t.Helper()
	return w.call("api.example", method, "/stores/"+hash+path, body, http.Header{"X-Auth-Token": {hash + "-full-token"}})
}

// host is the name of a channel's storefront.
func host(hash string, channel int) string {
	return fmt.Sprintf("store-%s-%d.localhost", hash, channel)
}

// session signs a customer in on a channel.
func (w *matrixWorld) session(hash string, channel int, kind account.Kind, customerID int64) string {
	w.t.Helper()
	site := store.Site{StoreID: w.store(hash).ID, StoreHash: hash, ChannelID: int64(channel), Status: "active", URL: "http://" + host(hash, channel)}
	g, err := w.s.Shoppers.SignInAs(w.t.Context(), site, kind, account.Proof{CustomerID: customerID}, account.Client{Peer: limit.Peer{Address: "127.0.0.1"}, UserAgent: "matrix"})
	if err != nil {
		w.t.Fatalf("customer %d of %s on channel %d: %v", customerID, hash, channel, err)
	}
	return g.Token
}

// lasting returns what gives the session of the store's first customer, or a
// new one if that was ended.
func (w *matrixWorld) lasting(kind account.Kind) func() string {
	token := ""
	return func() string {
		if token != "" {
			if got, err := w.s.Shoppers.Authenticate(w.t.Context(), w.store(home).ID, token); err == nil && got != nil {
				return token
			}
		}
		token = w.session(home, 1, kind, 1)
		return token
	}
}

// storefrontToken makes a token for GraphQL.
func (w *matrixWorld) storefrontToken(hash, kind, more string) string {
	w.t.Helper()
	r := w.full(hash, "POST", "/v3/storefront/api-token"+kind, `{"channel_id":1,"expires_at":4000000000`+more+`}`)
	var out struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || out.Data.Token == "" {
		w.t.Fatalf("%d %s (%v)", r.status, r.body, err)
	}
	return out.Data.Token
}
