package clientele_test

import (
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestCredit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "crm", auth.Customers)
		d.account("first", "reader", auth.CustomersReadOnly)
		d.account("second", "stranger", auth.FullScopes()...)
		if _, err := d.Customers.CreateFor(t.Context(), password.Party{StoreID: d.stores["first"]}, []customer.Create{{Email: "a@example.com", FirstName: "A", LastName: "B"}}); err != nil {
			t.Fatal(err)
		}
		const path = "/clientele/customers/1/credit"
		entry := func(text string) string {
			return `{"id":` + text + `,"date_created":"2026-06-18T14:37:37Z"}`
		}
		const crm = `"actor":{"kind":"api_account","id":1,"name":"crm"}`
		post := func(body, text string) {
			t.Helper()
			d.want("first", "crm", "POST", path, body, 201, `{"data":`+entry(text)+`,"meta":{}}`)
		}
		const given = `1,"customer_id":1,"kind":"credit","amount":18.5,"balance":18.5,"reason":"A late parcel","reference":"",` + crm + `,"expires_at":"2027-01-02T03:04:05Z"`
		const spent = `2,"customer_id":1,"kind":"debit","amount":-1.5,"balance":17,"reason":"","reference":"order 17",` + crm + `,"expires_at":null,"remaining":null,"entry_id":null`
		post(`{"kind":"credit","amount":18.5,"reason":"A late parcel","expires_at":"2027-01-02T03:04:05Z"}`, given+`,"remaining":18.5,"entry_id":null,"reverted_by":null`)
		post(`{"kind":"debit","amount":1.5,"reference":"order 17"}`, spent+`,"reverted_by":null`)
		d.want("first", "crm", "POST", path, `{"kind":"debit","amount":17.0001}`, 422,
			`{"status":422,"title":"Create store credit entry failed.","type":"https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes","errors":{"amount":"the customer has not enough store credit"}}`)
		post(`{"kind":"revert","entry_id":2,"reason":null}`, `3,"customer_id":1,"kind":"revert","amount":1.5,"balance":18.5,"reason":"","reference":"",`+crm+`,"expires_at":null,"remaining":null,"entry_id":2,"reverted_by":null`)
		post(`{"kind":"adjust","amount":-0.30000000000000004}`, `4,"customer_id":1,"kind":"adjust","amount":-0.3,"balance":18.2,"reason":"","reference":"",`+crm+`,"expires_at":null,"remaining":null,"entry_id":null,"reverted_by":null`)

		got := d.want("first", "reader", "GET", path+"?limit=2", "", 200, "")
		if strings.Count(got, `"kind":"revert"`) != 1 || strings.Count(got, `"customer_id"`) != 2 || !strings.HasPrefix(got, `{"data":[{"id":4,`) {
			t.Errorf("the newest: %s", got)
		}
		_, cursor, _ := strings.Cut(got, `"end_cursor":"`)
		cursor, _, _ = strings.Cut(cursor, `"`)
		got = d.want("first", "reader", "GET", path+"?limit=2&after="+cursor, "", 200, "")
		if want := `{"data":[` + entry(spent+`,"reverted_by":3`) + "," + entry(given+`,"remaining":18.2,"entry_id":null,"reverted_by":null`) + "]"; !strings.HasPrefix(got, want) {
			t.Errorf("the oldest\n got %s\nwant %s", got, want)
		}
		_, cursor, _ = strings.Cut(got, `"start_cursor":"`)
		cursor, _, _ = strings.Cut(cursor, `"`)
		if got = d.want("first", "reader", "GET", path+"?limit=1&before="+cursor, "", 200, ""); !strings.HasPrefix(got, `{"data":[{"id":3,`) {
			t.Errorf("before the oldest: %s", got)
		}
		if got = d.want("first", "crm", "GET", "/customers?id:in=1&include=storecredit", "", 200, ""); !strings.Contains(got, `"store_credit_amounts":[{"amount":18.2}]`) {
			t.Errorf("the balance: %s", got)
		}
		// The documented way is an entry too.
		d.want("first", "crm", "PUT", "/customers", `[{"id":1,"store_credit_amounts":[{"amount":20}]}]`, 200, "")
		if got = d.want("first", "reader", "GET", path+"?limit=1", "", 200, ""); !strings.Contains(got, `"kind":"adjust","amount":1.8,"balance":20,`) {
			t.Errorf("set: %s", got)
		}

		for _, body := range []string{
			`{}`, `[]`, `{"kind":"debit"}`, `{"kind":"gift","amount":1}`, `{"kind":"debit","amount":"1"}`, `{"kind":"debit","amount":0}`, `{"kind":"debit","amount":1e30}`,
			`{"kind":"revert"}`, `{"kind":"revert","entry_id":99}`, `{"kind":"revert","entry_id":1,"amount":1}`, `{"kind":"expire","amount":1}`, `{"kind":"debit","amount":1,"balance":7}`,
			`{"kind":"credit","amount":1,"expires_at":"tomorrow"}`, `{"kind":"credit","amount":1,"expires_at":1}`, `{"kind":"debit","amount":1,"reference":"` + strings.Repeat("r", 256) + `"}`,
		} {
			d.want("first", "crm", "POST", path, body, 422, "")
		}
		d.want("first", "reader", "POST", path, `{"kind":"credit","amount":1}`, 403, "")
		d.want("first", "reader", "GET", path+"?kind=debit", "", 422, "")
		d.want("second", "stranger", "GET", path, "", 404, "")
		d.want("second", "stranger", "POST", path, `{"kind":"credit","amount":1}`, 404, "")
		d.want("first", "crm", "GET", "/clientele/customers/99/credit", "", 404, "")
	})
}
