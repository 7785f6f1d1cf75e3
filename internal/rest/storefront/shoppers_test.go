package storefront_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/api/apitest"
	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/rest"
	"clientele/internal/rest/storefront"
	"clientele/internal/serve"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/visit"
)

// mall is the program in production with two stores, the first with a second
// channel. It asks reCAPTCHA's service.
type mall struct {
	*apptest.World
	t     *testing.T
	db    *sqldb.DB
	check *apitest.Validator
}

// production is a server behind a proxy, which tells nobody why.
func production(c *app.Config) {
	c.Mode, c.TrustedProxies, c.Parts.Robots = "production", []string{"10.0.0.0/8"}, nil
}

func newMall(t *testing.T, db *sqldb.DB) *mall {
	t.Helper()
	m := &mall{t: t, db: db, check: apitest.New(t)}
	m.World = apptest.New(t, db, apptest.Options{Now: time.Unix(1_800_000_000, 0), Change: production})
	for _, hash := range []string{"first", "second"} {
		st, err := m.Stores.Create(t.Context(), hash, "", "https://"+hash+".example")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			return channel.Put(tx, channel.Given{ID: 2, Name: "two", URL: "https://two." + hash + ".example"}, 1)
		}); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m *mall) put(id int64, s store.StorefrontSettings) {
	m.t.Helper()
	if err := m.db.Write(m.t.Context(), id, func(tx *sqldb.Tx) error { return store.PutSettings(tx, store.Settings{Storefront: s}) }); err != nil {
		m.t.Fatal(err)
	}
}

// ask sends a request as a browser does, unless headers say otherwise, and
// holds the exchange to the API document.
func (m *mall) ask(method, target, body string, header ...string) *http.Response {
	m.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		m.t.Fatal(err)
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "10.1.2.3:4567"
	h := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"203.0.113.7"}, "Origin": {"https://" + u.Host}, "Sec-Fetch-Site": {"same-origin"}}
	if body != "" {
		h.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		h.Del(header[i])
		if header[i+1] != "" {
			h.Set(header[i], header[i+1])
		}
	}
	r.Header = h
	sent := r.Clone(m.t.Context())
	w := httptest.NewRecorder()
	m.Handler.ServeHTTP(w, r)
	if method == http.MethodHead { // whose body the server drops
		w.Body.Reset()
	}
	if method != http.MethodOptions {
		if err := m.check.Check(sent, []byte(body), w.Code, w.Header(), w.Body.Bytes()); err != nil {
			m.t.Errorf("%s %s %.80s: %v\n%s", method, target, body, err, w.Body)
		}
	}
	return w.Result()
}

const api = "https://first.example/api/storefront"

// want compares an answer.
func want(t *testing.T, res *http.Response, status int, body string) {
	t.Helper()
	if got := text(t, res); res.StatusCode != status || body != "*" && got != body {
		t.Errorf("%d %s\nwant %d %s", res.StatusCode, got, status, body)
	}
}

func (m *mall) field(f form.Field) {
	m.t.Helper()
	if _, err := m.Forms.Create(m.t.Context(), 1, f); err != nil {
		m.t.Fatal(err)
	}
}

const jane = `{"firstName":"Jane","lastName":"Doe","email":"janedoe@example.com","password":"SecurePassword123!","acceptsMarketingEmails":true,"customFields":[{"fieldId":"26","fieldValue":"Leave in backyard"}]}`

func TestRegister(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		m.field(form.Field{Form: "customer", Name: "Notes", Type: "text", Required: true})
		m.field(form.Field{Form: "customer", Name: "Size", Type: "radio", Options: form.Options{Choices: []string{"Small", "Large"}}})
		m.field(form.Field{Form: "customer", Name: "Likes", Type: "checkbox", Options: form.Options{Choices: []string{"tea", "coffee"}}})
		m.field(form.Field{Form: "address", Name: "Floor", Type: "number", Required: true})
		// A page tells no address.
		res := m.ask("POST", api+"/customers", jane, visit.ClientIP, "198.51.100.9")
		want(t, res, 204, "")
		c := cookie(res, "SHOP_SESSION_TOKEN")
		if c == nil || !c.HttpOnly || !c.Secure || c.Domain != "" {
			t.Fatalf("session %v", c)
		}
		who, err := m.Shoppers.Authenticate(t.Context(), 1, c.Value)
		if err != nil || who == nil || who.CustomerID != 1 || who.Peer != "203.0.113.7" {
			t.Fatalf("%v, %v", who, err)
		}
		got, err := m.Customers.Get(t.Context(), 1, 1)
		if err != nil || got.Email != "janedoe@example.com" || got.FirstName != "Jane" || got.LastName != "Doe" || got.OriginChannelID != 1 || got.RegistrationIP != "203.0.113.7" {
			t.Fatalf("%+v, %v", got, err)
		}
		for _, taken := range []string{"janedoe@example.com", "JANEDOE@EXAMPLE.COM"} {
			want(t, m.ask("POST", api+"/customers", strings.ReplaceAll(jane, "janedoe@example.com", taken)), 409,
				`{"status":409,"title":"Conflict","type":"about:blank","detail":"The email address belongs to an account already: sign in, or give another one.","errors":{"email":"The email address belongs to an account already: sign in, or give another one."}}`)
		}
		// The other store knows nothing of her, and has no such field.
		want(t, m.ask("POST", strings.Replace(api, "first", "second", 1)+"/customers", jane), 400,
			`{"status":400,"title":"Bad Request","type":"about:blank","detail":"there is no custom field 26 in this form","errors":{"customFields.26":"there is no custom field 26 in this form"}}`)
		want(t, m.ask("POST", strings.Replace(api, "first", "second", 1)+"/customers", `{"firstName":"J","lastName":"D","email":"janedoe@example.com","password":"abcdef1"}`), 204, "")
		for body, answer := range map[string]string{
			`{}`: `{"status":422,"title":"Unprocessable Entity","type":"about:blank","detail":"firstName is required","errors":{"firstName":"firstName is required","lastName":"lastName is required","email":"email is required","password":"password is required","customFields.26":"Notes is required"}}`,
			`{"firstName":" ","lastName":"D","email":"a@example.com","password":"abcdef1","customFields":[{"fieldId":"field_26","fieldValue":""}]}`:                                                                     `{"status":422,"title":"Unprocessable Entity","type":"about:blank","detail":"firstName is required","errors":{"firstName":"firstName is required","customFields.26":"Notes is required"}}`,
			`{"firstName":"J","lastName":"D","email":"a@example.com","password":"short","customFields":[{"fieldId":26,"fieldValue":"x"}]}`:                                                                              `*`,
			`{"firstName":"J","lastName":"D","email":"nobody","password":"abcdef1","customFields":[{"fieldId":"26","fieldValue":"x"}]}`:                                                                                 `{"status":400,"title":"Bad Request","type":"about:blank","detail":"invalid email address","errors":{"email":"invalid email address"}}`,
			`{"firstName":"J","lastName":"D","email":"a@example.com","password":"abcdef1","customFields":[{"fieldId":"26","fieldValue":"x"},{"fieldId":"27","fieldValue":"Huge"},{"fieldId":"28","fieldValue":[1,9]}]}`: `{"status":400,"title":"Bad Request","type":"about:blank","detail":"\"Huge\" is not a choice of Size","errors":{"customFields.27":"\"Huge\" is not a choice of Size","customFields.28":"\"9\" is not a choice of Likes"}}`,
			`{"firstName":7,"lastName":["D"],"email":{},"password":true,"acceptsMarketingEmails":"yes","token":1,"customFields":{}}`:                                                                                    `*`,
			`{"firstName":"J","lastName":"D","email":"a@example.com","password":"abcdef1","customFields":[1,{},{"fieldId":"x"},{"fieldId":"26","fieldValue":{}}]}`:                                                      `*`,
			`[]`:   `{"status":400,"title":"Bad Request","type":"about:blank","detail":"the body must be a JSON object"}`,
			`null`: `{"status":400,"title":"Bad Request","type":"about:blank","detail":"the body must be a JSON object"}`,
			`{"a`:  `*`,
		} {
			status := 400
			if strings.Contains(answer, "422") {
				status = 422
			}
			want(t, m.ask("POST", api+"/customers", body), status, answer)
		}
		want(t, m.ask("POST", api+"/customers", "", "Content-Type", ""), 400, "*")
		want(t, m.ask("POST", api+"/customers", "<a/>", "Content-Type", "application/xml"), 415, "*")
		want(t, m.ask("POST", api+"/customers", strings.Repeat(" ", 4<<20)+"{}"), 413, "*")
		want(t, m.ask("POST", api+"/customers?a=b", jane), 400, `{"status":400,"title":"Bad Request","type":"about:blank","detail":"there is no such parameter","errors":{"a":"there is no such parameter"}}`)
		// Choices by id and by name, and numbers as text.
		want(t, m.ask("POST", api+"/customers", `{"firstName":"J","lastName":"D","email":"c@example.com","password":"abcdef1","customFields":[{"fieldId":"26","fieldValue":5},{"fieldId":"27","fieldValue":"2"},{"fieldId":"28","fieldValue":["2","tea"]}]}`), 204, "")
		q, err := customer.FormValueList.Parse("customer_id=2")
		if err != nil {
			t.Fatal(err)
		}
		values, _, err := m.Customers.FormValues(t.Context(), 1, q)
		if err != nil || len(values) != 3 || values[0].JSON != `"5"` || values[1].JSON != `"Large"` || values[2].JSON != `["coffee","tea"]` {
			t.Errorf("%+v, %v", values, err)
		}
		no := false
		m.put(1, store.StorefrontSettings{Registration: &no})
		want(t, m.ask("POST", api+"/customers", strings.ReplaceAll(jane, "janedoe", "late")), 400, `{"status":400,"title":"Bad Request","type":"about:blank","detail":"the store does not take registrations"}`)
		m.put(1, store.StorefrontSettings{ConfirmEmail: true})
		if res := m.ask("POST", api+"/customers", strings.ReplaceAll(jane, "janedoe", "late")); res.StatusCode != 204 || len(res.Cookies()) > 0 {
			t.Errorf("%d, %v", res.StatusCode, res.Cookies())
		}
		if log := m.Log.String(); strings.Contains(log, "example.com") || strings.Contains(log, "Jane") || !strings.Contains(log, "route=/api/storefront/customers") || !strings.Contains(log, "store=first") {
			t.Errorf("log: %s", log)
		}
	})
}

// Of many registrations with one email one succeeds.
func TestRegisterAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		var wg sync.WaitGroup
		statuses := make([]int, 6)
		for i := range statuses {
			wg.Go(func() {
				statuses[i] = m.ask("POST", api+"/customers", `{"firstName":"J","lastName":"D","email":"same@example.com","password":"abcdef1"}`).StatusCode
			})
		}
		wg.Wait()
		slices.Sort(statuses)
		if !slices.Equal(statuses, []int{204, 409, 409, 409, 409, 409}) {
			t.Errorf("%v", statuses)
		}
	})
}

func TestRegisterAsPerson(t *testing.T) {
	m := newMall(t, dbtest.Open(t, sqldb.SQLite))
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"success":%t}`, r.PostFormValue("response") == "person" && r.PostFormValue("secret") == "key" && r.PostFormValue("remoteip") == "203.0.113.7")
	}))
	defer service.Close()
	m.put(1, store.StorefrontSettings{ReCaptcha: store.ReCaptcha{Enabled: true, SiteKey: "site", SecretKey: "key", VerifyURL: service.URL}})
	body := `{"firstName":"J","lastName":"D","email":"p@example.com","password":"abcdef1"%s}`
	for _, token := range []string{"", `,"token":""`, `,"token":"robot"`} {
		want(t, m.ask("POST", api+"/customers", fmt.Sprintf(body, token)), 429, `{"status":429,"title":"Too Many Requests","type":"about:blank","detail":"the reCAPTCHA check has failed"}`)
	}
	want(t, m.ask("POST", api+"/customers", fmt.Sprintf(body, `,"token":"person"`)), 204, "")
	service.Close()
	res := m.ask("POST", api+"/customers", fmt.Sprintf(body, `,"token":"person"`))
	want(t, res, 503, `{"status":503,"title":"Service Unavailable","type":"about:blank","detail":"The reCAPTCHA check cannot be made right now."}`)
	if res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestOrigins(t *testing.T) {
	m := newMall(t, dbtest.Open(t, sqldb.SQLite))
	c := cookie(m.ask("POST", api+"/customers", `{"firstName":"J","lastName":"D","email":"o@example.com","password":"abcdef1"}`), "SHOP_SESSION_TOKEN")
	signedIn := "SHOP_SESSION_TOKEN=" + c.Value
	foreign := `{"status":403,"title":"Forbidden","type":"about:blank","detail":"the request comes from another site than the store's"}`
	for _, origin := range []string{"https://evil.example", "null", "https://second.example", "https://first.example.evil.example", "https://first.example@evil.example", "ftp://two.first.example", "http://two.first.example", "http://two.first.example:8080", "https://two.first.example/", "HTTPS://"} {
		for _, path := range []string{"/subscriptions", "/customers", "/consent"} {
			res := m.ask("POST", api+path, jane, "Origin", origin, "Sec-Fetch-Site", "cross-site", "Cookie", signedIn)
			if res.Header.Get("Access-Control-Allow-Origin") != "" || len(res.Cookies()) > 0 {
				t.Errorf("%s: %v", origin, res.Header)
			}
			want(t, res, 403, foreign)
			want(t, m.ask("POST", api+path, jane, "Origin", origin, "Sec-Fetch-Site", "", "Cookie", signedIn), 403, foreign)
		}
		res := m.ask("OPTIONS", api+"/customers", "", "Origin", origin, "Sec-Fetch-Site", "cross-site", "Access-Control-Request-Method", "POST")
		if res.Header.Get("Access-Control-Allow-Origin") != "" || res.Header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: %v", origin, res.Header)
		}
		want(t, res, 403, foreign)
	}
	// A form of another site cannot say that it is JSON; browsers that say
	// nothing of origins are told apart by Sec-Fetch-Site.
	want(t, m.ask("POST", api+"/subscriptions", `{"email":"a@example.com"}`, "Origin", "", "Sec-Fetch-Site", "cross-site"), 403, foreign)
	want(t, m.ask("POST", api+"/subscriptions", `email=a`, "Content-Type", "application/x-www-form-urlencoded"), 415, "*")
	want(t, m.ask("GET", api+"/form-fields", "", "Origin", "", "Sec-Fetch-Site", "cross-site"), 403, foreign)

	// Another origin of the same store may ask, and nobody is signed in there.
	sibling := []string{"Origin", "https://two.first.example", "Sec-Fetch-Site", "same-site", "Cookie", signedIn}
	res := m.ask("OPTIONS", api+"/subscriptions", "", append(sibling, "Access-Control-Request-Method", "POST")...)
	h := res.Header
	if h.Get("Access-Control-Allow-Origin") != "https://two.first.example" || h.Get("Access-Control-Allow-Methods") != "POST" || h.Get("Access-Control-Allow-Headers") != "Accept, Content-Type, Idempotency-Key" ||
		h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Vary") != "Origin" || h.Get("Allow") != "OPTIONS, POST" {
		t.Errorf("%v", h)
	}
	want(t, res, 204, "")
	res = m.ask("POST", api+"/subscriptions", `{"email":"o@example.com","acceptsMarketingNewsletter":true}`, sibling...)
	if res.Header.Get("Access-Control-Allow-Origin") != "https://two.first.example" {
		t.Errorf("%v", res.Header)
	}
	want(t, res, 200, `{"email":"o@example.com","firstName":"","lastName":"","source":"storefront","orderId":null,"consents":["marketing_newsletter"]}`)
	if res := m.ask("POST", api+"/customers", `{"firstName":"J","lastName":"D","email":"s@example.com","password":"abcdef1"}`, sibling...); res.StatusCode != 204 || len(res.Cookies()) > 0 {
		t.Errorf("%d, %v", res.StatusCode, res.Cookies())
	}
	want(t, m.ask("POST", api+"/consent", `{"allow":[1,2,3],"deny":[]}`, sibling...), 403, foreign)
	// Programs say nothing of origins.
	want(t, m.ask("GET", api+"/form-fields?filter=customerAccount", "", "Origin", "", "Sec-Fetch-Site", ""), 200, "*")
	want(t, m.ask("OPTIONS", api+"/form-fields", "", "Origin", "", "Sec-Fetch-Site", ""), 204, "")
	want(t, m.ask("GET", "https://nobody.example/api/storefront/form-fields", ""), 404, `{"status":404,"title":"Not Found","type":"about:blank","detail":"there is no store at this address"}`)
}

func (m *mall) subscriber(storeID int64, email string) *subscriber.Subscriber {
	m.t.Helper()
	q, err := subscriber.List.Parse("email=" + url.QueryEscape(email))
	if err != nil {
		m.t.Fatal(err)
	}
	rows, _, err := m.Subscribers.List(m.t.Context(), storeID, q)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(rows) == 0 {
		return nil
	}
	return &rows[0]
}

func TestSubscribe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		if _, err := m.Subscribers.Create(t.Context(), 1, subscriber.Create{Email: "old@example.com", FirstName: "Old", LastName: "Hand", Source: "order", OrderID: opt.Some[int64](7)}, subscriber.Origin{Via: "seed"}); err != nil {
			t.Fatal(err)
		}
		said := func(email, consents string) string {
			return `{"email":"` + email + `","firstName":"","lastName":"","source":"storefront","orderId":null,"consents":[` + consents + `]}`
		}
		// Whether an address was known does not show, nor what is known of it.
		for _, email := range []string{"old@example.com", "new@example.com"} {
			for _, step := range []struct{ flags, answer, stored string }{
				{`"acceptsMarketingNewsletter":true,"acceptsAbandonedCartEmails":true`, `"marketing_newsletter","abandoned_cart"`, "marketing_newsletter abandoned_cart"},
				{`"acceptsAbandonedCartEmails":false`, ``, "marketing_newsletter"},
				{`"acceptsMarketingNewsletter":null`, ``, "marketing_newsletter"},
				{`"acceptsMarketingNewsletter":false`, ``, ""},
				{`"acceptsAbandonedCartEmails":true`, `"abandoned_cart"`, "abandoned_cart"},
			} {
				want(t, m.ask("POST", api+"/subscriptions", `{"email":"`+email+`",`+step.flags+`}`), 200, said(email, step.answer))
				if sub := m.subscriber(1, email); sub == nil || strings.Join(sub.Consents, " ") != step.stored || email == "old@example.com" && (sub.FirstName != "Old" || sub.OrderID != 7 || sub.Source != "order") {
					t.Errorf("%s %s: %+v", email, step.flags, sub)
				}
			}
		}
		if m.subscriber(2, "new@example.com") != nil {
			t.Error("the other store has a subscriber")
		}
		// Each channel has its own.
		want(t, m.ask("POST", "https://two.first.example/api/storefront/subscriptions", `{"email":"two@example.com","acceptsMarketingNewsletter":true}`), 200, said("two@example.com", `"marketing_newsletter"`))
		if sub := m.subscriber(1, "two@example.com"); sub == nil || sub.ChannelID != 2 || sub.Source != "storefront" {
			t.Errorf("%+v", sub)
		}
		// One who refuses is remembered.
		want(t, m.ask("POST", api+"/subscriptions", `{"email":"no@example.com","acceptsAbandonedCartEmails":false}`), 200, said("no@example.com", ""))
		if sub := m.subscriber(1, "no@example.com"); sub == nil || len(sub.Consents) != 0 {
			t.Errorf("%+v", sub)
		}
		for body, status := range map[string]int{`{}`: 422, `{"email":""}`: 422, `{"email":null}`: 422, `{"email":7}`: 400, `{"email":"x"}`: 400, `{"email":"a@example.com","acceptsMarketingNewsletter":"1"}`: 400, `[]`: 400, `{"email":"` + strings.Repeat("a", 250) + `@example.com"}`: 400, `{"email":"a@example.com\u0000"}`: 400} {
			want(t, m.ask("POST", api+"/subscriptions", body), status, "*")
		}
		// Guests are no customers.
		q, err := customer.List.Parse("")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := m.Customers.Count(t.Context(), 1, q); err != nil || n != 0 {
			t.Errorf("%d customers, %v", n, err)
		}
		// The owner sees what is stored; only of their own address.
		c := cookie(m.ask("POST", api+"/customers", `{"firstName":"O","lastName":"H","email":"OLD@example.com","password":"abcdef1"}`), "SHOP_SESSION_TOKEN")
		signedIn := []string{"Cookie", "SHOP_SESSION_TOKEN=" + c.Value}
		want(t, m.ask("POST", api+"/subscriptions", `{"email":"old@example.com","acceptsMarketingNewsletter":true}`, signedIn...), 200,
			`{"id":1,"email":"old@example.com","firstName":"Old","lastName":"Hand","source":"order","orderId":7,"consents":["marketing_newsletter","abandoned_cart"]}`)
		want(t, m.ask("POST", api+"/subscriptions", `{"email":"new@example.com","acceptsMarketingNewsletter":true}`, signedIn...), 200, said("new@example.com", `"marketing_newsletter"`))
		want(t, m.ask("POST", strings.Replace(api, "first", "second", 1)+"/subscriptions", `{"email":"old@example.com","acceptsMarketingNewsletter":true}`, signedIn...), 200, said("old@example.com", `"marketing_newsletter"`))
	})
}

func TestSubscribeWithConfirmation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		m.put(1, store.StorefrontSettings{ConfirmSubscription: true})
		want(t, m.ask("POST", api+"/subscriptions", `{"email":"c@example.com","acceptsMarketingNewsletter":true}`), 200, `{"email":"c@example.com","firstName":"","lastName":"","source":"storefront","orderId":null,"consents":["marketing_newsletter"]}`)
		if m.subscriber(1, "c@example.com") != nil || len(m.Mails.All()) != 1 || m.Mails.Last().Kind != account.MailConfirmSubscription || m.Mails.Last().To != "c@example.com" {
			t.Fatalf("%+v", m.Mails.All())
		}
		want(t, m.ask("POST", api+"/subscriptions", `{"email":"c@example.com","acceptsMarketingNewsletter":true,"acceptsAbandonedCartEmails":true}`), 200, "*")
		if sub := m.subscriber(1, "c@example.com"); sub == nil || strings.Join(sub.Consents, " ") != "abandoned_cart" {
			t.Fatalf("%+v", sub)
		}
		link, err := url.Parse(m.Mails.Last().Data["link"])
		if err != nil {
			t.Fatal(err)
		}
		site := store.Site{StoreID: 1, StoreHash: "first", ChannelID: 1, URL: "https://first.example"}
		if err := m.Shoppers.ConfirmSubscription(t.Context(), site, link.Query().Get("token"), account.Client{}); err != nil {
			t.Fatal(err)
		}
		if sub := m.subscriber(1, "c@example.com"); strings.Join(sub.Consents, " ") != "marketing_newsletter abandoned_cart" {
			t.Errorf("%+v", sub)
		}
		// To end a subscription nothing has to be confirmed.
		want(t, m.ask("POST", api+"/subscriptions", `{"email":"c@example.com","acceptsMarketingNewsletter":false,"acceptsAbandonedCartEmails":false}`), 200, "*")
		if sub := m.subscriber(1, "c@example.com"); len(sub.Consents) != 0 {
			t.Errorf("%+v", sub)
		}
	})
}

func TestSubscribeAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				want(t, m.ask("POST", api+"/subscriptions", fmt.Sprintf(`{"email":"race@example.com","%s":true}`, []string{"acceptsMarketingNewsletter", "acceptsAbandonedCartEmails"}[i%2])), 200, "*")
			})
		}
		wg.Wait()
		if sub := m.subscriber(1, "race@example.com"); sub == nil || len(sub.Consents) != 2 {
			t.Errorf("%+v", sub)
		}
	})
}

func TestSubscribeIsBounded(t *testing.T) {
	m := newMall(t, dbtest.Open(t, sqldb.SQLite))
	var last *http.Response
	for range 101 {
		last = m.ask("POST", api+"/subscriptions", `{"email":"b@example.com","acceptsAbandonedCartEmails":true}`)
	}
	if last.StatusCode != 429 || last.Header.Get("Retry-After") != "900" {
		t.Errorf("%d, %v", last.StatusCode, last.Header)
	}
	if res := m.ask("POST", api+"/subscriptions", `{"email":"b@example.com"}`, "X-Forwarded-For", "203.0.113.8"); res.StatusCode != 200 {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestConsent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		want(t, m.ask("POST", api+"/consent", `{"allow":[1,2],"deny":[3]}`), 400, `{"status":400,"title":"Bad Request","type":"about:blank","detail":"This store does not ask shoppers for their consent to cookies."}`)
		if _, err := m.Core.Settings.Put(t.Context(), 1, 0, setting.Update{AskConsent: opt.Some(true)}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Core.Settings.Put(t.Context(), 1, 2, setting.Update{AskConsent: opt.Some(false)}); err != nil {
			t.Fatal(err)
		}
		want(t, m.ask("POST", "https://two.first.example/api/storefront/consent", `{"allow":[1,2],"deny":[3]}`), 400, "*")
		res := m.ask("POST", api+"/consent", `{"allow":[1,2],"deny":[3]}`)
		want(t, res, 200, "")
		guest := cookie(res, "bc_consent")
		if guest == nil || guest.HttpOnly || !guest.Secure || guest.Path != "/" || guest.MaxAge < 86400 || guest.Value != url.QueryEscape(`{"allow":[1,2],"deny":[3],"at":1800000000}`) {
			t.Fatalf("%+v", guest)
		}
		for _, body := range []string{
			`{}`, `{"allow":[1,2,3]}`, `{"deny":[1,2,3]}`, `{"allow":[1],"deny":[2]}`, `{"allow":[1,2],"deny":[2,3]}`, `{"allow":[1,1,2],"deny":[3]}`, `{"allow":[1,2],"deny":[4]}`,
			`{"allow":[0,1,2],"deny":[3]}`, `{"allow":["1","2"],"deny":["3"]}`, `{"allow":1,"deny":[2,3]}`, `{"allow":null,"deny":[1,2,3]}`, `{"allow":[1.5,2],"deny":[3]}`, `[]`, `"x"`,
		} {
			if res := m.ask("POST", api+"/consent", body); res.StatusCode != 400 || cookie(res, "bc_consent") != nil {
				t.Errorf("%s: %d", body, res.StatusCode)
			}
		}
		// A guest's choice comes to the account with the first sign-in.
		res = m.ask("POST", api+"/customers", `{"firstName":"C","lastName":"C","email":"c@example.com","password":"abcdef1"}`, "Cookie", guest.Name+"="+guest.Value)
		signedIn := "SHOP_SESSION_TOKEN=" + cookie(res, "SHOP_SESSION_TOKEN").Value
		kept := func(allow, deny string) {
			t.Helper()
			c, err := m.Customers.Consent(t.Context(), 1, 1)
			if err != nil || strings.Join(c.Allow, " ") != allow || strings.Join(c.Deny, " ") != deny {
				t.Errorf("%+v, %v", c, err)
			}
		}
		kept("analytics functional", "targeting")
		if _, err := m.Customers.SetConsent(t.Context(), 1, 1, customer.Consent{Allow: []string{"essential", "analytics"}, Deny: []string{"targeting"}}); err != nil {
			t.Fatal(err)
		}
		// Signed in, the choice is the account's at once, and what shoppers
		// are not asked stays.
		res = m.ask("POST", api+"/consent", `{"allow":[],"deny":[3,2,1]}`, "Cookie", signedIn)
		want(t, res, 200, "")
		kept("essential", "targeting functional analytics")
		if c := cookie(res, "bc_consent"); c == nil || c.Value != url.QueryEscape(`{"allow":[],"deny":[1,2,3],"at":1800000000}`) {
			t.Errorf("%+v", c)
		}
		// The session of another store is nobody's.
		want(t, m.ask("POST", api+"/consent", `{"allow":[1,2,3],"deny":[]}`), 200, "")
		kept("essential", "targeting functional analytics")
	})
}

// What was said last holds, wherever it was said.
func TestConsentIsCarried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		rows, err := m.Customers.CreateFor(t.Context(), password.Party{StoreID: 1}, []customer.Create{{Email: "k@example.com", FirstName: "K", LastName: "K"}})
		if err != nil {
			t.Fatal(err)
		}
		id := rows[0].ID
		carry := func(cookieValue string) (set string) {
			t.Helper()
			r := httptest.NewRequest("POST", "https://first.example/login.php", nil)
			if cookieValue != "" {
				r.AddCookie(&http.Cookie{Name: "bc_consent", Value: url.QueryEscape(cookieValue)})
			}
			w := httptest.NewRecorder()
			sys := &system.System{Clock: m.Clock.Now, Random: rand.Reader}
			visits := visit.New(visit.Config{System: sys, Hosts: store.NewHosts(db, sys), Log: slog.New(slog.NewTextHandler(m.Log, nil))})
			v, err := visits.Open(w, r)
			if err != nil {
				t.Fatal(err)
			}
			v.CarryConsent(m.Customers, id, nil)
			for _, c := range w.Result().Cookies() {
				set, _ = url.QueryUnescape(c.Value)
			}
			return set
		}
		if set := carry(""); set != "" {
			t.Errorf("nobody said anything: %s", set)
		}
		for _, bad := range []string{`{`, `{"allow":[1]}`, `{"allow":[1,2,3],"deny":[3]}`, `[]`} {
			if set := carry(bad); set != "" {
				t.Errorf("%s: %s", bad, set)
			}
		}
		// A time to come is no time.
		if set := carry(`{"allow":[1],"deny":[2,3],"at":9999999999}`); set != `{"allow":[1],"deny":[2,3],"at":1800000000}` {
			t.Error(set)
		}
		// The older cookie of another browser yields to the account.
		if set := carry(`{"allow":[1,2,3],"deny":[],"at":1700000000}`); set != `{"allow":[1],"deny":[2,3],"at":1800000000}` {
			t.Error(set)
		}
		if set := carry(""); set != `{"allow":[1],"deny":[2,3],"at":1800000000}` {
			t.Error(set)
		}
	})
}

func TestFormFields(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMall(t, db)
		m.field(form.Field{Form: "customer", Name: "Size", Type: "dropdown", Options: form.Options{Choices: []string{"S", "L"}, Placeholder: "Choose", Default: "L"}})
		m.field(form.Field{Form: "address", Name: "Floor", Type: "number", Required: true, Options: form.Options{Min: "-2", Max: "40", SortOrder: 1}})
		m.field(form.Field{Form: "customer", Name: "Day", Type: "date", Options: form.Options{Min: "2020-01-01", Default: "2024-05-14"}})
		m.field(form.Field{Form: "customer", Name: "Story", Type: "multiline", Options: form.Options{Rows: 4, MaxLength: 500, Label: "Your story"}})
		m.field(form.Field{Form: "customer", Name: "Pin", Type: "password"})
		account := `[{"id":"field_4","name":"firstName","custom":false,"label":"First Name","required":true,"default":"","type":"string","fieldType":"text"},` +
			`{"id":"field_5","name":"lastName","custom":false,"label":"Last Name","required":true,"default":"","type":"string","fieldType":"text"},` +
			`{"id":"field_1","name":"email","custom":false,"label":"Email Address","required":true,"default":"","type":"string","fieldType":"text"},` +
			`{"id":"field_2","name":"password","custom":false,"label":"Password","required":true,"default":"","type":"string","fieldType":"text","secret":true,"requirements":{"alpha":"[A-Za-z]","numeric":"[0-9]","minlength":7,"description":"A password has at least 7 characters: letters, digits."}},` +
			`{"id":"field_25","name":"acceptsMarketingEmails","custom":false,"label":"Receive offers by email","required":false,"default":"","type":"array","fieldType":"checkbox","options":{"items":[{"value":"1","label":"Receive offers by email"}]}},` +
			`{"id":"field_26","name":"field_26","custom":true,"label":"Size","required":false,"default":"2","type":"array","fieldType":"dropdown","options":{"helperLabel":"Choose","items":[{"value":"1","label":"S"},{"value":"2","label":"L"}]}},` +
			`{"id":"field_28","name":"field_28","custom":true,"label":"Day","required":false,"default":"2024-05-14","type":"date","fieldType":"date","min":"2020-01-01"},` +
			`{"id":"field_29","name":"field_29","custom":true,"label":"Your story","required":false,"default":"","type":"string","fieldType":"multiline","maxLength":500,"options":{"rows":4}},` +
			`{"id":"field_30","name":"field_30","custom":true,"label":"Pin","required":false,"default":"","type":"string","fieldType":"text","secret":true}]`
		want(t, m.ask("GET", api+"/form-fields?filter=customerAccount", ""), 200, `{"customerAccount":`+account+`}`)
		all := text(t, m.ask("GET", api+"/form-fields", ""))
		if !strings.HasPrefix(all, `{"customerAccount":`+account+`,"shippingAddress":[{"id":"field_27","name":"field_27","custom":true,"label":"Floor","required":true,"default":"","type":"integer","fieldType":"text","min":"-2","max":"40"},{"id":"field_4",`) ||
			!strings.Contains(all, `{"id":"field_11","name":"countryCode","custom":false,"label":"Country","required":true,"default":"","type":"array","fieldType":"dropdown"}`) {
			t.Error(all)
		}
		if got := text(t, m.ask("GET", api+"/form-fields?filter=shippingAddress,billingAddress", "")); !strings.HasPrefix(got, `{"shippingAddress":[`) || !strings.Contains(got, `],"billingAddress":[`) || strings.Contains(got, "customerAccount") {
			t.Error(got)
		}
		for _, bad := range []string{"?filter=", "?filter=orders", "?filter=customerAccount,", "?page=1", "?filter=customerAccount&filter=billingAddress"} {
			want(t, m.ask("GET", api+"/form-fields"+bad, ""), 400, "*")
		}
		if got := text(t, m.ask("GET", strings.Replace(api, "first", "second", 1)+"/form-fields", "")); strings.Contains(got, "field_26") {
			t.Errorf("another store's fields: %s", got)
		}
		if res := m.ask("HEAD", api+"/form-fields", ""); res.StatusCode != 200 {
			t.Errorf("HEAD: %d", res.StatusCode)
		}
		nine, two := 9, 2
		m.put(1, store.StorefrontSettings{Password: store.PasswordRules{MinimumLength: &nine, RequireLowerCase: true, RequireUpperCase: true, MinimumNumbers: &two, RequireSpecial: true}})
		if got := text(t, m.ask("GET", api+"/form-fields?filter=customerAccount", "")); !strings.Contains(got, `"requirements":{"alpha":"(?:[a-z].*[A-Z]|[A-Z].*[a-z])","numeric":"(?:[0-9][^0-9]*){2}","minlength":9,"description":"A password has at least 9 characters: lower and upper case letters, at least 2 digits, at least one special character."}`) {
			t.Error(got)
		}
	})
}

// A defect is answered with a fixed text and logged.
func TestDefect(t *testing.T) {
	m := newMall(t, dbtest.Open(t, sqldb.SQLite))
	visits := visit.New(visit.Config{System: system.Real(), Hosts: m.Hosts, Log: slog.New(slog.NewTextHandler(m.Log, nil))})
	broken := rest.NewServer(rest.Config{System: system.Real(), Limits: rest.Limits{Quota: 1, Window: time.Minute}, Pipeline: serve.New(serve.Config{System: system.Real(), Log: slog.New(slog.NewTextHandler(m.Log, nil))})})
	storefront.New(storefront.Services{Visits: visits}).Mount(broken)
	m.Handler = broken
	res := m.ask("GET", api+"/form-fields", "")
	want(t, res, 500, `{"status":500,"title":"Something went wrong on our side.","type":"about:blank"}`)
	if log := m.Log.String(); !strings.Contains(log, "panic") || !strings.Contains(log, res.Header.Get("X-Request-Id")) {
		t.Error(log)
	}
}
