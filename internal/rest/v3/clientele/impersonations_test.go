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

func TestImpersonations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "support", auth.ClienteleImpersonate)
		d.account("first", "crm", auth.Customers)
		d.account("second", "stranger", auth.FullScopes()...)
		if _, err := d.Customers.CreateFor(t.Context(), password.Party{StoreID: d.stores["first"]}, []customer.Create{{Email: "a@example.com", FirstName: "A", LastName: "B"}}); err != nil {
			t.Fatal(err)
		}
		const path = "/clientele/impersonations"
		const made = `{"id":1,"customer_id":1,"channel_id":1,"status":"waiting","reason":"Ticket 4711","actor":{"kind":"api_account","id":1,"name":"support"},` +
			`"date_created":"2026-06-18T14:37:37Z","expires_at":"2026-06-18T15:07:37Z","date_used":null,"date_ended":null,"end_reason":null`
		got := d.want("first", "support", "POST", path, `{"customer_id":1,"reason":"Ticket 4711","minutes":30}`, 201, "")
		if !strings.HasPrefix(got, `{"data":`+made+`,"url":"`) || !strings.Contains(got, `/login.php?action=impersonate&token=`) {
			t.Errorf("made %s", got)
		}
		// The address is told once.
		if got := d.want("first", "support", "GET", path+"?customer_id=1", "", 200, ""); !strings.HasPrefix(got, `{"data":[`+made+`}],`) {
			t.Errorf("listed %s", got)
		}
		for _, none := range []string{"?customer_id=2", "?customer_id:in=2,3"} {
			if got := d.want("first", "support", "GET", path+none, "", 200, ""); !strings.HasPrefix(got, `{"data":[],`) {
				t.Errorf("%s: %s", none, got)
			}
		}
		d.want("first", "crm", "POST", path, `{"customer_id":1,"reason":"R","minutes":5}`, 403, "")
		d.want("first", "crm", "GET", path, "", 403, "")
		d.want("first", "crm", "DELETE", path+"/1", "", 403, "")
		for _, body := range []string{
			`{}`, `[]`, `{"customer_id":1,"minutes":5}`, `{"customer_id":1,"reason":"","minutes":5}`, `{"customer_id":1,"reason":"R"}`, `{"customer_id":1,"reason":"R","minutes":61}`,
			`{"customer_id":1,"reason":"R","minutes":0}`, `{"customer_id":99,"reason":"R","minutes":5}`, `{"customer_id":1,"reason":"R","minutes":5,"channel_id":9}`,
			`{"customer_id":"1","reason":"R","minutes":5}`, `{"customer_id":1,"reason":"R","minutes":5,"url":"x"}`, `{"customer_id":1,"reason":"R","minutes":1.5}`,
			`{"customer_id":1,"reason":"` + strings.Repeat("r", 1001) + `","minutes":5}`,
		} {
			d.want("first", "support", "POST", path, body, 422, "")
		}
		d.want("second", "stranger", "POST", path, `{"customer_id":1,"reason":"R","minutes":5}`, 422, "")
		d.want("second", "stranger", "DELETE", path+"/1", "", 404, "")
		d.want("first", "support", "DELETE", path+"/1", "", 204, "")
		d.want("first", "support", "DELETE", path+"/1", "", 204, "")
		d.want("first", "support", "DELETE", path+"/9", "", 404, "")
		if got := d.want("first", "support", "GET", path, "", 200, ""); !strings.Contains(got, `"status":"ended"`) || !strings.Contains(got, `"date_ended":"2026-06-18T14:37:37Z","end_reason":"ended"}`) {
			t.Errorf("ended %s", got)
		}
	})
}
