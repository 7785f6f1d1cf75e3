package clientele_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestMerges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "crm", auth.Customers)
		d.account("first", "reader", auth.CustomersReadOnly)
		d.account("second", "stranger", auth.FullScopes()...)
		book := []customer.AddressCreate{{AddressFields: customer.AddressFields{FirstName: "J", LastName: "D", Address1: "1 St", City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US"}}}
		if _, err := d.Customers.CreateFor(t.Context(), password.Party{StoreID: d.stores["first"]}, []customer.Create{
			{Email: "jane@example.com", FirstName: "Jane", LastName: "Doe", StoreCredit: 50_000},
			{Email: "j.doe@example.com", FirstName: "J.", LastName: "Doe", Phone: "555", StoreCredit: 75_000, Addresses: book},
			{Email: "other@example.com", FirstName: "O", LastName: "Ther"},
		}); err != nil {
			t.Fatal(err)
		}
		const preview, merges = "/clientele/merges/preview", "/clientele/merges"
		etag := func(body string) string {
			t.Helper()
			var seen struct{ Data struct{ ETag string } }
			if err := json.Unmarshal([]byte(d.want("first", "crm", "POST", preview, body, 200, "")), &seen); err != nil || seen.Data.ETag == "" {
				t.Fatal(seen, err)
			}
			return seen.Data.ETag
		}
		with := func(body, etag string) string {
			return strings.TrimSuffix(body, "}") + `,"etag":"` + etag + `"}`
		}
		for _, body := range []string{
			`{}`, `[]`, `{"keep":1}`, `{"keep":1,"merge":[]}`, `{"keep":1,"merge":[1]}`, `{"keep":1,"merge":[2,2]}`, `{"keep":1,"merge":[9]}`, `{"keep":9,"merge":[2]}`, `{"keep":0,"merge":[2]}`,
			`{"keep":1,"merge":["x"]}`, `{"keep":1,"merge":[2,3,4,5,6,7,8,9,10,11,12]}`, `{"keep":1,"merge":[2],"take":{"email":3}}`, `{"keep":1,"merge":[2],"take":{"attributes":{"x":2}}}`,
			`{"keep":1,"merge":[2],"take":[]}`, `{"keep":1,"merge":[2],"take":{"attributes":{"1":"x"}}}`,
		} {
			d.want("first", "crm", "POST", preview, body, 422, "")
			if strings.HasPrefix(body, "{") {
				d.want("first", "crm", "POST", merges, strings.Replace(with(body, "x"), "{,", "{", 1), 422, "")
			}
		}
		ask := `{"keep":1,"merge":[2],"take":{"first_name":2},"keep_sign_in":true}`
		d.want("first", "reader", "POST", preview, ask, 403, "")
		d.want("first", "reader", "POST", merges, with(ask, "x"), 403, "")
		d.want("first", "crm", "POST", merges, ask, 422, "")
		d.want("first", "crm", "POST", merges, with(ask, "another"), 409, "")
		d.want("second", "stranger", "POST", preview, ask, 422, "")

		seen := etag(ask)
		// What the preview told of changes.
		d.want("first", "crm", "PUT", "/customers", `[{"id":2,"phone":"556"}]`, 200, "")
		d.want("first", "crm", "POST", merges, with(ask, seen), 409, "")
		seen = etag(ask)
		d.want("first", "crm", "POST", merges, with(strings.Replace(ask, `"first_name":2`, `"first_name":1`, 1), seen), 409, "")
		const made = `{"id":1,"customer_id":1,"merged_customer_ids":[2],"actor":{"kind":"api_account","id":1,"name":""},"date_created":"2026-06-18T14:37:37Z","can_undo_until":"2026-07-18T14:37:37Z","date_undone":null,"left":[]}`
		d.want("first", "crm", "POST", merges, with(ask, seen), 201, `{"data":`+made+`,"meta":{}}`)
		d.want("first", "crm", "POST", merges, with(ask, seen), 422, "") // a double click
		if got := d.want("first", "crm", "GET", "/customers?include=addresses,storecredit", "", 200, ""); strings.Contains(got, "j.doe@") || !strings.Contains(got, `"phone":"556"`) || !strings.Contains(got, `"first_name":"J."`) ||
			!strings.Contains(got, `"amount":12.5`) || !strings.Contains(got, `"address1":"1 St"`) {
			t.Error(got)
		}
		d.want("first", "reader", "GET", merges+"/1", "", 200, `{"data":`+made+`,"meta":{}}`)
		if got := d.want("first", "reader", "GET", merges+"?customer_id:in=1", "", 200, ""); !strings.HasPrefix(got, `{"data":[`+made+`]`) {
			t.Error(got)
		}
		if got := d.want("first", "reader", "GET", merges+"?customer_id:in=3", "", 200, ""); !strings.HasPrefix(got, `{"data":[]`) {
			t.Error(got)
		}
		d.want("second", "stranger", "GET", merges+"/1", "", 404, "")
		d.want("second", "stranger", "POST", merges+"/1/undo", "", 404, "")
		d.want("first", "reader", "POST", merges+"/1/undo", "", 403, "")
		d.want("first", "crm", "POST", merges+"/9/undo", "", 404, "")

		// Somebody changes the phone, and who has the former address stands in the way.
		d.want("first", "crm", "PUT", "/customers", `[{"id":1,"phone":"557"},{"id":3,"email":"J.Doe@example.com"}]`, 200, "")
		d.want("first", "crm", "POST", merges+"/1/undo", "", 409, "")
		d.want("first", "crm", "PUT", "/customers", `[{"id":3,"email":"other@example.com"}]`, 200, "")
		if got := d.want("first", "crm", "POST", merges+"/1/undo", "", 200, ""); !strings.Contains(got, `"left":[{"table":"customers","field":"phone","key":"1","gone":false}]`) || !strings.Contains(got, `"can_undo_until":null,"date_undone":"`) {
			t.Error(got)
		}
		d.want("first", "crm", "POST", merges+"/1/undo", "", 409, "")
		if got := d.want("first", "crm", "GET", "/customers?include=addresses,storecredit", "", 200, ""); !strings.Contains(got, `"phone":"557"`) || !strings.Contains(got, `"phone":"556"`) || strings.Count(got, `"first_name":"J."`) != 1 ||
			!strings.Contains(got, `"amount":7.5`) || !strings.Contains(got, `"amount":5}`) {
			t.Error(got)
		}

		// The later merge is undone first.
		for i, pair := range []string{`{"keep":1,"merge":[2]}`, `{"keep":3,"merge":[1]}`} {
			d.want("first", "crm", "POST", merges, with(pair, etag(pair)), 201, "")
			if i == 1 {
				d.want("first", "crm", "POST", merges+"/2/undo", "", 409, "")
			}
		}
		for _, id := range []int{3, 2} {
			d.want("first", "crm", "POST", fmt.Sprintf("%s/%d/undo", merges, id), "", 200, "")
		}
		if got := d.want("first", "crm", "GET", "/customers", "", 200, ""); strings.Count(got, `"email":`) != 3 {
			t.Error(got)
		}
	})
}
