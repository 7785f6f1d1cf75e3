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

func TestCommentsAndViews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "crm", auth.Customers)
		d.account("first", "other", auth.Customers)
		d.account("first", "reader", auth.CustomersReadOnly)
		d.account("second", "stranger", auth.FullScopes()...)
		for _, store := range []string{"first", "second"} {
			if _, err := d.Customers.CreateFor(t.Context(), password.Party{StoreID: d.stores[store]}, []customer.Create{{Email: "a@example.com", FirstName: "A", LastName: "B"}}); err != nil {
				t.Fatal(err)
			}
		}
		const path = "/clientele/customers/1/comments"
		comment := func(id, text, pinned, author string) string {
			return `{"id":` + id + `,"customer_id":1,"text":"` + text + `","pinned":` + pinned + `,"author":{"staff_id":null,"name":"` + author + `"},"date_created":"2026-06-18T14:37:37Z","date_modified":"2026-06-18T14:37:37Z"}`
		}
		one := func(body string) string { return `{"data":` + body + `,"meta":{}}` }
		d.want("first", "crm", "POST", path, `{"text":"Call early","pinned":true}`, 201, one(comment("1", "Call early", "true", "crm")))
		d.want("first", "other", "POST", path, `{"text":"Called"}`, 201, one(comment("2", "Called", "false", "other")))
		d.want("first", "crm", "PUT", path+"/1", `{"text":"Call late"}`, 200, one(comment("1", "Call late", "false", "crm")))
		d.want("first", "other", "PUT", path+"/1", `{"text":"Never call"}`, 403, "")
		if got := d.want("first", "reader", "GET", path, "", 200, ""); !strings.HasPrefix(got, `{"data":[`+comment("2", "Called", "false", "other")+`,`+comment("1", "Call late", "false", "crm")+`]`) {
			t.Errorf("the comments: %s", got)
		}
		for _, body := range []string{`{}`, `[]`, `{"text":""}`, `{"text":null}`, `{"text":1}`, `{"text":"a","id":3}`, `{"text":"` + strings.Repeat("a", 5001) + `"}`, `{"text":"a","pinned":"x"}`} {
			d.want("first", "crm", "POST", path, body, 422, "")
			d.want("first", "crm", "PUT", path+"/1", body, 422, "")
		}
		d.want("first", "reader", "POST", path, `{"text":"a"}`, 403, "")
		d.want("first", "reader", "DELETE", path+"/1", "", 403, "")
		d.want("first", "crm", "POST", "/clientele/customers/9/comments", `{"text":"a"}`, 404, "")
		d.want("first", "crm", "GET", "/clientele/customers/9/comments", "", 404, "")
		for _, method := range []string{"PUT", "DELETE"} { // which there are in the other store
			d.want("second", "stranger", method, path+"/1", `{"text":"a"}`, 404, "")
		}
		if got := d.want("second", "stranger", "GET", path, "", 200, ""); !strings.HasPrefix(got, `{"data":[]`) {
			t.Errorf("the other store's: %s", got)
		}
		d.want("first", "other", "DELETE", path+"/1", "", 204, "")
		d.want("first", "other", "DELETE", path+"/1", "", 404, "")

		const views = "/clientele/views"
		d.want("first", "crm", "POST", views, `{"list":"customers","name":"Berlin","query":"sort=id:asc&q=ber%6cin"}`, 201,
			one(`{"id":1,"list":"customers","name":"Berlin","query":"q=berlin&sort=id%3Aasc","date_created":"2026-06-18T14:37:37Z"}`))
		d.want("first", "crm", "POST", views, `{"list":"customers","name":"berlin","query":""}`, 422, "")
		for _, body := range []string{`{}`, `{"list":"orders","name":"N","query":""}`, `{"list":"customers","name":"","query":""}`, `{"list":"customers","name":"N","query":"after=5"}`, `{"list":"customers","name":"N","query":"q=a&q=b"}`, `{"list":"customers","name":"N","query":"%zz"}`, `{"list":"customers","name":"N","query":"q=` + strings.Repeat("a", 6000) + `"}`} {
			d.want("first", "crm", "POST", views, body, 422, "")
		}
		if got := d.want("first", "reader", "GET", views+"?list=customers", "", 200, ""); strings.Count(got, `"name"`) != 1 {
			t.Errorf("the views: %s", got)
		}
		d.want("first", "reader", "GET", views+"?list=orders", "", 422, "")
		if got := d.want("second", "stranger", "GET", views, "", 200, ""); !strings.HasPrefix(got, `{"data":[]`) {
			t.Errorf("the other store's: %s", got)
		}
		d.want("second", "stranger", "DELETE", views+"/1", "", 404, "")
		d.want("first", "reader", "DELETE", views+"/1", "", 403, "")
		d.want("first", "crm", "DELETE", views+"/1", "", 204, "")

		if got := d.want("first", "reader", "GET", "/clientele/figures?days=2", "", 200, ""); !strings.HasPrefix(got, `{"data":[{"date":"2026-06-17","new_customers":0,`) || !strings.Contains(got, `{"date":"2026-06-18","new_customers":1,"sign_ins":0,`) {
			t.Errorf("the figures: %s", got)
		}
		for _, days := range []string{"0", "367", "x", "-1"} {
			d.want("first", "reader", "GET", "/clientele/figures?days="+days, "", 422, "")
		}
	})
}
