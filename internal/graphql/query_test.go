package graphql_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/limit"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// furnish gives customer 1 some of everything.
func furnish(w *world) {
	w.t.Helper()
	ctx := w.t.Context()
	for _, f := range []form.Field{
		{Form: "customer", Name: "Note", Type: "text"},
		{Form: "customer", Name: "Essay", Type: "multiline", Options: form.Options{Rows: 3}},
		{Form: "customer", Name: "Age", Type: "number", Options: form.Options{Min: "18", Max: "99"}},
		{Form: "customer", Name: "Born", Type: "date", Options: form.Options{Min: "1900-01-01"}},
		{Form: "customer", Name: "Size", Type: "dropdown", Options: form.Options{Choices: []string{"S", "M"}, Placeholder: "Choose"}},
		{Form: "customer", Name: "Sort", Type: "radio", Options: form.Options{Choices: []string{"A", "B"}}},
		{Form: "customer", Name: "Likes", Type: "checkbox", Options: form.Options{Choices: []string{"Tea", "Rum"}}},
		{Form: "customer", Name: "Pin", Type: "password"},
		{Form: "address", Name: "Floor", Type: "number"},
	} {
		_, err := w.Forms.Create(ctx, 1, f)
		w.ok(err)
	}
	var values []customer.FormValueUpsert
	for name, text := range map[string]string{"Note": `"hi"`, "Essay": `"long"`, "Age": `30`, "Born": `"2000-02-03"`, "Size": `"M"`, "Sort": `"A"`, "Likes": `["Rum"]`, "Pin": `"1234"`} {
		values = append(values, customer.FormValueUpsert{CustomerID: opt.Some(int64(1)), Input: form.Input{Name: name, Value: value(w.t, text)}})
	}
	_, err := w.Customers.PutFormValues(ctx, 1, values)
	w.ok(err)
	for i := range 13 {
		_, err := w.Customers.CreateAddresses(ctx, 1, []customer.AddressCreate{{CustomerID: 1 + int64(i/12), AddressFields: customer.AddressFields{
			FirstName: "Jane", LastName: "Doe", Address1: fmt.Sprint(i+1, " Main St"), City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US",
		}, FormFields: []form.Input{{Name: "Floor", Value: value(w.t, fmt.Sprint(i))}}}})
		w.ok(err)
	}
	_, err = w.Customers.CreateAttributes(ctx, 1, []customer.AttributeCreate{{Name: "Shirt", Type: "string"}, {Name: "Shoe", Type: "number"}})
	w.ok(err)
	_, err = w.Customers.PutAttributeValues(ctx, 1, []customer.AttributeUpsert{{CustomerID: 1, AttributeID: 1, Value: "L"}})
	w.ok(err)
	meta := metafield.NewService(w.db, system.Real())
	for i, p := range []string{metafield.AppOnly, metafield.Read, metafield.ReadFront, metafield.WriteFront, metafield.Write} {
		_, err := meta.Create(ctx, 1, metafield.Caller{ClientID: w.app.ClientID}, metafield.Create{CustomerID: 1, Namespace: "n", Key: fmt.Sprint("k", i+1), Value: "v", Permission: p})
		w.ok(err)
	}
	_, err = w.Subscribers.Create(ctx, 1, subscriber.Create{Email: "JANE@example.com"}, subscriber.Origin{Via: subscriber.ViaStorefront})
	w.ok(err)
}

const everything = `query Everything($first: Int, $after: String) { customer {
	entityId company customerGroupId customerGroupName email firstName lastName notes phone taxExemptCategory addressCount attributeCount
	storeCredit { currencyCode value formatted formattedV2 }
	attributes { shirt: attribute(entityId: 1) { entityId name value } shoe: attribute(entityId: 2) { entityId name value } none: attribute(entityId: 9) { entityId name value } }
	formFields { __typename entityId name ... on TextFormFieldValue { text } ... on MultilineTextFormFieldValue { multilineText } ... on NumberFormFieldValue { number }
		... on DateFormFieldValue { date { utc } } ... on MultipleChoiceFormFieldValue { value valueEntityId } ... on CheckboxesFormFieldValue { values valueEntityIds } ... on PasswordFormFieldValue { password } }
	addresses(first: $first, after: $after) { collectionInfo { totalItems } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
		edges { cursor node { entityId address1 address2 addressType country countryId countryCode stateOrProvince stateId formFields { entityId name ... on NumberFormFieldValue { number } } } } }
	metafields(namespace: "n") { pageInfo { hasNextPage } edges { node { id entityId key value description } } }
	orders { pageInfo { hasNextPage } edges { node { entityId } } }
	isSubscribedToNewsletter notificationPreferences
} }`

func TestCustomer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		a := w.ask(everything, map[string]any{"first": 2}, "X-Bc-Customer-Access-Token", w.signIn("jane@example.com"))
		w.want(a, 200, `{"data":{"customer":{"entityId":1,"company":"Acme","customerGroupId":0,"customerGroupName":null,"email":"jane@example.com","firstName":"Jane","lastName":"Doe","notes":"","phone":"123","taxExemptCategory":"","addressCount":12,"attributeCount":1,`+
			`"storeCredit":[{"currencyCode":"USD","value":1234.5,"formatted":"$1,234.50","formattedV2":"$1,234.50"}],`+
			`"attributes":{"shirt":{"entityId":1,"name":"Shirt","value":"L"},"shoe":{"entityId":2,"name":"Shoe","value":null},"none":{"entityId":9,"name":"","value":null}},`+
			`"formFields":[{"__typename":"TextFormFieldValue","entityId":26,"name":"Note","text":"hi"},{"__typename":"MultilineTextFormFieldValue","entityId":27,"name":"Essay","multilineText":"long"},{"__typename":"NumberFormFieldValue","entityId":28,"name":"Age","number":30},`+
			`{"__typename":"DateFormFieldValue","entityId":29,"name":"Born","date":{"utc":"2000-02-03T00:00:00Z"}},{"__typename":"MultipleChoiceFormFieldValue","entityId":30,"name":"Size","value":"M","valueEntityId":2},{"__typename":"MultipleChoiceFormFieldValue","entityId":31,"name":"Sort","value":"A","valueEntityId":1},`+
			`{"__typename":"CheckboxesFormFieldValue","entityId":32,"name":"Likes","values":["Rum"],"valueEntityIds":[2]},{"__typename":"PasswordFormFieldValue","entityId":33,"name":"Pin","password":""}],`+
			`"addresses":{"collectionInfo":{"totalItems":12},"pageInfo":{"hasNextPage":true,"hasPreviousPage":false,"startCursor":"Y3Vyc29yOjE=","endCursor":"Y3Vyc29yOjI="},"edges":[{"cursor":"Y3Vyc29yOjE=","node":{"entityId":1,"address1":"1 Main St","address2":null,"addressType":"RESIDENTIAL","country":"United States","countryId":226,"countryCode":"US","stateOrProvince":"Texas","stateId":57,"formFields":[{"entityId":34,"name":"Floor","number":0}]}},`+
			`{"cursor":"Y3Vyc29yOjI=","node":{"entityId":2,"address1":"2 Main St","address2":null,"addressType":"RESIDENTIAL","country":"United States","countryId":226,"countryCode":"US","stateOrProvince":"Texas","stateId":57,"formFields":[{"entityId":34,"name":"Floor","number":1}]}}]},`+
			`"metafields":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"id":"TWV0YWZpZWxkczoz","entityId":3,"key":"k3","value":"v","description":""}},{"node":{"id":"TWV0YWZpZWxkczo0","entityId":4,"key":"k4","value":"v","description":""}}]},`+
			`"orders":{"pageInfo":{"hasNextPage":false},"edges":[]},"isSubscribedToNewsletter":true,"notificationPreferences":[]}}}`)
		// Nobody, impersonation, somebody else's store.
		w.want(w.ask(`{ customer { entityId } }`, nil), 200, `{"data":{"customer":null}}`)
		act := []string{"Authorization", "Bearer " + w.act}
		w.want(w.ask(`{ customer { email isSubscribedToNewsletter } }`, nil, append(act, "X-Bc-Customer-Id", "2")...), 200, `{"data":{"customer":{"email":"john@example.com","isSubscribedToNewsletter":false}}}`)
		for _, id := range []string{"99", "x", "-1", ""} {
			w.want(w.ask(`{ customer { email } }`, nil, append(act, "X-Bc-Customer-Id", id)...), 200, `{"data":{"customer":null}}`)
		}
	})
}

func TestAddressPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		act := []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "1"}
		page := func(args string) string {
			t.Helper()
			a := w.ask(`{ customer { addresses`+args+` { pageInfo { hasPreviousPage hasNextPage startCursor endCursor } edges { cursor node { entityId } } } } }`, nil, act...)
			if len(a.Errors) > 0 {
				return a.Errors[0].Message
			}
			var out strings.Builder
			edges, _ := dig(a.Data, "customer.addresses.edges").([]any)
			for i := range edges {
				fmt.Fprint(&out, dig(edges, fmt.Sprint(i, ".node.entityId")), " ")
			}
			fmt.Fprint(&out, dig(a.Data, "customer.addresses.pageInfo.hasPreviousPage"), dig(a.Data, "customer.addresses.pageInfo.hasNextPage"))
			return out.String()
		}
		at := func(id int) string {
			return map[int]string{3: "Y3Vyc29yOjM=", 6: "Y3Vyc29yOjY=", 12: "Y3Vyc29yOjEy", 1: "Y3Vyc29yOjE="}[id]
		}
		for args, want := range map[string]string{
			``:                                    "1 2 3 4 5 6 7 8 9 10 false true",
			`(first: 3)`:                          "1 2 3 false true",
			`(first: 3, after: "")`:               "1 2 3 false true",
			`(first: 50)`:                         "1 2 3 4 5 6 7 8 9 10 11 12 false false",
			`(first: 0)`:                          "false true",
			`(first: 2, after: "` + at(3) + `")`:  "4 5 true true",
			`(first: 9, after: "` + at(6) + `")`:  "7 8 9 10 11 12 true false",
			`(first: 9, after: "` + at(12) + `")`: "true false",
			`(last: 3)`:                           "10 11 12 true false",
			`(last: 2, before: "` + at(6) + `")`:  "4 5 true true",
			`(last: 9, before: "` + at(3) + `")`:  "1 2 false true",
			`(before: "` + at(1) + `", last: 1)`:  "false true",
			`(first: 4, last: 2)`:                 "3 4 true true",
			`(first: -1)`:                         "The argument first must not be negative",
			`(last: -1)`:                          "The argument last must not be negative",
			`(after: "nonsense")`:                 "The argument after is no cursor of this connection",
			`(before: "Y3Vyc29yOmE=")`:            "The argument before is no cursor of this connection",
		} {
			if got := page(args); got != want {
				t.Errorf("%s: %s, want %s", args, got, want)
			}
		}
		a := w.ask(`{ customer { metafields(namespace: "n", keys: ["k3", "k1", "k2", "k5"]) { edges { node { key } } } last: metafields(namespace: "n", last: 1) { pageInfo { hasPreviousPage } edges { cursor node { key } } }
			next: metafields(namespace: "n", first: 1, after: "Y3Vyc29yOjM=") { pageInfo { hasPreviousPage hasNextPage } edges { node { key } } } none: metafields(namespace: "m") { edges { node { key } } } } }`, nil, act...)
		w.want(a, 200, `{"data":{"customer":{"metafields":{"edges":[{"node":{"key":"k3"}}]},"last":{"pageInfo":{"hasPreviousPage":true},"edges":[{"cursor":"Y3Vyc29yOjQ=","node":{"key":"k4"}}]},"next":{"pageInfo":{"hasPreviousPage":true,"hasNextPage":false},"edges":[{"node":{"key":"k4"}}]},"none":{"edges":[]}}}}`)
	})
}

// All that is asked about a customer is read at once, however often it is
// asked and however much there is of it.
func TestStatements(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	db := dbtest.OpenWatched(t, sqldb.SQLite, func(s *sqldb.Stmt) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, s.SQL())
	})
	w := newWorld(t, db)
	furnish(w)
	for i := range 12 {
		w.list(1, fmt.Sprint(i), true, 1, 2, 3)
	}
	shared := w.list(1, "shared", true, 1)
	w.goods()
	token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
	for _, c := range []struct {
		query string
		most  int
	}{
		{`{ customer { entityId email } }`, 1},
		{`{ customer { entityId addresses(first: 10) { edges { node { entityId city } } } } }`, 2},
		{`{ customer { entityId addresses(first: 10) { edges { node { entityId city formFields { entityId } } } } } }`, 4},
		{`{ a: customer { addresses(first: 10) { edges { node { city } } } } b: customer { addresses(first: 10) { edges { node { city } } } } c: customer { email } }`, 2},
		{everything, 16},
		{`{ customer { orders { edges { node { entityId totalIncTax { value } } } } } }`, 5},
		{`{ customer { orders { collectionInfo { totalItems } edges { node { consignments { shipping { edges { node { lineItems { edges { node { name baseCatalogProduct { path prices { price { value } } } } } } } } } } } } } } }`, 8},
		{`{ customer { wishlists(first: 12) { edges { node { name items { edges { node { product { name prices { price { value } } } } } } } } } } }`, 7},
		{`{ site { products { edges { node { name prices { price { value } } images { edges { node { urlOriginal } } } } } } } }`, 4},
		{`{ customer { wishlists { edges { node { name items { edges { node { productEntityId } } } } } } } }`, 3},
		{`{ customer { wishlists(first: 12) { edges { node { a: items(first: 1) { edges { node { productEntityId } } } b: items(first: 1) { collectionInfo { totalItems } } c: items(last: 1) { edges { node { productEntityId } } } } } } } }`, 4},
		{`{ site { publicWishlist(token: "` + shared.Token + `") { name items { edges { node { productEntityId } } } } } }`, 2},
		{`{ site { settings { storeName formFields { customer { entityId } shippingAddress { entityId } billingAddress { entityId } } } } }`, 5}, // the names in the language asked for are one
	} { // the store's settings are three
		w.ask(c.query, nil, token...) // remembers tokens and hosts
		mu.Lock()
		seen = nil
		mu.Unlock()
		if a := w.ask(c.query, nil, token...); a.Code != 200 || len(a.Errors) > 0 {
			t.Error(a.Text)
		}
		// One is for the session.
		if len(seen) > c.most+1 {
			t.Errorf("%s: %d statements\n%s", c.query, len(seen), strings.Join(seen, "\n"))
		}
	}
}

func TestSite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		w.settings(func(s *store.Settings) {
			no, eight := false, 8
			s.AdminEmail = "help@shop.example"
			s.Status, s.CountryCode, s.Address, s.Phone, s.LogoURL, s.Language, s.Currency = "maintenance", "GB", "1 Road", "555", "https://cdn.example/l.png", "en-GB", "GBP"
			s.Storefront = store.StorefrontSettings{Password: store.PasswordRules{MinimumLength: &eight, RequireUpperCase: true}, ReCaptcha: store.ReCaptcha{Enabled: true, SiteKey: "site", SecretKey: "secret"},
				ShowNewsletter: &no, StatusMessage: "Back soon", RobotsTxt: "User-agent: *", Locales: []string{"de"}, SessionSeconds: 3600}
		})
		a := w.ask(`{ channel { entityId } node(id: "x") { id } site {
			settings { storeName storeHash storeCountryCode status statusMessage url { vanityUrl cdnUrl checkoutUrl } channelId reCaptcha { siteKey isEnabledOnStorefront isEnabledOnCheckout failedLoginLockoutDurationSeconds }
				customers { passwordComplexitySettings { minimumPasswordLength requireLowerCase requireUpperCase requireNumbers minimumNumbers requireSpecialCharacters minimumSpecialCharacters } }
				locales { code isDefault fullPath path } privacy { cookieConsentEnabled privacyPolicyUrl } inactivity { shopperInactivityDurationSeconds shopperActivityExtendsDuration controlPanelInactivityDurationSeconds }
				newsletter { showNewsletterSignup newsletterCheckedByDefault } logoV2 { __typename ... on StoreImageLogo { image { urlTemplate altText } } } contact { address phone email } tax { plp } faviconUrl robotsTxt socialMediaLinks { name } seo { pageTitle } giftCertificates { isEnabled } }
			categoryTree { name } brands { edges { node { name } } } newestProducts { edges { node { name } } } featuredProducts(first: 3) { edges { node { name } } }
			route(path: "/x") { node { id } redirect { id } } content { pages { edges { node { name } } } scripts { edges { node { entityId } } } } currencies { edges { node { code isDefault isTransactional } } } cart { id }
		} }`, nil)
		w.want(a, 200, `{"data":{"channel":{"entityId":1},"node":null,"site":{"settings":{"storeName":"My shop","storeHash":"shop","storeCountryCode":"GB","status":"MAINTENANCE","statusMessage":"Back soon","url":{"vanityUrl":"https://shop.example","cdnUrl":"shop.example","checkoutUrl":"https://shop.example"},"channelId":1,"reCaptcha":{"siteKey":"site","isEnabledOnStorefront":true,"isEnabledOnCheckout":false,"failedLoginLockoutDurationSeconds":900},`+
			`"customers":{"passwordComplexitySettings":{"minimumPasswordLength":8,"requireLowerCase":false,"requireUpperCase":true,"requireNumbers":true,"minimumNumbers":1,"requireSpecialCharacters":false,"minimumSpecialCharacters":1}},"locales":[{"code":"en-GB","isDefault":true,"fullPath":"https://shop.example/","path":""},{"code":"de","isDefault":false,"fullPath":"https://shop.example/de","path":"de"}],`+
			`"privacy":{"cookieConsentEnabled":false,"privacyPolicyUrl":null},"inactivity":{"shopperInactivityDurationSeconds":3600,"shopperActivityExtendsDuration":true,"controlPanelInactivityDurationSeconds":null},"newsletter":{"showNewsletterSignup":false,"newsletterCheckedByDefault":false},"logoV2":{"__typename":"StoreImageLogo","image":{"urlTemplate":"https://cdn.example/l.png","altText":"My shop"}},"contact":{"address":"1 Road","phone":"555","email":"help@shop.example"},"tax":{"plp":"EX"},"faviconUrl":"https://shop.example/assets/favicon.svg","robotsTxt":"User-agent: *","socialMediaLinks":[],"seo":{"pageTitle":"My shop"},"giftCertificates":null},`+
			`"categoryTree":[],"brands":{"edges":[]},"newestProducts":{"edges":[]},"featuredProducts":{"edges":[]},"route":{"node":null,"redirect":null},"content":{"pages":{"edges":[]},"scripts":{"edges":[]}},"currencies":{"edges":[{"node":{"code":"GBP","isDefault":true,"isTransactional":true}}]},"cart":null}}}`)

		a = w.ask(`{ site { settings { formFields {
			customer(sortBy: SORT_ORDER) { __typename entityId label isBuiltIn isRequired builtInFieldId ... on CheckboxesFormField { options { entityId label } } ... on PicklistFormField { choosePrefix options { entityId label } } ... on MultilineTextFormField { rows } ... on NumberFormField { minNumber maxNumber } ... on DateFormField { minDate maxDate } }
			shippingAddress(filters: {isBuiltIn: true, isRequired: true}) { __typename entityId ... on PicklistFormField { options { entityId } } ... on PicklistOrTextFormField { picklistPrefix } }
			billingAddress(filters: {entityIds: [4, 34]}) { entityId }
		} } } }`, nil)
		var fields []string
		for i := range 20 {
			if f := dig(a.Data, fmt.Sprint("site.settings.formFields.customer.", i)); f != nil {
				text, _ := json.Marshal(f)
				fields = append(fields, string(text))
			}
		}
		if len(fields) != 13 || fields[0] != `{"__typename":"TextFormField","builtInFieldId":"EmailAddress","entityId":1,"isBuiltIn":true,"isRequired":true,"label":"Email Address"}` ||
			!strings.Contains(strings.Join(fields, "\n"), `{"__typename":"PicklistFormField","builtInFieldId":null,"choosePrefix":"Choose","entityId":30,"isBuiltIn":false,"isRequired":false,"label":"Size","options":[{"entityId":1,"label":"S"},{"entityId":2,"label":"M"}]}`) ||
			!strings.Contains(strings.Join(fields, "\n"), `"minNumber":18`) || !strings.Contains(strings.Join(fields, "\n"), `"minDate":"1900-01-01T00:00:00Z"`) {
			t.Errorf("%s\n%s", strings.Join(fields, "\n"), a.Text)
		}
		if dig(a.Data, "site.settings.formFields.shippingAddress.5.entityId") != 12.0 && dig(a.Data, "site.settings.formFields.shippingAddress.5.__typename") != "PicklistOrTextFormField" {
			t.Log(a.Text[len(a.Text)-300:])
		}
		if dig(a.Data, "site.settings.formFields.billingAddress.0.entityId") != 4.0 || dig(a.Data, "site.settings.formFields.billingAddress.1.entityId") != 34.0 {
			t.Error(dig(a.Data, "site.settings.formFields.billingAddress"))
		}
		w.want(w.ask(`{ geography { countries(filters: {code: "us"}) { entityId code name iso3 stateRequired currency { code name symbol } } } }`, nil), 200,
			`{"data":{"geography":{"countries":[{"entityId":226,"code":"US","name":"United States","iso3":"USA","stateRequired":true,"currency":{"code":"USD","name":"US Dollar","symbol":"$"}}]}}}`)
		if a := w.ask(`{ geography { countries { code statesOrProvinces { name abbreviation entityId } } } }`, nil); len(a.Errors) > 0 || len(dig(a.Data, "geography.countries").([]any)) < 240 {
			t.Errorf("%.300s", a.Text)
		}
	})
}

func TestAccessTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const q = `{ customer { entityId } }`
		strict := []string{"X-Bc-Error-On-Invalid-Customer-Access-Token", "true"}
		bad := strings.Repeat("0", 64) + "_1900000000"
		w.want(w.ask(q, nil, "X-Bc-Customer-Access-Token", bad), 200, `{"data":{"customer":null}}`)
		w.want(w.ask(q, nil, append(strict, "X-Bc-Customer-Access-Token", bad)...), 200, `{"data":null,"errors":[{"message":"The customer access token is invalid or has expired.","extensions":{"code":"INVALID_CUSTOMER_ACCESS_TOKEN"}}]}`)
		w.want(w.ask(q, nil, append(strict, "X-Bc-Customer-Access-Token", "")...), 200, `{"data":null,"errors":[{"message":"The customer access token is missing.","extensions":{"code":"MISSING_CUSTOMER_ACCESS_TOKEN"}}]}`)
		w.want(w.ask(q, nil, strict...), 200, `{"data":{"customer":null}}`)
		token := w.signIn("jane@example.com")
		w.want(w.ask(q, nil, append(strict, "X-Bc-Customer-Access-Token", token)...), 200, `{"data":{"customer":{"entityId":1}}}`)
		// A browser's session is none of a server's.
		g, err := w.Shoppers.SignIn(t.Context(), store.Site{StoreID: 1, StoreHash: "shop", ChannelID: 1, Status: "active", URL: shop}, account.Browser, "jane@example.com", rightPassword, account.Client{Peer: limit.Peer{Address: "203.0.113.9"}})
		w.ok(err)
		w.want(w.ask(q, nil, "X-Bc-Customer-Access-Token", g.Token), 200, `{"data":{"customer":null}}`)
		w.want(w.ask(q, nil, "Authorization", "Bearer "+w.page, "Origin", shop, "Cookie", "SHOP_SESSION_TOKEN="+g.Token), 200, `{"data":{"customer":{"entityId":1}}}`)
		w.want(w.ask(q, nil, "Authorization", "Bearer "+w.page, "Origin", shop, "Cookie", "SHOP_SESSION_TOKEN="+token), 200, `{"data":{"customer":null}}`)
	})
}

// What is served is the file of the project, to the letter.
func TestServedSchema(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	text, err := os.ReadFile("../../api/storefront.graphql")
	w.ok(err)
	doc, err := parser.ParseSchema(&ast.Source{Input: string(text)})
	w.ok(err)
	a := w.ask(introspection, nil)
	if a.Code != 200 || len(a.Errors) > 0 {
		t.Fatal(a.Text)
	}
	served := written(a.Data)
	want := describe(doc)
	for name, text := range want {
		if served[name] != text {
			t.Errorf("%s is served as\n%s\nwant\n%s", name, served[name], text)
		}
	}
	for name := range served {
		if want[name] == "" {
			t.Errorf("%s is served and not in the file", name)
		}
	}
}

// What is served is what clients of the original were made for: testdata has
// its types, fields, arguments, defaults, deprecations, enum values and
// directives, one a line, written down apart from the file that the server is
// made from. What is served beside it is in another file, and its types have
// names of their own.
func TestContractSchema(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	text, err := os.ReadFile("testdata/storefront.txt")
	w.ok(err)
	own, err := os.ReadFile("testdata/additions.txt")
	w.ok(err)
	for line := range strings.Lines(string(own)) {
		if _, name, ok := strings.Cut(line, " "); !strings.HasPrefix(line, "Query.clientele:") && !strings.HasPrefix(line, "Clientele") && !(ok && strings.HasPrefix(name, "Clientele")) {
			t.Errorf("an addition could collide with the original's schema: %s", line)
		}
	}
	text = append(text, own...)
	a := w.ask(introspection, nil)
	if a.Code != 200 || len(a.Errors) > 0 {
		t.Fatal(a.Text)
	}
	served := map[string]bool{}
	for _, line := range inventory(a.Data) {
		served[line] = true
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if !served[line] {
			t.Errorf("not served: %s", line)
		}
		delete(served, line)
	}
	for line := range served {
		t.Errorf("served besides: %s", line)
	}
}

func BenchmarkGraphQL(b *testing.B) {
	w := newWorld(b, dbtest.Open(b, sqldb.SQLite))
	furnish(w)
	act := []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "1"}
	for name, q := range map[string]string{
		"customer":  `{ customer { entityId email firstName lastName } }`,
		"addresses": `{ customer { entityId addresses(first: 10) { edges { node { entityId firstName lastName address1 city stateOrProvince countryCode postalCode } } } } }`,
		"settings":  `{ site { settings { storeName formFields { customer { entityId label isRequired } } } } }`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.ask(q, nil, act...)
			}
		})
	}
}
