// Package sqldb is the storage seam: one small interface over two engines,
// SQLite (embedded, the default) and PostgreSQL, both through their drivers'
// own interfaces rather than database/sql, which halves page reads.
//
// SQL is written once, in the subset both engines share, with $N
// placeholders. $1 is always the store: a transaction belongs to one store and
// binds its id itself, so a statement cannot forget it. Times are integers
// (seconds since the epoch), flags are 0 and 1, text to compare is folded
// before it is stored (package fold), JSON is opaque text.
package sqldb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/secret"
	"clientele/internal/system"
)

// Engine names a database engine.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Options tune a database. The zero value is right for almost everyone.
type Options struct {
	// Readers is the number of read connections (SQLite) or the largest
	// number of connections (PostgreSQL). Zero means one per core, or 16.
	Readers int
	// CacheKiB bounds SQLite's page cache per connection. Zero means 8 MiB.
	CacheKiB int
	// WriteTimeout bounds one write transaction, its retries included. Zero
	// means 30 seconds.
	WriteTimeout time.Duration
	// MustExist refuses to make a new SQLite database.
	MustExist bool
	// System is where waits and randomness come from. Nil means the machine's.
	System *system.System
	// Log receives what an operator should see. Nil discards.
	Log *slog.Logger
	// Secrets encrypts what Tx.Seal is given. Nil stores it as it is.
	Secrets *secret.Keys
	// Watch, if set, sees each statement before it runs: for tests that count.
	Watch func(*Stmt)
}

// DB is an open database, safe for concurrent use.
type DB struct {
	engine       Engine
	lite         *lite
	pg           *pg
	writeTimeout time.Duration
	sys          *system.System
	secrets      *secret.Keys
	watch        func(*Stmt)
	topics       topics
	versions     versions
	epochs       epochs
	writing      atomic.Int64
}

// in returns fn with a Tx that knows the context of its write.
func in(ctx context.Context, fn func(tx *Tx) error) func(tx *Tx) error {
	return func(tx *Tx) error {
		tx.ctx = ctx
		return fn(tx)
	}
}

// equipped returns fn with a Tx that has the keys of secrets, and whose
// statements are seen.
func (db *DB) equipped(fn func(tx *Tx) error) func(tx *Tx) error {
	if db.watch == nil && db.secrets == nil {
		return fn
	}
	return func(tx *Tx) error {
		tx.watch, tx.secrets = db.watch, db.secrets
		return fn(tx)
	}
}

// Open opens a database named "sqlite:PATH" or "postgres://…" and checks that
// it answers. It does not migrate.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 30 * time.Second
	}
	if o.System == nil {
		o.System = system.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	err := CheckDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{writeTimeout: o.WriteTimeout, sys: o.System, secrets: o.Secrets, watch: o.Watch}
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		db.engine = SQLite
		db.lite, err = openLite(path, o)
	} else {
		db.engine = Postgres
		db.pg, err = openPG(ctx, dsn, o)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// CheckDSN reports what is wrong with the name of a database, without opening
// it. It never repeats a password.
func CheckDSN(dsn string) error {
	path, file := strings.CutPrefix(dsn, "sqlite:")
	switch {
	case file && path != "":
		return checkPath(path)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		_, err := parsePG(dsn)
		return err
	}
	if dsn != "" && !strings.ContainsAny(dsn, ":@") { // a path, and no URL that may hold a password
		return fmt.Errorf("%q names no engine: want sqlite:%s for that file, or postgres://user@host/name", dsn, dsn)
	}
	return errors.New("want sqlite:PATH or postgres://user@host/name")
}

// checkPath reports why a path cannot name a SQLite database. A database in
// memory belongs to one connection, so each of ours would see another one. URIs
// and their parameters are refused rather than taken for the name of a file.
func checkPath(path string) error {
	bare, uri := path, false
	if len(path) >= len("file:") && strings.EqualFold(path[:len("file:")], "file:") {
		bare, uri = path[len("file:"):], true
	}
	bare, parameters, options := strings.Cut(bare, "?")
	if uri {
		if decoded, err := url.PathUnescape(bare); err == nil {
			bare = decoded
		}
		if decoded, err := url.QueryUnescape(parameters); err == nil {
			parameters = decoded
		}
	}
	parameters = strings.ToLower(parameters)
	switch {
	case strings.EqualFold(strings.TrimLeft(bare, "/"), ":memory:"), strings.Contains(parameters, "mode=memory"), strings.Contains(parameters, "vfs=memdb"):
		return errors.New("a database in memory is not supported: its connections would each see another one; name a file")
	case uri || options:
		return errors.New("want sqlite:PATH with the plain path of a file: URIs and parameters after ? are not supported")
	case strings.ContainsRune(path, 0):
		return errors.New("the path of the database has a null character")
	}
	return nil
}

// Engine returns the engine behind db.
func (db *DB) Engine() Engine { return db.engine }

// Close waits for running work and closes the database.
func (db *DB) Close() {
	if db.lite != nil {
		db.lite.close()
		return
	}
	db.pg.close()
}

// Read runs fn with a read-only Tx for store. Each statement sees the latest
// committed data; statements are not a common snapshot, which saves
// PostgreSQL two round trips. fn may run on any goroutine's behalf but must
// not keep tx, rows or their byte slices.
func (db *DB) Read(ctx context.Context, store int64, fn func(tx *Tx) error) error {
	fn = db.equipped(fn)
	if ref := unitOf(ctx); ref.unit != nil {
		if err, did := ref.unit.read(store, fn); did {
			return err
		}
	}
	if db.lite != nil {
		return db.lite.read(ctx, store, fn)
	}
	return db.pg.read(ctx, store, fn)
}

// Writing returns how many writes run or wait their turn.
func (db *DB) Writing() int64 { return db.writing.Load() }

// Gap returns once other processes had their turn to write. It is for who writes one
// transaction after the other: SQLite has no queue in which others wait.
func (db *DB) Gap(ctx context.Context) error {
	if db.lite == nil {
		return ctx.Err()
	}
	return system.Pause(ctx, gap)
}

// Statements returns how many statements were run, without those that begin and
// end transactions.
func (db *DB) Statements() int64 {
	if db.lite != nil {
		return db.lite.ran.Load()
	}
	return db.pg.ran.Load()
}

// Write runs fn in a read-write transaction for store and returns after the
// commit is durable, or with an error and no effect. fn may run more than
// once (serialization failures and deadlocks are retried), so it must have no
// effects outside tx. It should do no slow work: on SQLite all writers share
// one connection, and concurrent calls share one durable commit. A failing
// or panicking fn undoes its own statements only.
//
// Once started a write is not cancelled by ctx, whose values it keeps: a
// client that hangs up must not leave an outcome nobody knows.
func (db *DB) Write(ctx context.Context, store int64, fn func(tx *Tx) error) error {
	return db.begin(ctx, store, fn, func(fn func(tx *Tx) error) error { return db.write(ctx, store, fn) })
}

// begin gives a write to the unit of ctx, if it has one, or else has write run it.
func (db *DB) begin(ctx context.Context, store int64, fn func(tx *Tx) error, write func(fn func(tx *Tx) error) error) error {
	fn = db.equipped(in(ctx, fn))
	if err := ctx.Err(); err != nil {
		return err
	}
	if ref := unitOf(ctx); ref.unit != nil {
		if err, did := ref.unit.write(ctx, store, ref.aside, fn); did {
			return err
		}
	}
	return db.counted(ctx, store, func() error { return db.telling(fn, write) })
}

// counted runs a write, for which Replace waits.
func (db *DB) counted(ctx context.Context, store int64, run func() error) error {
	entered, err := db.epochs.enter(ctx, store)
	if err != nil {
		return err
	}
	defer db.epochs.leave(entered)
	db.writing.Add(1)
	defer db.writing.Add(-1)
	return run()
}

// telling runs a write and then tells those of this process who want to know
// of it.
func (db *DB) telling(fn func(tx *Tx) error, write func(fn func(tx *Tx) error) error) error {
	var said signals
	var changed changes
	err := write(func(tx *Tx) error {
		said = said[:0]
		tx.said, tx.sys = &said, db.sys
		tx.changed, tx.versions = &changed, &db.versions
		return fn(tx)
	})
	db.versions.end(&changed)
	if err != nil {
		return err
	}
	db.topics.tell(said)
	return nil
}

func (db *DB) write(ctx context.Context, store int64, fn func(tx *Tx) error) error {
	if db.lite != nil {
		return db.lite.write(ctx, store, fn, nil)
	}
	bound := db.writeTimeout
	if long, ok := ctx.Value(lengthyKey{}).(time.Duration); ok {
		bound = max(bound, long)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bound)
	defer cancel()
	return db.pg.write(ctx, store, fn)
}

type lengthyKey struct{}

// Lengthy returns a context whose writes may each take up to bound: for what is of any
// length and is one transaction, such as a seed file, and for which no request waits. On
// SQLite a write that has begun may do so anyway.
func Lengthy(ctx context.Context, bound time.Duration) context.Context {
	return context.WithValue(ctx, lengthyKey{}, bound)
}

// WriteShared is Write for many small writes to one store at once: on
// PostgreSQL too those that wait for each other share a transaction and its
// commit. A failing or panicking fn still undoes its own statements only, and
// nobody is answered before the commit.
//
// Several fn then run one after the other under the locks of the first. So fn
// must move the store's counters and lock nothing before that but what is
// there to stay (FOR KEY SHARE on reference data): a writer that held such a
// lock while it waited for the counters would wait for itself.
func (db *DB) WriteShared(ctx context.Context, store int64, fn func(tx *Tx) error) error {
	return db.begin(ctx, store, fn, func(fn func(tx *Tx) error) error { return db.writeShared(ctx, store, fn, nil) })
}

func (db *DB) writeShared(ctx context.Context, store int64, fn func(tx *Tx) error, m *member) error {
	if db.lite != nil {
		return db.lite.write(ctx, store, fn, m)
	}
	return db.pg.writeShared(ctx, store, db.writeTimeout, fn, m)
}

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.Read(ctx, 0, func(tx *Tx) error {
		return tx.Query(ping, func(*Row) error { return nil })
	})
}

var ping = Global(`SELECT 1`)

// Stmt is one SQL statement. Statements are values to keep, not to build per
// call where that can be helped.
type Stmt struct {
	sql    string // $N placeholders
	newest string // as PostgreSQL runs one with Newest; else empty
	lite   string // ?N placeholders; empty of those that are declared
	writes string // the table that it changes
	global bool   // $1 is the first argument, not the store
	fails  bool   // an INSERT whose first rows may stay where a later one fails
	kind   stmtKind
}

type stmtKind uint8

const (
	static  stmtKind = iota
	dynamic          // one of many texts: kept in a bounded cache
	replan           // planned anew for each set of arguments
)

var registry struct {
	sync.Mutex
	stmts []*Stmt
}

func register(s *Stmt) *Stmt {
	registry.Lock()
	defer registry.Unlock()
	registry.stmts = append(registry.stmts, s)
	return s
}

// Static declares a statement of a store as a package-level variable. Tests
// prepare every declared statement on both engines and hold it to the rules
// of the schema.
func Static(sql string) *Stmt {
	s := &Stmt{sql: sql, writes: writtenTable(sql)}
	if strings.Contains(sql, Newest) {
		s.newest = lapped(sql)
	}
	return register(s)
}

// Global declares a statement about no store in particular, such as the list
// of stores. Its $1 is the first argument.
func Global(sql string) *Stmt {
	return register(&Stmt{sql: sql, writes: writtenTable(sql), global: true})
}

// Dynamic returns a statement whose text depends on a request.
func Dynamic(sql string) *Stmt { return known([]byte(sql), dynamic) }

// DynamicText is Dynamic for text in a buffer, which it does not keep.
func DynamicText(sql []byte) *Stmt { return known(sql, dynamic) }

// Replanned returns a dynamic statement whose plan should depend on its
// arguments, such as a substring search. It costs PostgreSQL a new plan.
func Replanned(sql string) *Stmt { return known([]byte(sql), replan) }

// ReplannedText is Replanned for text in a buffer, which it does not keep.
func ReplannedText(sql []byte) *Stmt { return known(sql, replan) }

// memory remembers dynamic statements by text, up to a bound: requests differ
// in their arguments far more than in their shape.
var memory = struct {
	sync.RWMutex
	stmts [replan + 1]map[string]*Stmt
}{stmts: [replan + 1]map[string]*Stmt{dynamic: {}, replan: {}}}

const memoryLimit = 1024

func known(sql []byte, kind stmtKind) *Stmt {
	memory.RLock()
	s := memory.stmts[kind][string(sql)]
	memory.RUnlock()
	if s != nil {
		return s
	}
	text := string(sql)
	s = &Stmt{sql: text, lite: numbered(text), writes: writtenTable(text), kind: kind}
	memory.Lock()
	defer memory.Unlock()
	if len(memory.stmts[kind]) >= memoryLimit {
		clear(memory.stmts[kind])
	}
	memory.stmts[kind][text] = s
	return s
}

// Declared returns all statements declared by Static and Global, for tests.
func Declared() []*Stmt {
	registry.Lock()
	defer registry.Unlock()
	return append([]*Stmt(nil), registry.stmts...)
}

// SQL returns the statement's text with $N placeholders.
func (s *Stmt) SQL() string { return s.sql }

// IsGlobal reports whether the statement is about no store in particular.
func (s *Stmt) IsGlobal() bool { return s.global }

// numbered rewrites $N to ?N outside literals. SQLite would take $N for a
// name and number it by first appearance, which is silently wrong.
func numbered(sql string) string {
	if !strings.Contains(sql, "$") {
		return sql
	}
	// SQLite prepares a statement anew whenever the number that is its limit was
	// bound again, to plan by it; not so if it is computed.
	b := []byte(strings.ReplaceAll(sql, "LIMIT $", "LIMIT 0+$"))
	quoted := false
	for i, c := range b {
		switch {
		case c == '\'':
			quoted = !quoted
		case c == '$' && !quoted && i+1 < len(b) && '0' <= b[i+1] && b[i+1] <= '9':
			b[i] = '?'
		}
	}
	return string(b)
}

// Flag returns v as it is stored.
func Flag(v bool) int64 {
	if v {
		return 1
	}
	return 0
}
