package clientele_test

import (
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestCompanies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := &desk{t: t, check: apitest.New(t), stores: map[string]int64{}, World: apptest.New(t, db, apptest.Options{Seed: entitled})}
		ctx := t.Context()
		for _, hash := range []string{"first", "second"} {
			st, err := d.Stores.ByHash(ctx, hash)
			if err != nil {
				t.Fatal(err)
			}
			d.stores[hash] = st.ID
		}
		register := func(hash string, by int64, name string) error {
			_, err := d.Companies.Register(ctx, d.stores[hash], company.Register{
				CustomerID: by, ChannelID: 1, Name: name, Email: "office@example.com", Phone: "1",
				Address: customer.AddressFields{FirstName: "A", LastName: "B", Address1: "1 St", City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "us"},
				Extras:  company.Extras{Company: []company.Extra{{Name: "Tax", Type: company.TextExtra, Value: "7"}}},
				Files:   []company.File{{ID: "a.pdf", Size: 3}},
			})
			return err
		}
		for _, c := range []struct {
			hash string
			by   int64
		}{{"first", 1}, {"first", 3}, {"second", 9}} {
			if err := register(c.hash, c.by, "Engines"); err != nil {
				t.Fatal(err)
			}
		}
		if err := register("first", 1, "Again"); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
			t.Errorf("a second one: %v", err)
		}
		if err := register("first", 9, "Strange"); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			t.Errorf("of another store's customer: %v", err)
		}
		got := d.want("first", "reader-token", "GET", "/clientele/companies/1", "", 200, "")
		if want := `{"data":{"id":1,"customer_id":1,"channel_id":1,"name":"Engines","email":"office@example.com","phone":"1","status":"pending","address":{"first_name":"A","last_name":"B","address1":"1 St","address2":"","city":"Austin","state_or_province":"Texas","postal_code":"78701","country_code":"US","phone":""},"extra_fields":{"company":[{"name":"Tax","type":"text","value":"7"}],"address":[],"user":[]},"files":[{"id":"a.pdf","name":"","url":"","content_type":"","size":3}],"date_created":`; !strings.HasPrefix(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
		list := func(hash, token, query string, want ...string) {
			t.Helper()
			got := d.want(hash, token, "GET", "/clientele/companies"+query, "", 200, "")
			if n := strings.Count(got, `"customer_id":`); n != len(want) {
				t.Errorf("%s: %d: %s", query, n, got)
			}
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("%s: %s is not in %s", query, w, got)
				}
			}
		}
		list("first", "reader-token", "", `"customer_id":1,`, `"customer_id":3,`)
		list("first", "reader-token", "?customer_id:in=3", `"id":2,`)
		list("first", "reader-token", "?id:in=2,9", `"id":2,`)
		list("first", "reader-token", "?channel_id:in=2")
		list("first", "reader-token", "?limit=1&page=2", `"id":2,`)
		list("second", "stranger-token", "", `"customer_id":9,`)
		d.want("first", "reader-token", "GET", "/clientele/companies/3", "", 404, "")
		d.want("first", "reader-token", "GET", "/clientele/companies?name=x", "", 422, "")
		d.want("first", "prices-token", "GET", "/clientele/companies", "", 403, "")
		// Somebody decides, and may decide anew.
		status := func(body string, status int, want string) {
			t.Helper()
			if got := d.want("first", "writer-token", "PUT", "/clientele/companies/1", body, status, ""); !strings.Contains(got, want) {
				t.Errorf("%s: %s is not in %s", body, want, got)
			}
		}
		for _, s := range []string{company.Approved, company.Approved, company.Rejected, company.Pending, company.Approved} {
			status(`{"status":"`+s+`"}`, 200, `"status":"`+s+`","address":{"first_name":"A"`)
		}
		status(`{"status":"inactive"}`, 422, "status must be one of pending, approved, rejected")
		status(`{"status":1}`, 422, "status")
		status(`{"status":null}`, 422, "status")
		status(`{}`, 422, "status")
		status(`{"status":"approved","name":"Others"}`, 422, "name")
		d.want("first", "writer-token", "PUT", "/clientele/companies/3", `{"status":"approved"}`, 404, "")
		d.want("first", "reader-token", "PUT", "/clientele/companies/2", `{"status":"approved"}`, 403, "")
		list("first", "reader-token", "?id:in=1", `"status":"approved"`)
		list("second", "stranger-token", "", `"status":"pending"`)
		// A company goes with its customer.
		d.want("second", "stranger-token", "DELETE", "/customers?id:in=9", "", 204, "")
		list("second", "stranger-token", "")
	})
}
