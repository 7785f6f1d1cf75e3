package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

const controlSeed = `
stores:
  - hash: abc123
    name: Demo
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
    customers: [{id: 1, email: jane@example.com, first_name: Jane, last_name: Doe}]
`

// controlled is a server of development mode that listens.
type controlled struct {
	*app.Server
	t *testing.T
}

func control(t *testing.T, e sqldb.Engine, change func(*app.Config)) *controlled {
	t.Helper()
	clock := new(system.Movable)
	c := &app.Config{
		Mode: "development", Listen: "127.0.0.1:0", RateLimitQuota: 1_000_000, RateLimitWindow: time.Minute, SlowRequest: time.Hour, WebhookConcurrency: 4,
		EventRetention: 30 * 24 * time.Hour, DeliveryRetention: 60 * 24 * time.Hour, StorefrontTokenDeadlines: "off",
		Parts: app.Parts{Passwords: password.Options{Cheap: true}, Clock: clock},
	}
	c.Database.Database = dbtest.MigratedDSN(t, e)
	if change != nil {
		change(c)
	}
	s, err := app.Start(t.Context(), c, clock.System(), slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &controlled{s, t}
}

func (c *controlled) ask(method, path, body string, header ...string) (status int, text string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+c.Address()+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(out)
}

func (c *controlled) do(method, path, body string, into any) {
	c.t.Helper()
	status, text := c.ask(method, "/_clientele/v1"+path, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			c.t.Fatal(err)
		}
	}
}

// A webhook that never answers is lived through in one call: every attempt of the
// schedule is made, the hook is switched off, and dates of records are the
// clock's.
func TestClockGoesThroughASchedule(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			c := control(t, e, nil)
			var mu sync.Mutex
			calls := 0
			dead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				calls++
				w.WriteHeader(http.StatusInternalServerError)
			}))
			defer dead.Close()
			var seeded struct {
				Stores    int `json:"stores_created"`
				Customers int `json:"customers_created"`
			}
			c.do("POST", "/seed", controlSeed, &seeded)
			if seeded.Stores != 1 || seeded.Customers != 1 {
				t.Errorf("%+v", seeded)
			}
			c.do("PUT", "/clock", `{"frozen":true}`, nil)
			api := func(want int, method, path, body string) string {
				t.Helper()
				status, text := c.ask(method, "/stores/abc123"+path, body, "X-Auth-Token", "TOKEN", "Content-Type", "application/json", "Accept", "application/json")
				if status != want {
					t.Fatalf("%s %s: %d %s", method, path, status, text)
				}
				return text
			}
			api(200, "POST", "/v3/hooks", fmt.Sprintf(`{"scope":"store/customer/created","destination":%q,"is_active":true}`, dead.URL))
			api(200, "POST", "/v3/customers", `[{"email":"ann@example.com","first_name":"A","last_name":"B"}]`)
			var done struct {
				Now        time.Time
				Frozen     bool
				Complete   bool
				Deliveries int
			}
			// The first attempt is due now: the server may have made it by itself.
			c.do("POST", "/clock/advance", `{"by":"0s"}`, nil)
			mu.Lock()
			before, first := time.Now(), calls
			mu.Unlock()
			if first != 1 {
				t.Errorf("%d calls before the clock moves", first)
			}
			c.do("POST", "/clock/advance", `{"by":"72h"}`, &done)
			if !done.Complete || !done.Frozen || done.Deliveries < 10 || done.Now.Before(before.Add(71*time.Hour)) {
				t.Errorf("%+v", done)
			}
			mu.Lock()
			made := calls
			mu.Unlock()
			if made != first+done.Deliveries {
				t.Errorf("%d calls, %d attempts are told", made-first, done.Deliveries)
			}
			if text := api(200, "GET", "/v3/hooks", ""); !strings.Contains(text, `"is_active":false`) {
				t.Errorf("after the schedule the hook is %s", text)
			}
			var at struct{ Now time.Time }
			c.do("GET", "/clock", "", &at)
			text := api(200, "POST", "/v3/customers", `[{"email":"bob@example.com","first_name":"A","last_name":"B"}]`)
			if want := at.Now.UTC().Format("2006-01-02T15:04:05Z"); !strings.Contains(text, want) {
				t.Errorf("made at %s: %s", want, text)
			}
			c.do("DELETE", "/clock", "", &at)
			if off := time.Since(at.Now); off < -time.Minute || off > time.Minute {
				t.Errorf("the clock is %s off", off)
			}
			var status struct {
				Engine string
				Ready  bool
				Stores []struct {
					StoreHash string `json:"store_hash"`
					Customers int
				}
			}
			c.do("GET", "/status", "", &status)
			if status.Engine != string(e) || !status.Ready || len(status.Stores) != 2 || status.Stores[1].Customers != 3 {
				t.Errorf("%+v", status)
			}
		})
	}
}

func TestControlRefuses(t *testing.T) {
	c := control(t, sqldb.SQLite, nil)
	for _, k := range []struct {
		method, path, body string
		want               int
	}{
		{"PUT", "/clock", `{"now":"2020-01-01T00:00:00Z"}`, 422},
		{"PUT", "/clock", `{"now":"2999-01-01T00:00:00Z"}`, 422},
		{"PUT", "/clock", `{"nwo":"2999-01-01T00:00:00Z"}`, 400},
		{"PUT", "/clock", `{"now":"soon"}`, 400},
		{"PUT", "/clock", ``, 400},
		{"PUT", "/clock", `{}{}`, 400},
		{"POST", "/clock/advance", `{}`, 422},
		{"POST", "/clock/advance", `{"by":"-1h"}`, 422},
		{"POST", "/clock/advance", `{"by":"100000h"}`, 422},
		{"POST", "/clock/advance", `{"by":"1h","to":"2030-01-01T00:00:00Z"}`, 422},
		{"POST", "/seed", "stores:\n  - hash: x\n    nam: y\n", 422},
		{"POST", "/seed", "stores: [] #" + strings.Repeat("x", maxSeed), 413},
		{"POST", "/reset", `{"stores":[""]}`, 422},
		{"POST", "/reset", `{"To":"empty"}`, 400},
		{"POST", "/reset", `{"to":"empty","to":"baseline"}`, 400},
		{"POST", "/reset", `{"stores":"abc123"}`, 400},
		{"POST", "/reset", `{"stores":[null]}`, 400},
		{"POST", "/reset", `null`, 400},
		{"POST", "/reset?to=empty", ``, 422},
		{"GET", "/status?x", ``, 422},
		{"POST", "/nothing", ``, 404},
	} {
		if status, text := c.ask(k.method, "/_clientele/v1"+k.path, k.body); status != k.want {
			t.Errorf("%s %s %s: %d %s, want %d", k.method, k.path, k.body, status, text, k.want)
		}
	}
	// A fault of a seed is told with its line, and a large one is read.
	wrong := "stores:\n  - hash: wrong1\n    customers:\n      - {email: none, first_name: A, last_name: B} #" + strings.Repeat("x", maxSeed-200)
	if status, text := c.ask("POST", "/_clientele/v1/seed", wrong); status != 422 || !strings.Contains(text, "line 4: store wrong1") || !strings.Contains(text, "invalid email address") {
		t.Errorf("%d %.300s", status, text)
	}
	for _, h := range [][]string{{"Host", "evil.example"}, {"Origin", "http://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"X-Forwarded-For", "192.0.2.1"}} {
		if status, text := c.ask("POST", "/_clientele/v1/clock/advance", `{"by":"1h"}`, h...); status != 403 {
			t.Errorf("%v: %d %s", h, status, text)
		}
	}
	if off := time.Until(c.System.Clock()); off > time.Minute {
		t.Errorf("a refused request moved the clock by %s", off)
	}
}

// A clock that is moved ends the window in which requests are counted.
func TestClockEndsRateWindows(t *testing.T) {
	c := control(t, sqldb.SQLite, func(c *app.Config) { c.RateLimitQuota, c.RateLimitWindow = 2, time.Hour })
	c.do("POST", "/seed", controlSeed, nil)
	for i, want := range []int{200, 200, 429, 200, 200, 429} {
		if i == 3 {
			c.do("POST", "/clock/advance", `{"by":"61m"}`, nil)
		}
		if status, text := c.ask("GET", "/stores/abc123/v3/customers", "", "X-Auth-Token", "TOKEN"); status != want {
			t.Errorf("request %d: %d %s, want %d", i, status, text, want)
		}
	}
}

// maxSeed bounds what is sent to /seed.
const maxSeed = 16 << 20

// The clock goes 200 years ahead, and never back.
func TestClockIsBounded(t *testing.T) {
	c := control(t, sqldb.SQLite, nil)
	last := time.Now()
	for range 20 {
		var out struct{ Now time.Time }
		to := last.AddDate(9, 11, 0)
		status, text := c.ask("PUT", "/_clientele/v1/clock", `{"now":"`+to.Format(time.RFC3339)+`"}`)
		if ahead := to.Year() - time.Now().Year(); status == 422 && ahead >= 199 {
			break
		}
		if err := json.Unmarshal([]byte(text), &out); status != 200 || err != nil || out.Now.Before(last) {
			t.Fatalf("%d %s after %s", status, text, last)
		}
		last = out.Now
	}
	if status, text := c.ask("POST", "/_clientele/v1/clock/advance", `{"by":"87000h"}`); status != 422 || !strings.Contains(text, "200 years") {
		t.Errorf("%d %s", status, text)
	}
}

func TestControlToken(t *testing.T) {
	c := control(t, sqldb.SQLite, func(c *app.Config) { c.ControlToken, c.Listen = "secret-token", "0.0.0.0:0" })
	for _, path := range []string{"/_clientele/v1/status", "/_clientele/outbox", "/_clientele/outbox.json"} {
		for _, k := range []struct {
			header []string
			want   int
		}{
			{nil, 401},
			{[]string{"Authorization", "Bearer other"}, 401},
			{[]string{"Authorization", "Bearer secret-token", "Host", "clientele:8080"}, 200},
			{[]string{"Authorization", "Basic OnNlY3JldC10b2tlbg=="}, 200},
			{[]string{"Authorization", "Bearer secret-token", "Origin", "http://evil.example"}, 403},
		} {
			if status, text := c.ask("GET", path, "", k.header...); status != k.want {
				t.Errorf("%s %v: %d %s, want %d", path, k.header, status, text, k.want)
			}
		}
	}
	for flag, cfg := range map[string]*app.Config{
		"--control-token is for": {Mode: "production", ControlToken: "secret-token"}, "--control-token has": {Mode: "development", ControlToken: "short"},
		"--no-journal": {Mode: "production", NoJournal: true}, "--magic": {Mode: "production", Magic: true},
	} {
		cfg.RateLimitQuota, cfg.RateLimitWindow, cfg.WebhookConcurrency, cfg.SlowRequest, cfg.EventRetention, cfg.DeliveryRetention = 1, time.Second, 1, time.Second, time.Hour, time.Hour
		cfg.Database.Database, cfg.Listen = "sqlite:x.db", "127.0.0.1:8080"
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
