package bench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/auth"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/serve"
	"clientele/internal/system"
)

// These drive the handler without a network, to see what a request allocates
// and, with -cpuprofile, where its time goes. How fast the server is, only the
// command tells.

const benchCustomers = 2000

func benchServer(b *testing.B) http.Handler {
	b.Helper()
	dsn := "sqlite:" + filepath.Join(b.TempDir(), "clientele.db")
	if _, err := load(b.Context(), dsn, 1, benchCustomers, io.Discard); err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	core, err := app.Open(b.Context(), app.Database{Database: dsn}, system.Real(), log)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(core.DB.Close)
	return rest.NewServer(rest.Config{
		System: core.System, Tokens: auth.NewCache(core.APIAccounts, system.Real()), Pipeline: serve.New(serve.Config{System: core.System, Log: log}),
		Limits: rest.Limits{Quota: 1 << 40, Window: time.Hour},
	}, v3.New(v3.Services{Customers: core.Customers}))
}

// answer is a ResponseWriter that costs next to nothing.
type answer struct {
	header http.Header
	status int
	size   int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { a.size += len(p); return len(p), nil }

// serveLoop sends requests with the bodies that next returns, nil for none.
func serveLoop(b *testing.B, method, query string, rows int, next func() []byte) {
	h := benchServer(b)
	req, err := http.NewRequestWithContext(context.Background(), method, serverPath+query, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", accessToken)
	a := &answer{header: http.Header{}}
	var body bytes.Reader
	one := func() {
		clear(a.header)
		a.status, a.size = 0, 0
		if next != nil {
			body.Reset(next())
			req.ContentLength = int64(body.Len())
			req.Body = io.NopCloser(&body)
		}
		h.ServeHTTP(a, req)
		if a.status != http.StatusOK {
			b.Fatalf("%s %s: status %d", method, query, a.status)
		}
	}
	one()
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		one()
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N)/float64(rows), "allocs/row")
	b.SetBytes(int64(a.size))
}

func BenchmarkListPage50(b *testing.B) { serveLoop(b, "GET", "?limit=50", pageSize, nil) }

func BenchmarkListPage50Includes(b *testing.B) {
	serveLoop(b, "GET", "?limit=50&include=addresses,storecredit,attributes,formfields", pageSize, nil)
}

func BenchmarkGetOne(b *testing.B) { serveLoop(b, "GET", "?id:in=1000", 1, nil) }

func BenchmarkCreate(b *testing.B) {
	var body []byte
	serveLoop(b, "POST", "", 1, func() []byte {
		body = appendCustomers(body[:0], 1)
		return body
	})
}

// TestLoadedStore loads a small store and asks floor and server for it, so
// that what the benchmark relies on does not break unnoticed.
func TestLoadedStore(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the server")
	}
	dir := t.TempDir()
	e := &liteEngine{dir: dir}
	var progress strings.Builder
	b := &bencher{Config: Config{Customers: fewest, Progress: &progress}, name: "sqlite", database: e.CPU}
	d, err := e.Load(t.Context(), 1, fewest, &progress)
	if err != nil {
		t.Fatal(err)
	}
	dsn, err := d.Copy(t.Context(), "work")
	if err != nil {
		t.Fatal(err)
	}
	if b.bin, err = build(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	server, err := b.serve(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer server.stop()
	if err := b.verify(t.Context(), server.addr, 0, fewest); err != nil {
		t.Error(err)
	}
	b.Clients, b.Duration = 2, 50*time.Millisecond
	if b.shop, err = b.openShop(t.Context(), server.addr); err != nil {
		t.Fatal(err)
	}
	addr, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Floor(ctx, FloorConfig{Engine: "sqlite", Read: dsn, Write: dsn, Listen: addr}) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	for i := 0; !answersReady(addr); i++ {
		if i == 1000 {
			t.Fatal("the floor does not answer")
		}
		time.Sleep(time.Millisecond)
	}
	for _, k := range Cases {
		if k.same {
			if err := b.equal(t.Context(), k, addr, server.addr); err != nil {
				t.Errorf("%s: %v", k.Name, err)
			}
		} else if k.send != nil {
			if _, err := fetch(t.Context(), server.addr, k.status, 0, k.toServer(b.gen(fewest, 0, 0))); err != nil {
				t.Errorf("%s: %v", k.Name, err)
			}
			if k.floorTarget == nil {
				continue
			}
			if _, err := fetch(t.Context(), addr, cmp.Or(k.floorStatus, k.status), 0, k.toFloor(b.gen(fewest, 0, 0))); err != nil {
				t.Errorf("%s: floor: %v", k.Name, err)
			}
		}
	}
	// What requests take is told of both stores together.
	two, err := e.Load(t.Context(), 2, fewest, &progress)
	if err != nil {
		t.Fatal(err)
	}
	server, end, err := b.opened(t.Context(), two, "two")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if end(&err); err != nil {
			t.Error(err)
		}
	}()
	for store := range 2 {
		if err := b.verify(t.Context(), server.addr, store, fewest); err != nil {
			t.Errorf("store %d: %v", store, err)
		}
	}
	both := &side{servers: []*child{server}, customers: fewest, stores: 2}
	for name, statements := range map[string]float64{caseGet: 1, caseNothing: 0} {
		right := func() (string, bool) {
			done, took, err := b.spent(t.Context(), both, true, func() (pace, error) { return b.serverRate(t.Context(), caseNamed(name), both, 0) })
			return fmt.Sprintf("%d done, each took %+v: %v", done.all, took, err),
				err == nil && done.all > 0 && took.server > 0 && took.allocations > 1 && math.Round(took.statements) == statements && took.database == 0
		}
		// A server that has just started reads what it goes back to at a reset.
		for again := 9; ; again-- {
			if what, ok := right(); ok {
				break
			} else if again == 0 {
				t.Fatalf("%s: %s", name, what)
			}
		}
	}
}
