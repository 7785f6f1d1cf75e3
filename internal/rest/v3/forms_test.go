package v3_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/rest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// formShop is the program with two stores, shop and else, alike but for their
// tokens; every exchange is held to the API document.
type formShop struct {
	*apptest.World
	t     *testing.T
	db    *sqldb.DB
	check *apitest.Validator
}

const formSeed = `
stores:
  - hash: shop
    api_accounts:
      - {name: app, client_id: CID, client_secret: SECRET, access_token: shop, scopes: [all]}
      - {name: reader, client_id: CID2, client_secret: SECRET, access_token: reader, scopes: [store_v2_customers_read_only]}
    form_fields: &fields
      - {form: customer, name: Referral, type: text, required: true, max_length: 12, label: "Who sent you?"}
      - {form: customer, name: Toppings, type: checkbox, choices: [Cheese, Olives]}
      - {form: customer, name: Pets, type: number, min: 0, max: 10, default: 1}
      - {form: customer, name: PIN, type: password}
      - {form: address, name: Delivery note, type: multiline, rows: 4}
    attributes: &attributes [{name: Tier, type: string}, {name: Shoe size, type: number}, {name: Joined, type: date}]
    customers: &customers
      - {email: ines@example.com, first_name: Inês, last_name: Duarte, addresses: [&home {first_name: Inês, last_name: Duarte, address1: Rua das Flores 27, city: Lisboa, postal_code: 1200-195, country_code: PT}]}
      - {email: tomasz@example.org, first_name: Tomasz, last_name: Wilk, addresses: [*home]}
  - hash: else
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: else, scopes: [all]}]
    form_fields: *fields
    attributes: *attributes
    customers: *customers
`

func eachFormShop(t *testing.T, fn func(t *testing.T, s *formShop)) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := &formShop{t: t, db: db, check: apitest.New(t), World: apptest.New(t, db, apptest.Options{Seed: formSeed})}
		apptest.Seed(t, s.Core, formSeed) // the second time changes nothing
		fn(t, s)
	})
}

// as sends a request with a token, to the store of the same name.
func (s *formShop) as(token, method, path, body string) (int, string) {
	s.t.Helper()
	hash := token
	if token == "reader" {
		hash = "shop"
	}
	r := httptest.NewRequest(method, "/stores/"+hash+"/v3/customers"+path, strings.NewReader(body))
	r.Header.Set("X-Auth-Token", token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	target := r.Clone(s.t.Context())
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, r)
	if err := s.check.Check(target, []byte(body), w.Code, w.Header(), w.Body.Bytes()); err != nil {
		s.t.Errorf("%s %s %s: %v\n%s", method, path, body, err, w.Body)
	}
	return w.Code, w.Body.String()
}

// want compares an answer of the shop. A wanted text that begins with "…" is
// looked for in the answer.
func (s *formShop) want(method, path, body string, status int, answer string) {
	s.t.Helper()
	code, text := s.as("shop", method, path, body)
	part, some := strings.CutPrefix(answer, "…")
	if code != status || some && !strings.Contains(text, part) || !some && text != answer {
		s.t.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, path, body, code, text, status, answer)
	}
}

// refused is want for a 422.
func (s *formShop) refused(method, path, body, title, errs string) {
	s.t.Helper()
	s.want(method, path, body, 422, `{"status":422,"title":"`+title+`","type":"`+rest.StatusCodes+`","errors":{`+errs+`}}`)
}

func (s *formShop) events(after int) []string {
	s.t.Helper()
	var out []string
	if err := s.db.Read(s.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT scope, resource_id FROM events WHERE store_id = $1 AND id > $2 ORDER BY id`), func(r *sqldb.Row) error {
			out = append(out, fmt.Sprintf("%s %d", r.Text(0), r.Int(1)))
			return nil
		}, int64(after))
	}); err != nil {
		s.t.Fatal(err)
	}
	return out
}

const (
	formCreated = `"date_created":"2026-06-18T14:37:37Z","date_modified":"2026-06-18T14:37:37Z"`
	formLater   = `"date_created":"2026-06-18T14:37:37Z","date_modified":"2026-06-18T14:38:37Z"`
)

func onePage(n int) string {
	return fmt.Sprintf(`"meta":{"pagination":{"total":%d,"count":%d,"per_page":50,"current_page":1,"total_pages":%d}}}`, n, n, min(n, 1))
}

func TestAttributes(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		tier := `{"id":1,"name":"Tier","type":"string",` + formCreated + `}`
		size := `{"id":2,"name":"Shoe size","type":"number",` + formCreated + `}`
		joined := `{"id":3,"name":"Joined","type":"date",` + formCreated + `}`
		s.want("GET", "/attributes", "", 200, `{"data":[`+tier+`,`+size+`,`+joined+`],`+onePage(3))
		s.want("GET", "/attributes?limit=2&page=2", "", 200, `{"data":[`+joined+`],"meta":{"pagination":{"total":3,"count":1,"per_page":2,"current_page":2,"total_pages":2,"links":{"previous":"?limit=2&page=1","current":"?limit=2&page=2"}}}}`)
		for filter, rows := range map[string]string{
			"name=shoe+SIZE": size, "name=shoe": "", "name:like=OI": joined, "name:like=ie,oi": tier + "," + joined,
			"type=number": size, "type=other": "", "date_created=2026-06-18": tier + "," + size + "," + joined,
			"date_created:min=1781793457": tier + "," + size + "," + joined, "date_created:min=1781793458": "",
			"date_created:max=2026-06-18T16:37:37%2B02:00": tier + "," + size + "," + joined, "date_modified:max=2026-06-18T14:37:36": "",
			"date_modified=1781793457&type=date": joined, "date_modified:min=2026-06-18T14:37:37Z": tier + "," + size + "," + joined,
		} {
			n := strings.Count(rows, `"id"`)
			s.want("GET", "/attributes?"+filter, "", 200, `{"data":[`+rows+`],`+onePage(n))
		}
		s.refused("GET", "/attributes?id:in=1&x=2", "", "The filter(s): id:in, x are not valid filter parameter(s).", "")
		s.refused("GET", "/attributes?date_created:min=soon", "", "The filter(s): date_created:min are not valid filter parameter(s).", `"date_created:min":"want a date such as 2024-05-14 or 2024-05-14T09:34:00"`)

		s.Clock.Advance(time.Minute)
		const created = `"date_created":"2026-06-18T14:38:37Z","date_modified":"2026-06-18T14:38:37Z"`
		s.want("POST", "/attributes", `[{"name":"Date Joined","type":"date"},{"name":"attribute_string 01","type":"string"}]`, 200,
			`{"data":[{"id":4,"name":"Date Joined","type":"date",`+created+`},{"id":5,"name":"attribute_string 01","type":"string",`+created+`}],"meta":{}}`)
		const create, update = "Create customer attributes failed.", "Update customer attributes failed."
		s.refused("POST", "/attributes", `[{"name":"new","type":"text"},{"name":"","type":"date"}]`, create, `"0.type":"type must be one of string, number, date","1.name":"name must not be empty"`)
		s.refused("POST", "/attributes", `[{"name":"tier","type":"date"},{"name":"new","type":"date"},{"name":"NEW","type":"date"}]`, create,
			`"0.name":"an attribute with this name exists already","2.name":"an attribute with this name exists already"`)
		s.refused("POST", "/attributes", `[{"name":7},{"name":"x","type":"date"}]`, "JSON data is missing or invalid", `"0.type":"error.path.missing","0.name":"error.expected.jsstring"`)
		s.want("POST", "/attributes", "["+strings.Repeat(`{"name":"x","type":"date"},`, 50)+`{"name":"x","type":"date"}]`, 413, "…The maximum number of items")
		s.refused("PUT", "/attributes", `[{"id":1}]`, "JSON data is missing or invalid", `"0.name":"error.path.missing"`)
		s.refused("PUT", "/attributes", `[{"id":1,"name":"Level","type":"number"},{"id":99,"name":"x"},{"id":2,"name":"JOINED"}]`, update,
			`"0.type":"the type of an attribute cannot be changed","1.id":"invalid attribute ID","2.name":"an attribute with this name exists already"`)
		s.refused("PUT", "/attributes", `[{"id":1,"name":"a"},{"id":1,"name":"b"}]`, update, `"1.id":"attribute given twice"`)
		// Two swap their names, a third stays as it is.
		s.want("PUT", "/attributes", `[{"id":1,"name":"Shoe size"},{"id":2,"name":"Tier","type":"number"},{"id":3,"name":"Joined"}]`, 200,
			`{"data":[{"id":1,"name":"Shoe size","type":"string",`+formLater+`},{"id":2,"name":"Tier","type":"number",`+formLater+`},`+joined+`],"meta":{}}`)

		s.want("PUT", "/attribute-values", `[{"attribute_id":1,"value":"No","customer_id":2}]`, 200, `…"attribute_value":"No"`)
		s.want("DELETE", "/attributes", "", 204, "")
		s.want("DELETE", "/attributes?id:in=1,2,77", "", 204, "")
		s.want("GET", "/attributes", "", 200, `…"total":3`)
		s.want("GET", "/attribute-values", "", 200, `{"data":[],`+onePage(0))

		for i := range 5 {
			var items []string
			for j := range 10 {
				items = append(items, fmt.Sprintf(`{"name":"more %d %d","type":"string"}`, i, j))
			}
			body := "[" + strings.Join(items, ",") + "]"
			if i < 4 {
				s.want("POST", "/attributes", body, 200, "…more")
				continue
			}
			s.refused("POST", "/attributes", body, create, `".customer_attribute_create":"Error creating customer attributes: a store cannot have more than 50 customer attributes"`)
			s.want("POST", "/attributes", "["+strings.Join(items[:7], ",")+"]", 200, `…"id":52`)
		}

		for _, r := range []string{"POST /attributes", "PUT /attributes", "DELETE /attributes", "PUT /attribute-values", "DELETE /attribute-values", "PUT /form-field-values", "POST /form-fields", "PUT /form-fields/1", "DELETE /form-fields/1"} {
			method, path, _ := strings.Cut(r, " ")
			if code, _ := s.as("reader", method, path, ""); code != 403 {
				t.Errorf("%s answers a reader with %d", r, code)
			}
		}
		for _, path := range []string{"/attributes", "/attribute-values", "/form-field-values", "/form-fields", "/form-fields/1"} {
			if code, _ := s.as("reader", "GET", path, ""); code != 200 {
				t.Errorf("%s answers a reader with %d", path, code)
			}
		}
	})
}

func TestAttributeValues(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		value := func(id, attribute, customer int, v, dates string) string {
			return fmt.Sprintf(`{"attribute_id":%d,"attribute_value":%q,"customer_id":%d,%s,"id":%d}`, attribute, v, customer, dates, id)
		}
		events := len(s.events(0))
		if code, text := s.as("else", "PUT", "/attribute-values", `[{"attribute_id":1,"value":"theirs","customer_id":1}]`); code != 200 {
			t.Fatal(text)
		}
		a, b, c := value(1, 1, 1, "gold", formCreated), value(2, 2, 1, "38.5", formCreated), value(3, 3, 2, "2026-05-02", formCreated)
		s.want("PUT", "/attribute-values", `[{"attribute_id":1,"value":"gold","customer_id":1},{"attribute_id":2,"value":"38.5","customer_id":1,"id":47143304},{"attribute_id":3,"value":"2026-05-02","customer_id":2}]`, 200,
			`{"data":[`+a+`,`+b+`,`+c+`],"meta":{}}`)
		s.Clock.Advance(time.Minute)
		// One changes, one does not, one is new.
		a2, d := value(1, 1, 1, "", formLater), value(4, 1, 2, "x", strings.ReplaceAll(formCreated, "37:37", "38:37"))
		s.want("PUT", "/attribute-values", `[{"attribute_id":1,"value":"x","customer_id":2},{"attribute_id":1,"value":"","customer_id":1},{"attribute_id":2,"value":"38.5","customer_id":1}]`, 200,
			`{"data":[`+d+`,`+a2+`,`+b+`],"meta":{}}`)
		for filter, rows := range map[string]string{
			"": a2 + "," + b + "," + c + "," + d, "?customer_id:in=1": a2 + "," + b, "?attribute_id:in=1,3": a2 + "," + c + "," + d,
			"?name=TIER": a2 + "," + d, "?name=none": "", "?customer_id:in=2&name=Joined": c, "?customer_id:in=": "",
			"?date_created:min=2026-06-18T14:38:00": d, "?date_created=1781793457": a2 + "," + b + "," + c,
			"?date_modified:max=2026-06-18T14:37:37Z": b + "," + c, "?date_modified:min=1781793517": a2 + "," + d, "?date_modified=2026-06-19": "",
		} {
			s.want("GET", "/attribute-values"+filter, "", 200, `{"data":[`+rows+`],`+onePage(strings.Count(rows, `"id"`)))
		}
		s.refused("GET", "/attribute-values?attribute_value=x&id:in=1", "", "The filter(s): attribute_value, id:in are not valid filter parameter(s).", "")
		const failed = "Upsert customer attribute values failed."
		s.refused("PUT", "/attribute-values", `[{"attribute_id":2,"value":"large","customer_id":1},{"attribute_id":9,"value":"x","customer_id":9},{"attribute_id":3,"value":"soon","customer_id":1}]`, failed,
			`"0.value":"value must be a number","1.customer_id":"invalid customer ID","1.attribute_id":"invalid attribute ID","2.value":"value must be a date"`)
		s.refused("PUT", "/attribute-values", `[{"attribute_id":1,"value":"`+strings.Repeat("é", 256)+`","customer_id":1},{"attribute_id":1,"value":"x","customer_id":1}]`, failed,
			`"0.value":"value must be at most 255 characters","1.attribute_id":"attribute given twice for one customer"`)
		s.refused("PUT", "/attribute-values", `[{"attribute_id":"1","value":2}]`, "JSON data is missing or invalid",
			`"0.customer_id":"error.path.missing","0.attribute_id":"error.expected.jsnumber","0.value":"error.expected.jsstring"`)
		if got := s.events(events); got != nil {
			t.Errorf("attribute values record %v", got)
		}

		// With their customer.
		s.want("GET", "?id:in=1&include=attributes", "", 200, `…"attributes":[`+a2+`,`+b+`]`)
		s.want("POST", "", `[{"email":"new@example.com","first_name":"N","last_name":"E","attributes":[{"attribute_id":2,"attribute_value":"41"},{"attribute_id":1,"attribute_value":""}]}]`, 200, `…"attribute_value":"41","customer_id":3`)
		s.refused("POST", "", `[{"email":"n2@example.com","first_name":"N","last_name":"E","attributes":[{"attribute_id":2,"attribute_value":"big"},{"attribute_id":8,"attribute_value":""}]}]`, "Create customers failed.",
			`"0.attributes.0.attribute_value":"attribute_value must be a number","0.attributes.1.attribute_id":"invalid attribute ID"`)

		s.want("DELETE", "/attribute-values?id:in=1,2,3,99", "", 204, "")
		s.want("DELETE", "/attribute-values", "", 204, "")
		s.want("GET", "/attribute-values?customer_id:in=1,2", "", 200, `{"data":[`+d+`],`+onePage(1))
		s.want("DELETE", "?id:in=2,3", "", 204, "")
		s.want("GET", "/attribute-values", "", 200, `{"data":[],`+onePage(0))
		if _, text := s.as("else", "GET", "/attribute-values", ""); !strings.Contains(text, `"attribute_value":"theirs","customer_id":1`) || !strings.Contains(text, `"total":1`) {
			t.Errorf("the other store has %s", text)
		}
	})
}

func TestFormFieldValues(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		events := len(s.events(0))
		if code, text := s.as("else", "PUT", "/form-field-values", `[{"customer_id":1,"name":"Pets","value":9}]`); code != 200 {
			t.Fatal(text)
		}
		s.Clock.Advance(time.Minute)
		referral := `{"name":"Referral","value":"a friend","customer_id":1}`
		toppings := `{"name":"Toppings","value":["Olives","Cheese"],"customer_id":1}`
		pin := `{"name":"PIN","value":"","customer_id":1}`
		note := `{"name":"Delivery note","value":"at\nthe door","address_id":1}`
		pets := `{"name":"Pets","value":2.50,"customer_id":2}`
		put := `[{"address_id":1,"name":"delivery NOTE","value":"at\nthe door"},{"customer_id":1,"name":"Referral","value":"a friend"},{"customer_id":1,"name":"Toppings","value":["Olives","Cheese"]},{"customer_id":2,"name":"Pets","value":2.50},{"customer_id":1,"name":"PIN","value":"1234"}]`
		for range 2 { // the second time changes nothing
			s.want("PUT", "/form-field-values", put, 200, `{"data":[`+strings.Join([]string{note, referral, toppings, pets, pin}, ",")+`],"meta":{}}`)
		}
		want := []string{"store/customer/address/updated 1"} // customers' own values are not told of
		if got := s.events(events); !slices.Equal(got, want) {
			t.Errorf("events are %v, want %v", got, want)
		}
		s.want("GET", "?id:in=1", "", 200, `…`+formLater)

		all := []string{referral, toppings, pin, note, pets}
		cursor := []string{"eyJzZXNzaW9uSWQiOjIsImZpZWxkSWQiOjI2fQ", "eyJzZXNzaW9uSWQiOjIsImZpZWxkSWQiOjI3fQ", "eyJzZXNzaW9uSWQiOjIsImZpZWxkSWQiOjI5fQ", "eyJzZXNzaW9uSWQiOjMsImZpZWxkSWQiOjMwfQ", "eyJzZXNzaW9uSWQiOjQsImZpZWxkSWQiOjI4fQ"}
		s.want("GET", "/form-field-values", "", 200, `{"data":[`+strings.Join(all, ",")+`],"meta":{"pagination":{"total":5,"count":5,"per_page":50,"current_page":1,"total_pages":1},"cursor_pagination":{"count":5,"per_page":50,"start_cursor":"`+cursor[0]+`","end_cursor":"`+cursor[4]+`","links":{}}}}`)
		s.want("GET", "/form-field-values?limit=2&page=2", "", 200, `{"data":[`+pin+`,`+note+`],"meta":{"pagination":{"total":5,"count":2,"per_page":2,"current_page":2,"total_pages":3,"links":{"previous":"?limit=2&page=1","current":"?limit=2&page=2","next":"?limit=2&page=3"}}}}`)
		s.want("GET", "/form-field-values?limit=2&page=9&after="+cursor[1], "", 200, `{"data":[`+pin+`,`+note+`],"meta":{"cursor_pagination":{"count":2,"per_page":2,"start_cursor":"`+cursor[2]+`","end_cursor":"`+cursor[3]+`","links":{"previous":"?before=`+cursor[2]+`&limit=2","next":"?after=`+cursor[3]+`&limit=2"}}}}`)
		s.want("GET", "/form-field-values?limit=2&before="+cursor[3], "", 200, `{"data":[`+toppings+`,`+pin+`],"meta":{"cursor_pagination":{"count":2,"per_page":2,"start_cursor":"`+cursor[1]+`","end_cursor":"`+cursor[2]+`","links":{"previous":"?before=`+cursor[1]+`&limit=2","next":"?after=`+cursor[2]+`&limit=2"}}}}`)
		for filter, rows := range map[string]string{
			"customer_id=1": referral + "," + toppings + "," + pin, "address_id=1": note, "address_id=2": "", "customer_id=2&address_id=1": "",
			"field_name=delivery+note": note, "field_name=EmailAddress": "", "field_type=text": referral, "field_type=checkboxes": toppings,
			"field_type=numbers": pets, "field_type=multiline": note, "field_type=password": pin, "field_type=date": "", "field_type=radiobuttons": "", "field_type=picklist": "",
		} {
			s.want("GET", "/form-field-values?"+filter, "", 200, `…{"data":[`+rows+`],"meta":{"pagination":{"total":`+fmt.Sprint(strings.Count(rows, `"name"`))+`,`)
		}
		s.refused("GET", "/form-field-values?field_type=dropdown&after=eyJpZCI6MX0", "", "The filter(s): field_type, after are not valid filter parameter(s).",
			`"field_type":"\"dropdown\" is not one of checkboxes, date, multiline, numbers, password, picklist, radiobuttons, text","after":"not a cursor of this list and order"`)
		s.refused("GET", "/form-field-values?customer_id:in=1", "", "The filter(s): customer_id:in are not valid filter parameter(s).", "")

		const failed = "Upsert form field values failed."
		s.refused("PUT", "/form-field-values", `[{"customer_id":1,"name":"Referral","value":" "},{"customer_id":1,"name":"Toppings","value":["Ham"]},{"customer_id":2,"name":"Pets","value":"11"},{"address_id":8,"name":"Pets","value":1},{"customer_id":9,"name":"First Name","value":"x"},{"customer_id":1,"name":"Referral","value":"more than twelve"}]`, failed,
			`"0.value":"Referral is required","1.value":"\"Ham\" is not a choice of Toppings","2.value":"Pets must be between 0 and 10","3.address_id":"invalid address ID","3.name":"there is no form field named \"Pets\"","4.customer_id":"invalid customer ID","4.name":"there is no form field named \"First Name\"","5.value":"Referral must be at most 12 characters"`)
		s.refused("PUT", "/form-field-values", `[{"customer_id":1,"name":"Pets","value":1},{"customer_id":1,"name":"PETS","value":2}]`, failed, `"1.name":"form field \"PETS\" is given twice"`)
		s.refused("PUT", "/form-field-values", `[{"customer_id":1,"address_id":1,"name":"Pets","value":1}]`, failed, `"0.address_id":"customer_id and address_id exclude each other"`)
		s.refused("PUT", "/form-field-values", `[{"value":true},{"customer_id":"1","name":5}]`, "JSON data is missing or invalid",
			`"0.customer_id":"error.path.missing","0.name":"error.path.missing","0.value":"error.expected.jsstring","1.customer_id":"error.expected.jsnumber","1.name":"error.expected.jsstring","1.value":"error.path.missing"`)

		// The same through customers and addresses; what is in a password field
		// stays when nothing is sent for it.
		s.want("PUT", "", `[{"id":1,"form_fields":[{"name":"PIN","value":""},{"name":"Pets","value":"3"}]}]`, 200, `…"form_fields":[`+pin+`,{"name":"Pets","value":3,"customer_id":1}]`)
		s.want("GET", "?id:in=1&include=formfields,addresses", "", 200, `…"form_fields":[`+note+`]}],"form_fields":[`+referral+`,`+toppings+`,{"name":"Pets","value":3,"customer_id":1},`+pin+`]`)
		s.want("GET", "/addresses?include=formfields&id:in=1", "", 200, `…"form_fields":[`+note+`]`)
		s.want("PUT", "/addresses", `[{"id":1,"form_fields":[{"name":"Delivery note","value":""}]}]`, 200, `…"form_fields":[{"name":"Delivery note","value":"","address_id":1}]`)
		s.refused("PUT", "", `[{"id":1,"form_fields":[{"name":"Pets","value":1},{"name":"pets","value":1},{"name":"x","value":1}]}]`, "Update customers failed.", `"0.form_fields.1.name":"form field \"pets\" is given twice","0.form_fields.2.name":"there is no form field named \"x\""`)
		var secret string
		if err := s.db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT value FROM customer_form_values WHERE store_id = $1 AND field_id = $2`), func(r *sqldb.Row) error { secret = r.Text(0); return nil }, int64(29))
		}); err != nil || secret != `"1234"` {
			t.Errorf("the password is %s, %v", secret, err)
		}

		s.want("DELETE", "/form-fields/28", "", 204, "")
		s.want("GET", "/form-field-values?customer_id=2", "", 200, `…"data":[]`)
		s.want("DELETE", "?id:in=1", "", 204, "")
		s.want("GET", "/form-field-values", "", 200, `…"data":[]`)
		if _, text := s.as("else", "GET", "/form-field-values", ""); !strings.Contains(text, `{"name":"Pets","value":9,"customer_id":1}`) {
			t.Errorf("the other store has %s", text)
		}
	})
}

func TestFormFields(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		s.want("GET", "/form-fields?id:in=4,30", "", 200, `{"data":[`+
			`{"id":4,"form":"address","name":"FirstName","label":"First Name","type":"text","required":true,"built_in":true,"sort_order":4,"choices":[],"placeholder":"","max_length":null,"min":null,"max":null,"default":"","rows":null,`+formCreated+`},`+
			`{"id":30,"form":"address","name":"Delivery note","label":"Delivery note","type":"multiline","required":false,"built_in":false,"sort_order":30,"choices":[],"placeholder":"","max_length":null,"min":null,"max":null,"default":"","rows":4,`+formCreated+`}],`+onePage(2))
		for filter, n := range map[string]int{"form=customer": 9, "form=address": 11, "type=password": 4, "name=emailaddress": 1, "name=PIN": 1, "limit=3": 20} {
			s.want("GET", "/form-fields?"+filter, "", 200, fmt.Sprintf(`…"total":%d`, n))
		}
		for i, name := range []string{"EmailAddress", "Password", "ConfirmPassword", "FirstName", "LastName", "CompanyName", "Phone", "AddressLine1", "AddressLine2", "City", "Country", "State", "Zip"} {
			s.want("GET", fmt.Sprintf("/form-fields/%d", i+1), "", 200, `…"name":"`+name+`"`)
		}
		s.want("GET", "/form-fields/14", "", 404, `{"status":404,"title":"The resource at that URL is not found.","type":"`+rest.StatusCodes+`"}`)
		s.refused("GET", "/form-fields?form=billing", "", "The filter(s): form are not valid filter parameter(s).", `"form":"\"billing\" is not one of address, customer"`)

		s.Clock.Advance(time.Minute)
		later := strings.ReplaceAll(formCreated, "37:37", "38:37")
		s.want("POST", "/form-fields", `{"form":"customer","name":"Born","type":"date","label":"Your birthday","required":true,"min":"1900-01-01","max":"2020-12-31","default":"2000-01-01","sort_order":3}`, 200,
			`{"data":{"id":31,"form":"customer","name":"Born","label":"Your birthday","type":"date","required":true,"built_in":false,"sort_order":3,"choices":[],"placeholder":"","max_length":null,"min":"1900-01-01","max":"2020-12-31","default":"2000-01-01","rows":null,`+later+`},"meta":{}}`)
		s.want("POST", "/form-fields", `{"form":"address","name":"Floor","type":"number","min":-3,"max":"12.5","max_length":4,"default":0}`, 200,
			`{"data":{"id":32,"form":"address","name":"Floor","label":"Floor","type":"number","required":false,"built_in":false,"sort_order":32,"choices":[],"placeholder":"","max_length":4,"min":-3,"max":12.5,"default":"0","rows":null,`+later+`},"meta":{}}`)
		s.want("POST", "/form-fields", `{"form":"customer","name":"Size","type":"dropdown","choices":["S","M"],"placeholder":"Choose one","default":"M"}`, 200, `…"choices":["S","M"],"placeholder":"Choose one"`)
		s.want("POST", "/form-fields", `{"form":"customer","name":"Colour","type":"radio","choices":["red"]}`, 200, `…"id":34`)
		s.want("POST", "/form-fields", `{"form":"customer","name":"Phone","type":"text"}`, 200, `…"id":35`) // as a built-in one of the address form

		const create, update = "Create form field failed.", "Update form field failed."
		for body, errs := range map[string]string{
			`{"form":"shop","name":"","type":"pictures"}`:                                              `"form":"form must be customer or address","name":"name must not be empty","type":"type must be one of text, multiline, number, password, date, checkbox, radio, dropdown"`,
			`{"form":"customer","name":"born","type":"text"}`:                                          `"name":"the form has a field with this name already"`,
			`{"form":"customer","name":"x","type":"text","choices":["a"],"min":1,"rows":2}`:            `"choices":"a field of type text has no choices","min":"a field of type text has no min","rows":"a field of type text has no rows"`,
			`{"form":"customer","name":"x","type":"checkbox","choices":["a","a",""],"default":"a"}`:    `"default":"a field of type checkbox has no default","choices.1":"choice given twice","choices.2":"choices.2 must not be empty"`,
			`{"form":"customer","name":"x","type":"number","min":2,"max":1}`:                           `"max":"max must not be less than min"`,
			`{"form":"customer","name":"x","type":"date","min":"soon"}`:                                `"min":"min must be a date"`,
			`{"form":"customer","name":"x","type":"number","max":2,"default":3}`:                       `"default":"default: x must be at most 2"`,
			`{"form":"customer","name":"x","type":"text","max_length":-1,"sort_order":-1}`:             `"sort_order":"sort_order must be between 0 and 2147483647","max_length":"max_length must be between 1 and 10000"`,
			`{"form":"customer","name":"x","type":"dropdown","choices":["a"],"default":"b"}`:           `"default":"default: \"b\" is not a choice of x"`,
			`{"form":"customer","name":"x","type":"multiline","rows":1000,"placeholder":"p"}`:          `"placeholder":"a field of type multiline has no placeholder","rows":"rows must be between 1 and 100"`,
			`{"form":"customer","name":"x","type":"password","default":"hush","max_length":20000}`:     `"default":"a field of type password has no default","max_length":"max_length must be between 1 and 10000"`,
			`{"form":"customer","name":"x","type":"text","max_length":3,"default":"four"}`:             `"default":"default: x must be at most 3 characters"`,
			`{"form":"customer","name":"` + strings.Repeat("x", 256) + `","type":"text","label":null}`: `"name":"name must be at most 255 characters","label":"label must be at most 255 characters"`,
		} {
			s.refused("POST", "/form-fields", body, create, errs)
		}
		const shape = "JSON data is missing or invalid"
		s.refused("POST", "/form-fields", `{"name":1,"type":null,"choices":[1],"min":true}`, shape,
			`"form":"error.path.missing","type":"error.expected.jsstring","name":"error.expected.jsstring","choices.0":"error.expected.jsstring","min":"error.expected.jsstring"`)
		s.refused("POST", "/form-fields", `[]`, shape, `"":"error.expected.jsobject"`)
		s.refused("PUT", "/form-fields/31", ``, shape, `"":"error.path.missing"`)

		s.Clock.Advance(time.Minute)
		changed := `"date_created":"2026-06-18T14:38:37Z","date_modified":"2026-06-18T14:39:37Z"`
		born := `{"data":{"id":31,"form":"customer","name":"Birthday","label":"Birthday","type":"date","required":false,"built_in":false,"sort_order":31,"choices":[],"placeholder":"","max_length":null,"min":"1900-01-01","max":null,"default":"","rows":null,` + changed + `},"meta":{}}`
		s.want("PUT", "/form-fields/31", `{"name":"Birthday","label":null,"required":false,"max":null,"default":null,"sort_order":null,"type":"date","form":"customer"}`, 200, born)
		s.Clock.Advance(time.Minute)
		s.want("PUT", "/form-fields/31", `{"name":"Birthday"}`, 200, born) // nothing changes
		s.want("GET", "/form-fields/31", "", 200, born)
		s.refused("PUT", "/form-fields/31", `{"type":"text","form":"address"}`, update, `"form":"the form of a field cannot be changed","type":"the type of a field cannot be changed"`)
		s.refused("PUT", "/form-fields/31", `{"name":"pin"}`, update, `"name":"the form has a field with this name already"`)
		s.want("PUT", "/form-fields/999", `{"name":"x"}`, 404, "…not found")
		s.want("DELETE", "/form-fields/999", "", 404, "…not found")
		s.want("DELETE", "/form-fields/x", "", 404, "…not found")

		s.want("PUT", "/form-fields/7", `{"label":"Telephone","required":true,"sort_order":50}`, 200, `…"label":"Telephone","type":"text","required":true,"built_in":true,"sort_order":50`)
		s.refused("PUT", "/form-fields/1", `{"name":"Mail","required":false,"max_length":5}`, update,
			`"name":"the name of a built-in field cannot be changed","required":"whether this built-in field is required cannot be changed",".form_field_update":"Error updating form field: only label, sort_order, required and translations of a built-in field can be changed"`)
		s.refused("DELETE", "/form-fields/1", "", "Delete form field failed.", `"id":"a built-in field cannot be deleted"`)
		s.want("DELETE", "/form-fields/31", "", 204, "")
		s.want("GET", "/form-fields/31", "", 404, "…not found")
		if code, _ := s.as("else", "GET", "/form-fields/32", ""); code != 404 {
			t.Errorf("the other store sees the field: %d", code)
		}
	})
}
