package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Servers and commands are killed in the middle of erasures. Each ends by itself
// once a server runs, counts what one counts that nobody disturbs, and leaves
// nothing of the person in the files of the database; also where the person signs
// in meanwhile and a receiver of webhooks tells their name.
func TestKilledWhileErasing(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		e := newErasing(t, dsn)
		twin := e.person("Wombat")
		want := e.erase(twin)
		if len(want) < 15 {
			t.Fatalf("the erasure of %s counts %v", twin.mark, want)
		}
		for i, mark := range []string{"Numbat", "Quokka", "Bettong"} {
			p := e.amid(mark, func(p *erased) bool { return e.interrupt(p, i*6) })
			if got := e.await(p); !maps.Equal(got, want) {
				t.Errorf("%s was erased when a server was killed: %v, undisturbed: %v", mark, got, want)
			}
		}
		p := e.amid("Potoroo", e.interruptCommand)
		if got := e.await(p); !maps.Equal(got, want) {
			t.Errorf("%s was erased when a command was killed: %v, undisturbed: %v", p.mark, got, want)
		}
		e.amid("Bilby", func(p *erased) bool {
			quiet := e.disturb(p)
			defer quiet()
			ok := e.interrupt(p, 3)
			e.await(p)
			return ok
		})
		e.settle()
		e.nothingIsLeft()
	})
}

// erasing is a store whose persons are erased.
type erasing struct {
	t      *testing.T
	dsn    string
	s      *server
	at     atomic.Pointer[string] // the server's address, which changes
	token  string
	hook   *httptest.Server
	got    atomic.Int64           // deliveries
	tells  atomic.Pointer[string] // what the receiver answers, with a status that is tried again
	logs   strings.Builder        // of servers that were killed
	erased int64
	people []*erased
}

// erased is a person who is erased.
type erased struct {
	mark, email string
	customer    int64
	erasure     int64
}

func newErasing(t *testing.T, dsn string) *erasing {
	e := &erasing{t: t, dsn: dsn}
	e.hook = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		e.got.Add(1)
		if text := e.tells.Load(); text != nil {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, *text)
		}
	}))
	t.Cleanup(e.hook.Close)
	out := must(t, "api-account", "create", "--database", dsn, "--store", seedStore, "--scopes", "store_v2_customers,store_v2_information,store_clientele_person")
	e.token = regexp.MustCompile(`Access token +(\S+)`).FindStringSubmatch(out)[1]
	e.s = serve(t, "--database", dsn)
	url := e.s.url
	e.at.Store(&url)
	// What is told of a deletion would be counted or not, as it comes.
	hookFor(e.client(), "store/customer/updated", e.hook.URL)
	return e
}

func (e *erasing) client() *client { return newClient(e.t, *e.at.Load(), seedStore, e.token) }

const erasedPassword = "Secret-123"

// amid makes persons until the erasure of one is interrupted in its middle, which it
// may be too late for.
func (e *erasing) amid(mark string, interrupt func(*erased) bool) *erased {
	e.t.Helper()
	for i := range 20 {
		p := e.person(fmt.Sprint(mark, i))
		if interrupt(p) {
			return p
		}
	}
	e.t.Fatalf("no erasure of a %s was in the middle", mark)
	return nil
}

// person makes a person of whom many tables hold something.
func (e *erasing) person(mark string) *erased {
	e.t.Helper()
	const n = 2 // deliveries
	c, told := e.client(), e.got.Load()
	p := &erased{mark: mark, email: strings.ToLower(mark) + "@example.com"}
	made, err := decode[customer](c.call(http.StatusOK, http.MethodPost, "/customers", []any{map[string]any{
		"email": p.email, "first_name": mark, "last_name": mark + "son", "company": mark + " Ltd", "notes": mark, "authentication": map[string]any{"new_password": erasedPassword},
		"store_credit_amounts": []any{map[string]any{"amount": 12.5}}, "attributes": []any{map[string]any{"attribute_id": 1, "attribute_value": "42"}},
		"form_fields": []any{map[string]any{"name": "Referral", "value": mark}},
		"addresses": []any{map[string]any{"first_name": mark, "last_name": "B", "address1": "1 " + mark + " St", "city": "Austin", "state_or_province": "Texas",
			"postal_code": "78701", "country_code": "US", "form_fields": []any{map[string]any{"name": "Delivery note", "value": mark}}}},
	}}))
	if err != nil || len(made.Data) != 1 {
		e.t.Fatal(err, made)
	}
	p.customer = made.Data[0].ID
	c.call(http.StatusOK, http.MethodPost, "/customers/subscribers", map[string]any{"email": p.email, "first_name": mark, "last_name": mark})
	c.call(http.StatusOK, http.MethodPost, fmt.Sprintf("/customers/%d/metafields", p.customer), map[string]any{"permission_set": "app_only", "namespace": mark, "key": mark, "value": mark})
	c.call(http.StatusCreated, http.MethodPost, "/wishlists", map[string]any{"customer_id": p.customer, "name": mark, "is_public": false, "items": []any{map[string]any{"product_id": 1}}})
	for i := range n {
		c.call(http.StatusOK, http.MethodPut, "/customers", []any{map[string]any{"id": p.customer, "notes": fmt.Sprint(mark, " ", i)}})
	}
	if status, where, err := e.signIn(p, erasedPassword); err != nil || status != http.StatusSeeOther || where == "/login.php" {
		e.t.Fatal("nobody is signed in", status, where, err)
	}
	for deadline := time.Now().Add(patience); e.got.Load() < told+n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatalf("%d of %d deliveries", e.got.Load()-told, n)
		}
	}
	e.people = append(e.people, p)
	return p
}

// signIn posts the form of the sign-in page, from a browser with the person's name.
func (e *erasing) signIn(p *erased, password string) (status int, where string, err error) {
	const form = "0123456789abcdef0123456789abcdef"
	body := url.Values{"authenticity_token": {form}, "login_email": {p.email}, "login_pass": {password}}
	r, err := http.NewRequest(http.MethodPost, *e.at.Load()+"/login.php?action=check_login", strings.NewReader(body.Encode()))
	if err != nil {
		return 0, "", err
	}
	r.Host = "store-" + seedStore + ".localhost"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", p.mark+"-Browser")
	r.AddCookie(&http.Cookie{Name: "clientele_form", Value: form})
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location"), nil
}

// state is how far an erasure has come.
type state struct {
	ID     int64
	Status string
	Tables []struct {
		Table string
		Rows  int64
	}
}

func (s *state) counts() map[string]int64 {
	out := map[string]int64{}
	for _, t := range s.Tables {
		out[t.Table] = t.Rows
	}
	return out
}

// erase erases a person without a disturbance.
func (e *erasing) erase(p *erased) map[string]int64 {
	e.t.Helper()
	e.erased++
	p.erasure = e.erased
	e.client().call(http.StatusOK, http.MethodPost, "/clientele/persons/erase", map[string]any{"email": p.email})
	return e.await(p)
}

// look returns the state of an erasure, or nil where there is none yet.
func (e *erasing) look(c *client, id int64) *state {
	status, answer, err := c.send(http.MethodGet, fmt.Sprint("/clientele/persons/erasures/", id), nil)
	if err != nil || status != http.StatusOK && status != http.StatusNotFound {
		e.t.Fatalf("%d %s %v", status, answer, err)
	}
	if status == http.StatusNotFound {
		return nil
	}
	var out struct{ Data state }
	if err := json.Unmarshal(answer, &out); err != nil {
		e.t.Fatal(err)
	}
	return &out.Data
}

// until waits until an erasure counts rows of so many tables.
func (e *erasing) until(c *client, p *erased, tables int) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if s := e.look(c, p.erasure); s != nil && len(s.Tables) >= tables {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("the erasure of %s does not begin", p.mark)
		}
	}
}

// restart runs the server again that was killed, and tells whether the erasure is in
// the middle.
func (e *erasing) restart(p *erased) bool {
	e.t.Helper()
	e.logs.WriteString(e.s.errs.String())
	e.s.restart(e.t)
	url := e.s.url
	e.at.Store(&url)
	s := e.look(e.client(), p.erasure)
	return s != nil && s.Status == "running"
}

// interrupt has a person erased and kills the server amid that, once rows of so many
// tables are erased.
func (e *erasing) interrupt(p *erased, tables int) bool {
	e.t.Helper()
	e.erased++
	p.erasure = e.erased
	c, asked := e.client(), make(chan struct{})
	go func() {
		defer close(asked)
		_, _, _ = c.send(http.MethodPost, "/clientele/persons/erase", map[string]any{"email": p.email}) // nobody hears the answer
	}()
	e.until(e.client(), p, tables)
	e.s.kill()
	<-asked
	return e.restart(p)
}

// interruptCommand has a command erase a person, and kills it and the server amid that.
func (e *erasing) interruptCommand(p *erased) bool {
	e.t.Helper()
	e.erased++
	p.erasure = e.erased
	cmd := launch(e.t, e.t.TempDir(), nil, program(e.t), "person", "erase", "--store", seedStore, "--email", p.email, "--reason", "Ticket 7", "--database", e.dsn)
	e.until(e.client(), p, 0)
	cmd.kill()
	e.s.kill()
	return e.restart(p)
}

// await has time go on until an erasure is done, and returns what it counts.
func (e *erasing) await(p *erased) map[string]int64 {
	e.t.Helper()
	c := e.client()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if s := e.look(c, p.erasure); s.Status == "done" {
			return s.counts()
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("the erasure of %s does not end", p.mark)
		}
		e.advance("20s")
	}
}

func (e *erasing) advance(by string) {
	e.t.Helper()
	res, err := http.Post(e.s.url+"/_clientele/v1/clock/advance", "application/json", strings.NewReader(`{"by":"`+by+`"}`))
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(text), `"complete":true`) {
		e.t.Fatalf("the clock: %d %s %v", res.StatusCode, text, err)
	}
}

// disturb has a person sign in and be changed again and again, which a receiver is
// told of that answers with their name. The function that it returns ends that.
func (e *erasing) disturb(p *erased) (quiet func()) {
	text := p.mark + " is unknown here"
	e.tells.Store(&text)
	told := e.got.Load()
	var over atomic.Bool
	var all sync.WaitGroup
	var in, refused atomic.Int64
	e.t.Cleanup(func() { over.Store(true) })
	work := func(do func()) {
		all.Go(func() {
			for !over.Load() {
				do()
			}
		})
	}
	work(func() {
		switch status, where, err := e.signIn(p, erasedPassword); {
		case err != nil:
			time.Sleep(5 * time.Millisecond)
		case status == http.StatusSeeOther && where != "/login.php":
			in.Add(1)
		default:
			refused.Add(1)
		}
	})
	n := 0
	c := e.client()
	work(func() {
		n++
		c.base = *e.at.Load() + "/stores/" + seedStore + "/v3"
		if _, _, err := c.send(http.MethodPut, "/customers", []any{map[string]any{"id": p.customer, "notes": fmt.Sprint(p.mark, n)}}); err != nil {
			time.Sleep(5 * time.Millisecond)
		}
	})
	for deadline := time.Now().Add(patience); e.got.Load() == told || in.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatal("nothing disturbs")
		}
	}
	return func() {
		e.t.Helper()
		for deadline := time.Now().Add(patience); refused.Load() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				e.t.Fatal("an erased person signs in")
			}
		}
		over.Store(true)
		all.Wait()
		e.tells.Store(nil)
		e.t.Logf("%d sign-ins, %d refused, %d changes, %d deliveries", in.Load(), refused.Load(), n, e.got.Load()-told)
	}
}

// settle lets the last look at erasures be taken, and what waits for its turn be done.
func (e *erasing) settle() {
	e.t.Helper()
	e.advance("3h")
	e.logs.WriteString(e.s.errs.String())
	e.s.stop()
}

// nothingIsLeft looks for the persons in the tables, the files and the logs.
func (e *erasing) nothingIsLeft() {
	e.t.Helper()
	db := dbtest.OpenDSN(e.t, e.dsn)
	for _, p := range e.people {
		for _, table := range []string{"account_sessions", "account_tokens", "known_addresses", "customer_sign_ins", "addresses", "emails", "wishlists", "customer_emails"} {
			n := int64(0)
			if err := db.Read(e.t.Context(), 1, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT count(*) FROM `+table+` WHERE store_id = $1 AND customer_id = $2`), func(r *sqldb.Row) error { n = r.Int(0); return nil }, p.customer)
			}); err != nil {
				e.t.Fatal(table, err)
			}
			if n != 0 {
				e.t.Errorf("%s has %d rows of %s", table, n, p.mark)
			}
		}
		var where string
		for range 5 { // the server may analyze tables by itself meanwhile
			if where = dbtest.InFiles(e.t, db, e.dsn, p.mark, strings.ToLower(p.mark)); where == "" {
				break
			}
		}
		if where != "" {
			e.t.Error(where)
		}
		if strings.Contains(strings.ToLower(e.logs.String()), strings.ToLower(p.mark)) {
			e.t.Errorf("the log tells of %s", p.mark)
		}
	}
	if dbtest.InFiles(e.t, db, e.dsn, "jane@example.com") == "" {
		e.t.Error("the files are not looked at")
	}
}
