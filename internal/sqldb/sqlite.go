package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/system"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// lite is the SQLite engine: one writer connection, a few readers, WAL with
// durable commits (synchronous=FULL).
type lite struct {
	path    string
	file    fs.FileInfo    // that path named when the writer was opened
	cache   int            // KiB, of each connection
	readers chan *liteConn // those that are open
	places  chan struct{}  // for readers that are not
	writer  *liteConn
	jobs    chan *job
	done    chan struct{} // the writer has stopped
	closing chan struct{}
	timeout time.Duration // of a write, waiting included
	mu      sync.RWMutex  // guards closed against sends on jobs
	closed  bool
	early   *earlyConn // while the first reader is opened
	sys     *system.System
	log     *slog.Logger
	ran     atomic.Int64 // statements
	turns   int64        // of writes that were tried; the writer's own
}

// pageSize is small because a write touches a page of each index: what is
// written per customer grows with it, while pages of a list hardly gain.
const pageSize = 4096

// groupLimit bounds the number of writes that share one commit, so that the
// first of them does not wait long for the last.
const groupLimit = 64

// dynamicLimit bounds the prepared statements with request-dependent text
// that a connection keeps.
const dynamicLimit = 64

// busyTimeout is how long to wait for another process's write.
const busyTimeout = 10 * time.Second

// busyPause is how long to wait before the next try where SQLite does not wait
// itself.
const busyPause = 5 * time.Millisecond

// beginPause is how long to wait before the next try to begin a write, and gap how
// long one who writes for long leaves the file to others: so long that they notice.
const (
	beginPause = 2 * time.Millisecond
	gap        = 3 * time.Millisecond
)

func openLite(path string, o Options) (*lite, error) {
	if dir := filepath.Dir(path); dir != "." && !o.MustExist {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	var early chan earlyConn
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist) && !o.MustExist:
		if err := makePrivate(path); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	default:
		early = make(chan earlyConn, 1)
		go func() { early <- openEarly(path, info) }()
	}
	n := o.Readers
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	cache := o.CacheKiB
	if cache == 0 {
		cache = 8 << 10
	}
	l := &lite{
		sys:     o.System,
		path:    path,
		cache:   cache,
		readers: make(chan *liteConn, n),
		places:  make(chan struct{}, n),
		jobs:    make(chan *job, groupLimit),
		done:    make(chan struct{}),
		closing: make(chan struct{}),
		timeout: o.WriteTimeout,
		log:     o.Log,
	}
	writer, err := openLiteConn(path, cache, o.Log, true)
	if early != nil {
		first := <-early
		defer first.close()
		l.early = &first
	}
	if err != nil {
		return nil, err
	}
	l.writer = writer
	if l.file, err = os.Stat(path); err != nil {
		writer.conn.Close()
		return nil, err
	}
	first, err := l.openReader()
	if err != nil {
		writer.conn.Close()
		return nil, err
	}
	l.early = nil
	l.readers <- first
	for range n - 1 {
		l.places <- struct{}{}
	}
	go l.runWriter()
	return l, nil
}

func (l *lite) close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	close(l.jobs)
	close(l.closing)
	l.mu.Unlock()
	<-l.done
	conns := []*liteConn{l.writer}
	for range cap(l.readers) {
		select {
		case c := <-l.readers:
			conns = append(conns, c)
		case <-l.places:
		}
	}
	for _, c := range conns {
		if err := c.conn.Close(); err != nil {
			l.log.Error("close sqlite connection", "error", err)
		}
	}
}

// reader waits for a connection to read with. All but the first are opened when
// the others are in use: it takes milliseconds to read the schema.
func (l *lite) reader(ctx context.Context) (*liteConn, error) {
	select {
	case c := <-l.readers:
		return c, nil
	default:
	}
	select {
	case <-l.places:
	default:
		select {
		case c := <-l.readers:
			return c, nil
		case <-l.places:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.closing:
			return nil, errClosed
		}
	}
	c, err := l.openReader()
	if err != nil {
		l.places <- struct{}{}
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return c, nil
}

// earlyConn is a connection to a file that was there before the writer was
// opened. It has read the schema beside the writer, which takes both
// milliseconds, and has changed nothing: the file may be another program's.
type earlyConn struct {
	conn *sqlite.Conn // nil: there is none
	file fs.FileInfo
}

func openEarly(path string, file fs.FileInfo) earlyConn {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return earlyConn{} // the writer tells
	}
	conn.SetBusyTimeout(busyTimeout)
	if err := sqlitex.ExecuteTransient(conn, "SELECT 1 FROM sqlite_schema LIMIT 1", nil); err != nil {
		conn.Close()
		return earlyConn{}
	}
	return earlyConn{conn, file}
}

// take returns the connection if it is to a file, or nil.
func (e *earlyConn) take(file fs.FileInfo) *sqlite.Conn {
	if e == nil || e.conn == nil || !os.SameFile(e.file, file) {
		return nil
	}
	conn := e.conn
	e.conn = nil
	return conn
}

func (e *earlyConn) close() {
	if e.conn != nil {
		e.conn.Close()
	}
}

// openReader opens the file that the writer has open, and no other.
func (l *lite) openReader() (*liteConn, error) {
	now, err := os.Stat(l.path)
	if err != nil {
		return nil, err
	}
	if !os.SameFile(l.file, now) {
		return nil, fmt.Errorf("%s was replaced by another file while it is in use", l.path)
	}
	if conn := l.early.take(now); conn != nil {
		return setUpLiteConn(conn, l.path, l.cache, l.log, false)
	}
	return openLiteConn(l.path, l.cache, l.log, false)
}

func (l *lite) read(ctx context.Context, store int64, fn func(*Tx) error) error {
	c, err := l.reader(ctx)
	if err != nil {
		return err
	}
	defer func() {
		c.rollback() // an interrupted pipeline cannot end its transaction itself
		l.readers <- c
	}()
	c.watch(ctx)
	defer c.unwatch()
	err = fn(&Tx{store: store, lite: c, ran: &l.ran})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return classify(err)
}

// job is one transaction waiting to be written.
type job struct {
	ctx    context.Context
	store  int64
	fn     func(*Tx) error
	until  time.Duration // of Elapsed: when to give up waiting
	member *member       // nil: runs by itself
	err    error
	done   chan struct{}
}

func (j *job) asMember() *member { return j.member }

var jobPool = sync.Pool{New: func() any { return &job{done: make(chan struct{}, 1)} }}

var errClosed = fmt.Errorf("%w: closed", ErrUnavailable)

func (l *lite) write(ctx context.Context, store int64, fn func(*Tx) error, m *member) error {
	j := jobPool.Get().(*job)
	j.ctx, j.store, j.fn, j.member, j.err = ctx, store, fn, m, nil
	j.until = l.sys.Elapsed() + l.timeout
	l.mu.RLock()
	if l.closed {
		l.mu.RUnlock()
		return errClosed
	}
	l.jobs <- j
	l.mu.RUnlock()
	<-j.done
	err := j.err
	j.ctx, j.fn, j.member, j.err = nil, nil, nil, nil
	jobPool.Put(j)
	return err
}

// runWriter owns the writer connection. Whatever has queued up while one
// commit was being made durable shares the next one.
func (l *lite) runWriter() {
	defer close(l.done)
	group := make([]*job, 0, groupLimit)
	for first := range l.jobs {
		group = append(group[:0], first)
	more:
		for len(group) < groupLimit {
			select {
			case j, ok := <-l.jobs:
				if !ok {
					break more
				}
				group = append(group, j)
			default:
				break more
			}
		}
		l.commit(group)
		for _, j := range group {
			j.done <- struct{}{}
		}
	}
}

// commit runs a group in one transaction and sets each job's error. When the
// engine abandons the transaction as a whole (disk full, I/O error), the
// jobs are run again one by one, so that one job's failure stays its own.
func (l *lite) commit(group []*job) {
	select {
	case <-l.closing:
		fail(group, errClosed)
		return
	default:
	}
	err := l.tryCommit(group)
	if err == nil {
		return
	}
	// Nobody's turn came, or there is nobody to spare.
	if errors.Is(err, errNotBegun) || len(group) == 1 {
		fail(group, err)
		return
	}
	for i := range group {
		if err := l.tryCommit(group[i : i+1]); err != nil {
			group[i].err = err
		}
	}
}

func fail(group []*job, err error) {
	for _, j := range group {
		j.err = err
	}
}

// errNotBegun: another process kept the database locked.
var errNotBegun = errors.New("sqldb: the database is locked")

// tryCommit returns an error when the transaction as a whole failed.
func (l *lite) tryCommit(group []*job) error {
	w := l.writer
	if err := w.begin(); err != nil {
		return fmt.Errorf("%w: %w", errNotBegun, classify(err))
	}
	now := l.sys.Elapsed()
	ready := func(j *job) bool {
		switch j.err = j.ctx.Err(); {
		case j.err != nil:
		case now > j.until:
			j.err = fmt.Errorf("%w: waited too long for the database", ErrUnavailable)
		default:
			return true
		}
		return false
	}
	live := false
	nested := len(group) > 1
	for len(group) > 0 {
		if !ready(group[0]) {
			group = group[1:]
			continue
		}
		n := companions(group, (*job).asMember, func(a, b *job) bool { return a.store == b.store && ready(b) })
		jobs := group[:n]
		group = group[n:]
		lived, err := l.attempt(jobs, nested)
		if err != nil {
			return err
		}
		if n > 1 && !lived {
			// What failed was undone. Whose fault it was shows when each is by itself.
			apart(jobs, (*job).asMember)
			for i := range jobs {
				one, err := l.attempt(jobs[i:i+1], nested)
				if err != nil {
					return err
				}
				lived = lived || one
			}
		}
		live = live || lived
	}
	if !live {
		w.rollback()
		return nil
	}
	if err := w.command(commit); err != nil {
		w.rollback()
		return classify(err)
	}
	return nil
}

// attempt runs jobs, several only if they run together, and tells whether any
// is to be committed. It returns an error when the transaction as a whole has
// failed.
func (l *lite) attempt(jobs []*job, nested bool) (lived bool, err error) {
	c := l.writer
	if nested {
		if err := c.command(savepoint); err != nil {
			c.rollback()
			return false, classify(err)
		}
	}
	err = l.run(jobs[0])
	if err != nil && c.conn.AutocommitEnabled() {
		return false, classify(err)
	}
	for _, j := range jobs {
		if j.err = classify(err); err == nil {
			j.err = j.member.failure()
		}
		lived = lived || j.err == nil
	}
	if !nested {
		return lived, nil
	}
	if err != nil {
		if err := c.command(rollbackTo); err != nil {
			c.rollback()
			return false, classify(err)
		}
	}
	if err := c.command(release); err != nil {
		c.rollback()
		return false, classify(err)
	}
	return lived, nil
}

func (l *lite) run(j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write transaction: %v\n%s", p, debug.Stack())
		}
	}()
	l.turns++
	return j.fn(&Tx{store: j.store, lite: l.writer, ran: &l.ran, turn: l.turns})
}

const (
	begin      = "BEGIN IMMEDIATE"
	beginRead  = "BEGIN"
	savepoint  = "SAVEPOINT job"
	rollbackTo = "ROLLBACK TO job"
	release    = "RELEASE job"
	commit     = "COMMIT"
)

// liteConn is one connection with its bounded cache of prepared statements.
type liteConn struct {
	conn     *sqlite.Conn
	static   map[*Stmt]*sqlite.Stmt // declared statements that were run
	commands map[string]*sqlite.Stmt
	declared map[string]struct{} // texts of static; a dynamic statement may have the same
	dynamic  map[string]struct{}
	order    []string // of dynamic, oldest first

	// Interruption of reads: closing intr stops the running statement.
	timer *time.Timer
	mu    sync.Mutex
	ctx   context.Context // of the current read, nil between reads
	intr  chan struct{}
	spent bool // intr is closed
}

func openLiteConn(path string, cacheKiB int, log *slog.Logger, writer bool) (*liteConn, error) {
	flags := sqlite.OpenReadWrite
	if writer { // the first to be opened
		flags |= sqlite.OpenCreate
	}
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	return setUpLiteConn(conn, path, cacheKiB, log, writer)
}

// setUpLiteConn makes a connection one of ours, or closes it.
func setUpLiteConn(conn *sqlite.Conn, path string, cacheKiB int, log *slog.Logger, writer bool) (*liteConn, error) {
	conn.SetBusyTimeout(busyTimeout)
	if writer {
		if err := checkLite(conn); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		keepPrivate(path, log) // not another program's, whose users may need it
	}
	pragmas := []string{
		fmt.Sprintf("PRAGMA page_size=%d", pageSize), // takes effect on a new file only
		"PRAGMA journal_mode=WAL",
		"PRAGMA synchronous=FULL",
		"PRAGMA foreign_keys=ON",
		"PRAGMA temp_store=MEMORY",
		fmt.Sprintf("PRAGMA cache_size=-%d", cacheKiB),
		"PRAGMA journal_size_limit=67108864",
		"PRAGMA wal_autocheckpoint=8000",
	}
	if writer {
		// What is deleted is overwritten. FAST would leave what had pages of its
		// own, and costs no less where none becomes free.
		pragmas = append(pragmas, "PRAGMA secure_delete=ON")
	} else {
		pragmas = append(pragmas, "PRAGMA query_only=ON")
	}
	for _, p := range pragmas {
		if err := pragma(conn, p); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	c := &liteConn{conn: conn, static: map[*Stmt]*sqlite.Stmt{}, commands: map[string]*sqlite.Stmt{}, declared: map[string]struct{}{}, dynamic: map[string]struct{}{}}
	if !writer {
		c.arm()
		c.timer = system.CountdownFunc(time.Hour, c.look)
		c.timer.Stop()
	}
	return c, nil
}

// pragma waits for other processes itself: switching to WAL does not heed the
// busy timeout.
func pragma(conn *sqlite.Conn, text string) error {
	for wait := busyTimeout; ; wait -= busyPause {
		err := sqlitex.ExecuteTransient(conn, text, nil)
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || wait <= 0 {
			return err
		}
		<-system.Countdown(busyPause).C
	}
}

// watchEvery is how soon a read whose caller has gone is noticed.
const watchEvery = 20 * time.Millisecond

// watch interrupts the connection's statements when ctx ends before unwatch.
// A timer per connection costs short reads next to nothing, unlike a function
// registered with each context.
func (c *liteConn) watch(ctx context.Context) {
	c.mu.Lock()
	c.ctx = ctx
	c.mu.Unlock()
	c.timer.Reset(watchEvery)
}

func (c *liteConn) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ctx == nil || c.spent: // the read is over
	case c.ctx.Err() != nil:
		c.spent = true
		close(c.intr)
	default:
		c.timer.Reset(watchEvery)
	}
}

func (c *liteConn) unwatch() {
	c.timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx = nil
	if c.spent {
		c.spent = false
		c.arm()
	}
}

// arm makes the connection interruptible again.
func (c *liteConn) arm() {
	c.intr = make(chan struct{})
	c.conn.SetInterrupt(c.intr)
}

func (c *liteConn) command(sql string) error {
	stmt := c.commands[sql]
	if stmt == nil {
		var err error
		if stmt, err = c.conn.Prepare(sql); err != nil {
			return err
		}
		c.commands[sql] = stmt
	}
	if _, err := stmt.Step(); err != nil { // which has reset it
		return err
	}
	return stmt.Reset()
}

// begin waits for another process's write, and looks more often than SQLite would:
// who writes one transaction after the other leaves no long gaps between them.
func (c *liteConn) begin() error {
	c.conn.SetBusyTimeout(0)
	defer c.conn.SetBusyTimeout(busyTimeout)
	for wait := busyTimeout; ; wait -= beginPause {
		err := c.command(begin)
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || wait <= 0 {
			return err
		}
		<-system.Countdown(beginPause).C
	}
}

// version returns a number that moves when another process writes.
func (c *liteConn) version() (int64, error) {
	const sql = "PRAGMA data_version"
	stmt := c.commands[sql]
	if stmt == nil {
		var err error
		if stmt, err = c.conn.Prepare(sql); err != nil {
			return 0, err
		}
		c.commands[sql] = stmt
	}
	if _, err := stmt.Step(); err != nil {
		return 0, err
	}
	n := stmt.ColumnInt64(0)
	return n, stmt.Reset()
}

func (c *liteConn) rollback() {
	if !c.conn.AutocommitEnabled() {
		// Failing to roll back leaves the transaction to the next BEGIN, which
		// then fails loudly.
		_ = c.command("ROLLBACK")
	}
}

// prepare returns a statement that has been reset. Values that were bound before
// may be there: each run binds all.
func (c *liteConn) prepare(s *Stmt) (*sqlite.Stmt, error) {
	if s.kind == static {
		if known := c.static[s]; known != nil {
			return known, nil
		}
		text := numbered(s.sql)
		if s.fails {
			// Else SQLite copies each page that the statement changes, to be able to take
			// back its first rows alone.
			text = strings.Replace(text, "INSERT INTO", "INSERT OR FAIL INTO", 1)
		}
		stmt, err := c.conn.Prepare(text)
		if err != nil {
			return nil, err
		}
		c.static[s], c.declared[text] = stmt, struct{}{}
		if _, ok := c.dynamic[text]; ok { // it stays from now on
			delete(c.dynamic, text)
			c.order = slices.DeleteFunc(c.order, func(other string) bool { return other == text })
		}
		return stmt, nil
	}
	if _, ok := c.declared[s.lite]; ok {
		return c.conn.Prepare(s.lite)
	}
	if _, ok := c.dynamic[s.lite]; !ok {
		if len(c.order) == dynamicLimit {
			oldest := c.order[0]
			c.order = append(c.order[:0], c.order[1:]...)
			delete(c.dynamic, oldest)
			if old, err := c.conn.Prepare(oldest); err == nil {
				if err := old.Finalize(); err != nil {
					return nil, err
				}
			}
		}
		c.dynamic[s.lite] = struct{}{}
		c.order = append(c.order, s.lite)
	}
	return c.conn.Prepare(s.lite)
}

func (c *liteConn) bind(tx *Tx, s *Stmt, args []any) (*sqlite.Stmt, error) {
	stmt, err := c.prepare(s)
	if err != nil {
		return nil, err
	}
	n := 1
	if !s.global {
		stmt.BindInt64(1, tx.store)
		n = 2
	}
	if want := stmt.BindParamCount(); want != len(args)+n-1 {
		return nil, fmt.Errorf("sqldb: %d arguments for %d parameters: %s", len(args), want-n+1, s.sql)
	}
	for i, a := range args {
		switch v := a.(type) {
		case int64:
			stmt.BindInt64(n+i, v)
		case string:
			stmt.BindText(n+i, v)
		case []byte:
			stmt.BindBytes(n+i, v)
		case nil:
			stmt.BindNull(n + i)
		default:
			return nil, fmt.Errorf("sqldb: argument of type %T", a)
		}
	}
	return stmt, nil
}

// pipeline runs queries in one transaction, which locks the file once for all of
// them.
func (c *liteConn) pipeline(tx *Tx, qs []Q) (err error) {
	if len(qs) > 1 && c.conn.AutocommitEnabled() {
		if err := c.command(beginRead); err != nil {
			return err
		}
		defer func() {
			if ended := c.command(commit); err == nil {
				err = ended
			}
		}()
	}
	for _, q := range qs {
		if err := c.query(tx, q.Stmt, q.Args, q.Each); err != nil {
			return err
		}
	}
	return nil
}

func ignore(*Row) error { return nil }

func (c *liteConn) exec(tx *Tx, s *Stmt, args []any) error {
	return c.query(tx, s, args, ignore)
}

func (c *liteConn) query(tx *Tx, s *Stmt, args []any, each func(*Row) error) (err error) {
	stmt, err := c.bind(tx, s, args)
	if err != nil {
		return err
	}
	// However it ends, by a panic of each too: a statement left running would
	// keep the connection in its snapshot and from committing.
	defer func() {
		if rerr := stmt.Reset(); err == nil {
			err = rerr
		}
	}()
	row := Row{tx: tx, lite: stmt}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if err := each(&row); err != nil {
			return err
		}
	}
}
