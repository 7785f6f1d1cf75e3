package v2_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Whoever asks for orders learns that there are none.
func TestStoreWithoutOrders(t *testing.T) {
	each(t, func(f *fixture) {
		for _, q := range []string{
			"", "?customer_id=1", "?customer_id=1&is_deleted=false&limit=5&page=2", "?email=jane@example.com&sort=date_created:desc",
			"?min_id=1&max_id=9&min_total=12.50&max_total=20&status_id=10&cart_id=x&payment_method=Manual&channel_id=1&external_order_id=A-1",
			"?min_date_created=Thu, 20 Apr 2017 11:32:00 -0400&max_date_modified=2017-04-20T11:32:00.000-04:00&sort=id",
			"?include=consignments.line_items,fees&consignment_structure=object",
		} {
			if a := f.ask("GET", "/orders"+q, ""); a.status != 204 || a.body != "" {
				t.Errorf("GET /orders%s: %d %s", q, a.status, a.body)
			}
		}
		for _, q := range []string{"?customer_id=x", "?no_such=1", "?sort=total_inc_tax", "?is_deleted=perhaps", "?include=products", "?consignment_structure=list", "?limit=0"} {
			if a := f.ask("GET", "/orders"+q, ""); a.status != 400 {
				t.Errorf("GET /orders%s: %d %s", q, a.status, a.body)
			}
		}
		a := f.ask("GET", "/orders/count?customer_id=1", "")
		if a.status != 200 || !strings.HasPrefix(a.body, `{"statuses":[{"id":0,"name":"Incomplete","system_label":"Incomplete","custom_label":"Incomplete","system_description":`) ||
			strings.Count(a.body, `"count":0`) != 16 || !strings.HasSuffix(a.body, `"count":0,"sort_order":14}],"count":0}`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := f.ask("GET", "/orders/count.xml", ""); a.status != 200 || !strings.Contains(a.body, "<orders><statuses><status><id>0</id>") {
			t.Errorf("%d %s", a.status, a.body)
		}
		for _, target := range []string{"/orders/1", "/orders/1?include=fees", "/orders/x"} {
			if a := f.ask("GET", target, ""); a.status != 404 {
				t.Errorf("GET %s: %d %s", target, a.status, a.body)
			}
		}
		if a := f.ask("GET", "/orders", "", "X-Auth-Token: reader"); a.status != 403 {
			t.Errorf("without the scope: %d %s", a.status, a.body)
		}
	})
}

// What seed files tell of orders can be read, filtered, sorted and counted.
func TestOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := seeded(t, db, strings.Replace(strings.Replace(stores, `
    customers:
      - email: Ines`, `
    products: [{id: 1, name: Cap, price: "19.9"}]
    customers:
      - email: Ines`, 1), `
        password: sonho4azul
`, `
        password: sonho4azul
        orders:
          - {id: 7, date: 2024-05-14, status: Completed, lines: [{product_id: 1, quantity: 2}]}
          - {id: 9, date: 2024-05-16, status: Shipped, total: "12.5", lines: [{product_id: 1}, {product_id: 1, price: "0"}, {product_id: 1, price: "1"}]}
`, 1))
		const start = `{"id":7,"customer_id":1,"date_created":"Tue, 14 May 2024 00:00:00 +0000","date_modified":"`
		const middle = `","date_shipped":"","status_id":10,"status":"Completed","custom_status":"Completed","subtotal_ex_tax":"39.8000","subtotal_inc_tax":"39.8000","subtotal_tax":"0.0000",`
		const end = `"total_ex_tax":"39.8000","total_inc_tax":"39.8000","items_total":2,"payment_method":"","currency_code":"USD","default_currency_code":"USD","customer_message":"","staff_notes":"","is_deleted":false,"channel_id":1}`
		if a := f.ask("GET", "/orders/7", ""); a.status != 200 || !strings.HasPrefix(a.body, start) || !strings.Contains(a.body, middle) || !strings.HasSuffix(a.body, end) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := f.ask("GET", "/orders/7?include=fees,consignments&consignment_structure=object", ""); a.status != 200 || !strings.HasSuffix(a.body, `,"consignments":[],"fees":[]}`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := f.ask("GET", "/orders.xml?limit=1", ""); a.status != 200 || !strings.Contains(a.body, "<orders><order><id>7</id><customer_id>1</customer_id>") {
			t.Errorf("%d %s", a.status, a.body)
		}
		const first, last = `{"id":701,"order_id":7,"product_id":1,"variant_id":0,`, `,"discounted_total_inc_tax":"39.8000"}]`
		if a := f.ask("GET", "/orders/7/products", ""); a.status != 200 || !strings.HasPrefix(a.body, "["+first) || !strings.HasSuffix(a.body, last) || strings.Count(a.body, "},{") != 0 ||
			!strings.Contains(a.body, `"name":"Cap","name_customer":"Cap","name_merchant":"Cap","sku":"","upc":"","type":"physical","base_price":"19.9000","price_ex_tax":"19.9000",`) ||
			!strings.Contains(a.body, `"total_inc_tax":"39.8000","total_tax":"0.0000",`) || !strings.Contains(a.body, `"quantity":2,`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := f.ask("GET", "/orders/7/products.xml", ""); a.status != 200 || !strings.Contains(a.body, "<products><product><id>701</id><order_id>7</order_id>") {
			t.Errorf("%d %s", a.status, a.body)
		}
		place := regexp.MustCompile(`"id":(\d+),"order_id":9`)
		for query, want := range map[string]string{"": "901 902 903", "?limit=2": "901 902", "?limit=2&page=2": "903", "?limit=2&page=3": "", "?limit=250&page=1099511627776": ""} {
			a := f.ask("GET", "/orders/9/products"+query, "")
			var got []string
			for _, m := range place.FindAllStringSubmatch(a.body, -1) {
				got = append(got, m[1])
			}
			if strings.Join(got, " ") != want || want == "" && a.status != 204 {
				t.Errorf("%s: %d %s, want %s", query, a.status, got, want)
			}
		}
		for target, want := range map[string]int{"/orders/8/products": 404, "/orders/x/products": 404, "/orders/7/products?sort=id": 400, "/orders/7/products?limit=0": 400} {
			if a := f.ask("GET", target, ""); a.status != want {
				t.Errorf("%s: %d %s", target, a.status, a.body)
			}
		}
		if a := f.ask("GET", "/orders/7/products", "", "X-Auth-Token: reader"); a.status != 403 {
			t.Errorf("without the scope: %d %s", a.status, a.body)
		}
		// One line is what the list has, by its id or by its product's.
		for _, of := range []string{"701", "1"} {
			list := f.ask("GET", "/orders/7/products", "")
			if a := f.ask("GET", "/orders/7/products/"+of, ""); a.status != 200 || "["+a.body+"]" != list.body {
				t.Errorf("%s: %d %s", of, a.status, a.body)
			}
		}
		if a := f.ask("GET", "/orders/9/products/903", ""); a.status != 200 || !strings.HasPrefix(a.body, `{"id":903,"order_id":9,"product_id":1,`) || !strings.Contains(a.body, `"price_ex_tax":"1.0000"`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := f.ask("GET", "/orders/9/products/902.xml", ""); a.status != 200 || !strings.Contains(a.body, "<product><id>902</id><order_id>9</order_id>") {
			t.Errorf("%d %s", a.status, a.body)
		}
		for target, want := range map[string]int{"/orders/7/products/901": 404, "/orders/7/products/2": 404, "/orders/8/products/1": 404, "/orders/7/products/x": 404, "/orders/7/products/701?page=1": 400} {
			if a := f.ask("GET", target, ""); a.status != want {
				t.Errorf("%s: %d %s", target, a.status, a.body)
			}
		}
		id := regexp.MustCompile(`"id":(\d+),"customer_id"`)
		for query, want := range map[string]string{
			"": "7 9", "?sort=id:desc": "9 7", "?customer_id=1&is_deleted=false": "7 9", "?customer_id=2": "", "?email=ines.duarte@example.com": "7 9", "?email=a@example.com": "",
			"?status_id=2": "9", "?min_total=12.51": "7", "?max_total=12.5": "9", "?min_id=8": "9", "?max_date_created=2024-05-15": "7", "?min_date_created=2024-05-15&sort=date_created:desc": "9",
			"?channel_id=1&limit=1&page=2": "9", "?channel_id=2": "", "?cart_id=x": "", "?payment_method=Manual": "", "?external_order_id=A-1": "", "?is_deleted=true": "", "?sort=external_id": "7 9",
			"?include=consignments.line_items&consignment_structure=object": "7 9",
		} {
			a := f.ask("GET", "/orders"+query, "")
			var got []string
			for _, m := range id.FindAllStringSubmatch(a.body, -1) {
				got = append(got, m[1])
			}
			if strings.Join(got, " ") != want || want == "" && a.status != 204 {
				t.Errorf("%s: %d %s, want %s", query, a.status, got, want)
			}
			if strings.Contains(query, "sort") || strings.Contains(query, "limit") || strings.Contains(query, "include") {
				continue
			}
			if a := f.ask("GET", "/orders/count"+query, ""); a.status != 200 || !strings.HasSuffix(a.body, `],"count":`+strconv.Itoa(len(got))+"}") {
				t.Errorf("count%s: %d %s, want %d", query, a.status, a.body, len(got))
			}
		}
		if a := f.ask("GET", "/orders/count", ""); !strings.Contains(a.body, `"count":1,"sort_order":7`) || !strings.Contains(a.body, `"count":1,"sort_order":8`) {
			t.Error(a.body)
		}
	})
}
