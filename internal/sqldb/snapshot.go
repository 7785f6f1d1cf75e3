package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Snapshot runs fn with a read-only Tx whose statements all see the same: what was
// committed before the first of them, while writers go on. It has a connection of
// its own, so that those who read for a moment need not wait for it.
//
// It is for what reads much, such as an export, and should end: as long as it
// lasts, SQLite cannot begin its log (the -wal file) anew, which grows with what
// is written, and PostgreSQL cannot take away rows that are no more.
func (db *DB) Snapshot(ctx context.Context, store int64, fn func(tx *Tx) error) error {
	fn = db.equipped(fn)
	if db.lite != nil {
		return db.lite.snapshot(ctx, store, fn)
	}
	return db.pg.snapshot(ctx, store, fn)
}

// LogSize returns how many bytes SQLite's log has, and 0 for PostgreSQL.
func (db *DB) LogSize() int64 {
	if db.lite == nil {
		return 0
	}
	info, err := os.Stat(db.lite.path + "-wal")
	if err != nil {
		return 0 // there is none yet
	}
	return info.Size()
}

func (l *lite) snapshot(ctx context.Context, store int64, fn func(*Tx) error) (err error) {
	c, err := l.openReader()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() {
		c.rollback()
		err = errors.Join(err, c.conn.Close())
	}()
	c.watch(ctx)
	defer c.unwatch()
	if err := c.command(beginRead); err != nil {
		return classify(err)
	}
	err = fn(&Tx{store: store, lite: c, ran: &l.ran})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return classify(err)
}

func (p *pg) snapshot(ctx context.Context, store int64, fn func(*Tx) error) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return p.unreachable(ctx, err)
	}
	defer conn.Release()
	w := &pgTx{ctx: ctx, conn: conn.Conn(), laps: &p.laps}
	w.batch.Queue("begin isolation level repeatable read, read only")
	err = runPG(&Tx{store: store, pg: w, ran: &p.ran}, fn)
	w.rollback() // it has changed nothing
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil && conn.Conn().IsClosed():
		return p.unreachable(ctx, err)
	}
	return classify(err)
}
