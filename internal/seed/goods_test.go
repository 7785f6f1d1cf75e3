package seed_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/catalog"
	"clientele/internal/listing"
	"clientele/internal/order"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

const goods = `
stores:
- hash: demo
  products:
  - {id: 1, name: Cap, sku: CAP, path: /cap/, price: "19.9", image_url: "https://cdn.example/cap.png"}
  - {id: 2, name: Tape, price: "0.0001", in_stock: false}
  customers:
  - id: 1
    email: a@example.com
    first_name: A
    last_name: B
    orders:
    - {id: 7, date: 2024-05-14, status: Completed, lines: [{product_id: 1}, {product_id: 2, quantity: 3, price: "1.5"}]}
    - {id: 8, date: "2024-05-14T09:34:00+02:00", status: awaiting payment, total: "21", lines: [{product_id: 1}]}
  - {email: b@example.com, first_name: B, last_name: C, orders: [{id: 9, date: 2024-05-15, status: Pending}]}
`

// What is known of products and orders is what the file says, however often it
// is applied, for customers that exist too.
func TestGoods(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		w := newWorld(t, db)
		products, orders := w.Products, w.Orders
		state := func(store int64) string {
			t.Helper()
			p, err := products.Page(ctx, store, catalog.Asked{Window: listing.Window{First: 100, Last: -1}})
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			for _, p := range p.Products {
				fmt.Fprintln(&out, p)
			}
			for _, id := range []int64{7, 8, 9} {
				o, err := orders.Get(ctx, store, 0, id)
				if err != nil {
					continue
				}
				lines, err := orders.Lines(ctx, store, []int64{id})
				if err != nil {
					t.Fatal(err)
				}
				o.DateModified = 0
				fmt.Fprint(&out, o)
				for _, l := range lines[id] {
					fmt.Fprint(&out, " ", l.Product.Name, l.Quantity, "x", l.Price)
				}
				fmt.Fprintln(&out)
			}
			return out.String()
		}
		id, err := applyTo(t, w, "demo", goods)
		if err != nil {
			t.Fatal(err)
		}
		const want = `{1 Cap CAP /cap/ 199000 https://cdn.example/cap.png true}
{2 Tape  /products/2/ 1  false}
{7 1 1 10 244000 244000 4 1715644800 0} Cap1x199000 Tape3x15000
{8 1 1 7 210000 199000 1 1715672040 0} Cap1x199000
{9 2 1 1 0 0 0 1715731200 0}
`
		if got := state(id); got != want {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
		before, err := orders.Get(ctx, id, 0, 7)
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Minute)
		for range 2 { // nothing changes, and what has not changed is not written
			if _, err := apply(t, w, goods); err != nil {
				t.Fatal(err)
			}
		}
		if got := state(id); got != want {
			t.Errorf("applied again:\n%s", got)
		}
		if after, err := orders.Get(ctx, id, 0, 7); err != nil || after != before {
			t.Errorf("%+v, %+v, %v", before, after, err)
		}
		// Paths change places, an order moves on, lines go; what is not named stays.
		changed := strings.NewReplacer("path: /cap/, ", "path: /products/2/, ", "name: Tape, ", "name: Tape, path: /cap/, ", "status: awaiting payment, total", "status: SHIPPED, total", ", {product_id: 2, quantity: 3, price: \"1.5\"}", "").Replace(goods)
		if _, err := apply(t, w, changed); err != nil {
			t.Fatal(err)
		}
		if got := state(id); !strings.Contains(got, "{1 Cap CAP /products/2/") || !strings.Contains(got, "{2 Tape  /cap/") || !strings.Contains(got, "{8 1 1 2 210000") || !strings.Contains(got, "{7 1 1 10 199000 199000 1 1715644800 0} Cap1x199000\n") {
			t.Errorf("changed:\n%s", got)
		}
		if _, err := apply(t, w, "stores: [{hash: demo}]"); err != nil || !strings.Contains(state(id), "{7 1 1 10") {
			t.Errorf("gone with what does not name it: %v", err)
		}
		// Another store has none of it.
		if _, err := apply(t, w, "stores: [{hash: demo}, {hash: other}]"); err != nil || state(id+1) != "" {
			t.Errorf("%v: %s", err, state(id+1))
		}
		counts(t, ctx, orders, id, map[string]int64{"": 3, "customer_id=1": 2, "email=B@example.com": 1, "min_total=20": 1, "status_id=2": 1, "cart_id=x": 0, "cart_id=": 3, "is_deleted=true": 0, "is_deleted=false": 3, "channel_id=1&max_date_created=2024-05-14": 2})
	})
}

func counts(t *testing.T, ctx context.Context, s *order.Service, store int64, want map[string]int64) {
	t.Helper()
	for raw, n := range want {
		q, err := order.Count.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		by, err := s.ByStatus(ctx, store, q)
		var sum int64
		for _, k := range by {
			sum += k
		}
		if err != nil || sum != n {
			t.Errorf("%s: %v, %v, want %d", raw, by, err, n)
		}
	}
	if q, err := order.List.Parse("sort=status_id:desc&limit=1"); err != nil {
		t.Error(err)
	} else if all, err := s.List(ctx, store, q); err != nil || len(all) != 1 || all[0].ID != 7 {
		t.Errorf("%+v, %v", all, err)
	}
}

// What is wrong is told with its line, and nothing is written.
func TestWrongGoods(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	if _, err := apply(t, w, goods); err != nil {
		t.Fatal(err)
	}
	order := func(text string) string {
		return "stores:\n- hash: demo\n  products:\n  - {id: 1, name: Cap, sku: CAP, path: /cap/, price: \"1\"}\n  customers:\n  - id: 1\n    email: a@example.com\n    first_name: A\n    last_name: B\n    orders:\n    - " + text + "\n"
	}
	product := func(text string) string {
		return "stores:\n- hash: demo\n  products:\n  - {id: 1, name: Cap, sku: CAP, path: /cap/, price: \"1\"}\n  - " + text + "\n"
	}
	many := func(n int, entry string) string { return strings.TrimSuffix(strings.Repeat(entry+", ", n), ", ") }
	for text, want := range map[string]string{
		product(`{id: 0, name: x, price: "1"}`):                                                                                 "line 5: store demo: products.1: id: id must be between 1",
		product(`{id: 3, price: "1"}`):                                                                                          "line 5: store demo: products.1: name",
		product(`{id: 3, name: x}`):                                                                                             "line 5: store demo: products.1: price: price \"\" is not an amount",
		product(`{id: 3, name: x, price: "1.00001"}`):                                                                           "is not an amount such as 12.5, with at most 4 decimal places",
		product(`{id: 3, name: x, price: "-1"}`):                                                                                "price must be an amount",
		product(`{id: 3, name: x, price: "1", path: cap}`):                                                                      "path must be a path on the storefront",
		product(`{id: 3, name: x, price: "1", path: //evil.example/}`):                                                          "path must be a path on the storefront",
		product(`{id: 3, name: x, price: "1", image_url: "javascript:x"}`):                                                      "image_url must be an http or https URL",
		product(`{id: 3, name: x, price: "1", path: /cap}`):                                                                     "line 5: store demo: products.1: path: another product has this path",
		product(`{id: 3, name: x, price: "1", sku: cap}`):                                                                       "another product has this SKU",
		product(`{id: 1, name: x, price: "1"}`):                                                                                 "the product is given twice",
		order(`{id: 7, date: 2024-05-14, status: Lost}`):                                                                        "line 11: store demo: customers.0.orders.0: status: status must be one of Incomplete, Pending",
		order(`{id: 7, date: yesterday, status: Pending}`):                                                                      `line 11: store demo: customers.0.orders.0: date: date "yesterday" is not a time`,
		order(`{id: 7, date: 2024-05-14, status: Pending, total: x}`):                                                           `total "x" is not an amount`,
		order(`{id: 7, date: 2024-05-14, status: Pending, total: "-1"}`):                                                        "total must be an amount of money",
		order(`{id: 7, date: 2024-05-14, status: Pending, lines: [{product_id: 5}]}`):                                           "customers.0.orders.0: lines.0.product_id: there is no product with this ID",
		order(`{id: 7, date: 2024-05-14, status: Pending, lines: [{product_id: 1, quantity: 0}]}`):                              "quantity must be between 1 and 1000000",
		order(`{id: 7, date: 2024-05-14, status: Pending, lines: [{product_id: 1, quantity: 1000000, price: "100000000000"}]}`): "price must be an amount of money",
		order(`{id: 7, date: 2024-05-14, status: Pending, lines: [` + many(101, "{product_id: 1}") + `]}`):                      "an order can have at most 100 lines",
		order(`{id: 7, date: 2024-05-14, status: Pending, channel_id: 5}`):                                                      "there is no such channel",
		order("{id: 7, date: 2024-05-14, status: Pending}\n    - {id: 7, date: 2024-05-14, status: Pending}"):                   "line 12: store demo: customers.0.orders.1: id: the order is given twice",
		order(`{id: 9, date: 2024-05-14, status: Pending}`):                                                                     "the order belongs to another customer",
	} {
		if _, err := apply(t, w, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\nwant %s", text[strings.LastIndex(strings.TrimSpace(text), "\n")+1:], err, want)
		}
	}
	o, err := w.Orders.Get(t.Context(), 1, 0, 7)
	if err != nil || o.Total != 244000 {
		t.Errorf("a partial write: %+v, %v", o, err)
	}
	var b strings.Builder
	b.WriteString("stores:\n- hash: demo\n  products:\n")
	for i := range catalog.MaxProducts - 1 {
		fmt.Fprintf(&b, "  - {id: %d, name: P%d, price: \"1\"}\n", i+10, i)
	}
	if _, err := apply(t, w, b.String()); err == nil || !strings.Contains(err.Error(), "a store can have at most 10000 products") {
		t.Error(err)
	}
}
