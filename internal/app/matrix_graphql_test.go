package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/internal/account"
	"clientele/internal/graphql"
)

// ask says what a root field, or a member of a namespace of mutations, answers
// to whoever has a good token: to guests and to a customer who is signed in.
type ask struct {
	scope string // a private token needs it
	query string // %d makes it another each time
	// guest and signed are texts of the answer, any of several between bars.
	// absent is told to whoever acts for a customer that there is not; without
	// it that is what guests are told.
	guest, signed, absent string
	// personal: a customer sees what is theirs.
	personal bool
}

const (
	noLogin = `"CustomerNotLoggedInError"`
	aHouse  = `firstName:"A",lastName:"B",address1:"1 St",city:"Austin",countryCode:"US",stateOrProvince:"Nonsense",postalCode:"78701"`
)

// asks declares the root fields and the members of namespaces.
var asks = map[string]ask{
	"Query.site":               {scope: "Unauthenticated", query: `{ site { settings { storeName } } }`, guest: `{"storeName":"alphamark shop"}`, signed: `{"storeName":"alphamark shop"}`},
	"Query.geography":          {scope: "Unauthenticated", query: `{ geography { countries { code } } }`, guest: `{"code":"US"}`, signed: `{"code":"US"}`},
	"Query.channel":            {scope: "Unauthenticated", query: `{ channel { entityId } }`, guest: `{"entityId":1}`, signed: `{"entityId":1}`},
	"Query.node":               {scope: "Unauthenticated", query: `{ node(id: "Q3VzdG9tZXI6OQ==") { id } }`, guest: `{"node":null}`, signed: `{"node":null}`},
	"Query.store":              {scope: "Unauthenticated", query: `{ store { entityId } }`, guest: `{"store":{"entityId":`, signed: `{"store":{"entityId":`},
	"Query.shopperPreferences": {scope: "Unauthenticated", query: `{ shopperPreferences { locale { resolved } } }`, guest: `{"resolved":"`, signed: `{"resolved":"`},
	"Query.inventory":          {scope: "Unauthenticated", query: `{ inventory { locations { edges { cursor } } } }`, guest: `{"edges":[]}`, signed: `{"edges":[]}`},
	"Query.customer": {scope: "Customer", query: `{ customer { entityId firstName email company addresses { edges { node { address1 city } } } wishlists { edges { node { name } } }
		metafields(namespace: "alphamark") { edges { node { value } } } formFields { name } attributes { attribute(entityId: 1) { value } } } }`, guest: `{"customer":null}`, signed: `"entityId":1,`, personal: true},
	"Query.clientele": {scope: "Customer", query: `{ clientele { entitlements { customerEntityId customerGroup { name } segmentIds taxExemptCategory } } }`, guest: `"customerEntityId":null`, signed: `"taxExemptCategory":"Talphamark"`, absent: `"entitlements":null`},

	"Mutation.login":                     {scope: "Customer", query: `mutation { login(email: "nobody%d@example.com", password: "a good pass 9") { customer { email } } }`, guest: `"Invalid credentials"`, signed: `"Invalid credentials"`},
	"Mutation.logout":                    {scope: "Customer", query: `mutation { logout { result } }`, guest: `"result":"success"`, signed: `"result":"success"`},
	"Mutation.loginWithCustomerLoginJwt": {scope: "Customer", query: `mutation { loginWithCustomerLoginJwt(jwt: "nonsense") { customer { email } } }`, guest: `Invalid login.`, signed: `Invalid login.`},
	"Mutation.generateSessionSyncJwt":    {scope: "Customer", query: `mutation { generateSessionSyncJwt(redirectTo: "//elsewhere") { result { token } } }`, guest: `The redirect must be a path`, signed: `The redirect must be a path|do not sign customers in`, absent: `do not sign customers in`},
	"Mutation.validateSessionSyncJwt":    {scope: "Customer", query: `mutation { validateSessionSyncJwt(jwt: "nonsense") { content { redirectTo } errors { __typename } } }`, guest: `"InvalidSessionSyncJwtError"|"TOO_MANY_REQUESTS"`, signed: `"InvalidSessionSyncJwtError"|"TOO_MANY_REQUESTS"`},

	"CustomerMutations.changePassword":        {scope: "Customer", query: `mutation { customer { changePassword(input: {currentPassword: "nonsense", newPassword: "a good pass 9"}) { errors { __typename } } } }`, guest: noLogin, signed: `"CustomerPasswordError"|"TOO_MANY_REQUESTS"`, absent: `"CustomerPasswordError"`},
	"CustomerMutations.requestResetPassword":  {scope: "Customer", query: `mutation { customer { requestResetPassword(input: {email: "nobody%d@example.com"}) { errors { __typename } } } }`, guest: `"errors":[]`, signed: `"errors":[]`},
	"CustomerMutations.resetPassword":         {scope: "Customer", query: `mutation { customer { resetPassword(input: {customerEntityId: 9, token: "nonsense", newPassword: "a good pass 9"}) { errors { __typename } } } }`, guest: `"CustomerPasswordError"`, signed: `"CustomerPasswordError"`},
	"CustomerMutations.registerCustomer":      {scope: "Customer", query: `mutation { customer { registerCustomer(input: {email: "nonsense", firstName: "A", lastName: "B", password: "a good pass 9"}) { errors { __typename } } } }`, guest: `"ValidationError"`, signed: `"ValidationError"`},
	"CustomerMutations.updateCustomer":        {scope: "Customer", query: `mutation { customer { updateCustomer(input: {email: "nonsense"}) { errors { __typename } customer { firstName } } } }`, guest: noLogin, signed: `"ValidationError"`, absent: `"CustomerDoesNotExistError"`},
	"CustomerMutations.addCustomerAddress":    {scope: "Customer", query: `mutation { customer { addCustomerAddress(input: {` + aHouse + `}) { errors { __typename } } } }`, guest: noLogin, signed: `"ValidationError"`, absent: `"ValidationError"`},
	"CustomerMutations.updateCustomerAddress": {scope: "Customer", query: `mutation { customer { updateCustomerAddress(input: {addressEntityId: 9, data: {city: "X"}}) { errors { __typename } } } }`, guest: noLogin, signed: `"AddressDoesNotExistError"`, absent: `"AddressDoesNotExistError"`},
	"CustomerMutations.deleteCustomerAddress": {scope: "Customer", query: `mutation { customer { deleteCustomerAddress(input: {addressEntityId: 9}) { errors { __typename } } } }`, guest: noLogin, signed: `"CustomerAddressDeletionError"`, absent: `"CustomerAddressDeletionError"`},

	"CustomerMutations.deleteStoredPaymentInstrument": {scope: "Customer", query: `mutation { customer { deleteStoredPaymentInstrument(input: {token: "nonsense"}) { errors { message } } } }`, guest: `not logged in`, signed: `does not exist`, absent: `does not exist`},
	"CustomerMutations.updateStoredPaymentInstrument": {scope: "Customer", query: `mutation { customer { updateStoredPaymentInstrument(input: {token: "nonsense"}) { errors { message } } } }`, guest: `not logged in`, signed: `does not exist`, absent: `does not exist`},

	"NewsletterMutations.subscribe":   {scope: "Unauthenticated", query: `mutation { newsletter { subscribe(input: {email: "nonsense", firstName: "A", lastName: "B"}) { errors { __typename } } } }`, guest: `Error"`, signed: `Error"`},
	"NewsletterMutations.unsubscribe": {scope: "Unauthenticated", query: `mutation { newsletter { unsubscribe(input: {email: "nobody%d@example.com"}) { errors { __typename } } } }`, guest: `"errors":[`, signed: `"errors":[`},

	"WishlistMutations.createWishlist":      {scope: "Unauthenticated", query: `mutation { wishlist { createWishlist(input: {name: "", isPublic: false}) { result { entityId } } } }`, guest: `"createWishlist":null`, signed: `"createWishlist":null`},
	"WishlistMutations.addWishlistItems":    {scope: "Customer", query: `mutation { wishlist { addWishlistItems(input: {entityId: 9, items: [{productEntityId: 5}]}) { result { entityId } } } }`, guest: `"addWishlistItems":null`, signed: `"addWishlistItems":null`},
	"WishlistMutations.deleteWishlistItems": {scope: "Customer", query: `mutation { wishlist { deleteWishlistItems(input: {entityId: 9, itemEntityIds: [9]}) { result { entityId } } } }`, guest: `"deleteWishlistItems":null`, signed: `"deleteWishlistItems":null`},
	"WishlistMutations.updateWishlist":      {scope: "Customer", query: `mutation { wishlist { updateWishlist(input: {entityId: 9, data: {name: "X"}}) { result { entityId } } } }`, guest: `"updateWishlist":null`, signed: `"updateWishlist":null`},
	"WishlistMutations.deleteWishlists":     {scope: "Customer", query: `mutation { wishlist { deleteWishlists(input: {entityIds: [9]}) { result } } }`, guest: `"deleteWishlists":null`, signed: `"deleteWishlists":null`},

	"CompanyMutations.registerCompany": {scope: "B2B", query: `mutation { company { registerCompany(input: {name: "X", email: "nonsense", phone: "1", address: {` + aHouse + `}}) { status errors { ... on ValidationError { message } } } } }`, guest: `"Customer not authenticated"`, signed: `"errors":[{`, absent: `"errors":[{`},

	"CartMutations.assignCartToCustomer":     {scope: "Unauthenticated", query: `mutation { cart { assignCartToCustomer(input: {cartEntityId: "x"}) { cart { entityId } } } }`, guest: `Not found.`, signed: `Not found.`},
	"CartMutations.unassignCartFromCustomer": {scope: "Unauthenticated", query: `mutation { cart { unassignCartFromCustomer(input: {cartEntityId: "x"}) { cart { entityId } } } }`, guest: `Not found.`, signed: `Not found.`},
	"CartMutations.createCart":               {scope: "Unauthenticated", query: `mutation { cart { createCart(input: {}) { cart { entityId } } } }`, guest: `Not found.`, signed: `Not found.`},

	"AnalyticsMutations.pageViewedEvent":    {scope: "Unauthenticated", query: `mutation { analytics { pageViewedEvent(input: {commonInput: {request: {url: "https://x.example/", userAgent: "x"}}}) { executed } } }`, guest: `"executed":`, signed: `"executed":`},
	"AnalyticsMutations.productViewedEvent": {scope: "Unauthenticated", query: `mutation { analytics { productViewedEvent(input: {commonInput: {request: {url: "https://x.example/", userAgent: "x"}}, productInput: {productEntityId: 1}}) { executed } } }`, guest: `"executed":`, signed: `"executed":`},
	"AnalyticsMutations.searchProductEvent": {scope: "Unauthenticated", query: `mutation { analytics { searchProductEvent(input: {commonInput: {request: {url: "https://x.example/", userAgent: "x"}}, searchTerm: "x", productIds: []}) { executed } } }`, guest: `"executed":`, signed: `"executed":`},
	"AnalyticsMutations.visitStartedEvent":  {scope: "Unauthenticated", query: `mutation { analytics { visitStartedEvent(input: {commonInput: {request: {url: "https://x.example/", userAgent: "x"}}}) { executed } } }`, guest: `"executed":`, signed: `"executed":`},
}

// rootFields are those of the schema, with the members of namespaces instead
// of these. What the service does not know of is answered by one rule, the same
// for everybody.
func (w *matrixWorld) rootFields() (known, all []string) {
	w.t.Helper()
	text, err := os.ReadFile("../../api/storefront.graphql")
	if err != nil {
		w.t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)})
	if err != nil {
		w.t.Fatal(err)
	}
	knows := graphql.Knows()
	var add func(t *ast.Definition)
	add = func(t *ast.Definition) {
		for _, f := range t.Fields {
			switch of := schema.Types[f.Type.Name()]; {
			case strings.HasPrefix(f.Name, "__"):
			case strings.HasSuffix(of.Name, "Mutations"):
				add(of)
			default:
				all = append(all, t.Name+"."+f.Name)
				if knows(t.Name, f.Name) {
					known = append(known, t.Name+"."+f.Name)
				}
			}
		}
	}
	add(schema.Query)
	add(schema.Mutation)
	return known, all
}

// checkAsks holds the rows against the schema.
func (w *matrixWorld) checkAsks() {
	w.t.Helper()
	known, all := w.rootFields()
	for _, f := range known {
		if _, ok := asks[f]; !ok {
			w.t.Errorf("the field %s has no row: declare in the table \"asks\" which scope it needs and what guests and customers see", f)
		}
	}
	for key := range asks {
		if !slices.Contains(all, key) {
			w.t.Errorf("the row %q is of no field", key)
		}
	}
}

// bearer is a token with which somebody asks.
type bearer struct {
	name, token string
	kind        string // of a good token, as package auth has it
	scopes      []string
	// customer is whom an impersonation token acts for, if it is somebody who is there.
	customer string
	signed   bool
	absent   bool
}

// The kinds of tokens, and the scopes of private ones, by their values.
const (
	browserToken       = "1"
	impersonationToken = "2"
	privateToken       = "3"
)

func (w *matrixWorld) bearers() []bearer {
	w.t.Helper()
	public := w.storefrontToken(home, "", "")
	revoked := w.storefrontToken(home, "", `,"allowed_cors_origins":["https://gone.example"]`)
	if r := w.call("api.example", "DELETE", "/stores/"+home+"/v3/storefront/api-token", "", http.Header{"X-Auth-Token": {home + "-full-token"}, "Sf-Api-Token": {revoked}}); r.status/100 != 2 {
		w.t.Fatalf("revoke: %d %s", r.status, r.body)
	}
	parts := strings.Split(public, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		w.t.Fatal(err)
	}
	forge := func(old, new string) string {
		if !strings.Contains(string(claims), old) {
			w.t.Fatalf("%s has no %s", claims, old)
		}
		return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), old, new, 1))) + "." + parts[2]
	}
	private := func(scopes ...string) bearer {
		text, _ := json.Marshal(scopes)
		return bearer{name: "a private token with " + strings.Join(scopes, "+"), token: w.storefrontToken(home, "-private", `,"scopes":`+string(text)), kind: privateToken, scopes: scopes}
	}
	impersonation := w.storefrontToken(home, "-customer-impersonation", "")
	return []bearer{
		{name: "no token"},
		{name: "a malformed token", token: "nonsense"},
		{name: "an unsigned token", token: base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."},
		{name: "a token changed to act for customers", token: forge(`"token_type":1`, `"token_type":2`)},
		{name: "a token changed to another channel", token: forge(`"cid":[1]`, `"cid":[1,2]`)},
		{name: "an API account's token", token: home + "-full-token"},
		{name: "a customer access token as a token", token: w.session(home, 1, account.AccessToken, 1)},
		{name: "a revoked token", token: revoked},
		{name: "a token of another channel", token: w.channelToken()},
		{name: "another store's token", token: w.storefrontToken(away, "", "")},
		{name: "another store's private token", token: w.storefrontToken(away, "-private", `,"scopes":["Unauthenticated","Customer"]`)},
		{name: "another store's impersonation token", token: w.storefrontToken(away, "-customer-impersonation", ""), customer: "1"},
		{name: "a browser's token", token: public, kind: browserToken},
		private("Unauthenticated"), private("Customer"), private("B2B"), private("Unauthenticated", "Customer"),
		{name: "an impersonation token", token: impersonation, kind: impersonationToken},
		{name: "an impersonation token for a customer", token: impersonation, kind: impersonationToken, customer: "1", signed: true},
		{name: "an impersonation token for another channel's customer", token: impersonation, kind: impersonationToken, customer: "2"},
		{name: "an impersonation token for another store's customer", token: impersonation, kind: impersonationToken, customer: strconv.Itoa(foreign), absent: true},
		{name: "an impersonation token for nonsense", token: impersonation, kind: impersonationToken, customer: "1 OR 1=1"},
	}
}

// channelToken makes a token for another channel of the store.
func (w *matrixWorld) channelToken() string {
	r := w.full(home, "POST", "/v3/storefront/api-token", `{"channel_id":2,"expires_at":4000000000}`)
	var out struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || out.Data.Token == "" {
		w.t.Fatalf("%d %s (%v)", r.status, r.body, err)
	}
	return out.Data.Token
}

// graphql asks for every root field with every kind of token and shopper.
func (w *matrixWorld) graphql() {
	w.t.Helper()
	bearers := w.bearers()
	for kind, list := range map[string][]string{
		"TokenKind":   constantsOf(w.t, "../auth/storefront.go", "TokenKind"),
		"AccessScope": constantsOf(w.t, "../auth/storefront.go", "AccessScope"),
	} {
		for _, value := range list {
			if !slices.ContainsFunc(bearers, func(b bearer) bool {
				return kind == "TokenKind" && b.kind == value || kind == "AccessScope" && slices.Contains(b.scopes, value)
			}) {
				w.t.Errorf("no caller has a token of %s %s: add one to \"bearers\"", kind, value)
			}
		}
	}
	ended := w.session(home, 1, account.AccessToken, 1)
	if err := w.s.Shoppers.SignOut(w.t.Context(), w.store(home).ID, ended); err != nil {
		w.t.Fatal(err)
	}
	fixed := func(s string) func() string { return func() string { return s } }
	shoppers := []struct {
		name   string
		token  func() string
		signed bool
	}{
		{name: "a guest"},
		{name: "a malformed customer access token", token: fixed("nonsense")},
		{name: "a random customer access token", token: fixed(strings.Repeat("0123456789abcdef", 4) + "_4000000000")},
		{name: "a customer access token that was ended", token: fixed(ended)},
		{name: "a customer access token of another store", token: fixed(w.session(away, 1, account.AccessToken, 1))},
		{name: "a customer access token of another channel", token: fixed(w.session(home, 2, account.AccessToken, 2))},
		{name: "a browser's session", token: fixed(w.session(home, 1, account.Browser, 1))},
		{name: "an own customer access token", token: w.lasting(account.AccessToken), signed: true},
	}
	for field, row := range asks {
		for _, b := range bearers {
			for _, s := range shoppers {
				if b.kind == "" && s.token != nil && !s.signed {
					continue // what is no good token is so whoever else is told of
				}
				header := http.Header{}
				if b.token != "" {
					header.Set("Authorization", "Bearer "+b.token)
				}
				if b.customer != "" {
					header.Set("X-Bc-Customer-Id", b.customer)
				}
				if s.token != nil {
					header.Set("X-Bc-Customer-Access-Token", s.token())
				}
				query := row.query
				if strings.Contains(query, "%d") {
					query = fmt.Sprintf(query, w.peers)
				}
				body, err := json.Marshal(map[string]string{"query": query})
				if err != nil {
					w.t.Fatal(err)
				}
				got := w.call(host(home, 1), "POST", "/graphql", string(body), header)
				name := fmt.Sprintf("%s with %s as %s", field, b.name, s.name)
				signed := s.signed && b.kind != "" && b.kind != impersonationToken || b.signed
				want := row.guest
				status := http.StatusOK
				switch {
				case b.kind == "":
					status, want, signed = http.StatusUnauthorized, `"errors":[{"message":"`, false
				case b.kind == privateToken && !slices.Contains(b.scopes, row.scope):
					want, signed = `"INSUFFICIENT_ACCESS_SCOPE"`, false
				case signed:
					want = row.signed
				case b.absent && row.absent != "":
					want = row.absent
				}
				if got.status != status || !slices.ContainsFunc(strings.Split(want, "|"), func(text string) bool { return strings.Contains(got.body, text) }) {
					w.t.Errorf("%s: %d %.400s\nwant %d %s", name, got.status, got.body, status, want)
				}
				if got.tells(away) || status != http.StatusOK && got.tells(home) {
					w.t.Errorf("%s shows what is a store's own: %.500s", name, got.text())
				}
				if got.personal(home) != (signed && row.personal) {
					w.t.Errorf("%s: what is personal is shown: %v: %.500s", name, got.personal(home), got.body)
				}
			}
		}
	}
}
