package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clientele/api/apitest"
	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/intake"
	"clientele/internal/password/passwordtest"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/seed"
	"clientele/internal/serve"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

const accounts = `
stores:
  - hash: first
    api_accounts:
      - {name: One, client_id: cli-1, client_secret: sec-1, access_token: tok-first-one, scopes: [store_v2_customers]}
      - {name: Two, client_id: cli-2, client_secret: sec-2, access_token: tok-first-two, scopes: [store_v2_customers]}
      - {name: Reader, client_id: cli-3, client_secret: sec-3, access_token: tok-first-reader, scopes: [store_v2_customers_read_only]}
  - hash: second
    api_accounts:
      - {name: One, client_id: cli-1, client_secret: sec-1, access_token: tok-second-one, scopes: [store_v2_customers]}
`

const (
	one       = "tok-first-one"
	two       = "tok-first-two"
	reader    = "tok-first-reader"
	secondOne = "tok-second-one"
)

// stub is a surface on the paths of the API document whose operations do what
// a test says.
type stub struct {
	handle atomic.Pointer[func(*rest.Call) error]
}

func (s *stub) does(handle func(*rest.Call) error) { s.handle.Store(&handle) }

func (s *stub) Prefix() string { return "/stores/{store_hash}/v3" }

func (s *stub) Routes() []rest.Route {
	h := func(c *rest.Call) error { return (*s.handle.Load())(c) }
	return []rest.Route{
		{Method: "GET", Pattern: "/customers", Need: auth.ReadCustomers, Handle: h},
		{Method: "POST", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: h},
		{Method: "PUT", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: h},
		{Method: "DELETE", Pattern: "/customers", Need: auth.ModifyCustomers, Handle: h},
		{Method: "POST", Pattern: "/customers/addresses", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: h},
	}
}

func (s *stub) Error(titles *rest.Titles, err error) (int, []byte) { return v3.Error(titles, err) }

const (
	emptyPage  = `{"data":[],"meta":{"pagination":{"total":0,"count":0,"per_page":50,"current_page":1,"total_pages":0}}}`
	emptyWrite = `{"data":[],"meta":{}}`
	leastBody  = `[{"email":"a@example.org","first_name":"A","last_name":"B"}]`
)

// obey does what the request's header X-Do says.
func obey(c *rest.Call) error {
	switch c.R.Header.Get("X-Do") {
	case "delete":
		c.SendEmpty(http.StatusNoContent)
	case "read":
		v, err := c.JSON()
		if err != nil {
			return err
		}
		if v.Kind() == 0 {
			return fault.New(fault.Malformed, "no body")
		}
		c.Send(200, []byte(emptyWrite))
	case "large":
		c.Send(200, largePage())
	case "invalid":
		return fault.New(fault.Malformed, "invalid")
	case "too large":
		return fault.New(fault.TooLarge, "too large")
	case "fail":
		return errors.New("secret cause")
	case "unavailable":
		return sqldb.ErrUnavailable
	case "panic":
		panic("secret panic")
	case "panic late":
		c.Send(200, []byte(emptyPage))
		panic("secret panic")
	case "abort":
		panic(http.ErrAbortHandler)
	case "write":
		c.Send(200, []byte(emptyWrite))
	default:
		c.Send(200, []byte(emptyPage))
	}
	return nil
}

// largePage is valid by the API document and worth compressing.
func largePage() []byte {
	row := `{"id":1,"authentication":{"force_password_reset":false},"company":"","customer_group_id":0,"email":"a@example.org","first_name":"A","last_name":"B","notes":"` +
		strings.Repeat("all work and no play ", 100) + `","phone":"","registration_ip_address":"","tax_exempt_category":"","date_created":"2026-06-18T14:37:37Z","date_modified":"2026-06-18T14:37:37Z","accepts_product_review_abandoned_cart_emails":false,"origin_channel_id":1,"channel_ids":null}`
	return []byte(strings.Replace(emptyPage, "[]", "["+row+"]", 1))
}

type options struct {
	limits  rest.Limits
	reasons bool
	bodies  intake.Limits
	surface rest.Surface // a stub that obeys by default
}

type env struct {
	clock  *systemtest.Clock
	logs   *systemtest.Text
	stub   *stub
	reg    *prometheus.Registry
	server *rest.Server
	http   *httptest.Server
	api    *apitest.Validator
}

func newEnv(t *testing.T, o options) *env {
	t.Helper()
	e := &env{
		clock: systemtest.NewClock(time.Date(2026, 6, 18, 14, 37, 37, 0, time.UTC)),
		logs:  &systemtest.Text{}, stub: &stub{}, reg: prometheus.NewRegistry(), api: apitest.New(t),
	}
	e.stub.does(obey)
	if o.limits.Quota == 0 {
		o.limits = rest.Limits{Quota: 1000, Window: 30 * time.Second, Creating: 10, Updating: 3}
	}
	if o.surface == nil {
		o.surface = e.stub
	}
	sys := &system.System{Clock: e.clock.Now, Random: rand.Reader}
	db := dbtest.Open(t, sqldb.SQLite)
	doc, err := seed.Parse([]byte(accounts))
	if err != nil {
		t.Fatal(err)
	}
	a := &seed.Applier{DB: db, System: sys, Stores: store.NewService(db, sys), Passwords: passwordtest.New(sys)}
	if _, err := a.Apply(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	e.server = rest.NewServer(rest.Config{
		System: sys, Tokens: auth.NewCache(auth.NewAPIAccounts(db, sys), &system.System{Clock: e.clock.Now}), Limits: o.limits, Reasons: o.reasons,
		Pipeline: serve.New(serve.Config{
			System: sys, Log: slog.New(slog.NewJSONHandler(e.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Metrics: serve.NewMetrics(e.reg), Slow: time.Hour, Bodies: intake.New(o.bodies),
		}),
	}, o.surface)
	e.http = httptest.NewServer(e.server)
	t.Cleanup(e.http.Close)
	return e
}

type request struct {
	method, path, token string
	do                  string // X-Do
	header              http.Header
	body                io.Reader
	unchecked           bool   // not held to the API document
	checkedAs           string // held to it as this path
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

const customers = "/stores/first/v3/customers"

var client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}}

func (e *env) send(ctx context.Context, in request) (answer, error) {
	if in.path == "" {
		in.path = customers
	}
	var sent []byte
	if b, ok := in.body.(*strings.Reader); ok {
		// A request may be sent again.
		sent = make([]byte, b.Size())
		if _, err := b.ReadAt(sent, 0); err != nil && !errors.Is(err, io.EOF) {
			return answer{}, err
		}
		in.body = bytes.NewReader(sent)
	}
	r, err := http.NewRequestWithContext(ctx, in.method, e.http.URL+in.path, in.body)
	if err != nil {
		return answer{}, err
	}
	if in.token != "" {
		r.Header.Set("X-Auth-Token", in.token)
	}
	if in.do != "" {
		r.Header.Set("X-Do", in.do)
	}
	for name, values := range in.header {
		r.Header[name] = values
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	out := answer{status: res.StatusCode, header: res.Header}
	if out.body, err = io.ReadAll(res.Body); err != nil || in.unchecked {
		return out, err
	}
	plain := out.body
	if out.header.Get("Content-Encoding") == "gzip" && len(plain) > 0 {
		if plain, err = gunzip(plain); err != nil {
			return out, err
		}
	}
	if in.checkedAs != "" {
		r.URL.Path = in.checkedAs
	}
	if in.method != http.MethodPost && in.method != http.MethodPut {
		sent = nil
	}
	err = e.api.Check(r, sent, out.status, out.header, plain)
	if errors.Is(err, apitest.ErrUndeclared) {
		err = e.api.CheckRefusal(r, out.status, out.header, plain)
	}
	return out, err
}

// ask sends a request, expects a status and an exchange as documented.
func (e *env) ask(t *testing.T, want int, in request) answer {
	t.Helper()
	a, err := e.send(t.Context(), in)
	if err != nil {
		t.Errorf("%s %s (%s): %v", in.method, in.path, in.do, err)
	}
	if a.status != want {
		t.Errorf("%s %s (%s): status %d, want %d: %s", in.method, in.path, in.do, a.status, want, a.body)
	}
	return a
}

func gunzip(text []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func text(s string) io.Reader { return strings.NewReader(s) }
