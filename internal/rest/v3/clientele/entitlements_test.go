package clientele_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/group"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// The second store has more of everything, and the first store's ids for other
// things.
const entitled = `
stores:
  - hash: first
    channels:
      - {id: 2, name: Outlet, customer_settings: {customer_group_settings: {guest_customer_group_id: 4}}}
      - {id: 3, name: Gone, status: deleted}
      - {id: 4, name: Quiet, customer_settings: {customer_group_settings: {guest_customer_group_id: 0}}}
    api_accounts:
      - {name: reader, client_id: reader, client_secret: reader-secret-of-the-app, access_token: reader-token, scopes: [store_v2_customers_read_only]}
      - {name: writer, client_id: writer, client_secret: writer-secret-of-the-app, access_token: writer-token, scopes: [store_v2_customers]}
      - {name: prices, client_id: prices, client_secret: prices-secret-of-the-app, access_token: prices-token, scopes: [store_v2_products]}
    customer_groups:
      - {id: 1, name: Trade, category_access: {type: specific, categories: [18, 23]}, discount_rules: [{type: price_list, price_list_id: 5}]}
      - {id: 2, name: Ten off, category_access: {type: none}, discount_rules: [{type: all, amount: "10"}, {type: category, category_id: 7, method: fixed, amount: "1.5"}, {type: product, product_id: 8, method: price, amount: "9.99"}]}
      - {id: 3, name: Visitors, is_group_for_guests: true, discount_rules: [{type: all, method: percent, amount: "2"}]}
      - {id: 4, name: Outlet visitors}
    customers:
      - {id: 1, email: a@example.com, first_name: A, last_name: A, customer_group_id: 1, tax_exempt_category: G}
      - {id: 2, email: b@example.com, first_name: B, last_name: B, customer_group_id: 2, channel_ids: [2, 3]}
      - {id: 3, email: c@example.com, first_name: C, last_name: C}
    segments:
      - {id: 0b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77, name: Loyal, members: [1]}
      - {id: 1b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77, name: New, members: [1, 3]}
  - hash: second
    api_accounts:
      - {name: stranger, client_id: stranger, client_secret: stranger-secret-of-the-app, access_token: stranger-token, scopes: [all]}
    customer_groups:
      - {id: 1, name: Theirs, discount_rules: [{type: price_list, price_list_id: 77}]}
    customers:
      - {id: 9, email: z@example.com, first_name: Z, last_name: Z, customer_group_id: 1}
`

func TestEntitlements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := &desk{t: t, check: apitest.New(t), stores: map[string]int64{}, World: apptest.New(t, db, apptest.Options{Seed: entitled})}
		for _, hash := range []string{"first", "second"} {
			st, err := d.Stores.ByHash(t.Context(), hash)
			if err != nil {
				t.Fatal(err)
			}
			d.stores[hash] = st.ID
		}
		get := func(path string, answer string) {
			t.Helper()
			d.want("first", "reader-token", "GET", "/clientele"+path, "", 200, `{"data":{`+answer+`},"meta":{}}`)
		}
		put := func(list, of, on int) {
			t.Helper()
			d.want("first", "prices-token", "PUT", fmt.Sprintf("/pricelists/%d/assignments", list), fmt.Sprintf(`{"customer_group_id":%d,"channel_id":%d}`, of, on), 200, "")
		}
		put(6, 1, 2) // the group on a channel comes before the group,
		put(7, 0, 1) // which comes before the channel
		put(8, 0, 2)
		const segments = `"segment_ids":["0b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77","1b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77"]`
		const trade = `"customer_group":{"id":1,"name":"Trade"},"category_access":{"type":"specific","categories":[18,23]},"discount_rules":[]`
		get("/customers/1/entitlements", `"customer_id":1,`+trade+`,"price_lists":[{"channel_id":1,"price_list_id":5},{"channel_id":2,"price_list_id":6},{"channel_id":4,"price_list_id":5}],`+segments+`,"tax_exempt_category":"G"`)
		// Discounts come before the price list of the channel; a deleted channel is none.
		get("/customers/2/entitlements", `"customer_id":2,"customer_group":{"id":2,"name":"Ten off"},"category_access":{"type":"none"},`+
			`"discount_rules":[{"type":"all","method":"percent","amount":"10.0000"},{"type":"category","category_id":7,"method":"fixed","amount":"1.5000"},{"type":"product","product_id":8,"method":"price","amount":"9.9900"}],`+
			`"price_lists":[{"channel_id":2,"price_list_id":null}],"segment_ids":[],"tax_exempt_category":""`)
		// Who is in no group is not a guest.
		get("/customers/3/entitlements", `"customer_id":3,"customer_group":null,"category_access":{"type":"all"},"discount_rules":[],`+
			`"price_lists":[{"channel_id":1,"price_list_id":7},{"channel_id":2,"price_list_id":8},{"channel_id":4,"price_list_id":null}],"segment_ids":["1b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77"],"tax_exempt_category":""`)

		const nobody = `,"segment_ids":[],"tax_exempt_category":""`
		get("/channels/1/guest-entitlements", `"customer_id":null,"customer_group":{"id":3,"name":"Visitors"},"category_access":{"type":"all"},"discount_rules":[{"type":"all","method":"percent","amount":"2.0000"}],"price_lists":[{"channel_id":1,"price_list_id":null}]`+nobody)
		get("/channels/2/guest-entitlements", `"customer_id":null,"customer_group":{"id":4,"name":"Outlet visitors"},"category_access":{"type":"all"},"discount_rules":[],"price_lists":[{"channel_id":2,"price_list_id":8}]`+nobody)
		get("/channels/4/guest-entitlements", `"customer_id":null,"customer_group":null,"category_access":{"type":"all"},"discount_rules":[],"price_lists":[{"channel_id":4,"price_list_id":null}]`+nobody)

		for _, path := range []string{"/customers/9/entitlements", "/customers/x/entitlements", "/channels/3/guest-entitlements", "/channels/9/guest-entitlements", "/channels/0/guest-entitlements"} {
			d.want("first", "reader-token", "GET", "/clientele"+path, "", 404, "")
		}
		d.want("first", "reader-token", "GET", "/clientele/customers/1/entitlements?include=x", "", 422, "")
		d.want("first", "prices-token", "GET", "/clientele/customers/1/entitlements", "", 403, "")
		d.want("first", "stranger-token", "GET", "/clientele/customers/1/entitlements", "", 401, "")
		if got := d.want("second", "stranger-token", "GET", "/clientele/customers/9/entitlements", "", 200, ""); !strings.Contains(got, `"price_lists":[{"channel_id":1,"price_list_id":77}]`) {
			t.Error(got)
		}

		// What GraphQL and others in the program ask.
		e, err := d.Entitlements.OfCustomer(t.Context(), d.stores["first"], 2)
		if err != nil {
			t.Fatal(err)
		}
		if list, ok := e.On(2); list != 0 || !ok {
			t.Errorf("on a channel of the customer: %d, %v", list, ok)
		}
		if _, ok := e.On(1); ok {
			t.Error("the customer is on a channel of others")
		}

		// What ends is not given any more.
		if _, err := d.Groups.Unassign(t.Context(), d.stores["first"], group.Unassigned.New().Where("price_list_id", listing.Eq, []int64{6}, nil)); err != nil {
			t.Fatal(err)
		}
		if err := d.Groups.Delete(t.Context(), d.stores["first"], 2); err != nil {
			t.Fatal(err)
		}
		get("/customers/1/entitlements", `"customer_id":1,`+trade+`,"price_lists":[{"channel_id":1,"price_list_id":5},{"channel_id":2,"price_list_id":5},{"channel_id":4,"price_list_id":5}],`+segments+`,"tax_exempt_category":"G"`)
		get("/customers/2/entitlements", `"customer_id":2,"customer_group":null,"category_access":{"type":"all"},"discount_rules":[],"price_lists":[{"channel_id":2,"price_list_id":8}],"segment_ids":[],"tax_exempt_category":""`)
	})
}
