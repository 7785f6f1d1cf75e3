package app_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/export"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/transfer"
)

const tableSeed = `
stores:
  - hash: demo
    channels: [{id: 1, name: Main, url: "http://main.example"}]
    api_accounts: [{name: App, client_id: cli-app, client_secret: secret, access_token: token, scopes: [all]}]
    customer_groups: [{id: 1, name: "=Wholesale"}, {id: 2, name: "Été; \"quoted\", and more"}]
    attributes: [{name: Size, type: string}, {name: Tags, type: string}]
    form_fields: [{form: customer, name: Referral, type: text}, {form: address, name: Floor, type: text}]
    customers:
      - {id: 1, email: ada@example.com, first_name: Ada, last_name: Lovelace, company: "+ACME", phone: "+1 512 555", notes: "=HYPERLINK(\"x\")", customer_group_id: 1, store_credit: "-0", tax_exempt_category: A,
         attributes: [{name: Size, value: "@x"}, {name: Tags, value: "a, b"}], form_fields: [{name: Referral, value: "-1"}],
         addresses: [{first_name: Ada, last_name: L, company: "-", address1: "1 St", address2: "'=x", city: Austin, state_or_province: Texas, postal_code: "78701", country_code: US, phone: "-5", form_fields: [{name: Floor, value: "3"}]},
                     {first_name: Ada, last_name: L, address1: "2 Rue", city: Paris, postal_code: "75001", country_code: FR}]}
      - {id: 2, email: "bob+x@example.com", first_name: "'=Bob", last_name: "O'Neill", store_credit: "12.3456", customer_group_id: 2}
      - {id: 3, email: cy@example.com, first_name: "Cy", last_name: "A\nB", notes: "a,\"b\""}
    subscribers: [{email: ada@example.com, first_name: Ada}, {email: cy@example.com, consents: []}, {email: other@example.com}]
    segments: [{name: Some, members: [2, 3]}]
`

// table is what an export writes, as rows.
func exportTable(t *testing.T, c *app.Core, store int64, o export.Options) [][]string {
	t.Helper()
	var b bytes.Buffer
	if _, err := c.Exports.Write(t.Context(), store, o, &b, nil); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// cellsOf are those of some columns, row by row.
func cellsOf(rows [][]string, columns ...string) (out []string) {
	for _, r := range rows[1:] {
		var cells []string
		for _, c := range columns {
			if i := slices.Index(rows[0], c); i >= 0 {
				cells = append(cells, r[i])
			} else {
				cells = append(cells, "no "+c)
			}
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

func wantCells(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%q, want\n%q", name, got, want)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Seed: tableSeed})
		st, err := w.Stores.ByHash(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		get := func(o export.Options) [][]string { t.Helper(); return exportTable(t, w.Core, st.ID, o) }
		rows := get(export.Options{Format: export.CSV, Kind: export.Customers})
		wantCells(t, "csv", cellsOf(rows, "id", "email", "company", "phone", "notes", "customer_group", "store_credit", "newsletter", "attribute:Size", "form_field:Referral", "address.1.address2", "address.1.form_field:Floor", "address.2.city"),
			`1|ada@example.com|'+ACME|'+1 512 555|'=HYPERLINK("x")|'=Wholesale|0|yes|'@x|'-1|''=x|3|Paris`,
			`2|bob+x@example.com||||Été; "quoted", and more|12.3456|no|||||`,
			`3|cy@example.com|||a,"b"||0|no|||||`)
		rows = get(export.Options{Format: export.CSV, Kind: export.Customers, Raw: true})
		wantCells(t, "raw", cellsOf(rows, "company", "address.1.address2"), "+ACME|'=x", "|", "|")
		if _, err := w.Exports.Write(t.Context(), st.ID, export.Options{Format: export.Shopify, Kind: export.Customers}, &bytes.Buffer{}, nil); !errors.Is(err, export.ErrAddresses) {
			t.Errorf("two addresses for Shopify: %v", err)
		}
		var b bytes.Buffer
		done, err := w.Exports.Write(t.Context(), st.ID, export.Options{Format: export.Shopify, Kind: export.Customers, Zip: true}, &b, nil)
		if err != nil || done.Rows != 3 || done.Addresses != 1 {
			t.Fatalf("%+v, %v", done, err)
		}
		eachFile(t, b.Bytes(), func(name, content string) {
			rows, err := csv.NewReader(strings.NewReader(content)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			switch name {
			case "customers.csv":
				wantCells(t, name, cellsOf(rows, "Email", "Accepts Email Marketing", "Default Address Province Code", "Tags", "Tax Exempt"), "ada@example.com|yes|TX|a, b|yes", "bob+x@example.com|no|||no", "cy@example.com|no|||no")
			case "addresses.csv":
				wantCells(t, name, cellsOf(rows, "Customer ID", "Email", "Default Address Address1"), "1|ada@example.com|2 Rue")
			default:
				t.Errorf("there is %s", name)
			}
		})

		subs := func(name string, o export.Options, want ...string) {
			t.Helper()
			o.Kind = export.Subscribers
			wantCells(t, name, cellsOf(get(o), "email", "consents"), want...)
		}
		subs("all", export.Options{Format: export.CSV}, "ada@example.com|marketing_newsletter", "cy@example.com|", "other@example.com|marketing_newsletter")
		subs("who agreed", export.Options{Format: export.CSV, Consent: "marketing_newsletter"}, "ada@example.com|marketing_newsletter", "other@example.com|marketing_newsletter")
		subs("who left", export.Options{Format: export.CSV, Consent: "none"}, "cy@example.com|")
		uuid := segmentUUID(t, w, st.ID)
		subs("of a segment", export.Options{Format: export.CSV, Segment: uuid}, "cy@example.com|")
		wantCells(t, "customers of a segment", cellsOf(get(export.Options{Format: export.CSV, Kind: export.Customers, Segment: uuid}), "id"), "2", "3")

		w.Clock.Advance(time.Hour)
		since := w.Clock.Now().Unix()
		wantCells(t, "nothing since", cellsOf(get(export.Options{Format: export.CSV, Kind: export.Customers, Since: since}), "id"))
		(&telling{t: t, World: w}).ask(`PUT /v3/customers [{"id":2,"company":"New"}]`)
		wantCells(t, "since", cellsOf(get(export.Options{Format: export.CSV, Kind: export.Customers, Since: since}), "id", "company"), "2|New")
		// What is theirs counts: an address, a value of an attribute, a metafield.
		for i, did := range []string{
			`PUT /v3/customers/addresses [{"id":2,"city":"Lyon"}]`, `PUT /v3/customers/attribute-values [{"customer_id":2,"attribute_id":1,"value":"L"}]`,
			`POST /v3/customers/3/metafields {"namespace":"n","key":"k","value":"v","permission_set":"app_only"}`, `DELETE /v3/customers/addresses?id:in=2`,
		} {
			w.Clock.Advance(time.Hour)
			since := w.Clock.Now().Unix()
			(&telling{t: t, World: w}).ask(did)
			want := fmt.Sprint(i%3 + 1)
			wantCells(t, did, cellsOf(get(export.Options{Format: export.CSV, Kind: export.Customers, Since: since}), "id"), want)
			if want != "1" {
				wantCells(t, did+" of a segment", cellsOf(get(export.Options{Format: export.CSV, Kind: export.Customers, Since: since, Segment: uuid}), "id"), want)
			}
		}
		for _, bad := range []export.Options{
			{}, {Format: "xml", Kind: export.Customers}, {Format: export.CSV, Kind: "all"}, {Format: export.CSV, Kind: export.Customers, Consent: "none"},
			{Format: export.CSV, Kind: export.Subscribers, Consent: "x"}, {Format: export.CSV, Kind: export.Customers, Segment: "x"}, {Format: export.CSV, Kind: export.Customers, Since: -1},
		} {
			if _, err := w.Exports.Write(t.Context(), st.ID, bad, &bytes.Buffer{}, nil); err == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
	})
}

func segmentUUID(t *testing.T, w *apptest.World, store int64) (uuid string) {
	t.Helper()
	if err := w.DB.Read(t.Context(), store, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT uuid FROM segments WHERE store_id = $1`), func(r *sqldb.Row) error { uuid = r.Text(0); return nil })
	}); err != nil {
		t.Fatal(err)
	}
	return uuid
}

// What BigCommerce's table carries arrives as it was, more pages of it than one.
func TestBigCommerceTableArrives(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Seed: tableSeed})
		from, err := w.Stores.ByHash(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		ask := (&telling{t: t, World: w}).ask
		for i := range 60 {
			var more []string
			for k := range 10 {
				n := i*10 + k
				more = append(more, fmt.Sprintf(`{"email":"c%d@example.com","first_name":"First %d","last_name":"=%d","notes":"line\nline '%d'","addresses":[{"first_name":"A","last_name":"B","address1":"%d St","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701","address_type":"%s"}]}`,
					n, n, n, n, n, []string{"residential", "commercial"}[n%2]))
			}
			ask(`POST /v3/customers [` + strings.Join(more, ",") + `]`)
		}
		o := export.Options{Format: export.BigCommerce, Kind: export.Customers}
		var b, again bytes.Buffer
		if _, err := w.Exports.Write(t.Context(), from.ID, o, &b, nil); err != nil {
			t.Fatal(err)
		}
		to, err := w.Stores.Create(t.Context(), "", "Another", "")
		if err != nil {
			t.Fatal(err)
		}
		taken := takeFile(t, w.Core, to.ID, b.Bytes())
		if taken.Counts.Created != 603 || taken.Counts.Rejected != 0 || taken.Plan.Format != "bigcommerce-bulk" {
			t.Errorf("%+v of %s", taken.Counts, taken.Plan.Format)
		}
		if _, err := w.Exports.Write(t.Context(), to.ID, o, &again, nil); err != nil {
			t.Fatal(err)
		}
		x, y := strings.Split(b.String(), "\n"), strings.Split(again.String(), "\n")
		if !slices.Equal(x, y) {
			t.Errorf("%d and %d lines", len(x), len(y))
		}
		for i := range min(len(x), len(y)) {
			if x[i] != y[i] {
				t.Fatalf("line %d:\n%s\n%s", i+1, x[i], y[i])
			}
		}
	})
}

// takeFile imports a file.
func takeFile(t *testing.T, c *app.Core, store int64, text []byte) *transfer.Import {
	t.Helper()
	in, err := c.Transfer.Inspect(t.Context(), store, bytes.NewReader(text), "customers.csv", transfer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	imp, err := c.Transfer.Begin(t.Context(), store, in.Plan, in.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Transfer.Run(t.Context(), store, imp, bytes.NewReader(text), nil); err != nil {
		t.Fatal(err)
	}
	return imp
}
