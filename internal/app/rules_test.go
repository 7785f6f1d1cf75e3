package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/fault"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/words"
)

const rulesSeed = `
stores:
  - hash: demo
    api_accounts:
      - {name: App, client_id: cli-app, client_secret: secret, access_token: token, scopes: [all]}
    customer_groups: [{id: 2, name: New, is_default: true}, {id: 3, name: Second}]
    channels: [{id: 2, name: Second, url: "http://second.example"}]
    form_fields:
      - {name: Size, form: customer, type: dropdown, choices: [S, M]}
      - {name: Note, form: customer, type: text, max_length: 5}
    customers:
      - {id: 1, email: taken@example.com, first_name: Jane, last_name: Doe, password: "correct horse 1"}
      - {id: 2, email: jane@münchen.de, first_name: Jane, last_name: Doe, password: "correct horse 1"}
`

// doors are the ways by which a customer comes into being.
type doors struct {
	*surfaces
	n int
}

// person is what is given of a customer, by the names of the domain.
type person map[string]string

// The numbers that the seed's custom fields get.
var customFields = map[string]string{"size": "26", "note": "27"}

func (d *doors) json(method, path string, body any, header ...string) (int, []byte) {
	d.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.raw(method, path, "application/json", string(b), header...)
}

// raw sends a request, forms with the browser and all else as somebody new.
func (d *doors) raw(method, path, kind, body string, header ...string) (int, []byte) {
	d.t.Helper()
	client := &http.Client{}
	if kind == "application/x-www-form-urlencoded" {
		client = d.browser
	}
	status, out, _ := d.request(client, method, path, kind, body, header...)
	if status >= 500 {
		d.t.Fatalf("%s %s: %d %s", method, path, status, out)
	}
	return status, []byte(out)
}

var capital = regexp.MustCompile(`[A-Z]`)

// field returns the domain's name of a field that a surface calls its own way.
func field(name string) string {
	name = capital.ReplaceAllStringFunc(name, func(s string) string { return "_" + strings.ToLower(s) })
	name = strings.TrimPrefix(name, "0.")
	switch {
	case name == "authentication.new_password", name == "new_password":
		return "password"
	case name == ".customer_create":
		return "email"
	case strings.HasPrefix(name, "form_fields"), strings.HasPrefix(name, "custom_fields"), strings.HasPrefix(name, "field_"):
		return "form_fields"
	}
	return name
}

func fields(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, field(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func pickOwn(p person, names map[string]string) map[string]any {
	out := map[string]any{}
	for from, to := range names {
		if v, ok := p[from]; ok {
			out[to] = v
		}
	}
	return out
}

// ways are the doors: each returns the fields that are refused, or none.
func (d *doors) ways() map[string]func(person) []string {
	token := []string{"X-Auth-Token", "token"}
	return map[string]func(person) []string{
		"V3": func(p person) []string {
			body := pickOwn(p, map[string]string{"email": "email", "first_name": "first_name", "last_name": "last_name", "company": "company", "phone": "phone"})
			body["authentication"] = map[string]any{"new_password": p["password"]}
			var custom []any
			for _, name := range []string{"size", "note"} {
				if v, ok := p[name]; ok {
					custom = append(custom, map[string]any{"name": name, "value": v})
				}
			}
			if custom != nil {
				body["form_fields"] = custom
			}
			status, out := d.json("POST", "/stores/demo/v3/customers", []any{body}, token...)
			if status == 200 {
				return nil
			}
			var e struct{ Errors map[string]string }
			d.parse(out, &e)
			var names []string
			for k := range e.Errors {
				names = append(names, k)
			}
			return fields(names)
		},
		"V2": func(p person) []string {
			body := pickOwn(p, map[string]string{"email": "email", "first_name": "first_name", "last_name": "last_name", "company": "company", "phone": "phone"})
			body["_authentication"] = map[string]any{"password": p["password"]}
			status, out := d.json("POST", "/stores/demo/v2/customers", body, append(token, "Accept", "application/json")...)
			if status == 201 || status == 200 {
				return nil
			}
			var names []string
			for _, m := range regexp.MustCompile(`field '(\w+)'`).FindAllStringSubmatch(string(out), -1) {
				names = append(names, m[1])
			}
			return fields(names)
		},
		"REST": func(p person) []string {
			body := pickOwn(p, map[string]string{"email": "email", "first_name": "firstName", "last_name": "lastName", "company": "company", "phone": "phone", "password": "password"})
			var custom []any
			for name, id := range customFields {
				if v, ok := p[name]; ok {
					custom = append(custom, map[string]any{"fieldId": id, "fieldValue": v})
				}
			}
			if custom != nil {
				body["customFields"] = custom
			}
			status, out := d.json("POST", "/api/storefront/customers", body)
			if status == 204 {
				return nil
			}
			if status == 409 {
				return []string{"email"}
			}
			var e struct{ Errors map[string]string }
			d.parse(out, &e)
			var names []string
			for k := range e.Errors {
				names = append(names, k)
			}
			return fields(names)
		},
		"GraphQL": func(p person) []string {
			in := pickOwn(p, map[string]string{"email": "email", "first_name": "firstName", "last_name": "lastName", "company": "company", "phone": "phone", "password": "password"})
			custom := map[string]any{}
			if v, ok := p["size"]; ok {
				choice := map[string]int{"S": 1, "M": 2}[v]
				custom["multipleChoices"] = []any{map[string]any{"fieldEntityId": 26, "fieldValueEntityId": choice}}
			}
			if v, ok := p["note"]; ok {
				custom["texts"] = []any{map[string]any{"fieldEntityId": 27, "text": v}}
			}
			if len(custom) > 0 {
				in["formFields"] = custom
			}
			_, out := d.json("POST", "/graphql", map[string]any{
				"query":     `mutation($in: RegisterCustomerInput!) { customer { registerCustomer(input: $in) { customer { entityId } errors { __typename ... on ValidationError { path message } } } } }`,
				"variables": map[string]any{"in": in},
			}, "Authorization", "Bearer "+d.bearer)
			var e struct {
				Data struct {
					Customer struct {
						RegisterCustomer struct {
							Errors []struct {
								Typename string `json:"__typename"`
								Path     []string
							}
						}
					}
				}
				Errors []any
			}
			d.parse(out, &e)
			if len(e.Errors) > 0 {
				d.t.Fatalf("%s", out)
			}
			var names []string
			for _, it := range e.Data.Customer.RegisterCustomer.Errors {
				if it.Typename == "EmailAlreadyInUseError" {
					names = append(names, "email")
				} else {
					names = append(names, it.Path[1])
				}
			}
			return fields(names)
		},
		"pages": func(p person) []string {
			_, page := d.raw("GET", "/login.php?action=create_account", "application/x-www-form-urlencoded", "")
			csrf := regexp.MustCompile(`name="authenticity_token" value="([^"]+)"`).FindSubmatch(page)
			if csrf == nil {
				d.t.Fatalf("%s", page)
			}
			v := url.Values{"authenticity_token": {string(csrf[1])}, "address1": {"1 St"}, "city": {"Austin"}, "country": {"US"}, "state": {"Texas"}, "postal_code": {"78701"}}
			for k, value := range p {
				if id := customFields[k]; id != "" {
					k = "field_" + id
				}
				v.Set(k, value)
			}
			v.Set("confirm_password", p["password"])
			status, out := d.raw("POST", "/login.php?action=save_new_account", "application/x-www-form-urlencoded", v.Encode())
			if status == 200 { // the account's page, after a redirect: sign out again
				d.browser.Jar, _ = cookiejar.New(nil)
				return nil
			}
			var names []string
			for _, m := range regexp.MustCompile(`id="f-(\w+)-error"`).FindAllSubmatch(out, -1) {
				names = append(names, string(m[1]))
			}
			return fields(names)
		},
		"seed": func(p person) []string {
			c := map[string]any{"password": p["password"]}
			for _, k := range []string{"email", "first_name", "last_name", "company", "phone"} {
				if v, ok := p[k]; ok {
					c[k] = v
				}
			}
			var custom []any
			for k := range customFields {
				if v, ok := p[k]; ok {
					custom = append(custom, map[string]any{"name": k, "value": v})
				}
			}
			if custom != nil {
				c["form_fields"] = custom
			}
			text, err := json.Marshal(map[string]any{"stores": []any{map[string]any{"hash": "demo", "customers": []any{c}}}})
			if err != nil {
				d.t.Fatal(err)
			}
			doc, err := seed.Parse(text) // JSON is YAML
			if err != nil {
				d.t.Fatal(err)
			}
			res, err := d.s.Seed(d.t.Context(), doc, false)
			if err == nil && res.Customers == 0 {
				return []string{"email"} // a seed leaves customers alone that exist
			}
			if err == nil {
				return nil
			}
			f := fault.As(err)
			if f == nil { // what a seed file's own check says
				_, text, _ := strings.Cut(err.Error(), "customers.0: ")
				return fields(strings.Fields(text)[:1])
			}
			var names []string
			for _, it := range f.Items {
				names = append(names, words.Terminal.Path(&it))
			}
			return fields(names)
		},
	}
}

func (d *doors) parse(text []byte, to any) {
	d.t.Helper()
	if err := json.Unmarshal(text, to); err != nil {
		d.t.Fatalf("%v: %s", err, text)
	}
}

// open starts a server with the seed of these tests.
func openDoors(t *testing.T, e sqldb.Engine) *doors {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(rulesSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, _ := start(t, func(c *app.Config) { c.Seed, c.Database.Database = file, dbtest.DSN(t, e) })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &doors{surfaces: &surfaces{t: t, s: s, browser: &http.Client{Jar: jar}}}
	var made struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(d.rest("POST /v3/storefront/api-token", `{"channel_id":1,"expires_at":4000000000}`)), &made); err != nil {
		t.Fatal(err)
	}
	d.bearer = made.Data.Token
	return d
}

// A rule lives once: whatever is given, every door refuses the same fields.
func TestRulesOfEveryDoor(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			d := openDoors(t, e)
			ways := d.ways()
			try := func(name string, change person, want []string, except map[string][]string) {
				t.Helper()
				for way, do := range ways {
					p := person{"email": fmt.Sprintf("p%d@example.com", d.n), "password": "correct horse 1", "first_name": "Ann", "last_name": "Lee"}
					d.n++
					for k, v := range change {
						p[k] = strings.ReplaceAll(v, "{n}", fmt.Sprint(d.n))
					}
					want := want
					if other, ok := except[way]; ok {
						want = other
					}
					if got := do(p); !slices.Equal(got, want) {
						t.Errorf("%s by %s: %q is refused, want %q", name, way, got, want)
					}
				}
			}
			// V2 does not write form fields.
			noForms := map[string][]string{"V2": nil}
			try("everything right", nil, nil, nil)
			try("all there is", person{"company": "C", "phone": "1", "size": "M", "note": "12345"}, nil, nil)
			// People's forms take the spaces off; what an app sends is as it means it.
			try("spaces around the email", person{"email": " q{n}@example.com "}, []string{"email"}, map[string][]string{"pages": nil})
			for _, bad := range []string{"jane", "a@b@c", "jane@", "@example.com", "ja ne@example.com", "Jane <jane@example.com>", strings.Repeat("x", 250) + "@example.com",
				"a@example..com", "a@-example.com", "mailto:a@example.com", "a@example.com.", "a@example.com。", "a@my_host.com", "mbox@example.com\u200b", "mbox@exam\u00adple.com", "m\u200dbox@example.com",
				"mbox\ufe0f@example.com", strings.Repeat("x", 65) + "@example.com", "a@" + strings.Repeat("x", 64) + ".com", "a@" + strings.Repeat("x123456789.", 23) + "c",
			} {
				try(fmt.Sprintf("email %.40q", bad), person{"email": bad}, []string{"email"}, nil)
			}
			for _, taken := range []string{"taken@example.com", "TAKEN@Example.com", "taken@ｅｘａｍｐｌｅ。com", "jane@xn--mnchen-3ya.de", "Jane@mu\u0308nchen.de", "jane@MÜNCHEN.de"} {
				try("taken email", person{"email": taken}, []string{"email"}, nil)
			}
			for _, weak := range []string{"abc123", "abcdefgh", "12345678", strings.Repeat("a1", 126)} {
				try("password "+weak[:min(len(weak), 10)], person{"password": weak}, []string{"password"}, nil)
			}
			try("long first name", person{"first_name": strings.Repeat("é", 101)}, []string{"first_name"}, nil)
			try("first name of the longest", person{"first_name": strings.Repeat("é", 100)}, nil, nil)
			try("blank last name", person{"last_name": "  "}, []string{"last_name"}, nil)
			try("long company", person{"company": strings.Repeat("x", 256)}, []string{"company"}, nil)
			try("long phone", person{"phone": strings.Repeat("1", 51)}, []string{"phone"}, nil)
			try("no choice", person{"size": "XXL"}, []string{"form_fields"}, noForms)
			try("long note", person{"note": "123456"}, []string{"form_fields"}, noForms)
			try("several", person{"email": "x", "first_name": "", "password": "x"}, []string{"email", "first_name", "password"}, map[string][]string{"seed": {"password"}}) // a seed file tells of the first

			// What the store asks for, shoppers have to fill in; apps need not.
			d.rest("PUT /v3/customers/form-fields/6", `{"required":true}`)
			d.rest("PUT /v3/customers/form-fields/27", `{"required":true}`)
			apps := map[string][]string{"V3": nil, "V2": nil, "seed": nil}
			try("no company", person{"note": "1"}, []string{"company"}, apps)
			try("blank company", person{"company": " ", "note": "1"}, []string{"company"}, apps)
			try("no note", person{"company": "C"}, []string{"form_fields"}, apps)
			try("blank note", person{"company": "C", "note": ""}, []string{"form_fields"}, map[string][]string{"V2": nil})
			try("both", person{"company": "C", "note": "1"}, nil, nil)
			if out := d.send("GET", "/api/storefront/form-fields?filter=customerAccount", "", ""); !strings.Contains(out, `"id":"field_6","name":"company"`) || strings.Contains(out, `"field_7"`) {
				t.Errorf("the form is %s", out)
			}
		})
	}
}

// A registration's group is that of its channel, and else the store's.
func TestGroupThatCustomersJoin(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			d := openDoors(t, e)
			group := func(email string) int64 {
				var out struct {
					Data []struct {
						Group int64 `json:"customer_group_id"`
					}
				}
				d.parse([]byte(d.rest("GET /v3/customers?email:in="+url.QueryEscape(email), "")), &out)
				if len(out.Data) != 1 {
					t.Fatalf("%s: %v", email, out)
				}
				return out.Data[0].Group
			}
			for _, step := range []struct {
				setting string
				want    int64
			}{{"null", 2}, {"3", 3}, {"0", 0}, {"null", 2}} {
				d.rest("PUT /v3/customers/settings/channels/1", `{"customer_group_settings":{"default_customer_group_id":`+step.setting+`}}`)
				for way, do := range d.ways() {
					d.n++
					p := person{"email": fmt.Sprintf("g%d@example.com", d.n), "password": "correct horse 1", "first_name": "Ann", "last_name": "Lee"}
					if bad := do(p); bad != nil {
						t.Fatalf("%s: %q", way, bad)
					}
					want := step.want
					if way == "V3" || way == "seed" { // they name the group themselves, or none
						want = 0
					}
					if got := group(p["email"]); got != want {
						t.Errorf("%s by %s: group %d, want %d", step.setting, way, got, want)
					}
				}
			}
		})
	}
}

// The account's own form and the API demand the same of who changes details.
func TestRulesOfDetails(t *testing.T) {
	d := openDoors(t, sqldb.SQLite)
	d.rest("PUT /v3/customers/form-fields/6", `{"required":true}`)
	d.form("/login.php", "/login.php?action=check_login", "login_email", "taken@example.com", "login_pass", "correct horse 1")
	page := d.send("GET", "/account.php?action=account_details", "", "")
	csrf := regexp.MustCompile(`name="authenticity_token" value="([^"]+)"`).FindStringSubmatch(page)
	v := url.Values{"authenticity_token": {csrf[1]}, "first_name": {"J"}, "last_name": {"D"}, "company": {" "}, "email": {"taken@example.com"}}
	status, out := d.raw("POST", "/account.php?action=account_details", "application/x-www-form-urlencoded", v.Encode())
	if status != 422 || !strings.Contains(string(out), `id="f-company-error"`) {
		t.Errorf("the page: %d", status)
	}
	d.n++
	var got struct {
		Data struct {
			Login struct{ CustomerAccessToken struct{ Value string } }
		}
	}
	d.parse([]byte(d.graphql(`mutation { login(email: "taken@example.com", password: "correct horse 1") { customerAccessToken { value } } }`)), &got)
	_, out = d.json("POST", "/graphql", map[string]any{"query": `mutation { customer { updateCustomer(input: {company: " "}) { errors { __typename ... on ValidationError { path } } } } }`},
		"Authorization", "Bearer "+d.bearer, "X-Bc-Customer-Access-Token", got.Data.Login.CustomerAccessToken.Value)
	if !strings.Contains(string(out), `"path":["input","company"]`) {
		t.Errorf("GraphQL: %s", out)
	}
}
