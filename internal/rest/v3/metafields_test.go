package v3_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/auth"
)

const (
	tier = `{"permission_set":"%s","namespace":"loyalty","key":"%s","value":"gold","description":"d"}`
	row  = `{"id":%d,"key":"%s","value":"gold","namespace":"loyalty","permission_set":"%s","resource_type":"customer","resource_id":1,"description":"d",` +
		`"date_created":"2026-06-18T14:37:37+00:00","date_modified":"2026-06-18T14:37:37+00:00","owner_client_id":"app"}`
	bulk = `{"status":422,"title":"Bulk operation has failed",` + typ + `,"errors":{`
)

func one(row string) string { return `{"data":` + row + `,"meta":{}}` }

func TestMetafieldLife(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		n := int64(len(d.events(0)))
		d.want(d.app, "POST", "/customers/1/metafields", fmt.Sprintf(tier, "read", "tier"), 200, one(fmt.Sprintf(row, 1, "tier", "read")))
		d.want(d.app, "GET", "/customers/1/metafields/1", "", 200, one(fmt.Sprintf(row, 1, "tier", "read")))
		d.Clock.Advance(time.Hour)
		d.want(d.app, "PUT", "/customers/1/metafields/1", `{"value":"gold"}`, 200, one(fmt.Sprintf(row, 1, "tier", "read"))) // nothing changes
		changed := strings.NewReplacer(`"value":"gold"`, `"value":"platinum"`, `modified":"2026-06-18T14`, `modified":"2026-06-18T15`).Replace(fmt.Sprintf(row, 1, "tier", "read"))
		d.want(d.app, "PUT", "/customers/1/metafields/1", `{"id":1,"value":"platinum"}`, 200, one(changed))
		d.want(d.app, "DELETE", "/customers/1/metafields/1", "", 204, "")
		d.want(d.app, "GET", "/customers/1/metafields/1", "", 404, notFound)
		d.want(d.app, "DELETE", "/customers/1/metafields/1", "", 404, notFound)
		d.want(d.app, "PUT", "/customers/1/metafields/1", `{"value":"x"}`, 404, notFound)
		data := ` {"metafield_id":1,"resource_id":"1","resource_type":"customer","namespace":"loyalty"}`
		want := []string{"store/metafield/created" + data, "store/metafield/updated" + data, "store/metafield/deleted" + data}
		if got := d.events(n); !slices.Equal(got, want) {
			t.Errorf("events are %q", got)
		}
	})
}

func TestMetafieldRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		missing := `{"status":422,"title":"JSON data is missing or invalid",` + typ + `,"errors":`
		d.want(d.app, "POST", "/customers/1/metafields", `{"value":3}`, 422, missing+`{"permission_set":"error.path.missing","namespace":"error.path.missing","key":"error.path.missing","value":"error.expected.jsstring"}}`)
		d.want(d.app, "POST", "/customers/1/metafields", `{"permission_set":"all","namespace":"","key":"`+strings.Repeat("k", 65)+`","value":"v"}`, 422,
			`{"status":422,"title":"Create metafield failed.",`+typ+`,"errors":{"namespace":"namespace must not be empty","key":"key must be at most 64 characters",`+
				`"permission_set":"permission_set must be one of app_only, read, write, read_and_sf_access, write_and_sf_access"}}`)
		d.want(d.app, "POST", "/customers/1/metafields", `{"a`, 400, `{"status":400,"title":"Input is invalid",`+typ+`,"detail":"Syntax error"}`)
		d.want(d.app, "POST", "/customers/1/metafields", `[]`, 422, "")
		d.want(d.app, "POST", "/customers/9/metafields", fmt.Sprintf(tier, "read", "tier"), 404, notFound)
		d.want(d.app, "GET", "/customers/9/metafields", "", 404, notFound)
		d.want(d.app, "GET", "/customers/0/metafields", "", 404, notFound)
		d.want(d.app, "GET", "/customers/x/metafields/1", "", 404, notFound)
		d.want(d.reader, "POST", "/customers/1/metafields", fmt.Sprintf(tier, "read", "tier"), 403, "")
		d.want(d.app, "POST", "/customers/1/metafields", fmt.Sprintf(tier, "read", "tier"), 200, "")
		taken := `{"status":409,"title":"The metafield conflicts with another metafield.",` + typ + `,"errors":{"key":"the owner has a metafield with this namespace and key on this customer already"}}`
		d.want(d.app, "POST", "/customers/1/metafields", fmt.Sprintf(tier, "write", "tier"), 409, taken)
		// The same name is free on another customer, for another account and with other letters.
		d.want(d.app, "POST", "/customers/2/metafields", fmt.Sprintf(tier, "read", "tier"), 200, "")
		d.want(d.other, "POST", "/customers/1/metafields", fmt.Sprintf(tier, "read", "tier"), 200, "")
		d.want(d.app, "POST", "/customers/1/metafields", fmt.Sprintf(tier, "read", "Tier"), 200, "")
		d.want(d.app, "PUT", "/customers/1/metafields/4", `{"key":"tier"}`, 409, taken)
		d.want(d.app, "PUT", "/customers/1/metafields/4", `{"id":1,"key":"x"}`, 422, missing+`{"id":"id must be that of the path"}}`)
		d.want(d.app, "PUT", "/customers/2/metafields/4", `{"key":"x"}`, 404, notFound)
		d.want(d.stranger, "GET", "/customers/1/metafields/1", "", 404, notFound)
		d.want(d.stranger, "PUT", "/customers/1/metafields/1", `{"key":"x"}`, 404, notFound)
		d.want(d.stranger, "DELETE", "/customers/metafields", `[1]`, 422, "")
		if text := d.want(d.stranger, "GET", "/customers/metafields", "", 200, ""); !strings.Contains(text, `"data":[]`) {
			t.Errorf("another store sees %s", text)
		}
	})
}

func TestMetafieldPermissions(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		sets := []string{"app_only", "read", "write", "read_and_sf_access", "write_and_sf_access"}
		for i, set := range sets {
			d.want(d.app, "POST", "/customers/1/metafields", fmt.Sprintf(tier, set, set), 200, one(fmt.Sprintf(row, i+1, set, set)))
		}
		d.want(d.other, "GET", "/customers/1/metafields/1", "", 404, notFound)
		d.want(d.other, "PUT", "/customers/1/metafields/1", `{"value":"x"}`, 404, notFound)
		denied := `{"status":403,"title":"the metafield belongs to another API account",` + typ + `,"errors":{}}`
		for _, id := range []int{2, 4} {
			path := fmt.Sprintf("/customers/1/metafields/%d", id)
			d.want(d.other, "GET", path, "", 200, "")
			d.want(d.other, "PUT", path, `{"value":"x"}`, 403, denied)
			d.want(d.other, "DELETE", path, "", 403, denied)
		}
		for _, id := range []int{3, 5} {
			path := fmt.Sprintf("/customers/1/metafields/%d", id)
			text := d.want(d.other, "PUT", path, `{"value":"x"}`, 200, "")
			if !strings.Contains(text, `"value":"x"`) || !strings.Contains(text, `"owner_client_id":"app"`) {
				t.Errorf("after another's change: %s", text)
			}
		}
		text := d.want(d.other, "GET", "/customers/1/metafields", "", 200, "")
		if strings.Contains(text, "app_only") || !strings.Contains(text, `"total":4,"count":4`) {
			t.Errorf("others see %s", text)
		}
		d.want(d.other, "DELETE", "/customers/metafields", `[1,2,3]`, 422,
			`{"data":[3],"errors":[`+bulk+`"0":"the metafield does not exist","1":"the metafield belongs to another API account"}}],"meta":{"total":3,"success":1,"failed":2}}`)
		// An account with the full scope manages all.
		all := d.account("manager", auth.Customers, auth.MetafieldWriteAll)
		d.want(all, "PUT", "/customers/1/metafields/1", `{"value":"x"}`, 200, "")
		if text := d.want(all, "GET", "/customers/metafields?key=app_only", "", 200, ""); !strings.Contains(text, `"total":1`) {
			t.Errorf("the manager sees %s", text)
		}
	})
}

func TestMetafieldBatches(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		item := func(customer int, key, set string) string {
			return fmt.Sprintf(`{"resource_id":%d,`, customer) + fmt.Sprintf(tier, set, key)[1:]
		}
		a, b := fmt.Sprintf(row, 1, "a", "read"), fmt.Sprintf(row, 2, "b", "app_only")
		d.want(d.app, "POST", "/customers/metafields", `[`+item(1, "a", "read")+`,`+item(1, "b", "app_only")+`]`, 200,
			`{"data":[`+a+`,`+b+`],"errors":[],"meta":{"total":2,"success":2,"failed":0}}`)
		c := fmt.Sprintf(row, 3, "c", "read")
		d.want(d.app, "POST", "/customers/metafields",
			`[`+item(1, "a", "read")+`,`+item(9, "d", "read")+`,`+item(1, "c", "read")+`,`+item(1, "c", "read")+`,{"resource_id":1,"key":""},7]`, 422,
			`{"data":[`+c+`],"errors":[`+bulk+`"0":"the owner has a metafield with this namespace and key on this customer already","1":"the customer does not exist",`+
				`"3":"the owner has a metafield with this namespace and key on this customer already",`+
				`"4":"permission_set: error.path.missing; namespace: error.path.missing; value: error.path.missing","5":"error.expected.jsobject"}}],"meta":{"total":6,"success":1,"failed":5}}`)
		// a takes the name that b gives up only after b did.
		d.want(d.app, "PUT", "/customers/metafields", `[{"id":2,"key":"z"},{"id":1,"key":"b"},{"id":3,"key":"b"},{"id":3,"value":""},{"id":77},{}]`, 422,
			`{"data":[`+strings.Replace(b, `"key":"b"`, `"key":"z"`, 1)+`,`+strings.Replace(a, `"key":"a"`, `"key":"b"`, 1)+`],"errors":[`+bulk+
				`"2":"the owner has a metafield with this namespace and key on this customer already","3":"the metafield is given twice","4":"the metafield does not exist","5":"id: error.path.missing"}}],"meta":{"total":6,"success":2,"failed":4}}`)
		d.want(d.app, "PUT", "/customers/metafields", `[{"id":3,"value":"v"}]`, 200, "")
		d.want(d.app, "DELETE", "/customers/metafields", `[2,3]`, 200, `{"data":[2,3],"errors":[],"meta":{"total":2,"success":2,"failed":0}}`)
		d.want(d.app, "DELETE", "/customers/metafields", `[1,"x"]`, 422, `{"data":[1],"errors":[`+bulk+`"1":"error.expected.jsnumber"}}],"meta":{"total":2,"success":1,"failed":1}}`)
		d.want(d.app, "DELETE", "/customers/metafields", "", 422, "")
		d.want(d.app, "POST", "/customers/metafields", `[`, 400, "")
		d.want(d.app, "POST", "/customers/metafields", `[`+strings.Repeat("1,", 50)+`1]`, 413, "")
	})
}

func TestMetafieldLists(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		for i := range 5 {
			d.want(d.app, "POST", "/customers/1/metafields", fmt.Sprintf(`{"permission_set":"read","namespace":"n%d","key":"k%d","value":"v"}`, i%2, i), 200, "")
			d.Clock.Advance(24 * time.Hour)
		}
		d.want(d.app, "POST", "/customers/2/metafields", fmt.Sprintf(tier, "read", "k0"), 200, "")
		for query, want := range map[string]string{
			"":                            `{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}`,
			"direction=desc":              `{"id":5},{"id":4},{"id":3},{"id":2},{"id":1}`,
			"key=k3":                      `{"id":4}`,
			"key:in=k3,k1":                `{"id":2},{"id":4}`,
			"namespace=n1":                `{"id":2},{"id":4}`,
			"namespace:in=n1,n2&key=k1":   `{"id":2}`,
			"date_created:min=2026-06-21": `{"id":4},{"id":5}`,
			"date_created:max=2026-06-20": `{"id":1},{"id":2},{"id":3}`,
			"date_modified:min=2026-06-21T00:00:00&date_modified:max=2026-06-22": `{"id":4},{"id":5}`,
			"limit=2&page=2":                   `{"id":3},{"id":4}`,
			"direction=desc&limit=2&page=2":    `{"id":3},{"id":2}`,
			"after=eyJpZCI6Mn0&limit=2":        `{"id":3},{"id":4}`,
			"before=eyJpZCI6Mn0":               `{"id":1}`,
			"direction=desc&after=eyJpZCI6Mn0": `{"id":1}`,
		} {
			text := d.want(d.app, "GET", "/customers/1/metafields?"+query, "", 200, "")
			if !strings.Contains(text, `],"meta"`) {
				continue
			}
			var ids []string
			for part := range strings.SplitSeq(text[:strings.Index(text, `],"meta"`)], `{"id":`) {
				if id, _, ok := strings.Cut(part, ","); ok {
					ids = append(ids, `{"id":`+id+`}`)
				}
			}
			if got := strings.Join(ids, ","); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		d.want(d.app, "GET", "/customers/1/metafields?include_fields=value,owner_client_id&limit=1&key=k0", "", 200,
			`{"data":[{"id":1,"value":"v","owner_client_id":"app"}],"meta":{"pagination":{"total":1,"count":1,"per_page":1,"current_page":1,"total_pages":1},`+
				`"cursor_pagination":{"count":1,"per_page":1,"start_cursor":"eyJpZCI6MX0","end_cursor":"eyJpZCI6MX0","links":{}}}}`)
		if text := d.want(d.app, "GET", "/customers/metafields?key=k0", "", 200, ""); !strings.Contains(text, `"total":2`) {
			t.Errorf("of all customers: %s", text)
		}
		for _, query := range []string{"direction=up", "include_fields=id2", "resource_id:in=1", "customer_id:in=1", "readable:in=x", "after=x", "sort=id"} {
			d.want(d.app, "GET", "/customers/metafields?"+query, "", 422, "")
		}
		d.want(d.app, "DELETE", "/customers?id:in=1", "", 204, "")
		if text := d.want(d.app, "GET", "/customers/metafields", "", 200, ""); !strings.Contains(text, `"total":1`) {
			t.Errorf("after the customer went: %s", text)
		}
	})
}
