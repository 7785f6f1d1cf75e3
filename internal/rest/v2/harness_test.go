package v2_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

const stores = `
stores:
  - hash: shop
    name: Shop
    settings: {timezone: America/Chicago, secure_url: "https://shop.example.com", country_code: PT}
    channels: [{id: 1, name: Main, url: "https://shop.example.com"}]
    api_accounts:
      - {name: Owner, client_id: cli-owner, client_secret: secret, access_token: owner, scopes: [all]}
      - {name: Reader, client_id: cli-reader, client_secret: secret, access_token: reader, scopes: [store_v2_customers_read_only, store_v2_information_read_only]}
      - {name: Marketing, client_id: cli-marketing, client_secret: secret, access_token: marketing, scopes: [store_v2_marketing]}
    form_fields:
      - {form: customer, name: License ID, type: text}
      - {form: customer, name: Likes, type: checkbox, choices: [Tea, Coffee]}
      - {form: customer, name: Age, type: number}
    customer_groups:
      - {id: 2, name: Trade, discount_rules: [{type: category, category_id: 3, method: percent, amount: "5"}], category_access: {type: specific, categories: [18, 19]}}
    customers:
      - email: Ines.Duarte@example.com
        first_name: Inês
        last_name: Duarte
        password: sonho4azul
        store_credit: "18.5"
        customer_group_id: 2
        form_fields: [{name: License ID, value: "<&>"}, {name: Likes, value: [Tea, Coffee]}, {name: Age, value: 33}]
        addresses:
          - {first_name: Inês, last_name: Duarte, phone: "1", address1: Rua 1, city: Lisboa, postal_code: 1200-195, country_code: PT}
  - hash: other
    channels: [{id: 1, name: Main, url: "https://other.example.com"}]
    api_accounts:
      - {name: Owner, client_id: cli-other, client_secret: secret, access_token: foreign, scopes: [all]}
    customers:
      - {email: a@example.com, first_name: A, last_name: A}
      - {id: 2, email: b@example.com, first_name: B, last_name: B}
    customer_groups:
      - {id: 9, name: Foreign}
`

type fixture struct {
	*apptest.World
	t    *testing.T
	http *httptest.Server
	api  *apitest.Validator
}

var start = apptest.Start

func newFixture(t *testing.T, db *sqldb.DB) *fixture {
	t.Helper()
	return seeded(t, db, stores)
}

// seeded is a fixture with the stores of a seed document.
func seeded(t *testing.T, db *sqldb.DB, stores string) *fixture {
	t.Helper()
	f := &fixture{t: t, api: apitest.New(t), World: apptest.New(t, db, apptest.Options{
		Seed: stores, Change: func(c *app.Config) { c.TrustedProxies = []string{"127.0.0.1/32"} },
	})}
	apptest.Seed(t, f.Core, stores) // applying it twice is the same as once
	f.http = httptest.NewServer(f.Handler)
	t.Cleanup(f.http.Close)
	return f
}

func each(t *testing.T, fn func(f *fixture)) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(newFixture(t, db)) })
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request as Owner and holds the exchange to the API document.
// Target is below /stores/shop/v2 unless it begins with /stores/ or /api/.
// Headers are "Name: value".
func (f *fixture) ask(method, target, body string, headers ...string) answer {
	f.t.Helper()
	if !strings.HasPrefix(target, "/stores/") && !strings.HasPrefix(target, "/api/") {
		target = "/stores/shop/v2" + target
	}
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.http.URL+strings.ReplaceAll(target, " ", "%20"), strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", "owner")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		switch {
		case name == "Host":
			r.Host = value
		case name == "User":
			user, password, _ := strings.Cut(value, ":")
			r.SetBasicAuth(user, password)
			r.Header.Del("X-Auth-Token")
		case value == "":
			r.Header.Del(name)
		default:
			r.Header.Set(name, value)
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	var buf bytes.Buffer
	if _, err := io.Copy(&buf, res.Body); err != nil {
		f.t.Fatal(err)
	}
	out := answer{res.StatusCode, res.Header, buf.String()}
	if strings.Contains(r.URL.Path, "/nothing") || method == "PATCH" || method == "OPTIONS" {
		return out // no operation of the document
	}
	// The document knows resources without extensions, at their first address.
	asked := r.Clone(f.t.Context())
	p := strings.Replace(asked.URL.Path, "/api/v2", "/stores/shop/v2", 1)
	p = strings.TrimSuffix(p, "/")
	asked.URL.Path = strings.TrimSuffix(p, path.Ext(p))
	if out.status < 400 {
		asked.Header.Set("X-Auth-Token", "given")
	}
	if strings.Contains(asked.URL.RawQuery, "&&") {
		asked.URL.RawQuery = strings.ReplaceAll(asked.URL.RawQuery, "&&", "&")
	}
	if err := f.api.Check(asked, []byte(body), out.status, out.header, buf.Bytes()); err != nil {
		f.t.Error(err)
	}
	return out
}

// want asks and compares status and body; "…" in the body stands for anything
// at its end.
func (f *fixture) want(status int, wantBody, method, target, body string, headers ...string) {
	f.t.Helper()
	got := f.ask(method, target, body, headers...)
	have, want := strings.TrimSpace(got.body), strings.ReplaceAll(wantBody, "HOST", f.http.Listener.Addr().String())
	if head, open := strings.CutSuffix(want, "…"); open {
		want = head
		have = have[:min(len(have), len(head))]
	}
	if got.status != status || have != want {
		f.t.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, target, body, got.status, strings.TrimSpace(got.body), status, want)
	}
}

func fault(status, message string) string {
	return `[{"status":` + status + `,"message":"` + message + `"}]`
}
