package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"clientele/internal/sqldb"
	"clientele/internal/testing/pgcluster"
)

// chaosWorkers is how many write at once.
const chaosWorkers = 12

// chaosLength is for how long they write: a few seconds, or what CHAOS_LENGTH
// says.
func chaosLength(t *testing.T) (length time.Duration, long bool) {
	t.Helper()
	text := os.Getenv("CHAOS_LENGTH")
	if text == "" {
		return 2500 * time.Millisecond, false
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < time.Second || length > time.Hour {
		t.Fatalf("CHAOS_LENGTH %q: want a time from 1s to 1h", text)
	}
	return length, length > 10*time.Second
}

// chaosSeed is that of all decisions; CHAOS_SEED repeats a run, but for what
// the machine does.
func chaosSeed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("CHAOS_SEED")
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("CHAOS_SEED %q: want a number", text)
	}
	return seed
}

// Twelve workers write through every surface while servers, their database and
// its disk fail. What was acknowledged is all there afterwards, with its
// counts, events and emails, and what was not is wholly there or not at all.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed := chaosSeed(t)
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			t.Logf("CHAOS_SEED=%d", seed)
			start := time.Now()
			r := newRig(t, e, seed)
			begun := time.Now()
			r.run()
			over := time.Now()
			r.check()
			moveThere(t, r.dsns[0], seedStore)
			t.Logf("prepared in %v, wrote for %v, looked for %v", begun.Sub(start), over.Sub(begun), time.Since(over))
			r.report(seed)
		})
	}
}

// rig is a run on one engine.
type rig struct {
	*chaos
	t       *testing.T
	r       *rand.Rand // of the faults
	servers []*server
	dsns    []string
	cluster *pgcluster.Cluster
	disk    *smallDisk // nil where none can be mounted
	workers []*worker
	hooks   *chaosHooks
	faults  map[string]int
	kinds   []func() // of faults
	long    bool
	length  time.Duration
}

func newRig(t *testing.T, e sqldb.Engine, seed uint64) *rig {
	t.Helper()
	x := bareRig(t, seed)
	x.disk = mountSmallDisk(t)
	dir := t.TempDir()
	if x.disk != nil {
		dir = x.disk.dir
	}
	x.kinds = []func(){x.killServer, x.fullDisk}
	if e == sqldb.SQLite {
		x.dsns = []string{"sqlite:" + filepath.Join(dir, "chaos.db")}
	} else {
		x.cluster = chaosCluster(t, dir)
		x.kinds = []func(){x.killServer, x.abortDatabase, x.fullDisk, x.crashDatabase}
		x.onPostgres(x.cluster.DSN("postgres"))
	}
	x.start(seed)
	return x
}

func bareRig(t *testing.T, seed uint64) *rig {
	t.Helper()
	x := &rig{t: t, r: rand.New(rand.NewPCG(seed, 1)), faults: map[string]int{}}
	x.length, x.long = chaosLength(t)
	return x
}

// onPostgres has three servers on one database.
func (x *rig) onPostgres(dsn string) {
	for i := range 3 {
		x.dsns = append(x.dsns, fmt.Sprintf("%s&pool_max_conns=8&application_name=%s", dsn, sessionName(i)))
	}
}

// start starts servers and those who will write.
func (x *rig) start(seed uint64) {
	t := x.t
	t.Helper()
	x.chaos = newChaos(len(x.dsns))
	must(t, "seed", "--database", x.dsns[0], absolute(t, "testdata/chaos.yaml"))
	for i, dsn := range x.dsns {
		s := serve(t, "--database", dsn, "--trusted-proxy", "127.0.0.1")
		x.servers = append(x.servers, s)
		x.up(i)
	}
	c := x.servers[0].client()
	x.hooks = newChaosHooks(t)
	for _, scope := range []string{"store/customer/*", "store/customer/updated", "store/subscriber/*", "store/metafield/*"} {
		x.hooks.add(hookFor(c, scope, x.hooks.URL+"/"+strconv.Itoa(len(x.hooks.scopes))), scope)
	}
	bearer := storefrontBearer(c)
	for n := range chaosWorkers {
		transport := &http.Transport{MaxIdleConnsPerHost: 4}
		t.Cleanup(transport.CloseIdleConnections)
		x.workers = append(x.workers, &worker{
			chaos: x.chaos, n: n, r: rand.New(rand.NewPCG(seed, uint64(100+n))), http: &http.Client{Transport: transport, Timeout: patience / 2}, bearer: bearer,
		})
	}
}

func chaosCluster(t *testing.T, dir string) *pgcluster.Cluster {
	t.Helper()
	c, err := pgcluster.Start(t.Context(), pgcluster.Options{Durable: true, Dir: dir})
	if errors.Is(err, pgcluster.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func sessionName(server int) string { return "chaos-" + strconv.Itoa(server) }

func (x *rig) up(i int) {
	url := x.servers[i].url
	x.urls[i].Store(&url)
}

// run lets the workers write and makes faults, until the time is over.
func (x *rig) run() {
	x.t.Helper()
	var all sync.WaitGroup
	for _, w := range x.workers {
		all.Go(w.work)
	}
	faults := x.kinds
	// A short run makes each fault once. A long one picks, with more time
	// between them, and leaves some at its end for a quiet life.
	end := time.Now().Add(x.length)
	pause := x.length / time.Duration(len(faults)+1)
	if x.long {
		pause = 1500 * time.Millisecond
	}
	for i := 0; x.long && time.Now().Add(pause).Before(end) || !x.long && i < len(faults); i++ {
		time.Sleep(pause/2 + time.Duration(x.r.Int64N(int64(pause/2))))
		next := faults[i%len(faults)]
		if x.long && i >= len(faults) {
			next = faults[x.r.IntN(len(faults))]
		}
		next()
	}
	time.Sleep(max(0, time.Until(end)))
	close(x.stop)
	all.Wait()
}

// fault makes something fail, and keeps those who look for what came of their
// requests from doing so until all is well again.
func (x *rig) fault(name string, do func()) {
	x.t.Helper()
	x.calm.Lock()
	defer x.calm.Unlock()
	x.trouble.Add(1)
	defer x.trouble.Add(1)
	x.faults[name]++
	do()
	for i, s := range x.servers {
		select {
		case <-s.exited:
			x.urls[i].Store(nil)
			x.quiet(i)
			s.restart(x.t)
		default:
		}
		newClient(x.t, s.url, seedStore, seedToken).awaitReady(http.StatusOK)
		x.up(i)
	}
}

// killServer ends one of the servers, in the midst of things.
func (x *rig) killServer() {
	x.fault("server killed", func() { x.servers[x.r.IntN(len(x.servers))].kill() })
}

// abortDatabase restarts PostgreSQL in immediate mode.
func (x *rig) abortDatabase() {
	x.fault("database restarted", func() {
		if err := errors.Join(x.cluster.Abort(), x.cluster.Restart(x.t.Context())); err != nil {
			x.t.Fatal(err)
		}
	})
}

// crashDatabase kills PostgreSQL.
func (x *rig) crashDatabase() {
	x.fault("database killed", func() {
		if err := errors.Join(x.cluster.Kill(), x.cluster.Restart(x.t.Context())); err != nil {
			x.t.Fatal(err)
		}
	})
}

// fullDisk leaves the database no more room for a while. Where no disk can be
// mounted, SQLite's files are bounded instead.
func (x *rig) fullDisk() {
	if x.disk == nil && x.cluster != nil {
		return
	}
	if x.disk == nil {
		x.fault("files bounded", x.boundFiles)
		return
	}
	x.fault("disk full", func() {
		if err := x.disk.fill(128 << 10); err != nil {
			x.t.Fatal(err)
		}
		time.Sleep(min(time.Second, x.length/10))
		if err := x.disk.free(); err != nil {
			x.t.Fatal(err)
		}
		if x.cluster != nil && !x.answers() {
			// Without room for its log it has given up.
			if err := x.cluster.Restart(x.t.Context()); err != nil {
				x.t.Fatal(err)
			}
		}
	})
}

// answers reports whether PostgreSQL does, within a second.
func (x *rig) answers() bool {
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, x.cluster.DSN("postgres"))
	if err != nil {
		return false
	}
	defer conn.Close(ctx)
	return conn.Ping(ctx) == nil
}

// boundFiles runs the server for a while so that no file may grow much.
func (x *rig) boundFiles() {
	s := x.servers[0]
	s.kill()
	x.urls[0].Store(nil)
	_, path, _ := strings.Cut(x.dsns[0], ":")
	largest := int64(0)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err == nil {
			largest = max(largest, info.Size())
		}
	}
	args := append([]string{"-c", `ulimit -f $1; shift; exec "$@"`, "sh", strconv.FormatInt(largest/512+256, 10), program(x.t), "serve", "--listen", "127.0.0.1:0"}, s.args...)
	s.process = launch(x.t, s.dir, nil, "sh", args...)
	s.ready()
	x.up(0)
	time.Sleep(min(time.Second, x.length/10))
	s.kill()
}

// quiet waits until the database has ended the sessions of a killed server:
// what these were told to do may still be carried out.
func (x *rig) quiet(i int) {
	x.t.Helper()
	if x.cluster == nil {
		return
	}
	conn, err := pgx.Connect(x.t.Context(), x.cluster.DSN("postgres"))
	if err != nil {
		x.t.Fatal(err)
	}
	defer conn.Close(x.t.Context())
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		n := 0
		if err := conn.QueryRow(x.t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", sessionName(i)).Scan(&n); err != nil {
			x.t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			x.t.Fatalf("%d sessions outlive their server", n)
		}
	}
}

// report prints the figures.
func (x *rig) report(seed uint64) {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	faults := 0
	var kinds []string
	for name, n := range x.faults {
		faults += n
		kinds = append(kinds, fmt.Sprintf("%d %s", n, name))
	}
	for i, f := range x.failures {
		if i == 40 {
			x.t.Errorf("and %d more", len(x.failures)-i)
			break
		}
		x.t.Error(f)
	}
	for answer, n := range x.odd {
		x.t.Errorf("%d times: %s", n, answer)
	}
	x.t.Logf("writes acknowledged %d, unknown %d (done %d), refused %d; faults %d (%s); looked up %d, lost %d; CHAOS_SEED=%d",
		x.acked.Load(), x.unknown.Load(), x.took.Load(), x.refused.Load(), faults, strings.Join(kinds, ", "), x.looked.Load(), x.lost.Load(), seed)
}
