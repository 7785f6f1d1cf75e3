package app_test

import (
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

const scopesSeed = `
stores:
  - hash: demo
    channels:
      - {id: 1, name: Main, url: "http://main.example"}
      - {id: 2, name: Two, url: "http://two.example"}
      - {id: 3, name: Gone, status: deleted}
    api_accounts:
      - {name: App, client_id: cli-app, client_secret: secret, access_token: token, scopes: [all]}
    customer_groups: [{id: 1, name: Wholesale}, {id: 2, name: Retail}]
    attributes: [{id: 1, name: Age, type: number}]
    form_fields:
      - {form: customer, name: Size, type: text}
      - {form: address, name: Floor, type: text}
    customers:
      - id: 1
        email: jane@example.com
        first_name: Jane
        last_name: Doe
        customer_group_id: 1
        addresses: [{first_name: A, last_name: B, address1: 1 St, city: Austin, state_or_province: Texas, country_code: US, postal_code: "78701"}]
`

// telling is a world whose events are read as they come.
type telling struct {
	*apptest.World
	t    *testing.T
	last int64
}

func newTelling(t *testing.T, db *sqldb.DB) *telling {
	w := &telling{t: t, World: apptest.New(t, db, apptest.Options{Seed: scopesSeed, Change: func(c *app.Config) { c.ConcurrencyCreate = 0 }})}
	w.news()
	return w
}

// news returns the events since the last call: scope and data.
func (w *telling) news() []string {
	w.t.Helper()
	var out []string
	if err := w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(sqldb.Dynamic(`SELECT id, scope, data FROM events WHERE store_id = $1 AND id > $2 ORDER BY id`), func(r *sqldb.Row) error {
			w.last = r.Int(0)
			out = append(out, r.Text(1)+" "+r.Text(2))
			return nil
		}, w.last)
	}); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// ask sends a request, "METHOD /v3/path body", to the management API, or to the
// storefront if the path begins with /api.
func (w *telling) ask(request string) {
	w.t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	path, body, _ := strings.Cut(rest, " ")
	if !strings.HasPrefix(path, "/api/") {
		path = "/stores/demo" + path
	}
	r := httptest.NewRequest(method, "http://main.example"+path, strings.NewReader(body))
	r.Header.Set("X-Auth-Token", "token")
	r.Header.Set("Origin", "http://main.example")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	if rec.Code >= 300 {
		w.t.Fatalf("%s: %d %s", request, rec.Code, rec.Body)
	}
}

// changesOfCustomers say by the rows of the table in docs/webhooks.md what is
// sent to make each change. The rows are in the order in which they can be done.
var changesOfCustomers = []struct {
	row      string
	requests []string
}{
	{"a customer is made", []string{`POST /v3/customers [{"email":"a@example.com","first_name":"A","last_name":"B","form_fields":[{"name":"Size","value":"M"}]}]`, `POST /v2/customers {"email":"b@example.com","first_name":"A","last_name":"B"}`}},
	{"a shopper signs up", []string{`POST /api/storefront/customers {"firstName":"S","lastName":"F","email":"c@example.com","password":"some pass 12","acceptsMarketingEmails":false}`}},
	{"a shopper signs up and fills in custom form fields", []string{`POST /api/storefront/customers {"firstName":"S","lastName":"F","email":"d@example.com","password":"some pass 12","acceptsMarketingEmails":false,"customFields":[{"fieldId":"26","fieldValue":"L"}]}`}},
	{"name, email, company, phone, notes, group, tax exempt category, store credit, password or the wish for emails changes", []string{
		`PUT /v3/customers [{"id":1,"first_name":"J"}]`, `PUT /v3/customers [{"id":1,"email":"j@example.com"}]`, `PUT /v3/customers [{"id":1,"company":"C"}]`, `PUT /v3/customers [{"id":1,"phone":"1"}]`,
		`PUT /v3/customers [{"id":1,"notes":"N"}]`, `PUT /v3/customers [{"id":1,"customer_group_id":2}]`, `PUT /v3/customers [{"id":1,"tax_exempt_category":"T"}]`,
		`PUT /v3/customers [{"id":1,"store_credit_amounts":[{"amount":5}]}]`, `PUT /v3/customers [{"id":1,"authentication":{"new_password":"some pass 13"}}]`,
		`PUT /v3/customers [{"id":1,"authentication":{"force_password_reset":true}}]`, `PUT /v3/customers [{"id":1,"accepts_product_review_abandoned_cart_emails":true}]`, `PUT /v2/customers/1 {"first_name":"K"}`,
	}},
	{"the channels that a customer may use change", []string{`PUT /v3/customers [{"id":1,"channel_ids":[1]}]`}},
	{"values of a customer's form fields change", []string{
		`PUT /v3/customers/form-field-values [{"customer_id":1,"name":"Size","value":"S"}]`, `PUT /v3/customers/form-field-values [{"customer_id":1,"name":"Size","value":"M"}]`,
		`PUT /v3/customers [{"id":1,"form_fields":[{"name":"Size","value":"XL"}]}]`,
	}},
	{"values of attributes change", []string{`PUT /v3/customers/attribute-values [{"customer_id":1,"attribute_id":1,"value":"5"}]`, `PUT /v3/customers/attribute-values [{"customer_id":1,"attribute_id":1,"value":"6"}]`, `DELETE /v3/customers/attribute-values?id:in=1`}},
	{"an address is made", []string{`POST /v3/customers/addresses [{"customer_id":1,"first_name":"A","last_name":"B","address1":"2 St","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701"}]`}},
	{"an address changes, or values of its form fields", []string{`PUT /v3/customers/addresses [{"id":1,"city":"Dallas"}]`, `PUT /v3/customers/form-field-values [{"address_id":1,"name":"Floor","value":"2"}]`}},
	{"an address is deleted", []string{`DELETE /v3/customers/addresses?id:in=2`}},
	{"a metafield is made", []string{`POST /v3/customers/1/metafields {"namespace":"n","key":"k","value":"v","permission_set":"read"}`}},
	{"a metafield changes", []string{`PUT /v3/customers/1/metafields/1 {"value":"w"}`}},
	{"a metafield is deleted", []string{`DELETE /v3/customers/1/metafields/1`}},
	{"another stored instrument is the default", []string{`POST /v3/customers/1/stored-instruments {"type":"stored_card","token":"84c1d0b7ad2e84c5f8f3e6a1d07b4c2e99f1c0b7ad2e84c5f8f3e6a1d07b4c2e","is_default":true,"brand":"VISA","expiry_month":4,"expiry_year":2030,"issuer_identification_number":"411111","last_4":"1111"}`}},
	{"consent to cookies, tax data, wishlists, segments or shopper profiles change", []string{
		`PUT /v3/customers/1/consent {"allow":["analytics"],"deny":[]}`, `PUT /v3/tax/customers [{"customer_id":1,"tax_properties":{"a":"b"}}]`,
		`POST /v3/wishlists {"customer_id":1,"name":"W","is_public":false,"items":[]}`, `POST /v3/shopper-profiles [{"customer_id":1}]`, `POST /v3/segments [{"name":"S","description":""}]`,
	}},
	{"a customer's group is deleted", []string{`DELETE /v2/customer_groups/2`}},
	{"a customer is deleted", []string{`DELETE /v2/customers/3`}},
}

// Which change of a customer is told of, and how, is what the documents say:
// the table in docs/webhooks.md.
func TestWhatIsToldOfCustomers(t *testing.T) {
	text, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "| When | Fires |\n| --- | --- |\n")
	section, _, _ = strings.Cut(section, "\n\n")
	documented, rows := map[string][]string{}, []string{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		rows = append(rows, cells[0])
		documented[cells[0]] = regexp.MustCompile(`store/[a-zA-Z/]+`).FindAllString(cells[1], -1)
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newTelling(t, db)
		var done []string
		for _, c := range changesOfCustomers {
			done = append(done, c.row)
			for _, request := range c.requests {
				w.ask(request)
				var got []string
				for _, e := range w.news() {
					scope, _, _ := strings.Cut(e, " ")
					got = append(got, scope)
				}
				if !slices.Equal(got, documented[c.row]) {
					t.Errorf("%s (%s) fires %q, documented is %q", c.row, request, got, documented[c.row])
				}
			}
		}
		if !slices.Equal(done, rows) {
			t.Errorf("the rows are %q, want %q", rows, done)
		}
	})
}
