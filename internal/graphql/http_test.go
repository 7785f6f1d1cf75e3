package graphql_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/api/apitest"
	"clientele/internal/auth"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestTransport(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	const hello = `{"data":{"site":{"settings":{"storeName":"My shop"}}}}`
	const q = `{ site { settings { storeName } } }`
	w.want(w.ask(q, nil), 200, hello)
	w.want(w.send("GET", shop+"/graphql?query="+url.QueryEscape(q), ""), 200, hello)
	w.want(w.send("POST", shop+"/graphql", q, "Content-Type", "application/graphql"), 200, hello)
	w.want(w.send("POST", shop+"/graphql?operation=A&type=query", `{"query":"query A { site { settings { storeName } } } query B { channel { entityId } }","operationName":"B"}`), 200, `{"data":{"channel":{"entityId":1}}}`)
	w.want(w.send("GET", shop+"/graphql?operationName=A&variables=%7B%22x%22%3Afalse%7D&query="+url.QueryEscape(`query A($x: Boolean!) { channel { entityId } geography @include(if: $x) { __typename } }`), ""), 200, `{"data":{"channel":{"entityId":1}}}`)
	for name, c := range map[string]struct {
		method, url, body string
		header            []string
		code              int
		want              string
	}{
		"mutation by GET": {"GET", "?query=" + url.QueryEscape(`mutation { logout { result } }`), "", nil, 405, "Mutations are made with POST."},
		"put":             {"PUT", "", "", nil, 405, "GraphQL requests are made with GET or POST."},
		"no query":        {"POST", "", `{}`, nil, 400, "The request holds no query."},
		"GET no query":    {"GET", "", "", nil, 400, "The request holds no query."},
		"no JSON":         {"POST", "", `{"query"`, nil, 400, "The body is no valid JSON of a GraphQL request."},
		"batch":           {"POST", "", `[{"query":"{__typename}"}]`, nil, 400, "A request holds one query: batches are not supported."},
		"form":            {"POST", "", `query=x`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "The body must be sent with Content-Type: application/json."},
		"large":           {"POST", "", `{"query":"` + strings.Repeat(" ", 300<<10) + `"}`, nil, 413, "The request must not be larger than 262144 bytes."},
		"which operation": {"POST", "", `{"query":"query A { channel { entityId } } query B { channel { entityId } }"}`, nil, 400, "The request must name one of its operations"},
		"no operation":    {"POST", "", `{"query":"query A { channel { entityId } }","operationName":"C"}`, nil, 400, "There is no operation of that name in the request"},
		"only a fragment": {"POST", "", `{"query":"fragment F on Query { channel { entityId } }"}`, nil, 400, "The query holds no operation"},
		"variables":       {"POST", "", `{"query":"{ channel { entityId } }","variables":[1]}`, nil, 400, "The variables must be a JSON object."},
		"two mutations":   {"POST", "", `{"query":"mutation { logout { result } again: logout { result } }"}`, nil, 400, "Only one mutation is allowed in a request, this one has 2"},
		"two below":       {"POST", "", `{"query":"mutation { newsletter { a: unsubscribe(input: {email: \"a@b.co\"}) { errors { __typename } } b: unsubscribe(input: {email: \"a@b.co\"}) { errors { __typename } } } }"}`, nil, 400, "Only one mutation is allowed in a request, this one has 2"},
		"braces":          {"POST", "", `{"query":"` + strings.Repeat("{a", 5000) + `"}`, nil, 400, "The query is nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.refused(w.send(c.method, shop+"/graphql"+c.url, c.body, c.header...), c.code, c.want)
		})
	}
	w.t = t
	for _, bad := range []string{`{ nothing }`, `{ site`, `query($a: Int!) { site { categoryTree(rootEntityId: $a) { name } } }`, `subscription { x }`, `{ site @defer { __typename } }`} {
		if a := w.ask(bad, nil); a.Code != 400 || len(a.Errors) == 0 || a.Data != nil {
			t.Errorf("%s: %d %s", bad, a.Code, a.Text)
		}
	}
	if a := w.send("POST", "https://nobody.example/graphql", `{}`); a.Code != 404 {
		t.Errorf("%d %s", a.Code, a.Text)
	}
	if a := w.ask(q, nil, "Authorization", "Bearer "+w.private, "X-Forwarded-Host", "other.example"); a.Code != 200 {
		t.Errorf("%d %s", a.Code, a.Text)
	}
}

// The API document has the methods that are served; each exchange of these
// tests is held to it besides.
func TestDocument(t *testing.T) {
	var methods []string
	for _, op := range apitest.New(t).Operations() {
		if op.Path == "/graphql" {
			methods = append(methods, op.Method)
		}
	}
	if got := strings.Join(methods, " "); got != "GET POST OPTIONS" {
		t.Error(got)
	}
}

// What a shopper prefers may be said, whatever the store has.
func TestShopperPreferences(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	const hello = `{"data":{"channel":{"entityId":1}}}`
	for _, q := range []string{
		`query @shopperPreferences(locale: "fr") { channel { entityId } }`,
		`query Q($l: String = "xx", $c: String) @shopperPreferences(locale: $l, displayCurrencyCode: $c) { channel { entityId } }`,
	} {
		a := w.ask(q, map[string]any{"c": "EUR"}, "Accept-Language", "fr")
		w.want(a, 200, hello)
		if a.Header.Get("X-Bc-Graphql-Complexity") != "2" {
			t.Error(a.Header)
		}
	}
	w.want(w.ask(`mutation @shopperPreferences(displayCurrencyCode: "EUR") { logout { result } }`, nil), 200, `{"data":{"logout":{"result":"success"}}}`)
	for _, q := range []string{`{ channel @shopperPreferences(locale: "fr") { entityId } }`, `query @shopperPreferences(locale: 1) { channel { entityId } }`, `query @shopperPreferences(language: "fr") { channel { entityId } }`} {
		if a := w.ask(q, nil); a.Code != 400 || len(a.Errors) != 1 {
			t.Errorf("%s: %d %s", q, a.Code, a.Text)
		}
	}
}

func TestLimits(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	a := w.ask(`query Me { customer { addresses(first: 5) { edges { node { entityId } } } } }`, nil)
	h := a.Header
	// customer 1 + addresses 1 + 5 × (edges 1 + node 1 + entityId 1)
	if h.Get("X-Bc-Graphql-Complexity") != "17" || h.Get("X-Bc-Graphql-Operation-Type") != "query" || h.Get("X-Bc-Graphql-Operation-Name") != "Me" ||
		len(h.Get("X-Bc-Graphql-Query-Hash")) != 64 || len(h.Get("X-Bc-Graphql-Variables-Hash")) != 64 {
		t.Error(h)
	}
	if a := w.ask(`query($n: Int) { customer { addresses(first: $n) { edges { node { entityId } } } } }`, map[string]any{"n": 2}); a.Header.Get("X-Bc-Graphql-Complexity") != "8" {
		t.Error(a.Header)
	}
	// Who names what is wanted, or asks for what is never there, pays for no more.
	if a := w.ask(`query($ids: [Int!]) { customer { a: wishlists(filters: {entityIds: $ids}) { edges { node { entityId } } } b: wishlists(filters: {entityIds: 7}) { edges { node { name } } } } }`, map[string]any{"ids": []int{1, 2}}); a.Header.Get("X-Bc-Graphql-Complexity") != "12" {
		t.Errorf("chosen entries: %v %s", a.Header, a.Text)
	}
	// Which lists a product is on, as product pages ask.
	const button = `query($first: Int, $id: Int!) { customer { wishlists(first: $first, filters: {productEntityIds: [$id]}) { edges { node { entityId name items(first: 50, filters: {productEntityIds: [$id]}) { edges { node { entityId productEntityId variantEntityId product { sku } } } } } } } } }`
	if a := w.ask(button, map[string]any{"first": 50, "id": 7}); a.Code != 200 || a.Header.Get("X-Bc-Graphql-Complexity") != "3752" {
		t.Errorf("wishlists with a product: %v %s", a.Header, a.Text)
	}
	if a := w.ask(strings.Replace(button, "items(first: 50", "items(first: 51", 1), map[string]any{"first": 50, "id": 7}); a.Code != 400 {
		t.Errorf("wishlists with many entries: %v %s", a.Header, a.Text)
	}
	// An order has one consignment at most.
	if a := w.ask(`{ customer { orders(first: 50) { edges { node { consignments { shipping { edges { node { lineItems { edges { node { name } } } } } } } } } } } }`, nil); a.Code != 200 || a.Header.Get("X-Bc-Graphql-Complexity") != "1852" {
		t.Errorf("orders: %v %s", a.Header, a.Text)
	}
	if a := w.ask(`{ customer { addresses { edges { node { entityId } } } } }`, nil); a.Header.Get("X-Bc-Graphql-Complexity") != "32" {
		t.Error(a.Header)
	}
	w.refused(w.ask(`{ customer { addresses(first: 4000) { edges { node { entityId } } } } }`, nil), 400,
		"The query is too complex as it has a complexity score of 12002 out of 10000. Please remove some elements and try again")
	tree := strings.Repeat("children { ", 14) + "name" + strings.Repeat(" }", 14)
	w.refused(w.ask(`{ site { categoryTree { `+tree+` } } }`, nil), 400, "The query is too deep as it has a depth of 17 out of 16. Please remove some elements and try again")
	if a := w.ask(`{ site { categoryTree { `+strings.Repeat("children { ", 13)+"name"+strings.Repeat(" }", 13)+` } } }`, nil); a.Code != 200 {
		t.Errorf("%d %s", a.Code, a.Text)
	}
	// Filters and other arguments do not count, what tells about the page does.
	for q, want := range map[string]string{
		`{ customer { wishlists(first: 2, filters: {entityIds: [1, 2, 3]}) { edges { node { name } } } } }`:                            "8",
		`{ customer { wishlists(first: 2) { pageInfo { hasNextPage } edges { node { name } } } } }`:                                    "12",
		`{ customer { wishlists(last: 2) { edges { node { items(first: 3) { edges { node { entityId } } } } } } } }`:                   "26",
		`mutation { wishlist { deleteWishlists(input: {entityIds: [1]}) { result } } }`:                                                "103",
		`{ site { categoryTree { ...F children { ...F children { ...F } } } } } fragment F on CategoryTreeItem { name }`:               "7",
		`{ site { categoryTree { ... @include(if: false) { name } ...F } } } fragment F on CategoryTreeItem { a: name b: __typename }`: "4",
	} {
		if a := w.ask(q, nil); a.Code != 200 || a.Header.Get("X-Bc-Graphql-Complexity") != want {
			t.Errorf("%s: %d, complexity %s, want %s", q, a.Code, a.Header.Get("X-Bc-Graphql-Complexity"), want)
		}
	}
	start := time.Now()
	bombs := map[string]string{"aliases": "{ ", "fragments": "{ ...F0 } ", "same": "{ ", "cycle": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "tokens": "{ " + strings.Repeat("a ", 20000) + "}"}
	for i := range 3000 {
		bombs["aliases"] += "a" + strings.Repeat("b", i%7) + string(rune('a'+i%26)) + strings.Repeat("c", i/26) + ": channel { entityId } "
		bombs["same"] += "channel { entityId } "
		if i >= 600 {
			break
		}
	}
	bombs["aliases"] += "}"
	bombs["same"] += "}"
	for i := range 40 {
		bombs["fragments"] += "fragment F" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + " on Query { x: channel { entityId } ...F" + string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10)) + " ...F" + string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10)) + " } "
	}
	bombs["fragments"] = strings.Replace(bombs["fragments"], "...F0 }", "...F00 }", 1) + "fragment F40 on Query { channel { entityId } }"
	delete(bombs, "aliases")
	wide := "{"
	for i := range 100 {
		wide += "...F" + strconv.Itoa(i) + " "
	}
	wide += "}"
	for i := range 100 {
		wide += "fragment F" + strconv.Itoa(i) + " on Query{" + strings.Repeat("__typename ", 99) + "}"
	}
	bombs["wide"] = wide
	bombs["nested"] = "{" + strings.Repeat("site{"+strings.Repeat("content{__typename}", 40)+"}", 90) + "}"
	circle := "{...F0}"
	for i := range 60 {
		circle += "fragment F" + strconv.Itoa(i) + " on Query{...F" + strconv.Itoa((i+1)%60) + " ...F" + strconv.Itoa((i+1)%60) + "}"
	}
	bombs["circle"] = circle
	bombs["unused wide"] = "{__typename}" + wide[strings.Index(wide, "}")+1:] + "fragment W on Query" + wide[:strings.Index(wide, "}")+1]
	bombs["unused"] = "{__typename}" + strings.TrimPrefix(circle, "{...F0}")
	for name, q := range bombs {
		if a := w.ask(q, nil); a.Code != 400 || len(a.Text) > 10000 {
			t.Errorf("%s: %d %.300s", name, a.Code, a.Text)
		}
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
}

// Storefronts ship documents with fragments that nothing spreads. They have to
// be valid all the same, as far as the validation looks at them.
func TestUnusedFragments(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	for text, want := range map[string]string{
		`{ channel { entityId } } fragment Idle on Site { settings { storeName } }`:                       `{"data":{"channel":{"entityId":1}}}`,
		`{ channel { entityId } } fragment Idle on Site { ...More } fragment More on Site { __typename }`: `{"data":{"channel":{"entityId":1}}}`,
		`{ channel { entityId } } fragment Idle on Site { settings { nonsense } }`:                        "Cannot query field",
		`{ channel { entityId } } fragment Idle on Nothing { id }`:                                        "Unknown type",
		`{ channel { entityId } } fragment Idle on Site { ...Gone }`:                                      "Unknown fragment",
		`{ channel { entityId } } fragment A on Site { ...B } fragment B on Site { ...A }`:                "Cannot spread fragment",
		`{ channel { entityId } } fragment A on Site { __typename } fragment A on Site { __typename }`:    "only one fragment named",
	} {
		a := w.ask(text, nil)
		if a.Text != want && (a.Code != 400 || !strings.Contains(a.Text, want)) {
			t.Errorf("%s: %d %s, want %s", text, a.Code, a.Text, want)
		}
	}
}

func TestTokens(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	const q = `{ channel { entityId } }`
	soon := w.token(auth.NewToken{Kind: auth.BrowserToken, Expires: w.Clock.Now().Unix() + 60})
	for name, c := range map[string]struct{ header, want string }{
		"none":        {"", "GraphQL credentials were missing. No token was sent."},
		"basic":       {"Basic abc", "GraphQL credentials were missing. No token was sent."},
		"no JWT":      {"Bearer abc", "GraphQL invalid credentials. String is not a JWT"},
		"no JSON":     {"Bearer YQ.YQ.YQ", "GraphQL invalid credentials. JWT has no valid Json"},
		"wrong JSON":  {"Bearer e30.e30.YQ", "GraphQL invalid credentials. JWT has Json of an unknown format"},
		"signature":   {"Bearer " + w.page[:len(w.page)-6] + "AAAAAA", "GraphQL invalid credentials. JWT signature is invalid"},
		"other store": {"", ""},
	} {
		if name == "other store" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.refused(w.ask(q, nil, "Authorization", c.header), 401, c.want)
		})
	}
	w.t = t
	w.refused(w.send("GET", "https://two.example/graphql?query="+url.QueryEscape(q), ""), 401, "GraphQL invalid credentials. JWT channel id doesn't match channel id of the URL")
	w.refused(w.send("GET", "https://other.example/graphql?query="+url.QueryEscape(q), ""), 401, "GraphQL invalid credentials. JWT store id doesn't match store id of the URL")
	w.want(w.ask(q, nil, "Authorization", "Bearer "+soon), 200, `{"data":{"channel":{"entityId":1}}}`)
	w.Clock.Advance(time.Minute)
	w.refused(w.ask(q, nil, "Authorization", "Bearer "+soon), 401, "GraphQL invalid credentials. JWT is expired")
	w.ok(w.Tokens.Revoke(t.Context(), 1, w.poor))
	w.Clock.Advance(2 * time.Second)
	w.refused(w.ask(q, nil, "Authorization", "Bearer "+w.poor), 401, "Unknown JWT token")
}

func TestOrigins(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	const q = `{ channel { entityId } }`
	page := []string{"Authorization", "Bearer " + w.page}
	a := w.ask(q, nil, append(page, "Origin", "https://app.example")...)
	if a.Code != 200 || a.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || a.Header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Error(a.Code, a.Header)
	}
	w.refused(w.ask(q, nil, append(page, "Origin", "https://evil.example")...), 403, "The token may not be used from this origin.")
	w.refused(w.ask(q, nil, append(page, "Origin", "null")...), 403, "The token may not be used from this origin.")
	if a := w.ask(q, nil, append(page, "Origin", shop, "Sec-Fetch-Site", "same-origin")...); a.Code != 200 || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error(a.Code, a.Header)
	}
	w.refused(w.ask(q, nil, "Origin", "https://app.example"), 403, "Private tokens cannot be used from a web browser.")
	w.refused(w.ask(q, nil, "Authorization", "Bearer "+w.act, "Origin", shop), 403, "Customer impersonation tokens cannot be used from a web browser.")
	// Servers' libraries send this one.
	if a := w.ask(q, nil, "Sec-Fetch-Mode", "cors"); a.Code != 200 {
		t.Error(a.Code, a.Text)
	}
	a = w.send("OPTIONS", shop+"/graphql", "", "Authorization", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
	if a.Code != 204 || a.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Error(a.Code, a.Header)
	}
	if a := w.ask(q, nil, "Authorization", "", "Origin", "https://app.example"); a.Code != 401 || a.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("a page cannot read why it was refused", a.Header)
	}
}

func TestScopes(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	poor := []string{"Authorization", "Bearer " + w.poor}
	w.want(w.ask(`{ channel { entityId } customer { entityId } }`, nil, poor...), 200,
		`{"data":{"channel":{"entityId":1},"customer":null},"errors":[{"message":"The provided token does not include the scopes required to resolve this field.","path":["customer"],"locations":[{"line":1,"column":24}],"extensions":{"code":"INSUFFICIENT_ACCESS_SCOPE","requiredScopes":["Customer"]}}]}`)
	a := w.ask(`mutation { login(email: "jane@example.com", password: "Secret123") { result } }`, nil, poor...)
	w.refused(a, 200, "The provided token does not include the scopes required to resolve this field.")
	if a.Data != nil || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" {
		t.Error(a.Text)
	}
	only := w.token(auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer"}})
	if a := w.ask(`{ site { settings { storeName } } }`, nil, "Authorization", "Bearer "+only); len(a.Errors) != 1 || dig(a.Errors[0].Extensions, "requiredScopes.0") != "Unauthenticated" {
		t.Error(a.Text)
	}
	if a := w.ask(`{ __typename __schema { queryType { name } } }`, nil, "Authorization", "Bearer "+only); len(a.Errors) != 0 {
		t.Error(a.Text)
	}
	if a := w.ask(`mutation { newsletter { unsubscribe(input: {email: "a@b.co"}) { errors { __typename } } } }`, nil, poor...); len(a.Errors) != 0 {
		t.Error(a.Text)
	}
}

// Nothing is changed on a storefront that is closed; what it shows is for its
// front end to say.
func TestClosedChannel(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	both, err := w.Tokens.Create(t.Context(), 1, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer", "Unauthenticated"}, ClientID: w.app.ClientID, ChannelIDs: opt.Some([]int64{1, 2})})
	w.ok(err)
	ask := func(query string) *answer {
		return w.send(http.MethodPost, "https://two.example/graphql", `{"query":"`+query+`"}`, "Authorization", "Bearer "+both)
	}
	for status, open := range map[string]bool{"active": true, "prelaunch": true, "connected": true, "inactive": false, "disconnected": false, "archived": false} {
		w.ok(w.db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE channels SET status = $2 WHERE store_id = $1 AND id = 2`), status)
		}))
		w.restart(nil)
		if open {
			w.want(ask(`mutation { logout { result } }`), 200, `{"data":{"logout":{"result":"success"}}}`)
		} else {
			w.want(ask(`mutation { logout { result } }`), 200, `{"data":null,"errors":[{"message":"Operation cannot be performed as the storefront channel is not live"}]}`)
		}
		if a := ask(`{ site { settings { status } } }`); open && a.Code != 200 || a.Code == 500 {
			t.Errorf("%s: %d %s", status, a.Code, a.Text)
		}
	}
}
