package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"clientele/internal/app"
	"clientele/internal/sqldb"
	"clientele/internal/sso"
	"clientele/internal/store"
)

const stateSeed = `
stores:
  - hash: abc123
    name: Demo
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
    attributes: [{id: 1, name: Shoe size, type: number}]
    customer_groups: [{id: 2, name: Wholesale}]
    form_fields: [{name: Size, form: customer, type: text}]
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: "Secret-123", addresses: [{first_name: Jane, last_name: Doe, address1: 1 Main Street, city: Austin, state_or_province: Texas, country_code: US, postal_code: "78701"}]}
      - {id: 2, email: john@example.com, first_name: John, last_name: Roe, customer_group_id: 2}
      - {id: 3, email: joan@example.com, first_name: Joan, last_name: Poe}
    subscribers: [{email: reader@example.com, first_name: R}]
staff: [{email: owner@example.com, password: "Owner-123456", role: owner}]
`

// stated is a server whose start had a seed.
func stated(t *testing.T, e sqldb.Engine, change func(*app.Config)) *controlled {
	t.Helper()
	c := control(t, e, change)
	c.do("POST", "/seed?baseline=true", stateSeed, nil)
	return c
}

// everything asks for all that a store shows of itself.
func (c *controlled) everything(hash, token string) map[string]string {
	c.t.Helper()
	out := map[string]string{}
	for _, path := range []string{
		"/v3/customers?include=addresses,storecredit,attributes,formfields,shopper_profile_id,segment_ids&limit=250", "/v3/customers/addresses?limit=250", "/v3/customers/attributes", "/v3/customers/attribute-values?limit=250",
		"/v3/customers/form-field-values?limit=250", "/v3/customers/subscribers?limit=250", "/v3/segments", "/v3/shopper-profiles", "/v3/hooks", "/v3/channels", "/v3/customers/metafields",
		"/v3/clientele/history?limit=250", "/v3/customers/settings", "/v3/clientele/keys", "/v2/customers?limit=250", "/v2/customers/count", "/v2/customer_groups", "/v2/customers/1/addresses", "/v2/store", "/v3/clientele/customers/1/credit",
	} {
		status, text := c.ask("GET", "/stores/"+hash+path, "", "X-Auth-Token", token, "Accept", "application/json")
		out[path] = fmt.Sprint(status, " ", strings.ReplaceAll(text, c.URL, ""))
	}
	return out
}

// unchanged compares what a store shows.
func unchanged(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s: GET %s\nwas %.2000s\nis  %.2000s", what, path, was, after[path])
		}
	}
}

// writer makes random writes through all doors.
type writer struct {
	*controlled
	hash, token, host string
	bearer            string
	n                 int
	random            *rand.Rand
}

func (w *writer) api(method, path, body string) (int, string) {
	return w.ask(method, "/stores/"+w.hash+path, body, "X-Auth-Token", w.token, "Content-Type", "application/json", "Accept", "application/json")
}

func (w *writer) write() {
	w.t.Helper()
	w.n++
	n, id := w.n, 1+w.random.IntN(3)
	var status int
	var text string
	switch w.random.IntN(16) {
	case 0, 1, 2:
		status, text = w.api("POST", "/v3/customers", fmt.Sprintf(`[{"email":"w%d@example.com","first_name":"W","last_name":"X","attributes":[{"attribute_id":1,"attribute_value":"%[1]d"}],"form_fields":[{"name":"Size","value":"L"}]}]`, n))
	case 3:
		status, text = w.api("PUT", "/v3/customers", fmt.Sprintf(`[{"id":%d,"first_name":"F%d","notes":"n"}]`, id, n))
	case 4:
		status, text = w.api("POST", "/v3/customers/addresses", fmt.Sprintf(`[{"customer_id":%d,"first_name":"A","last_name":"B","address1":"%d St","city":"Austin","country_code":"US","state_or_province":"Texas","postal_code":"78701"}]`, id, n))
	case 5:
		status, text = w.api("DELETE", fmt.Sprintf("/v3/customers?id:in=%d", id), "")
	case 6:
		status, text = w.api("POST", "/v3/customers/subscribers", fmt.Sprintf(`{"email":"s%d@example.com"}`, n))
	case 7:
		status, text = w.api("POST", "/v2/customers", fmt.Sprintf(`{"email":"v%d@example.com","first_name":"V","last_name":"Two"}`, n))
	case 8:
		status, text = w.api("POST", "/v2/customer_groups", fmt.Sprintf(`{"name":"G%d"}`, n))
	case 9:
		status, text = w.api("PUT", "/v2/customers/2", fmt.Sprintf(`{"company":"C%d"}`, n))
	case 10:
		status, text = w.graphql(fmt.Sprintf(`mutation { customer { registerCustomer(input: {firstName: \"G\", lastName: \"Q\", email: \"g%d@example.com\", password: \"Some-pass-12\"}) { customer { entityId } errors { __typename } } } }`, n))
	case 11:
		status, text = w.graphql(fmt.Sprintf(`mutation { newsletter { subscribe(input: {email: \"n%d@example.com\", firstName: \"N\", lastName: \"L\"}) { errors { __typename } } } }`, n))
	case 12:
		status, text = w.page("/login.php?action=check_login", "login_email=jane@example.com&login_pass=Wrong-1234")
	case 13:
		status, text = w.page("/subscribe.php", fmt.Sprintf("nl_email=p%d@example.com&back=/", n))
	case 14:
		status, text = w.api("POST", "/v3/hooks", fmt.Sprintf(`{"scope":"store/customer/*","destination":"http://127.0.0.1:9/%d","is_active":true}`, n))
	case 15:
		status, text = w.page("/login.php?action=send_password_email", "email=jane@example.com")
	}
	if status >= 500 {
		w.t.Errorf("write %d: %d %s", n, status, text)
	}
}

func (w *writer) graphql(query string) (int, string) {
	return w.ask("POST", "/graphql", `{"query":"`+query+`"}`, "Host", w.host, "Authorization", "Bearer "+w.bearer, "Content-Type", "application/json")
}

func (w *writer) page(path, form string) (int, string) {
	const token = "00112233445566778899aabbccddeeff"
	return w.ask("POST", path, "authenticity_token="+token+"&"+form, "Host", w.host, "Content-Type", "application/x-www-form-urlencoded", "Cookie", "clientele_form="+token)
}

func newWriter(c *controlled, hash, token string, seed uint64) *writer {
	c.t.Helper()
	w := &writer{controlled: c, hash: hash, token: token, host: "store-" + hash + ".localhost", random: rand.New(rand.NewPCG(seed, 1))}
	status, text := w.api("POST", "/v3/storefront/api-token", `{"channel_ids":[1],"expires_at":0}`)
	var out struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(text), &out); err != nil || out.Data.Token == "" {
		c.t.Fatal(status, text)
	}
	w.bearer = out.Data.Token
	return w
}

// newID makes a customer and returns its id.
func (w *writer) newID(email string) (id int64) {
	w.t.Helper()
	status, text := w.api("POST", "/v3/customers", `[{"email":"`+email+`","first_name":"A","last_name":"B"}]`)
	var out struct{ Data []struct{ ID int64 } }
	if err := json.Unmarshal([]byte(text), &out); err != nil || len(out.Data) != 1 {
		w.t.Fatal(status, text)
	}
	return out.Data[0].ID
}

// After any writes, all that a store shows is what it was, on both engines, and
// the next ids are the same.
func TestRestoreBringsEverythingBack(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			c := stated(t, e, nil)
			w := newWriter(c, "abc123", "TOKEN", 7)
			c.do("PUT", "/clock", `{"frozen":true}`, nil)
			for range 20 {
				w.write()
			}
			c.do("POST", "/clock/advance", `{"by":"2s"}`, nil)
			c.do("PUT", "/snapshots/before", "", nil)
			before := c.everything("abc123", "TOKEN")
			var next []int64
			for round := range 2 {
				next = append(next, w.newID("next@example.com"))
				for range 100 {
					w.write()
				}
				if after := c.everything("abc123", "TOKEN"); after["/v3/clientele/history?limit=250"] == before["/v3/clientele/history?limit=250"] {
					t.Fatal("nothing was written")
				}
				var took struct {
					Took float64 `json:"took_ms"`
				}
				c.do("POST", "/snapshots/before/restore", "", &took)
				if took.Took <= 0 {
					t.Error("it took no time")
				}
				unchanged(t, fmt.Sprintf("round %d", round), before, c.everything("abc123", "TOKEN"))
			}
			if next[0] != next[1] || next[0] != w.newID("next@example.com") {
				t.Errorf("next ids %v", next)
			}
			// What the baseline has is what there was after the start.
			c.do("POST", "/reset", "", nil)
			if status, text := w.api("GET", "/v3/customers", ""); status != 200 || strings.Count(text, `"email"`) != 3 {
				t.Error(status, text)
			}
			if status, _ := w.graphql("{ site { settings { storeName } } }"); status != 401 {
				t.Errorf("a token that was made after the start is answered by %d", status)
			}
		})
	}
}

// A snapshot goes from one engine to the other, with the secrets in it.
func TestSnapshotsArePortable(t *testing.T) {
	from := stated(t, sqldb.SQLite, nil)
	w := newWriter(from, "abc123", "TOKEN", 3)
	from.do("PUT", "/clock", `{"frozen":true}`, nil)
	for range 30 {
		w.write()
	}
	from.do("POST", "/clock/advance", `{"by":"2s"}`, nil)
	before := from.everything("abc123", "TOKEN")
	from.do("PUT", "/snapshots/s", `{"stores":["abc123"]}`, nil)
	status, file := from.ask("GET", "/_clientele/v1/snapshots/s", "")
	if status != 200 || file == "" {
		t.Fatal(status)
	}
	to := control(t, sqldb.Postgres, nil)
	put := func(file string) (int, string) {
		return to.ask("PUT", "/_clientele/v1/snapshots/s", file, "Content-Type", "application/vnd.clientele.snapshot")
	}
	for i, bad := range []string{"", "x", file[:len(file)/2], file[:len(file)-20] + strings.Repeat("\x00", 20)} {
		if status, text := put(bad); status != 422 {
			t.Errorf("bad file %d: %d %s", i, status, text)
		}
	}
	if status, text := put(file); status != 200 || !strings.Contains(text, `"stores":["abc123"]`) {
		t.Fatal(status, text)
	}
	to.do("POST", "/snapshots/s/restore", "", nil)
	after := to.everything("abc123", "TOKEN")
	// Another installation has another id for the store.
	delete(before, "/v2/store")
	unchanged(t, "elsewhere", before, after)
	var made struct {
		Hash     string `json:"store_hash"`
		Accounts []struct {
			Token string `json:"access_token"`
		}
	}
	status, text := to.ask("POST", "/_clientele/v1/stores", `{"from":"snapshot:s","hash":"copy1"}`)
	if err := json.Unmarshal([]byte(text), &made); status != 201 || err != nil || made.Hash != "copy1" || len(made.Accounts) != 1 {
		t.Fatal(status, text)
	}
}

// What keeps secrets of a store under a key still opens in a store that was made
// from it.
func TestClonesOpenTheirSecrets(t *testing.T) {
	key := t.TempDir() + "/key"
	if err := os.WriteFile(key, []byte("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := stated(t, sqldb.SQLite, func(cfg *app.Config) { cfg.SecretKeyFile = key })
	w := newWriter(c, "abc123", "TOKEN", 1)
	w.api("POST", "/v3/hooks", `{"scope":"store/customer/*","destination":"http://127.0.0.1:9/","is_active":true,"headers":{"X-Secret":"planted"}}`)
	clone := c.clone("abc123")
	v := newWriter(c, clone.Hash, clone.Accounts[0].Token, 1) // signs with the store's key
	if status, text := v.api("GET", "/v3/hooks", ""); status != 200 || !strings.Contains(text, "planted") {
		t.Error(status, text)
	}
	if status, text := v.graphql("{ site { settings { storeName } } }"); status != 200 || !strings.Contains(text, "Demo") {
		t.Error(status, text)
	}
	// A file has them in the clear, and they are encrypted again where it goes.
	c.do("PUT", "/snapshots/s", `{"stores":["abc123"]}`, nil)
	_, file := c.ask("GET", "/_clientele/v1/snapshots/s", "")
	c.do("DELETE", "/clock", "", nil)
	if status, text := c.ask("PUT", "/_clientele/v1/snapshots/t", file, "Content-Type", "application/vnd.clientele.snapshot"); status != 200 {
		t.Fatal(status, text)
	}
	c.do("POST", "/snapshots/t/restore", "", nil)
	if status, text := w.api("GET", "/v3/hooks", ""); status != 200 || !strings.Contains(text, "planted") {
		t.Error(status, text)
	}
}

type cloned struct {
	Hash       string `json:"store_hash"`
	Management string `json:"management_url"`
	Storefront string `json:"storefront_url"`
	Accounts   []struct {
		Name   string `json:"name"`
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Token  string `json:"access_token"`
	}
}

func (c *controlled) clone(from string) (out cloned) {
	c.t.Helper()
	status, text := c.ask("POST", "/_clientele/v1/stores", `{"from":"`+from+`"}`)
	if err := json.Unmarshal([]byte(text), &out); status != 201 || err != nil || len(out.Accounts) == 0 {
		c.t.Fatal(status, text)
	}
	return out
}

// Sixteen tests at once have a store each, and see nothing of each other.
func TestStoresOfParallelTests(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			c := stated(t, e, nil)
			c.do("PUT", "/clock", `{"frozen":true}`, nil)
			main := newWriter(c, "abc123", "TOKEN", 1)
			before := c.everything("abc123", "TOKEN")
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					made := c.clone("abc123")
					if made.Management != c.URL+"/stores/"+made.Hash || !strings.HasPrefix(made.Storefront, "http://store-"+made.Hash+".localhost") || made.Accounts[0].ID != "CID" || made.Accounts[0].Token == "TOKEN" || made.Accounts[0].Secret == "SECRET" {
						t.Errorf("%+v", made)
					}
					w := newWriter(c, made.Hash, made.Accounts[0].Token, uint64(i))
					if id := w.newID(fmt.Sprintf("worker%d@example.com", i)); id != 4 {
						t.Errorf("the next id of a clone is %d", id)
					}
					if status, _ := c.ask("GET", "/stores/"+made.Hash+"/v3/customers", "", "X-Auth-Token", "TOKEN"); status != 401 {
						t.Errorf("the token of another store is answered by %d", status)
					}
					if status, _ := c.ask("GET", "/stores/abc123/v3/customers", "", "X-Auth-Token", made.Accounts[0].Token); status != 401 {
						t.Errorf("the token of a clone is answered by %d elsewhere", status)
					}
					if status, _ := c.ask("POST", "/graphql", `{"query":"{ site { settings { storeName } } }"}`, "Host", "store-"+made.Hash+".localhost", "Authorization", "Bearer "+main.bearer, "Content-Type", "application/json"); status != 401 {
						t.Errorf("a storefront token of another store is answered by %d", status)
					}
					for range 20 {
						w.write()
					}
					_, text := w.api("GET", "/v3/customers?limit=250", "")
					for j := range 16 {
						if there := strings.Contains(text, fmt.Sprintf(`"worker%d@example.com"`, j)); there != (i == j) {
							t.Errorf("worker %d sees customer of %d: %v", i, j, there)
						}
					}
					// Each goes back by itself.
					c.do("POST", "/reset", `{"stores":["`+made.Hash+`"],"keep":["clock"]}`, nil)
					if id := w.newID("again@example.com"); id != 4 {
						t.Errorf("after a reset the next id is %d", id)
					}
					if i%2 == 0 {
						if status, text := c.ask("DELETE", "/_clientele/v1/stores/"+made.Hash, ""); status != 204 {
							t.Error(status, text)
						}
						if status, _ := w.api("GET", "/v3/customers", ""); status != 401 && status != 404 {
							t.Errorf("a store that is gone is answered by %d", status)
						}
					}
				})
			}
			wg.Wait()
			unchanged(t, "the store they were made from", before, c.everything("abc123", "TOKEN"))
			// Going back to the start leaves none of them.
			c.do("POST", "/reset", `{"keep":["clock"]}`, nil)
			var status struct {
				Stores []struct {
					Hash string `json:"store_hash"`
				}
				Clock struct{ Frozen bool }
			}
			c.do("GET", "/status", "", &status)
			if len(status.Stores) != 2 || !status.Clock.Frozen {
				t.Errorf("%+v", status)
			}
		})
	}
}

// What was under way when the state was replaced does not write into the new one.
func TestResetRefusesWhatWasUnderWay(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			c := stated(t, e, nil)
			begun := make(chan int, 100)
			c.OnRequest(func() { begun <- 1 })
			// A request whose body comes slowly, and is written after the reset.
			body := `[{"email":"late@example.com","first_name":"A","last_name":"B"}]`
			in, out := io.Pipe()
			r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+c.Address()+"/stores/abc123/v3/customers", in)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Auth-Token", "TOKEN")
			r.Header.Set("Content-Type", "application/json")
			answered := make(chan int)
			go func() {
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					answered <- 0
					return
				}
				defer res.Body.Close()
				answered <- res.StatusCode
			}()
			if _, err := out.Write([]byte(body[:10])); err != nil {
				t.Fatal(err)
			}
			<-begun
			c.do("POST", "/reset", "", nil)
			if _, err := out.Write([]byte(body[10:])); err != nil {
				t.Fatal(err)
			}
			out.Close()
			if status := <-answered; status != 503 {
				t.Errorf("a request from before is answered by %d", status)
			}
			_, text := c.ask("GET", "/stores/abc123/v3/customers", "", "X-Auth-Token", "TOKEN")
			if strings.Contains(text, "late@") {
				t.Error("a request from before has written")
			}
			// A delivery that is being made.
			gate, called := make(chan int), make(chan int, 1)
			slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- 1; <-gate }))
			defer slow.Close()
			w := newWriter(c, "abc123", "TOKEN", 1)
			w.api("POST", "/v3/hooks", fmt.Sprintf(`{"scope":"store/customer/created","destination":%q,"is_active":true}`, slow.URL))
			c.do("PUT", "/snapshots/hook", "", nil)
			before := c.everything("abc123", "TOKEN")
			w.newID("told@example.com")
			<-called
			c.do("POST", "/snapshots/hook/restore", "", nil)
			close(gate)
			c.do("POST", "/clock/advance", `{"by":"1s"}`, nil)
			unchanged(t, "after a delivery", before, c.everything("abc123", "TOKEN"))
		})
	}
}

// An emptied store has nothing in it, and is reached as before.
func TestEmptyStores(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			c := stated(t, e, nil)
			c.do("POST", "/reset", `{"stores":["abc123"],"to":"empty"}`, nil)
			w := newWriter(c, "abc123", "TOKEN", 1)
			for _, path := range []string{"/v3/customers", "/v3/customers/subscribers", "/v3/customers/attributes", "/v3/hooks"} {
				if status, text := w.api("GET", path, ""); status != 200 || !strings.Contains(text, `"data":[]`) {
					t.Errorf("%s: %d %s", path, status, text)
				}
			}
			if id := w.newID("first@example.com"); id != 1 {
				t.Errorf("the first customer is number %d", id)
			}
			if status, _ := w.page("/subscribe.php", "nl_email=p@example.com&back=/"); status >= 400 {
				t.Error(status)
			}
			c.do("POST", "/reset", "", nil)
			if _, text := w.api("GET", "/v2/customers/count", ""); !strings.Contains(text, `"count":3`) {
				t.Error(text)
			}
		})
	}
}

// A seed file with a fault changes nothing, in whichever store the fault is.
func TestSeedIsAllOrNothing(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			c := stated(t, e, nil)
			before := c.everything("abc123", "TOKEN")
			for _, bad := range []string{
				"  - {hash: other1, customers: [{email: a@example.com, first_name: A, last_name: B}, {email: a@example.com, first_name: A, last_name: B}]}\n",
				"  - {hash: x}\n",
				"staff: [{email: new@example.com, password: short, role: owner}]\n",
				"staff: [{email: new@example.com, role: owner, store: nothere}]\n",
			} {
				text := "stores:\n  - {hash: new1, customers: [{email: a@example.com, first_name: A, last_name: B}]}\n  - {hash: abc123, name: Renamed, customers: [{email: z@example.com, first_name: A, last_name: B}]}\n" + bad
				if status, out := c.ask("POST", "/_clientele/v1/seed", text); status != 422 && status != 409 && status != 404 {
					t.Errorf("%s: %d %s", bad, status, out)
				}
				unchanged(t, bad, before, c.everything("abc123", "TOKEN"))
				if _, text := c.ask("GET", "/_clientele/v1/status", ""); strings.Contains(text, "new1") {
					t.Errorf("%s: %s", bad, text)
				}
			}
		})
	}
}

func TestStateRefuses(t *testing.T) {
	c := stated(t, sqldb.SQLite, nil)
	for _, k := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/reset", `{"stores":[]}`, 422},
		{"POST", "/reset", `{"stores":["nothere"]}`, 404},
		{"POST", "/reset", `{"to":"nowhere"}`, 422},
		{"POST", "/reset", `{"keep":["cake"]}`, 422},
		{"POST", "/reset", `{"store":["abc123"]}`, 400},
		{"POST", "/reset", `{"stores":["nothere"],"to":"empty"}`, 404},
		{"PUT", "/snapshots/-x", ``, 422},
		{"PUT", "/snapshots/x", `{"stores":["nothere"]}`, 404},
		{"GET", "/snapshots/none", ``, 404},
		{"DELETE", "/snapshots/none", ``, 404},
		{"POST", "/snapshots/none/restore", ``, 404},
		{"POST", "/stores", ``, 400},
		{"POST", "/stores", `{"from":"nothere"}`, 404},
		{"POST", "/stores", `{"from":"snapshot:none"}`, 404},
		{"POST", "/stores", `{"from":"abc123","hash":"abc123"}`, 409},
		{"POST", "/stores", `{"from":"abc123","hash":"NO"}`, 422},
		{"DELETE", "/stores/nothere", ``, 404},
		{"POST", "/seed?baseline=yes", ``, 422},
	} {
		if status, text := c.ask(k.method, "/_clientele/v1"+k.path, k.body); status != k.want {
			t.Errorf("%s %s %s: %d %s, want %d", k.method, k.path, k.body, status, text, k.want)
		}
	}
	w := newWriter(c, "abc123", "TOKEN", 1)
	id := w.newID("stays@example.com")
	for _, h := range [][]string{{"Host", "evil.example"}, {"Origin", "http://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		for _, path := range []string{"/reset", "/snapshots/x/restore", "/stores"} {
			if status, text := c.ask("POST", "/_clientele/v1"+path, "", h...); status != 403 {
				t.Errorf("%s with %v: %d %s", path, h, status, text)
			}
		}
	}
	if next := w.newID("next@example.com"); next != id+1 {
		t.Error("a page of another origin has reset the store")
	}
}

// A login URL is good for 30 seconds of the server's clock, and says why it is
// refused after that.
func TestLoginURLRunsOut(t *testing.T) {
	c := stated(t, sqldb.SQLite, nil)
	c.do("PUT", "/clock", `{"frozen":true}`, nil)
	login := func(after string) (at, page string) {
		t.Helper()
		token, err := c.SSO.Token(t.Context(), store.Site{StoreID: c.store("abc123"), StoreHash: "abc123", ChannelID: 1, URL: "http://store-abc123.localhost"}, sso.Request{CustomerID: 1})
		if err != nil {
			t.Fatal(err)
		}
		c.do("POST", "/clock/advance", `{"by":"`+after+`"}`, nil)
		// As a browser follows it, with its cookies.
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", c.Address())
		}}}
		res, err := browser.Get("http://store-abc123.localhost/login/token/" + token)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.Request.URL.Path, string(text)
	}
	if at, page := login("29s"); at != "/account.php" || !strings.Contains(page, "Jane") {
		t.Errorf("%s %s", at, page)
	}
	if at, page := login("31s"); at != "/login.php" || !strings.Contains(page, "iat is more than 30 seconds ago") {
		t.Errorf("%s %s", at, page)
	}
}

// store returns a store's id.
func (c *controlled) store(hash string) int64 {
	c.t.Helper()
	st, err := c.Stores.ByHash(c.t.Context(), hash)
	if err != nil {
		c.t.Fatal(err)
	}
	return st.ID
}
