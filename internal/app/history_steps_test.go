package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/app/apptest"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/sso"
	"clientele/internal/store"
)

// management does the writes that the table of members has not.
func (w *histories) management() {
	w.t.Helper()
	profile := func(n int) string { return uuid(home, 2, n) }
	segment := uuid(home, 1, 1)
	w.manage("POST", "/v3/segments/"+segment+"/shopper-profiles", `["`+profile(2)+`"]`)
	w.manage("POST", "/v3/customers/metafields", `[{"resource_id":2,"key":"k9","permission_set":"app_only","namespace":"members","value":"a secret of an app","description":""}]`)
	w.manage("PUT", "/v3/customers", `[{"id":1,"email":"c1@alphamark.example","authentication":{"force_password_reset":false,"new_password":"`+password1+`"}}]`)
	w.manage("PUT", "/v3/customers/settings", `{"privacy_settings":{"ask_shopper_for_tracking_consent":true}}`)
	w.manage("PUT", "/v3/marketing/email-templates/createaccount_email?channel_id=2", `{"subject":"Members of two"}`)
	w.manage("POST", "/v3/hooks/1/test", "")
	w.manage("POST", "/v3/customers/subscribers", `{"email":"gone@alphamark.example","first_name":"G","last_name":"O"}`)
	w.manage("POST", "/v3/clientele/persons/erase", `{"email":"gone@alphamark.example","reason":"R"}`)
	asked := w.manage("POST", "/v3/clientele/persons/requests", `{"kind":"export","email":"stranger@alphamark.example"}`)
	w.manage("POST", "/v3/clientele/persons/requests/"+regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(asked.body)[1]+"/decline", `{"note":"N"}`)
	w.manage("POST", "/v3/clientele/customers/1/credit", `{"kind":"debit","amount":1,"reason":"R","reference":"order 18"}`)
	w.manage("POST", "/v3/clientele/customers/1/comments", `{"text":"T"}`)
	w.manage("PUT", "/v3/clientele/customers/1/comments/1", `{"text":"U"}`)
	w.manage("DELETE", "/v3/clientele/customers/1/comments/1", "")
	w.merges()
	w.manage("POST", "/v3/clientele/views", `{"list":"customers","name":"M","query":"q=berlin"}`)
	w.manage("DELETE", "/v3/clientele/views/1", "")
}

const password1, password2, password3 = "seven-Lamps-1", "seven-Lamps-2", "seven-Lamps-3"

const pageAddress = "first_name=Page&last_name=Er&address1=7 St&city=Austin&country=US&state=Texas&postal_code=78701&address_type=residential"

func fieldsOf(text string) []string {
	var out []string
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		out = append(out, name, value)
	}
	return out
}

// shoppers does what storefronts and their pages let shoppers do.
func (w *histories) shoppers() {
	w.t.Helper()
	stranger := by{history.Pages, history.Visitor, 0}
	jane := by{history.Pages, history.Shopper, 1}
	signIn := func(password string) string {
		w.t.Helper()
		got := w.shop("/login.php POST check_login", "POST check_login", stranger, "POST", "/login.php?action=check_login", "", "login_email", "c1@alphamark.example", "login_pass", password)
		token := got.cookie("SHOP_SESSION_TOKEN")
		if token == "" {
			w.t.Fatalf("nobody is signed in: %d %.300s", got.status, got.body)
		}
		return token
	}
	fail := func(name, email, password string) {
		w.t.Helper()
		w.step("/login.php POST check_login", name, stranger, func() answer {
			v := &visitor0
			return w.visit(v, "POST", "/login.php?action=check_login", url.Values{"login_email": {email}, "login_pass": {password}}.Encode(), true)
		})
	}
	page := func(key, session string, form ...string) answer {
		w.t.Helper()
		path, rest, _ := strings.Cut(key, " ")
		_, action, _ := strings.Cut(rest, " ")
		target := path
		if action != "" {
			target += "?action=" + action
		}
		query := ""
		if len(form) > 0 && strings.HasPrefix(form[0], "&") {
			query, form = form[0], form[1:]
		}
		who := stranger
		if session != "" {
			who = jane
		}
		return w.shop(key, strings.TrimSpace("POST "+target), who, "POST", target+query, session, form...)
	}
	link := func(kind account.MailKind) url.Values {
		w.t.Helper()
		u, err := url.Parse(w.Mails.Link(w.t, kind))
		if err != nil {
			w.t.Fatal(err)
		}
		return u.Query()
	}
	fail("a wrong password", "c1@alphamark.example", "wrong-Lamps-1")
	fail("nobody's email", "nobody@alphamark.example", "wrong-Lamps-1")
	signIn(password1)
	session := w.grant(account.Browser)
	w.shop("/login.php POST", "POST /login.php", stranger, "POST", "/login.php", "", "login_email", "c1@alphamark.example", "login_pass", password1)
	registration := func(email string) []string {
		return append(fieldsOf(pageAddress), "email", email, "password", password1, "confirm_password", password1)
	}
	page("/login.php POST save_new_account", "", registration("page1@alphamark.example")...)
	page("/login.php POST create_account", "", registration("page2@alphamark.example")...)

	page("/account.php POST account_details", session, "first_name", "Janet", "last_name", "Page", "email", "c1@alphamark.example")
	got := page("/account.php POST add_shipping_address", session, fieldsOf(pageAddress)...)
	book := w.visit(&visitor{cookie: func() string { return session }}, "GET", "/account.php?action=address_book", "", false)
	ids := regexp.MustCompile(`edit_shipping_address&amp;address_id=(\d+)`).FindAllStringSubmatch(book.body, -1)
	if len(ids) == 0 {
		w.t.Fatalf("no address: %d %s", got.status, book.body)
	}
	at := "&address_id=" + ids[len(ids)-1][1]
	page("/account.php POST edit_shipping_address", session, append([]string{at}, fieldsOf(strings.Replace(pageAddress, "7 St", "8 St", 1))...)...)
	page("/account.php POST delete_shipping_address", session, at)
	page("/account.php POST newsletter", session, "newsletter", "1")
	page("/account.php POST newsletter", session)

	got = page("/wishlist.php POST addwishlist", session, "name", "Page list")
	lists := w.visit(&visitor{cookie: func() string { return session }}, "GET", "/wishlist.php", "", false)
	found := regexp.MustCompile(`wishlistid=(\d+)`).FindAllStringSubmatch(lists.body, -1)
	if len(found) == 0 {
		w.t.Fatalf("no wishlist: %d %s", got.status, lists.body)
	}
	list := "&wishlistid=" + found[len(found)-1][1]
	w.manage("POST", "/v3/wishlists/"+found[len(found)-1][1]+"/items", `{"items":[{"product_id":1001}]}`)
	shown := w.visit(&visitor{cookie: func() string { return session }}, "GET", "/wishlist.php?action=viewwishlistitems"+list, "", false)
	page("/wishlist.php POST editwishlist", session, list, "name", "Page list 2", "public", "1")
	page("/wishlist.php POST viewwishlistitems", session, list, "item_id", number(w.t, shown.body, `name="item_id" value=`))
	page("/wishlist.php POST deletewishlist", session, list)

	page("/privacy.php POST", session, "choice", "some", "analytics", "1", "back", "/")
	w.step("POST /api/storefront/consent", "POST /api/storefront/consent, signed in", by{history.Storefront, history.Shopper, 1}, func() answer {
		return w.call(host(home, 1), "POST", "/api/storefront/consent", `{"allow":[1,3],"deny":[2]}`, http.Header{"Origin": {"http://" + host(home, 1)}, "Sec-Fetch-Site": {"same-origin"}, "Cookie": {"SHOP_SESSION_TOKEN=" + session}})
	})
	page("/language.php POST", session, "language", "en", "back", "/")
	page("/account.php POST sessions", session, "others", "1")
	page("/account.php POST change_password", session, "current_password", password1, "password", password2, "confirm_password", password2)
	session = w.grant(account.Browser)
	page("/login.php POST logout", session)

	for _, key := range []string{"/login.php POST reset_password", "/login.php POST send_password_email"} {
		page(key, "", "email", "c1@alphamark.example")
	}
	q := link(account.MailPasswordReset)
	page("/login.php POST save_new_password", "", "c", q.Get("c"), "t", q.Get("t"), "password", password3, "confirm_password", password3)
	page("/login.php POST send_password_email", "", "email", "nobody@alphamark.example")
	page("/login.php POST send_password_email", "", "email", "c1@alphamark.example")
	q = link(account.MailPasswordReset)
	page("/login.php POST change_password", "", "c", q.Get("c"), "t", q.Get("t"), "password", password2, "confirm_password", password2)
	page("/login.php POST send_password_email", "", "email", "c1@alphamark.example")
	q = link(account.MailPasswordReset)
	page("/change-password POST", "", "c", q.Get("c"), "t", q.Get("t"), "password", password1, "confirm_password", password1)
	page("/login.php POST passwordless_login", "", "email", "c1@alphamark.example")
	page("/login.php POST check_passwordless_login", "", "token", link(account.MailSignInLink).Get("token"))
	page("/login.php POST check_passwordless_login", "", "token", "used")

	made := w.manage("POST", "/v3/clientele/impersonations", `{"customer_id":1,"reason":"R","minutes":5}`)
	_, leave, _ := strings.Cut(made.body, "token=")
	leave, _, _ = strings.Cut(leave, `"`)
	acting := by{history.Pages, history.ByAccount, 1}
	got = w.shop("/login.php POST impersonate", "POST /login.php?action=impersonate", acting, "POST", "/login.php?action=impersonate", "", "token", leave)
	for _, c := range got.header["Set-Cookie"] {
		if text, ok := strings.CutPrefix(c, "SHOP_SESSION_TOKEN="); ok {
			text, _, _ = strings.Cut(text, ";")
			w.shop("/login.php POST end_impersonation", "POST /login.php?action=end_impersonation", acting, "POST", "/login.php?action=end_impersonation", text)
		}
	}

	w.settings(`{"storefront":{"confirm_email":true,"confirm_subscription":true}}`)
	page("/login.php POST save_new_account", "", registration("page3@alphamark.example")...)
	page("/login.php POST confirm_account", "", "token", link(account.MailConfirmAccount).Get("token"))
	page("/subscribe.php POST", "", "nl_email", "news1@alphamark.example", "back", "/")
	page("/subscribe.php POST confirm", "", "token", link(account.MailConfirmSubscription).Get("token"))
	w.settings(`{"storefront":{"confirm_email":false,"confirm_subscription":false}}`)
	page("/subscribe.php POST subscribe", "", "nl_email", "news2@alphamark.example", "back", "/")
	news, err := w.Subscribers.Find(w.t.Context(), w.st, 1, "news2@alphamark.example")
	if err != nil || news == nil {
		w.t.Fatal(news, err)
	}
	token, err := w.Shoppers.UnsubscribeToken(w.t.Context(), w.st, news.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	page("/unsubscribe.php POST", "", "token", token)

	site := store.Site{StoreID: w.st, StoreHash: home, ChannelID: 1, URL: "http://" + host(home, 1)}
	led := by{history.Storefront, history.Visitor, 0}
	for range 2 {
		login, err := w.SSO.Token(w.t.Context(), site, sso.Request{CustomerID: 1})
		if err != nil {
			w.t.Fatal(err)
		}
		w.shop("GET /login/token/{jwt_token}", "GET /login/token/{jwt_token}", led, "GET", "/login/token/"+login, "")
		w.shop("GET /login/token/{jwt_token}", "GET /login/token/{jwt_token} again", led, "GET", "/login/token/"+login, "")
	}
	w.shop("GET /login/token/{jwt_token}", "GET /login/token/nonsense", led, "GET", "/login/token/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA", "")
}

// visitor0 is nobody.
var visitor0 = visitor{}

// settings changes the store's settings as a command does.
func (w *histories) settings(change string) {
	w.t.Helper()
	w.command("settings "+change, func() error {
		_, err := w.Stores.ChangeSettings(w.commands(), w.st, parsed(w.t, change).(map[string]any))
		return err
	})
}

// shopsGraph does the mutations of the storefront's GraphQL.
func (w *histories) shopsGraph() {
	w.t.Helper()
	full := http.Header{"X-Auth-Token": {home + "-full-token"}}
	token := func(kind, more string) string {
		w.t.Helper()
		got := w.manage("POST", "/v3/storefront/api-token"+kind, `{"channel_id":1,"expires_at":4000000000`+more+`}`)
		m := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(got.body)
		if m == nil {
			w.t.Fatal(got.body)
		}
		return m[1]
	}
	public, acting, gone := token("", ""), token("-customer-impersonation", ""), token("", `,"allowed_cors_origins":["https://x.example"]`)
	business := token("-private", `,"scopes":["Unauthenticated","Customer","B2B"]`)
	w.step("DELETE V3 /storefront/api-token", "DELETE /v3/storefront/api-token", v3Account, func() answer {
		h := full.Clone()
		h.Set("Sf-Api-Token", gone)
		got := w.call("api.example", "DELETE", "/stores/"+home+"/v3/storefront/api-token", "", h)
		if got.status/100 != 2 {
			w.t.Errorf("%d %s", got.status, got.body)
		}
		return got
	})
	token("", `,"allowed_cors_origins":["https://y.example"]`)
	list := w.full(home, "GET", "/v3/clientele/storefront-tokens", "")
	w.manage("DELETE", "/v3/clientele/storefront-tokens/"+number(w.t, list.body, `"id":`), "")

	guest := by{history.GraphQL, history.Visitor, 0}
	jane := by{history.GraphQL, history.Shopper, 1}
	shopper := func() http.Header {
		return http.Header{"X-Bc-Customer-Access-Token": {w.grant(account.AccessToken)}}
	}
	got := w.ask("Mutation.login", guest, public, nil, `mutation { login(email: "c1@alphamark.example", password: %q) { customer { entityId } customerAccessToken { value } } }`, password1)
	signed := shopper()
	w.step("Mutation.login", "Mutation.login with a wrong password", guest, func() answer {
		return w.call(host(home, 1), "POST", "/graphql", `{"query":"mutation { login(email: \"c1@alphamark.example\", password: \"wrong-Lamps-2\") { result } }"}`, http.Header{"Authorization": {"Bearer " + public}})
	})
	_ = got
	house := `firstName: "A", lastName: "B", address1: "1 St", city: "Austin", countryCode: "US", stateOrProvince: "Texas", postalCode: "78701"`
	w.ask("CustomerMutations.registerCustomer", guest, public, nil, `mutation { customer { registerCustomer(input: {email: "graph@alphamark.example", firstName: "G", lastName: "Q", password: %q}) { customer { entityId } errors { ... on Error { message } } } } }`, password1)
	w.ask("CustomerMutations.updateCustomer", jane, public, signed, `mutation { customer { updateCustomer(input: {firstName: "Graph", company: "C"}) { customer { firstName } errors { ... on Error { message } } } } }`)
	w.ask("CustomerMutations.updateCustomer", by{history.GraphQL, history.ByToken, 0}, acting, http.Header{"X-Bc-Customer-Id": {"1"}}, `mutation { customer { updateCustomer(input: {firstName: "Acted"}) { customer { firstName } errors { ... on Error { message } } } } }`)
	got = w.ask("CustomerMutations.addCustomerAddress", jane, public, signed, `mutation { customer { addCustomerAddress(input: {`+house+`}) { address { entityId } errors { ... on Error { message } } } } }`)
	id := number(w.t, got.body, `"entityId":`)
	w.ask("CustomerMutations.updateCustomerAddress", jane, public, signed, `mutation { customer { updateCustomerAddress(input: {addressEntityId: %s, data: {city: "Dallas"}}) { errors { ... on Error { message } } } } }`, id)
	w.ask("CustomerMutations.deleteCustomerAddress", jane, public, signed, `mutation { customer { deleteCustomerAddress(input: {addressEntityId: %s}) { errors { ... on Error { message } } } } }`, id)
	w.ask("CustomerMutations.updateStoredPaymentInstrument", jane, public, signed, `mutation { customer { updateStoredPaymentInstrument(input: {token: %q, setAsDefault: true}) { errors { message } } } }`, instrumentToken(home, 1))
	w.ask("CustomerMutations.deleteStoredPaymentInstrument", jane, public, signed, `mutation { customer { deleteStoredPaymentInstrument(input: {token: %q}) { errors { message } } } }`, instrumentToken(home, 1))
	w.ask("NewsletterMutations.subscribe", guest, public, nil, `mutation { newsletter { subscribe(input: {email: "graph.news@alphamark.example", firstName: "A", lastName: "B"}) { errors { ... on Error { message } } } } }`)
	w.ask("NewsletterMutations.unsubscribe", guest, public, nil, `mutation { newsletter { unsubscribe(input: {email: "graph.news@alphamark.example"}) { errors { ... on Error { message } } } } }`)
	got = w.ask("WishlistMutations.createWishlist", jane, public, signed, `mutation { wishlist { createWishlist(input: {name: "Graph", isPublic: false}) { result { entityId } } } }`)
	id = number(w.t, got.body, `"entityId":`)
	w.ask("WishlistMutations.addWishlistItems", jane, public, signed, `mutation { wishlist { addWishlistItems(input: {entityId: %s, items: [{productEntityId: 1001}, {productEntityId: 1002}]}) { result { items { edges { node { entityId } } } } } } }`, id)
	w.ask("WishlistMutations.updateWishlist", jane, public, signed, `mutation { wishlist { updateWishlist(input: {entityId: %s, data: {name: "Graph 2"}}) { result { entityId } } } }`, id)
	got = w.full(home, "GET", "/v3/wishlists/"+id, "")
	w.ask("WishlistMutations.deleteWishlistItems", jane, public, signed, `mutation { wishlist { deleteWishlistItems(input: {entityId: %s, itemEntityIds: [%s]}) { result { entityId } } } }`, id, number(w.t, got.body, `"items":[{"id":`))
	w.ask("WishlistMutations.deleteWishlists", jane, public, signed, `mutation { wishlist { deleteWishlists(input: {entityIds: [%s]}) { result } } }`, id)
	w.ask("CompanyMutations.registerCompany", jane, business, signed, `mutation { company { registerCompany(input: {name: "Firm", email: "firm@alphamark.example", phone: "1", address: {firstName: "A", lastName: "B", address1: "1 St", city: "Austin", countryCode: "US", stateOrProvince: "Texas", postalCode: "78701"}}) { entityId errors { ... on ValidationError { message } } } } }`)
	got = w.ask("Mutation.generateSessionSyncJwt", jane, public, signed, `mutation { generateSessionSyncJwt(redirectTo: "/") { result { token } errors { ... on Error { message } } } }`)
	m := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(got.body)
	if m == nil {
		w.t.Fatal(got.body)
	}
	w.ask("Mutation.validateSessionSyncJwt", guest, public, nil, `mutation { validateSessionSyncJwt(jwt: %q) { content { redirectTo } errors { __typename } } }`, m[1])
	got = w.ask("Mutation.generateSessionSyncJwt", jane, public, shopper(), `mutation { generateSessionSyncJwt(redirectTo: "/") { result { token } errors { ... on Error { message } } } }`)
	if m = regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(got.body); m == nil {
		w.t.Fatal(got.body)
	}
	w.shop("GET /session-sync", "GET /session-sync", by{history.Storefront, history.Visitor, 0}, "GET", "/session-sync?jwt="+m[1], "")
	login, err := w.SSO.Token(w.t.Context(), store.Site{StoreID: w.st, StoreHash: home, ChannelID: 1, URL: "http://" + host(home, 1)}, sso.Request{CustomerID: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.ask("Mutation.loginWithCustomerLoginJwt", guest, public, nil, `mutation { loginWithCustomerLoginJwt(jwt: %q) { customer { entityId } } }`, login)
	w.ask("CustomerMutations.changePassword", jane, public, shopper(), `mutation { customer { changePassword(input: {currentPassword: %q, newPassword: %q}) { errors { ... on Error { message } } } } }`, password1, password2)
	w.Clock.Advance(2 * time.Hour)
	w.ask("CustomerMutations.requestResetPassword", guest, public, nil, `mutation { customer { requestResetPassword(input: {email: "c1@alphamark.example"}) { errors { ... on Error { message } } } } }`)
	u, err := url.Parse(w.Mails.Link(w.t, account.MailPasswordReset))
	if err != nil {
		w.t.Fatal(err)
	}
	w.ask("CustomerMutations.resetPassword", guest, public, nil, `mutation { customer { resetPassword(input: {customerEntityId: %s, token: %q, newPassword: %q}) { errors { ... on Error { message } } } } }`, u.Query().Get("c"), u.Query().Get("t"), password1)
	w.ask("Mutation.logout", jane, public, shopper(), `mutation { logout { result } }`)
	for _, f := range []string{"visitStartedEvent", "pageViewedEvent"} {
		w.ask("AnalyticsMutations."+f, guest, public, nil, `mutation { analytics { `+f+`(input: {commonInput: {request: {url: "https://x.example/", userAgent: "x"}}}) { executed } } }`)
	}
	w.ask("AnalyticsMutations.productViewedEvent", guest, public, nil, `mutation { analytics { productViewedEvent(input: {commonInput: {request: {url: "https://x.example/", userAgent: "x"}}, productInput: {productEntityId: 1}}) { executed } } }`)
	w.ask("AnalyticsMutations.searchProductEvent", guest, public, nil, `mutation { analytics { searchProductEvent(input: {commonInput: {request: {url: "https://x.example/", userAgent: "x"}}, searchTerm: "x", productIds: []}) { executed } } }`)
}

// adminGraph does the mutations of the management API's GraphQL.
func (w *histories) adminGraph() {
	w.t.Helper()
	w.settings(`{"language":"en","storefront":{"locales":["fr"]}}`)
	mutate := func(field, query string) {
		w.t.Helper()
		w.step("Admin "+field, "Admin "+field, by{history.AdminGraphQL, history.ByAccount, 1}, func() answer {
			got := w.call("api.example", "POST", "/stores/"+home+"/graphql", fmt.Sprintf(`{"query":%q}`, query), http.Header{"X-Auth-Token": {home + "-full-token"}})
			if got.status != http.StatusOK || strings.Contains(got.body, `"message"`) {
				w.t.Errorf("%s: %d %s", field, got.status, got.body)
			}
			return got
		})
	}
	mutate("MetafieldMutations.reassignMetafieldsOwner", `mutation { metafield { reassignMetafieldsOwner(input: {newClientId: "alpha-store_v2_customers", metafieldIds: ["bc/store/metafield/1"]}) { metafieldIds } } }`)
	in := `resourceType: CUSTOMER_FORM_FIELDS, channelId: "bc/store/channel/1", localeId: "bc/store/locale/fr"`
	field := "bc/store/customerFormField/" + w.field[home]
	mutate("TranslationMutations.updateTranslations", `mutation { translation { updateTranslations(input: {`+in+`, entities: [{resourceId: "`+field+`", fields: [{fieldName: "label", value: "Adresse"}]}]}) { errors { __typename ... on Error { message } } } } }`)
	mutate("TranslationMutations.deleteTranslations", `mutation { translation { deleteTranslations(input: {`+in+`, resources: [{resourceId: "`+field+`", fields: ["label"]}]}) { errors { __typename ... on Error { message } } } } }`)
	on := `channelId: "bc/store/channel/1", code: "sv"`
	for _, m := range []struct{ name, more string }{{"addLocale", ""}, {"updateLocale", ", status: ACTIVE"}, {"deleteLocale", ""}} {
		mutate("LocaleMutations."+m.name, `mutation { locale { `+m.name+`(input: {`+on+m.more+`}) { errors { __typename ... on Error { message } } } } }`)
	}
}

// ends deletes what there is, in the order in which it can be.
func (w *histories) ends() {
	w.t.Helper()
	del := func(paths ...string) {
		w.t.Helper()
		for _, p := range paths {
			w.manage("DELETE", p, "")
		}
	}
	del("/v3/customers/addresses?id:in=2", "/v3/customers/attribute-values?id:in=1", "/v3/customers/attributes?id:in=1", "/v3/customers/form-fields/"+w.field[home],
		"/v3/customers/1/metafields/1")
	w.manage("DELETE", "/v3/customers/metafields", `[3]`)
	w.manage("POST", "/v3/customers/1/stored-instruments", `{"type":"stored_card","token":"gone-card","brand":"VISA","expiry_month":5,"expiry_year":2031,"issuer_identification_number":"411111","last_4":"1111",`+memberBilling+`}`)
	del("/v3/customers/1/stored-instruments/gone-card", "/v3/pricelists/assignments?price_list_id=8", "/v3/pricelists/assignments?customer_group_id=2", "/v3/tax/customers?customer_id:in=1")
	del("/v3/marketing/email-templates/createaccount_email?channel_id=2", "/v3/customers/subscribers/2", "/v3/customers/subscribers?email=c1@alphamark.example", "/v3/customers/subscribers?source=custom")
	del("/v3/clientele/segments/"+uuid(home, 1, 2)+"/rule", "/v3/segments/"+uuid(home, 1, 1)+"/shopper-profiles?id:in="+uuid(home, 2, 2), "/v3/segments/"+uuid(home, 1, 1)+"/shopper-profiles", "/v3/segments?id:in="+uuid(home, 1, 1), "/v3/shopper-profiles?id:in="+uuid(home, 2, 1),
		"/v3/segments", "/v3/shopper-profiles")
	del("/v3/hooks/1", "/v2/hooks/2")
	open := w.manage("POST", "/v3/clientele/impersonations", `{"customer_id":1,"reason":"R","minutes":5}`)
	del("/v3/clientele/impersonations/" + number(w.t, open.body, `"data":{"id":`))
	got := w.full(home, "GET", "/v3/wishlists/1", "")
	del("/v3/wishlists/1/items/"+number(w.t, got.body, `"items":[{"id":`), "/v3/wishlists/1")
	w.manage("DELETE", "/v3/channels/3/site/checkout-url", "")
	del("/v3/sites/1/routes/1", "/v3/channels/3/site", "/v3/sites/1")
	del("/v2/customer_groups/2", "/v2/customer_groups")
	del("/v2/customers/1/addresses/1", "/v2/customers/1/addresses", "/v2/customers/2", "/v3/customers?id:in=1", "/v2/customers")
	w.operators()
}

// operators does what seed files, commands and jobs do.
func (w *histories) operators() {
	w.t.Helper()
	w.step(operators, "a seed file", by{history.Seed, history.BySeed, 0}, func() answer {
		apptest.Seed(w.t, w.Core, historySeed)
		return answer{}
	})
	w.step(operators, "the same seed file", by{history.Seed, history.BySeed, 0}, func() answer {
		n := w.text.Len()
		apptest.Seed(w.t, w.Core, historySeed)
		if w.text.Len() != n {
			w.t.Error("something changed")
		}
		return answer{}
	})
}

// merges has a customer become one with another one, and parts them.
func (w *histories) merges() {
	w.t.Helper()
	w.manage("POST", "/v3/customers", `[{"email":"twice@alphamark.example","first_name":"Tw","last_name":"Ice","phone":"777 123 456 78","store_credit_amounts":[{"amount":4}],"attributes":[{"attribute_id":1,"attribute_value":"x"}],"addresses":[{`+memberAddress+`}]}]`)
	id := w.fieldOf("customer_id", "store_counters")
	w.manage("POST", "/v3/customers/subscribers", `{"email":"twice@alphamark.example","channel_id":2}`)
	w.manage("POST", fmt.Sprintf("/v3/customers/%d/metafields", id), `{"key":"k1",`+memberMetafield+`}`)
	w.manage("POST", "/v3/wishlists", fmt.Sprintf(`{"customer_id":%d,"name":"Merged","is_public":false,"items":[{"product_id":5}]}`, id))
	w.manage("PUT", "/v3/tax/customers", fmt.Sprintf(`[{"customer_id":%d,"tax_properties":{"other":"b"}}]`, id))
	w.manage("PUT", fmt.Sprintf("/v3/customers/%d/consent", id), `{"allow":[],"deny":["analytics"]}`)
	w.manage("POST", fmt.Sprintf("/v3/customers/%d/stored-instruments", id), `{"type":"stored_paypal_account","token":"merged-paypal","is_default":true,"email":"p@example.com"}`)
	ask := fmt.Sprintf(`{"keep":1,"merge":[%d],"take":{"phone":%[1]d,"attributes":{"1":%[1]d}}`, id)
	got := w.manage("POST", "/v3/clientele/merges/preview", ask+`}`)
	var seen struct{ Data struct{ ETag string } }
	if err := json.Unmarshal([]byte(got.body), &seen); err != nil || seen.Data.ETag == "" {
		w.t.Fatal(err, got.body)
	}
	w.manage("POST", "/v3/clientele/merges", ask+`,"etag":"`+seen.Data.ETag+`"}`)
	w.manage("POST", "/v3/clientele/merges/1/undo", "")
	w.manage("POST", "/v3/clientele/duplicates/scan", "")
	if _, err := w.Duplicates.Look(w.t.Context(), w.st, time.Hour); err != nil {
		w.t.Fatal(err)
	}
	w.manage("PUT", fmt.Sprintf("/v3/clientele/duplicates/%d", w.fieldOf("id", "duplicate_pairs")), `{"is_dismissed":true}`)
}

// fieldOf returns a number of the store.
func (w *histories) fieldOf(column, table string) (n int64) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), w.st, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT `+column+` FROM `+table+` WHERE store_id = $1`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		w.t.Fatal(err)
	}
	return n
}
