// Package clienteletest gives Go tests a Clientele of their own, in the process of
// the test: a store with its URL and token, a clock to move, faults to meet, the
// requests that came and the emails that were sent. Tests may run in parallel: they share nothing. After the first one of
// a seed a test has its server in some milliseconds.
//
//	func TestSync(t *testing.T) {
//		t.Parallel()
//		shop := clienteletest.New(t)
//		client := myclient.New(shop.ManagementURL, shop.Token)
//		…
//		shop.Clock.Advance(48 * time.Hour)
//	}
package clienteletest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"clientele/internal/app"
	"clientele/internal/password"
	"clientele/internal/seed"
	"clientele/internal/system"
)

// DefaultSeed is the seed file of tests that bring none.
const DefaultSeed = `
stores:
  - hash: abc123
    name: Test store
    api_accounts: [{name: test, client_id: test-client, client_secret: test-secret, access_token: test-token, scopes: [all]}]
`

// Shop is a store of a server that is one test's.
type Shop struct {
	// URL is the server's, without a slash at the end.
	URL string
	// StoreHash, ManagementURL and StorefrontURL are of the seed's first store; what
	// comes after ManagementURL is a path such as /v3/customers.
	StoreHash, ManagementURL, StorefrontURL string
	// Token is the access token of the store's first API account, whose other
	// credentials these are.
	Token, ClientID, ClientSecret string
	// Clock is behind all dates of the server.
	Clock *Clock

	t testing.TB
}

// Option says what a server is like.
type Option func(*options)

type options struct {
	seed string
	log  bool
}

// Seed has the server start with a seed file (docs/seed.md), as YAML or JSON.
func Seed(text string) Option { return func(o *options) { o.seed = text } }

// Log has the server's log among the output of the test.
func Log() Option { return func(o *options) { o.log = true } }

// New returns a store of a server that ends with the test.
func New(t testing.TB, with ...Option) *Shop {
	t.Helper()
	o := options{seed: DefaultSeed}
	for _, w := range with {
		w(&o)
	}
	from, err := templateOf(o.seed)
	if err != nil {
		t.Fatalf("clienteletest: %v", err)
	}
	file := filepath.Join(t.TempDir(), "clientele.db")
	if err := os.WriteFile(file, from.database, 0o600); err != nil {
		t.Fatalf("clienteletest: %v", err)
	}
	log := slog.New(slog.DiscardHandler)
	if o.log {
		log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := start(file, "", log)
	if err != nil {
		t.Fatalf("clienteletest: %v", err)
	}
	t.Cleanup(s.Close)
	shop := &Shop{URL: s.URL, StoreHash: from.hash, Token: from.account.AccessToken, ClientID: from.account.ClientID, ClientSecret: from.account.ClientSecret, t: t}
	shop.ManagementURL = s.URL + "/stores/" + from.hash
	shop.StorefrontURL = strings.Replace(s.URL, "127.0.0.1", "store-"+from.hash+".localhost", 1)
	shop.Clock = &Clock{shop}
	return shop
}

// template is a database that has its seed.
type template struct {
	database []byte
	hash     string
	account  seed.APIAccount
}

var templates sync.Map // of a seed: func() (*template, error)

// templateOf returns the template of a seed, which is made once.
func templateOf(text string) (*template, error) {
	once, _ := templates.LoadOrStore(text, sync.OnceValues(func() (*template, error) { return makeTemplate(text) }))
	return once.(func() (*template, error))()
}

func makeTemplate(text string) (*template, error) {
	doc, err := seed.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(doc.Stores) == 0 || len(doc.Stores[0].APIAccounts) == 0 {
		return nil, fmt.Errorf("the seed needs a store with an API account")
	}
	dir, err := os.MkdirTemp("", "clienteletest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	seeds, file := filepath.Join(dir, "seed.yaml"), filepath.Join(dir, "clientele.db")
	if err := os.WriteFile(seeds, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s, err := start(file, seeds, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	s.Close() // brings everything into the one file
	out := &template{hash: doc.Stores[0].Hash, account: doc.Stores[0].APIAccounts[0]}
	out.database, err = os.ReadFile(file)
	return out, err
}

// start starts a server over a database.
func start(file, seeds string, log *slog.Logger) (*app.Server, error) {
	var cfg app.Config
	defaults, err := kong.New(&cfg, kong.Name("clientele"), kong.Exit(func(int) {}))
	if err != nil {
		return nil, err
	}
	if _, err := defaults.Parse(nil); err != nil {
		return nil, err
	}
	clock := new(system.Movable)
	cfg.Database.Database, cfg.Listen, cfg.Seed = "sqlite:"+file, "127.0.0.1:0", seeds
	cfg.Parts = app.Parts{Clock: clock, Passwords: password.Options{Cheap: true}}
	return app.Start(context.Background(), &cfg, clock.System(), log, io.Discard)
}

// Reset brings the server back to what it was when New returned.
func (s *Shop) Reset() {
	s.t.Helper()
	s.control(http.MethodPost, "/reset", nil, nil)
}

// Snapshot takes a snapshot, which Restore brings the server back to.
func (s *Shop) Snapshot(name string) {
	s.t.Helper()
	s.control(http.MethodPut, "/snapshots/"+name, nil, nil)
}

// Restore brings the server back to a snapshot. The clock goes on.
func (s *Shop) Restore(name string) {
	s.t.Helper()
	s.control(http.MethodPost, "/snapshots/"+name+"/restore", nil, nil)
}

// Do makes a request to the store's management API and returns the answer. A body
// that is neither nil nor a string is sent as JSON.
func (s *Shop) Do(method, path string, body any) (status int, answer string) {
	s.t.Helper()
	return s.ask(method, s.ManagementURL+path, body, "X-Auth-Token", s.Token)
}

// Email is an email that was sent.
type Email struct {
	ID         string   `json:"id"`
	StoreHash  string   `json:"store_hash"`
	ChannelID  int64    `json:"channel_id"`
	Kind       string   `json:"kind"` // such as account_created
	Status     string   `json:"status"`
	To         string   `json:"to"`
	ToName     string   `json:"to_name"`
	CustomerID int64    `json:"customer_id"`
	Subject    string   `json:"subject"`
	Text       string   `json:"text"`
	HTML       string   `json:"html"`
	Links      []string `json:"links"`
}

// Emails returns the emails that were sent, the newest first, once all that is due
// has been sent.
func (s *Shop) Emails() []Email {
	s.t.Helper()
	s.Clock.Advance(0)
	var out struct{ Data []Email }
	s.decode(http.MethodGet, s.URL+"/_clientele/outbox.json?limit=250", nil, &out)
	return out.Data
}

// Clock is the clock of a server. It goes on by itself unless it is frozen.
type Clock struct{ of *Shop }

// clockAnswer is what the server says of its clock.
type clockAnswer struct {
	Now      time.Time
	Complete bool
}

// Now returns the server's time.
func (c *Clock) Now() time.Time {
	c.of.t.Helper()
	var out clockAnswer
	c.of.control(http.MethodGet, "/clock", nil, &out)
	return out.Now
}

// Advance moves the clock from one due time to the next, and does what is due
// there: emails, deliveries to webhooks, what expires.
func (c *Clock) Advance(by time.Duration) {
	c.of.t.Helper()
	var out clockAnswer
	to := c.Now().Add(by)
	for !out.Complete {
		c.of.control(http.MethodPost, "/clock/advance", map[string]time.Time{"to": to}, &out)
	}
}

// Freeze has the clock stand still, or go on.
func (c *Clock) Freeze(still bool) {
	c.of.t.Helper()
	c.of.control(http.MethodPut, "/clock", map[string]bool{"frozen": still}, nil)
}

// Set moves the clock to a later time. What is due by then is done once.
func (c *Clock) Set(to time.Time) {
	c.of.t.Helper()
	c.of.control(http.MethodPut, "/clock", map[string]time.Time{"now": to}, nil)
}

func (s *Shop) control(method, path string, body, into any) {
	s.t.Helper()
	s.decode(method, s.URL+"/_clientele/v1"+path, body, into)
}

func (s *Shop) decode(method, url string, body, into any) {
	s.t.Helper()
	status, text := s.ask(method, url, body)
	if status >= 300 {
		s.t.Fatalf("clienteletest: %s %s: %d %s", method, url, status, text)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		s.t.Fatalf("clienteletest: %s %s: %v", method, url, err)
	}
}

func (s *Shop) ask(method, url string, body any, header ...string) (status int, text string) {
	s.t.Helper()
	var b []byte
	switch v := body.(type) {
	case nil:
	case string:
		b = []byte(v)
	default:
		var err error
		if b, err = json.Marshal(v); err != nil {
			s.t.Fatalf("clienteletest: %v", err)
		}
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader(b))
	if err != nil {
		s.t.Fatalf("clienteletest: %v", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatalf("clienteletest: %v", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("clienteletest: %v", err)
	}
	return res.StatusCode, string(answer)
}
