package clientele_test

import (
	"strings"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestDuplicates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "crm", auth.Customers)
		d.account("first", "reader", auth.CustomersReadOnly)
		d.account("second", "stranger", auth.FullScopes()...)
		home := func(postal string) []customer.AddressCreate {
			return []customer.AddressCreate{{AddressFields: customer.AddressFields{FirstName: "Zoë", LastName: "Doe", Address1: "1 St", City: "Bath", StateOrProvince: "Avon", PostalCode: postal, CountryCode: "GB"}}}
		}
		var many []customer.Create
		for i := range 12 {
			many = append(many, customer.Create{Email: "many" + string(rune('a'+i)) + "@example.com", FirstName: "M", LastName: "N", Phone: "030 7654321"})
		}
		for _, in := range [][]customer.Create{{
			{Email: "jane.doe@gmail.com", FirstName: "Jane", LastName: "Doe", Phone: "+44 20 7946 0123"},
			{Email: "JaneDoe+shop@googlemail.com", FirstName: "J", LastName: "D"},
			{Email: "zoe@example.com", FirstName: "Z", LastName: "D", Phone: "020 79460123", Addresses: home("BA1 1AA")},
			{Email: "zoe@example.org", FirstName: "Zoe", LastName: "Doe", Addresses: home("ba11aa")},
			{Email: "jane+doe@example.com", FirstName: "A", LastName: "B", Phone: "0000000"},
			{Email: "jane@example.com", FirstName: "A", LastName: "B", Phone: "0000000"},
		}, many[:6], many[6:]} {
			if _, err := d.Customers.CreateFor(t.Context(), password.Party{StoreID: d.stores["first"]}, in); err != nil {
				t.Fatal(err)
			}
		}
		const at, scan = "/clientele/duplicates", "/clientele/duplicates/scan"
		d.want("first", "reader", "GET", scan, "", 200, `{"data":{"date_started":null,"position":0,"date_done":null},"meta":{}}`)
		d.want("first", "reader", "POST", scan, "", 403, "")
		for range 2 {
			d.want("first", "crm", "POST", scan, "", 202, `{"data":{"date_started":"2026-06-18T14:37:37Z","position":0,"date_done":null},"meta":{}}`)
		}
		if _, err := d.Jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.want("first", "reader", "GET", scan, "", 200, `{"data":{"date_started":"2026-06-18T14:37:37Z","position":18,"date_done":"2026-06-18T14:37:37Z"},"meta":{}}`)
		list := func(query, want string) {
			t.Helper()
			got := d.want("first", "reader", "GET", at+query, "", 200, "")
			var short []string
			for _, part := range strings.Split(got, `"customer_ids":`)[1:] {
				short = append(short, strings.Split(part, `,"is_dismissed"`)[0])
			}
			if text := strings.Join(short, " "); text != want {
				t.Errorf("%s\n got %s\nwant %s", query, text, want)
			}
		}
		const mailbox, name, phone = `[1,2],"score":90,"reasons":["same_mailbox"]`, `[3,4],"score":55,"reasons":["same_name_and_postal"]`, `[1,3],"score":50,"reasons":["same_phone"]`
		list("", mailbox+" "+name+" "+phone)
		list("?limit=1", mailbox)
		d.want("second", "stranger", "GET", at, "", 200, "")
		d.want("second", "stranger", "PUT", at+"/1", `{"is_dismissed":true}`, 404, "")
		d.want("first", "reader", "PUT", at+"/1", `{"is_dismissed":true}`, 403, "")
		for _, body := range []string{`{}`, `[]`, `{"is_dismissed":"x"}`, `{"is_dismissed":null}`, `{"is_dismissed":true,"score":3}`} {
			d.want("first", "crm", "PUT", at+"/1", body, 422, "")
		}
		for range 2 {
			if got := d.want("first", "crm", "PUT", at+"/1", `{"is_dismissed":true}`, 200, ""); !strings.Contains(got, `"is_dismissed":true`) {
				t.Error(got)
			}
		}
		list("?is_dismissed=false", name+" "+phone)
		list("?is_dismissed=true", mailbox)

		// What changes is looked at by and by; who is two stays so.
		d.Clock.Advance(time.Minute)
		d.want("first", "crm", "PUT", "/customers", `[{"id":1,"phone":"","notes":"x"},{"id":5,"phone":"030 7654321 99"},{"id":6,"phone":"+49 30 765432199"}]`, 200, "")
		for range 2 {
			d.Clock.Advance(20 * time.Minute)
			if _, err := d.Duplicates.Look(t.Context(), d.stores["first"], time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		list("", mailbox+" "+name+` [5,6],"score":50,"reasons":["same_phone"]`)
		list("?is_dismissed=true", mailbox)
		d.want("first", "crm", "DELETE", "/customers?id:in=4", "", 204, "")
		list("?is_dismissed=false", `[5,6],"score":50,"reasons":["same_phone"]`)
	})
}
