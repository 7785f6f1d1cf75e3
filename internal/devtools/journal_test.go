package devtools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// shown is a request as the journal shows it.
type shown struct {
	ID                                                                 int64
	Surface, Operation, Method, Path, Route, Reason, Dropped, Original string
	StoreHash                                                          string `json:"store_hash"`
	AccountID                                                          int64  `json:"account_id"`
	Status                                                             int
	Request, Response                                                  struct {
		Headers http.Header
		Body    json.RawMessage
	}
	Faults, Warnings []string
	Unmatched        bool
	Contract         *struct {
		OK       bool
		Problems []string
	}
}

func (l *live) journal(query string) (out []shown) {
	l.t.Helper()
	var answer struct{ Data []shown }
	if err := json.Unmarshal([]byte(l.control(200, "GET", "/requests?"+query, "")), &answer); err != nil {
		l.t.Fatal(err)
	}
	return answer.Data
}

func TestJournal(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	bearer := l.bearer()
	l.control(204, "DELETE", "/requests", "")
	l.api("GET", "/v3/customers?limit=1", "", "Accept-Encoding", "gzip")
	l.api("POST", "/v3/customers", `[{"email":"ann@example.com","first_name":"Ann","last_name":"B","nickname":"N"}]`)
	l.api("POST", "/v3/customers", `[{"email":"ann@example.com","first_name":"Ann","last_name":"B"}]`)
	l.ask("GET", "/stores/abc123/v3/customers", "", "X-Auth-Token", "WRONG")
	l.api("GET", "/v3/catalog/products?name=x", "")
	l.api("GET", "/v3/nothing/like/it", "")
	l.ask("POST", "/graphql", `{"query":"{ site { settings { storeName } } }"}`, "Authorization", "Bearer "+bearer, "Content-Type", "application/json")
	l.ask("GET", "/login.php", "", "Accept", "text/html")
	l.ask("POST", "/api/storefront/subscriptions", `{"email":"reader@example.com"}`, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
	l.api("PUT", "/v3/customers", `[{"id":1,"first_name":"Janet","date_created":"2020-01-01T00:00:00Z"}]`)
	l.ask("GET", "/healthz", "")
	l.ask("GET", "/docs", "")
	l.fault(`{"match":{"surface":"v2"},"effect":{"drop":"after_commit"},"times":1}`)
	l.api("GET", "/v2/customers/count", "")
	all := l.journal("limit=250")
	if len(all) != 11 {
		t.Fatalf("%d requests: %+v", len(all), all)
	}
	line := func(s shown) string {
		verdict := "unchecked"
		if s.Contract != nil {
			verdict = "ok"
			if !s.Contract.OK {
				verdict = "broken"
			}
		}
		return fmt.Sprint(s.Surface, " ", s.Operation, " ", s.Method, " ", s.Route, " ", s.Status, " ", s.AccountID, " ", s.StoreHash, " ", verdict, " ", s.Unmatched, " ", s.Original, " ", s.Faults, s.Dropped)
	}
	for i, want := range []string{
		"v2 getCustomersCountV2 GET /customers/count 0 1 abc123 unchecked false  [fault-1]after_commit",
		"v3 updateCustomers PUT /customers 200 1 abc123 ok false  []",
		"storefront createStorefrontSubscription POST /api/storefront/subscriptions 200 0 abc123 unchecked false  []",
		"pages  GET /login.php 200 0 abc123 unchecked false  []",
		"graphql site POST /graphql 200 0 abc123 unchecked false  []",
		"v3  GET /* 404 0  ok true  []",
		"v3  GET /* 404 0  ok true GET /v3/catalog/… []",
		"v3 getCustomers GET /customers 401 0  ok false  []",
		"v3 createCustomers POST /customers 422 1 abc123 ok false  []",
		"v3 createCustomers POST /customers 200 1 abc123 broken false  []",
		"v3 getCustomers GET /customers 200 1 abc123 ok false  []",
	} {
		if got := line(all[i]); got != want {
			t.Errorf("%d:\n%s, want\n%s\n%s %+v", i, got, want, all[i].Response.Body, all[i].Contract)
		}
	}
	if w := fmt.Sprint(all[1].Warnings); !strings.Contains(w, "V3 ignores `date_created`") {
		t.Error(w)
	}
	if w := fmt.Sprint(all[9].Warnings); !strings.Contains(w, "V3 does not know the member") {
		t.Error(w, all[9].Contract.Problems)
	}
	if r := all[7].Reason; !strings.Contains(r, "the token is not one of this store's") {
		t.Error(r)
	}
	for query, want := range map[string]string{
		"surface=v3&method=POST": "[3 2]",
		"unmatched=true":         "[6 5]",
		"unmatched=true&path=/stores/abc123/v3/catalog/products": "[5]",
		"operation=getCustomers":                                 "[4 1]",
		"operation=getCustomers&status=200":                      "[1]",
		"email=ann@example.com":                                  "[3 2]",
		"body=Janet":                                             "[10]",
		"fault=fault-1":                                          "[11]",
		"contract=broken":                                        "[2]",
		"route=/customers&before=4":                              "[3 2 1]",
		"limit=2":                                                "[11 10]",
		"account_id=1&surface=v2":                                "[11]",
		"store=another":                                          "[]",
		"surface=graphql&operation=settings":                     "[7]",
	} {
		ids := []int64{}
		for _, s := range l.journal(query) {
			ids = append(ids, s.ID)
		}
		if got := fmt.Sprint(ids); got != want {
			t.Errorf("%s finds %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"nothing=1", "limit=0", "limit=251", "unmatched=perhaps", "contract=x", "status=x", "surface=v3&surface=v2"} {
		l.control(422, "GET", "/requests?"+query, "")
	}
	l.control(200, "GET", "/requests/1", "")
	l.control(200, "GET", "/requests/1/har", "")
	l.control(404, "GET", "/requests/99", "")
	l.control(404, "GET", "/requests/x", "")
	// Expectations.
	l.control(200, "POST", "/requests/expect", `{"match":{"surface":"v3","method":"POST","email":"ann@example.com"},"at_least":2}`)
	var miss struct {
		Met     bool
		Matched int
		Nearest []struct {
			ID          int64
			Differences []struct{ Field, Want, Got string }
		}
	}
	if err := json.Unmarshal([]byte(l.control(409, "POST", "/requests/expect", `{"match":{"surface":"v3","method":"DELETE","route":"/customers","status":204}}`)), &miss); err != nil {
		t.Fatal(err)
	}
	if miss.Met || miss.Matched != 0 || len(miss.Nearest) != 3 || len(miss.Nearest[0].Differences) != 2 || miss.Nearest[0].Differences[0] != struct{ Field, Want, Got string }{"method", "DELETE", "PUT"} {
		t.Errorf("%+v", miss)
	}
	l.control(400, "POST", "/requests/expect", `{"match":{"verb":"GET"}}`)
	l.control(422, "POST", "/requests/expect", `{"match":{},"at_least":0}`)
	l.control(204, "DELETE", "/requests", "")
	if got := l.journal(""); len(got) != 0 {
		t.Error(got)
	}
}

// What a client should know although all went well.
func TestWarnings(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	if a := l.api("POST", "/v3/customers/addresses", `[{"customer_id":1,"first_name":"A","last_name":"B","address1":"C","city":"D","country_code":"HK"}]`); a.status != 200 {
		t.Fatal(a.body)
	}
	for i, in := range []struct{ method, path, body, want string }{
		{"PUT", "/v2/customers/1/addresses/1", `{"id":1,"city":"E"}`, "[V2 ignores `id`]"},
		{"PUT", "/v3/customers", `[{"id":1,"addresses":[],"attributes":[],"first_name":"J"}]`, "[V3 ignores `addresses` V3 ignores `attributes`]"},
		{"GET", "/v3/customers?email:in=jane+x@example.com", "", "[a + in a query means a space: an address that has one is sent with %2B]"},
		{"GET", "/v3/customers?email:in=jane%2Bx@example.com&sort=date_created:desc", "", "[]"},
		{"POST", "/v3/customers", `[{"email":"w@example.com","first_name":"A","last_name":"B","nickname":"x"}]`, "[V3 does not know the member 'nickname' and ignores it]"},
		{"POST", "/v2/customers", `{"id":7,"email":"x@example.com","first_name":"A","last_name":"B"}`, "[]"}, // it is refused
	} {
		l.api(in.method, in.path, in.body)
		if s := l.journal("limit=1")[0]; fmt.Sprint(s.Warnings) != in.want {
			t.Errorf("%d: %s, want %s: %d %s %s", i, s.Warnings, in.want, s.Status, s.Route, s.Response.Body)
		}
	}
}

// What was planted is nowhere in what the journal tells.
func TestJournalTellsNoSecretsAndNoPersons(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), func(c *app.Config) {})
	bearer := l.bearer()
	const email, name, last, city, secret = "quillon@brunhilde.example", "Brunhilde", "Xerxesson", "Wolkenkuckucksheim", "Zzyzx-Secret-77"
	if a := l.api("POST", "/v3/customers", `[{"email":"`+email+`","first_name":"`+name+`","last_name":"`+last+`","phone":"+49 5550142 9","company":"Kwyjibo GmbH","notes":"likes Frobnitz","authentication":{"new_password":"`+secret+`"},
		"addresses":[{"first_name":"`+name+`","last_name":"`+last+`","address1":"Quuxgasse 7","city":"`+city+`","country_code":"DE","state_or_province":"Bayern","postal_code":"80331"}]}]`); a.status != 200 {
		t.Fatal(a.body)
	}
	l.api("POST", "/v3/customers", `[{"email":"`+email+`","first_name":"`+name+`","last_name":"`+last+`"}]`) // refused with the address
	l.api("GET", "/v3/customers?email:in="+email+"&include=addresses", "")
	l.api("GET", "/v3/customers?name:in="+name, "", "Accept-Encoding", "gzip")
	l.api("GET", "/v2/customers?email="+email, "", "Accept", "application/xml")
	l.api("GET", "/v2/customers.xml", "")
	l.api("POST", "/v3/customers/validate-credentials", `{"email":"`+email+`","password":"`+secret+`"}`)
	l.api("POST", "/v3/hooks", `{"scope":"store/customer/created","destination":"https://hooks.example/`+secret+`","headers":{"X-Key":"`+secret+`"},"is_active":true}`)
	login := l.ask("POST", "/graphql", `{"query":"mutation { login(email: \"`+email+`\", password: \"`+secret+`\") { customerAccessToken { value } customer { firstName lastName email } } }"}`, "Authorization", "Bearer "+bearer, "Content-Type", "application/json")
	var out struct {
		Data struct {
			Login struct{ CustomerAccessToken struct{ Value string } }
		}
	}
	if err := json.Unmarshal([]byte(login.body), &out); err != nil || out.Data.Login.CustomerAccessToken.Value == "" {
		t.Fatal(login.body)
	}
	l.ask("POST", "/login.php?action=check_login", "login_email=quillon%40brunhilde.example&login_pass="+secret, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
	l.ask("POST", "/api/storefront/subscriptions", `{"email":"`+email+`","acceptsMarketingNewsletter":true}`, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
	l.ask("GET", "/login/token/"+bearer, "")
	l.ask("GET", "/nobody/"+name+"/"+secret+"?who="+email, "", "Cookie", "SHOP_TOKEN="+out.Data.Login.CustomerAccessToken.Value)
	l.ask("GET", "/stores/abc123/v3/customers", "", "X-Auth-Token", secret)
	told := l.control(200, "GET", "/requests?limit=250", "") + l.control(200, "GET", "/requests/har", "") +
		l.ask("POST", "/_clientele/v1/requests/expect", `{"match":{"path":"/nobody/at/all"}}`).body + l.control(200, "GET", "/requests/1", "")
	for _, planted := range []string{email, "quillon", "brunhilde", name, last, city, secret, "5550142", "Kwyjibo", "Frobnitz", "Quuxgasse", "80331", bearer, out.Data.Login.CustomerAccessToken.Value, `["TOKEN"]`} {
		if i := strings.Index(strings.ToLower(told), strings.ToLower(planted)); i >= 0 {
			t.Errorf("%s is told: …%s…", planted, told[max(0, i-200):min(len(told), i+100)])
		}
	}
	for _, want := range []string{`"country_code":"DE"`, `/v3/customers?email:in=u`, "already in use", `<id>`, `"log":{"version":"1.2"`, "***"} {
		if !strings.Contains(told, want) {
			t.Errorf("%s is not told", want)
		}
	}
	// And yet a test can ask for it.
	l.control(200, "POST", "/requests/expect", `{"match":{"email":"`+email+`","operation":"login"}}`)
}
