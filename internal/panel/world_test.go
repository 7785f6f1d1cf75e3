package panel_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

// world is the program with two stores, on a listener.
type world struct {
	*apptest.World
	t      *testing.T
	server *httptest.Server
}

const stores = `stores:
  - {hash: one, name: First store, customers: [{id: 1, email: secret.of.one@example.com, first_name: A, last_name: A}]}
  - {hash: two, name: Birch Books}
`

func open(t *testing.T, db *sqldb.DB, seed string, change ...func(*app.Config)) *world {
	t.Helper()
	w := &world{t: t}
	w.server = httptest.NewUnstartedServer(nil)
	w.World = apptest.New(t, db, apptest.Options{Now: time.Now(), Seed: seed, Change: func(c *app.Config) {
		c.PublicURL = "http://" + w.server.Listener.Addr().String()
		for _, f := range change {
			f(c)
		}
	}})
	w.server.Config.Handler = w.Handler
	w.server.Start()
	t.Cleanup(w.server.Close)
	return w
}

func each(t *testing.T, seed string, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(t, open(t, db, seed)) })
}

// full reports whether journeys are made at their full length.
func full() bool { return os.Getenv("JOURNEYS") == "full" }

// journeys runs fn with scripts on SQLite and without them on PostgreSQL: neither
// asks the other what it does, and browsers take long. JOURNEYS=full has both on
// both.
func journeys(t *testing.T, fn func(t *testing.T, db *sqldb.DB, scripts bool)) {
	t.Helper()
	for name, scripts := range map[string]bool{"with scripts": true, "without": false} {
		for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
			if scripts == (e == sqldb.SQLite) || full() {
				t.Run(name+" on "+string(e), func(t *testing.T) {
					t.Parallel()
					fn(t, dbtest.Open(t, e), scripts)
				})
			}
		}
	}
}

// tab opens a tab, and returns what takes its pictures where it has scripts: once is
// enough.
func (w *world) tab(t *testing.T, scripts bool) (b *chromium.Tab, see func(name string)) {
	t.Helper()
	b = chromium.Open(t, w.server.URL, "en-US")
	if !scripts {
		return b.WithoutScripts(), func(string) {}
	}
	return b, func(name string) { b.See(name) }
}

const password = "Plough the furrow"

func (w *world) person(email string, store int64, role staff.Role) *staff.Person {
	w.t.Helper()
	p, err := w.Staff.Create(w.t.Context(), nil, staff.Create{Email: email, Name: "Some One", Password: password, StoreID: store, Role: role})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// browser is a person's, with cookies, and following redirects.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	status int
	path   string
	body   string
	header http.Header
	extra  http.Header
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{t: w.t, base: w.server.URL, client: &http.Client{Jar: jar}, extra: http.Header{}}
}

func (b *browser) do(method, path, body string) *browser {
	b.t.Helper()
	req, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range b.extra {
		req.Header[k] = v
	}
	if method == http.MethodPost && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.status, b.header, b.body, b.path = res.StatusCode, res.Header, string(text), res.Request.URL.RequestURI()
	return b
}

func (b *browser) get(path string) *browser { b.t.Helper(); return b.do(http.MethodGet, path, "") }

func (b *browser) post(path string, fields ...string) *browser {
	b.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, v.Encode())
}

// want checks the last answer: its status, where it came from and words in it.
func (b *browser) want(status int, path string, words ...string) *browser {
	b.t.Helper()
	if b.status != status || path != "" && b.path != path {
		b.t.Fatalf("%d at %s, want %d at %s\n%s", b.status, b.path, status, path, b.body)
	}
	for _, word := range words {
		if not, is := strings.CutPrefix(word, "!"); is && strings.Contains(b.body, not) || !is && !strings.Contains(b.body, word) {
			b.t.Errorf("%s: %q\n%s", b.path, word, b.body)
		}
	}
	return b
}

func (b *browser) signIn(email string) *browser {
	b.t.Helper()
	return b.post("/manage/sign-in", "email", email, "password", password)
}
