package graphql_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

func TestLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const login = `mutation($e: String!, $p: String!) { login(email: $e, password: $p, guestCartEntityId: "x") { result customer { entityId email addresses { collectionInfo { totalItems } } } cart { id } customerAccessToken { value expiresAt } } }`
		a := w.ask(login, map[string]any{"e": "JANE@example.com", "p": rightPassword})
		token, _ := dig(a.Data, "login.customerAccessToken.value").(string)
		expires, _ := dig(a.Data, "login.customerAccessToken.expiresAt").(string)
		hex, unix, _ := strings.Cut(token, "_")
		at, err := time.Parse("2006-01-02T15:04:05Z", expires)
		if err != nil || len(hex) != 64 || unix != fmt.Sprint(at.Unix()) {
			t.Errorf("%s %s", token, expires)
		}
		w.want(a, 200, `{"data":{"login":{"result":"success","customer":{"entityId":1,"email":"jane@example.com","addresses":{"collectionInfo":{"totalItems":0}}},"cart":null,"customerAccessToken":{"value":"`+token+`","expiresAt":"`+expires+`"}}}}`)
		if a.Header.Get("Set-Cookie") != "" {
			t.Error("a server was given a cookie")
		}
		for _, c := range [][2]string{{"jane@example.com", "wrong"}, {"nobody@example.com", rightPassword}, {"", ""}} {
			w.want(w.ask(`mutation($e: String!, $p: String!) { login(email: $e, password: $p) { result } }`, map[string]any{"e": c[0], "p": c[1]}), 200,
				`{"data":null,"errors":[{"message":"Invalid credentials","path":["login"],"locations":[{"line":1,"column":38}]}]}`)
		}
		w.want(w.ask(`mutation { login(email: "reset@example.com", password: "Secret123") { result } }`, nil), 200,
			`{"data":null,"errors":[{"message":"Reset password","path":["login"],"locations":[{"line":1,"column":12}]}]}`)
		if strings.Contains(w.Log.String(), "@example.com") || strings.Contains(w.Log.String(), token) {
			t.Error("the log tells too much:", w.Log)
		}
		// Guessing ends.
		var last *answer
		for range 12 {
			last = w.ask(`mutation { login(email: "john@example.com", password: "x") { result } }`, nil)
		}
		if len(last.Errors) != 1 || last.Errors[0].Message != "Too many requests" || last.Errors[0].Extensions["code"] != "TOO_MANY_REQUESTS" {
			t.Error(last.Text)
		}
	})
}

// Older storefronts sign in from their server with a storefront token. They
// pass the cookie on to their shopper and back; it is nothing to anybody else.
func TestServerLoginByCookie(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const login, whoami = `mutation { login(email: "jane@example.com", password: "Secret123") { result customerAccessToken { value } } }`, `{ customer { entityId } }`
		plain := []string{"Authorization", "Bearer " + w.page}
		a := w.ask(login, nil, plain...)
		token, _ := dig(a.Data, "login.customerAccessToken.value").(string)
		cookies := a.Header.Values("Set-Cookie")
		if len(cookies) != 1 || !strings.HasPrefix(cookies[0], "SHOP_TOKEN="+token+"; Path=/; Max-Age=") || !strings.HasSuffix(cookies[0], "; HttpOnly; Secure; SameSite=Lax") {
			t.Fatalf("%q, %s", cookies, a.Text)
		}
		cookie := []string{"Cookie", "SHOP_TOKEN=" + token}
		for _, c := range []struct {
			name   string
			header []string
			want   string
		}{
			{"the server", append(plain, cookie...), `{"entityId":1}`},
			{"no cookie", plain, "null"},
			{"a page", append(append(plain, cookie...), "Origin", shop), "null"},
			{"a page of an allowed origin", append(append(plain, cookie...), "Origin", "https://app.example"), "null"},
			{"a browser that tells no origin", append(append(plain, cookie...), "Sec-Fetch-Site", "same-origin"), "null"},
			{"a private token", append(cookie, "Authorization", "Bearer "+w.private), "null"},
			{"an impersonation token", append(cookie, "Authorization", "Bearer "+w.act), "null"},
			{"the header says otherwise", append(append(plain, cookie...), "X-Bc-Customer-Access-Token", ""), "null"},
			{"a session of a browser", append(plain, "Cookie", "SHOP_TOKEN="+strings.Repeat("0", 64)), "null"},
		} {
			if a := w.ask(whoami, nil, c.header...); a.Text != `{"data":{"customer":`+c.want+`}}` || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %s %q", c.name, a.Text, a.Header.Get("Set-Cookie"))
			}
		}
		// Neither a private token nor a page is given the cookie.
		for _, header := range [][]string{{"Authorization", "Bearer " + w.private}, append(plain, "Origin", shop)} {
			a := w.ask(`mutation { login(email: "john@example.com", password: "Secret123") { result } }`, nil, header...)
			if strings.Contains(strings.Join(a.Header.Values("Set-Cookie"), "\n"), "SHOP_TOKEN=") {
				t.Errorf("%q: %q", header, a.Header.Values("Set-Cookie"))
			}
		}
		a = w.ask(`mutation { logout { result } }`, nil, append(plain, cookie...)...)
		if got := a.Header.Get("Set-Cookie"); !strings.HasPrefix(got, "SHOP_TOKEN=; Path=/; Max-Age=0") {
			t.Error(got)
		}
		w.want(w.ask(whoami, nil, append(plain, cookie...)...), 200, `{"data":{"customer":null}}`)
	})
}

// Who rehearses the deadlines sees what becomes of servers with a storefront
// token. Pages and other tokens are as before.
func TestTokenDeadlines(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const ping, good = `{ customer { entityId } }`, `{"data":{"customer":null}}`
		const refused = `{"errors":[{"message":"Storefront tokens cannot be used server to server. Use a private token."}]}`
		for deadlines, want := range map[string]string{"off": good, "on": refused, "passed": refused} {
			w.restart(func(c *app.Config) { c.StorefrontTokenDeadlines = deadlines })
			a := w.ask(ping, nil, "Authorization", "Bearer "+w.page)
			if status := map[string]int{good: 200, refused: 403}[want]; a.Code != status || a.Text != want {
				t.Errorf("%s: %d %s", deadlines, a.Code, a.Text)
			}
			w.want(w.ask(ping, nil, "Authorization", "Bearer "+w.page, "Origin", shop), 200, good)
			w.want(w.ask(ping, nil, "Authorization", "Bearer "+w.private), 200, good)
			w.want(w.ask(ping, nil, "Authorization", "Bearer "+w.act), 200, good)
		}
	})
}

func TestBrowserLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		page := []string{"Authorization", "Bearer " + w.page, "Origin", shop}
		a := w.ask(`mutation { login(email: "jane@example.com", password: "Secret123") { result customer { entityId } customerAccessToken { value } } }`, nil, page...)
		w.want(a, 200, `{"data":{"login":{"result":"success","customer":{"entityId":1},"customerAccessToken":null}},"errors":[{"message":"Customer access token was requested in the body, but it's only returned for server-to-server requests. For browser requests it's set as an httpOnly cookie instead.","path":["login","customerAccessToken"],"locations":[{"line":1,"column":99}]}]}`)
		cookie := a.Header.Get("Set-Cookie")
		if !strings.HasPrefix(cookie, "SHOP_SESSION_TOKEN=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "Secure; SameSite=None") {
			t.Error(cookie)
		}
		session, _, _ := strings.Cut(cookie, ";")
		w.want(w.ask(`{ customer { entityId } }`, nil, append(page, "Cookie", session)...), 200, `{"data":{"customer":{"entityId":1}}}`)
		a = w.ask(`mutation { logout { result cartUnassignResult { cart { id } errors { __typename } } } }`, nil, append(page, "Cookie", session)...)
		w.want(a, 200, `{"data":{"logout":{"result":"success","cartUnassignResult":{"cart":null,"errors":[]}}}}`)
		if !strings.Contains(a.Header.Get("Set-Cookie"), "Max-Age=0") {
			t.Error(a.Header)
		}
		w.want(w.ask(`{ customer { entityId } }`, nil, append(page, "Cookie", session)...), 200, `{"data":{"customer":null}}`)
	})
}

func TestLogoutEndsAccessTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		w.want(w.ask(`mutation { logout { result } }`, nil, token...), 200, `{"data":{"logout":{"result":"success"}}}`)
		w.want(w.ask(`{ customer { entityId } }`, nil, token...), 200, `{"data":{"customer":null}}`)
		w.want(w.ask(`mutation { logout { result } }`, nil), 200, `{"data":{"logout":{"result":"success"}}}`)
	})
}

func TestLoginWithJWT(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const q = `mutation($t: String!) { loginWithCustomerLoginJwt(jwt: $t) { redirectTo customer { entityId } customerAccessToken { value } } }`
		good := w.loginToken(1, w.Clock.Now().Unix())
		a := w.ask(q, map[string]any{"t": good})
		if dig(a.Data, "loginWithCustomerLoginJwt.customer.entityId") != 1.0 || dig(a.Data, "loginWithCustomerLoginJwt.redirectTo") != "/account.php" {
			t.Error(a.Text)
		}
		token := dig(a.Data, "loginWithCustomerLoginJwt.customerAccessToken.value").(string)
		w.want(w.ask(`{ customer { entityId } }`, nil, "X-Bc-Customer-Access-Token", token), 200, `{"data":{"customer":{"entityId":1}}}`)
		// In production nobody is told why.
		w.restart(func(c *app.Config) { c.Mode, c.PublicURL = "production", shop })
		for _, bad := range []string{good, "x", w.loginToken(1, w.Clock.Now().Unix()-100), w.loginToken(99, w.Clock.Now().Unix())} {
			w.want(w.ask(q, map[string]any{"t": bad}), 200, `{"data":null,"errors":[{"message":"Invalid login. Please attempt to log in again.","path":["loginWithCustomerLoginJwt"],"locations":[{"line":1,"column":25}]}]}`)
		}
	})
}

// What a shopper agreed to as a guest goes with them into the account, and
// what the account says goes into their next browser. A sign-up form carries
// the wish for the newsletter.
func TestConsent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		page := []string{"Authorization", "Bearer " + w.page, "Origin", shop}
		guest := append(page, "Cookie", "bc_consent="+url.QueryEscape(`{"allow":[2],"deny":[1,3],"at":1700000000}`))
		const login = `mutation { login(email: "ann@example.com", password: "Secret123") { result } }`
		in := map[string]any{"in": map[string]any{"firstName": "Ann", "lastName": "Lee", "email": "ann@example.com", "password": rightPassword,
			"formFields": map[string]any{"checkboxes": []any{map[string]any{"fieldEntityId": 25, "fieldValueEntityIds": []int{1}}}}}}
		if a := w.ask(registerCustomer, in, guest...); dig(a.Data, "customer.registerCustomer.customer.entityId") != 4.0 {
			t.Fatal(a.Text)
		}
		sub, err := w.Subscribers.Find(t.Context(), 1, 1, "ann@example.com")
		if err != nil || sub == nil || !sub.Has(subscriber.MarketingNewsletter) {
			t.Errorf("%+v, %v", sub, err)
		}
		said, err := w.Customers.Consent(t.Context(), 1, 4)
		if err != nil || fmt.Sprint(said.Allow, said.Deny) != "[functional] [analytics targeting]" {
			t.Errorf("%+v, %v", said, err)
		}
		if a := w.ask(login, nil, page...); !strings.Contains(strings.Join(a.Header.Values("Set-Cookie"), "\n"), "bc_consent=") {
			t.Error(a.Header)
		}
		if a := w.ask(login, nil); len(a.Header.Values("Set-Cookie")) > 0 {
			t.Error("a server was given a cookie", a.Header)
		}
		if a := w.ask(`mutation { login(email: "john@example.com", password: "Secret123") { result } }`, nil, guest...); a.Code != 200 {
			t.Error(a.Text)
		}
		if said, err = w.Customers.Consent(t.Context(), 1, 2); err != nil || len(said.Allow) != 1 {
			t.Errorf("%+v, %v", said, err)
		}
		// A box that is not ticked is no wish, and not one on other forms.
		in["in"].(map[string]any)["email"] = "bea@example.com"
		in["in"].(map[string]any)["formFields"] = map[string]any{"checkboxes": []any{map[string]any{"fieldEntityId": 25, "fieldValueEntityIds": []int{}}}}
		if a := w.ask(registerCustomer, in); len(w.errorPaths(a, "customer.registerCustomer.errors")) > 0 {
			t.Error(a.Text)
		}
		if sub, err = w.Subscribers.Find(t.Context(), 1, 1, "bea@example.com"); err != nil || sub != nil {
			t.Errorf("%+v, %v", sub, err)
		}
	})
}

// Who acts for a customer sees and changes nothing where the customer may not
// go.
func TestImpersonationOfOtherChannels(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made, err := w.Customers.CreateFor(t.Context(), password.Party{StoreID: 1}, []customer.Create{{Email: "two@example.com", FirstName: "T", LastName: "Wo", ChannelIDs: []int64{2}}})
		w.ok(err)
		id := fmt.Sprint(made[0].ID)
		act := []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", id}
		w.want(w.ask(`{ customer { email } }`, nil, act...), 200, `{"data":{"customer":null}}`)
		w.want(w.ask(`mutation { customer { deleteCustomerAddress(input: {addressEntityId: 1}) { errors { __typename } } } }`, nil, act...), 200, `{"data":{"customer":{"deleteCustomerAddress":{"errors":[{"__typename":"CustomerNotLoggedInError"}]}}}}`)
		there, err := w.Tokens.Create(t.Context(), 1, auth.NewToken{Kind: auth.ImpersonationToken, ClientID: w.app.ClientID, ChannelID: opt.Some(int64(2))})
		w.ok(err)
		w.want(w.send(http.MethodPost, "https://two.example/graphql", `{"query":"{ customer { email } }"}`, "Authorization", "Bearer "+there, "X-Bc-Customer-Id", id), 200, `{"data":{"customer":{"email":"two@example.com"}}}`)
	})
}

const registerCustomer = `mutation($in: RegisterCustomerInput!, $r: ReCaptchaV2Input) { customer { registerCustomer(input: $in, reCaptchaV2: $r) { customer { entityId email firstName lastName company phone addresses { edges { node { city stateOrProvince stateId formFields { name ... on NumberFormFieldValue { number } } } } } formFields { name ... on MultipleChoiceFormFieldValue { value } ... on CheckboxesFormFieldValue { values } } } errors { __typename ... on Error { message } ... on ValidationError { path } } } } }`

func TestRegister(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		input := func(change map[string]any) map[string]any {
			in := map[string]any{"firstName": "Ann", "lastName": "Lee", "email": "ann@example.com", "password": rightPassword, "phone": "1", "company": "C"}
			for k, v := range change {
				in[k] = v
			}
			return map[string]any{"in": in}
		}
		address := map[string]any{"firstName": "A", "lastName": "B", "address1": "1 St", "city": "Austin", "countryCode": "US", "stateOrProvince": "TX", "postalCode": "78701",
			"formFields": map[string]any{"numbers": []any{map[string]any{"fieldEntityId": 34, "number": 4}}}}
		a := w.ask(registerCustomer, input(map[string]any{"address": address, "formFields": map[string]any{
			"multipleChoices": []any{map[string]any{"fieldEntityId": 30, "fieldValueEntityId": 2}}, "checkboxes": []any{map[string]any{"fieldEntityId": 32, "fieldValueEntityIds": []int{1, 2}}},
		}}))
		w.want(a, 200, `{"data":{"customer":{"registerCustomer":{"customer":{"entityId":4,"email":"ann@example.com","firstName":"Ann","lastName":"Lee","company":"C","phone":"1","addresses":{"edges":[{"node":{"city":"Austin","stateOrProvince":"Texas","stateId":57,"formFields":[{"name":"Floor","number":4}]}}]},"formFields":[{"name":"Size","value":"M"},{"name":"Likes","values":["Tea","Rum"]}]},"errors":[]}}}}`)
		if m := w.Mails.Last(); m.Kind != account.MailAccountCreated || m.To != "ann@example.com" {
			t.Errorf("%+v", m)
		}
		failed := func(errs string) string {
			return `{"data":{"customer":{"registerCustomer":{"customer":null,"errors":[` + errs + `]}}}}`
		}
		w.want(w.ask(registerCustomer, input(map[string]any{"email": "Jane@example.com"})), 200, failed(`{"__typename":"EmailAlreadyInUseError","message":"The email address is already in use."}`))
		a = w.ask(registerCustomer, input(map[string]any{"firstName": "", "email": "nonsense", "password": "x"}))
		if got := w.errorPaths(a, "customer.registerCustomer.errors"); got != "input.password input.password input.email input.firstName" && got != "input.password input.email input.firstName" {
			t.Errorf("%s: %s", got, a.Text)
		}
		bad := map[string]any{"firstName": "A", "lastName": "B", "address1": "1 St", "city": "", "countryCode": "US", "stateOrProvince": "Nowhere", "postalCode": "78701"}
		if a = w.ask(registerCustomer, input(map[string]any{"email": "b@example.com", "address": bad})); w.errorPaths(a, "customer.registerCustomer.errors") != "input.address.city input.address.stateOrProvince" {
			t.Error(a.Text)
		}
		a = w.ask(registerCustomer, input(map[string]any{"email": "b@example.com", "formFields": map[string]any{
			"texts": []any{map[string]any{"fieldEntityId": 28, "text": "x"}, map[string]any{"fieldEntityId": 99, "text": "x"}}, "multipleChoices": []any{map[string]any{"fieldEntityId": 30, "fieldValueEntityId": 9}},
		}}))
		if got := w.errorPaths(a, "customer.registerCustomer.errors"); got != "input.formFields.30 input.formFields.28 input.formFields.99" {
			t.Errorf("%s: %s", got, a.Text)
		}
		no := false
		w.settings(func(s *store.Settings) { s.Storefront.Registration = &no })
		w.want(w.ask(registerCustomer, input(map[string]any{"email": "c@example.com"})), 200, failed(`{"__typename":"AccountCreationDisabledError","message":"Account creation is disabled on this store."}`))
		w.settings(func(*store.Settings) {})

		// A required field is asked for.
		_, err := w.Forms.Update(t.Context(), 1, required(26))
		w.ok(err)
		missing := failed(`{"__typename":"ValidationError","message":"Required account form field ID 26 ('Note') is missing","path":["input","formFields","26"]}`)
		w.want(w.ask(registerCustomer, input(map[string]any{"email": "d@example.com"})), 200, missing)
		blank := map[string]any{"texts": []any{map[string]any{"fieldEntityId": 26, "text": " "}}}
		w.want(w.ask(registerCustomer, input(map[string]any{"email": "d@example.com", "formFields": blank})), 200, missing)

		w.settings(func(s *store.Settings) {
			s.Storefront.ReCaptcha = store.ReCaptcha{Enabled: true, SiteKey: "a", SecretKey: "b"}
		})
		in := input(map[string]any{"email": "e@example.com", "formFields": map[string]any{"texts": []any{map[string]any{"fieldEntityId": 26, "text": "x"}}}})
		robot := failed(`{"__typename":"ValidationError","message":"reCAPTCHA validation failed. Please try again.","path":["reCaptchaV2","token"]}`)
		w.want(w.ask(registerCustomer, in), 200, robot)
		in["r"] = map[string]any{"token": "robot"}
		w.want(w.ask(registerCustomer, in), 200, robot)
		w.want(w.ask(registerCustomer, in, "Authorization", "Bearer "+w.act), 200, robot)
		in["r"] = map[string]any{"token": "human"}
		if a = w.ask(registerCustomer, in); dig(a.Data, "customer.registerCustomer.customer.email") != "e@example.com" {
			t.Error(a.Text)
		}
		in["in"].(map[string]any)["email"], in["r"] = "f@example.com", nil
		if a = w.ask(registerCustomer, in, "Authorization", "Bearer "+w.act); dig(a.Data, "customer.registerCustomer.customer.email") != "f@example.com" {
			t.Error(a.Text)
		}
	})
}

// errorPaths returns the paths of validation errors.
func (w *world) errorPaths(a *answer, at string) string {
	w.t.Helper()
	var out []string
	list, _ := dig(a.Data, at).([]any)
	for _, e := range list {
		m := e.(map[string]any)
		if m["__typename"] != "ValidationError" {
			out = append(out, fmt.Sprint(m["__typename"]))
			continue
		}
		var path []string
		for _, p := range m["path"].([]any) {
			path = append(path, p.(string))
		}
		out = append(out, strings.Join(path, "."))
	}
	return strings.Join(out, " ")
}

const errorParts = `errors { __typename ... on Error { message } ... on ValidationError { path } }`

func TestUpdateCustomer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		const q = `mutation($in: UpdateCustomerInput!, $r: ReCaptchaV2Input) { customer { updateCustomer(input: $in, reCaptchaV2: $r) { customer { email firstName lastName company phone formFields { entityId ... on TextFormFieldValue { text } } } ` + errorParts + ` } } }`
		in := func(kv ...any) map[string]any {
			m := map[string]any{}
			for i := 0; i < len(kv); i += 2 {
				m[kv[i].(string)] = kv[i+1]
			}
			return map[string]any{"in": m}
		}
		failed := func(errs string) string {
			return `{"data":{"customer":{"updateCustomer":{"customer":null,"errors":[` + errs + `]}}}}`
		}
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("john@example.com")}
		w.want(w.ask(q, in("firstName", "X")), 200, failed(`{"__typename":"CustomerNotLoggedInError","message":"The customer is not logged in."}`))
		w.want(w.ask(q, in("firstName", "Johnny", "company", "Co", "formFields", map[string]any{"texts": []any{map[string]any{"fieldEntityId": 26, "text": "hey"}}}), token...), 200,
			`{"data":{"customer":{"updateCustomer":{"customer":{"email":"john@example.com","firstName":"Johnny","lastName":"Roe","company":"Co","phone":"","formFields":[{"entityId":26,"text":"hey"}]},"errors":[]}}}}`)
		w.want(w.ask(q, in("email", "jane@example.com"), token...), 200, failed(`{"__typename":"EmailAlreadyInUseError","message":"The email address is already in use."}`))
		if a := w.ask(q, in("email", "x", "lastName", ""), token...); w.errorPaths(a, "customer.updateCustomer.errors") != "input.email input.lastName" {
			t.Error(a.Text)
		}
		if a := w.ask(q, in("formFields", map[string]any{"dates": []any{map[string]any{"fieldEntityId": 29, "date": "1800-01-01T00:00:00Z"}}}), token...); w.errorPaths(a, "customer.updateCustomer.errors") != "input.formFields.29" {
			t.Error(a.Text)
		}
		w.want(w.ask(q, in("firstName", "X"), "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "99"), 200, failed(`{"__typename":"CustomerDoesNotExistError","message":"The customer does not exist."}`))
		if a := w.ask(q, in("phone", "9"), "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "2"); dig(a.Data, "customer.updateCustomer.customer.phone") != "9" {
			t.Error(a.Text)
		}

		// Every required field is asked for again, also where a value is stored,
		// and of another form none is.
		for _, id := range []int64{26, 34} {
			_, err := w.Forms.Update(t.Context(), 1, required(id))
			w.ok(err)
		}
		missing := failed(`{"__typename":"ValidationError","message":"Required account form field ID 26 ('Note') is missing","path":["input","formFields","26"]}`)
		w.want(w.ask(q, in("firstName", "Jo"), token...), 200, missing)
		w.want(w.ask(q, in("firstName", "Jo", "formFields", map[string]any{"texts": []any{map[string]any{"fieldEntityId": 26, "text": " "}}}), token...), 200, missing)
		w.want(w.ask(q, in("firstName", "Jo"), "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "2"), 200, missing)
		if a := w.ask(q, in("firstName", "Jo", "formFields", map[string]any{"texts": []any{map[string]any{"fieldEntityId": 26, "text": "hey"}}}), token...); dig(a.Data, "customer.updateCustomer.customer.firstName") != "Jo" {
			t.Error(a.Text)
		}

		w.settings(func(s *store.Settings) {
			s.Storefront.ReCaptcha = store.ReCaptcha{Enabled: true, SiteKey: "a", SecretKey: "b"}
		})
		if a := w.ask(q, in("firstName", "X"), token...); w.errorPaths(a, "customer.updateCustomer.errors") != "reCaptchaV2.token" {
			t.Error(a.Text)
		}
	})
}

func TestAddressMutations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		const parts = `{ entityId firstName address1 address2 city stateOrProvince countryCode postalCode formFields { entityId ... on NumberFormFieldValue { number } } }`
		const add = `mutation($in: AddCustomerAddressInput!) { customer { addCustomerAddress(input: $in) { address ` + parts + ` ` + errorParts + ` } } }`
		const change = `mutation($id: Int!, $d: UpdateCustomerAddressDataInput!) { customer { updateCustomerAddress(input: {addressEntityId: $id, data: $d}) { address ` + parts + ` ` + errorParts + ` } } }`
		const drop = `mutation($id: Int!) { customer { deleteCustomerAddress(input: {addressEntityId: $id}) { errors { __typename ... on Error { message } } } } }`
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("john@example.com")}
		home := func(kv ...any) map[string]any {
			m := map[string]any{"firstName": "J", "lastName": "R", "address1": "9 St", "address2": "", "city": "Austin", "countryCode": "US", "stateOrProvince": "TX", "postalCode": "78701", "formFields": map[string]any{"numbers": []any{map[string]any{"fieldEntityId": 34, "number": 2.5}}}}
			for i := 0; i < len(kv); i += 2 {
				m[kv[i].(string)] = kv[i+1]
			}
			return map[string]any{"in": m}
		}
		const made = `{"entityId":14,"firstName":"J","address1":"9 St","address2":null,"city":"Austin","stateOrProvince":"Texas","countryCode":"US","postalCode":"78701","formFields":[{"entityId":34,"number":2.5}]}`
		added := func(a, errs string) string {
			return `{"data":{"customer":{"addCustomerAddress":{"address":` + a + `,"errors":[` + errs + `]}}}}`
		}
		nobody := `{"__typename":"CustomerNotLoggedInError","message":"The customer is not logged in."}`
		w.want(w.ask(add, home()), 200, added("null", nobody))
		w.want(w.ask(add, home(), token...), 200, added(made, ""))
		w.want(w.ask(add, home(), token...), 200, added(made, "")) // it is there already
		if a := w.ask(add, home("city", "", "countryCode", "XX"), token...); w.errorPaths(a, "customer.addCustomerAddress.errors") != "input.city input.countryCode" {
			t.Error(a.Text)
		}
		if a := w.ask(add, home("formFields", map[string]any{"numbers": []any{map[string]any{"fieldEntityId": 1, "number": 1}}}), token...); w.errorPaths(a, "customer.addCustomerAddress.errors") != "input.formFields.1" {
			t.Error(a.Text)
		}
		w.want(w.ask(add, home(), "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "99"), 200, added("null", `{"__typename":"CustomerAddressCreationError","message":"There is no such customer."}`))

		changed := func(a, errs string) string {
			return `{"data":{"customer":{"updateCustomerAddress":{"address":` + a + `,"errors":[` + errs + `]}}}}`
		}
		set := func(id int, kv ...any) map[string]any {
			m := map[string]any{}
			for i := 0; i < len(kv); i += 2 {
				m[kv[i].(string)] = kv[i+1]
			}
			return map[string]any{"id": id, "d": m}
		}
		gone := `{"__typename":"AddressDoesNotExistError","message":"An address with the supplied ID does not exist."}`
		w.want(w.ask(change, set(14, "city", "Paris")), 200, changed("null", nobody))
		w.want(w.ask(change, set(14, "city", "Juneau", "stateOrProvince", "AK", "formFields", map[string]any{"numbers": []any{map[string]any{"fieldEntityId": 34, "number": 7}}}), token...), 200,
			changed(`{"entityId":14,"firstName":"J","address1":"9 St","address2":null,"city":"Juneau","stateOrProvince":"Alaska","countryCode":"US","postalCode":"78701","formFields":[{"entityId":34,"number":7}]}`, ""))
		w.want(w.ask(change, set(1, "city", "Paris"), token...), 200, changed("null", gone))
		w.want(w.ask(change, set(999, "city", "Paris"), token...), 200, changed("null", gone))
		if a := w.ask(change, set(14, "stateOrProvince", "Nowhere"), token...); w.errorPaths(a, "customer.updateCustomerAddress.errors") != "input.data.stateOrProvince" {
			t.Error(a.Text)
		}
		w.want(w.ask(change, set(13, "firstName", "J", "lastName", "R", "address1", "9 St", "city", "Juneau", "stateOrProvince", "Alaska"), token...), 200,
			changed("null", `{"__typename":"CustomerAddressUpdateError","message":"The address exists already in the address book."}`))

		dropped := func(errs string) string {
			return `{"data":{"customer":{"deleteCustomerAddress":{"errors":[` + errs + `]}}}}`
		}
		w.want(w.ask(drop, map[string]any{"id": 14}), 200, dropped(nobody))
		w.want(w.ask(drop, map[string]any{"id": 1}, token...), 200, dropped(`{"__typename":"CustomerAddressDeletionError","message":"An address with the supplied ID does not exist."}`))
		w.want(w.ask(drop, map[string]any{"id": 14}, token...), 200, dropped(""))
		w.want(w.ask(drop, map[string]any{"id": 14}, token...), 200, dropped(`{"__typename":"CustomerAddressDeletionError","message":"An address with the supplied ID does not exist."}`))

		w.settings(func(s *store.Settings) {
			s.Storefront.ReCaptcha = store.ReCaptcha{Enabled: true, SiteKey: "a", SecretKey: "b"}
		})
		for q, v := range map[string]map[string]any{add: home(), change: set(13, "city", "X"), drop: {"id": 13}} {
			if a := w.ask(q, v, token...); !strings.Contains(a.Text, "reCAPTCHA validation failed") {
				t.Error(a.Text)
			}
		}
	})
}

func TestPasswords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const change = `mutation($c: String!, $n: String!) { customer { changePassword(input: {currentPassword: $c, newPassword: $n}) { ` + errorParts + ` } } }`
		changed := func(errs string) string { return `{"data":{"customer":{"changePassword":{"errors":[` + errs + `]}}}}` }
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		w.want(w.ask(change, map[string]any{"c": rightPassword, "n": "Another123"}), 200, changed(`{"__typename":"CustomerNotLoggedInError","message":"The customer is not logged in."}`))
		w.want(w.ask(change, map[string]any{"c": "wrong", "n": "Another123"}, token...), 200, changed(`{"__typename":"CustomerPasswordError","message":"The current password is incorrect."}`))
		if a := w.ask(change, map[string]any{"c": rightPassword, "n": "x"}, token...); !strings.HasPrefix(w.errorPaths(a, "customer.changePassword.errors"), "input.newPassword") {
			t.Error(a.Text)
		}
		// Who acts for a customer does not change the password, not even knowing it.
		for _, id := range []string{"1", "99"} {
			w.want(w.ask(change, map[string]any{"c": rightPassword, "n": "Another123"}, "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", id), 200, changed(`{"__typename":"CustomerPasswordError","message":"The password cannot be changed on a customer's behalf."}`))
		}
		w.want(w.ask(change, map[string]any{"c": rightPassword, "n": "Another123"}, token...), 200, changed(""))
		w.refused(w.ask(`mutation { login(email: "jane@example.com", password: "Secret123") { result } }`, nil), 200, "Invalid credentials")

		const request = `mutation($e: String!, $p: String, $r: ReCaptchaV2Input) { customer { requestResetPassword(input: {email: $e, path: $p}, reCaptchaV2: $r) { ` + errorParts + ` } } }`
		requested := func(errs string) string {
			return `{"data":{"customer":{"requestResetPassword":{"errors":[` + errs + `]}}}}`
		}
		w.want(w.ask(request, map[string]any{"e": "nobody@example.com"}), 200, requested(""))
		if m := w.Mails.Last(); m.Kind == account.MailPasswordReset {
			t.Errorf("%+v", m)
		}
		w.want(w.ask(request, map[string]any{"e": "jane@example.com", "p": "/change-password"}), 200, requested(""))
		link := w.Mails.Last().Data["link"]
		if !strings.HasPrefix(link, shop+"/change-password?c=1&t=") {
			t.Errorf("link %q", link)
		}
		w.want(w.ask(request, map[string]any{"e": "nonsense"}), 200, requested(`{"__typename":"ValidationError","message":"The email address is invalid.","path":["input","email"]}`))
		if a := w.ask(request, map[string]any{"e": "jane@example.com", "p": "https://evil.example"}); w.errorPaths(a, "customer.requestResetPassword.errors") != "input.path" {
			t.Error(a.Text)
		}
		const reset = `mutation($id: Int!, $t: String!, $n: String!) { customer { resetPassword(input: {customerEntityId: $id, token: $t, newPassword: $n}) { ` + errorParts + ` } } }`
		done := func(errs string) string { return `{"data":{"customer":{"resetPassword":{"errors":[` + errs + `]}}}}` }
		_, secret, _ := strings.Cut(link, "&t=")
		bad := done(`{"__typename":"CustomerPasswordError","message":"The password reset link is invalid or has expired."}`)
		w.want(w.ask(reset, map[string]any{"id": 1, "t": "x", "n": "Third1234"}), 200, bad)
		w.want(w.ask(reset, map[string]any{"id": 2, "t": secret, "n": "Third1234"}), 200, bad)
		if a := w.ask(reset, map[string]any{"id": 1, "t": secret, "n": "x"}); !strings.HasPrefix(w.errorPaths(a, "customer.resetPassword.errors"), "CustomerPasswordError") {
			t.Error(a.Text)
		}
		w.want(w.ask(reset, map[string]any{"id": 1, "t": secret, "n": "Third1234"}), 200, done(""))
		w.want(w.ask(reset, map[string]any{"id": 1, "t": secret, "n": "Third1234"}), 200, bad)
		if a := w.ask(`mutation { login(email: "jane@example.com", password: "Third1234") { result } }`, nil); len(a.Errors) > 0 {
			t.Error(a.Text)
		}
		w.settings(func(s *store.Settings) {
			s.Storefront.ReCaptcha = store.ReCaptcha{Enabled: true, SiteKey: "a", SecretKey: "b"}
		})
		if a := w.ask(request, map[string]any{"e": "jane@example.com"}); w.errorPaths(a, "customer.requestResetPassword.errors") != "reCaptchaV2.token" {
			t.Error(a.Text)
		}
	})
}

func TestNewsletter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const join = `mutation($in: CreateSubscriberInput!) { newsletter { subscribe(input: $in) { errors { __typename ... on Error { message } } } } }`
		const leave = `mutation($e: String!) { newsletter { unsubscribe(input: {email: $e}) { errors { __typename ... on Error { message } } } } }`
		joined := func(errs string) string { return `{"data":{"newsletter":{"subscribe":{"errors":[` + errs + `]}}}}` }
		left := func(errs string) string { return `{"data":{"newsletter":{"unsubscribe":{"errors":[` + errs + `]}}}}` }
		in := func(email, first, last string) map[string]any {
			return map[string]any{"in": map[string]any{"email": email, "firstName": first, "lastName": last}}
		}
		act := []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "1"}
		w.want(w.ask(join, in("jane@example.com", "J", "D")), 200, joined(""))
		w.want(w.ask(`{ customer { isSubscribedToNewsletter } }`, nil, act...), 200, `{"data":{"customer":{"isSubscribedToNewsletter":true}}}`)
		w.want(w.ask(join, in("JANE@example.com", "J", "D")), 200, joined(`{"__typename":"CreateSubscriberAlreadyExistsError","message":"The email address is already subscribed to the newsletter."}`))
		w.want(w.ask(join, in("nonsense", "", "")), 200, joined(`{"__typename":"CreateSubscriberEmailInvalidError","message":"The email address is invalid."}`))
		long := strings.Repeat("x", 5000)
		w.want(w.ask(join, in("x@example.com", long, long)), 200, joined(`{"__typename":"CreateSubscriberFirstNameInvalidError","message":"The first name is invalid."},{"__typename":"CreateSubscriberLastNameInvalidError","message":"The last name is invalid."}`))
		w.want(w.ask(leave, map[string]any{"e": "nonsense"}), 200, left(`{"__typename":"RemoveSubscriberEmailInvalidError","message":"The email address is invalid."}`))
		w.want(w.ask(leave, map[string]any{"e": "Jane@example.com"}), 200, left(""))
		w.want(w.ask(leave, map[string]any{"e": "jane@example.com"}), 200, left(""))
		w.want(w.ask(`{ customer { isSubscribedToNewsletter } }`, nil, act...), 200, `{"data":{"customer":{"isSubscribedToNewsletter":false}}}`)
		w.settings(func(s *store.Settings) { s.Storefront.ConfirmSubscription = true })
		w.want(w.ask(join, in("jane@example.com", "J", "D")), 200, joined(""))
		if m := w.Mails.Last(); m.Kind != account.MailConfirmSubscription {
			t.Errorf("%+v", m)
		}
		w.want(w.ask(`mutation { analytics { visitStartedEvent(input: {commonInput: {request: {url: "https://a.b", userAgent: "x"}}}) { executed } } }`, nil), 200, `{"data":{"analytics":{"visitStartedEvent":{"executed":false}}}}`)
	})
}

// What goes wrong inside is told to nobody.
func TestInternalErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.db.Close()
		a := w.ask(`{ site { settings { storeName } } }`, nil)
		if a.Code != 503 || len(a.Errors) != 1 || a.Errors[0].Message != "The service is not available. Please try again later." {
			t.Errorf("%d %s", a.Code, a.Text)
		}
	})
}
