package pages_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// world is the program with a seed document's stores, on a listener.
type world struct {
	*apptest.World
	server *httptest.Server
}

const people = `
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: "correct horse 1"}
      - {id: 2, email: joe@example.com, first_name: Joe, last_name: Smith, password: "battery staple 2", force_password_reset: true}
`

// open starts a server of a seed document's stores.
func open(t *testing.T, db *sqldb.DB, stores string) *world {
	t.Helper()
	w := &world{World: apptest.New(t, db, apptest.Options{Now: time.Now(), Seed: "stores:\n" + stores})}
	w.server = httptest.NewServer(w.Handler)
	t.Cleanup(w.server.Close)
	return w
}

func each(t *testing.T, stores string, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(t, open(t, db, stores)) })
}

// browser is a shopper's: with cookies, and following redirects.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	status int
	path   string // where the last request ended
	body   string
	header http.Header
	lang   string
	extra  http.Header
}

func (w *world) browser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: w.server.URL, client: &http.Client{Jar: jar}, extra: http.Header{}}
}

func (b *browser) do(method, path, contentType, body string) *browser {
	b.t.Helper()
	req, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range b.extra {
		req.Header[k] = v
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if b.lang != "" {
		req.Header.Set("Accept-Language", b.lang)
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

func (b *browser) get(path string) *browser { b.t.Helper(); return b.do(http.MethodGet, path, "", "") }

var tokenField = regexp.MustCompile(`name="authenticity_token" value="([0-9a-f]+)"`)

// post sends a form of the page that is shown.
func (b *browser) post(path string, fields ...string) *browser {
	b.t.Helper()
	v := url.Values{}
	if m := tokenField.FindStringSubmatch(b.body); m != nil {
		v.Set("authenticity_token", m[1])
	}
	for i := 0; i < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", v.Encode())
}

// want checks the last answer: its status, where it came from and words in it.
func (b *browser) want(status int, path string, words ...string) *browser {
	b.t.Helper()
	if b.status != status || path != "" && b.path != path {
		b.t.Fatalf("%d at %s, want %d at %s\n%s", b.status, b.path, status, path, b.body)
	}
	for _, word := range words {
		if not, is := strings.CutPrefix(word, "!"); is {
			if strings.Contains(b.body, not) {
				b.t.Errorf("%s: has %q\n%s", b.path, not, b.body)
			}
		} else if !strings.Contains(b.body, word) {
			b.t.Errorf("%s: no %q\n%s", b.path, word, b.body)
		}
	}
	return b
}

func (b *browser) signIn(email, password string) *browser {
	b.t.Helper()
	return b.get("/login.php").want(200, "").post("/login.php?action=check_login", "login_email", email, "login_pass", password)
}

// dial leads every name to the server.
func dial(s *httptest.Server) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, s.Listener.Addr().String())
	}
}
