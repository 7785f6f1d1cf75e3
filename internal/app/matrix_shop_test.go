package app_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/devtools"
	"clientele/internal/panel"
	"clientele/internal/reference"
	"clientele/internal/sso"
	"clientele/internal/store"
)

// welcome says what a shopper's route answers: to guests, which is also whoever
// has no good session of this storefront, and to a customer who is signed in.
type welcome struct {
	guest, signed int
	// to is where guests are led, if they are.
	to string
	// personal: a customer who is signed in sees what is theirs.
	personal bool
	// shut: pages of other sites are refused. They are guests elsewhere.
	shut bool
	// query and body say what is asked; a page's body is a form, to which the
	// token is added that proves where it comes from.
	query, body string
}

// shops declares the routes of storefronts, by method and pattern, but for the
// pages and what is for everybody.
var shops = map[string]welcome{
	"POST /api/storefront/customers":     {guest: 422, signed: 422, shut: true, body: `{}`},
	"POST /api/storefront/subscriptions": {guest: 200, signed: 200, shut: true, personal: true, body: `{"email":"c1@alphamark.example","acceptsMarketingNewsletter":true}`},
	"POST /api/storefront/consent":       {guest: 200, signed: 200, shut: true, body: `{"allow":[1],"deny":[2,3]}`},
	"GET /api/storefront/form-fields":    {guest: 200, signed: 200, shut: true},
	"GET /login/token/{jwt_token}":       {guest: 302, signed: 302, to: "/login.php"},
	"HEAD /login/token/{jwt_token}":      {guest: 405, signed: 405},
	"GET /session-sync":                  {guest: 302, signed: 302, to: "/login.php"},
	"HEAD /session-sync":                 {guest: 405, signed: 405},
	"GET /customer/current.jwt":          {guest: 404, signed: 200, shut: true, personal: true, query: "app_client_id=alpha-full"},

	"OPTIONS /api/storefront/customers":     {guest: 204, signed: 204, shut: true},
	"OPTIONS /api/storefront/subscriptions": {guest: 204, signed: 204, shut: true},
	"OPTIONS /api/storefront/consent":       {guest: 204, signed: 204, shut: true},
	"OPTIONS /api/storefront/form-fields":   {guest: 204, signed: 204, shut: true},
	"OPTIONS /customer/current.jwt":         {guest: 204, signed: 204, shut: true},
}

// everybody declares what anybody may see, and that holds nothing of a store.
// The outbox, which is there in development alone, has all stores' emails for
// whoever is at the machine.
var everybody = map[string]int{
	"POST " + app.MirrorPath: 401, // without the secret of a mirror
	"GET /healthz":           200, "GET /readyz": 200, "GET /metrics": 200,
	"GET /docs": 200, "GET /docs/*": 404, "GET /openapi.json": 200, "GET /openapi.yaml": 200, "GET /storefront.graphql": 200,
	// Tokens are made for the pages' own scripts alone.
	"POST /docs/graphql": 200, "POST " + reference.TokenPath: 403, "POST " + reference.GraphQLTokenPath: 403,
	"GET " + devtools.OutboxPath: 200, "GET " + devtools.OutboxPath + ".json": 200, "GET " + devtools.OutboxPath + "/{id}": 404, "GET " + devtools.OutboxPath + "/{id}/body": 404,
	"DELETE " + devtools.OutboxPath + ".json": 204,
	"GET " + devtools.PeoplePath:              200, "GET " + devtools.PeoplePath + "/requests": 200, "GET " + devtools.PeoplePath + "/requests/{id}": 404, "GET " + devtools.PeoplePath + "/deliveries": 200,
	"GET " + devtools.PeoplePath + "/clock": 200, "GET " + devtools.PeoplePath + "/faults": 200, "GET " + devtools.PeoplePath + "/stores": 200, "GET " + devtools.PeoplePath + "/live": 400,
	"GET " + devtools.PeoplePath + "/style.css": 200, "GET " + devtools.PeoplePath + "/live.js": 200,
	"POST " + devtools.PeoplePath + "/requests": 303, "POST " + devtools.PeoplePath + "/clock": 409, "POST " + devtools.PeoplePath + "/faults": 400,
	"POST " + devtools.ControlPath + "/faults": 400, "GET " + devtools.ControlPath + "/faults": 200, "DELETE " + devtools.ControlPath + "/faults": 204, "DELETE " + devtools.ControlPath + "/faults/{id}": 404,
	"GET " + devtools.ControlPath + "/requests": 200, "DELETE " + devtools.ControlPath + "/requests": 204, "GET " + devtools.ControlPath + "/requests/{id}": 404,
	"GET " + devtools.ControlPath + "/requests/har": 200, "GET " + devtools.ControlPath + "/requests/{id}/har": 404, "POST " + devtools.ControlPath + "/requests/expect": 400,
	"GET /assets/style.css": 200, "GET /assets/address.js": 200, "GET /assets/password.js": 200, "GET /assets/states/{country}.json": 200, "GET " + store.FaviconPath: 200, "GET " + store.LogoPath + "{name}": 404,
}

const signInFirst = "/login.php?from="

// pageRows declares the pages by path, method and action.
var pageRows = map[string]welcome{
	"/ GET":                                    {guest: 200, signed: 200, personal: true},
	"/login.php GET":                           {guest: 200, signed: 303},
	"/login.php GET logout":                    {guest: 303, signed: 303, to: "/login.php"},
	"/login.php GET create_account":            {guest: 200, signed: 303},
	"/login.php GET reset_password":            {guest: 200, signed: 200},
	"/login.php GET change_password":           {guest: 303, signed: 303, to: "/login.php?action=reset_password"},
	"/login.php GET check_passwordless_login":  {guest: 200, signed: 200},
	"/login.php GET confirm_account":           {guest: 200, signed: 200},
	"/login.php POST confirm_account":          {guest: 303, signed: 303, to: "/login.php"},
	"/login.php POST":                          {guest: 422, signed: 422},
	"/login.php POST check_login":              {guest: 422, signed: 422},
	"/login.php POST logout":                   {guest: 303, signed: 303, to: "/login.php"},
	"/login.php POST save_new_account":         {guest: 422, signed: 422},
	"/login.php POST create_account":           {guest: 422, signed: 422},
	"/login.php POST reset_password":           {guest: 422, signed: 422},
	"/login.php POST send_password_email":      {guest: 422, signed: 422},
	"/login.php POST change_password":          {guest: 422, signed: 422},
	"/login.php POST save_new_password":        {guest: 422, signed: 422},
	"/login.php POST passwordless_login":       {guest: 422, signed: 422},
	"/login.php POST check_passwordless_login": {guest: 303, signed: 303, to: "/login.php"},

	"/login.php GET impersonate":        {guest: 303, signed: 303, to: "/login.php"},
	"/login.php POST impersonate":       {guest: 303, signed: 303, to: "/login.php"},
	"/login.php POST end_impersonation": {guest: 303, signed: 303, to: "/login.php"},

	"/change-password GET":  {guest: 303, signed: 303, to: "/login.php?action=reset_password"},
	"/change-password POST": {guest: 422, signed: 422},

	"/account.php GET":                          {guest: 303, signed: 200, to: signInFirst, personal: true},
	"/account.php GET account_details":          {guest: 303, signed: 200, to: signInFirst, personal: true},
	"/account.php POST account_details":         {guest: 303, signed: 422, to: signInFirst},
	"/account.php GET address_book":             {guest: 303, signed: 200, to: signInFirst, personal: true},
	"/account.php GET add_shipping_address":     {guest: 303, signed: 200, to: signInFirst},
	"/account.php POST add_shipping_address":    {guest: 303, signed: 422, to: signInFirst},
	"/account.php GET edit_shipping_address":    {guest: 303, signed: 404, to: signInFirst, query: "address_id=9"},
	"/account.php POST edit_shipping_address":   {guest: 303, signed: 404, to: signInFirst, query: "address_id=9", body: "first_name=A&last_name=B&address1=7+St&city=Austin&country=US&state=Texas&postal_code=78701&address_type=residential"},
	"/account.php GET delete_shipping_address":  {guest: 303, signed: 404, to: signInFirst, query: "address_id=9"},
	"/account.php POST delete_shipping_address": {guest: 303, signed: 303, to: signInFirst, query: "address_id=9"},
	"/account.php GET newsletter":               {guest: 303, signed: 200, to: signInFirst},
	"/account.php POST newsletter":              {guest: 303, signed: 303, to: signInFirst, body: "newsletter=1"},
	"/account.php GET change_password":          {guest: 303, signed: 200, to: signInFirst},
	"/account.php POST change_password":         {guest: 303, signed: 422, to: signInFirst},
	"/account.php GET sessions":                 {guest: 303, signed: 200, to: signInFirst},
	"/account.php POST sessions":                {guest: 303, signed: 404, to: signInFirst, body: "session_id=nonsense"},
	"/account.php GET order_status":             {guest: 303, signed: 200, to: signInFirst},
	"/account.php GET view_orders":              {guest: 303, signed: 200, to: signInFirst},
	"/account.php GET view_order":               {guest: 303, signed: 404, to: signInFirst, query: "order_id=9"},
	"/account.php GET view_returns":             {guest: 303, signed: 200, to: signInFirst},
	"/account.php GET inbox":                    {guest: 303, signed: 200, to: signInFirst},
	"/account.php GET recent_items":             {guest: 303, signed: 200, to: signInFirst},
	"/account.php GET payment_methods":          {guest: 303, signed: 200, to: signInFirst},

	"/wishlist.php GET":                    {guest: 303, signed: 200, to: signInFirst, personal: true},
	"/wishlist.php GET addwishlist":        {guest: 303, signed: 200, to: signInFirst},
	"/wishlist.php POST addwishlist":       {guest: 303, signed: 422, to: signInFirst},
	"/wishlist.php GET editwishlist":       {guest: 303, signed: 404, to: signInFirst, query: "wishlistid=99999"},
	"/wishlist.php POST editwishlist":      {guest: 303, signed: 404, to: signInFirst, query: "wishlistid=99999", body: "name=A&item_id=1"},
	"/wishlist.php GET deletewishlist":     {guest: 303, signed: 404, to: signInFirst, query: "wishlistid=99999"},
	"/wishlist.php POST deletewishlist":    {guest: 303, signed: 303, to: signInFirst, query: "wishlistid=99999", body: "name=A&item_id=1"},
	"/wishlist.php GET viewwishlistitems":  {guest: 303, signed: 404, to: signInFirst, query: "wishlistid=99999"},
	"/wishlist.php POST viewwishlistitems": {guest: 303, signed: 404, to: signInFirst, query: "wishlistid=99999", body: "name=A&item_id=1"},
	"/wishlist.php GET sharewishlist":      {guest: 303, signed: 404, to: signInFirst, query: "wishlistid=99999"},

	"/subscribe.php POST":           {guest: 303, signed: 303, to: "/", body: "nl_email=nonsense"},
	"/subscribe.php POST subscribe": {guest: 303, signed: 303, to: "/", body: "nl_email=nonsense"},
	"/subscribe.php GET confirm":    {guest: 200, signed: 200},
	"/subscribe.php POST confirm":   {guest: 303, signed: 303, to: "/"},
	"/unsubscribe.php GET":          {guest: 422, signed: 422},
	"/unsubscribe.php POST":         {guest: 422, signed: 422},
	"/xmlsitemap.php GET":           {guest: 200, signed: 200},
	"/privacy.php GET":              {guest: 200, signed: 200},
	"/privacy.php POST":             {guest: 303, signed: 303, to: "/", body: "choice=some&analytics=on"},
	"/language.php POST":            {guest: 400, signed: 400, body: "language=nonsense"},
}

// pageActions reads from the source of the pages which paths, methods and
// actions they have.
func (w *matrixWorld) pageActions() []string {
	w.t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../pages/pages.go", nil, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	text := func(e ast.Expr) string {
		lit, ok := e.(*ast.BasicLit)
		if !ok {
			return ""
		}
		s, _ := strconv.Unquote(lit.Value)
		return s
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "paths" {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok || !strings.HasPrefix(text(kv.Key), "/") {
				return true
			}
			for _, e := range kv.Value.(*ast.CompositeLit).Elts {
				out = append(out, text(kv.Key)+" "+text(e.(*ast.KeyValueExpr).Key))
			}
			return false
		})
	}
	if len(out) < 10 {
		w.t.Fatalf("the pages are not declared as they were: %q", out)
	}
	return out
}

// personal reports whether an answer tells what only a customer may see.
func (a *answer) personal(hash string) bool {
	text, m := a.text(), mark(hash)
	for _, p := range []string{"First " + m, "Last " + m, "Company " + m, "c1@" + m, m + " City", m + " answer", m + " value", m + " list", "Reader " + m} {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

// visitor is a browser or a program at a storefront.
type visitor struct {
	name    string
	channel int
	// cookie makes the session token that is sent.
	cookie func() string
	header http.Header
	signed bool
	// foreign: the request comes from another site; sibling: from another of
	// the store's.
	foreign, sibling bool
}

func (w *matrixWorld) visitors() []visitor {
	fixed := func(s string) func() string { return func() string { return s } }
	own := w.lasting(account.Browser)
	ended := w.session(home, 1, account.Browser, 1)
	if err := w.s.Shoppers.SignOut(w.t.Context(), w.store(home).ID, ended); err != nil {
		w.t.Fatal(err)
	}
	return []visitor{
		{name: "a guest"},
		{name: "a guest with an API account's token", header: http.Header{"X-Auth-Token": {home + "-full-token"}}},
		{name: "a malformed session", cookie: fixed("nonsense")},
		{name: "a random session", cookie: fixed(strings.Repeat("0123456789abcdef", 4))},
		{name: "a session that was ended", cookie: fixed(ended)},
		{name: "a session of another store", cookie: fixed(w.session(away, 1, account.Browser, 1))},
		{name: "a session of another channel", cookie: fixed(w.session(home, 2, account.Browser, 2))},
		{name: "an own session on another channel", channel: 2, cookie: own},
		{name: "a customer access token as a session", cookie: w.lasting(account.AccessToken), signed: true},
		{name: "an API account's token as a session", cookie: fixed(home + "-full-token")},
		{name: "a storefront token as a session", cookie: fixed(w.storefrontToken(home, "", ""))},
		{name: "an own session", cookie: own, signed: true},
		{name: "an own session from another site", cookie: own, signed: true, foreign: true, header: http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}},
		{name: "an own session from another store's site", cookie: own, signed: true, foreign: true, header: http.Header{"Origin": {"http://" + host(away, 1)}}},
		{name: "an own session from another of the store's sites", cookie: own, signed: true, sibling: true, header: http.Header{"Origin": {"http://" + host(home, 2)}}},
	}
}

const formToken = "0123456789abcdef0123456789abcdef"

// visit asks as a visitor.
func (w *matrixWorld) visit(v *visitor, method, path, body string, proof bool) answer {
	channel := max(1, v.channel)
	header := http.Header{}
	for name, values := range v.header {
		header[name] = values
	}
	cookies := ""
	if v.cookie != nil {
		cookies = "SHOP_SESSION_TOKEN=" + v.cookie()
	}
	if proof {
		cookies = strings.TrimPrefix(cookies+"; clientele_form="+formToken, "; ")
		body = strings.TrimPrefix(body+"&authenticity_token="+formToken, "&")
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookies != "" {
		header.Set("Cookie", cookies)
	}
	return w.call(host(home, channel), method, path, body, header)
}

// judge holds an answer to a visitor against a row.
func (w *matrixWorld) judge(name string, row welcome, v *visitor, got answer, signed bool, want int, to string) {
	w.t.Helper()
	if got.status != want {
		w.t.Errorf("%s: %d, want %d: %.300s", name, got.status, want, got.body)
		return
	}
	if location := got.header.Get("Location"); to != "" && !(strings.HasPrefix(location, to) && (to != "/" || location == "/")) {
		w.t.Errorf("%s leads to %q, want %q", name, location, to)
	}
	if got.tells(away) {
		w.t.Errorf("%s shows what is another store's: %.500s", name, got.text())
	}
	if strings.Contains(row.body, "c1@") {
		got.body = strings.ReplaceAll(got.body, "c1@", "") // what was sent may come back
	}
	if personal := got.personal(home); personal && !signed || !personal && row.personal && signed {
		w.t.Errorf("%s: what is personal is shown: %v: %.500s", name, personal, got.text())
	}
	if !signed && got.cookie("SHOP_SESSION_TOKEN") != "" {
		w.t.Errorf("%s: somebody is signed in", name)
	}
}

// cookie returns the value that an answer gives a cookie.
func (a *answer) cookie(name string) string {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// storefronts calls the routes of storefronts and the pages as every kind of
// visitor.
func (w *matrixWorld) storefronts() {
	w.t.Helper()
	visitors := w.visitors()
	for key, row := range shops {
		method, pattern, _ := strings.Cut(key, " ")
		path := strings.ReplaceAll(pattern, "{jwt_token}", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA")
		if row.query != "" {
			path += "?" + row.query
		}
		for i := range visitors {
			v := &visitors[i]
			signed, want := v.signed && !v.sibling, row.guest
			if signed {
				want = row.signed
			}
			if v.foreign && row.shut {
				signed, want = false, http.StatusForbidden
			}
			if v.sibling && pattern == "/api/storefront/consent" && method == http.MethodPost {
				want = http.StatusForbidden // there is no cookie to keep it in
			}
			w.judge(fmt.Sprintf("%s as %s", key, v.name), row, v, w.visit(v, method, path, row.body, false), signed, want, row.to)
		}
	}
	for key, row := range pageRows {
		path, rest, _ := strings.Cut(key, " ")
		method, action, _ := strings.Cut(rest, " ")
		query := url.Values{}
		if action != "" {
			query.Set("action", action)
		}
		target := path + "?" + strings.TrimPrefix(query.Encode()+"&"+row.query, "&")
		for i := range visitors {
			v := &visitors[i]
			name := fmt.Sprintf("%s as %s", key, v.name)
			signed, want, to := v.signed, row.guest, row.to
			if signed {
				want, to = row.signed, ""
			}
			if method == http.MethodPost {
				if v.foreign || v.sibling {
					want, to = http.StatusForbidden, ""
				}
				forged := w.visit(v, method, target, "", false)
				w.judge(name+" without a form's token", welcome{}, v, forged, signed, http.StatusForbidden, "")
			}
			if key == "/login.php GET logout" && v.foreign {
				want = http.StatusSeeOther // who signed in just now may leave from anywhere
			}
			w.judge(name, row, v, w.visit(v, method, target, row.body, method == http.MethodPost), signed, want, to)
		}
	}
	w.keptSessions(visitors)
	w.loginTokens()
}

// keptSessions: where a session is none, it cannot be ended either.
func (w *matrixWorld) keptSessions(visitors []visitor) {
	w.t.Helper()
	for i := range visitors {
		if v := &visitors[i]; v.name == "a session of another store" {
			got := w.call(host(away, 1), "GET", "/account.php", "", http.Header{"Cookie": {"SHOP_SESSION_TOKEN=" + v.cookie()}})
			if got.status != http.StatusOK {
				w.t.Errorf("%s was ended by requests elsewhere: %d", v.name, got.status)
			}
		}
	}
}

// loginTokens: a customer login token signs in at the store that it is for.
func (w *matrixWorld) loginTokens() {
	w.t.Helper()
	for _, hash := range []string{home, away} {
		site := store.Site{StoreID: w.store(hash).ID, StoreHash: hash, ChannelID: 1, URL: "http://" + host(hash, 1)}
		for _, at := range []string{away, home} {
			login, err := w.s.SSO.Token(w.t.Context(), site, sso.Request{CustomerID: 1})
			if err != nil {
				w.t.Fatal(err)
			}
			got := w.call(host(at, 1), "GET", "/login/token/"+login, "", nil)
			want := "/login.php"
			if at == hash {
				want = "/account.php"
			}
			if to := got.header.Get("Location"); to != want || (got.cookie("SHOP_SESSION_TOKEN") != "") != (at == hash) {
				w.t.Errorf("a login token of %s at %s leads to %q, %v", hash, at, to, got.header["Set-Cookie"])
			}
		}
	}
}

// open calls what is for everybody, with and without credentials.
func (w *matrixWorld) open() {
	w.t.Helper()
	for key, want := range everybody {
		method, pattern, _ := strings.Cut(key, " ")
		path := strings.NewReplacer("{id}", away+"-1", "{country}", "US", "*", "nonsense").Replace(pattern)
		for _, header := range []http.Header{nil, {"X-Auth-Token": {away + "-full-token"}}, {"X-Auth-Token": {"nonsense"}}} {
			got := w.call(host(home, 1), method, path, "", header)
			if got.status != want {
				w.t.Errorf("%s: %d, want %d: %.300s", key, got.status, want, got.body)
			}
			if got.shows(away) || got.shows(home) && pattern != "/assets/style.css" {
				w.t.Errorf("%s shows what is a store's own: %.500s", key, got.text())
			}
		}
		if strings.HasPrefix(pattern, devtools.OutboxPath) {
			// A website that points its own name at this machine sees nothing.
			if got := w.call("c1."+mark(home)+".example", method, path, "", nil); got.status != http.StatusForbidden {
				w.t.Errorf("%s by a name that is not the machine's own: %d", key, got.status)
			}
		}
	}
}

// checkShops holds the rows of storefronts and pages against the program.
func (w *matrixWorld) checkShops(routes []route) {
	w.t.Helper()
	paths := map[string]bool{}
	var actions []string
	for _, a := range w.pageActions() {
		path, _, _ := strings.Cut(a, " ")
		paths[path] = true
		actions = append(actions, a)
		if _, ok := pageRows[a]; !ok {
			w.t.Errorf("the page %q has no row: declare in the table \"pageRows\" what guests and customers see of it", a)
		}
	}
	for key := range pageRows {
		if !slices.Contains(actions, key) {
			w.t.Errorf("the row %q is of no page", key)
		}
	}
	served := map[string]bool{}
	for _, r := range routes {
		if r.managed() || paths[r.pattern] || r.pattern == "/graphql" || strings.HasPrefix(r.pattern, panel.Base) { // package panel has a matrix of its own
			continue
		}
		key := r.key
		if _, ok := shops[key]; !ok && r.method == http.MethodHead {
			key = "GET " + r.pattern
		}
		served[key] = true
		_, shop := shops[key]
		_, open := everybody[key]
		if !shop && !open {
			w.t.Errorf("the route %s %s has no row: declare in the table \"shops\" what guests and customers are answered, or in \"everybody\" that anybody may see it", r.method, r.pattern)
		}
	}
	for key := range shops {
		if !served[key] {
			w.t.Errorf("the row %q is of no route", key)
		}
	}
	for key := range everybody {
		if !served[key] {
			w.t.Errorf("the row %q is of no route", key)
		}
	}
}
