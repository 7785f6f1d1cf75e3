package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

const (
	// tryEvery is how often a process tries whether writing works.
	tryEvery = 5 * time.Second
	// tryBound is from when on a write that has not ended has failed.
	tryBound = 10 * time.Second
	// tryRows is how many rows processes share. Two that take the same one wait
	// for each other's commit at the most.
	tryRows = 16
	// trySize is how much each try writes, about what a small request does: on a
	// disk that is almost full a single page would still find its place.
	trySize = 16 << 10
)

// writable knows whether writing to the database works. It tries in the
// background: whoever asks is told of the last outcome, and causes no write.
type writable struct {
	write func(context.Context) error
	bound time.Duration
	sys   *system.System
	log   *slog.Logger

	mu    sync.Mutex
	under bool // a write is under way
	err   error
}

var errWriteHangs = errors.New("a write to the database does not end")

var upsertTry = sqldb.Global(`INSERT INTO schema_writes (id, date_written, filler) VALUES ($1, $2, $3)
	ON CONFLICT (id) DO UPDATE SET date_written = EXCLUDED.date_written, filler = EXCLUDED.filler`)

func newWritable(db *sqldb.DB, sys *system.System, log *slog.Logger) *writable {
	var b [1]byte
	sys.Bytes(b[:])
	row := int64(b[0]) % tryRows
	return &writable{bound: tryBound, sys: sys, log: log, write: func(ctx context.Context) error {
		// What stays the same would not be written.
		filler, now := sys.Hex(trySize/2), sys.Now()
		return db.Write(ctx, 0, func(tx *sqldb.Tx) error {
			_, err := tx.ExecCount(upsertTry, row, now, filler)
			return err
		})
	}}
}

// check returns why writing does not work, by the last try.
func (w *writable) check() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// run tries until ctx ends.
func (w *writable) run(ctx context.Context) {
	w.sys.Every(ctx, tryEvery, tryEvery, w.try)
}

// try writes, unless the write before still hangs, and waits for the outcome as
// long as it may take.
func (w *writable) try(ctx context.Context) {
	w.mu.Lock()
	if w.under {
		w.mu.Unlock()
		return
	}
	w.under = true
	w.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.settle(ctx, w.write(ctx), false)
	}()
	timer := system.Countdown(w.bound)
	defer timer.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-timer.C:
		w.settle(ctx, errWriteHangs, true)
	}
}

// settle notes an outcome; that of a write which is still under way does not
// replace what came of it in the meantime.
func (w *writable) settle(ctx context.Context, err error, hangs bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if hangs && !w.under {
		return
	}
	w.under = hangs
	if ctx.Err() != nil {
		return
	}
	switch {
	case err != nil && w.err == nil:
		w.log.Error("writing to the database fails", "error", err)
	case err == nil && w.err != nil:
		w.log.Info("writing to the database works again")
	}
	w.err = err
}
