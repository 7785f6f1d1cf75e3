package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"clientele/internal/app"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/rest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

// late is a body that does not come.
type late struct{}

func (late) Read([]byte) (int, error) { return 0, late{} }
func (late) Error() string            { return "late" }
func (late) Timeout() bool            { return true }

// tap is a server without network, with its log and metrics.
type tap struct {
	*testing.T
	s   *app.Server
	log *systemtest.Text
}

func newTap(t *testing.T, e sqldb.Engine) *tap {
	t.Helper()
	log := &systemtest.Text{}
	c := &app.Config{
		Database: app.Database{Database: dbtest.DSN(t, e)}, Listen: "127.0.0.1:0", Mode: "development", Seed: write(t, rulesSeed),
		RateLimitQuota: 1000, RateLimitWindow: time.Hour, SlowRequest: time.Hour, ShutdownTimeout: time.Second,
		WebhookConcurrency: 1, EventRetention: time.Hour, DeliveryRetention: time.Hour,
	}
	s, err := app.Start(t.Context(), c, system.Real(), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &tap{t, s, log}
}

var counter = regexp.MustCompile(`(?m)^clientele_http_requests_total\{method="(.*)",route="(.*)",status="(.*)"\} (\S+)$`)

// counted returns how many requests were counted, by method, route and status.
func (p *tap) counted() map[string]string {
	rec := httptest.NewRecorder()
	p.s.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "http://localhost/metrics", nil))
	out := map[string]string{}
	for _, m := range counter.FindAllStringSubmatch(rec.Body.String(), -1) {
		if m[2] != "/metrics" && m[4] != "0" {
			out[m[1]+" "+m[2]+" "+m[3]] = m[4]
		}
	}
	return out
}

// sent is one request, its answer and its trace.
type sent struct {
	*httptest.ResponseRecorder
	line    string   // of the log
	counted []string // by method, route and status
}

// trace sends a request and finds its line in the log.
func (p *tap) trace(r *http.Request) sent {
	p.Helper()
	p.log.Reset()
	out := sent{ResponseRecorder: httptest.NewRecorder()}
	p.s.Handler().ServeHTTP(out, r)
	id := out.Header().Get("X-Request-Id")
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id) {
		p.Errorf("%s %s: the request id is %q", r.Method, r.URL.Path, id)
		return out
	}
	for line := range strings.Lines(p.log.String()) {
		if !strings.Contains(line, "request_id="+id) || strings.Contains(line, "level=INFO") {
			continue
		}
		if out.line != "" {
			p.Errorf("%s %s: two lines in the log:\n%s%s", r.Method, r.URL.Path, out.line, line)
		}
		out.line = line
	}
	for _, personal := range []string{"jane", "secret.example", "203.0.113.9", "Bearer"} {
		if strings.Contains(p.log.String(), personal) {
			p.Errorf("%s %s: the log has %q:\n%s", r.Method, r.URL.Path, personal, p.log)
		}
	}
	return out
}

func (p *tap) send(r *http.Request) sent {
	p.Helper()
	before := p.counted()
	out := p.trace(r)
	for key, n := range p.counted() {
		if before[key] != n {
			out.counted = append(out.counted, key)
		}
	}
	return out
}

// side is a surface and how requests to it look.
type side struct {
	name            string
	get, route      string // what reads the database
	post, postRoute string // what reads a body; empty: nothing does
	kind            string // of bodies
	header          []string
	// shape is that of the surface's answers to what goes wrong.
	shape *regexp.Regexp
	// unknown is a path that there is not, and wrong a method with its path.
	unknown, wrong, wrongRoute string
	// within: what fails inside an answer has the answer's status.
	within bool
}

// Whatever happens to a request, each surface's answer has the surface's shape,
// and its id, log and metrics are those of all surfaces.
func TestPipelineOfEverySurface(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) { pipelineOfEverySurface(t, e) })
	}
}

func pipelineOfEverySurface(t *testing.T, e sqldb.Engine) {
	p := newTap(t, e)
	u := &surfaces{t: t, s: p.s, browser: http.DefaultClient}
	var made struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(u.rest("POST /v3/storefront/api-token", `{"channel_id":1,"expires_at":4000000000}`)), &made); err != nil {
		t.Fatal(err)
	}
	app := []string{"X-Auth-Token", "token"}
	sides := []side{
		{name: "V3", get: "/stores/demo/v3/customers?email:in=jane@secret.example", route: "/stores/{store_hash}/v3/customers", post: "/stores/demo/v3/customers", postRoute: "/stores/{store_hash}/v3/customers",
			kind: "application/json", header: app, shape: regexp.MustCompile(`^\{("status":\d+,"title":".+","type":"https://.+"|"title":"404 Page Not Found"\})`),
			unknown: "/stores/demo/v3/jane@secret.example", wrong: "PUT /stores/demo/v3/customers/validate-credentials", wrongRoute: "/stores/{store_hash}/v3/*"},
		{name: "V2", get: "/stores/demo/v2/customers?email=jane@secret.example", route: "/stores/{store_hash}/v2/customers", post: "/stores/demo/v2/customers", postRoute: "/stores/{store_hash}/v2/customers",
			kind: "application/json", header: app, shape: regexp.MustCompile(`^\[\{"status":\d+,"message":".+"`),
			unknown: "/stores/demo/v2/jane@secret.example", wrong: "PUT /stores/demo/v2/customers", wrongRoute: "/stores/{store_hash}/v2/*"},
		{name: "storefront REST", get: "/api/storefront/form-fields", route: "/api/storefront/form-fields", post: "/api/storefront/subscriptions", postRoute: "/api/storefront/subscriptions",
			kind: "application/json", shape: regexp.MustCompile(`^\{("status":\d+,"title":".+","type":"|"title":"404 Page Not Found"\})`),
			unknown: "/api/storefront/jane@secret.example", wrong: "PATCH /api/storefront/form-fields", wrongRoute: "/*"},
		{name: "pages", get: "/login.php?email=jane@secret.example", route: "/login.php", post: "/login.php", postRoute: "/login.php",
			kind: "application/x-www-form-urlencoded", header: []string{"Accept", "text/html"}, shape: regexp.MustCompile(`(?s)^<!DOCTYPE html>.*<h1`),
			unknown: "/jane@secret.example", wrong: "PATCH /login.php", wrongRoute: "/login.php"},
		{name: "GraphQL", get: "/graphql?query=%7Bsite%7Bsettings%7BstoreName%7D%7D%7D", route: "/graphql", post: "/graphql", postRoute: "/graphql",
			kind: "application/json", header: []string{"Authorization", "Bearer " + made.Data.Token}, shape: regexp.MustCompile(`^\{("data":null,|"data":\{.*\},)?"errors":\[\{"message":".+"`),
			wrong: "DELETE /graphql", wrongRoute: "/graphql", within: true},
		{name: "outbox", get: "/_clientele/outbox.json?to=jane@secret.example", route: "/_clientele/outbox.json",
			shape: regexp.MustCompile(`^\{"(status|title)":`), unknown: "/_clientele/jane@secret.example", wrong: "POST /_clientele/outbox.json", wrongRoute: "/*"},
		{name: "health", get: "/readyz", route: "/readyz", shape: regexp.MustCompile(`^\{("status":405,|"title":|"status":"unavailable","reason":".+"\})`),
			unknown: "/healthz/jane@secret.example", wrong: "POST /readyz", wrongRoute: "/*"},
		{name: "documents", shape: regexp.MustCompile(`^\{("status":405,|"title":)`), unknown: "/openapi.xml", wrong: "POST /docs", wrongRoute: "/*"},
	}
	ask := func(d *side, method, path string, body io.Reader) *http.Request {
		if r, ok := body.(*strings.Reader); ok && r.Len() > 0 && d.kind == "application/x-www-form-urlencoded" {
			body = io.MultiReader(strings.NewReader("login_email="), r)
		}
		r := httptest.NewRequest(method, "http://localhost"+path, body)
		r.Header.Set("Content-Type", d.kind)
		r.RemoteAddr = "203.0.113.9:1"
		if d.name == "outbox" { // for who is at the machine
			r.RemoteAddr = "127.0.0.1:1"
		}
		for i := 0; i < len(d.header); i += 2 {
			r.Header.Set(d.header[i], d.header[i+1])
		}
		return r
	}
	check := func(what string, d *side, r *http.Request, status int, route, level, message string) {
		t.Helper()
		got := p.send(r)
		noted := status
		if status == 499 {
			if got.Body.Len() > 0 {
				t.Errorf("%s, %s: nobody is there to read %.100s", d.name, what, got.Body)
			}
		} else {
			if d.within && status >= 500 && got.Code == http.StatusOK {
				noted = http.StatusOK // the field's error tells
			}
			if got.Code != noted || !d.shape.MatchString(strings.TrimSpace(got.Body.String())) {
				t.Errorf("%s, %s: %d %.300s", d.name, what, got.Code, got.Body)
			}
		}
		if status == http.StatusServiceUnavailable && d.name != "health" && got.Header().Get("X-Retry-After") == "" && !strings.Contains(got.Body.String(), `"retryAfter":1`) {
			t.Errorf("%s, %s: nobody is told when to come again: %v", d.name, what, got.Header())
		}
		if want := fmt.Sprintf("%s %s %d", r.Method, route, noted); len(got.counted) != 1 || got.counted[0] != want {
			t.Errorf("%s, %s: counted as %q, want %s", d.name, what, got.counted, want)
		}
		line := regexp.MustCompile(`level=` + level + ` msg="?(graphql )?` + message + `"? method=` + r.Method + ` route=` + regexp.QuoteMeta(route) + ` status=` + fmt.Sprint(noted) + ` ms=\S+ request_id=`)
		if !line.MatchString(got.line) {
			t.Errorf("%s, %s: the log has %q", d.name, what, got.line)
		}
	}
	large := strings.Repeat("x", 5<<20)
	for i := range sides {
		d := &sides[i]
		if d.unknown != "" {
			route := d.wrongRoute
			if d.name == "pages" {
				route = "/*"
			}
			check("unknown path", d, ask(d, "GET", d.unknown, nil), 404, route, "DEBUG", "request")
		}
		method, path, _ := strings.Cut(d.wrong, " ")
		check("wrong method", d, ask(d, method, path, nil), 405, d.wrongRoute, "DEBUG", "request")
		if d.post != "" {
			check("too large", d, ask(d, "POST", d.post, strings.NewReader(large)), 413, d.postRoute, "DEBUG", "request")
			check("too slow", d, ask(d, "POST", d.post, io.MultiReader(strings.NewReader(`{"email":"jane@secret.example`), late{})), 408, d.postRoute, "DEBUG", "request")
		}
		if d.get != "" && e == sqldb.Postgres { // SQLite is too quick to notice
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			check("client gone", d, ask(d, "GET", d.get, nil).WithContext(gone), 499, d.route, "DEBUG", "request")
		}
	}
	// A defect: services that were never made.
	forms, customers, stores, emails := *p.s.Forms, *p.s.Customers, *p.s.Stores, *p.s.Mail
	*p.s.Forms, *p.s.Customers = form.Service{}, customer.Service{}
	for i := range sides[:3] {
		check("panic", &sides[i], ask(&sides[i], "GET", sides[i].get, nil), 500, sides[i].route, "ERROR", "request failed")
	}
	*p.s.Forms, *p.s.Customers = forms, customers
	*p.s.Stores = store.Service{}
	for i := range sides[3:6] {
		d := &sides[3+i]
		check("panic", d, ask(d, "GET", d.get, nil), 500, d.route, "ERROR", "request failed")
	}
	*p.s.Stores, *p.s.Mail = stores, emails
	// The database is gone, and what was kept of it is old.
	u.rest("PUT /v3/customers/settings", `{"privacy_settings":{"ask_shopper_for_tracking_consent":false}}`)
	p.s.DB.Close()
	for i := range sides {
		if d := &sides[i]; d.get != "" {
			check("outage", d, ask(d, "GET", d.get, nil), 503, d.route, "ERROR", "request failed")
		}
	}
	if series := fmt.Sprint(slices.Collect(maps.Keys(p.counted()))); strings.Contains(series, "jane") {
		t.Error("the metrics tell of persons", series)
	}
}

// Each route that the program serves goes through the pipeline: also one that
// no table of tests knows.
func TestPipelineOfEveryRoute(t *testing.T) {
	p := newTap(t, sqldb.SQLite)
	n := 0
	asked := map[string]bool{}
	err := chi.Walk(p.s.Handler().(*rest.Server).Router(), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		path := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(strings.ReplaceAll(pattern, "*", "nothing"), "1")
		if pattern == "/metrics" || method == http.MethodConnect {
			return nil // the test counts by the one; the other has no path
		}
		n++
		got := p.trace(httptest.NewRequest(method, "http://localhost"+path, nil))
		if !strings.Contains(got.line, " route="+pattern+" ") {
			t.Errorf("%s %s: logged as %q", method, pattern, got.line)
		}
		if method == http.MethodHead && !strings.Contains(got.line, "method="+method) {
			t.Errorf("HEAD %s: logged as %q", pattern, got.line)
		}
		asked[pattern] = true
		return nil
	})
	for key := range p.counted() {
		delete(asked, strings.Fields(key)[1])
	}
	if len(asked) > 0 {
		t.Errorf("not counted: %v", asked)
	}
	if err != nil || n < 100 {
		t.Error(n, err)
	}
}
