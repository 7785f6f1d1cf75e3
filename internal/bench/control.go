package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"clientele/internal/sqldb"
)

const (
	caseControl = "control"
	// controlMost is up to how many customers there is a state after the start to
	// go back to.
	controlMost = 5000
	// controlRounds is how often each is done, controlChanged how many customers a
	// test makes and changes in between, and controlPause how long it takes.
	controlRounds  = 60
	controlChanged = 10
	controlPause   = 150 * time.Millisecond
	// controlSeed is how many customers a seed file has at the start.
	controlSeed = 100
)

// ControlRow is how long what tests ask for takes, as they see it.
type ControlRow struct {
	customers                      int64
	reset, restore, clone, advance []time.Duration
	ready                          time.Duration
}

func (r *ControlRow) figures(engine string) []Figure {
	most := 50 * time.Millisecond
	if engine == string(sqldb.Postgres) {
		most = 120 * time.Millisecond
	}
	line := func(what string, waits []time.Duration, most time.Duration) Figure {
		slices.Sort(waits)
		l := waits[(len(waits)-1)*95/100]
		return figureOf("Control: "+what+", median and 95th percentile", "95th ≤ "+millis(most)+" "+met(l <= most), inMillis(waits[len(waits)/2]).less(), inMillis(l).less())
	}
	of := fmt.Sprintf(" of %s customers", whole(r.customers))
	return []Figure{
		line("reset"+of, r.reset, most), line("restore"+of, r.restore, most), line("a store for a test"+of, r.clone, most),
		line("48 hours over 100 failing deliveries", r.advance, time.Second),
		figureOf(fmt.Sprintf("Control: ready with a seed of %d customers", controlSeed), "≤ 100 ms "+met(r.ready <= 100*time.Millisecond), inMillis(r.ready).less()),
	}
}

// controller asks a server for what tests ask for.
type controller struct {
	base   string
	client *http.Client
}

func (c *controller) ask(ctx context.Context, want int, method, path, body string) (took time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("X-Auth-Token", accessToken)
	r.Header.Set("Content-Type", "application/json")
	begin := time.Now()
	res, err := c.client.Do(r)
	if err != nil {
		return 0, err
	}
	text, err := io.ReadAll(res.Body)
	took = time.Since(begin)
	if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s %s: %d %.300s", method, path, res.StatusCode, text)
	}
	return took, err
}

// work is what a test changes.
func (c *controller) work(ctx context.Context) error {
	for i := range controlChanged {
		if _, err := c.ask(ctx, 200, "POST", serverPath, fmt.Sprintf(`[{"email":"control%d@example.com","first_name":"A","last_name":"B"}]`, i)); err != nil {
			return err
		}
		if _, err := c.ask(ctx, 200, "PUT", serverPath, fmt.Sprintf(`[{"id":%d,"first_name":"Changed"}]`, 1+i)); err != nil {
			return err
		}
	}
	return nil
}

// control measures what development mode gives to tests, in a database of its own.
func (b *bencher) control(ctx context.Context, d data) (_ *ControlRow, err error) {
	if b.Customers > controlMost {
		return nil, fmt.Errorf("there are %d customers, and up to %d are kept to go back to: measure with --customers 1000", b.Customers, controlMost)
	}
	dsn, drop, err := copyOf(ctx, d, caseControl)
	if err != nil {
		return nil, err
	}
	defer drop(&err)
	row := &ControlRow{customers: b.Customers}
	if row.ready, err = b.seededReady(ctx, dsn); err != nil {
		return nil, err
	}
	server, err := b.serve(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	c := &controller{base: "http://" + server.addr, client: &http.Client{Timeout: answerWithin}}
	repeat := func(into *[]time.Duration, n int, prepare func() error, want int, path, body string) error {
		for range n {
			if err := prepare(); err != nil {
				return err
			}
			took, err := c.ask(ctx, want, "POST", "/_clientele/v1"+path, body)
			if err != nil {
				return err
			}
			*into = append(*into, took)
		}
		return nil
	}
	test := func() error { return c.work(ctx) }
	if err := repeat(&row.reset, controlRounds, test, 200, "/reset", ""); err != nil {
		return nil, err
	}
	if _, err := c.ask(ctx, 200, "PUT", "/_clientele/v1/snapshots/bench", ""); err != nil {
		return nil, err
	}
	if err := repeat(&row.restore, controlRounds, test, 200, "/snapshots/bench/restore", ""); err != nil {
		return nil, err
	}
	pause := func() error { time.Sleep(controlPause); return nil }
	if err := repeat(&row.clone, controlRounds, pause, 201, "/stores", `{"from":"`+storeHash+`"}`); err != nil {
		return nil, err
	}
	if err := b.advances(ctx, c, row, repeat); err != nil {
		return nil, err
	}
	for _, f := range row.figures(b.name) {
		b.say("%-11s %s  %s", caseControl, f, f.target)
	}
	return row, nil
}

// advances measures two days of a hook that always fails.
func (b *bencher) advances(ctx context.Context, c *controller, row *ControlRow, repeat func(*[]time.Duration, int, func() error, int, string, string) error) error {
	dead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	defer dead.Close()
	prepare := func() error {
		if _, err := c.ask(ctx, 200, "POST", "/_clientele/v1/reset", ""); err != nil {
			return err
		}
		if _, err := c.ask(ctx, 200, "POST", "/stores/"+storeHash+"/v3/hooks", `{"scope":"store/customer/created","destination":"`+dead.URL+`","is_active":true}`); err != nil {
			return err
		}
		var all []map[string]string
		for i := range 100 {
			all = append(all, map[string]string{"email": fmt.Sprintf("hook%d@example.com", i), "first_name": "A", "last_name": "B"})
		}
		for part := range slices.Chunk(all, 10) {
			text, err := json.Marshal(part)
			if err != nil {
				return err
			}
			if _, err := c.ask(ctx, 200, "POST", serverPath, string(text)); err != nil {
				return err
			}
		}
		return nil
	}
	return repeat(&row.advance, max(b.Runs, 3), prepare, 200, "/clock/advance", `{"by":"48h"}`)
}

// seededReady measures the start with a seed file, which adds a store.
func (b *bencher) seededReady(ctx context.Context, dsn string) (_ time.Duration, err error) {
	dir, err := os.MkdirTemp("", "clientele-bench-seed-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var waits []time.Duration
	for run := range max(b.Runs, 3) + 1 {
		var text bytes.Buffer
		fmt.Fprintf(&text, "stores:\n  - hash: seeded%d\n    api_accounts: [{name: app, client_id: c, client_secret: s, access_token: t, scopes: [all]}]\n    customers:\n", run)
		for i := range controlSeed {
			fmt.Fprintf(&text, "      - {email: seed%d@example.com, first_name: First, last_name: Last, addresses: [{first_name: A, last_name: B, address1: %[1]d Main St, city: Austin, state_or_province: Texas, country_code: US, postal_code: \"78701\"}]}\n", i)
		}
		file := filepath.Join(dir, "seed.yaml")
		if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
			return 0, err
		}
		s, err := start(ctx, b.bin, append(serveArgs(dsn), "--seed", file)...)
		if err != nil {
			return 0, err
		}
		s.stop()
		if run > 0 { // the first reads the program from disk
			waits = append(waits, s.ready)
		}
	}
	return median(waits), nil
}
