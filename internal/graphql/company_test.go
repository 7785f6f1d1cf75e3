package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A customer registers one company, which waits, and goes with the customer.
func TestRegisterCompany(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		b2b := w.token(auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"B2B"}})
		jane := w.signIn("jane@example.com")
		const query = `mutation($in: RegisterCompanyInput!) { company { registerCompany(input: $in) { entityId status errors { ... on ValidationError { message path } } } } }`
		input := func(change func(in, address map[string]any)) map[string]any {
			address := map[string]any{"firstName": "Ada", "lastName": "Lovelace", "address1": "1 Main St", "city": "Austin", "countryCode": "US", "stateOrProvince": "Texas", "postalCode": "78701"}
			in := map[string]any{"name": "Engines", "email": "office@example.com", "phone": "5121234567", "address": address}
			if change != nil {
				change(in, address)
			}
			return map[string]any{"in": in}
		}
		answer := func(id, status, errors string) string {
			return `{"data":{"company":{"registerCompany":{"entityId":` + id + `,"status":` + status + `,"errors":[` + errors + `]}}}}`
		}
		nobody := answer("null", "null", `{"message":"Customer not authenticated","path":["input"]}`)
		w.want(w.ask(query, input(nil), "Authorization", "Bearer "+b2b), 200, nobody)
		w.want(w.ask(query, input(nil), "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "99"), 200, nobody)
		if a := w.ask(query, input(nil), "X-Bc-Customer-Access-Token", jane); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" {
			t.Error(a.Text)
		}
		as := []string{"Authorization", "Bearer " + b2b, "X-Bc-Customer-Access-Token", jane}
		for path, change := range map[string]func(in, address map[string]any){
			`"input","name"`:                      func(in, _ map[string]any) { in["name"] = "" },
			`"input","email"`:                     func(in, _ map[string]any) { in["email"] = "nonsense" },
			`"input","phone"`:                     func(in, _ map[string]any) { in["phone"] = strings.Repeat("1", 51) },
			`"input","address","city"`:            func(_, address map[string]any) { address["city"] = "" },
			`"input","address","countryCode"`:     func(_, address map[string]any) { address["countryCode"] = "XX" },
			`"input","address","stateOrProvince"`: func(_, address map[string]any) { delete(address, "stateOrProvince") },
			`"input","extraFields"`: func(in, _ map[string]any) {
				in["extraFields"] = map[string]any{"texts": []map[string]any{{"name": "", "text": "x"}}}
			},
			`"input","fileList"`: func(in, _ map[string]any) { in["fileList"] = []map[string]any{{"fileId": ""}} },
		} {
			a := w.ask(query, input(change), as...)
			if a.Code != 200 || !strings.Contains(a.Text, `"path":[`+path+`]}]`) || !strings.Contains(a.Text, `"entityId":null,"status":null`) {
				t.Errorf("%s: %s", path, a.Text)
			}
		}
		full := input(func(in, address map[string]any) {
			extra := map[string]any{"texts": []map[string]any{{"name": "Tax", "text": "7"}}, "multilineTexts": []map[string]any{{"name": "Note", "multilineText": "a\nb"}},
				"multipleChoices": []map[string]any{{"name": "Kind", "fieldValue": "Big"}}, "numbers": []map[string]any{{"name": "Seats", "number": 1.50}}}
			in["extraFields"], address["extraFields"], in["companyUser"] = extra, map[string]any{"texts": extra["texts"]}, map[string]any{"extraFields": map[string]any{"numbers": extra["numbers"]}}
			in["fileList"] = []map[string]any{{"fileId": "a.pdf", "fileName": "A", "fileUrl": "https://files.example/a.pdf", "contentType": "application/pdf", "fileSize": 12}}
			address["stateOrProvince"] = "texas"
		})
		w.want(w.ask(query, full, as...), 200, answer("1", `"PENDING"`, ""))
		if a := w.ask(query, full, as...); !strings.Contains(a.Text, "The customer has registered a company already") && !strings.Contains(a.Text, "the customer has registered a company already") || !strings.Contains(a.Text, `"entityId":null`) {
			t.Error(a.Text)
		}
		w.want(w.ask(query, input(nil), "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "2"), 200, answer("2", `"PENDING"`, ""))

		got, err := w.Companies.Get(ctx, 1, 1)
		w.ok(err)
		if got.CustomerID != 1 || got.ChannelID != 1 || got.Status != company.Pending || got.Address.StateOrProvince != "Texas" ||
			fmt.Sprint(got.Extras) != "{[{Tax text 7} {Note multiline a\nb} {Kind multiple_choice Big} {Seats number 1.5}] [{Tax text 7}] [{Seats number 1.5}]}" ||
			fmt.Sprint(got.Files) != "[{a.pdf A https://files.example/a.pdf application/pdf 12}]" {
			t.Errorf("%+v", got)
		}
		// Approved, it is the customer's active one.
		_, err = w.Forms.Create(ctx, 1, form.Field{Form: form.Customer, Name: "Note", Type: form.TextField})
		w.ok(err)
		_, err = w.Customers.PutFormValues(ctx, 1, []customer.FormValueUpsert{{CustomerID: opt.Some(int64(1)), Input: form.Input{Name: "Note", Value: value(t, `"hi"`)}}})
		w.ok(err)
		active := func() string {
			t.Helper()
			return w.ask(`{ customer { activeCompany { companyUser { firstName lastName company phoneNumber email companyRoleName formFields { name ... on TextFormFieldValue { text } } extraFields { __typename name fieldEntityId
				... on TextExtraFieldValue { text } ... on NumberExtraFieldValue { number } } } addresses(includesExtraFields: true) { edges { node { entityId firstName lastName address1 address2 city country countryCode stateOrProvince stateOrProvinceCode
				phone postalCode label isDefaultShipping isDefaultBilling isShipping isBilling extraFields { name ... on TextExtraFieldValue { text } } } } }
				plain: addresses(filters: {isBilling: true, searchQuery: "AUS"}) { pageInfo { hasNextPage } edges { node { entityId extraFields { name } } } }
				none: addresses(filters: {isShipping: false}) { edges { cursor } } other: addresses(filters: {searchQuery: "Berlin"}) { edges { cursor } } empty: addresses(first: 0) { pageInfo { hasNextPage } edges { cursor } } } } }`, nil, "X-Bc-Customer-Access-Token", jane).Text
		}
		for _, status := range []string{company.Rejected, company.Approved} {
			if got, want := active(), `{"data":{"customer":{"activeCompany":null}}}`; got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
			_, err := w.Companies.Decide(ctx, 1, 1, company.Decide{Status: status})
			w.ok(err)
		}
		if got, want := active(), `{"data":{"customer":{"activeCompany":{"companyUser":{"firstName":"Jane","lastName":"Doe","company":"Engines","phoneNumber":"123","email":"jane@example.com","companyRoleName":null,"formFields":[{"name":"Note","text":"hi"}],"extraFields":[{"__typename":"NumberExtraFieldValue","name":"Seats","fieldEntityId":null,"number":1.5}]},"addresses":{"edges":[{"node":{"entityId":1,"firstName":"Ada","lastName":"Lovelace","address1":"1 Main St","address2":null,"city":"Austin","country":"United States","countryCode":"US","stateOrProvince":"Texas","stateOrProvinceCode":"TX",`+
			`"phone":null,"postalCode":"78701","label":null,"isDefaultShipping":true,"isDefaultBilling":true,"isShipping":true,"isBilling":true,"extraFields":[{"name":"Tax","text":"7"}]}}]},`+
			`"plain":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"entityId":1,"extraFields":[]}}]},"none":{"edges":[]},"other":{"edges":[]},"empty":{"pageInfo":{"hasNextPage":true},"edges":[]}}}}}`; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		_, _, err = w.Companies.List(ctx, 1, company.List.New().Where("customer_id", listing.In, []int64{1}, nil))
		w.ok(err)
		if all, _, err := w.Companies.List(ctx, 2, company.List.New()); err != nil || len(all) != 0 {
			t.Errorf("another store has %v %v", all, err)
		}
	})
}

// A store without carts says so, whoever asks.
func TestCartsOfCustomers(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	jane := w.signIn("jane@example.com")
	for _, name := range []string{"assignCartToCustomer", "unassignCartFromCustomer"} {
		query := `mutation { cart { ` + name + `(input: {cartEntityId: "x", version: 1}) { cart { entityId } } } }`
		want := `{"data":{"cart":{"` + name + `":null}},"errors":[{"message":"Not found.","path":["cart","` + name + `"],"locations":[{"line":1,"column":19}]}]}`
		w.want(w.ask(query, nil), 200, want)
		w.want(w.ask(query, nil, "X-Bc-Customer-Access-Token", jane), 200, want)
	}
}
