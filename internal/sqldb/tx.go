package sqldb

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
	"unsafe"

	"clientele/internal/secret"
	"clientele/internal/system"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
)

// Tx runs statements for one store. A Tx is used by one goroutine and only
// inside the function it was given to.
type Tx struct {
	store int64
	lite  *liteConn
	pg    *pgTx
	text  arena
	row   Row
	ran   *atomic.Int64
	watch func(*Stmt) // nil: nobody
	// between is called before statements; nil: nothing is.
	between func()
	// secrets are the keys of what is encrypted; nil: there are none.
	secrets *secret.Keys

	// Of a write.
	ctx      context.Context // nil: of several
	said     *signals
	sys      *system.System
	changed  *changes
	versions *versions
	muted    Muted
	turn     int64 // among those of SQLite in this process, from 1 on
}

// Muted says of what a write does not tell record by record, since its caller
// tells of all of it at once, such as an import.
type Muted struct {
	Events  bool // what webhooks are told
	Entries bool // of the history
}

// Of returns of how many events and entries a write tells that has so many.
func (m Muted) Of(events, entries int64) (int64, int64) {
	if m.Events {
		events = 0
	}
	if m.Entries {
		entries = 0
	}
	return events, entries
}

// Mute has the write tell no more of what m says. It comes before anything that
// the write changes.
func (tx *Tx) Mute(m Muted) { tx.muted = m }

// Muted returns of what the write does not tell.
func (tx *Tx) Muted() Muted { return tx.muted }

// Context returns the context that the write was asked for with, for what it
// carries. It is nil where writes run as one (Together): each brings along what
// it needs.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Random fills b with random bytes. The transaction must be a write.
func (tx *Tx) Random(b []byte) { tx.sys.Bytes(b) }

// Draw returns a random number from zero up, for the id of a row that no counter
// numbers. The transaction must be a write.
func (tx *Tx) Draw() int64 { return tx.sys.Int63() }

func (tx *Tx) see(s *Stmt) {
	tx.ran.Add(1)
	if tx.between != nil {
		tx.between()
	}
	if tx.watch != nil {
		tx.watch(s)
	}
	if tx.changed != nil && s.writes != "" {
		tx.versions.note(tx.changed, s, tx.store)
	}
}

// Q is one query of a pipeline.
type Q struct {
	Stmt *Stmt
	Args []any // $2 and on; strings, int64s and []bytes
	Each func(*Row) error
}

// Store returns the store that tx works for.
func (tx *Tx) Store() int64 { return tx.store }

// In returns tx working for another store, for transactions that make stores.
func (tx *Tx) In(store int64) *Tx {
	other := *tx
	other.store = store
	other.text = arena{} // two that go on in one chunk would overwrite each other
	return &other
}

// Exec runs a statement without a result. PostgreSQL may receive it only with
// the next query or the commit, and then reports its error there. Either way an
// error keeps the whole transaction from taking effect.
func (tx *Tx) Exec(s *Stmt, args ...any) error {
	tx.see(s)
	if tx.lite != nil {
		return tx.lite.exec(tx, s, args)
	}
	tx.pg.queue(tx, s, args)
	return nil
}

// ExecCount runs a statement and returns the number of rows it changed.
func (tx *Tx) ExecCount(s *Stmt, args ...any) (int64, error) {
	tx.see(s)
	if tx.lite != nil {
		if err := tx.lite.exec(tx, s, args); err != nil {
			return 0, err
		}
		return int64(tx.lite.conn.Changes()), nil
	}
	return tx.pg.execCount(tx, s, args)
}

// Query calls each for every row of the result. The Row is valid during the
// call only; the strings it returned are kept as long as they are needed.
func (tx *Tx) Query(s *Stmt, each func(*Row) error, args ...any) error {
	tx.see(s)
	if tx.lite != nil {
		return tx.lite.query(tx, s, args, each)
	}
	return tx.pg.query(tx, s, args, each)
}

// Pipeline runs queries in order, in one round trip where the engine has
// round trips, or else in one snapshot. Later queries cannot depend on the
// results of earlier ones.
func (tx *Tx) Pipeline(qs ...Q) error {
	for i := range qs {
		tx.see(qs[i].Stmt)
	}
	if tx.lite != nil {
		return tx.lite.pipeline(tx, qs)
	}
	return tx.pg.pipeline(tx, qs)
}

// ForUpdate returns the clause that locks the selected rows against changes
// until the end of the transaction, where the engine needs one. Rows that
// refer to them may still be added.
func (tx *Tx) ForUpdate() string {
	if tx.lite != nil {
		return ""
	}
	return " FOR NO KEY UPDATE"
}

// ForDelete is ForUpdate for rows that will be deleted: inserts of rows that
// refer to them wait.
func (tx *Tx) ForDelete() string {
	if tx.lite != nil {
		return ""
	}
	return " FOR UPDATE"
}

// ForShare returns the clause that keeps the selected rows from being deleted
// until the end of the transaction, for rows that will refer to them.
func (tx *Tx) ForShare() string {
	if tx.lite != nil {
		return ""
	}
	return " FOR KEY SHARE"
}

// SkipLocked is ForDelete for callers that can take any of the selected rows:
// the query passes over rows that another transaction has locked.
func (tx *Tx) SkipLocked() string {
	if tx.lite != nil {
		return ""
	}
	return " FOR UPDATE SKIP LOCKED"
}

// Replan has statements planned by what tables hold now, and by their indexes.
// PostgreSQL keeps the plans of a connection until it has measured a table anew,
// within a minute: a job that fills empty tables would go on reading them from end to
// end as they grow. Where it measured a table of rows that were taken back, it takes
// it for an empty one of many pages, however many rows come.
func (tx *Tx) Replan() {
	if tx.pg != nil {
		for _, q := range []string{"discard plans", "set local enable_seqscan = off", "set local jit = off"} {
			tx.pg.batch.Queue(q)
		}
	}
}

// Elsewhere returns a number that is another one once another process has written
// to the file of SQLite, and 0 for PostgreSQL.
func (tx *Tx) Elsewhere() (n int64, err error) {
	if tx.lite != nil {
		n, err = tx.lite.version()
	}
	return n, err
}

// Contains returns the condition "column contains parameter n", byte for
// byte: column and parameter are folded text.
func (tx *Tx) Contains(column string, n int) string {
	return tx.Position(column, fmt.Sprintf("$%d", n)) + " > 0"
}

// Position returns the expression for where in a text another one begins, byte
// for byte; 0: it does not hold it.
func (tx *Tx) Position(in, text string) string {
	if tx.lite != nil {
		return "instr(" + in + ", " + text + ")"
	}
	return "strpos(" + in + ", " + text + ")"
}

// Row is the current row of a query.
type Row struct {
	tx   *Tx
	lite *sqlite.Stmt
	raw  [][]byte
}

// Int returns column i as an integer; NULL is 0.
func (r *Row) Int(i int) int64 {
	if r.lite != nil {
		return r.lite.ColumnInt64(i)
	}
	switch b := r.raw[i]; len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	default:
		return 0
	}
}

// Flag returns column i as a flag.
func (r *Row) Flag(i int) bool { return r.Int(i) != 0 }

// Null reports whether column i is NULL.
func (r *Row) Null(i int) bool {
	if r.lite != nil {
		return r.lite.ColumnIsNull(i)
	}
	return r.raw[i] == nil
}

// Text returns column i as text; NULL is empty. All strings of a transaction
// share a few allocations.
func (r *Row) Text(i int) string {
	if r.lite != nil {
		return r.tx.text.column(r.lite, i)
	}
	return r.tx.text.copy(r.raw[i])
}

// Bytes returns a copy of column i.
func (r *Row) Bytes(i int) []byte {
	if r.lite != nil {
		b := make([]byte, r.lite.ColumnLen(i))
		r.lite.ColumnBytes(i, b)
		return b
	}
	return append([]byte(nil), r.raw[i]...)
}

// Size returns how many bytes column i has, a text or bytes.
func (r *Row) Size(i int) int {
	if r.lite != nil {
		return r.lite.ColumnLen(i)
	}
	return len(r.raw[i])
}

// Append appends column i, a text or bytes.
func (r *Row) Append(b []byte, i int) []byte {
	if r.lite == nil {
		return append(b, r.raw[i]...)
	}
	n, at := r.lite.ColumnLen(i), len(b)
	b = slices.Grow(b, n)[:at+n]
	r.lite.ColumnBytes(i, b[at:])
	return b
}

// arena copies text out of driver buffers into chunks that many strings
// share. Chunks are never reused, so the strings stay valid.
type arena struct {
	free []byte
	next int
}

const firstChunk = 1 << 10

func (a *arena) grow(n int) {
	if a.next == 0 {
		a.next = firstChunk
	}
	a.free = make([]byte, max(a.next, n))
	a.next = min(2*a.next, 32<<10)
}

func (a *arena) take(n int) string {
	if n == 0 {
		return ""
	}
	s := unsafe.String(&a.free[0], n)
	a.free = a.free[n:]
	return s
}

func (a *arena) copy(b []byte) string {
	if len(b) > len(a.free) {
		a.grow(len(b))
	}
	copy(a.free, b)
	return a.take(len(b))
}

func (a *arena) column(s *sqlite.Stmt, i int) string {
	if n := s.ColumnBytes(i, a.free); n < len(a.free) {
		return a.take(n)
	}
	// It may have been cut at the end of the chunk.
	n := s.ColumnLen(i)
	if n == 0 {
		return ""
	}
	if n > len(a.free) {
		a.grow(n)
	}
	return a.take(s.ColumnBytes(i, a.free[:n]))
}

// pgRows hands each row to fn.
func (tx *Tx) pgRows(rows pgx.Rows, fn func(*Row) error) error {
	defer rows.Close()
	tx.row = Row{tx: tx}
	for rows.Next() {
		tx.row.raw = rows.RawValues()
		if err := fn(&tx.row); err != nil {
			tx.pg.thrown = true
			return err
		}
	}
	rows.Close()
	return rows.Err()
}
