package pages_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/pages"
	"clientele/internal/password/passwordtest"
	"clientele/internal/recaptcha"
	"clientele/internal/seed"
	"clientele/internal/serve"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/visit"
)

// outbox keeps emails instead of sending them. A transaction may run twice, so
// the last email of a kind to an address is the one that counts.
type outbox struct {
	mu   sync.Mutex
	sent []account.Mail
}

func (o *outbox) Queue(_ *sqldb.Tx, m account.Mail) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, m)
	return nil
}

// link returns the path of the link in the last email of a kind.
func (o *outbox) link(t *testing.T, kind account.MailKind) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.sent) - 1; i >= 0; i-- {
		if o.sent[i].Kind == kind {
			u, err := url.Parse(o.sent[i].Data["link"])
			if err != nil {
				t.Fatal(err)
			}
			return u.RequestURI()
		}
	}
	t.Fatalf("no email %s among %d", kind, len(o.sent))
	return ""
}

type world struct {
	t       *testing.T
	server  *httptest.Server
	outbox  *outbox
	clock   *clock
	account *account.Service
	stores  *store.Service
	db      *sqldb.DB
	robots  *robots
	log     bytes.Buffer // of errors
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// robots lets those pass who say "human".
type robots struct{}

func (r *robots) Verify(ctx context.Context, s *store.ReCaptcha, token, peer string) error {
	return r.Check(ctx, s, token, peer)
}

func (*robots) Check(_ context.Context, _ *store.ReCaptcha, token, _ string) error {
	if token != "human" {
		return recaptcha.ErrRefused
	}
	return nil
}

const people = `
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: "correct horse 1"}
      - {id: 2, email: joe@example.com, first_name: Joe, last_name: Smith, password: "battery staple 2", force_password_reset: true}
`

// open starts a server of a seed document's stores.
func open(t *testing.T, db *sqldb.DB, stores string) *world {
	t.Helper()
	w := &world{t: t, outbox: &outbox{}, clock: &clock{now: time.Now()}, db: db, robots: &robots{}}
	sys := system.Real()
	sys.Clock = w.clock.Now
	w.stores = store.NewService(db, sys)
	passwords := passwordtest.New(sys)
	customers := customer.NewService(db, sys, passwords)
	doc, err := seed.Parse([]byte("stores:\n" + stores))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&seed.Applier{DB: db, System: sys, Stores: w.stores, Customers: customers, Passwords: passwords}).Apply(context.Background(), doc); err != nil {
		t.Fatal(err)
	}
	w.account = account.NewService(account.Config{DB: db, System: sys, Stores: w.stores, Customers: customers, Passwords: passwords, Mail: w.outbox})
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelError}))
	visits := visit.New(visit.Config{System: sys, Hosts: store.NewHosts(db, &system.System{Clock: w.clock.Now}), Log: log, Reasons: true})
	pipe := serve.New(serve.Config{System: sys, Log: log})
	p := pages.New(pipe, visits, pages.Services{
		Accounts: w.account, Customers: customers, Forms: form.NewService(db, sys), Subscribers: subscriber.NewService(db, sys), Stores: w.stores, Settings: setting.NewService(db, sys), Robots: w.robots,
	})
	r := chi.NewRouter()
	r.NotFound(pipe.Handler("/*", serve.Plain{}, func(x *serve.Exchange) error {
		if !p.Refuse(x, http.StatusNotFound) {
			http.NotFound(x, x.Request())
		}
		return nil
	}))
	p.Mount(r)
	w.server = httptest.NewServer(r)
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
