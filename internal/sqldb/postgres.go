package sqldb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"clientele/internal/system"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// defaultConns bounds connections where neither the URL (pool_max_conns) nor
// the options do.
const defaultConns = 16

// pg is the PostgreSQL engine. Statements of a transaction are sent together
// with the next query whose result is needed, so that a create costs two
// round trips, begin and commit included.
type pg struct {
	pool  *pgxpool.Pool
	sys   *system.System
	log   *slog.Logger
	lanes lanes
	laps  laps
	ran   atomic.Int64 // statements
}

var errRolledBack = errors.New("sqldb: the server rolled the transaction back")

// retries bounds how often a transaction is run again after a deadlock or
// serialization failure.
const retries = 8

func parsePG(dsn string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// The driver's message may hold the password.
		return nil, errors.New("the PostgreSQL URL cannot be parsed")
	}
	return cfg, nil
}

func openPG(ctx context.Context, dsn string, o Options) (*pg, error) {
	cfg, err := parsePG(dsn)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(dsn, "pool_max_conns=") {
		cfg.MaxConns = defaultConns
	}
	if o.Readers > 0 {
		cfg.MaxConns = int32(o.Readers)
	}
	cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		pool.Close()
		return nil, refusal(err, cfg.ConnConfig)
	}
	err = checkPG(ctx, conn.Conn())
	conn.Release()
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return &pg{pool: pool, sys: o.System, log: o.Log, lanes: lanes{queues: map[lane][]*shared{}}}, nil
}

func (p *pg) close() {
	p.lanes.close()
	p.pool.Close()
}

func (p *pg) read(ctx context.Context, store int64, fn func(*Tx) error) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return p.unreachable(ctx, err)
	}
	defer conn.Release()
	tx := &Tx{store: store, pg: &pgTx{ctx: ctx, conn: conn.Conn(), laps: &p.laps}, ran: &p.ran}
	if err := fn(tx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if conn.Conn().IsClosed() {
			return p.unreachable(ctx, err)
		}
		return classify(err)
	}
	return nil
}

func (p *pg) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func (p *pg) write(ctx context.Context, store int64, fn func(*Tx) error) error {
	for attempt := 0; ; attempt++ {
		err := p.writeOnce(ctx, store, fn)
		if err == nil || attempt == retries || !retryable(err) {
			return classify(err)
		}
		// Spread those who collided.
		wait := p.sys.Jitter(time.Millisecond << attempt)
		select {
		case <-system.Countdown(wait).C:
		case <-ctx.Done():
			return classify(err)
		}
	}
}

func (p *pg) writeOnce(ctx context.Context, store int64, fn func(*Tx) error) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return p.unreachable(ctx, err)
	}
	defer conn.Release()
	w := &pgTx{ctx: ctx, conn: conn.Conn(), laps: &p.laps, write: true}
	w.batch.Queue("begin")
	if err := runPG(&Tx{store: store, pg: w, ran: &p.ran}, fn); err != nil {
		w.rollback()
		if conn.Conn().IsClosed() {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return err
	}
	return w.commit()
}

func runPG(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a write transaction: %v\n%s", r, debug.Stack())
		}
	}()
	return fn(tx)
}

// pgTx queues statements and sends them with the next query.
type pgTx struct {
	ctx   context.Context
	conn  *pgx.Conn
	laps  *laps
	write bool
	sent  bool // the server has seen this transaction
	batch pgx.Batch

	// What those who share the transaction need to know of each other.
	sends  int   // how often something was sent
	thrown bool  // a caller's function for rows has failed
	broken error // the driver or the server has failed
}

func pgArgs(tx *Tx, s *Stmt, args []any) []any {
	if s.global {
		return args
	}
	all := make([]any, 0, len(args)+2)
	all = append(append(all, tx.store), args...)
	if s.newest != "" {
		all = append(all, tx.pg.laps.get(tx.store))
	}
	return all
}

// text is the statement as PostgreSQL runs it.
func (s *Stmt) text() string { return cmp.Or(s.newest, s.sql) }

func (t *pgTx) queue(tx *Tx, s *Stmt, args []any) *pgx.QueuedQuery {
	return t.batch.Queue(s.text(), pgArgs(tx, s, args)...)
}

// send delivers everything queued and runs the callbacks.
func (t *pgTx) send() error {
	t.sent, t.thrown = true, false
	t.sends++
	b := t.batch
	t.batch = pgx.Batch{}
	return t.check(t.conn.SendBatch(t.ctx, &b).Close())
}

// check remembers an error unless it is the caller's own.
func (t *pgTx) check(err error) error {
	if err != nil && !t.thrown {
		t.broken = err
	}
	return err
}

var (
	errCutShort = errors.New("sqldb: a result was not read to its end")
	errAborted  = errors.New("sqldb: the transaction was aborted by an error")
)

// failure returns why the transaction cannot go on, nil if it can.
func (t *pgTx) failure() error {
	c := t.conn.PgConn()
	switch {
	case t.broken != nil:
		return t.broken
	case c.IsClosed():
		return pgconn.ErrConnClosed
	case c.IsBusy():
		return errCutShort
	case t.sends > 0 && c.TxStatus() != 'T':
		return errAborted
	}
	return nil
}

func (t *pgTx) query(tx *Tx, s *Stmt, args []any, each func(*Row) error) error {
	if t.batch.Len() == 0 {
		all := pgArgs(tx, s, args)
		if s.kind == replan {
			all = append([]any{pgx.QueryExecModeCacheDescribe}, all...)
		}
		t.thrown = false
		t.sends++
		rows, err := t.conn.Query(t.ctx, s.text(), all...)
		if err != nil {
			return t.check(err)
		}
		return t.check(tx.pgRows(rows, each))
	}
	t.queue(tx, s, args).Query(func(rows pgx.Rows) error { return tx.pgRows(rows, each) })
	return t.send()
}

func (t *pgTx) pipeline(tx *Tx, qs []Q) error {
	if len(qs) == 1 {
		return t.query(tx, qs[0].Stmt, qs[0].Args, qs[0].Each)
	}
	for _, q := range qs {
		t.queue(tx, q.Stmt, q.Args).Query(func(rows pgx.Rows) error { return tx.pgRows(rows, q.Each) })
	}
	return t.send()
}

func (t *pgTx) execCount(tx *Tx, s *Stmt, args []any) (int64, error) {
	var n int64
	t.queue(tx, s, args).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	return n, t.send()
}

// copyIn sends everything queued, and then rows as COPY takes them.
func (t *pgTx) copyIn(sql string, text []byte) (int64, error) {
	if t.batch.Len() > 0 {
		if err := t.send(); err != nil {
			return 0, err
		}
	}
	t.thrown = false
	t.sends++
	tag, err := t.conn.PgConn().CopyFrom(t.ctx, bytes.NewReader(text), sql)
	return tag.RowsAffected(), t.check(err)
}

// appendCopied appends a value as COPY reads it.
func appendCopied(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, `\N`...), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case []byte:
		return hex.AppendEncode(append(b, `\\x`...), v), nil
	case string:
		for {
			i := strings.IndexAny(v, "\\\t\n\r")
			if i < 0 {
				return append(b, v...), nil
			}
			b = append(append(b, v[:i]...), '\\')
			switch v[i] {
			case '\t':
				b = append(b, 't')
			case '\n':
				b = append(b, 'n')
			case '\r':
				b = append(b, 'r')
			default:
				b = append(b, '\\')
			}
			v = v[i+1:]
		}
	}
	return b, fmt.Errorf("sqldb: argument of type %T", v)
}

func (t *pgTx) commit() error {
	if !t.sent && t.batch.Len() == 1 {
		return nil // nothing but the begin
	}
	t.batch.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			// An error was swallowed inside the transaction.
			return errRolledBack
		}
		return nil
	})
	err := t.send()
	if err == nil {
		return nil
	}
	var unsent pgx.ErrPreprocessingBatch
	switch closed := t.conn.IsClosed(); {
	case closed && errors.As(err, &unsent): // lost before the commit was sent
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case closed:
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	}
	t.rollback() // the driver or the server said no
	return err
}

func (t *pgTx) rollback() {
	if !t.sent || t.conn.IsClosed() {
		return
	}
	t.batch = pgx.Batch{}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 5*time.Second)
	defer cancel()
	// A connection that cannot roll back is in no state to be reused; the pool
	// sees its transaction status and drops it.
	_, _ = t.conn.Exec(ctx, "rollback")
}
