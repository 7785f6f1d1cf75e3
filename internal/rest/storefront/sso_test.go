package storefront_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/api/apitest"
	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/jwt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
)

// vouched is the program with two stores, an app each, and a customer each.
type vouched struct {
	*apptest.World
	t       *testing.T
	check   *apitest.Validator
	apps    [2]auth.Credentials
	stores  [2]int64
	db      *sqldb.DB
	reasons bool
}

func newVouched(t *testing.T, db *sqldb.DB, reasons bool) *vouched {
	t.Helper()
	v := &vouched{t: t, check: apitest.New(t), db: db, reasons: reasons}
	v.World = apptest.New(t, db, apptest.Options{Now: time.Unix(1_800_000_000, 0), Change: func(c *app.Config) {
		if production(c); reasons {
			c.Mode = "development"
		}
	}})
	for i, hash := range []string{"first", "second"} {
		st, err := v.Stores.Create(t.Context(), hash, "", "https://"+hash+".example")
		if err != nil {
			t.Fatal(err)
		}
		v.stores[i] = st.ID
		if v.apps[i], err = v.APIAccounts.Create(t.Context(), st.ID, "app", []auth.Scope{auth.CustomersLogin}, auth.Credentials{}); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Customers.CreateFor(t.Context(), password.Party{StoreID: st.ID}, []customer.Create{{Email: "a@" + hash + ".org", FirstName: "A", LastName: "A"}}); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			return channel.Put(tx, channel.Given{ID: 2, Name: "Two", URL: "https://two." + hash + ".example"}, 1)
		}); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

var drawn struct {
	sync.Mutex
	n int
}

// token is one that the library jsonwebtoken makes of the documented claims.
func (v *vouched) token(i int, more string) string {
	v.t.Helper()
	drawn.Lock()
	drawn.n++
	n := drawn.n
	drawn.Unlock()
	claims := fmt.Sprintf(`{"iss":%q,"iat":%d,"jti":"20b7c03e-00da-4d29-91bf-%012d","operation":"customer_login","store_hash":%q,"customer_id":1%s}`,
		v.apps[i].ClientID, v.Clock.Now().Unix(), n, []string{"first", "second"}[i], more)
	return jwt.SignHMAC(jwt.HS256, v.apps[i].ClientSecret, []byte(claims))
}

func (v *vouched) do(method, url string, header ...string) *http.Response {
	v.t.Helper()
	r := httptest.NewRequest(method, url, nil)
	r.RemoteAddr = "10.1.2.3:4567"
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-For", "203.0.113.7")
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	target := r.Clone(v.t.Context())
	w := httptest.NewRecorder()
	v.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		if err := v.check.Check(target, nil, w.Code, w.Header(), w.Body.Bytes()); err != nil {
			v.t.Errorf("%s %.40s: %v\n%s", method, url, err, w.Body)
		}
	}
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func cookie(r *http.Response, name string) *http.Cookie {
	for _, c := range r.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// signIn signs the customer of a store in and returns the cookie as sent.
func (v *vouched) signIn(i int, host string) string {
	v.t.Helper()
	res := v.do("GET", "https://"+host+"/login/token/"+v.token(i, ""))
	c := cookie(res, "SHOP_SESSION_TOKEN")
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/account.php" || c == nil || c.Value == "" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge < 60 {
		v.t.Fatalf("%d to %s with %v", res.StatusCode, res.Header.Get("Location"), c)
	}
	return c.Name + "=" + c.Value
}

func TestCustomerLogin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		v := newVouched(t, db, true)
		v.signIn(0, "first.example")
		used := v.token(0, `,"redirect_to":"/cart.php?a=b","request_ip":"::ffff:203.0.113.7"`)
		url := "https://first.example/login/token/" + used
		// Looking at the link does not use it up.
		if res := v.do("HEAD", url); res.StatusCode != http.StatusMethodNotAllowed || len(res.Cookies()) > 0 || res.Header.Get("Location") != "" || res.Header.Get("Allow") != "GET" {
			t.Errorf("HEAD: %d, %v", res.StatusCode, res.Header)
		}
		if res := v.doUnchecked("https://first.example/login/token/" + v.token(0, "") + "?utm_source=mail"); res.StatusCode != http.StatusFound || cookie(res, "SHOP_SESSION_TOKEN") == nil {
			t.Errorf("with a parameter: %d to %s", res.StatusCode, res.Header.Get("Location"))
		}
		if res := v.do("GET", url); res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/cart.php?a=b" || cookie(res, "SHOP_SESSION_TOKEN") == nil {
			t.Errorf("%d to %s", res.StatusCode, res.Header.Get("Location"))
		}
		if res := v.do("GET", "https://first.example/login/token/"+v.token(0, `,"redirect_to":"/login.php?action=logout"`)); res.Header.Get("Location") != "/login.php?action=logout" {
			t.Errorf("sign-out leads to %s", res.Header.Get("Location"))
		}
		for name, c := range map[string]struct {
			url    string
			reason sso.Reason
		}{
			"used":          {url, sso.Used},
			"no token":      {"https://first.example/login/token/hello", sso.NoToken},
			"long":          {"https://first.example/login/token/" + strings.Repeat("a", 9000), sso.NoToken},
			"other store":   {"https://first.example/login/token/" + v.token(1, ""), sso.UnknownIssuer},
			"other host":    {"https://second.example/login/token/" + v.token(0, ""), sso.UnknownIssuer},
			"other channel": {"https://two.first.example/login/token/" + v.token(0, ""), sso.WrongChannel},
			"address":       {"https://first.example/login/token/" + v.token(0, `,"request_ip":"10.1.2.3"`), sso.WrongAddress},
			"redirect":      {"https://first.example/login/token/" + v.token(0, `,"redirect_to":"//evil.example"`), sso.BadRedirect},
		} {
			v.Log.Reset()
			res := v.do("GET", c.url)
			flash := cookie(res, "clientele_flash")
			if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/login.php" || cookie(res, "SHOP_SESSION_TOKEN") != nil || flash == nil {
				t.Errorf("%s: %d to %s with %v", name, res.StatusCode, res.Header.Get("Location"), res.Cookies())
				continue
			}
			if said, err := base64.RawURLEncoding.DecodeString(flash.Value); err != nil || string(said) != "invalid_login_token\n"+string(c.reason) {
				t.Errorf("%s: the page is told %q", name, said)
			}
			if log := v.Log.String(); !strings.Contains(log, strings.ReplaceAll(string(c.reason), `"`, `\"`)) || strings.Contains(log, "eyJ") || strings.Contains(log, "@") {
				t.Errorf("%s: the log says %s", name, log)
			}
		}
	})
}

// In production shoppers are told no reason.
func TestCustomerLoginKeepsReasons(t *testing.T) {
	v := newVouched(t, dbtest.Open(t, sqldb.SQLite), false)
	flash := cookie(v.do("GET", "https://first.example/login/token/hello"), "clientele_flash")
	if said, err := base64.RawURLEncoding.DecodeString(flash.Value); err != nil || string(said) != "invalid_login_token\n" {
		t.Errorf("the page is told %q", said)
	}
}

// Of many requests with one token one signs in.
func TestCustomerLoginAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		v := newVouched(t, db, false)
		url := "https://first.example/login/token/" + v.token(0, "")
		var wg sync.WaitGroup
		sent := make([]string, 12)
		for i := range sent {
			wg.Go(func() {
				r := httptest.NewRequest("GET", url, nil)
				w := httptest.NewRecorder()
				v.Handler.ServeHTTP(w, r)
				sent[i] = w.Header().Get("Location")
			})
		}
		wg.Wait()
		counts := map[string]int{}
		for _, to := range sent {
			counts[to]++
		}
		if counts["/account.php"] != 1 || counts["/login.php"] != 11 {
			t.Errorf("%v", counts)
		}
	})
}

func TestCurrentCustomer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		v := newVouched(t, db, false)
		signedIn := v.signIn(0, "first.example")
		url := "https://first.example/customer/current.jwt?app_client_id=" + v.apps[0].ClientID
		// What fetch, jQuery and axios send.
		for accept, object := range map[string]bool{"*/*": false, "": false, "text/plain": false, "application/json": true, "application/json, text/plain, */*": true} {
			res := v.do("GET", url, "Cookie", signedIn, "Accept", accept, "Sec-Fetch-Site", "same-origin")
			token := text(t, res)
			want := "text/plain; charset=utf-8"
			if object {
				want = "application/json"
				token = strings.TrimSuffix(strings.TrimPrefix(token, `{"token":"`), `"}`)
			}
			if res.StatusCode != 200 || res.Header.Get("Content-Type") != want || res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%q: %d %v", accept, res.StatusCode, res.Header)
			}
			raw, err := jwt.Parse(token)
			if err != nil {
				t.Errorf("%q: %v: %s", accept, err, token)
				continue
			}
			if err := raw.VerifyHMAC(jwt.HS512, v.apps[0].ClientSecret); err != nil {
				t.Errorf("%q: %v", accept, err)
			}
			if email, _ := raw.Claims.Get("customer").Get("email").Str(); email != "a@first.org" {
				t.Errorf("%q: tells of %q", accept, email)
			}
		}
		const problem = `"type":"about:blank","detail":%[1]q,"errors":{%[2]q:%[1]q}}`
		guest := `{"status":404,"title":"Not Found",` + fmt.Sprintf(problem, "no customer is signed in", "customer")
		noApp := `{"status":403,"title":"Forbidden",` + fmt.Sprintf(problem, "there is no app with this client id", "app_client_id")
		foreign := `{"status":403,"title":"Forbidden","type":"about:blank","detail":"the request comes from another site than the store's"}`
		other := v.signIn(1, "second.example")
		for name, c := range map[string]struct {
			url    string
			header []string
			status int
			want   string
		}{
			"guest":               {url, nil, 404, guest},
			"bad session":         {url, []string{"Cookie", "SHOP_SESSION_TOKEN=x"}, 404, guest},
			"session elsewhere":   {url, []string{"Cookie", other}, 404, guest},
			"other channel":       {strings.Replace(url, "first", "two.first", 1), []string{"Cookie", signedIn}, 404, guest},
			"unknown app":         {"https://first.example/customer/current.jwt?app_client_id=x%00", []string{"Cookie", signedIn}, 403, noApp},
			"app of another":      {"https://first.example/customer/current.jwt?app_client_id=" + v.apps[1].ClientID, []string{"Cookie", signedIn}, 403, noApp},
			"no app":              {"https://first.example/customer/current.jwt", []string{"Cookie", signedIn}, 400, `{"status":400,"title":"Bad Request",` + fmt.Sprintf(problem, "app_client_id is needed", "app_client_id")},
			"page of another":     {url, []string{"Cookie", signedIn, "Sec-Fetch-Site", "cross-site"}, 403, foreign},
			"origin of another":   {url, []string{"Cookie", signedIn, "Origin", "https://evil.example"}, 403, foreign},
			"page of the store":   {url, []string{"Cookie", signedIn, "Sec-Fetch-Site", "same-site", "Origin", "https://two.first.example"}, 404, guest},
			"jQuery's own number": {url + "&_=1700000000000", nil, 404, guest},
		} {
			res := v.doUnchecked(c.url, c.header...)
			if got := text(t, res); res.StatusCode != c.status || got != c.want || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s, want %d %s", name, res.StatusCode, got, c.status, c.want)
			}
		}
	})
}

// doUnchecked is do for requests with what the document does not name.
func (v *vouched) doUnchecked(url string, header ...string) *http.Response {
	v.t.Helper()
	r := httptest.NewRequest("GET", url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	v.Handler.ServeHTTP(w, r)
	return w.Result()
}
