package clientele_test

import (
	"fmt"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestCustomerLocale(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "crm", auth.Customers)
		d.account("second", "stranger", auth.Customers)
		made, err := d.Customers.CreateFor(t.Context(), password.Party{StoreID: d.stores["first"]}, []customer.Create{{Email: "a@example.com", FirstName: "A", LastName: "B"}})
		if err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("/clientele/customers/%d/locale", made[0].ID)
		row := func(tag string) string {
			return fmt.Sprintf(`{"data":{"customer_id":%d,"locale":%s},"meta":{}}`, made[0].ID, tag)
		}
		d.want("first", "crm", "GET", path, "", 200, row("null"))
		for _, c := range [][2]string{{`"de"`, `"de"`}, {`"PT_br"`, `"pt-BR"`}, {`null`, `null`}, {`"fr"`, `"fr"`}, {`""`, `null`}, {`"fr"`, `"fr"`}} {
			d.want("first", "crm", "PUT", path, `{"locale":`+c[0]+`}`, 200, row(c[1]))
			d.want("first", "crm", "GET", path, "", 200, row(c[1]))
		}
		for _, body := range []string{`{}`, `{"locale":"deutsch!"}`, `{"locale":7}`, `{"locale":["de"]}`, `[]`, `{"locale":"de\u0000"}`} {
			d.want("first", "crm", "PUT", path, body, 422, "")
		}
		d.want("first", "crm", "GET", path+"?x=1", "", 422, "")
		d.want("first", "crm", "GET", path, "", 200, row(`"fr"`))
		d.want("second", "stranger", "GET", path, "", 404, "")
		d.want("second", "stranger", "PUT", path, `{"locale":"de"}`, 404, "")
		d.want("first", "crm", "PUT", "/clientele/customers/99/locale", `{"locale":"de"}`, 404, "")
		d.want("first", "crm", "GET", path, "", 200, row(`"fr"`))
	})
}
