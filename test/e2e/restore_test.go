package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/api/contract"
)

// restoreSeed is a store with something of each kind.
const restoreSeed = `
stores:
  - hash: abc123
    name: Demo store
    customer_settings: {privacy_settings: {ask_shopper_for_tracking_consent: true}}
    channels: [{id: 1, name: Storefront}, {id: 2, name: Outlet, url: "https://outlet.example", routes: [{type: login, route: /sign-in}]}]
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
    form_fields: [{form: customer, name: Referral, type: text}]
    attributes: [{id: 1, name: Shoe size, type: number}]
    customer_groups: [{id: 1, name: Wholesale}]
    products: [{id: 77, name: Cycling cap, price: "19.90"}]
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: Secret-123, customer_group_id: 1,
         addresses: [{first_name: Jane, last_name: Doe, address1: 1 Main Street, city: Austin, state_or_province: Texas, postal_code: "78701", country_code: US}],
         wishlists: [{name: Birthday, items: [{product_id: 77}]}], orders: [{id: 118, date: 2026-05-14T09:34:00Z, status: Completed, lines: [{product_id: 77}]}]}
      - {id: 2, email: john@example.com, first_name: John, last_name: Roe}
      - {id: 3, email: joan@example.com, first_name: Joan, last_name: Poe}
    subscribers: [{email: news@example.com}]
`

// restoreWrites is how many writes are undone by a restore.
const restoreWrites = 200

// visitor asks everything that a store answers, as an app and as a shopper who
// is signed in.
type visitor struct {
	t            *testing.T
	s            *server
	r            *rand.Rand
	http         *http.Client
	bearer       string // of a storefront
	token        string // of a customer
	session      string // cookies
	ids          map[string][]string
	n            int
	done, failed map[string]int // writes by surface
}

// visit is one answer.
type visit struct {
	status int
	header http.Header
	text   string
}

const visitorForm = "00112233445566778899aabbccddeeff"

func (v *visitor) ask(method, path, body string, header ...string) visit {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.s.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	res, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode >= 500 {
		v.t.Errorf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return visit{res.StatusCode, res.Header, string(text)}
}

func (v *visitor) api(method, path, body string) visit {
	v.t.Helper()
	return v.ask(method, "/stores/"+seedStore+path, body, "X-Auth-Token", seedToken, "Content-Type", "application/json", "Accept", "application/json")
}

// graphql asks as who is signed in.
func (v *visitor) graphql(query string) visit {
	v.t.Helper()
	return v.graphqlAs(v.token, query)
}

func (v *visitor) graphqlAs(token, query string) visit {
	v.t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		v.t.Fatal(err)
	}
	return v.ask("POST", "/graphql", string(body), "Authorization", "Bearer "+v.bearer, "X-Bc-Customer-Access-Token", token, "Content-Type", "application/json")
}

// page asks as who is signed in.
func (v *visitor) page(path string, form ...string) visit {
	v.t.Helper()
	return v.pageAs(v.session, path, form...)
}

func (v *visitor) pageAs(session, path string, form ...string) visit {
	v.t.Helper()
	method, body := "GET", ""
	if form != nil {
		in := url.Values{"authenticity_token": {visitorForm}}
		for i := 0; i < len(form); i += 2 {
			in.Set(form[i], form[i+1])
		}
		method, body = "POST", in.Encode()
	}
	return v.ask(method, path, body, "Content-Type", "application/x-www-form-urlencoded", "Cookie", "clientele_form="+visitorForm+session)
}

func (v *visitor) control(method, path, body string) {
	v.t.Helper()
	if got := v.ask(method, "/_clientele/v1"+path, body); got.status != http.StatusOK {
		v.t.Fatalf("%s %s: %d %s", method, path, got.status, got.text)
	}
}

// enter signs in, as a shopper with a browser and as one of a headless storefront.
func (v *visitor) enter() {
	v.t.Helper()
	var app struct{ Data struct{ Token string } }
	if got := v.api("POST", "/v3/storefront/api-token", `{"channel_ids":[1],"expires_at":0}`); json.Unmarshal([]byte(got.text), &app) != nil || app.Data.Token == "" {
		v.t.Fatal(got)
	}
	v.bearer = app.Data.Token
	var in struct {
		Data struct {
			Login struct{ CustomerAccessToken struct{ Value string } }
		}
	}
	if got := v.graphqlAs("", `mutation { login(email: "jane@example.com", password: "Secret-123") { customerAccessToken { value } } }`); json.Unmarshal([]byte(got.text), &in) != nil || in.Data.Login.CustomerAccessToken.Value == "" {
		v.t.Fatal(got)
	}
	v.token = in.Data.Login.CustomerAccessToken.Value
	got := v.pageAs("", "/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "Secret-123")
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Value != "" {
			v.session += "; " + c.Name + "=" + c.Value
		}
	}
	if v.session == "" || got.header.Get("Location") != "/account.php" {
		v.t.Fatal(got)
	}
}

// idLists are where the ids are told that paths of the API document have.
var idLists = map[string]string{
	"customer_id": "/v3/customers", "customerId": "/v3/customers", "subscriber_id": "/v3/customers/subscribers", "segmentId": "/v3/segments",
	"shopperProfileId": "/v3/shopper-profiles", "address_id": "/v3/customers/addresses", "webhook_id": "/v3/hooks", "customer_group_id": "/v2/customer_groups",
	"metafieldId": "/v3/customers/metafields", "channel_id": "/v3/channels", "channelId": "/v3/channels", "wishlist_id": "/v3/wishlists", "site_id": "/v3/sites",
	"id": "/v3/customers/form-fields", "order_id": "/v2/orders", "state_id": "/v2/countries/226/states", "template-name": "/v3/marketing/email-templates",
	"delivery_id": "/v3/hooks/1/deliveries",
}

var idMember = regexp.MustCompile(`[{,]"(?:id|type_id)":"?([^",}]+)`)

// learn looks which ids there are: a dozen of each kind at most, the oldest and
// the newest.
func (v *visitor) learn() {
	v.t.Helper()
	v.ids = map[string][]string{"country_id": {"13", "226"}}
	for name, path := range idLists {
		got := v.api("GET", path+"?limit=250", "")
		if got.status == http.StatusUnprocessableEntity { // the list has no pages
			got = v.api("GET", path, "")
		}
		for _, m := range idMember.FindAllStringSubmatch(got.text, -1) {
			v.ids[name] = append(v.ids[name], m[1])
		}
		if all := v.ids[name]; len(all) > 12 {
			v.ids[name] = slices.Concat(all[:6], all[len(all)-6:])
		}
	}
}

func (v *visitor) one(name string) string {
	if all := v.ids[name]; len(all) > 0 {
		return all[v.r.IntN(len(all))]
	}
	return "1"
}

// unmade are ids of what the test makes nothing of: it is not found, before and
// after.
var unmade = []string{"company_id", "export_id", "import_id", "merge_id", "erasure_id", "request_id", "product_id", "route_id"}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// paths are all that the API document has to get of a store, for each id.
func (v *visitor) paths() map[string][]string {
	v.t.Helper()
	document, err := contract.New()
	if err != nil {
		v.t.Fatal(err)
	}
	out := map[string][]string{}
	for _, op := range document.Operations() {
		rest, of := strings.CutPrefix(op.Path, "/stores/{store_hash}")
		if op.Method != "GET" || !of {
			continue
		}
		paths := []string{rest}
		for _, m := range pathParameter.FindAllStringSubmatch(rest, -1) {
			ids := v.ids[m[1]]
			if len(ids) == 0 {
				ids = []string{"1", "2", "77"}
			}
			var filled []string
			for _, p := range paths {
				for _, id := range slices.Compact(slices.Clone(ids)) {
					filled = append(filled, strings.Replace(p, m[0], url.PathEscape(id), 1))
				}
			}
			paths = filled
		}
		if slices.Contains(op.Query, "limit") && !strings.Contains(rest, "{") {
			paths = append(paths, rest+"?limit=250")
		}
		out[op.Path] = paths
	}
	out["/stores/{store_hash}/v3/customers"] = append(out["/stores/{store_hash}/v3/customers"], "/v3/customers?include=addresses,storecredit,attributes,formfields,shopper_profile_id,segment_ids&limit=250", "/v3/customers?sort=date_modified:desc&limit=5&page=2")
	out["/stores/{store_hash}/v3/clientele/search"] = []string{"/v3/clientele/search?q=ja"}
	return out
}

// shopperPages are pages that a shopper sees, and what else answers by cookie.
var shopperPages = []string{
	"/account.php", "/account.php?action=account_details", "/account.php?action=address_book", "/account.php?action=newsletter", "/account.php?action=sessions",
	"/account.php?action=order_status", "/account.php?action=view_order&order_id=118", "/wishlist.php", "/privacy.php", "/xmlsitemap.php",
	"/customer/current.jwt?app_client_id=CID", "/api/storefront/form-fields", "/_clientele/outbox.json?limit=250",
}

const shopperQuery = `{ customer { entityId firstName company email addresses { edges { node { entityId address1 } } } wishlists { edges { node { entityId name } } } } site { settings { storeName privacy { privacyPolicyUrl } } } }`

// everything is all that the store shows of itself.
func (v *visitor) everything(paths map[string][]string) map[string]string {
	v.t.Helper()
	out := map[string]string{}
	keep := func(path string, got visit) {
		out[path] = fmt.Sprint(got.status, " ", got.header.Get("Content-Type"), " ", got.text)
	}
	for operation, all := range paths {
		found := false
		for _, path := range all {
			got := v.api("GET", path, "")
			found = found || got.status < 300
			keep(path, got)
		}
		if made := pathParameter.FindAllStringSubmatch(operation, -1); !found && !slices.Contains(unmade, made[len(made)-1][1]) {
			v.t.Errorf("nothing is found at %s: %q", operation, all)
		}
	}
	for _, path := range shopperPages {
		got := v.page(path)
		if got.status != http.StatusOK {
			v.t.Errorf("%s: %d", path, got.status)
		}
		keep(path, got)
	}
	got := v.graphql(shopperQuery)
	if strings.Contains(got.text, `"errors"`) {
		v.t.Error(got.text)
	}
	keep("graphql", got)
	return out
}

// write makes one write by a surface. Some are refused: a customer may be gone.
func (v *visitor) write() {
	v.t.Helper()
	v.n++
	n, c := v.n, v.one("customer_id")
	address := fmt.Sprintf(`"first_name":"A","last_name":"B","address1":"%d St","city":"Austin","country_code":"US","state_or_province":"Texas","postal_code":"78701"`, n)
	other := v.one("customer_id")
	for other == "1" && len(v.ids["customer_id"]) > 1 { // who is signed in stays
		other = v.one("customer_id")
	}
	writes := []struct {
		surface string
		do      func() visit
	}{
		{"v3", func() visit {
			return v.api("POST", "/v3/customers", fmt.Sprintf(`[{"email":"w%d@example.com","first_name":"W","last_name":"X","addresses":[{%s}],"attributes":[{"attribute_id":1,"attribute_value":"%[1]d"}],"form_fields":[{"name":"Referral","value":"L"}]}]`, n, address))
		}},
		{"v3", func() visit {
			return v.api("PUT", "/v3/customers", fmt.Sprintf(`[{"id":%s,"notes":"n%d","store_credit_amounts":[{"amount":%[2]d}]}]`, c, n))
		}},
		{"v3", func() visit {
			return v.api("POST", "/v3/customers/addresses", fmt.Sprintf(`[{"customer_id":%s,%s}]`, c, address))
		}},
		{"v3", func() visit { return v.api("DELETE", "/v3/customers?id:in="+other, "") }},
		{"v3", func() visit {
			return v.api("POST", "/v3/customers/subscribers", fmt.Sprintf(`{"email":"s%d@example.com"}`, n))
		}},
		{"v3", func() visit { return v.api("POST", "/v3/segments", fmt.Sprintf(`[{"name":"S%d"}]`, n)) }},
		{"v3", func() visit {
			return v.api("POST", "/v3/shopper-profiles", fmt.Sprintf(`[{"customer_id":%s}]`, c))
		}},
		{"v3", func() visit {
			return v.api("POST", "/v3/customers/"+c+"/metafields", fmt.Sprintf(`{"namespace":"n","key":"k%d","value":"v","permission_set":"app_only"}`, n))
		}},
		{"v3", func() visit {
			return v.api("POST", "/v3/wishlists", fmt.Sprintf(`{"customer_id":%s,"name":"W%d","is_public":true,"items":[{"product_id":77}]}`, c, n))
		}},
		{"v3", func() visit {
			return v.api("PUT", "/v3/customers/"+c+"/consent", `{"allow":["essential"],"deny":["analytics"]}`)
		}},
		{"v3", func() visit {
			return v.api("POST", "/v3/hooks", fmt.Sprintf(`{"scope":"store/customer/*","destination":"http://127.0.0.1:9/%d","is_active":true}`, n))
		}},
		{"v3", func() visit {
			return v.api("POST", "/v3/customers/attributes", fmt.Sprintf(`[{"name":"At%d","type":"string"}]`, n))
		}},
		{"v3", func() visit {
			return v.api("PUT", "/v3/customers/settings", fmt.Sprintf(`{"privacy_settings":{"policy_url":"https://example.com/%d"}}`, n))
		}},
		{"v2", func() visit {
			return v.api("POST", "/v2/customers", fmt.Sprintf(`{"email":"v%d@example.com","first_name":"V","last_name":"Two"}`, n))
		}},
		{"v2", func() visit { return v.api("PUT", "/v2/customers/"+c, fmt.Sprintf(`{"company":"C%d"}`, n)) }},
		{"v2", func() visit { return v.api("DELETE", "/v2/customers/"+other, "") }},
		{"v2", func() visit { return v.api("POST", "/v2/customer_groups", fmt.Sprintf(`{"name":"G%d"}`, n)) }},
		{"v2", func() visit {
			return v.api("POST", "/v2/customers/"+c+"/addresses", `{"first_name":"A","last_name":"B","street_1":"St","city":"Austin","state":"Texas","zip":"78701","country":"United States","phone":"1"}`)
		}},
		{"graphql", func() visit {
			return v.graphqlAs("", fmt.Sprintf(`mutation { customer { registerCustomer(input: {firstName: "G", lastName: "Q", email: "g%d@example.com", password: "Some-pass-12"}) { customer { entityId } errors { __typename } } } }`, n))
		}},
		{"graphql", func() visit {
			return v.graphqlAs("", fmt.Sprintf(`mutation { newsletter { subscribe(input: {email: "n%d@example.com", firstName: "N", lastName: "L"}) { errors { __typename } } } }`, n))
		}},
		{"graphql", func() visit {
			return v.graphql(`mutation { customer { addCustomerAddress(input: {firstName: "A", lastName: "B", address1: "St", city: "Austin", countryCode: "US", stateOrProvince: "Texas", postalCode: "78701"}) { address { entityId } errors { __typename } } } }`)
		}},
		{"graphql", func() visit {
			return v.graphql(fmt.Sprintf(`mutation { customer { updateCustomer(input: {company: "C%d"}) { errors { __typename } } } }`, n))
		}},
		{"graphql", func() visit {
			return v.graphql(fmt.Sprintf(`mutation { wishlist { createWishlist(input: {name: "G%d", isPublic: true, items: [{productEntityId: 77}]}) { result { entityId } } } }`, n))
		}},
		{"graphql", func() visit {
			return v.graphqlAs("", `mutation { login(email: "jane@example.com", password: "Secret-123") { customerAccessToken { value } } }`)
		}},
		{"pages", func() visit { return v.page("/subscribe.php", "nl_email", fmt.Sprintf("p%d@example.com", n)) }},
		{"pages", func() visit {
			return v.pageAs("", "/login.php?action=send_password_email", "email", "jane@example.com")
		}},
		{"pages", func() visit {
			return v.pageAs("", "/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "Secret-123")
		}},
		{"pages", func() visit {
			return v.pageAs("", "/login.php?action=check_login", "login_email", "john@example.com", "login_pass", "Wrong-1234")
		}},
		{"pages", func() visit { return v.page("/wishlist.php?action=addwishlist", "name", fmt.Sprint("P", n)) }},
		{"pages", func() visit {
			return v.page("/account.php?action=newsletter", "newsletter", []string{"", "1"}[n%2])
		}},
		{"pages", func() visit { return v.page("/privacy.php", "analytics", "1") }},
	}
	// Each surface is as likely as another.
	surface := []string{"v3", "v2", "graphql", "pages"}[v.r.IntN(4)]
	var of []func() visit
	for _, w := range writes {
		if w.surface == surface {
			of = append(of, w.do)
		}
	}
	if got := of[v.r.IntN(len(of))](); got.status < 400 && !strings.Contains(got.text, `"errors":[{`) {
		v.done[surface]++
	} else {
		v.failed[surface]++
	}
	if n%25 == 0 {
		v.learn()
	}
}

// next makes one of each kind, and returns the ids that they got.
func (v *visitor) next(name string) (ids []string) {
	v.t.Helper()
	for _, w := range [][2]string{
		{"/v3/customers", `[{"email":"NAME@example.com","first_name":"A","last_name":"B","addresses":[{"first_name":"A","last_name":"B","address1":"St","city":"Austin","country_code":"US","state_or_province":"Texas","postal_code":"78701"}]}]`},
		{"/v3/customers/subscribers", `{"email":"NAME@example.com"}`},
		{"/v3/customers/attributes", `[{"name":"NAME","type":"string"}]`},
		{"/v3/customers/1/metafields", `{"namespace":"n","key":"NAME","value":"v","permission_set":"app_only"}`},
		{"/v3/wishlists", `{"customer_id":1,"name":"NAME","is_public":true,"items":[]}`},
		{"/v3/hooks", `{"scope":"store/customer/created","destination":"http://127.0.0.1:9/NAME","is_active":true}`},
		{"/v3/clientele/customers/1/comments", `{"text":"NAME"}`},
		{"/v2/customers/1/addresses", `{"first_name":"A","last_name":"B","street_1":"St","city":"Austin","state":"Texas","zip":"78701","country":"United States","phone":"1"}`},
		{"/v2/customer_groups", `{"name":"NAME"}`},
	} {
		got := v.api("POST", w[0], strings.ReplaceAll(w[1], "NAME", name))
		id := idMember.FindStringSubmatch(got.text)
		if got.status >= 300 || id == nil {
			v.t.Fatalf("%s: %d %s", w[0], got.status, got.text)
		}
		if _, err := strconv.Atoi(id[1]); err != nil {
			v.t.Fatal(err)
		}
		ids = append(ids, w[0]+" "+id[1])
	}
	return ids
}

// After two hundred random writes by V3, V2, GraphQL and pages, a restore brings
// every answer back, byte for byte, and the next ids.
func TestRestoreBringsEveryAnswerBack(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seed := filepath.Join(t.TempDir(), "seed.yaml")
		if err := os.WriteFile(seed, []byte(restoreSeed), 0o600); err != nil {
			t.Fatal(err)
		}
		random := chaosSeed(t)
		t.Logf("CHAOS_SEED=%d", random)
		v := &visitor{
			t: t, s: serve(t, "--database", dsn, "--seed", seed), r: rand.New(rand.NewPCG(random, 1)), done: map[string]int{}, failed: map[string]int{},
			http: &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		}
		t.Cleanup(v.http.CloseIdleConnections)
		v.control("PUT", "/clock", `{"frozen":true}`)
		v.enter()
		// There is something of each kind.
		v.api("POST", "/v3/hooks", `{"scope":"store/customer/*","destination":"http://127.0.0.1:9/","is_active":true}`)
		v.api("POST", "/v3/segments", `[{"name":"First"}]`)
		v.learn()
		v.api("PUT", "/v3/clientele/segments/"+v.one("segmentId")+"/rule", `{"rule":"email ends with 'example.com'"}`)
		v.next("some")
		v.learn()
		for range 40 {
			v.write()
		}
		v.learn()
		// What is due is done, so that nothing happens by itself.
		v.control("POST", "/clock/advance", `{"by":"5s"}`)
		v.control("PUT", "/snapshots/before", "")
		paths := v.paths()
		before := v.everything(paths)
		var first []string
		for round := range 2 {
			ids := v.next("next")
			if first == nil {
				first = ids
			}
			if !slices.Equal(ids, first) {
				t.Errorf("the next ids are %q, and were %q", ids, first)
			}
			clear(v.done)
			clear(v.failed)
			for range restoreWrites {
				v.write()
			}
			changed := 0
			for path, was := range v.everything(paths) {
				if was != before[path] {
					changed++
				}
			}
			t.Logf("round %d: writes %v, refused %v; %d of %d answers changed", round, v.done, v.failed, changed, len(before))
			for _, surface := range []string{"v3", "v2", "graphql", "pages"} {
				if v.done[surface] < restoreWrites/20 {
					t.Errorf("%d writes by %s", v.done[surface], surface)
				}
			}
			if changed < len(before)/10 {
				t.Errorf("only %d answers changed", changed)
			}
			start := time.Now()
			v.control("POST", "/snapshots/before/restore", "")
			t.Logf("restored in %s", time.Since(start))
			for path, is := range v.everything(paths) {
				if was := before[path]; is != was {
					t.Errorf("round %d: GET %s\nwas %.1500s\nis  %.1500s", round, path, was, is)
				}
			}
		}
		if ids := v.next("next"); !slices.Equal(ids, first) {
			t.Errorf("the next ids are %q, and were %q", ids, first)
		}
		v.s.stop()
	})
}
