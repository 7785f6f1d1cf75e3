package apitest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"clientele/api/contract"
)

const (
	customers = "/stores/x7k2m9p4q1/v3/customers"
	addresses = customers + "/addresses"
	row       = `{"id":9,"authentication":{"force_password_reset":false},"company":"","customer_group_id":0,` +
		`"email":"tomasz@example.org","first_name":"Tomasz","last_name":"Wilk","notes":"","phone":"",` +
		`"registration_ip_address":"","tax_exempt_category":"","date_created":"2026-05-02T19:20:00Z",` +
		`"date_modified":"2026-05-02T19:20:00Z","accepts_product_review_abandoned_cart_emails":false,` +
		`"origin_channel_id":1,"channel_ids":null}`
	meta = `{"pagination":{"total":1,"count":1,"per_page":50,"current_page":1,"total_pages":1},` +
		`"cursor_pagination":{"count":1,"per_page":50,"start_cursor":"eyJpZCI6OX0","end_cursor":"eyJpZCI6OX0","links":{}}}`
	page    = `{"data":[` + row + `],"meta":` + meta + `}`
	least   = `[{"email":"tomasz@example.org","first_name":"Tomasz","last_name":"Wilk"}]`
	address = `{"id":32,"address1":"ul. Długa 8","address2":"","address_type":"residential","city":"Kraków",` +
		`"company":"","country":"Poland","country_code":"PL","customer_id":9,"first_name":"Tomasz",` +
		`"last_name":"Wilk","phone":"","postal_code":"31-146","state_or_province":"Małopolskie"}`
	refusal = `{"status":422,"title":"No.","type":"https://example.com/statuses","errors":{}}`
)

var created = `{"data":[` + strings.Replace(row, `"origin_channel_id"`,
	`"store_credit_amounts":[{"amount":0}],"origin_channel_id"`, 1) + `],"meta":{}}`

// An exchange that fits the document unless something is changed.
type exchange struct {
	method, target, body string
	status               int
	answer               string
	request, header      http.Header
}

func (e exchange) check(v *Validator) error {
	r := httptest.NewRequest(e.method, e.target, strings.NewReader(e.body))
	r.Header.Set("X-Auth-Token", "secret")
	if e.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	set(r.Header, e.request)
	header := http.Header{
		"X-Rate-Limit-Requests-Left":  {"149"},
		"X-Rate-Limit-Requests-Quota": {"150"},
		"X-Rate-Limit-Time-Reset-Ms":  {"30000"},
		"X-Rate-Limit-Time-Window-Ms": {"30000"},
		"X-Request-Id":                {"9f1c0b7ad2e84c5f8f3e6a1d07b4c2e9"},
	}
	if e.answer != "" {
		header.Set("Content-Type", "application/json")
	}
	set(header, e.header)
	return v.Check(r, []byte(e.body), e.status, header, []byte(e.answer))
}

func set(header, changes http.Header) {
	for name, values := range changes {
		header[name] = values
		if values == nil {
			delete(header, name)
		}
	}
}

// ours is the Validator that the program has.
func ours(t *testing.T) *Validator {
	t.Helper()
	v, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCheckAccepts(t *testing.T) {
	v := New(t)
	for name, e := range map[string]exchange{
		"list":                    {"GET", customers, "", 200, page, nil, nil},
		"list with parameters":    {"GET", customers + "?id:in=9,12&limit=250&sort=last_name:asc&include=addresses,formfields&date_created:min=2026-05-01", "", 200, page, nil, nil},
		"empty comma list":        {"GET", customers + "?id:in=", "", 200, page, nil, nil},
		"charset":                 {"GET", customers, "", 200, page, nil, http.Header{"Content-Type": {"application/json; charset=utf-8"}}},
		"head":                    {"HEAD", customers, "", 200, "", nil, nil},
		"create":                  {"POST", customers, least, 200, created, nil, nil},
		"create, no content type": {"POST", customers, least, 200, created, http.Header{"Content-Type": nil}, nil},
		"refused body":            {"POST", customers, `{"any":`, 422, refusal, nil, nil},
		"refused filter":          {"GET", customers + "?nickname=T", "", 422, refusal, nil, nil},
		"refused for want of token": {"GET", customers, "", 401, strings.Replace(refusal, "422", "401", 1),
			http.Header{"X-Auth-Token": nil}, nil},
		"short not found": {"GET", customers, "", 404, `{"title":"404 Page Not Found"}`, nil, nil},
		"quota used up": {"GET", customers, "", 429, strings.Replace(refusal, "422", "429", 1), nil,
			http.Header{"X-Retry-After": {"12"}}},
		"delete":         {"DELETE", customers + "?id:in=9", "", 204, "", nil, nil},
		"delete nothing": {"DELETE", addresses, "", 204, "", nil, nil},
		"addresses": {"GET", addresses, "", 200, `{"data":[` + address + `],"meta":{"pagination":` +
			`{"total":1,"count":1,"per_page":50,"current_page":1,"total_pages":1}}}`, nil, nil},
		"duplicate address": {"PUT", addresses, `[{"id":32}]`, 200, `{"data":[],"meta":{}}`, nil, nil},
		"health":            {"GET", "/healthz", "", 200, `{"status":"ok"}`, http.Header{"X-Auth-Token": nil}, nil},
		"readiness":         {"GET", "/readyz", "", 503, `{"status":"unavailable","reason":"starting"}`, nil, nil},
		"metrics":           {"GET", "/metrics", "", 200, "up 1\n", nil, http.Header{"Content-Type": {"text/plain; version=0.0.4"}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []*Validator{v, ours(t)} {
				if err := e.check(v); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestCheckNotices(t *testing.T) {
	v := New(t)
	for name, test := range map[string]struct {
		exchange
		want string
	}{
		"undeclared path":        {exchange{"GET", customers + "/9", "", 200, page, nil, nil}, "no such operation"},
		"undeclared method":      {exchange{"PATCH", customers, "", 405, refusal, nil, nil}, "no such operation"},
		"store left out":         {exchange{"GET", "/stores//v3/customers", "", 200, page, nil, nil}, "no such operation"},
		"undeclared status":      {exchange{"POST", customers, least, 201, created, nil, nil}, "status 201"},
		"missing header":         {exchange{"GET", customers, "", 200, page, nil, http.Header{"X-Request-Id": nil}}, "X-Request-Id is missing"},
		"header not a number":    {exchange{"GET", customers, "", 200, page, nil, http.Header{"X-Rate-Limit-Requests-Left": {"many"}}}, "X-Rate-Limit-Requests-Left"},
		"header twice":           {exchange{"GET", customers, "", 200, page, nil, http.Header{"X-Rate-Limit-Requests-Left": {"1", "2"}}}, "2 times"},
		"request id too short":   {exchange{"GET", customers, "", 200, page, nil, http.Header{"X-Request-Id": {"9f1c"}}}, "X-Request-Id"},
		"no retry after":         {exchange{"GET", customers, "", 429, strings.Replace(refusal, "422", "429", 1), nil, nil}, "X-Retry-After is missing"},
		"undeclared member":      {exchange{"GET", customers, "", 200, strings.Replace(page, `"id":9`, `"id":9,"address_count":0`, 1), nil, nil}, "address_count"},
		"missing member":         {exchange{"GET", customers, "", 200, strings.Replace(page, `"notes":"",`, "", 1), nil, nil}, "notes"},
		"missing credit":         {exchange{"POST", customers, least, 200, `{"data":[` + row + `],"meta":{}}`, nil, nil}, "store_credit_amounts"},
		"wrong type":             {exchange{"GET", customers, "", 200, strings.Replace(page, `"id":9`, `"id":"9"`, 1), nil, nil}, "/data/0/id"},
		"null where none may be": {exchange{"GET", customers, "", 200, strings.Replace(page, `"phone":""`, `"phone":null`, 1), nil, nil}, "/data/0/phone"},
		"date of another form":   {exchange{"GET", customers, "", 200, strings.Replace(page, "19:20:00Z", "19:20:00+00:00", 1), nil, nil}, "date_created"},
		"meta in a write":        {exchange{"POST", customers, least, 200, strings.Replace(created, `"meta":{}`, `"meta":`+meta, 1), nil, nil}, "meta"},
		"cursors of addresses":   {exchange{"GET", addresses, "", 200, `{"data":[],"meta":` + meta + `}`, nil, nil}, "cursor_pagination"},
		"cursor for addresses":   {exchange{"GET", addresses + "?after=eyJpZCI6OX0", "", 200, `{"data":[],"meta":{}}`, nil, nil}, `undeclared query parameter "after"`},
		"accepted member":        {exchange{"POST", customers, strings.Replace(least, `}`, `,"nickname":"T"}`, 1), 200, created, nil, nil}, "nickname"},
		"accepted filter":        {exchange{"GET", customers + "?nickname=T", "", 200, page, nil, nil}, `undeclared query parameter "nickname"`},
		"accepted limit":         {exchange{"GET", customers + "?limit=0", "", 200, page, nil, nil}, `parameter "limit"`},
		"accepted id":            {exchange{"GET", customers + "?id:in=9,x", "", 200, page, nil, nil}, `parameter "id:in"`},
		"accepted sort":          {exchange{"GET", customers + "?sort=email:asc", "", 200, page, nil, nil}, `parameter "sort"`},
		"accepted twice":         {exchange{"GET", customers + "?page=1&page=2", "", 200, page, nil, nil}, "twice"},
		"accepted broken query":  {exchange{"GET", customers + "?page=%zz", "", 200, page, nil, nil}, "cannot be read"},
		"accepted body":          {exchange{"POST", customers, `[{"email":"a@example.org"}]`, 200, created, nil, nil}, "request body"},
		"accepted no channels":   {exchange{"PUT", customers, `[{"id":9,"channel_ids":[]}]`, 200, created, nil, nil}, "channel_ids"},
		"accepted nothing":       {exchange{"POST", customers, "", 200, created, nil, nil}, "without a request body"},
		"accepted a form":        {exchange{"POST", customers, least, 200, created, http.Header{"Content-Type": {"text/plain"}}, nil}, "text/plain"},
		"accepted without token": {exchange{"GET", customers, "", 200, page, http.Header{"X-Auth-Token": nil}, nil}, "without a token"},
		"answer in a form":       {exchange{"GET", customers, "", 200, page, nil, http.Header{"Content-Type": {"text/html"}}}, "text/html"},
		"answer without type":    {exchange{"GET", customers, "", 200, page, nil, http.Header{"Content-Type": nil}}, "Content-Type"},
		"answer is not JSON":     {exchange{"GET", customers, "", 200, page + "}", nil, nil}, "not JSON"},
		"body of a delete":       {exchange{"DELETE", customers, "", 204, "{}", nil, nil}, "has a body"},
		"body of a head":         {exchange{"HEAD", customers, "", 200, page, nil, nil}, "has a body"},
		"other status in body":   {exchange{"POST", customers, least, 422, strings.Replace(refusal, "422", "400", 1), nil, nil}, "the body says 400"},
		"error without errors":   {exchange{"POST", customers, least, 422, strings.Replace(refusal, `,"errors":{}`, "", 1), nil, nil}, "errors"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []*Validator{v, ours(t)} {
				err := test.check(v)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want an error with %q", err, test.want)
				}
				if errors.Is(err, ErrUndeclared) != strings.Contains(test.want, "no such operation") {
					t.Errorf("ErrUndeclared is wrongly in or missing from %v", err)
				}
			}
		})
	}
}

func TestCheckRefusal(t *testing.T) {
	v := New(t)
	quota := http.Header{
		"Content-Type":                {"application/json"},
		"X-Rate-Limit-Requests-Left":  {"149"},
		"X-Rate-Limit-Requests-Quota": {"150"},
		"X-Rate-Limit-Time-Reset-Ms":  {"30000"},
		"X-Rate-Limit-Time-Window-Ms": {"30000"},
		"X-Request-Id":                {"9f1c0b7ad2e84c5f8f3e6a1d07b4c2e9"},
		"Allow":                       {"GET, POST, PUT, DELETE"},
	}
	plain := http.Header{"Content-Type": {"application/json"}}
	const notFound = `{"title":"404 Page Not Found"}`
	notAllowed := strings.Replace(refusal, "422", "405", 1)
	for _, test := range []struct {
		method, path string
		status       int
		header       http.Header
		answer       string
		ok           bool
	}{
		{"GET", "/nothing", 404, plain, notFound, true},
		{"GET", customers + "/9", 404, quota, notFound, true},
		{"GET", customers + "/9", 404, plain, notFound, false},
		{"OPTIONS", customers, 405, quota, notAllowed, true},
		{"OPTIONS", customers, 405, plain, notAllowed, false},
		{"OPTIONS", customers, 404, quota, notFound, false},
		{"PATCH", customers, 501, quota, strings.Replace(refusal, "422", "501", 1), true},
		{"PATCH", customers, 405, quota, notAllowed, false},
		{"POST", "/healthz", 405, plain, notAllowed, false},
		{"GET", "/nothing", 404, plain, `{}`, false},
		{"GET", customers, 404, quota, notFound, false},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		err := v.CheckRefusal(r, test.status, test.header, []byte(test.answer))
		if (err == nil) != test.ok {
			t.Errorf("%s %s, %d: %v", test.method, test.path, test.status, err)
		}
	}
}

func TestOperations(t *testing.T) {
	got := map[string]Operation{}
	for _, op := range New(t).Operations() {
		if !strings.Contains(op.Path, "/v2/") {
			got[op.OperationID] = op
		}
	}
	want := []string{
		"addSegmentShopperProfiles", "createCustomers", "createCustomersAddresses", "createSegments",
		"createShopperProfiles", "createSubscriber", "deleteCustomers", "deleteCustomersAddresses",
		"deleteSegments", "deleteShopperProfiles", "deleteSubscriber", "deleteSubscribers", "getCustomers",
		"getCustomersAddresses", "getDocs", "getHealth", "getMetrics", "getOpenAPIJSON", "getOpenAPIYAML",
		"getReadiness", "getSegmentShopperProfiles", "getSegments", "getShopperProfileSegments",
		"getShopperProfiles", "getSubscriber", "getSubscriberConsentHistory", "getSubscribers",
		"removeSegmentShopperProfiles", "updateCustomers", "updateCustomersAddresses", "updateSegments",
		"updateSubscriber",
	}
	for _, id := range want {
		if _, ok := got[id]; !ok {
			t.Errorf("there is no operation %s", id)
		}
	}
	list := got["getCustomers"]
	if list.Method != "GET" || list.Path != "/stores/{store_hash}/v3/customers" || len(list.Query) != 20 {
		t.Errorf("getCustomers is %+v", list)
	}
	wantQuery := []string{"page", "limit", "id:in", "customer_id:in", "company:in", "name:in", "include"}
	if query := got["getCustomersAddresses"].Query; !slices.Equal(query, wantQuery) {
		t.Errorf("getCustomersAddresses takes %v", query)
	}
}

// What the program checks is what the library does: each value below, in place of
// each schema's own.
func TestOurSchemasAreTheLibrarys(t *testing.T) {
	text := func(schema string) []byte {
		return []byte(`{"paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":` + schema + `}}},"responses":{"200":{"description":"x"}}}}},
			"components":{"schemas":{"S":{"type":"object","properties":{"n":{"$ref":"#/components/schemas/S"}},"additionalProperties":false}},
			"responses":{"NotFound":{"description":"x"},"MethodNotAllowed":{"description":"x"},"NotImplemented":{"description":"x"}}}}`)
	}
	schemas := []string{
		`true`, `false`, `{}`, `{"type":"integer"}`, `{"type":"number"}`, `{"type":["string","null"]}`, `{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2,"uniqueItems":true}`,
		`{"type":"string","minLength":2,"maxLength":3}`, `{"type":"string","pattern":"^a"}`, `{"type":"string","format":"date-time"}`, `{"type":"string","format":"uuid"}`, `{"type":"string","format":"uri"}`, `{"format":"binary"}`,
		`{"minimum":1,"maximum":2.5}`, `{"enum":["a",1,null]}`, `{"const":1}`, `{"const":{"a":1}}`, `{"oneOf":[{"type":"integer"},{"minimum":1}]}`, `{"$ref":"#/components/schemas/S"}`, `{"$ref":"#/components/schemas/S","minProperties":1}`,
		`{"properties":{"a":{"type":"string"}},"required":["a"]}`, `{"properties":{"a":true},"additionalProperties":false}`, `{"additionalProperties":{"type":"string"},"minProperties":1,"maxProperties":1}`, `{"properties":{"a":false}}`,
	}
	values := []string{
		`null`, `true`, `0`, `1`, `1.0`, `1.5`, `2.5`, `3`, `-1`, `1e3`, `""`, `"a"`, `"ab"`, `"łódź"`, `"abcd"`, `"2026-05-02T19:20:00Z"`, `"2026-05-02T19:20:00+02:00"`, `"2026-05-02"`, `"2026-13-02T19:20:00Z"`, `"8d4f2c1e-6f0a-4e57-9a52-0d3f1f2b7c33"`,
		`"8d4f2c1e6f0a4e579a520d3f1f2b7c33"`, `"https://example.com/a?b"`, `"/relative"`, `"not a uri"`, `[]`, `[1]`, `[1,1.0]`, `[1,2]`, `[1,2,3]`, `["a"]`, `{}`, `{"a":"x"}`, `{"a":1}`, `{"a":1,"b":2}`, `{"b":"x"}`, `{"n":{}}`, `{"n":{"n":{"x":1}}}`, `{"n":{"n":{}}}`,
	}
	for _, s := range schemas {
		library, err := parse(text(s))
		if err != nil {
			t.Fatal(s, err)
		}
		own, err := contract.Parse(text(s), nil)
		if err != nil {
			t.Fatal(s, err)
		}
		for _, value := range values {
			r := httptest.NewRequest("POST", "/a", nil)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Auth-Token", "x")
			a, b := library.Check(r, []byte(value), 200, http.Header{}, nil), own.Check(r, []byte(value), 200, http.Header{}, nil)
			if (a == nil) != (b == nil) {
				t.Errorf("%s for %s: the library says %v, ours %v", s, value, a, b)
			}
		}
	}
	if _, err := contract.Parse(text(`{"type":"string","not":{}}`), nil); err == nil || !strings.Contains(err.Error(), "not is not checked") {
		t.Errorf("a keyword that is not checked is passed over: %v", err)
	}
}

func TestParseNamesFaults(t *testing.T) {
	for text, want := range map[string]string{
		`{`: "EOF",
		`{"paths":{"/a":{"get":{"responses":{"200":{"$ref":"#/components/responses/Gone"}}}}}}`: "leads nowhere",
		`{"paths":{"/a":{"get":{"responses":{"200":{"$ref":"other.yaml"}}}}}}`:                  "leaves the document",
		`{"paths":{}}`: "no such response",
		`{"paths":{"/a":{"get":{"parameters":[{"name":"q","schema":{"type":3}}]}}}}`: "/parameters/0/schema",
	} {
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	v := New(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if err := (exchange{"GET", customers, "", 200, page, nil, nil}).check(v); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}
