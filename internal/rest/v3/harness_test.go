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
	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system/systemtest"
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
	b.world(t, &counter{}, foreignStore)
	return b
}

// world is the program over a backend, with a clock and randomness of its own.
// It is what production serves at the internal address, with the limits that
// scenarios tell of.
func (b *backend) world(t testing.TB, random io.Reader, text string, change ...func(*app.Config)) *apptest.World {
	return apptest.New(t, b.db, apptest.Options{
		Now: firstCustomer, Random: random, Seed: text, Log: b.log,
		Change: func(c *app.Config) {
			c.Mode, c.InternalListen = "production", "127.0.0.1:0"
			c.SMTPURL = "smtp://127.0.0.1:25" // no job runs, so nothing is sent
			c.RateLimitQuota, c.RateLimitWindow, c.ConcurrencyCreate, c.ConcurrencyUpdate = 150, 30*time.Second, 10, 3
			for _, f := range change {
				f(c)
			}
		},
	})
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
	*backend
	*apptest.World
	hash string
	http *httptest.Server
}

func newFixture(t testing.TB, b *backend, hash string, change ...func(*app.Config)) *fixture {
	t.Helper()
	ctx := t.Context()
	random := &counter{}
	w := b.world(t, random, "", change...)
	doc := parseSeed(t, hash)
	all := doc.Stores[0].Customers
	doc.Stores[0].Customers = nil
	for i := -1; i < len(all); i++ {
		if i >= 0 {
			doc.Stores[0] = seed.Store{Hash: hash, Customers: all[i : i+1]}
		}
		if _, err := w.Seed(ctx, doc, false); err != nil {
			t.Fatal(err)
		}
		if i >= 0 {
			w.Clock.Advance(36 * time.Hour)
		}
	}
	st, err := w.Stores.ByHash(ctx, hash)
	if err != nil {
		t.Fatal(err)
	}
	// Only storefronts know where a customer signed up from.
	if _, err := w.Customers.CreateFor(ctx, password.Party{StoreID: st.ID}, []customer.Create{{
		Email: "walter.inn@gasthof.example", FirstName: "Walter", LastName: "Innerhofer", RegistrationIP: "203.0.113.24",
	}}); err != nil {
		t.Fatal(err)
	}
	accounts, err := w.APIAccounts.List(ctx, st.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, acc := range accounts {
		if acc.Name == "Former" {
			if err := w.APIAccounts.Revoke(ctx, st.ID, acc.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Clock.Set(scenarioStart)
	random.n = 0
	f := &fixture{backend: b, World: w, hash: hash, http: httptest.NewServer(w.Management)}
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
