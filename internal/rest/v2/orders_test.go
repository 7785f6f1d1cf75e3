package v2_test

import (
	"strings"
	"testing"
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
