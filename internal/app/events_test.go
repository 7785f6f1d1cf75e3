package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/sqldb"
)

const eventsSeed = `
stores:
  - hash: demo
    api_accounts:
      - {name: App, client_id: cli-app, client_secret: secret, access_token: token, scopes: [all]}
    customer_groups: [{id: 1, name: Wholesale}]
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: "correct horse 1", customer_group_id: 1}
      - {id: 2, email: joe@example.com, first_name: Joe, last_name: Doe, customer_group_id: 1}
`

// surfaces is a server with all its surfaces, and what is recorded there.
type surfaces struct {
	t       *testing.T
	s       *app.Server
	last    int64
	browser *http.Client
	bearer  string
	shopper string
}

// request sends a request and returns its answer.
func (u *surfaces) request(client *http.Client, method, path, kind, body string, header ...string) (int, string, http.Header) {
	u.t.Helper()
	req, err := http.NewRequestWithContext(u.t.Context(), method, u.s.URL+path, strings.NewReader(body))
	if err != nil {
		u.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", "application/json, text/html;q=0.5")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		u.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		u.t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

func (u *surfaces) send(method, path, kind, body string, header ...string) string {
	u.t.Helper()
	client := http.DefaultClient
	if !strings.HasPrefix(path, "/stores/") && path != "/graphql" {
		client = u.browser
	}
	status, out, _ := u.request(client, method, path, kind, body, header...)
	if status >= 300 {
		u.t.Fatalf("%s %s: %d %s", method, path, status, out)
	}
	return out
}

func (u *surfaces) rest(request, body string) string {
	u.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	return u.send(method, "/stores/demo"+path, "application/json", body, "X-Auth-Token", "token")
}

func (u *surfaces) graphql(query string) string {
	u.t.Helper()
	b, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		u.t.Fatal(err)
	}
	header := []string{"Authorization", "Bearer " + u.bearer}
	if u.shopper != "" {
		header = append(header, "X-Bc-Customer-Access-Token", u.shopper)
	}
	out := u.send("POST", "/graphql", "application/json", string(b), header...)
	if !strings.Contains(out, `"errors":[]`) && strings.Contains(out, `"errors":`) {
		u.t.Fatal(out)
	}
	return out
}

func (u *surfaces) form(page, action string, values ...string) {
	u.t.Helper()
	body := u.send("GET", page, "", "")
	token := regexp.MustCompile(`name="authenticity_token" value="([^"]+)"`).FindStringSubmatch(body)
	if token == nil {
		u.t.Fatal(body)
	}
	v := url.Values{"authenticity_token": {token[1]}}
	for i := 0; i < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	if body = u.send("POST", action, "application/x-www-form-urlencoded", v.Encode()); strings.Contains(body, `class="error"`) {
		u.t.Fatal(body)
	}
}

// news returns the events since the last call.
func (u *surfaces) news() string {
	u.t.Helper()
	var out []string
	if err := u.s.DB.Read(u.t.Context(), 1, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(sqldb.Dynamic(`SELECT id, scope, data FROM events WHERE store_id = $1 AND id > $2 ORDER BY id`), func(r *sqldb.Row) error {
			u.last = r.Int(0)
			out = append(out, strings.TrimPrefix(r.Text(1), "store/")+" "+r.Text(2))
			return nil
		}, u.last)
	}); err != nil {
		u.t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// Every way to change what a customer has tells of it, once; what changes
// nothing or is refused does not.
func TestEventsOfEverySurface(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(eventsSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, _ := start(t, func(c *app.Config) { c.Seed = file; c.ConcurrencyCreate, c.ConcurrencyUpdate = 10, 10 })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u := &surfaces{t: t, s: s, browser: &http.Client{Jar: jar}}
	u.news()
	var made struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(u.rest("POST /v3/storefront/api-token", `{"channel_id":1,"expires_at":4000000000}`)), &made); err != nil {
		t.Fatal(err)
	}
	u.bearer = made.Data.Token
	rest := func(request, body string) func() { return func() { u.rest(request, body) } }
	ask := func(query string) func() { return func() { u.graphql(query) } }
	const address = `"first_name":"A","last_name":"B","address1":"1 St","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701"`
	const address2 = `{"first_name":"A","last_name":"B","street_1":"2 St","city":"Austin","state":"Texas","country":"United States","zip":"78701","phone":"1"}`
	const home = `{firstName:"J",lastName:"R",address1:"9 St",city:"Austin",countryCode:"US",stateOrProvince:"TX",postalCode:"78701"}`
	place := []string{"first_name", "A", "last_name", "B", "address1", "7 St", "city", "Austin", "country", "US", "state", "Texas", "postal_code", "78701", "address_type", "residential"}
	customer := func(what string, id int) string {
		return fmt.Sprintf(`customer/%s {"type":"customer","id":%d,"origin_channel_id":1,"channel_ids":null}`, what, id)
	}
	deleted := func(id int) string { return fmt.Sprintf(`customer/deleted {"type":"customer","id":%d}`, id) }
	of := func(what string, id, owner int) string {
		return fmt.Sprintf(`customer/address/%s {"type":"customer","id":%d,"address":{"customer_id":%d}}`, what, id, owner)
	}
	subscriber := func(what string, id int) string {
		return fmt.Sprintf(`subscriber/%s {"type":"subscriber","id":%d}`, what, id)
	}
	meta := func(what string, id, owner int) string {
		return fmt.Sprintf(`metafield/%s {"metafield_id":%d,"resource_id":"%d","resource_type":"customer","namespace":"n"}`, what, id, owner)
	}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"V3 create", rest("POST /v3/customers", `[{"email":"a@example.com","first_name":"A","last_name":"B","addresses":[{`+address+`}]}]`), []string{customer("created", 3), of("created", 1, 3)}},
		{"V3 update", rest("PUT /v3/customers", `[{"id":3,"first_name":"C"}]`), []string{customer("updated", 3)}},
		{"V3 update of nothing", rest("PUT /v3/customers", `[{"id":3,"first_name":"C"}]`), nil},
		{"V3 channel access", rest("PUT /v3/customers", `[{"id":3,"channel_ids":[1]}]`), []string{`customer/updated {"type":"customer","id":3,"origin_channel_id":1,"channel_ids":[1]}`, `customer/channel/login/access/updated {"customer_id":3,"channel_ids":[1]}`}},
		{"V3 address", rest("POST /v3/customers/addresses", `[{"customer_id":3,`+strings.Replace(address, "1 St", "5 St", 1)+`}]`), []string{of("created", 2, 3)}},
		{"V3 address update", rest("PUT /v3/customers/addresses", `[{"id":2,"city":"Dallas"}]`), []string{of("updated", 2, 3)}},
		{"V3 address update of nothing", rest("PUT /v3/customers/addresses", `[{"id":2,"city":"Dallas"}]`), nil},
		{"V3 address delete", rest("DELETE /v3/customers/addresses?id:in=2", ""), []string{of("deleted", 2, 3)}},
		{"V3 address delete of nothing", rest("DELETE /v3/customers/addresses?id:in=2", ""), nil},
		{"V3 attribute", rest("POST /v3/customers/attributes", `[{"name":"Age","type":"number"}]`), nil},
		{"V3 attribute value", rest("PUT /v3/customers/attribute-values", `[{"customer_id":3,"attribute_id":1,"value":"5"}]`), nil},
		{"V3 metafield", rest("POST /v3/customers/3/metafields", `{"namespace":"n","key":"k","value":"v","permission_set":"read"}`), []string{meta("created", 1, 3)}},
		{"V3 metafield update", rest("PUT /v3/customers/3/metafields/1", `{"value":"w"}`), []string{meta("updated", 1, 3)}},
		{"V3 metafields", rest("POST /v3/customers/metafields", `[{"resource_id":3,"namespace":"n","key":"k2","value":"v","permission_set":"read"}]`), []string{meta("created", 2, 3)}},
		{"V3 metafields update", rest("PUT /v3/customers/metafields", `[{"id":2,"value":"w"}]`), []string{meta("updated", 2, 3)}},
		{"V3 metafields delete", rest("DELETE /v3/customers/metafields", `[2]`), []string{meta("deleted", 2, 3)}},
		{"V3 consent", rest("PUT /v3/customers/3/consent", `{"allow":["analytics"],"deny":[]}`), nil},
		{"V3 instrument", rest("POST /v3/customers/3/stored-instruments", `{"type":"stored_card","token":"84c1d0b7ad2e84c5f8f3e6a1d07b4c2e99f1c0b7ad2e84c5f8f3e6a1d07b4c2e","is_default":true,"brand":"VISA","expiry_month":4,"expiry_year":2030,"issuer_identification_number":"411111","last_4":"1111"}`), []string{`customer/payment/instrument/default/updated {"type":"customer","id":3}`}},
		{"V3 subscriber", rest("POST /v3/customers/subscribers", `{"email":"s@example.com"}`), []string{subscriber("created", 1)}},
		{"V3 subscriber update", rest("PUT /v3/customers/subscribers/1", `{"first_name":"S"}`), []string{subscriber("updated", 1)}},
		{"V3 subscriber update by POST", rest("POST /v3/customers/subscribers/1", `{"first_name":"T","consents":[]}`), []string{subscriber("updated", 1)}},
		{"V3 subscriber delete", rest("DELETE /v3/customers/subscribers/1", ""), []string{subscriber("deleted", 1)}},
		{"V3 subscribers delete of nothing", rest("DELETE /v3/customers/subscribers?email=nobody@example.com", ""), nil},
		{"V3 channel", rest("POST /v3/channels", `{"name":"Two","type":"storefront","platform":"custom"}`), []string{`channel/created {"type":"channel","id":2}`}},
		{"V3 delete", rest("DELETE /v3/customers?id:in=3", ""), []string{of("deleted", 1, 3), meta("deleted", 1, 3), deleted(3)}},
		{"V3 delete of nothing", rest("DELETE /v3/customers?id:in=3", ""), nil},
		{"V2 create", rest("POST /v2/customers", `{"email":"b@example.com","first_name":"A","last_name":"B"}`), []string{customer("created", 4)}},
		{"V2 update", rest("PUT /v2/customers/4", `{"first_name":"C"}`), []string{customer("updated", 4)}},
		{"V2 update of nothing", rest("PUT /v2/customers/4", `{"first_name":"C"}`), nil},
		{"V2 address", rest("POST /v2/customers/4/addresses", address2), []string{of("created", 3, 4)}},
		{"V2 address update", rest("PUT /v2/customers/4/addresses/3", `{"city":"Dallas"}`), []string{of("updated", 3, 4)}},
		{"V2 address delete", rest("DELETE /v2/customers/4/addresses/3", ""), []string{of("deleted", 3, 4)}},
		{"V2 delete", rest("DELETE /v2/customers/4", ""), []string{deleted(4)}},
		{"V2 group delete", rest("DELETE /v2/customer_groups/1", ""), []string{customer("updated", 1), customer("updated", 2)}},
		{"storefront register", func() {
			u.send("POST", "/api/storefront/customers", "application/json", `{"firstName":"S","lastName":"F","email":"sf@example.com","password":"some pass 12","acceptsMarketingEmails":true}`, "Origin", u.s.URL)
		}, []string{customer("created", 5), subscriber("created", 2)}},
		{"storefront subscription", func() {
			u.send("POST", "/api/storefront/subscriptions", "application/json", `{"email":"w@example.com","acceptsMarketingNewsletter":true}`, "Origin", u.s.URL)
		}, []string{subscriber("created", 3)}},
		{"GraphQL register", ask(`mutation { customer { registerCustomer(input: {firstName:"G",lastName:"Q",email:"g@example.com",password:"some pass 12",address:` + home + `}) { customer { entityId } errors { __typename } } } }`), []string{customer("created", 6), of("created", 4, 6)}},
		{"GraphQL login", func() {
			out := u.graphql(`mutation { login(email:"g@example.com",password:"some pass 12") { customerAccessToken { value } } }`)
			u.shopper = regexp.MustCompile(`"value":"([^"]+)"`).FindStringSubmatch(out)[1]
		}, nil},
		{"GraphQL update", ask(`mutation { customer { updateCustomer(input: {firstName:"H"}) { errors { __typename } } } }`), []string{customer("updated", 6)}},
		{"GraphQL address", ask(`mutation { customer { addCustomerAddress(input: ` + strings.Replace(home, "9 St", "8 St", 1) + `) { errors { __typename } } } }`), []string{of("created", 5, 6)}},
		{"GraphQL address update", ask(`mutation { customer { updateCustomerAddress(input: {addressEntityId:5,data:` + strings.Replace(home, "9 St", "7 St", 1) + `}) { errors { __typename } } } }`), []string{of("updated", 5, 6)}},
		{"GraphQL address delete", ask(`mutation { customer { deleteCustomerAddress(input: {addressEntityId:5}) { errors { __typename } } } }`), []string{of("deleted", 5, 6)}},
		{"GraphQL subscribe", ask(`mutation { newsletter { subscribe(input: {email:"n@example.com",firstName:"N",lastName:"L"}) { errors { __typename } } } }`), []string{subscriber("created", 4)}},
		{"GraphQL unsubscribe", ask(`mutation { newsletter { unsubscribe(input: {email:"n@example.com"}) { errors { __typename } } } }`), []string{subscriber("deleted", 4)}},
		{"GraphQL password", ask(`mutation { customer { changePassword(input: {currentPassword:"some pass 12",newPassword:"other pass 13"}) { errors { __typename } } } }`), []string{customer("updated", 6)}},
		{"pages sign-in", func() {
			u.form("/login.php", "/login.php?action=check_login", "login_email", "jane@example.com", "login_pass", "correct horse 1")
		}, nil},
		{"pages address", func() {
			u.form("/account.php?action=add_shipping_address", "/account.php?action=add_shipping_address", place...)
		}, []string{of("created", 6, 1)}},
		{"pages address delete", func() {
			u.form("/account.php?action=address_book", "/account.php?action=delete_shipping_address&address_id=6")
		}, []string{of("deleted", 6, 1)}},
		{"pages newsletter", func() {
			u.form("/account.php?action=newsletter", "/account.php?action=newsletter", "newsletter", "1")
		}, []string{subscriber("created", 5)}},
		{"V3 delete of many", rest("DELETE /v3/customers?id:in=1,2,6", ""), []string{deleted(1), deleted(2), of("deleted", 4, 6), deleted(6)}},
		{"V2 delete of all", rest("DELETE /v2/customers", ""), []string{deleted(5)}},
	} {
		step.do()
		if got, want := u.news(), strings.Join(step.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", step.name, got, want)
		}
	}
}
