package v3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/api/apitest"
	shoppers "clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/seed"
	"clientele/internal/segment"
	"clientele/internal/serve"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
	"clientele/internal/webhook"
)

// The tokens that scenarios name, by their short names. foreign is in force in
// another store only.
var tokens = map[string]string{
	"owner":      "tok-owner-qqqqqqqqqqqqqqqq",
	"reader":     "tok-reader-wwwwwwwwwwwwwww",
	"marketing":  "tok-market-eeeeeeeeeeeeeee",
	"storefront": "tok-storefront-uuuuuuuuuuu",
	"catalog":    "tok-catalog-ooooooooooooooo",
	"prices":     "tok-prices-pppppppppppppppp",
	"former":     "tok-former-rrrrrrrrrrrrrrr",
	"foreign":    "tok-foreign-tttttttttttttt",
	"wrong":      "tok-wrong-yyyyyyyyyyyyyyyy",
	"none":       "",
}

const foreignStore = `
stores:
  - hash: foreign
    api_accounts:
      - {name: Foreign, client_id: cli-foreign-01, client_secret: sec-foreign-ffffffffffffff, access_token: tok-foreign-tttttttttttttt, scopes: [all]}
`

// firstCustomer is when the first seeded customer is made, and scenarioStart
// when a scenario begins.
var (
	firstCustomer = time.Date(2026, 3, 1, 8, 30, 0, 0, time.UTC)
	scenarioStart = time.Date(2026, 6, 18, 14, 37, 37, 0, time.UTC)
)

// counter is a source of randomness that repeats exactly.
type counter struct {
	mu sync.Mutex
	n  byte
}

func (r *counter) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range b {
		b[i] = r.n
		r.n++
	}
	return len(b), nil
}

// withoutNoise drops digits in which a postal code could be found by chance.
func withoutNoise(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey, "ms", "request_id":
		return slog.Attr{}
	}
	return a
}

// backend is one engine, shared by many stores.
type backend struct {
	db   *sqldb.DB
	logs *systemtest.Text
	log  *slog.Logger
	api  *apitest.Validator
}

func newBackend(t testing.TB, e sqldb.Engine) *backend {
	t.Helper()
	b := &backend{logs: &systemtest.Text{}, api: apitest.New(t)}
	b.log = slog.New(slog.NewJSONHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutNoise}))
	db, err := sqldb.Open(t.Context(), dbtest.DSN(t, e), sqldb.Options{Log: b.log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := db.Migrate(t.Context(), dbtest.Now); err != nil {
		t.Fatal(err)
	}
	b.db = db
	w := b.world(systemtest.NewClock(firstCustomer))
	doc, err := seed.Parse([]byte(foreignStore))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.applier().Apply(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	return b
}

// world is the services over a backend, with a clock and randomness of their
// own.
type world struct {
	*backend
	clock       *systemtest.Clock
	sys         *system.System
	stores      *store.Service
	accounts    *auth.APIAccounts
	passwords   *password.Hasher
	customers   *customer.Service
	subscribers *subscriber.Service
	segments    *segment.Service
}

func (b *backend) world(c *systemtest.Clock) *world {
	sys := &system.System{Clock: c.Now, Random: &counter{}}
	passwords := passwordtest.New(sys)
	return &world{
		backend: b, clock: c, sys: sys,
		stores: store.NewService(b.db, sys), accounts: auth.NewAPIAccounts(b.db, sys),
		passwords: passwords, customers: customer.NewService(b.db, sys, passwords),
		subscribers: subscriber.NewService(b.db, sys), segments: segment.NewService(b.db, sys),
	}
}

func (w *world) applier() *seed.Applier {
	return &seed.Applier{DB: w.db, System: w.sys, Stores: w.stores, Customers: w.customers, Passwords: w.passwords}
}

func parseSeed(t testing.TB, hash string) *seed.Document {
	t.Helper()
	text, err := os.ReadFile("testdata/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := seed.Parse(bytes.ReplaceAll(text, []byte("HASH"), []byte(hash)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// fixture is a seeded store and a server for it.
type fixture struct {
	*world
	hash   string
	server *rest.Server
	http   *httptest.Server
}

func newFixture(t testing.TB, b *backend, hash string) *fixture {
	t.Helper()
	ctx := t.Context()
	w := b.world(systemtest.NewClock(firstCustomer))
	doc := parseSeed(t, hash)
	all := doc.Stores[0].Customers
	doc.Stores[0].Customers = nil
	a := w.applier()
	for i := -1; i < len(all); i++ {
		if i >= 0 {
			doc.Stores[0] = seed.Store{Hash: hash, Customers: all[i : i+1]}
		}
		if _, err := a.Apply(ctx, doc); err != nil {
			t.Fatal(err)
		}
		if i >= 0 {
			w.clock.Advance(36 * time.Hour)
		}
	}
	st, err := w.stores.ByHash(ctx, hash)
	if err != nil {
		t.Fatal(err)
	}
	// Only storefronts know where a customer signed up from.
	if _, err := w.customers.CreateFor(ctx, password.Party{StoreID: st.ID}, []customer.Create{{
		Email: "walter.inn@gasthof.example", FirstName: "Walter", LastName: "Innerhofer", RegistrationIP: "203.0.113.24",
	}}); err != nil {
		t.Fatal(err)
	}
	accounts, err := w.accounts.List(ctx, st.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, acc := range accounts {
		if acc.Name == "Former" {
			if err := w.accounts.Revoke(ctx, st.ID, acc.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.clock.Set(scenarioStart)
	f := &fixture{world: w, hash: hash}
	f.server = rest.NewServer(rest.Config{
		System: w.sys, Tokens: auth.NewCache(w.accounts, &system.System{Clock: w.clock.Now}),
		Limits:   rest.Limits{Quota: 150, Window: 30 * time.Second, Creating: 10, Updating: 3},
		Pipeline: serve.New(serve.Config{System: w.sys, Log: b.log, Slow: time.Hour}),
	}, v3.New(v3.Services{
		Accounts:  shoppers.NewService(shoppers.Config{DB: w.db, System: w.sys, Customers: w.customers, Passwords: w.passwords}),
		Customers: w.customers, Groups: group.NewService(w.db, w.sys, w.customers), Forms: form.NewService(w.db, w.sys), Subscribers: w.subscribers, Segments: w.segments,
		Tokens:   auth.NewStorefrontTokens(b.db, w.sys),
		Webhooks: webhook.NewService(b.db, w.sys, webhook.Rules{Production: true}),
	}))
	f.http = httptest.NewServer(f.server)
	t.Cleanup(f.http.Close)
	return f
}

// request is what a test sends. Target is below /stores/{hash}/v3 unless it
// begins with /stores/ or "//", which stands for the root.
type request struct {
	method, target, token string
	header                http.Header
	body                  []byte
}

func (f *fixture) path(target string) string {
	target = strings.ReplaceAll(target, "{store_hash}", f.hash)
	switch {
	case strings.HasPrefix(target, "//"):
		return target[1:]
	case strings.HasPrefix(target, "/stores/"):
		return target
	}
	return "/stores/" + f.hash + "/v3" + target
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

var client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}}

// do sends a request and holds the exchange to the API document.
func (f *fixture) do(ctx context.Context, in request) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, in.method, f.http.URL+f.path(in.target), bytes.NewReader(in.body))
	if err != nil {
		return answer{}, err
	}
	if in.token != "" {
		r.Header.Set("X-Auth-Token", in.token)
	}
	if len(in.body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range in.header {
		r.Header[name] = values
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	out := answer{res.StatusCode, res.Header, body}
	err = f.api.Check(r, in.body, out.status, out.header, out.body)
	if errors.Is(err, apitest.ErrUndeclared) {
		err = f.api.CheckRefusal(r, out.status, out.header, out.body)
	}
	return out, err
}
