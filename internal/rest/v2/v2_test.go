package v2_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/api"
	"clientele/api/apitest"
	"clientele/internal/auth"
	"clientele/internal/group"
	v2 "clientele/internal/rest/v2"
)

func TestRoutesAreThoseOfTheDocument(t *testing.T) {
	s := v2.New(v2.Services{}, nil, "")
	text, err := api.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	for _, op := range apitest.New(t).Operations() {
		if pattern, ok := strings.CutPrefix(op.Path, s.Prefix()); ok {
			documented[op.Method+" "+pattern] = op.Query
		}
	}
	for _, r := range s.Routes() {
		name := r.Method + " " + r.Pattern
		query, ok := documented[name]
		if !ok {
			t.Errorf("%s is served and not documented", name)
		}
		delete(documented, name)
		var served []string
		if r.List != nil {
			served = r.List.Params()
		}
		if slices.Sort(served); !slices.Equal(served, slices.Sorted(slices.Values(query))) {
			t.Errorf("%s takes %q, documented are %q", name, served, query)
		}
		var op struct {
			Scope []auth.Scope `json:"x-scope"`
		}
		if err := json.Unmarshal(doc.Paths[s.Prefix()+r.Pattern][strings.ToLower(r.Method)], &op); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(op.Scope, r.Need) {
			t.Errorf("%s needs %v, documented are %v", name, r.Need, op.Scope)
		}
	}
	for name := range documented {
		t.Errorf("%s is documented and not served", name)
	}
}

const ines = `{"id":1,"company":"","first_name":"Inês","last_name":"Duarte","email":"Ines.Duarte@example.com","phone":"","form_fields":[{"name":"License ID","value":"<&>"},{"name":"Likes","value":"Tea, Coffee"},{"name":"Age","value":"33"}],` +
	`"date_created":"Thu, 18 Jun 2026 14:37:37 +0000","date_modified":"Thu, 18 Jun 2026 14:37:37 +0000","store_credit":"18.5000","registration_ip_address":"","customer_group_id":2,"notes":"","tax_exempt_category":"","reset_pass_on_login":false,"accepts_marketing":false,` +
	`"addresses":{"url":"http://HOST/stores/shop/v2/customers/1/addresses","resource":"/customers/1/addresses"}}`

func TestReadCustomers(t *testing.T) {
	each(t, func(f *fixture) {
		f.want(200, "["+ines+"]", "GET", "/customers", "")
		f.want(200, ines, "GET", "/customers/1", "")
		f.want(200, ines, "GET", "/customers/1/", "")
		f.want(200, "["+ines+"]", "GET", "/customers?first_name=in%C3%AAs&last_name=Duarte&email=ines.duarte@EXAMPLE.com&store_credit=18.50&customer_group_id=2&min_id=1&max_id=1&min_date_created=Thu, 18 Jun 2026 14:37:37 %2B0000&limit=1000", "")
		f.want(200, "["+ines+"]", "GET", "/customers?&limit=250", "")
		for _, day := range []string{"2026-06-18", "Thu, 18 Jun 2026 10:37:37 EDT", "Thu, 18 Jun 2026 14:37:37 UT", "18 Jun 2026 14:37:37 Z", "Thu, 18 Jun 2026 16:37:37 %2B0200"} {
			for _, name := range []string{"date_created", "date_modified"} {
				f.want(200, "["+ines+"]", "GET", "/customers?min_"+name+"="+day+"&max_"+name+"="+day, "")
				f.want(200, `{"count":1}`, "GET", "/customers/count?min_"+name+"="+day+"&max_"+name+"="+day, "")
			}
			f.want(200, `[{"id":2,"name":"Trade"…`, "GET", "/customer_groups?date_created:min="+day+"&date_created:max="+day, "")
		}
		f.want(204, "", "GET", "/customers?min_date_created=2026-06-19", "")
		f.want(204, "", "GET", "/customers?max_date_created=2026-06-17", "")
		for _, name := range []string{"min_date_created", "max_date_modified"} {
			f.want(400, fault("400", "The field '"+name+"' is invalid."), "GET", "/customers?"+name+"=Thu, 18 Jun 2026 14:37:37 CET", "")
		}
		f.want(204, "", "GET", "/customers?page=2", "")
		f.want(204, "", "GET", "/customers?email=nobody@example.com", "")
		f.want(200, `{"count":1}`, "GET", "/customers/count", "")
		f.want(200, `{"count":0}`, "GET", "/customers/count?company=ACME", "")
		f.want(400, fault("400", "The field 'id' is not supported by this resource."), "GET", "/customers?id=1", "")
		f.want(400, fault("400", "The field 'min_id' is invalid."), "GET", "/customers?min_id=x", "")
		f.want(400, fault("400", "The field 'page' is not supported by this resource."), "GET", "/customers/1?page=1", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/customers/2", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/customers/x", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/nothing", "")
		f.want(405, fault("405", "The requested resource does not support this HTTP method."), "OPTIONS", "/customers", "")
		f.want(501, fault("501", "This HTTP method is not supported."), "PATCH", "/customers", "")
		f.want(406, fault("406", "The response content type requested in the Accept header is not supported."), "GET", "/customers", "", "Accept: text/html")
		f.want(200, `{"count":1}`, "GET", "/customers/count.json", "", "Accept: text/html")
		f.want(200, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<customers><count>1</count></customers>", "GET", "/customers/count", "", "Accept: text/html, text/xml")
		if got := f.ask("OPTIONS", "/customers/1", ""); got.header.Get("Allow") != "GET, HEAD, PUT, DELETE" {
			f.t.Errorf("Allow is %q", got.header.Get("Allow"))
		}
		if got := f.ask("GET", "/customers", ""); got.header.Get("X-Rate-Limit-Requests-Left") == "" || got.header.Get("Content-Type") != "application/json" {
			f.t.Errorf("the header is %v", got.header)
		}
	})
}

// What was not changed since is not sent again.
func TestIfModifiedSince(t *testing.T) {
	each(t, func(f *fixture) {
		f.ask("POST", "/hooks", `{"scope":"store/customer/created","destination":"https://app.example.com/h"}`)
		for i, target := range []string{"/customers/1", "/hooks/1"} {
			f.ask("PUT", "/customers/1", fmt.Sprintf(`{"notes":"%d"}`, i))
			f.ask("PUT", "/hooks/1", fmt.Sprintf(`{"is_active":%v}`, i == 1))
			since := f.Clock.Now().UTC()
			if a := f.ask("GET", target, "", "If-Modified-Since: "+since.Format(http.TimeFormat)); a.status != 200 || a.header.Get("Last-Modified") != "" {
				t.Errorf("%s in the second of its change: %d %q", target, a.status, a.header.Get("Last-Modified"))
			}
			f.Clock.Advance(time.Minute)
			a := f.ask("GET", target, "")
			last := a.header.Get("Last-Modified")
			if a.status != 200 || last != since.Format(http.TimeFormat) {
				t.Errorf("%s: %d %q, want %s", target, a.status, last, since)
			}
			for name, value := range map[string]string{"as told": last, "as V2 shows it": since.Format(time.RFC1123Z), "later": since.Add(time.Second).Format(http.TimeFormat)} {
				for _, method := range []string{"GET", "HEAD"} {
					if a := f.ask(method, target, "", "If-Modified-Since: "+value); a.status != 304 || a.body != "" || a.header.Get("Last-Modified") != last {
						t.Errorf("%s %s, %s: %d %s", method, target, name, a.status, a.body)
					}
				}
			}
			for name, value := range map[string]string{"before": since.Add(-time.Second).Format(http.TimeFormat), "in the future": since.Add(time.Hour).Format(http.TimeFormat), "no date": "yesterday"} {
				if a := f.ask("GET", target, "", "If-Modified-Since: "+value); a.status != 200 {
					t.Errorf("%s, %s: %d", target, name, a.status)
				}
			}
			if a := f.ask("GET", target, "", "If-Modified-Since: "+last, "X-Auth-Token: foreign"); a.status != 401 {
				t.Errorf("%s with another store's token: %d", target, a.status)
			}
		}
		f.ask("PUT", "/customers/1", `{"notes":"later"}`)
		f.Clock.Advance(time.Second)
		if a := f.ask("GET", "/customers/1", "", "If-Modified-Since: "+f.Clock.Now().Add(-time.Minute).UTC().Format(http.TimeFormat)); a.status != 200 || !strings.Contains(a.body, "later") {
			t.Errorf("what was changed: %d %s", a.status, a.body)
		}
	})
}

// A 201 says where what was made is.
func TestLocation(t *testing.T) {
	each(t, func(f *fixture) {
		const hook = `{"scope":"store/customer/%s","destination":"https://app.example.com/h"}`
		for i, c := range []struct{ target, scope, base string }{{"/hooks", "created", "/stores/shop/v2"}, {"/hooks.json", "updated", "/stores/shop/v2"}} {
			a := f.ask("POST", c.target, fmt.Sprintf(hook, c.scope))
			to := a.header.Get("Location")
			if want := fmt.Sprint(c.base, "/hooks/", i+1, strings.TrimPrefix(c.target, "/hooks")); a.status != 201 || to != want {
				t.Errorf("%s: %d %q, want %q", c.target, a.status, to, want)
			}
			if got := f.ask("GET", to, ""); got.status != 200 || got.body != a.body {
				t.Errorf("%s: %d %s, want %s", to, got.status, got.body, a.body)
			}
		}
		for target, body := range map[string]string{"/stores/shop/v3/wishlists": `{"customer_id":1,"name":"W"}`, "/stores/shop/v3/sites": `{"channel_id":2,"url":"https://two.example.com"}`} {
			f.ask("POST", "/stores/shop/v3/channels", `{"name":"Two","type":"storefront","platform":"custom"}`)
			a := f.ask("POST", target, body)
			to := a.header.Get("Location")
			if got := f.ask("GET", to, ""); a.status != 201 || !strings.HasPrefix(to, target+"/") || got.status != 200 || got.body != a.body {
				t.Errorf("%s: %d %s at %q: %d %s", target, a.status, a.body, to, got.status, got.body)
			}
		}
	})
}

func TestScopesAndTokens(t *testing.T) {
	each(t, func(f *fixture) {
		f.want(401, fault("401", "No valid credentials were supplied in the request."), "GET", "/customers", "", "X-Auth-Token: ")
		f.want(401, fault("401", "No valid credentials were supplied in the request."), "GET", "/customers", "", "X-Auth-Token: foreign")
		for _, target := range []string{"/customers", "/store", "/countries/1", "/customer_groups"} {
			f.want(403, fault("403", "You don't have a required scope to access the endpoint"), "GET", target, "", "X-Auth-Token: marketing")
			if got := f.ask("GET", target, "", "X-Auth-Token: reader"); got.status != 200 {
				f.t.Errorf("%s: %d", target, got.status)
			}
		}
		f.want(403, fault("403", "You don't have a required scope to access the endpoint"), "DELETE", "/customers", "", "X-Auth-Token: reader")
		// Another store's customers have ids here that lead nowhere.
		f.want(404, fault("404", "The requested resource was not found."), "PUT", "/customers/2", `{"notes":"x"}`)
		f.want(404, fault("404", "The requested resource was not found."), "DELETE", "/customers/2", "")
		f.want(404, fault("404", "The requested resource was not found."), "DELETE", "/customer_groups/9", "")
		f.want(200, `{"count":2}`, "GET", "/stores/other/v2/customers/count", "", "X-Auth-Token: foreign")
	})
}

func TestWriteCustomers(t *testing.T) {
	each(t, func(f *fixture) {
		made := f.ask("POST", "/customers", `{"company":"BigCommerce","first_name":"Jane","last_name":"Doe","email":"janedoe@example.com","phone":1234567890,"store_credit":"10","registration_ip_address":"12.345.678.910","customer_group_id":0,"notes":"N","tax_exempt_category":"G","reset_pass_on_login":false,"_authentication":{"password":"12w69Y217PYR96J","password_confirmation":"12w69Y217PYR96J"}}`)
		want := `{"id":2,"company":"BigCommerce","first_name":"Jane","last_name":"Doe","email":"janedoe@example.com","phone":"1234567890","form_fields":null,"date_created":"Thu, 18 Jun 2026 14:37:37 +0000","date_modified":"Thu, 18 Jun 2026 14:37:37 +0000","store_credit":"10.0000","registration_ip_address":"12.345.678.910","customer_group_id":0,"notes":"N","tax_exempt_category":"G","reset_pass_on_login":false,"accepts_marketing":false,"addresses":{"url":"http://` + f.http.Listener.Addr().String() + `/stores/shop/v2/customers/2/addresses","resource":"/customers/2/addresses"}}`
		if made.status != 200 || made.body != want {
			f.t.Errorf("got %d %s\nwant %s", made.status, made.body, want)
		}
		f.want(200, `{"success":true}`, "POST", "/customers/2/validate", `{"password":"12w69Y217PYR96J"}`)
		f.want(200, `{"success":false}`, "POST", "/customers/2/validate", `{"password":"other"}`)
		f.want(400, fault("400", "The required field 'password' was not supplied."), "POST", "/customers/2/validate", `{}`)
		f.want(404, fault("404", "The requested resource was not found."), "POST", "/customers/9/validate", `{"password":"x"}`)

		f.Clock.Advance(time.Hour)
		f.want(200, `{"id":2,"company":"BigCommerce","first_name":"Janet"…`, "PUT", "/customers/2", `{"first_name":"Janet","store_credit":1.25,"registration_ip_address":"2.2.2.2","customer_group_id":2,"_authentication":{"force_reset":true,"password":"22w69Y217PYR96J"}}`)
		got := f.ask("GET", "/customers/2", "").body
		for _, part := range []string{`"store_credit":"1.2500"`, `"registration_ip_address":"2.2.2.2"`, `"customer_group_id":2`, `"reset_pass_on_login":true`, `"date_modified":"Thu, 18 Jun 2026 15:37:37 +0000"`, `"date_created":"Thu, 18 Jun 2026 14:37:37 +0000"`} {
			if !strings.Contains(got, part) {
				f.t.Errorf("%s is not in %s", part, got)
			}
		}
		f.want(200, `{"success":true}`, "POST", "/customers/2/validate", `{"password":"22w69Y217PYR96J"}`)
		// Sums of floats are rounded, as numbers and as text, and found as well.
		for sent, kept := range map[string]string{
			`25.299999999999997`: "25.3000", `"0.30000000000000004"`: "0.3000", `1.00005`: "1.0001", `1.00004999`: "1.0000", `1e-400`: "0.0000", `12.5e1`: "125.0000",
			`9999999999.99994`: "9999999999.9999", `1.25`: "1.2500",
		} {
			if got := f.ask("PUT", "/customers/2", `{"store_credit":`+sent+`}`); got.status != 200 || !strings.Contains(got.body, `"store_credit":"`+kept+`"`) {
				f.t.Errorf("%s: %d %s", sent, got.status, got.body)
			}
			if !strings.Contains(sent, "e") {
				f.want(200, `{"count":1}`, "GET", "/customers/count?store_credit="+strings.Trim(sent, `"`), "")
			}
		}
		for _, bad := range []string{`"NaN"`, `"Infinity"`, `"-Infinity"`, `"1e400"`, `1e400`, `"0x10"`, `"1,5"`, `99999999999999999999`, `-0.0001`, `10000000000.0001`} {
			if got := f.ask("PUT", "/customers/2", `{"store_credit":`+bad+`}`); got.status != 400 || !strings.Contains(got.body, "The field 'store_credit' is invalid.") {
				f.t.Errorf("%s: %d %s", bad, got.status, got.body)
			}
		}
		for _, bad := range []string{`NaN`, `Infinity`, `-Infinity`} {
			if got := f.ask("PUT", "/customers/2", `{"store_credit":`+bad+`}`); got.status != 400 {
				f.t.Errorf("%s: %d %s", bad, got.status, got.body)
			}
		}
		f.want(200, `{"id":2,"company":"BigCommerce"…`, "PUT", "/customers/2", `{"store_credit":1.25}`)
		// V3 shows the same customer at once.
		if v3 := f.ask("GET", "/stores/shop/v3/customers?id:in=2&include=storecredit", "").body; !strings.Contains(v3, `"first_name":"Janet"`) || !strings.Contains(v3, `"amount":1.25`) {
			f.t.Error(v3)
		}
		if got := f.ask("PUT", "/stores/shop/v3/customers", `[{"id":2,"notes":"by V3"}]`); got.status != 200 {
			f.t.Error(got.body)
		}
		if got := f.ask("GET", "/customers/2", "").body; !strings.Contains(got, `"notes":"by V3"`) || !strings.Contains(got, `"registration_ip_address":"2.2.2.2"`) {
			f.t.Error(got)
		}

		for _, one := range []string{"/customers/2", "/customers/1/addresses/1", "/customer_groups/1", "/hooks/1"} {
			if got := f.ask("DELETE", one+"?force=1", ""); got.status != 400 || !strings.Contains(got.body, "The field 'force' is not supported by this resource.") {
				f.t.Errorf("DELETE %s?force=1: %d %s", one, got.status, got.body)
			}
		}
		f.want(204, "", "DELETE", "/customers/2", "")
		f.want(404, fault("404", "The requested resource was not found."), "DELETE", "/customers/2", "")
		f.want(400, fault("400", "The field 'min_id' is not supported by this resource."), "DELETE", "/customers?min_id=1", "")
		f.want(204, "", "DELETE", "/customers", "")
		f.want(204, "", "GET", "/customers", "")
		f.want(200, `{"count":2}`, "GET", "/stores/other/v2/customers/count", "", "X-Auth-Token: foreign")
	})
}

func TestBadCustomers(t *testing.T) {
	readOnly := func(name string) string {
		return "The field '" + name + "' cannot be written to. Please remove it from your request before trying again."
	}
	base := `"first_name":"A","last_name":"B","email":"new@example.com"`
	each(t, func(f *fixture) {
		for body, want := range map[string]string{
			`{"last_name":"B","email":"x@example.com"}`:                                    fault("400", "The required field 'first_name' was not supplied."),
			`{"first_name":"A","email":"x@example.com"}`:                                   fault("400", "The required field 'last_name' was not supplied."),
			`{"first_name":"A","last_name":"B"}`:                                           fault("400", "The required field 'email' was not supplied."),
			`{"first_name":"A","last_name":null,"email":null}`:                             `[{"status":400,"message":"The required field 'last_name' was not supplied."},{"status":400,"message":"The required field 'email' was not supplied."}]`,
			`{"first_name":"A","last_name":"B","email":"abcd"}`:                            fault("400", "The field 'email' is invalid."),
			`{` + base + `,"customer_group_id":"group id"}`:                                fault("400", "The field 'customer_group_id' is invalid."),
			`{` + base + `,"customer_group_id":77}`:                                        fault("400", "The field 'customer_group_id' is invalid."),
			`{` + base + `,"customer_group_id":9}`:                                         fault("400", "The field 'customer_group_id' is invalid."),
			`{` + base + `,"id":7}`:                                                        fault("400", readOnly("id")),
			`{` + base + `,"accepts_marketing":true}`:                                      fault("400", readOnly("accepts_marketing")),
			`{` + base + `,"form_fields":[]}`:                                              fault("400", readOnly("form_fields")),
			`{` + base + `,"date_created":"x","addresses":{}}`:                             `[{"status":400,"message":"` + readOnly("date_created") + `"},{"status":400,"message":"` + readOnly("addresses") + `"}]`,
			`{` + base + `,"nickname":"J"}`:                                                fault("400", "The field 'nickname' is not supported by this resource."),
			`{` + base + `,"store_credit":"much"}`:                                         fault("400", "The field 'store_credit' is invalid."),
			`{` + base + `,"store_credit":-1}`:                                             `[{"status":400,"message":"The field 'store_credit' is invalid.","details":{"invalid_reason":"store credit must be between 0 and 10000000000"}}]`,
			`{` + base + `,"reset_pass_on_login":"maybe"}`:                                 fault("400", "The field 'reset_pass_on_login' is invalid."),
			`{` + base + `,"_authentication":{"password_confirmation":"12w69Y217PYR96J"}}`: `[{"status":400,"message":"The field 'password_confirmation' is invalid.","details":{"invalid_reason":"The confirmation is not the password."}}]`,
			`{` + base + `,"_authentication":{"password":"short"}}`:                        `[{"status":400,"message":"The field 'password' is invalid.","details":{"invalid_reason":"password must be at least 7 characters long"}}]`,
			`{` + base + `,"_authentication":{"salt":"x"}}`:                                fault("400", "The field 'salt' is not supported by this resource."),
			`{` + base + `,"_authentication":1}`:                                           fault("400", "The field '_authentication' is invalid."),
			`[]`:                                                                           fault("400", "The request body must be an object."),
			`{"a`:                                                                          `[{"status":400,"message":"The request is invalid.","details":…`,
		} {
			f.want(400, want, "POST", "/customers", body)
		}
		f.want(409, `[{"status":409,"message":"The field 'email' is invalid.","details":{"conflict_reason":"The email address ines.duarte@example.com is already in use."}}]`, "POST", "/customers", `{"first_name":"A","last_name":"B","email":"ines.duarte@example.com"}`)
		f.want(415, fault("415", "The content type of the request is not supported."), "POST", "/customers", `a=b`, "Content-Type: application/x-www-form-urlencoded")
		f.want(400, fault("400", "The field 'first_name' is not supported by this resource."), "PUT", "/customer_groups/2", `{"first_name":"x"}`)
		f.want(200, `{"count":1}`, "GET", "/customers/count", "")
	})
}

const rua = `{"id":1,"customer_id":1,"first_name":"Inês","last_name":"Duarte","company":"","street_1":"Rua 1","street_2":"","city":"Lisboa","state":"","zip":"1200-195","country":"Portugal","country_iso2":"PT","phone":"1","address_type":"residential"}`

func TestAddresses(t *testing.T) {
	each(t, func(f *fixture) {
		const book = "/customers/1/addresses"
		f.want(200, "["+rua+"]", "GET", book, "")
		f.want(204, "", "GET", book+"?page=2&limit=10", "")
		f.want(200, rua, "GET", book+"/1?page=1&limit=1", "")
		f.want(200, rua, "GET", "/customers/addresses/1", "")
		f.want(200, `{"count":1}`, "GET", book+"/count?limit=5", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/customers/9/addresses", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/customers/9/addresses/1", "")
		f.want(400, fault("400", "The field 'city' is not supported by this resource."), "GET", book+"?city=x", "")

		full := `{"first_name":"Jane","last_name":"Doe","company":"BC","street_1":"123 Main Street","street_2":"","city":"Austin","state":"texas","zip":78726,"country":"United States","phone":"123-345-7890","address_type":"commercial","customer_id":1}`
		made := `{"id":2,"customer_id":1,"first_name":"Jane","last_name":"Doe","company":"BC","street_1":"123 Main Street","street_2":"","city":"Austin","state":"Texas","zip":"78726","country":"United States","country_iso2":"US","phone":"123-345-7890","address_type":"commercial"}`
		f.want(200, made, "POST", book, full)
		f.want(200, made, "POST", book, full) // there already
		for _, name := range []string{"first_name", "last_name", "phone", "street_1", "city", "state", "zip", "country"} {
			var v map[string]any
			if err := json.Unmarshal([]byte(full), &v); err != nil {
				f.t.Fatal(err)
			}
			delete(v, name)
			text, err := json.Marshal(v)
			if err != nil {
				f.t.Fatal(err)
			}
			f.want(400, fault("400", "The required field '"+name+"' was not supplied."), "POST", book, string(text))
		}
		f.want(400, fault("400", "The field 'country' is invalid."), "POST", book, strings.Replace(full, "United States", "abcd", 1))
		f.want(400, fault("400", "The field 'state' is invalid."), "POST", book, strings.Replace(full, `"texas"`, "null", 1))
		f.want(400, `[{"status":400,"message":"The field 'state' is invalid."}]`, "POST", book, strings.Replace(full, `"texas"`, `"TX"`, 1))
		f.want(400, fault("400", "The field 'nick' is not supported by this resource."), "POST", book, strings.Replace(full, "{", `{"nick":1,`, 1))
		f.want(400, `[{"status":400,"message":"The field 'customer_id' cannot be written to. Please remove it from your request before trying again."}]`, "POST", book, strings.Replace(full, `"customer_id":1`, `"customer_id":5`, 1))
		f.want(404, fault("404", "The requested resource was not found."), "POST", "/customers/9/addresses", strings.Replace(full, `"customer_id":1`, `"customer_id":9`, 1))
		// A country goes by its names and codes alike.
		for _, name := range []string{"united states", " United States ", "United States of America", "US", "usa"} {
			f.want(200, made, "POST", book, strings.Replace(full, "United States", name, 1))
		}
		// A space says that there is no state.
		f.want(200, `{"id":3,"customer_id":1,"first_name":"Jane","last_name":"Doe","company":"BC","street_1":"1","street_2":"","city":"Singapore","state":"","zip":"018956","country":"Singapore","country_iso2":"SG"…`, "POST", book,
			`{"first_name":"Jane","last_name":"Doe","company":"BC","street_1":"1","city":"Singapore","state":" ","zip":"018956","country":"Singapore","phone":"1"}`)

		// What was read may be sent back.
		f.want(200, strings.Replace(made, "Austin", "Dallas", 1), "PUT", book+"/2", strings.Replace(made, "Austin", "Dallas", 1))
		f.want(200, `{"id":2,"customer_id":1,"first_name":"Jane","last_name":"Doe","company":"BC","street_1":"123 Main Street","street_2":"","city":"Dallas","state":"Ontario","zip":"78726","country":"Canada","country_iso2":"CA"…`, "PUT", book+"/2", `{"country":"Canada","state":"Ontario","country_iso2":"US"}`)
		f.want(400, fault("400", "The field 'country_iso2' cannot be written to. Please remove it from your request before trying again."), "PUT", book+"/2", `{"country_iso2":"FR"}`)
		f.want(400, fault("400", "The field 'id' cannot be written to. Please remove it from your request before trying again."), "PUT", book+"/2", `{"id":3}`)
		f.want(409, `[{"status":409,"message":"The request is invalid.","details":{"conflict_reason":"the customer has this address already"}}]`, "PUT", book+"/2", strings.Replace(strings.Replace(rua, `"id":1,`, ``, 1), `"state":""`, `"state":" "`, 1))
		f.want(404, fault("404", "The requested resource was not found."), "PUT", book+"/9", `{"city":"x"}`)

		f.want(204, "", "DELETE", book+"/3", "")
		f.want(404, fault("404", "The requested resource was not found."), "DELETE", book+"/3", "")
		f.want(204, "", "DELETE", book+"?limit=1&page=2", "")
		f.want(200, "["+rua+"]", "GET", book, "")
		f.want(204, "", "DELETE", book, "")
		f.want(200, `{"count":0}`, "GET", book+"/count", "")
		f.want(204, "", "GET", book, "")
	})
}

const trade = `{"id":2,"name":"Trade","is_default":false,"category_access":{"type":"specific","categories":[18,19]},"discount_rules":[{"type":"category","category_id":3,"method":"percent","amount":"5.0000"}],"date_created":"2026-06-18 14:37:37","date_modified":"2026-06-18 14:37:37","is_group_for_guests":false}`

func TestGroups(t *testing.T) {
	each(t, func(f *fixture) {
		f.want(200, "["+trade+"]", "GET", "/customer_groups", "")
		f.want(200, trade, "GET", "/customer_groups/2", "")
		f.want(200, trade, "GET", "/customer_groups/2?name=trade&limit=5&date_created:min=2018-09-05", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/customer_groups/2?name=other", "")
		f.want(400, fault("400", "The field 'name:like' is not supported by this resource."), "GET", "/customer_groups/2?name:like=x", "")
		f.want(200, "["+trade+"]", "GET", "/customer_groups?name:like=rad&is_default=false&is_group_for_guests=false&date_modified:min=2019-09-04T:00:00:00&date_created=2026-06-18", "")
		f.want(204, "", "GET", "/customer_groups?is_default=true", "")
		f.want(200, `{"count":1}`, "GET", "/customer_groups/count", "")
		f.want(200, `{"count":0}`, "GET", "/customer_groups/count?name=x", "")

		rules := `"discount_rules":[{"type":"all","method":"percent","amount":2.5},{"type":"product","product_id":33,"method":"percent","amount":"5.00"},{"type":"category","category_id":"7","method":"price","amount":12}]`
		f.want(200, `{"id":3,"name":"Wholesale","is_default":true,"category_access":{"type":"all"},"discount_rules":[{"type":"all","method":"percent","amount":"2.5000"},{"type":"product","product_id":33,"method":"percent","amount":"5.0000"},{"type":"category","category_id":7,"method":"price","amount":"12.0000"}],"date_created":"2026-06-18 14:37:37","date_modified":"2026-06-18 14:37:37","is_group_for_guests":false}`,
			"POST", "/customer_groups", `{"name":"Wholesale","is_default":true,"category_access":{"type":"all"},`+rules+`}`)
		f.Clock.Advance(time.Hour)
		f.want(200, `{"id":3,"name":"Wholesale","is_default":true,"category_access":{"type":"none"},"discount_rules":[{"type":"price_list","price_list_id":3}],"date_created":"2026-06-18 14:37:37","date_modified":"2026-06-18 15:37:37","is_group_for_guests":true}`,
			"PUT", "/customer_groups/3", `{"category_access":{"type":"none"},"is_group_for_guests":true,"discount_rules":[{"type":"price_list","price_list_id":3}]}`)
		// New customers join the default group, unless they say otherwise.
		for body, want := range map[string]string{
			`{"first_name":"A","last_name":"B","email":"d1@example.com"}`:                       `"customer_group_id":3`,
			`{"first_name":"A","last_name":"B","email":"d2@example.com","customer_group_id":0}`: `"customer_group_id":0`,
		} {
			if got := f.ask("POST", "/customers", body); !strings.Contains(got.body, want) {
				f.t.Errorf("%s is not in %s", want, got.body)
			}
		}
		invalid := func(name string) string { return `[{"status":400,"message":"The field '` + name + `' is invalid."` }
		for body, want := range map[string]string{
			`{"is_default":true}`:                                                                               fault("400", "The required field 'name' was not supplied."),
			`{"name":"G","is_default":"one"}`:                                                                   fault("400", "The field 'is_default' is invalid."),
			`{"name":"G","category_access":{"type":1}}`:                                                         invalid("type") + "…",
			`{"name":"G","category_access":{"type":"specific"}}`:                                                `[{"status":400,"message":"The required field 'categories' was not supplied."…`,
			`{"name":"G","discount_rules":[{"type":"1","method":"fixed","amount":1}]}`:                          invalid("type") + "…",
			`{"name":"G","discount_rules":[{"type":"all","method":"122","amount":2.5}]}`:                        invalid("method") + "…",
			`{"name":"G","discount_rules":[{"type":"all","method":"percent","amount":"ABC"}]}`:                  invalid("amount") + "…",
			`{"name":"G","discount_rules":[{"type":"product","product_id":"one","method":"fixed","amount":1}]}`: invalid("product_id") + "…",
			`{"name":"G","discount_rules":[{"type":"category","method":"fixed","amount":1}]}`:                   `[{"status":400,"message":"The required field 'category_id' was not supplied."}]`,
			`{"name":"G","discount_rules":[{"type":"price_list","price_list_id":1},{"type":"all"}]}`:            `[{"status":400,"message":"The field 'type' is invalid.","details":{"invalid_reason":"a price_list rule must be the only rule"}}]`,
			`{"name":"G","discount_rules":[{"type":"price_list","price_list_id":1,"amount":1}]}`:                `[{"status":400,"message":"The field 'amount' is not supported by this resource."…`,
			`{"name":"G","discount_rules":[1]}`:                                                                 invalid("0") + "…",
			`{"name":"G","date_created":"x"}`:                                                                   `[{"status":400,"message":"The field 'date_created' cannot be written to.…`,
		} {
			f.want(400, want, "POST", "/customer_groups", body)
		}
		f.want(404, fault("404", "The requested resource was not found."), "PUT", "/customer_groups/77", `{"name":"x"}`)
		f.want(204, "", "DELETE", "/customer_groups/2", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/customer_groups/2", "")
		if got := f.ask("GET", "/customers/1", "").body; !strings.Contains(got, `"customer_group_id":0`) || !strings.Contains(got, `"date_modified":"Thu, 18 Jun 2026 15:37:37 +0000"`) {
			f.t.Error(got)
		}
		f.want(204, "", "DELETE", "/customer_groups", "")
		f.want(204, "", "GET", "/customer_groups", "")
		f.want(204, "", "GET", "/customers?customer_group_id=3", "")
		f.want(200, `{"count":1}`, "GET", "/stores/other/v2/customer_groups/count", "", "X-Auth-Token: foreign")
	})
}

// Discounts are refused of a group that has a price list on a channel, which
// the rules do not show.
func TestDiscountsBesidePriceLists(t *testing.T) {
	each(t, func(f *fixture) {
		st, err := f.Stores.ByHash(f.t.Context(), "shop")
		if err != nil {
			f.t.Fatal(err)
		}
		f.ask("POST", "/customer_groups", `{"name":"Wholesale"}`)
		for _, a := range []group.Assignment{{PriceListID: 8, GroupID: 3, ChannelID: 1}, {PriceListID: 9, GroupID: 3}} {
			if _, err := f.Groups.PutAssignment(f.t.Context(), st.ID, a); err != nil {
				f.t.Fatal(err)
			}
		}
		const list = `"discount_rules":[{"type":"price_list","price_list_id":9}]`
		if got := f.ask("GET", "/customer_groups/3", "").body; !strings.Contains(got, list) {
			f.t.Errorf("%s is not in %s", list, got)
		}
		f.want(400, `[{"status":400,"message":"The field 'discount_rules' is invalid.","details":{"invalid_reason":"a customer group with price lists on channels takes no discount rules"}}]`,
			"PUT", "/customer_groups/3", `{"name":"Other","discount_rules":[{"type":"all","amount":5}]}`)
		if got := f.ask("GET", "/customer_groups/3", "").body; !strings.Contains(got, list) || !strings.Contains(got, "Wholesale") {
			f.t.Errorf("after the refusal: %s", got)
		}
	})
}

func TestGeographyAndStore(t *testing.T) {
	each(t, func(f *fixture) {
		us := `{"id":226,"country":"United States","country_iso2":"US","country_iso3":"USA","states":{"url":"http://HOST/stores/shop/v2/countries/226/states","resource":"/countries/226/states"}}`
		texas := `{"id":57,"state":"Texas","state_abbreviation":"TX","country_id":226}`
		f.want(200, us, "GET", "/countries/226", "")
		f.want(200, "["+us+"]", "GET", "/countries?country=united%20states&country_iso2=us&country_iso3=USA", "")
		f.want(204, "", "GET", "/countries?country_iso2=XX", "")
		f.want(204, "", "GET", "/countries?page=99", "")
		f.want(200, `{"count":250}`, "GET", "/countries/count", "")
		f.want(200, `{"count":1}`, "GET", "/countries/count?country_iso2=US", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/countries/9999", "")
		f.want(400, fault("400", "The field 'name' is not supported by this resource."), "GET", "/countries?name=x", "")
		f.want(200, "["+texas+"]", "GET", "/countries/226/states?state=texas", "")
		f.want(200, "["+texas+"]", "GET", "/countries/226/states?state_abbreviation=tx&limit=5", "")
		f.want(200, texas, "GET", "/countries/226/states/57", "")
		f.want(200, texas, "GET", "/countries/states/57", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/countries/13/states/57", "")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/countries/9999/states", "")
		f.want(204, "", "GET", "/countries/1/states", "")
		f.want(200, `{"count":0}`, "GET", "/countries/1/states/count", "")
		f.want(200, `[{"id":1,"state":"Alabama"…`, "GET", "/countries/states?limit=2", "")
		if got := f.ask("GET", "/countries/states/count", "").body; got == `{"count":0}` {
			f.t.Error(got)
		}
		f.want(200, fmt.Sprintf(`{"time":%d}`, start.Unix()), "GET", "/time", "")
		f.want(200, `{"id":"shop","domain":"shop.example.com","secure_url":"https://shop.example.com","control_panel_base_url":"https://shop.example.com","status":"live","name":"Shop","first_name":"","last_name":"","address":"","country":"Portugal","country_code":"PT"…`, "GET", "/store", "")
		if got := f.ask("GET", "/store", "").body; !strings.Contains(got, `"timezone":{"name":"America/Chicago","raw_offset":-21600,"dst_offset":-18000,"dst_correction":true,`) {
			f.t.Error(got)
		}
		f.want(400, fault("400", "The field 'x' is not supported by this resource."), "GET", "/time?x=1", "")
	})
}

// What a store has on is looked up, not assumed.
func TestFeatures(t *testing.T) {
	each(t, func(f *fixture) {
		ctx := f.t.Context()
		shop, err := f.Stores.ByHash(ctx, "shop")
		if err != nil {
			f.t.Fatal(err)
		}
		want := func(when string, https, graphql, consent bool) {
			f.t.Helper()
			features := fmt.Sprintf(`"features":{"stencil_enabled":false,"sitewidehttps_enabled":%v,"facebook_catalog_id":"","checkout_type":"optimized",`+
				`"wishlists_enabled":true,"graphql_storefront_api_enabled":%v,"shopper_consent_tracking_enabled":%v,"multi_storefront_enabled":true}`, https, graphql, consent)
			if got := f.ask("GET", "/store", "").body; !strings.Contains(got, features) {
				f.t.Errorf("%s: %s\nwant %s", when, got, features)
			}
		}
		ask := func(method, target, body string) {
			f.t.Helper()
			if got := f.ask(method, "/stores/shop/v3"+target, body); got.status >= 300 {
				f.t.Fatalf("%s %s: %d %s", method, target, got.status, got.body)
			}
		}
		want("at first", true, true, false)
		ask("PUT", "/customers/settings", `{"privacy_settings":{"ask_shopper_for_tracking_consent":true}}`)
		want("the store asks for consent", true, true, true)
		ask("PUT", "/customers/settings/channels/1", `{"privacy_settings":{"ask_shopper_for_tracking_consent":false}}`)
		want("its only channel does not", true, true, false)
		ask("PUT", "/channels/1/site", `{"url":"http://shop.localhost"}`)
		if err := f.Stores.ProveHost(ctx, shop.ID, "shop.localhost"); err != nil {
			f.t.Fatal(err)
		}
		want("a site without https", false, true, false)
		ask("PUT", "/channels/1", `{"status":"inactive"}`)
		want("nothing is live", false, false, false)
	})
}

func TestXML(t *testing.T) {
	const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	each(t, func(f *fixture) {
		inner := `<id>1</id><company></company><first_name>Inês</first_name><last_name>Duarte</last_name><email>Ines.Duarte@example.com</email><phone></phone><form_fields><form_field><name>License ID</name><value>&lt;&amp;&gt;</value></form_field><form_field><name>Likes</name><value>Tea, Coffee</value></form_field><form_field><name>Age</name><value>33</value></form_field></form_fields>` +
			`<date_created>Thu, 18 Jun 2026 14:37:37 +0000</date_created><date_modified>Thu, 18 Jun 2026 14:37:37 +0000</date_modified><store_credit>18.5000</store_credit><registration_ip_address></registration_ip_address><customer_group_id>2</customer_group_id><notes></notes><tax_exempt_category></tax_exempt_category><reset_pass_on_login>false</reset_pass_on_login><accepts_marketing>false</accepts_marketing>` +
			`<addresses><link rel="resource" href="http://HOST/stores/shop/v2/customers/1/addresses.xml">/customers/1/addresses</link></addresses>`
		f.want(200, head+`<customer>`+inner+`</customer>`, "GET", "/customers/1.xml", "")
		f.want(200, head+`<customers><customer>`+inner+`</customer></customers>`, "GET", "/customers", "", "Accept: application/xml")
		f.want(200, head+`<customers><count>1</count></customers>`, "GET", "/customers/count.xml", "")
		f.want(200, head+`<customer_group><id>2</id><name>Trade</name><is_default>false</is_default><category_access><type>specific</type><categories><category>18</category><category>19</category></categories></category_access><discount_rules><discount_rule><type>category</type>…`, "GET", "/customer_groups/2.xml", "")
		f.want(200, head+`<addresses><address><id>1</id>…`, "GET", "/customers/1/addresses.xml", "")
		f.want(200, head+`<states><state><id>57</id><state>Texas</state>…`, "GET", "/countries/226/states.xml?state=texas", "")
		f.want(200, head+fmt.Sprintf(`<time><time>%d</time></time>`, start.Unix()), "GET", "/time.xml", "")
		f.want(200, head+`<store><id>shop</id>…`, "GET", "/store.xml", "")
		f.want(204, "", "GET", "/customers.xml?page=5", "")
		f.want(404, head+`<errors><error><status>404</status><message>The requested resource was not found.</message></error></errors>`, "GET", "/customers/9.xml", "")
		f.want(404, head+`<errors><error><status>404</status><message>The requested resource was not found.</message></error></errors>`, "GET", "/nothing.xml", "")
		f.want(401, head+`<errors><error><status>401</status>…`, "GET", "/customers.xml", "", "X-Auth-Token: wrong")

		// Which format comes first.
		for headers, xml := range map[string]bool{
			"Accept: application/json":       false,
			"Accept: text/xml":               true,
			"Accept: */*":                    true,
			"Accept: application/json;q=0.9": true,
			"Accept: application/json;q=0.5, application/xml;q=0.8": true,
		} {
			if got := f.ask("GET", "/customers/1.xml", "", headers); strings.HasPrefix(got.body, "<") != xml || strings.HasPrefix(got.header.Get("Content-Type"), "application/xml") != xml {
				f.t.Errorf("%s: %v %s", headers, got.header, got.body)
			}
		}
		f.want(200, `{"id":1…`, "GET", "/customers/1", "", "Accept: application/xml;q=0.5, application/json;q=0.8")
		f.want(200, `<?xml…`, "GET", "/customers/1", "", "Accept: application/xml;q=0.5")
		f.want(406, `[{"status":406…`, "GET", "/customers/1", "", "Accept: text/html, image/png")
		if got := f.ask("GET", "/customers/1.json", ""); !strings.Contains(got.body, `/stores/shop/v2/customers/1/addresses.json"`) {
			f.t.Error(got.body)
		}

		// Requests, and that names of the outermost element do not matter.
		asXML := "Content-Type: application/xml; charset=utf-8"
		f.want(200, head+`<customer><id>2</id><company>A &amp; B</company>…`, "POST", "/customers.xml", head+`<root><company>A &amp; B</company><first_name>X</first_name><last_name>Y</last_name><email>x@example.com</email><store_credit>10</store_credit><customer_group_id>0</customer_group_id><_authentication><password>12w69Y217PYR96J</password><force_reset>true</force_reset></_authentication></root>`, asXML)
		if got := f.ask("GET", "/customers/2", "").body; !strings.Contains(got, `"store_credit":"10.0000"`) || !strings.Contains(got, `"reset_pass_on_login":true`) {
			f.t.Error(got)
		}
		f.want(200, `{"id":3,"name":"G","is_default":true,"category_access":{"type":"specific","categories":[1,2]},"discount_rules":[{"type":"product","product_id":33,"method":"fixed","amount":"1.5000"}]…`, "POST", "/customer_groups",
			`<customer_group><name>G</name><is_default>true</is_default><category_access><type>specific</type><categories><value>1</value><value>2</value></categories></category_access><discount_rules><item><type>product</type><product_id>33</product_id><method>fixed</method><amount>1.5</amount></item></discount_rules></customer_group>`, asXML)
		f.want(200, `{"id":3,"name":"G","is_default":true,"category_access":{"type":"specific","categories":[1,2]},"discount_rules":[],…`, "PUT", "/customer_groups/3", `<customer_group><discount_rules/></customer_group>`, asXML)
		f.want(400, head+`<errors><error><status>400</status><message>The required field &#39;first_name&#39; was not supplied.</message></error><error>…`, "POST", "/customers.xml", `<customer></customer>`, asXML)
		for _, bad := range []string{
			`<customer><first_name>X</customer>`, `no element`, `<a/><b/>`, `<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`, strings.Repeat("<a>", 30) + strings.Repeat("</a>", 30), "<a>\xff</a>",
		} {
			f.want(400, `[{"status":400,"message":"The request is invalid."…`, "POST", "/customers", bad, asXML)
		}
		// Encodings besides UTF-8, by the media type and by the document.
		const plainXML = "Content-Type: application/xml"
		for _, way := range []struct{ header, declaration, company string }{
			{plainXML, `<?xml version="1.0" encoding="ISO-8859-1"?>`, "Caf\xe9 \xdf"},
			{plainXML, `<?xml version='1.0' encoding='iso-8859-1'?>`, "Caf\xe9 \xdf"},
			{plainXML, `<?xml version="1.0" encoding="windows-1252"?>`, "Caf\xe9 \xdf"},
			{plainXML, `<?xml version="1.0" encoding="UTF-8"?>`, "Café ß"},
			{plainXML, "\xef\xbb\xbf" + `<?xml version="1.0"?>`, "Café ß"},
			{plainXML, `<?xml version="1.0" encoding="US-ASCII"?>`, "Caf&#233; &#xDF;"},
			{plainXML, "", "Café ß"},
			{plainXML + "; charset=ISO-8859-1", "", "Caf\xe9 \xdf"},
			{plainXML + `; charset="windows-1252"`, `<?xml version="1.0" encoding="UTF-8"?>`, "Caf\xe9 \xdf"},
			{plainXML + "; charset=utf-8", `<?xml version="1.0" encoding="ISO-8859-1"?>`, "Café ß"},
		} {
			f.want(200, `{"id":2,"company":"Café ß",…`, "PUT", "/customers/2", way.declaration+"<customer><company>"+way.company+"</company></customer>", way.header)
			f.want(200, `{"id":2,"company":"",…`, "PUT", "/customers/2", `{"company":""}`)
		}
		f.want(200, `{"id":2,"company":"€ “x”",…`, "PUT", "/customers/2", `<?xml version="1.0" encoding="windows-1252"?>`+"<customer><company>\x80 \x93x\x94</company></customer>", plainXML)
		for _, name := range []string{"Shift_JIS", "UTF-16", "ISO-8859-2", "x-user-defined", "KOI8-R", "utf-7", strings.Repeat("x", 500)} {
			told := fmt.Sprintf(`the encoding \"%.40s\" is not read: UTF-8, ISO-8859-1 and windows-1252 are`, name)
			for _, sent := range [][2]string{{`<?xml version="1.0" encoding="` + name + `"?>`, plainXML}, {"", plainXML + "; charset=" + name}} {
				if got := f.ask("PUT", "/customers/2", sent[0]+"<customer><company>x</company></customer>", sent[1]); got.status != 400 || !strings.Contains(got.body, told) {
					f.t.Errorf("%s: %d %s", sent, got.status, got.body)
				}
			}
		}
		for _, sent := range []string{"\xff\xfe<\x00a\x00", "\xfe\xff\x00<\x00a", "\x00<\x00a\x00/\x00>", "<\x00a\x00/\x00>\x00"} {
			if got := f.ask("PUT", "/customers/2", sent, plainXML); got.status != 400 || !strings.Contains(got.body, "UTF-16") {
				f.t.Errorf("%q: %d %s", sent, got.status, got.body)
			}
		}
		// Every answer is well formed.
		for _, target := range []string{"/countries.xml?limit=250", "/countries/states.xml?limit=250", "/customer_groups.xml", "/store.xml"} {
			var v struct {
				Children []struct {
					XMLName xml.Name
				} `xml:",any"`
			}
			if err := xml.Unmarshal([]byte(f.ask("GET", target, "").body), &v); err != nil || len(v.Children) == 0 {
				f.t.Errorf("%s: %v", target, err)
			}
		}
	})
}

func TestStoresOwnDomain(t *testing.T) {
	each(t, func(f *fixture) {
		const customers = "/api/v2/customers"
		shop := "Host: shop.example.com"
		for _, user := range []string{"User: Owner:owner", "User: cli-owner:owner"} {
			f.want(200, `{"count":1}`, "GET", customers+"/count", "", shop, user)
		}
		f.want(200, `{"count":2}`, "GET", customers+"/count.json", "", "Host: other.example.com:8443", "User: Owner:foreign")
		unauthorized := fault("401", "No valid credentials were supplied in the request.")
		for _, headers := range [][]string{
			{shop, "User: Owner:foreign"}, {shop, "User: Reader:owner"}, {shop, "User: Owner:"}, {shop},
			{"Host: nowhere.example.com", "User: Owner:owner"}, {"Host: other.example.com", "User: Owner:owner"},
		} {
			f.want(401, unauthorized, "GET", customers, "", headers...)
			if got := f.ask("GET", customers, "", headers...); got.header.Get("WWW-Authenticate") == "" {
				f.t.Errorf("%v: %v", headers, got.header)
			}
		}
		f.want(403, fault("403", "You don't have a required scope to access the endpoint"), "DELETE", customers, "", shop, "User: Reader:reader")
		if got := f.ask("GET", customers+"/1", "", shop, "User: Owner:owner"); !strings.Contains(got.body, `"addresses":{"url":"http://shop.example.com/api/v2/customers/1/addresses.json","resource":"/customers/1/addresses"}`) {
			f.t.Error(got.body)
		}
		if got := f.ask("GET", customers+"/1.xml", "", shop, "User: Owner:owner"); !strings.Contains(got.body, `<link rel="resource" href="http://shop.example.com/api/v2/customers/1/addresses.xml">/customers/1/addresses</link>`) {
			f.t.Error(got.body)
		}
		f.want(200, "["+rua+"]", "GET", customers+"/1/addresses.json", "", shop, "User: Owner:owner")
		f.want(404, fault("404", "The requested resource was not found."), "GET", "/api/v2/nothing", "", shop, "User: Owner:owner")
		// A trusted proxy tells the host, to all surfaces alike.
		proxied := []string{"Host: inside.local", "X-Forwarded-Host: shop.example.com", "X-Forwarded-Proto: https", "User: Owner:owner"}
		f.want(200, `{"count":1}`, "GET", customers+"/count", "", proxied...)
		if got := f.ask("GET", customers+"/1", "", proxied...); !strings.Contains(got.body, `"addresses":{"url":"https://shop.example.com/api/v2/customers/1/addresses.json"`) {
			f.t.Error(got.body)
		}
		f.want(401, unauthorized, "GET", customers, "", shop, "X-Forwarded-Host: other.example.com", "User: Owner:owner")
		f.want(204, "", "DELETE", customers+"/1", "", shop, "User: Owner:owner")
		f.want(204, "", "GET", customers, "", shop, "User: Owner:owner")
	})
}

func TestPublicURL(t *testing.T) {
	s := v2.New(v2.Services{}, nil, "https://api.example.com/")
	if s.Prefix() != "/stores/{store_hash}/v2" || s.Mirror() != "/api/v2" {
		t.Errorf("%s, %s", s.Prefix(), s.Mirror())
	}
}

func FuzzXMLBody(f *testing.F) {
	for _, seed := range []string{`<a><b>1</b></a>`, `<a/>`, `<a><discount_rules><x/></discount_rules></a>`, `<a>&lt;<!-- c --></a>`, "<a b='c'>\x00</a>", `<?xml version="1.0" encoding="x"?><a/>`} {
		f.Add(seed, "")
		f.Add(seed, "iso-8859-1")
	}
	format := v2.New(v2.Services{}, nil, "").Formats()[0]
	f.Fuzz(func(t *testing.T, text, charset string) {
		out, err := format.Decode([]byte(text), charset)
		if err == nil && !json.Valid(out) {
			t.Errorf("%q becomes %q", text, out)
		}
	})
}
