package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/customer"
	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Emails go out in the language in which the shopper used the store, whichever
// way it was used, and what was chosen is kept with the customer.
func TestEmailsInTheLanguageOfTheShopper(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Change: func(c *app.Config) { c.Parts.Mail = nil }, Seed: `
stores:
  - hash: shop
    settings: {language: en, storefront: {locales: [de, fr], confirm_subscription: true}}
    api_accounts: [{name: A, client_id: app, client_secret: a secret of an app, access_token: token, scopes: [all]}]
    customers:
      - {id: 1, email: kept@example.com, first_name: K, last_name: L, password: "correct horse 1", locale: fr}
      - {id: 2, email: none@example.com, first_name: N, last_name: O, password: "correct horse 1"}
`})
		const host = "store-shop.localhost"
		var cookies []string
		do := func(method, path, kind, body string, header ...string) *httptest.ResponseRecorder {
			t.Helper()
			r := httptest.NewRequest(method, "http://"+host+path, strings.NewReader(body))
			if kind != "" {
				r.Header.Set("Content-Type", kind)
			}
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			r.Header.Set("Cookie", strings.Join(append(slices.Clone(cookies), "clientele_form=00112233445566778899aabbccddeeff"), "; "))
			rec := httptest.NewRecorder()
			w.Handler.ServeHTTP(rec, r)
			return rec
		}
		form := func(path string, pairs ...string) *httptest.ResponseRecorder {
			t.Helper()
			v := url.Values{"authenticity_token": {"00112233445566778899aabbccddeeff"}}
			lang := pairs[0]
			for i := 1; i+1 < len(pairs); i += 2 {
				v.Set(pairs[i], pairs[i+1])
			}
			return do("POST", path, "application/x-www-form-urlencoded", v.Encode(), "Accept-Language", lang)
		}
		words := map[string]string{"en": `<html lang="en">`, "de": `<html lang="de">`, "fr": `<html lang="fr">`}
		seen := int64(0)
		want := func(what string, kind mail.Kind, lang string) {
			t.Helper()
			found, err := w.Mail.Messages(t.Context(), 1, mail.Filter{After: seen, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != 1 || found[0].Kind != kind || !strings.Contains(found[0].HTML, words[lang]) {
				t.Errorf("%s: %d emails, want %s in %s\n%+v", what, len(found), kind, lang, found)
			}
			for _, m := range found {
				seen = max(seen, m.ID)
			}
		}
		kept := func(id int64, tag string) {
			t.Helper()
			if got, err := w.Customers.Locale(t.Context(), 1, id); err != nil || got.Tag != tag {
				t.Errorf("customer %d: %+v, want %q, %v", id, got, tag, err)
			}
		}

		// Guests.
		form("/subscribe.php", "de-AT,en;q=0.5", "nl_email", "g1@example.com")
		want("page, accepted", mail.ConfirmSubscription, "de")
		cookies = []string{"clientele_language=fr"}
		form("/subscribe.php", "de", "nl_email", "g2@example.com")
		want("page, chosen", mail.ConfirmSubscription, "fr")
		do("POST", "/api/storefront/subscriptions", "application/json", `{"email":"g3@example.com","acceptsMarketingNewsletter":true}`, "Accept-Language", "de", "Origin", "http://"+host)
		want("REST, chosen", mail.ConfirmSubscription, "fr")
		cookies = nil
		do("POST", "/api/storefront/subscriptions", "application/json", `{"email":"g4@example.com","acceptsMarketingNewsletter":true}`, "Accept-Language", "de", "Origin", "http://"+host)
		want("REST, accepted", mail.ConfirmSubscription, "de")
		form("/subscribe.php", "ja", "nl_email", "g5@example.com")
		want("page, nothing on", mail.ConfirmSubscription, "en")

		// Somebody registers. What a browser accepts is kept.
		do("POST", "/api/storefront/customers", "application/json", `{"firstName":"A","lastName":"B","email":"rest@example.com","password":"a good pass 9"}`, "Accept-Language", "fr", "Origin", "http://"+host)
		want("REST registration", mail.AccountCreated, "fr")
		kept(3, "fr")
		address := []string{"de", "email", "page@example.com", "password", "a good pass 9", "confirm_password", "a good pass 9", "first_name", "P", "last_name", "Q",
			"address1", "1 St", "city", "Bonn", "country", "DE", "postal_code", "53111"}
		if res := form("/login.php?action=save_new_account", address...); res.Code != http.StatusSeeOther {
			t.Errorf("%d %s", res.Code, res.Body)
		}
		want("page registration", mail.AccountCreated, "de")
		kept(4, "de")
		gql := func(query string, header ...string) string {
			t.Helper()
			var token struct{ Data struct{ Token string } }
			made := do("POST", "/stores/shop/v3/storefront/api-token-private", "application/json", `{"channel_id":1,"expires_at":0,"scopes":["Unauthenticated","Customer"]}`, "X-Auth-Token", "token")
			if err := json.Unmarshal(made.Body.Bytes(), &token); err != nil {
				t.Fatalf("%v: %s", err, made.Body)
			}
			return do("POST", "/graphql", "application/json", fmt.Sprintf(`{"query":%q}`, query), append([]string{"Authorization", "Bearer " + token.Data.Token}, header...)...).Body.String()
		}
		gql(`mutation { customer { registerCustomer(input: {firstName: "G", lastName: "Q", email: "graph@example.com", password: "a good pass 9"}) { errors { __typename } } } }`, "Accept-Language", "de")
		want("GraphQL registration", mail.AccountCreated, "de")
		kept(5, "de")

		// A customer: what is kept outweighs what the browser accepts.
		form("/login.php?action=send_password_email", "de", "email", "kept@example.com")
		want("reset, kept", mail.PasswordReset, "fr")
		form("/login.php?action=passwordless_login", "de", "email", "none@example.com")
		want("sign-in link, nothing kept", mail.SignInLink, "de")
		gql(`mutation { customer { requestResetPassword(input: {email: "none@example.com"}) { errors { __typename } } } }`, "Accept-Language", "fr")
		want("GraphQL reset", mail.PasswordReset, "fr")

		// Signing in keeps what was chosen, or where nothing is kept what is accepted.
		form("/login.php?action=check_login", "de", "login_email", "kept@example.com", "login_pass", "correct horse 1")
		kept(1, "fr")
		cookies = []string{"clientele_language=de"}
		form("/login.php?action=check_login", "en", "login_email", "kept@example.com", "login_pass", "correct horse 1")
		kept(1, "de")
		cookies = nil
		form("/login.php?action=check_login", "ja", "login_email", "none@example.com", "login_pass", "correct horse 1")
		kept(2, "")
		res := form("/login.php?action=check_login", "fr", "login_email", "none@example.com", "login_pass", "correct horse 1")
		kept(2, "fr")

		// Who is signed in sees pages in the language kept, and switches it.
		for _, c := range res.Result().Cookies() {
			if c.MaxAge >= 0 {
				cookies = append(cookies, c.Name+"="+c.Value)
			}
		}
		if got := do("GET", "/account.php", "", "", "Accept-Language", "de").Body.String(); !strings.Contains(got, words["fr"]) {
			t.Errorf("%.200s", got)
		}
		form("/language.php", "en", "language", "de", "back", "/account.php")
		kept(2, "de")

		// A server's word is a choice.
		gql(`mutation { login(email: "none@example.com", password: "correct horse 1") { result } }`, "Accept-Language", "fr", "Cookie", "")
		kept(2, "fr")

		// An update of a customer leaves it alone.
		do("PUT", "/stores/shop/v3/customers", "application/json", `[{"id":2,"first_name":"New"}]`, "X-Auth-Token", "token")
		kept(2, "fr")
		if _, err := w.Customers.SetLocale(t.Context(), 1, customer.Locale{CustomerID: 2}); err != nil {
			t.Fatal(err)
		}
		kept(2, "")
	})
}

// Form fields and their choices are called what the store says in the language
// of the shopper, wherever they are shown. Values stay what the choices are.
func TestFormFieldsInTheLanguageOfTheShopper(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Seed: `
stores:
  - hash: shop
    settings: {language: en, storefront: {locales: [de, fr, es]}}
    api_accounts: [{name: A, client_id: app, client_secret: a secret of an app, access_token: token, scopes: [all]}]
    form_fields:
      - {form: customer, name: Size, label: Your size, type: dropdown, choices: [Small, Large], placeholder: Pick, translations: {de: {label: Deine Größe, placeholder: Wählen, choices: {Small: Klein, Large: Groß}}}}
    customers: [{id: 1, email: kept@example.com, first_name: K, last_name: L, password: "correct horse 1", locale: es}]
`})
		const host = "store-shop.localhost"
		do := func(method, path, body string, header ...string) string {
			t.Helper()
			r := httptest.NewRequest(method, "http://"+host+path, strings.NewReader(body))
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			rec := httptest.NewRecorder()
			w.Handler.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK {
				t.Errorf("%s %s: %d %s", method, path, rec.Code, rec.Body)
			}
			return rec.Header().Get("Content-Language") + " " + rec.Body.String()
		}
		has := func(what, got string, words ...string) {
			t.Helper()
			for _, word := range words {
				if no, is := strings.CutPrefix(word, "!"); is == strings.Contains(got, strings.TrimPrefix(word, "!")) {
					t.Errorf("%s: %q, %v\n%s", what, no, is, got)
				}
			}
		}
		var token struct{ Data struct{ Token string } }
		made := do("POST", "/stores/shop/v3/storefront/api-token-private", `{"channel_id":1,"expires_at":0,"scopes":["Unauthenticated","Customer"]}`, "X-Auth-Token", "token")
		if err := json.Unmarshal([]byte(made), &token); err != nil {
			t.Fatalf("%v: %s", err, made)
		}
		graph := func(header ...string) string {
			t.Helper()
			return do("POST", "/graphql", `{"query":"{ site { settings { formFields { customer { entityId label ... on PicklistFormField { choosePrefix options { entityId label } } } shippingAddress(filters: {entityIds: [6]}) { label } } } } }"}`,
				append([]string{"Authorization", "Bearer " + token.Data.Token}, header...)...)
		}
		const rest, page, field = "/api/storefront/form-fields", "/login.php?action=create_account", "/stores/shop/v3/customers/form-fields/26"
		german := []string{"Accept-Language", "de-CH, en;q=0.3"}

		has("REST", do("GET", rest, ""), "en {", `"label":"Your size"`, `{"value":"1","label":"Small"}`, `"helperLabel":"Pick"`, "!Klein")
		has("REST, German", do("GET", rest, "", german...), "de {", `"label":"Deine Größe"`, `{"value":"1","label":"Klein"}`, `"helperLabel":"Wählen"`, "!Small")
		has("REST, chosen", do("GET", rest, "", "Accept-Language", "en", "Cookie", "clientele_language=de"), "de {", `"label":"Klein"`)
		has("REST, not on", do("GET", rest, "", "Accept-Language", "it"), "en {", `"label":"Small"`)
		has("GraphQL", graph(), `"label":"Your size"`, `"choosePrefix":"Pick"`, `{"entityId":1,"label":"Small"}`)
		has("GraphQL, German", graph(german...), `"label":"Deine Größe"`, `"choosePrefix":"Wählen"`, `{"entityId":1,"label":"Klein"}`)
		has("GraphQL, asked and chosen", graph("Accept-Language", "fr", "Cookie", "clientele_language=de"), `"label":"Your size"`)
		has("GraphQL, chosen", graph("Cookie", "clientele_language=de"), `"label":"Deine Größe"`)
		has("page", do("GET", page, ""), "Your size", ">Small<")
		has("page, German", do("GET", page, "", german...), "Deine Größe", `<option value="Small">Klein<`, `<option value="">Wählen<`, "Firma", "!>Small<")
		has("page, French", do("GET", page, "", "Accept-Language", "fr"), "Your size", ">Small<")

		// Our own operation writes them, of built-in fields too.
		auth := []string{"X-Auth-Token", "token"}
		has("GET", do("GET", field, "", auth...), `"translations":{"de":{"label":"Deine Größe","placeholder":"Wählen","choices":{"Large":"Groß","Small":"Klein"}}}`)
		has("PUT", do("PUT", field, `{"translations":{"es":{"label":"Talla","choices":{"Large":"Grande"}},"de":{"choices":{"Small":null}}}}`, auth...),
			`"translations":{"de":{"label":"Deine Größe","placeholder":"Wählen","choices":{"Large":"Groß"}},"es":{"label":"Talla","placeholder":"","choices":{"Large":"Grande"}}}`)
		has("list", do("GET", "/stores/shop/v3/customers/form-fields?id:in=25,26", "", auth...), `"es":{"label":"Talla"`)
		has("PUT of a built-in field", do("PUT", "/stores/shop/v3/customers/form-fields/6", `{"translations":{"de":{"label":"Unternehmen"}}}`, auth...), `"label":"Company Name"`, `"Unternehmen"`)
		has("page", do("GET", page, "", german...), "Unternehmen", "!Firma", "Deine Größe", ">Small<", ">Groß<")
		has("GraphQL", graph(german...), `"label":"Unternehmen"`)
		has("REST", do("GET", rest, "", german...), `"label":"Unternehmen"`)

		// Who is signed in gets the language kept, as far as a surface speaks it.
		login := `{"query":"mutation { login(email: \"kept@example.com\", password: \"correct horse 1\") { customerAccessToken { value } } }"}`
		signed := do("POST", "/graphql", login, "Authorization", "Bearer "+token.Data.Token)
		_, access, _ := strings.Cut(signed, `"value":"`)
		access, _, _ = strings.Cut(access, `"`)
		has("GraphQL, kept", graph("X-Bc-Customer-Access-Token", access), `"label":"Talla"`, `"label":"Grande"`)
		has("GraphQL, kept, asked", graph("X-Bc-Customer-Access-Token", access, "Accept-Language", "de"), `"label":"Deine Größe"`)

		for _, body := range []string{`{"translations":7}`, `{"translations":{"de":7}}`, `{"translations":{"de":{"label":7}}}`, `{"translations":{"de":{"choices":[]}}}`, `{"translations":{"de":{"choices":{"Small":7}}}}`,
			`{"translations":{"deutsch!":{"label":"x"}}}`, `{"translations":{"de":{"choices":{"Huge":"Riesig"}}}}`} {
			r := httptest.NewRequest("PUT", "http://"+host+field, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Auth-Token", "token")
			rec := httptest.NewRecorder()
			if w.Handler.ServeHTTP(rec, r); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "translations") {
				t.Errorf("%s: %d %s", body, rec.Code, rec.Body)
			}
		}
	})
}
