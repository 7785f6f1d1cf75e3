package conform_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clientele/internal/app/apptest"
	"clientele/internal/conform"
	"clientele/internal/recording"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

const seedText = `
stores:
  - hash: abc123
    name: Upstream
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: planted-Token-9f3, scopes: [all]}]
    channels: [{id: 1, name: Main}, {id: 2, name: Outlet}]
    attributes: [{id: 1, name: Shoe size, type: number}, {id: 2, name: Nickname, type: string}, {id: 3, name: Birthday, type: date}]
    customer_groups: [{id: 1, name: Retail, is_default: true}, {id: 3, name: Wholesale}]
    customers:
      - id: 4
        email: quillon@brunhilde.example
        first_name: Brunhilde
        last_name: Xerxesson
        company: Kwyjibo GmbH
        phone: "+49 5550142 9"
        notes: likes Frobnitz
        customer_group_id: 3
        store_credit: "12.50"
        channel_ids: [1, 2]
        password: Zzyzx-Secret-77
        addresses:
          - {first_name: Brunhilde, last_name: Xerxesson, address1: Quuxgasse 7, city: Wolkenkuckucksheim, state_or_province: Bayern, postal_code: "80331", country_code: DE}
        attributes: [{name: Shoe size, value: "38"}, {name: Nickname, value: Snorri}, {name: Birthday, value: "1990-05-17"}]
      - {id: 9, email: zaphod@beeblebrox.example, first_name: Zaphod, last_name: Beeblebrox}
    subscribers:
      - {id: 1, email: news@brunhilde.example, first_name: Nadja, last_name: Newsletterova, source: custom, consents: [marketing_newsletter]}
    segments:
      - {id: 8d4f2c1e-6f0a-4e57-9a52-0d3f1f2b7c33, name: Regulars of Quux, description: They come back}
`

// record records some requests to a store with persons in it.
func record(t *testing.T, allow ...string) (dir string) {
	t.Helper()
	w := apptest.New(t, dbtest.Open(t, sqldb.SQLite), apptest.Options{Seed: seedText})
	upstream := httptest.NewServer(w.Handler)
	t.Cleanup(upstream.Close)
	dir = filepath.Join(t.TempDir(), "recording")
	r, err := recording.New(recording.Options{Upstream: upstream.URL, Dir: dir, Allow: allow, System: system.Real(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := recording.New(recording.Options{Upstream: "ftp://x", Dir: t.TempDir(), System: system.Real()}); err == nil {
		t.Error("an upstream of another scheme is taken")
	}
	proxy := httptest.NewServer(r)
	t.Cleanup(proxy.Close)
	send := func(want int, method, path, token, sent string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, proxy.URL+path, strings.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "application/json")
		if sent != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		req.Header.Set("Cookie", "SHOP_TOKEN=planted-Token-9f3")
		if token != "" {
			req.Header.Set("X-Auth-Token", token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, body, err)
		}
		if want == 200 && strings.HasPrefix(path, "/stores/abc123/v3/customers?") && !strings.Contains(path, "limit=1") && !strings.Contains(string(body), "Brunhilde") {
			t.Errorf("the client does not get what there is: %s", body)
		}
	}
	ask := func(want int, method, path, token string) { t.Helper(); send(want, method, path, token, "") }
	const good = "planted-Token-9f3"
	for _, path := range []string{
		"/v3/customers?include=addresses,attributes,storecredit,formfields", "/v3/customers?email:in=quillon@brunhilde.example", "/v3/customers?name:like=Brunhilde", "/v3/customers?name:in=Brunhilde%20Xerxesson", "/v3/customers?limit=1&sort=date_created:desc",
		"/v3/customers/addresses", "/v3/customers/attributes", "/v3/customers/attribute-values", "/v3/customers/subscribers", "/v3/customers/subscribers/1", "/v3/segments",
		"/v2/customers", "/v2/customers/4", "/v2/customers/4/addresses", "/v2/customers/count", "/v2/customer_groups", "/v2/customer_groups/3", "/v2/countries?limit=2",
	} {
		ask(200, "GET", "/stores/abc123"+path, good)
	}
	ask(422, "GET", "/stores/abc123/v3/customers?nickname=Brunhilde", good)
	ask(404, "GET", "/stores/abc123/v2/customers/77", good)
	ask(404, "GET", "/stores/abc123/v3/customers/subscribers/77", good)
	ask(401, "GET", "/stores/abc123/v3/customers", "wrong-Zzyzx-Secret-77")
	ask(401, "GET", "/stores/abc123/v3/customers", "")
	ask(405, "DELETE", "/stores/abc123/v3/customers?id:in=4", good)
	if len(allow) == 0 {
		ask(405, "POST", "/stores/abc123/v3/customers", good)
		return dir
	}
	send(200, "POST", "/stores/abc123/v3/customers", good, `[{"email":"new@brunhilde.example","first_name":"Brunhilde","last_name":"Newsletterova","addresses":[{"first_name":"A","last_name":"B","address1":"Quuxgasse 9","city":"Zwolle","country_code":"HK"}]}]`)
	send(422, "POST", "/stores/abc123/v3/customers", good, `[{"email":"new@brunhilde.example","first_name":"Brunhilde","last_name":"Newsletterova"}]`)
	send(200, "POST", "/stores/abc123/v3/customers", good, `[{"email":"newer@brunhilde.example","first_name":"A","last_name":"B","authentication":{"new_password":"Zzyzx-Secret-77"}}]`)
	send(200, "POST", "/stores/abc123/v2/customers", good, `{"email":"newest@brunhilde.example","first_name":"A","last_name":"B"}`)
	ask(200, "GET", "/stores/abc123/v3/customers?email:in=new@brunhilde.example&include=addresses", good)
	return dir
}

func TestRecordingsTellNoSecretsAndNoPersons(t *testing.T) {
	dir := record(t)
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 23 {
		t.Errorf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
		for _, planted := range []string{"quillon", "brunhilde", "Xerxesson", "Kwyjibo", "5550142", "Frobnitz", "Zzyzx", "Quuxgasse", "Wolkenkuckucksheim", "80331", "Snorri", "1990-05", "zaphod", "beeblebrox", "Nadja", "Newsletterova", "Regulars", "planted-Token", "Token-9f3"} {
			if strings.Contains(strings.ToLower(string(text)), strings.ToLower(planted)) {
				t.Errorf("%s tells %s:\n%s", filepath.Base(name), planted, text)
			}
		}
	}
	if _, err := recording.New(recording.Options{Upstream: "https://api.example", Dir: dir, System: system.Real()}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a directory with a recording is taken: %v", err)
	}
}

// Writes that were recorded are made again.
func TestConformWithWrites(t *testing.T) {
	report, err := conform.Run(t.Context(), record(t, "post"))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := report.Write(&text); err != nil {
		t.Fatal(err)
	}
	if good, all := report.Good(""); good != all || all != 27 || report.Skipped["sent with a secret"] != 1 {
		t.Errorf("%d of %d:\n%s", good, all, text.String())
	}
}

func TestConform(t *testing.T) {
	dir := record(t)
	report, err := conform.Run(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := report.Write(&text); err != nil {
		t.Fatal(err)
	}
	if good, all := report.Good(""); good != all || all != 23 || !strings.Contains(text.String(), "getCustomers ") {
		t.Errorf("%d of %d:\n%s", good, all, text.String())
	}
	// What differs is found, each by itself.
	exchanges, err := recording.Read(dir)
	if err != nil || len(exchanges) != 23 {
		t.Fatal(len(exchanges), err)
	}
	for name, change := range map[string][2]string{
		"missing":                {`"phone":`, `"telephone":`},
		"want a string":          {`"id": 4,`, `"id": "4",`},
		"in the order":           {`"company": "`, `"zzz": "`},
		"status 200, want 201":   {`"status": 200,`, `"status": 201,`},
		"header X-Rate-Limit-Re": {`"X-Rate-Limit-Requests-Left"`, `"X-Other"`},
		"Content-Type":           {`"application/json"`, `"application/xml"`},
	} {
		first := filepath.Join(dir, "000001.json")
		was, err := os.ReadFile(first)
		if err != nil {
			t.Fatal(err)
		}
		now := strings.Replace(string(was), change[0], change[1], 1)
		if name == "in the order" { // two members change places
			now = strings.Replace(string(was), `"first_name"`, `"swapped"`, 1)
			now = strings.Replace(now, `"last_name"`, `"first_name"`, 1)
			now = strings.Replace(now, `"swapped"`, `"last_name"`, 1)
		}
		if name == "Content-Type" {
			i := strings.LastIndex(string(was), change[0])
			now = string(was)[:i] + strings.Replace(string(was)[i:], change[0], change[1], 1)
			i = strings.Index(now, `"response"`)
			now = now[:i] + strings.Replace(now[i:], `"application/json"`, change[1], 1)
		}
		if now == string(was) {
			t.Fatalf("%s: nothing is planted in\n%s", name, was)
		}
		if err := os.WriteFile(first, []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := conform.Run(t.Context(), dir)
		if err != nil {
			t.Fatal(name, err)
		}
		var junit bytes.Buffer
		if err := report.JUnit(&junit); err != nil {
			t.Fatal(err)
		}
		if good, all := report.Good(""); good != all-1 || !strings.Contains(junit.String(), name) || !strings.Contains(junit.String(), `failures="1"`) {
			t.Errorf("%s: %d of %d:\n%s", name, good, all, junit.String())
		}
		if err := xml.Unmarshal(junit.Bytes(), new(struct{ XMLName xml.Name })); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(first, was, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Of what was recorded no store can be made.
	first := filepath.Join(dir, "000001.json")
	was, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(first, bytes.Replace(was, []byte(`"id": 9,`), []byte(`"id": -9,`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := conform.Run(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "cannot be made of what was recorded") {
		t.Error(err)
	}
	if _, err := conform.Run(t.Context(), t.TempDir()); err == nil {
		t.Error("a directory without a recording is taken")
	}
}
