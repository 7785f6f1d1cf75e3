// Package bench measures the server that users run, as a process of its own,
// against a floor: the least work that could give the same answers from the
// same data (see Floor). Both are asked by the same light load generator, in
// turns, so that a change in the machine's speed meets both.
package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config says what to measure.
type Config struct {
	Customers  int64
	SecondSize int64         // of a store, 0 for none
	Stores     int           // to share out Customers to, 0 for none
	Processes  int           // on one PostgreSQL, 0 for none
	KillEvery  time.Duration // one of Processes, 0 for never
	Sessions   int64         // of the case "sessions"
	Crowd      int64         // of the cases search and transfer, 0 for as many as Customers
	Engines    []string
	Cases      []string // empty for all
	Clients    int
	Runs       int
	Duration   time.Duration
	Dir        string // empty for a temporary one
	InPlace    bool   // in what was loaded rather than in copies of it
	Progress   io.Writer
	Before     *Result // to compare with, or nil
	// FloorCommand is the command line that runs Floor; its flags are added.
	FloorCommand []string
	// ReceiverCommand is the command line that runs Receive; --listen is added.
	ReceiverCommand []string
}

// linearFrom is the size from which on loading takes long enough to tell whether
// it gets slower.
const linearFrom = 200_000

const fewest = 1000 // customers that make deep pages deep

func (c *Config) check() ([]*Case, error) {
	if c.Customers < fewest || c.SecondSize != 0 && c.SecondSize < fewest || c.Stores > 0 && c.Customers/int64(c.Stores) < fewest {
		return nil, fmt.Errorf("a store needs at least %d customers", fewest)
	}
	if c.Stores < 0 || c.Stores == 1 || c.Stores > mostStores || c.Processes < 0 || c.Processes == 1 {
		return nil, fmt.Errorf("there must be 2 to %d stores and at least 2 processes to compare with one", mostStores)
	}
	if c.KillEvery != 0 && c.Processes == 0 {
		return nil, errors.New("processes are killed where there are several")
	}
	if err := c.comparable(c.Before); err != nil {
		return nil, err
	}
	if c.Clients < 1 || c.Runs < 1 || c.Duration < 10*time.Millisecond {
		return nil, errors.New("there must be at least one client, one run and 10ms a run")
	}
	for _, e := range c.Engines {
		if e != "sqlite" && e != "postgres" {
			return nil, fmt.Errorf("no engine %q: want sqlite or postgres", e)
		}
	}
	if len(c.Cases) == 0 {
		return slices.DeleteFunc(slices.Clone(Cases), func(k *Case) bool { return k.long }), nil
	}
	var out []*Case
	for _, k := range Cases {
		if slices.Contains(c.Cases, k.Name) {
			out = append(out, k)
		}
	}
	for _, name := range c.Cases {
		if !slices.ContainsFunc(Cases, func(k *Case) bool { return k.Name == name }) {
			return nil, fmt.Errorf("no case %q: want some of %s", name, strings.Join(CaseNames(), ", "))
		}
	}
	return out, nil
}

// LongCases returns the names of the cases that run only if they are named.
func LongCases() (out []string) {
	for _, k := range Cases {
		if k.long {
			out = append(out, k.Name)
		}
	}
	return out
}

// CaseNames returns the names of all cases.
func CaseNames() []string {
	out := make([]string, len(Cases))
	for i, k := range Cases {
		out[i] = k.Name
	}
	return out
}

// Run measures and returns what it found.
func Run(ctx context.Context, c Config) (_ *Report, err error) {
	cases, err := c.check()
	if err != nil {
		return nil, err
	}
	dir := c.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "clientele-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	fmt.Fprintln(c.Progress, "building the server")
	bin, err := build(ctx, dir)
	if err != nil {
		return nil, err
	}
	report := newReport(c)
	report.Before = c.Before
	for _, name := range c.Engines {
		b := &bencher{Config: c, cases: cases, name: name, bin: bin}
		res, err := b.engine(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		report.Engines = append(report.Engines, res)
	}
	return report, nil
}

// bencher measures one engine.
type bencher struct {
	Config
	cases []*Case
	name  string
	bin   string
	shop  *shop
	// database tells the processor time of a database that is a process of its own.
	database func() time.Duration
}

// side is one process with the one store.
func (b *bencher) side(c *child) *side {
	return &side{servers: []*child{c}, customers: b.Customers, stores: 1}
}

func (b *bencher) say(format string, args ...any) {
	fmt.Fprintf(b.Progress, b.name+": "+format+"\n", args...)
}

func (b *bencher) engine(ctx context.Context, dir string) (_ *EngineReport, err error) {
	var e engine = &liteEngine{dir}
	if b.name == "postgres" {
		if e, err = startPG(ctx, dir); err != nil {
			return nil, err
		}
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	b.database = e.CPU
	small, err := e.Load(ctx, 1, b.Customers, b.Progress)
	if err != nil {
		return nil, err
	}
	if b.InPlace {
		small = taken{small}
	}
	res, err := b.measure(ctx, small)
	if err == nil && b.Customers >= linearFrom {
		res.Loaded = small.Loaded()
	}
	if err == nil && b.SecondSize > 0 {
		err = b.bySize(ctx, e, small, res)
	}
	if err == nil && b.Stores > 0 {
		err = b.byStores(ctx, e, small, res)
	}
	if err == nil && b.Processes > 0 && b.name == "postgres" {
		err = b.byProcesses(ctx, small, res)
	}
	return res, err
}

// serve starts the server on a database.
func (b *bencher) serve(ctx context.Context, dsn string) (*child, error) {
	c, err := start(ctx, b.bin, serveArgs(dsn)...)
	if err == nil {
		c.database = dsn
	}
	return c, err
}

// serveAt is serve at an address.
func (b *bencher) serveAt(ctx context.Context, addr, dsn string) (*child, error) {
	return startAt(ctx, addr, b.bin, serveArgs(dsn)...)
}

func serveArgs(dsn string) []string {
	return []string{"serve", "--database", dsn, "--no-journal", "--rate-limit-quota", "1000000000000", "--log-level", "warn",
		"--history-retention", "0", // what was loaded is old: to drop it would take time of what is measured
		"--trusted-proxy", "127.0.0.1/32"} // the load generator speaks for many
}

// copies makes a database to measure on and returns how to drop it.
func copyOf(ctx context.Context, d data, name string) (dsn string, drop func(*error), err error) {
	dsn, err = d.Copy(ctx, name)
	return dsn, func(err *error) { *err = errors.Join(*err, d.Drop(context.WithoutCancel(ctx), name)) }, err
}

func (b *bencher) measure(ctx context.Context, d data) (_ *EngineReport, err error) {
	work, dropWork, err := copyOf(ctx, d, "work")
	if err != nil {
		return nil, err
	}
	defer dropWork(&err)
	// Without room for a second one the floor writes beside the server, which waits
	// meanwhile.
	spare := work
	if !b.InPlace {
		var dropSpare func(*error)
		if spare, dropSpare, err = copyOf(ctx, d, "floor"); err != nil {
			return nil, err
		}
		defer dropSpare(&err)
	}
	res := &EngineReport{Engine: b.name}

	// The first start is not counted: it may read the program from disk.
	var ready []time.Duration
	for i := range max(b.Runs, 3) + 1 {
		s, err := b.serve(ctx, work)
		if err != nil {
			return nil, err
		}
		s.stop()
		if i > 0 {
			ready = append(ready, s.ready)
		}
	}
	res.Ready = median(ready)
	server, err := b.serve(ctx, work)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	time.Sleep(500 * time.Millisecond)
	res.Idle, _ = server.memory()
	res.Anonymous = server.anonymous()
	if err := b.verify(ctx, server.addr, 0, b.Customers); err != nil {
		return nil, fmt.Errorf("the loaded store is not right: %w", err)
	}
	if b.shop, err = b.openShop(ctx, server.addr); err != nil {
		return nil, err
	}
	floor, err := start(ctx, b.FloorCommand[0], append(slices.Clone(b.FloorCommand[1:]), "--engine", b.name, "--read", work, "--write", spare)...)
	if err != nil {
		return nil, err
	}
	defer floor.stop()
	for _, k := range b.cases {
		if own, err := b.without(ctx, k, d, server, res); err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		} else if own {
			continue
		}
		row, err := b.one(ctx, k, floor, server)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		res.Rows = append(res.Rows, row)
	}
	_, res.Peak = server.memory()
	return res, nil
}

// without measures a case that has no floor, and reports whether it is one.
func (b *bencher) without(ctx context.Context, k *Case, d data, server *child, res *EngineReport) (is bool, err error) {
	switch k.Name {
	case caseHooks:
		res.Hooks, err = b.hooks(ctx, server)
	case caseHistory:
		res.History, err = b.history(ctx, d)
	case caseTransfer:
		res.Import, err = b.transfer(ctx, d)
	case caseSearch:
		res.Search, err = b.search(ctx, d)
	case caseSegments:
		res.Segments, err = b.segments(ctx, d)
	case casePanel:
		res.Panel, err = b.panel(ctx, d)
	case caseControl:
		res.Control, err = b.control(ctx, d)
	case caseLists:
		res.Lists, err = b.lists(ctx, d)
	case caseSlow:
		res.Slow, err = b.slow(ctx, k, server)
	case caseCrowd:
		res.Crowd, err = b.crowd(ctx, server)
	case caseGuesses:
		res.Guesses, err = b.guesses(ctx, server)
	case caseSnapshot:
		var rows []*VersusRow
		rows, err = b.snapshot(ctx, d)
		res.Versus = append(res.Versus, rows...)
	case caseSessions:
		var row *VersusRow
		row, err = b.sessions(ctx, k, d)
		res.Versus = append(res.Versus, row)
	default:
		return false, nil
	}
	return true, err
}

// warm is how long each run is warmed up, uncounted.
func (b *bencher) warm() time.Duration { return min(b.Duration/4, 500*time.Millisecond) }

// one measures a case on floor and server in turns.
func (b *bencher) one(ctx context.Context, k *Case, floor, server *child) (*Row, error) {
	if k.same {
		if err := b.equal(ctx, k, floor.addr, server.addr); err != nil {
			return nil, err
		}
	}
	row := &Row{Case: k, Name: k.Name}
	floors, servers := &side{servers: []*child{floor}}, b.side(server)
	for run := range b.Runs {
		f, least, err := b.spent(ctx, floors, false, func() (pace, error) { return b.floorRate(ctx, k, floor.addr, run) })
		if err != nil {
			return nil, fmt.Errorf("floor: %w", err)
		}
		s, each, err := b.spent(ctx, servers, true, func() (pace, error) { return b.serverRate(ctx, k, servers, run) })
		if err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
		row.add(f.rate, s.rate)
		row.spend(least.server+least.database, each)
	}
	b.say("%-11s floor %8.0f/s  server %8.0f/s  ratio %.2f  processor time %4.0f µs, server %4.0f, database %4.0f  statements %4.1f  allocations %.0f", k.Name,
		row.Floor(), row.Server(), row.Ratio(), median(row.FloorTime), median(row.ServerTime), median(row.DatabaseTime), median(row.Statements), median(row.Allocations))
	return row, nil
}

func (b *bencher) serverRate(ctx context.Context, k *Case, s *side, run int) (pace, error) {
	return drive(ctx, s.addrs(), b.Clients, b.warm(), b.Duration, k.status, func(client int) requester {
		g := b.gen(s.customers, run, client)
		g.stores = s.stores
		return k.toServer(g)
	})
}

func (b *bencher) floorRate(ctx context.Context, k *Case, addr string, run int) (done pace, err error) {
	if k.writes == "" {
		return drive(ctx, []string{addr}, b.Clients, b.warm(), b.Duration, cmp.Or(k.floorStatus, k.status), func(client int) requester {
			return k.toFloor(b.gen(b.Customers, run, client))
		})
	}
	text, err := fetch(ctx, addr, 200, b.warm()+b.Duration, func(buf []byte) []byte {
		return fmt.Appendf(buf, "GET /write?kind=%s&clients=%d&batch=%d&warm=%d&ms=%d HTTP/1.1\r\nHost: localhost\r\n\r\n", k.writes, b.Clients, k.batch, b.warm().Milliseconds(), b.Duration.Milliseconds())
	})
	if err == nil {
		_, err = fmt.Sscan(string(text), &done.rate, &done.all)
	}
	return done, err
}

// equal checks on some requests that floor and server answer alike.
func (b *bencher) equal(ctx context.Context, k *Case, floor, server string) error {
	for client := range 3 {
		want, err := fetch(ctx, floor, k.status, 0, k.toFloor(b.gen(b.Customers, -1, client)))
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		got, err := fetch(ctx, server, k.status, 0, k.toServer(b.gen(b.Customers, -1, client)))
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		alike := bytes.Equal(got, want)
		if !k.v2 && !k.exact {
			want = bytes.TrimSuffix(want, []byte("}"))
			alike = bytes.HasPrefix(got, want) && bytes.HasPrefix(got[len(want):], []byte(`,"meta":`))
		}
		if !alike {
			at := 0
			for at < min(len(want), len(got)) && want[at] == got[at] {
				at++
			}
			from := max(0, at-40)
			return fmt.Errorf("floor and server answer differently:\n%.120s\n%.120s", want[from:], got[from:])
		}
	}
	return nil
}

// listed is a page of customers.
type listed struct {
	Data []struct {
		ID    int64
		Email string
	}
	Meta struct{ Pagination struct{ Total int64 } }
}

func readListing(text []byte) (l listed, err error) {
	err = json.Unmarshal(text, &l)
	return l, err
}

// verify looks at a loaded store of n customers through the API.
func (b *bencher) verify(ctx context.Context, addr string, store int, n int64) error {
	get := func(query string) (a listed, err error) {
		body, err := fetch(ctx, addr, 200, 0, func(buf []byte) []byte {
			return append(buf, "GET "+storePath(store)+query+" HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: "+tokenOf(store)+"\r\n\r\n"...)
		})
		if err == nil {
			a, err = readListing(body)
		}
		return a, err
	}
	for _, path := range []string{"?limit=1", "/addresses?limit=1", "/subscribers?limit=1", "/attribute-values?limit=1"} {
		a, err := get(path)
		if err != nil {
			return err
		}
		if a.Meta.Pagination.Total != n {
			return fmt.Errorf("%s counts %d of %d", path, a.Meta.Pagination.Total, n)
		}
	}
	// Somewhere in the middle, to the row.
	pageNo := n / pageSize / 2
	a, err := get(fmt.Sprintf("?limit=%d&page=%d", pageSize, pageNo))
	if err != nil {
		return err
	}
	if first := n - (pageNo-1)*pageSize; len(a.Data) != pageSize || a.Data[0].ID != first || a.Data[pageSize-1].ID != first-pageSize+1 {
		return fmt.Errorf("page %d does not begin with customer %d", pageNo, first)
	}
	for _, id := range []int64{1, n / 3, n} {
		email := string(appendEmail(nil, id))
		a, err := get("?email:in=" + email)
		if err != nil {
			return err
		}
		if len(a.Data) != 1 || a.Data[0].ID != id || a.Data[0].Email != email {
			return fmt.Errorf("the email filter does not find customer %d", id)
		}
	}
	return nil
}
