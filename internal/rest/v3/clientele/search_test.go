package clientele_test

import (
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestSearchCustomers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := &desk{t: t, check: apitest.New(t), stores: map[string]int64{}, World: apptest.New(t, db, apptest.Options{Seed: strings.Replace(entitled,
			`{id: 3, email: c@example.com, first_name: C, last_name: C}`,
			`{id: 3, email: jon@example.com, first_name: Jon, last_name: Smith, addresses: [{first_name: Jon, last_name: Smith, address1: 1 St, city: Berlin, state_or_province: Berlin, postal_code: "10115", country_code: DE}]}`, 1)})}
		const path = "/clientele/search"
		list := d.want("first", "reader-token", "GET", "/customers?id:in=3", "", 200, "")
		customer := list[:strings.Index(list, `,"meta":{`)]
		d.want("first", "reader-token", "GET", path+"?q=jon+smtih+berln", "", 200, customer+`,"meta":{"complete":true,"matches":[{"customer_id":3,"words":[`+
			`{"word":"jon","field":"first_name","text":"Jon","kind":"exact"},{"word":"smtih","field":"last_name","text":"Smith","kind":"typo"},{"word":"berln","field":"city","text":"Berlin","kind":"typo"}]}]}}`)
		d.want("first", "reader-token", "GET", path+"?q=1011&limit=1", "", 200, customer+`,"meta":{"complete":true,"matches":[{"customer_id":3,"words":[{"word":"1011","field":"postal_code","text":"10115","kind":"prefix"}]}]}}`)
		const nobody = `{"data":[],"meta":{"complete":true,"matches":[]}}`
		d.want("first", "reader-token", "GET", path+"?q=nobody", "", 200, nobody)
		d.want("second", "stranger-token", "GET", path+"?q=jon", "", 200, nobody)
		for _, query := range []string{"", "?q=", "?q=+", "?limit=5", "?q=a&limit=0", "?q=a&limit=51", "?q=a&limit=x", "?q=a&page=2", "?q=" + strings.Repeat("a", 201), "?q=a+b+c+d+e+f+g+h+i", "?q=%00", "?q=%ff"} {
			if got := d.want("first", "reader-token", "GET", path+query, "", 422, ""); !strings.Contains(got, `"errors":{"`) && !strings.Contains(got, "page") {
				t.Errorf("%q: %s", query, got)
			}
		}
		d.want("first", "prices-token", "GET", path+"?q=jon", "", 403, "")
	})
}
