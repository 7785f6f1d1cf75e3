package seed_test

import (
	"reflect"
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

const example = `
stores:
  - hash: abc123
    name: Demo store
    channels:
      - {id: 1, name: Storefront, url: "http://127.0.0.1:8080"}
    api_accounts:
      - {name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN,
         scopes: [store_v2_customers, store_v2_customers_login, store_v2_information]}
    form_fields:
      - {form: customer, name: Referral, type: text, required: false}
      - {form: address, name: Delivery note, type: multiline}
    attributes: [{name: Shoe size, type: number}]
    customer_groups: [{id: 1, name: Wholesale}]
    customers: [{id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: Secret-123}]
    subscribers: [{email: news@example.com}]
`

const full = `
stores:
  - hash: full1
    channels: [{id: 2, name: Two}, {id: 3, name: Three}]
    form_fields:
      - {form: customer, name: Referral, type: dropdown, required: true, choices: [web, friend]}
      - {form: customer, name: Tags, type: checkbox}
      - {form: address, name: Note, type: text, max_length: 4}
    attributes: [{id: 5, name: Size, type: number}, {id: 6, name: Since, type: date}]
    customer_groups: [{id: 7, name: Wholesale}, {name: Retail}]
    customers:
      - id: 40
        email: Zoë@Example.com
        first_name: Zoë
        last_name: O'Neil
        company: Öl
        phone: "0123"
        notes: |
          two
          lines
        tax_exempt_category: t
        customer_group_id: 7
        accepts_product_review_abandoned_cart_emails: true
        store_credit: "12.3456"
        origin_channel_id: 2
        channel_ids: [3, 2]
        force_password_reset: true
        addresses:
          - {first_name: Z, last_name: O, company: Öl, phone: "1", address_type: commercial, address1: A 1, address2: B, city: Los Angeles,
             state_or_province: california, postal_code: "90001", country_code: us, form_fields: [{name: note, value: ring}]}
        attributes: [{name: size, value: "41"}, {name: SINCE, value: "2024-05-14"}]
        form_fields: [{name: Referral, value: web}, {name: Tags, value: [a, b]}]
      - {email: next@example.com, first_name: N, last_name: X}
    subscribers: [{email: s@example.com, first_name: S, last_name: B, channel_id: 2, source: order, consents: [marketing_newsletter, abandoned_cart]}]
`

// dump is every row of a store, without what is drawn at random.
func dump(t *testing.T, db *sqldb.DB, storeID int64) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for table, columns := range map[string]string{
		"channels": "id, name, url, date_modified", "api_accounts": "id, name, client_id, client_secret, token_hash, scopes", "form_fields": "id, form, name, type, required, options",
		"attributes": "id, name, type", "customer_groups": "id, name", "customers": "id, email, channel_ids, store_credit, password_hash, date_modified", "addresses": "id, customer_id, state_or_province, country_code",
		"attribute_values": "id, customer_id, attribute_id, value", "customer_form_values": "customer_id, field_id, value", "address_form_values": "address_id, field_id, value",
		"subscribers": "id, email, channel_id, source, consents, first_name, last_name", "events": "id, scope, resource_id", "customer_emails": "email_norm, channel_id, customer_id", "list_gaps": "list, level, block, missing",
		"metafields": "id, customer_id, client_id, key, value", "tax_properties": "customer_id, code, value", "shopper_profiles": "id, customer_id", "segment_members": "segment_id, profile_id",
		"store_counters": "account_id, channel_id, group_id, attribute_id, attribute_value_id, form_field_id, customer_id, address_id, subscriber_id, event_id, customers, addresses",
	} {
		text := "CAST(" + strings.ReplaceAll(columns, ", ", " AS TEXT) || '|' || CAST(") + " AS TEXT)"
		err := db.Read(t.Context(), storeID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic("SELECT "+text+" FROM "+table+" WHERE store_id = $1 ORDER BY 1"), func(r *sqldb.Row) error {
				out[table] = append(out[table], r.Text(0))
				return nil
			})
		})
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	return out
}

func TestApplyTwiceIsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for i, text := range []string{example, full} {
			customers := 1 + i
			if res, err := apply(t, w, text); err != nil || res != (seed.Result{Stores: 1, Customers: customers}) {
				t.Fatalf("first: %+v, %v", res, err)
			}
			first := dump(t, db, int64(i+1))
			if len(first["subscribers"]) != 1 || len(first["customers"]) != customers {
				t.Errorf("stored %+v", first)
			}
			if res, err := apply(t, w, text); err != nil || res != (seed.Result{}) {
				t.Errorf("second: %+v, %v", res, err)
			}
			if second := dump(t, db, int64(i+1)); !reflect.DeepEqual(first, second) {
				t.Errorf("second:\n%+v\nfirst:\n%+v", second, first)
			}
		}
		// What it says can be used.
		acc, err := w.APIAccounts.ByToken(t.Context(), "abc123", "TOKEN")
		if err != nil || acc == nil || !acc.Allows(auth.ModifyCustomers) {
			t.Errorf("account %+v, %v", acc, err)
		}
		hash := strings.Split(dump(t, db, 1)["customers"][0], "|")[4]
		if ok, err := w.Passwords.Verify(t.Context(), password.Party{}, hash, "Secret-123"); !ok || err != nil {
			t.Errorf("password: %v, %v", ok, err)
		}
		q, err := customer.List.Parse("include=addresses,attributes,formfields&sort=date_created:asc")
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := w.Customers.List(t.Context(), 2, q, nil)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d customers, %v", len(list), err)
		}
		c := list[0]
		want := customer.Customer{
			ID: 40, Email: "Zoë@Example.com", FirstName: "Zoë", LastName: "O'Neil", Company: "Öl", Phone: "0123", Notes: "two\nlines\n", TaxExemptCategory: "t", GroupID: 7, AcceptsEmails: true,
			StoreCredit: 123456, OriginChannelID: 2, ChannelIDs: []int64{2, 3}, ForcePasswordReset: true, DateCreated: 1000, DateModified: 1000,
			Addresses: []customer.Address{{ID: 1, CustomerID: 40, AddressFields: customer.AddressFields{FirstName: "Z", LastName: "O", Company: "Öl", Phone: "1", Type: "commercial", Address1: "A 1", Address2: "B", City: "Los Angeles",
				StateOrProvince: "California", PostalCode: "90001", CountryCode: "US"}, FormFields: []customer.FormValue{{Form: "address", OwnerID: 1, FieldID: 28, Name: "Note", Type: "text", JSON: `"ring"`}}}},
			Attributes: []customer.AttributeValue{{ID: 1, AttributeID: 5, CustomerID: 40, Value: "41", DateCreated: 1000, DateModified: 1000}, {ID: 2, AttributeID: 6, CustomerID: 40, Value: "2024-05-14", DateCreated: 1000, DateModified: 1000}},
			FormFields: []customer.FormValue{{Form: "customer", OwnerID: 40, FieldID: 26, Name: "Referral", Type: "dropdown", JSON: `"web"`}, {Form: "customer", OwnerID: 40, FieldID: 27, Name: "Tags", Type: "checkbox", JSON: `["a","b"]`}},
		}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("customer:\n got %+v\nwant %+v", c, want)
		}
		if list[1].ID != 41 {
			t.Errorf("the next id is %d", list[1].ID)
		}
	})
}

// Customers without an id do not take those that others of the file name.
func TestDrawnIDsKeepOffChosenOnes(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	res, err := apply(t, w, "stores: [{hash: abc, customers: [{email: a@x.org, first_name: A, last_name: B}, {id: 1, email: b@x.org, first_name: A, last_name: B}]}]")
	if err != nil || res.Customers != 2 {
		t.Errorf("%+v, %v", res, err)
	}
}

// Nor do groups and attributes.
func TestDrawnReferenceIDsKeepOffChosenOnes(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	w := newWorld(t, db)
	_, err := apply(t, w, "stores: [{hash: abc, customer_groups: [{id: 1, name: One}, {name: Drawn}]}]")
	if got := dump(t, db, 1)["customer_groups"]; err != nil || len(got) != 2 || got[0] != "1|One" {
		t.Errorf("groups %q, %v", got, err)
	}
	if _, err := apply(t, w, "stores: [{hash: abc, attributes: [{id: 1, name: One, type: string}, {name: Drawn, type: string}]}]"); err != nil {
		t.Errorf("attributes: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"stores:\n  - hash: a\n    hsah: b\n":                      `line 3: unknown key "hsah"`,
		"stores:\n  - customers:\n      - emial: x\n        id: x": `line 3: unknown key "emial"; line 4`,
		"shops: []":             `line 1: unknown key "shops"`,
		"stores: x":             "line 1",
		"stores: [":             "not a YAML document",
		"stores: []\n---\nx: 1": "one YAML document",
		"stores:\n  - form_fields: [{form: customer, required: maybe}]": "line 2",
	} {
		_, err := seed.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "seed.") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"", "stores: []", "# nothing\n"} {
		if _, err := seed.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "describes no store") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	w := newWorld(t, db)
	account := "api_accounts: [{name: a, client_id: c, client_secret: 'SECRETSECRETSECRETSECRET', access_token: 'TOKENTOKENTOKENTOKENTOKE', scopes: [all]}]"
	person := "first_name: A, last_name: B"
	for text, want := range map[string]string{
		"api_accounts: [{name: a, client_id: c, client_secret: s, access_token: t, scopes: [nothing]}]": "api_accounts.0",
		"api_accounts: [{name: a, client_id: c, client_secret: s, access_token: t, scopes: []}]":        "api_accounts.0",
		"api_accounts: [{name: a, client_id: c, client_secret: s, scopes: [all]}]":                      "api_accounts.0",
		"channels: [{id: 1, name: x}, {id: 0, name: y}]":                                                "channels.1",
		"channels: [{id: 5}]":                                                                    "channels.0",
		"form_fields: [{form: shop, name: x, type: text}]":                                       "form_fields.0",
		"form_fields: [{form: customer, type: text}]":                                            "form_fields.0",
		"form_fields: [{form: customer, name: x, type: colour}]":                                 "form_fields.0",
		"attributes: [{name: x, type: colour}]":                                                  "attributes.0",
		"attributes: [{type: string}]":                                                           "attributes.0",
		"customer_groups: [{id: 3}]":                                                             "customer_groups.0",
		"customers: [{email: a@x.org, " + person + ", password: short}]":                         "customers.0",
		"customers: [{email: nobody, " + person + "}]":                                           "nobody",
		"customers: [{email: a@x.org, " + person + ", store_credit: '1,5'}]":                     "store_credit",
		"customers: [{email: a@x.org, " + person + ", store_credit: much}]":                      "store_credit",
		"customers: [{email: a@x.org, " + person + ", customer_group_id: 9}]":                    "customer_group_id",
		"customers: [{email: a@x.org, " + person + ", attributes: [{name: x, value: y}]}]":       `no attribute "x"`,
		"customers: [{email: a@x.org, " + person + ", form_fields: [{name: x, value: {a: 1}}]}]": "form field",
		"customers: [{email: a@x.org, " + person + "}, {id: 9, email: A@x.org, " + person + "}]": "a@x.org",
		"storefront_key: secret":                                                                 "storefront_key",
		"subscribers: [{email: x}]":                                                              "subscribers.0",
	} {
		// Whatever is right beside it does not come into being either.
		if _, err := apply(t, w, "stores: [{hash: refused, "+account+"}]"); err != nil {
			t.Fatal(err)
		}
		before := dump(t, db, 1)
		if _, err := apply(t, w, "stores: [{hash: refused, "+text+"}]"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if after := dump(t, db, 1); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: left %v", text, after)
		}
	}
	for _, text := range []string{"stores: [{name: x}]", "stores: [{hash: A B}]", "stores: [{hash: x}]"} {
		if _, err := apply(t, w, text); err == nil {
			t.Errorf("%s passes", text)
		}
	}
	a := w.Applier(true)
	if _, err := applyWith(t, a, "stores: [{hash: strict, "+account+"}]"); err != nil {
		t.Errorf("strict, long enough: %v", err)
	}
	if _, err := applyWith(t, a, strings.Replace(example, "abc123", "strict2", 1)); err == nil || !strings.Contains(err.Error(), "in production") || strings.Contains(err.Error(), "TOKEN") {
		t.Errorf("strict, short: %v", err)
	}
}

// A customer who was deleted and has registered anew has another id than the
// file says, and is left alone.
func TestWhoCameBackIsLeftAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		if _, err := apply(t, w, strings.ReplaceAll(example, "{id: 1, email: jane@", "{id: 9, email: Jane@")); err != nil {
			t.Fatal(err)
		}
		before := dump(t, db, 1)
		res, err := apply(t, w, example)
		if err != nil || res.Customers != 0 {
			t.Fatalf("%+v, %v", res, err)
		}
		if after := dump(t, db, 1); !reflect.DeepEqual(before, after) {
			t.Errorf("applying the file again changed\n%v\nto\n%v", before, after)
		}
	})
}
